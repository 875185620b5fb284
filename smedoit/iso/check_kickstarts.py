# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a medium is written: its kickstart files can be read, and what they ask for is on it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from smedoit.bases.known import PLACES
from smedoit.bootfiles.arguments import find_kickstarts
from smedoit.bootfiles.entries import BootEntry
from smedoit.errors import Findings
from smedoit.installer.cpio import CpioMember, runtime_location
from smedoit.installer.kickstart import Kickstart, KickstartLine, is_kickstart, parse_kickstarts
from smedoit.installer.overlay_files import REFUSED_KICKSTARTS, defaults_places, is_overlay_kickstart
from smedoit.iso.check_menus import ABSENT, MediumFiles
from smedoit.medium_paths import COMPS, PACKAGES, REPODATA, REPOMD, below_repositories
from smedoit.modularity.documents import parse_module_metadata
from smedoit.modularity.sources import MODULES
from smedoit.repodata import comps
from smedoit.repodata.read import read_metadata_record
from smedoit.runtime import files
from smedoit.runtime.filesets import matches_patterns

WANTED = "asked for by a kickstart file, and not on the medium"
GROUPS = below_repositories(PLACES, f"{REPODATA}/*comps.xml")
REPOMDS = below_repositories(PLACES, REPOMD)
NO_KICKSTARTS = below_repositories(PLACES, f"{PACKAGES}/*")
MOUNTED = ("run/install/repo/", "mnt/install/repo/", "run/install/source/", "mnt/install/source/")  # the medium, there
OURS = ("run/install/product/", "run/install/updates/")  # below them the runtime has nothing of its own


@dataclass(frozen=True)
class KickstartMedium:
    """What kickstart files may ask for: a medium, and path in the runtime -> file of the overlay images."""

    medium: MediumFiles
    overlaid: Mapping[str, CpioMember]

    @cached_property
    def packages(self) -> set[str]:
        """Names, NAME.ARCH and NEVRA without an epoch of the packages on the medium."""
        found = set[str]()
        for path in self.medium.files:
            nvra = path.rpartition("/")[2].removesuffix(".rpm")
            if path.endswith(".rpm") and nvra.count("-") > 1:
                name, arch = nvra.rsplit("-", 2)[0], nvra.rpartition(".")[2]
                found |= {name, f"{name}.{arch}", nvra, nvra.rpartition(".")[0]}
        return found

    @cached_property
    def groups(self) -> comps.GroupNames | None:
        """The names of the groups that comps has, None for a medium without it."""
        found = (name for name in self.medium.files if name == COMPS or _is_comps(name))
        path = self.medium.files.get(next(found, ""))
        return comps.list_group_names(files.read_file_text(path), path) if path else None

    @cached_property
    def streams(self) -> dict[str, set[str]]:
        """The module streams that the repositories describe: module -> its streams. Raises PackageError."""
        found = dict[str, set[str]]()
        for path in self.medium.files:
            if path in REPOMDS and (data := read_metadata_record(self.medium.files[path], MODULES)) is not None:
                for stream in parse_module_metadata(data, str(self.medium.files[path])).streams:
                    found.setdefault(stream.name, set()).add(stream.stream)
        return found

    def has_module(self, name: str) -> bool:
        """Return whether dnf finds a module where a group is asked for, with or without a profile."""
        return bool(self.medium.base.platform) and name.partition("/")[0] in self.streams

    def find_include(self, file: str, path: str) -> tuple[str, bytes] | None:
        """Return name and content of what a kickstart file includes, None if it is not there."""
        name = runtime_location(file, path)
        if name in self.overlaid:
            return name, self.overlaid[name].data
        on_medium = self.medium_path(name)
        place = self.medium.files.get(on_medium) if on_medium else None
        return (on_medium, files.read_file_bytes(place)) if place else None

    def medium_path(self, name: str) -> str:
        """Return the path on the medium of a path in the runtime, "" if it is elsewhere."""
        return next((name.removeprefix(top) for top in MOUNTED if name.startswith(top)), "")


def check_medium_kickstarts(
    medium: MediumFiles,
    images: Mapping[str, Iterable[CpioMember]],
    entries: Iterable[BootEntry],
    findings: Findings,
) -> list[str]:
    """Find what the installer would end at, or ask about, in the kickstart files of a medium and of its images.

    entries  of its boot menus, which may name further ones, whatever their names are

    Return remarks on what it takes.
    """
    overlaid = {member.name.removeprefix("./"): member for members in images.values() for member in members}
    there = KickstartMedium(medium, overlaid)
    contents = {name: member.data for name, member in overlaid.items() if is_overlay_kickstart(name)}
    named = {path for path in medium.files if is_kickstart(path) and not matches_patterns(path, NO_KICKSTARTS)}
    named |= {path for entry in entries for path in find_kickstarts(entry, medium.medium)}
    on_medium = {path: files.read_file_bytes(medium.files[path]) for path in sorted(named)}
    remarks = list[str]()
    for file, said in parse_kickstarts({**contents, **on_medium}, there.find_include, medium.base).items():
        if file in on_medium:
            for fault in said.faults:
                findings.add(REFUSED_KICKSTARTS, medium.called(fault))
            remarks += [medium.called(remark) for remark in said.remarks]
        remarks += _check_includes(said, there, findings)
        if file in on_medium or file in defaults_places(medium.base):
            remarks += _check_wishes(said, there, findings)
    return remarks


def _check_includes(said: Kickstart, there: KickstartMedium, findings: Findings) -> Iterator[str]:
    """What a kickstart file includes is there, or is made before it is read; yield remarks."""
    for where, path in said.includes:
        name = runtime_location(where.file, path)
        sentence = there.medium.called(f"{where}: %include names {path}")
        if there.medium_path(name):
            findings.add(ABSENT, f"{sentence}, which is not on the medium")
        elif name.startswith(OURS):
            findings.add(ABSENT, f"{sentence}, which neither overlay image has")
        elif not path.startswith("/") and "://" not in path:
            findings.add(ABSENT, f"{sentence}, and the installer knows no directory for it: write the whole path")
        elif not (said.has_pre and path.startswith("/")):
            yield f"{sentence}, which no %pre of this file can make: something else must have it there"


def _check_wishes(said: Kickstart, there: KickstartMedium, findings: Findings) -> Iterator[str]:
    """The packages and groups that a kickstart file asks for are on the medium; yield remarks."""
    for where, text in said.remote:
        yield there.medium.called(f"{where}: installs from elsewhere, not from this medium: {text}")
    if not there.packages or there.groups is None:
        return
    unmet = list[tuple[KickstartLine, str]]()
    for where, name in said.streams:
        module, _, stream = name.removeprefix("-").partition("/")[0].partition(":")
        if not name.startswith("-") and stream not in there.streams.get(module, ()):
            unmet.append((where, f"@{name.removeprefix('-')} is no module stream of the medium"))
    for where, name in said.groups:
        if not there.groups.has_group(name.removeprefix("-")) and not there.has_module(name.removeprefix("-")):
            unmet.append((where, f"@{name.removeprefix('-')} is no group of comps"))
    for where, name in said.environments:
        if name not in there.groups.environments:
            unmet.append((where, f"@^{name} is no environment of comps"))
    for where, name in said.packages:
        if not name.startswith("-") and not _is_package_there(name, there.packages):
            unmet.append((where, f"{name} is no package of the medium"))
    for name, where in said.added.items():
        if name not in there.packages:
            unmet.append((where, f"the installer then adds {name}, which is no package of the medium"))
    for where, what in unmet:
        sentence = there.medium.called(f"{where}: {what}")
        if said.is_patient or said.remote:
            yield sentence
        else:
            findings.add(WANTED, sentence)


def _is_comps(path: str) -> bool:
    """Return whether a file of a medium has its groups, in the repodata of one of its repositories."""
    return matches_patterns(path, GROUPS) and posixpath.basename(posixpath.dirname(path)) == REPODATA


def _is_package_there(name: str, packages: Iterable[str]) -> bool:
    """Return whether yum would find something by that name; what is provided, and a file, is not looked for."""
    return "(" in name or "/" in name or any(fnmatchcase(package, name) for package in packages)
