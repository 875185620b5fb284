# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the installer's Python files: that Python 2.7 compiles and imports them, and which install class would win."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import USUAL
from smedoit.branding.buildstamp import READ_PLACES
from smedoit.config.checks import AnacondaSettings
from smedoit.config.identity import ReleaseIdentity
from smedoit.errors import CheckError, ContentError, format_count
from smedoit.installer import class_choice, cpio, python27_imports
from smedoit.installer.configuration_choice import OS_RELEASES
from smedoit.installer.python27_names import read_source_names
from smedoit.installer.python27_rules import check_python27
from smedoit.installer.python27_tokens import Python27Error
from smedoit.installer.runtime_modules import RELEASE
from smedoit.rpm.reader import package_paths
from smedoit.runtime import progress
from smedoit.runtime.files import read_file_bytes, resolve_file_below
from smedoit.tree import layers

SOURCE_PACKAGE = re.compile(r"anaconda-([0-9.]+)-[^-/]*$")
DECIDING = (*READ_PLACES, *OS_RELEASES)
LIKE_A_CLASS = "*installclasses/*.[pP][yY]"
SHOWN = 8  # remarks in the line of the task; the log has all


@dataclass(frozen=True)
class OverlayRoots:
    """The directories that the overlay images are made of.

    product  those of product.img, a later one overrides an earlier one
    updates  that of updates.img, which product.img overrides
    skipped  globs of paths in updates that go into no image
    base     whose installer it is
    """

    product: Sequence[Path]
    updates: Path
    skipped: Sequence[str] = ()
    base: Base = USUAL

    def find_files(self) -> Mapping[str, Path]:
        """Return path in the installer -> file, of all that Python could import."""
        return self._find_wanted(_is_importable)

    def find_configuration(self) -> Mapping[str, Path]:
        """Return path in the installer -> file, of all that its choice of a configuration depends on."""
        return self._find_wanted(lambda place: place.startswith("etc/anaconda/") or place in DECIDING)

    def _find_wanted(self, is_wanted: Callable[[str], bool]) -> Mapping[str, Path]:
        """Return path in the installer -> file, of those that are wanted."""
        found = {}
        for root in (self.updates, *self.product):
            is_update = root == self.updates
            for relative in layers.list_tree_files(root) if root.is_dir() else ():
                if not (is_update and any(fnmatchcase(relative, pattern) for pattern in self.skipped)):
                    place = cpio.updates_location(relative, self.base) if is_update else relative
                    if is_wanted(place):
                        found[place] = resolve_file_below(root, relative)
        return found


def _is_importable(place: str) -> bool:
    """Return whether Python could import a file, or somebody may have meant it to."""
    return PurePosixPath(place).suffix in python27_imports.SUFFIXES or fnmatchcase(place, LIKE_A_CLASS)


def check_install_classes(
    roots: OverlayRoots, identity: ReleaseIdentity, settings: AnacondaSettings, packages: Iterable[Path] = ()
) -> str:
    """Hold the Python files of the overlay images against the installer's Python, and its choice against ours.

    settings  what else the runtime has, and of which anaconda it is: of another than the tables', faults are only told
    packages  RPMs of the medium with shim and GRUB, where they are known

    Returns what should be looked at. Raises ContentError with all that would end the installer in a traceback; and
    CheckError for a final release where another class than ours would win.
    """
    found = roots.find_files()
    paths = {place: path for place, path in found.items() if path.suffix == ".py"}
    overlay = _read_overlay(found, paths, settings.modules)
    faults = [*python27_imports.find_import_faults(overlay)]
    version = SOURCE_PACKAGE.search(settings.srpm)
    is_known = version is None or version[1] == RELEASE
    if is_known and (fatal := [fault for fault in faults if fault.is_certain]):
        raise ContentError(
            "the installer would end when it imports these files\n"
            + "\n".join(f"  {paths[fault.path]}, line {fault.line}: {fault.reason}" for fault in fatal),
            hint="correct these lines; modules of a runtime of your own are named in [anaconda] modules",
        )
    choice = class_choice.choose_install_class(overlay, identity.product)
    wrong = [*choice.faults]
    if choice.winner and (reason := class_choice.unknown_efi_dir(choice.winner, efi_directories(packages))):
        wrong.append(reason)
    wrong = [name_overlay_file(fault, found) for fault in wrong]
    if wrong and identity.is_final:
        raise CheckError(
            "the installer would not take our install class, or not get far with it\n"
            + "\n".join(f"  {fault}" for fault in wrong),
            hint="correct it in product/ of the content tree; a test release is only warned",
        )
    remarks = [
        *(f"warning: {fault}" for fault in wrong),
        *(f"{paths[fault.path]}, line {fault.line}: {fault.reason}" for fault in faults),
        *(
            name_overlay_file(remark, found)
            for remark in (*choice.remarks, *python27_imports.shadowing_remarks(overlay))
        ),
    ]
    return show_remarks(f"{format_count(len(paths), 'Python file')} held against Python 2.7", remarks)


def show_remarks(said: str, remarks: Sequence[str]) -> str:
    """Return what a task says with its first remarks; the log has all."""
    for remark in remarks:
        progress.log_line(remark)
    shown = [*remarks[:SHOWN], *([f"… and {len(remarks) - SHOWN} more; see the log"] if len(remarks) > SHOWN else [])]
    return "\n  ".join([said, *shown])


def name_overlay_file(sentence: str, found: Mapping[str, Path]) -> str:
    """Return a sentence that begins with a place in the installer with the file that goes there."""
    place = next((place for place in found if sentence.startswith((f"{place}:", f"{place},"))), "")
    return f"{found[place]}{sentence.removeprefix(place)}" if place else sentence


def efi_directories(packages: Iterable[Path]) -> frozenset[str]:
    """Return the directories below EFI that packages would make on the installed system."""
    places = [PurePosixPath(name).parts for path in packages for name in package_paths(path)]
    return frozenset(parts[4] for parts in places if parts[:4] == ("/", "boot", "efi", "EFI") and len(parts) > 4)


def _read_overlay(
    found: Mapping[str, Path], paths: Mapping[str, Path], more: Sequence[str]
) -> python27_imports.OverlayModules:
    """Return the modules of the overlay. Raises ContentError with every source that would not compile."""
    data = {place: read_file_bytes(path) for place, path in paths.items()}
    sources, wrong = {}, []
    for place, path in paths.items():
        try:
            sources[place] = read_source_names(check_python27(data[place]))
        except Python27Error as error:
            wrong.append(f"{path}, {error}")
    if wrong:
        raise ContentError(
            "Python 2.7, which the installer runs on, would not compile\n"
            + "\n".join(f"  {complaint}" for complaint in wrong),
            hint="correct these lines: anaconda 21 runs on no newer one, and ends at a class that it cannot import",
        )
    return python27_imports.OverlayModules(sources, data, frozenset(found), frozenset(more))
