# SPDX-License-Identifier: GPL-3.0-or-later
"""What a medium lacked already when it was imported, and may go on lacking: names of comps, unmet dependencies."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from smedoit.bases.enterprise_linux import Base
from smedoit.checks import closure, installer_packages, solver
from smedoit.config.checks import ClosureSettings
from smedoit.errors import SmeError
from smedoit.package import Package
from smedoit.repodata import comps
from smedoit.repodata.inputs import PackageList
from smedoit.repodata.solver import UnmetDependency
from smedoit.runtime import files

REASON = "was so on the imported medium"
ANY = "*"


@dataclass(frozen=True)
class ImportExcuses:
    """What [groups] and [closure] have to allow.

    missing    names that comps lists, and no package has
    installer  names that the installer adds, and no package has
    waivers    entries of [[closure.waivers]]
    """

    missing: Sequence[str] = ()
    installer: Sequence[str] = ()
    waivers: Sequence[dict[str, str]] = field(default_factory=tuple)


def find_excuses(
    comps_file: Path, good: Sequence[Package], root: Path, arch: str, starts: tuple[Base, Sequence[str]], cache: Path
) -> ImportExcuses:
    """Return what the packages of a medium lack, by its groups and by what they require of each other.

    root    the build root, to which the files of packages are relative
    starts  what the medium is built on, and what it starts from

    Raises SmeError for comps that cannot be read.
    """
    text = files.read_file_text(comps_file)
    listed = comps.parse_comps(text, comps_file)
    names = {package.name for package in good}
    missing = sorted({name for group in listed.groups.values() for name in group} - names)
    source = PackageList("the medium", root, arch, tuple(root / package.file for package in good))
    pool = closure.load_closure_pool([source], arch, cache)
    added = installer_packages.packages_added(ClosureSettings(), starts[0].added, arch, starts[1])
    absent = solver.absent_names(pool, added)
    required = [name for name in added if name not in absent]
    unmet = solver.find_unmet(pool, comps.list_install_sets(text, comps_file), required)
    return ImportExcuses(missing, absent, tuple(_list_waivers(unmet)))


def try_excuses(
    comps_file: Path, good: Sequence[Package], root: Path, arch: str, starts: tuple[Base, Sequence[str]], cache: Path
) -> tuple[ImportExcuses, list[str]]:
    """Return what find_excuses returns, and a remark instead where that cannot be found."""
    if not good or not comps_file.is_file():
        return ImportExcuses(), []
    try:
        return find_excuses(comps_file, good, root, arch, starts, cache), []
    except SmeError as error:
        return ImportExcuses(), [str(error)]


def _list_waivers(unmet: Iterable[UnmetDependency]) -> list[dict[str, str]]:
    """Return a waiver for each cause, not for each install set that meets it."""
    found = {}
    for dependency in unmet:
        entry = {
            "package": glob.escape(dependency.name),
            "requirement": glob.escape(dependency.requirement),
            "installation": ANY if dependency.installation else "",
        }
        found[tuple(entry.values())] = {key: value for key, value in entry.items() if value} | {"reason": REASON}
    return [found[key] for key in sorted(found)]
