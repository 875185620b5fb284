# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a medium is written: every entry of its boot menus, with the loaders, kernels and efiboot.img behind it."""

from __future__ import annotations

import posixpath
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import USUAL
from smedoit.bootfiles import arguments, images
from smedoit.bootfiles.arguments import BootMedium
from smedoit.bootfiles.entries import BootEntry, menu_path
from smedoit.bootfiles.grub import (
    INITRDS,
    KERNELS,
    GrubMenu,
    GrubRoot,
    GrubSearch,
    default_faults,
    parse_grub_search,
    read_grub_menu,
    resolve_grub_path,
    track_grub_root,
)
from smedoit.bootfiles.grub_modules import (
    COMMANDS,
    DEPENDENCIES,
    GrubModules,
    command_faults,
    insmod_remarks,
    parse_module_list,
)
from smedoit.bootfiles.isolinux import IsolinuxMenu, read_isolinux_menu
from smedoit.branding.render import escape_label
from smedoit.errors import ContentError, Findings, format_size
from smedoit.fat.volume import FatVolume
from smedoit.iso import pictures, references
from smedoit.iso.references import LOADABLE, FileReference
from smedoit.medium_paths import EFI_IMAGE, GRUB_CFG, INNER_GRUB_CFG, KERNEL
from smedoit.runtime import files, progress
from smedoit.runtime.process import ProgramError, run_program

MENU, LOADER, ABSENT, UNREADABLE = "would not boot", "would not start", "named, and not there", "cannot be shown"
GRUB_CHECKERS = ("grub-script-check", "grub2-script-check")
TOLD = "told"  # what refuses no medium
NO_KERNELS = (".0", ".cbt", ".bin", ".bs", ".bss", ".com", ".c32")  # what isolinux starts otherwise
EFI_PROGRAM = re.compile(r"(?i)EFI/BOOT/BOOT(X64|IA32|AA64)\.EFI")
LARGEST_MENU = 1 << 18  # characters; real ones have less than 10,000
LONGEST = 500  # characters of a sentence about a line that has no end
REQUIRED_PROGRAM = "EFI/BOOT/BOOTX64.EFI"


@dataclass(frozen=True)
class MediumFiles:
    """What a medium will hold.

    files  path on it -> the file
    label  its volume id
    names  path on it -> what a sentence calls it, where it is called otherwise in the content tree
    base   whose firmware and installer read it
    """

    files: Mapping[str, Path]
    label: str
    names: Mapping[str, str]
    base: Base = USUAL

    def load(self, path: str) -> str | None:
        """Return a menu's text, None if it is not there. Raises ContentError for what is too large to be a menu."""
        if path not in self.files:
            return None
        text = files.read_file_text(self.files[path])
        if len(text) > LARGEST_MENU:
            raise ContentError(
                f"{self.called(path)}: has {format_size(len(text))}, and no boot menu is as large",
                hint="a menu or something that it includes names a file that is none: correct that line",
            )
        return text

    def load_folded(self, path: str) -> str | None:
        """Return a menu's text whatever the case of its name, as isolinux finds it."""
        return self.load(self.find(path))

    def has(self, path: str) -> bool:
        """Return whether the directories of the medium list a path."""
        return path in self.files and path not in self.base.unlisted

    def find(self, path: str) -> str:
        """Return a path as it is spelled on the medium, itself if it is not there."""
        return path if path in self.files else self._folded.get(path.lower(), path)

    def called(self, sentence: str) -> str:
        """Return a sentence that begins with a path as it is called in the content tree."""
        path = sentence.partition(", line")[0]
        said = f"{self.names[path]}{sentence[len(path) :]}" if path in self.names else sentence
        return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"

    @cached_property
    def _folded(self) -> dict[str, str]:
        """Return path in small letters -> path."""
        return {name.lower(): name for name in (*self.files, *self._catalog)}

    @property
    def _catalog(self) -> tuple[str, ...]:
        """Return the path of the El Torito catalogue, which who writes the medium makes."""
        return (self.base.boot_catalog,) if self.base.boot_catalog else ()

    def names_there(self, path: str) -> bool:
        """Return whether a menu that names a path finds something there."""
        return self.has(path) or path in self._catalog

    @property
    def installers(self) -> tuple[str, ...]:
        """The paths of the installer's kernel."""
        return (KERNEL, *(path for path, other in self.base.bios.twins.items() if other == KERNEL))

    @property
    def medium(self) -> BootMedium:
        """What its boot lines may name."""
        return BootMedium(self.label, escape_label(self.label), self.has, self.base)


def check_reference(reference: FileReference, medium: MediumFiles, screen: tuple[int, int], findings: Findings) -> None:
    """A named file is on the medium; a background is a picture that its menu can show."""
    paths = [reference.path, *reference.others]
    if reference.folds:
        paths = [medium.find(path) for path in paths]
    found = next(filter(medium.names_there, paths), "")
    if not found:
        findings.add(ABSENT, medium.called(f"{reference}, which is not on the medium"))
    elif reference.is_background and found in medium.files:
        fault = _background_fault(files.read_file_bytes(medium.files[found]), reference, screen)
        findings.check(not fault, UNREADABLE, medium.called(f"{reference}, which {fault}"))


def _background_fault(data: bytes, reference: FileReference, screen: tuple[int, int]) -> str:
    """Return why a menu's background cannot be shown, "" if it can. GRUB scales, and reads TGA as well."""
    if reference.folds:
        return pictures.menu_picture_fault(data, screen)
    return "" if reference.path.lower().endswith(".tga") else pictures.picture_fault(data)


def check_isolinux_menu(medium: MediumFiles, findings: Findings) -> IsolinuxMenu:
    """Every entry of isolinux.cfg and of what it includes can be started; return the menu."""
    file = medium.base.bios.menu
    menu = read_isolinux_menu(file, medium.load_folded)
    for fault in menu.faults:
        findings.add(MENU, medium.called(fault))
    for entry in menu.entries:
        if not entry.kernel and not entry.started:
            findings.add(MENU, medium.called(f"{entry.place} {entry.name} starts nothing, it has no kernel"))
        kernel = _isolinux_file(entry.kernel.text, medium) if entry.kernel else ""
        if not kernel.lower().endswith(NO_KERNELS):
            initrds = [medium.find(menu_path(file, word.text)) for word in entry.initrds]
            _check_entry(entry, kernel, initrds, medium, findings)
    _check_isolinux_modules(menu, medium, findings)
    return menu


def _isolinux_file(name: str, medium: MediumFiles) -> str:
    """Return the path on the medium of what isolinux loads by a name, itself if there is none."""
    paths = [medium.find(menu_path(medium.base.bios.menu, name + extension)) for extension in LOADABLE]
    return next((path for path in paths if path in medium.files), paths[0])


def _check_entry(
    entry: BootEntry, kernel: str, initrds: Sequence[str], medium: MediumFiles, findings: Findings
) -> None:
    """The kernel and the initial RAM disks of an entry are such, and the installer understands its boot line."""
    if not entry.kernel or kernel not in medium.files:
        return  # who names a file that is not there is told so already
    head, size = images.read_image_head(medium.files[kernel])
    if fault := images.kernel_fault(head, size, modern=bool(initrds)):
        findings.add(MENU, medium.called(f"{entry.kernel} names {kernel}, which {fault}"))
    for word, path in zip(entry.initrds, initrds, strict=True):
        if path in medium.files and (fault := images.initrd_fault(images.read_image_head(medium.files[path])[0])):
            findings.add(MENU, medium.called(f"{word} names {path}, which {fault}"))
    installers = medium.installers
    if kernel in installers or medium.files[kernel] in [medium.files.get(path) for path in installers]:
        if not initrds:
            findings.add(
                MENU, medium.called(f"{entry.kernel} starts the installer's kernel, and the entry has no initrd")
            )
        for fault in arguments.argument_faults(entry, medium.medium):
            findings.add(MENU, medium.called(fault))
        for remark in arguments.argument_remarks(entry, medium.medium):
            findings.add(TOLD, medium.called(remark))


def _check_isolinux_modules(menu: IsolinuxMenu, medium: MediumFiles, findings: Findings) -> None:
    """isolinux.bin has the modules of its version: what the menu starts, and for 5 and later what those need."""
    image, file = medium.base.bios.image, medium.base.bios.menu
    if image not in medium.files:
        return
    loader = files.read_file_bytes(medium.files[image])
    version = images.isolinux_version(loader)
    if version and len(loader) % images.ISOLINUX_UNIT:
        findings.add(LOADER, f"{image}: is cut short, or has more behind it: its size is no multiple of 2048 bytes")
    if version is None:
        progress.log_line(f"{image}: does not say which isolinux it is, so its modules are not checked")
        return
    named = references.isolinux_references(menu, file)
    paths = {
        next((path for path in map(medium.find, (one.path, *one.others)) if path in medium.files), "") for one in named
    }
    waiting = sorted(path for path in paths if path.lower().endswith(".c32"))
    needed = {menu_path(file, "ldlinux.c32"): image} if version >= (5, 0) else {}
    for path in waiting:
        needed.setdefault(path, file)
    for path in (checked := list(needed)):
        found = medium.find(path)
        if found not in medium.files:
            findings.add(
                LOADER,
                f"{needed[path]}: isolinux {version[0]}.{version[1]:02} needs {path}, which is not on the medium",
            )
            continue
        data = files.read_file_bytes(medium.files[found])
        if fault := images.module_fault(data, version):
            findings.add(LOADER, f"{found} {fault}")
        for name in images.needed_modules(data) if version >= (5, 0) else ():
            beside = menu_path(file, name)
            if beside not in needed:
                needed[beside] = found
                checked.append(beside)


def check_bios_grub_menu(medium: MediumFiles, findings: Findings) -> list[BootEntry]:
    """Every entry of the grub.cfg that GRUB for BIOS reads can be started; return them."""
    boot = medium.base.bios
    entries = _check_grub_menu(boot.menu, medium, GrubRoot(found=True), findings)
    modules = _read_grub_modules(medium, boot.modules)
    scripts = read_grub_menu(boot.menu, medium.load).scripts
    every = [(name, command) for name, script in scripts.items() for command in script.walk()]
    for fault in command_faults(every, modules):
        findings.add(MENU, medium.called(fault))
    for remark in insmod_remarks(every, modules):
        findings.add(TOLD, medium.called(remark))
    return entries


def _read_grub_modules(medium: MediumFiles, place: str) -> GrubModules:
    """Return the modules in a directory of the medium; stand-ins have all that a menu needs."""
    loaded = medium.files.get(f"{place}/normal.mod")
    if loaded and images.is_stand_in(images.read_image_head(loaded)[0]):
        return GrubModules(place, dict.fromkeys(("linux", "initrd"), "linux"), {}, lambda _: True)
    commands, needs = (parse_module_list(medium.load(f"{place}/{name}") or "") for name in (COMMANDS, DEPENDENCIES))
    return GrubModules(place, {name: said[0] for name, said in commands.items() if said}, needs, medium.has)


def check_grub_menus(medium: MediumFiles, findings: Findings) -> list[BootEntry]:
    """Every entry of grub.cfg can be started, of the one beside the loaders and of the one in efiboot.img.

    Return the entries of both, of equal ones once.
    """
    entries = _check_grub_menu(GRUB_CFG, medium, GrubRoot(), findings) if GRUB_CFG in medium.files else []
    inside = _check_efi_image(medium, findings) if EFI_IMAGE in medium.files else None
    own = files.read_file_bytes(medium.files[GRUB_CFG]) if GRUB_CFG in medium.files else None
    if inside is not None and inside != own:
        with TemporaryDirectory(prefix="smedoit-") as place:
            path = Path(place) / "grub.cfg"
            files.write_file(path, inside, durable=False)
            other = replace(medium, files={**medium.files, GRUB_CFG: path}, names={GRUB_CFG: INNER_GRUB_CFG})
            entries += _check_grub_menu(GRUB_CFG, other, GrubRoot(), findings)
    return entries


def _check_grub_menu(file: str, medium: MediumFiles, root: GrubRoot, findings: Findings) -> list[BootEntry]:
    """Check a grub.cfg and what it reads, and where GRUB begins to look; return its entries."""
    menu = read_grub_menu(file, medium.load)
    faults = [*menu.faults, *default_faults(menu)]
    for name in menu.scripts if not faults else ():
        faults += _script_check_faults(medium.files[name], name)
    for fault in faults:
        findings.add(MENU, medium.called(fault))
    _check_grub_roots(menu, file, medium, root, findings)
    for entry in menu.entries:
        if not entry.kernel and not entry.started:
            findings.add(MENU, medium.called(f"{entry.place} {entry.name!r} starts nothing, it has no linux"))
        if entry.kernel:
            kernel = resolve_grub_path(entry.kernel.text, file)
            initrds = [resolve_grub_path(word.text, file) for word in entry.initrds]
            _check_entry(entry, kernel, initrds, medium, findings)
            for word in entry.initrds:
                wanted = word.key.replace("initrd", "linux")
                if wanted != entry.kernel.key:
                    findings.add(
                        MENU, medium.called(f"{word} goes with {wanted}, and the entry has {entry.kernel.key}")
                    )
    return menu.entries


def _check_grub_roots(menu: GrubMenu, file: str, medium: MediumFiles, first: GrubRoot, findings: Findings) -> None:
    """What GRUB names is on the medium, and GRUB looks for it there. An entry may lead to another disk."""
    said = dict[int, str]()
    for name, command, root in track_grub_root(menu, lambda search: _finds_medium(search, medium), first):
        for reference in references.grub_references(command, name, file):
            there = medium.has(reference.path)
            if root.found or command.name not in (*KERNELS, *INITRDS):
                if there or root.found or not root.own:
                    check_reference(reference, medium, references.SCREEN, findings)
            elif there or not root.own:
                said.setdefault(id(root.command), _root_fault(reference, name, root, medium))
    for fault in said.values():
        findings.add(MENU, medium.called(fault))


def _finds_medium(search: GrubSearch, medium: MediumFiles) -> bool:
    """Return whether a search finds the medium; what a variable holds is not known."""
    if search.target is None:
        return False
    text = search.target.text
    if "$" in text:
        return True
    if search.kind == "file":
        return medium.has(text.lstrip("/"))
    return search.kind == "label" and text == medium.label


def _root_fault(reference: FileReference, name: str, root: GrubRoot, medium: MediumFiles) -> str:
    """Return what keeps GRUB from finding a file on the medium."""
    if root.command is None:
        return f"{reference}, and no search before it finds the medium: search --set=root -l '{medium.label}'"
    where = f"{name}, line {root.command.line}: {root.command.name}"
    search = parse_grub_search(root.command)
    if search is None:
        return f"{where} names a device, and where the medium is differs: search --set=root -l '{medium.label}'"
    if search.target is None:
        return f"{where} does not say what it looks for: search --set=root -l '{medium.label}'"
    if search.kind == "label":
        return f"{where} looks for {search.target.text}, and the medium is called {medium.label}"
    return (
        f"{where} looks for {search.target.text}, which does not find the medium: search --set=root -l '{medium.label}'"
    )


def _script_check_faults(path: Path, name: str) -> Iterator[str]:
    """Yield what GRUB's own checker says of a grub.cfg, where this host has it."""
    checker = next(filter(None, map(shutil.which, GRUB_CHECKERS)), None)
    if not checker:
        return
    try:
        run_program([checker, path], package="grub-common")
    except ProgramError as error:
        line = re.search(r"line:? ?(\d+)", error.said)
        where = f"{name}, line {line.group(1)}" if line else name
        yield f"{where}: GRUB does not understand it, says {posixpath.basename(checker)}"


def _check_efi_image(medium: MediumFiles, findings: Findings) -> bytes | None:
    """efiboot.img holds what firmware starts; return its grub.cfg, None if there is none."""
    volume = FatVolume.read(medium.files[EFI_IMAGE])
    names = {name.lower(): name for name in volume.files()}
    if REQUIRED_PROGRAM.lower() not in names:
        findings.add(LOADER, f"{EFI_IMAGE}: holds no {REQUIRED_PROGRAM}, which the firmware starts")
    for name in names.values():
        if program := EFI_PROGRAM.fullmatch(name):
            machine = program.group(1).upper()
            data = volume.content(volume.find(name))
            if fault := images.efi_fault(data, machine):
                findings.add(LOADER, f"{EFI_IMAGE}: {name} {fault}")
            _check_grub_program(name, machine, data, volume, findings)
    if GRUB_CFG.lower() in names:
        return volume.content(volume.find(GRUB_CFG))
    findings.add(LOADER, f"{EFI_IMAGE}: holds no {GRUB_CFG}, which GRUB reads where it starts from a USB stick")
    return None


def _check_grub_program(name: str, machine: str, data: bytes, volume: FatVolume, findings: Findings) -> None:
    """A shim has the GRUB beside it that it starts."""
    beside = f"EFI/BOOT/{images.GRUB_NAMES[machine]}"
    if not images.starts_grub(data, machine):
        return
    if beside.lower() not in map(str.lower, volume.files()):
        findings.add(LOADER, f"{EFI_IMAGE}: {name} starts {beside}, which is not there")
    elif fault := images.efi_fault(volume.content(volume.find(beside)), machine):
        findings.add(LOADER, f"{EFI_IMAGE}: {beside} {fault}")
