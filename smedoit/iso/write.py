# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a medium: ISO 9660 level 3, Rock Ridge, Joliet, El Torito, MBR and GPT."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedWriter, FileIO
from pathlib import Path, PurePosixPath
from typing import Any

from smedoit.bases.enterprise_linux import BIOS, UEFI, DiskForm
from smedoit.iso import appended, boot_images, hybrid
from smedoit.iso.boot_records import MOST_LOAD_BLOCKS
from smedoit.iso.medium import NAMESPACE, IsoMedium, volume_identifier
from smedoit.runtime import files

SECTOR = 2048
EFI_PLATFORM = 0xEF  # in the El Torito catalogue
BIOS_LOAD_SIZE = 4  # sectors of 512 bytes that firmware reads of isolinux.bin
TRAILING_SECTORS = 150  # sectors after the last file, as mkisofs adds them: the spare GPT lands there, never in a file
MIN_SECTORS = 512  # of the smallest ISO: Debian's checkisomd5 fails on images of under 336
REWRITE_WINDOW = 1 << 20  # bytes that pycdlib may still go back, into isolinux.bin for its boot info table
DEDUPLICATED_FROM = 1 << 20  # files at least this large are compared by digest; equal ones share their extent
IDENTIFIER, EXTENSION = 30, 8  # of an ISO 9660 level 3 file name
JOLIET_LIMIT = 64
JOLIET_FORBIDDEN = re.compile(r"[*/:;?\\\x00-\x1f]")  # source: Joliet specification, 3.1 "Escape sequences"
LABEL, JOLIET_LABEL = 32, 16  # blkid takes the whole label if the shorter one is its beginning
FILE_MODE, DIRECTORY_MODE = 0o100644, 0o040755


def write_iso(
    medium: IsoMedium,
    target: Path,
    progress: Callable[[int, int], None] | None = None,
    settled: Callable[[int], None] = lambda _: None,
) -> dict[str, int]:
    """Write the medium to target, which is not yet sealed; return path -> offset of every file in it, in bytes.

    progress  called with bytes done and in all
    settled   called with an offset before which target is as it will be; a lower one than before takes that back

    Same medium, same bytes. Raises ContentError, and OSError for target.
    """
    boot_images.check_bootable(medium)
    if medium.firmware and medium.base.disk is DiskForm.APPENDED:
        return appended.write_appended_iso(medium, target, progress)
    names = IsoNames()
    with frozen_clock(medium.epoch):
        iso = _compose_iso(medium, names)
        callback = (lambda done, total, _: progress(done, total)) if progress else None
        content = next(filter(None, map(_file_sector, iso.inodes)), 0) * SECTOR
        with IsoOutput(target, content, settled) as output:
            iso.write_fp(output, blocksize=files.BLOCK, progress_cb=callback)
        offsets = {path: iso.get_record(iso_path=names.files[path]).extent_location() * SECTOR for path in medium.files}
        iso.close()
    return offsets


class IsoOutput(BufferedWriter):
    """The file that pycdlib writes; it reports how much of it is settled.

    pycdlib writes up to the content of the files in any order, then front to back.

    content  offset at which the content of the files begins
    settled  called with an offset before which nothing changes any more; a lower one takes that back
    """

    def __init__(self, path: Path, content: int, settled: Callable[[int], None]) -> None:
        super().__init__(FileIO(path, "wb"))
        self.content, self.settled = content, settled
        self.announced = 0

    def write(self, data: Any) -> int:
        """Write, and report what that settles."""
        at = self.tell()
        written = super().write(data)
        final = max(at - REWRITE_WINDOW, 0) if at >= self.content else 0
        if final > self.announced or at < self.announced:
            self.announced = min(final, at)
            self.settled(self.announced)
        return written


def _compose_iso(medium: IsoMedium, names: IsoNames) -> Any:
    """Return the medium as pycdlib composes it; names is filled with the ISO 9660 names of its files."""
    import pycdlib

    iso = pycdlib.PyCdlib()
    iso.new(
        interchange_level=3,
        joliet=3,
        rock_ridge="1.09",
        sys_ident="LINUX",
        vol_ident=medium.volume[:JOLIET_LABEL],
        pub_ident_str=volume_identifier(medium.publisher),
        preparer_ident_str="SMEDOIT",
        app_ident_str=volume_identifier(medium.application),
    )
    iso.pvd.volume_identifier = medium.volume.encode("ascii").ljust(LABEL)
    _add_files(iso, medium, names)
    if medium.firmware:
        _add_boot_catalog(iso, medium, names)
    if BIOS in medium.firmware:
        hybrid.add_disk_records(iso, medium)
    for descriptor in (*iso.pvds, *iso.svds):
        needed = max(descriptor.space_size + TRAILING_SECTORS, MIN_SECTORS)
        descriptor.space_size = hybrid.padded_volume_size(needed, medium.base.disk) if medium.firmware else needed
    iso.force_consistency()
    if medium.firmware:
        efi = names.files.get(medium.base.uefi.image)
        hybrid.finish_disk_records(iso, medium, iso.get_record(iso_path=efi).extent_location() if efi else 0)
        _cap_load_sizes(iso)
    iso.inodes.sort(key=_file_sector)  # so that they are written front to back
    return iso


def _cap_load_sizes(iso: Any) -> None:
    """Let UEFI load all that follows where the catalogue cannot count the blocks. Source: UEFI 2.10, 13.3.2.1"""
    catalog = iso.eltorito_boot_catalog
    for entry in (catalog.initial_entry, *(entry for section in catalog.sections for entry in section.section_entries)):
        if entry.sector_count > MOST_LOAD_BLOCKS:
            entry.sector_count = 0


def _file_sector(inode: Any) -> int:
    """Return the sector at which the content of a file begins; one without content has no place, and goes first."""
    return int(inode.extent_location()) if inode.get_data_length() else 0


@contextmanager
def frozen_clock(epoch: int) -> Iterator[None]:
    """Give pycdlib epoch, in UTC, for the time within the block: it dates everything by the clock."""
    from pycdlib import dates, headervd, pycdlib, utils

    class Clock:
        """What pycdlib uses of the module time."""

        localtime = gmtime = staticmethod(time.gmtime)
        strftime, strptime, struct_time = staticmethod(time.strftime), staticmethod(time.strptime), time.struct_time

        @staticmethod
        def time() -> float:
            return float(epoch)

    modules: list[Any] = [module for module in (dates, headervd, pycdlib, utils) if hasattr(module, "time")]
    for module in modules:
        module.time = Clock
    try:
        yield
    finally:
        for module in modules:
            module.time = time


def _add_files(iso: Any, medium: IsoMedium, names: IsoNames) -> None:
    """Add directories and files, sorted; large files with the same content share an extent."""
    twins: dict[tuple[int, str], str] = {}
    for path in sorted({str(parent) for name in medium.files for parent in PurePosixPath(name).parents} - {"."}):
        place = names.of(path, directory=True)
        iso.add_directory(place, rr_name=_basename(path), joliet_path=_joliet_path(path), file_mode=DIRECTORY_MODE)
    for path, source in sorted(medium.files.items()):
        with files.wrap_os_errors(source, "read"):
            _add_file(iso, path, source, names, twins)


def _add_file(iso: Any, path: str, source: Path, names: IsoNames, twins: dict[tuple[int, str], str]) -> None:
    """Add one file, or another name for one that is there already."""
    place = names.of(path, directory=False)
    size = source.stat().st_size
    key = (size, files.digest_file(source)) if size >= DEDUPLICATED_FROM and not path.endswith(".rpm") else None
    twin = twins.setdefault(key, place) if key else place
    if twin != place:
        iso.add_hard_link(iso_old_path=twin, iso_new_path=place, rr_name=_basename(path))
        iso.add_hard_link(iso_old_path=twin, joliet_new_path=_joliet_path(path))
        return
    iso.add_file(str(source), place, rr_name=_basename(path), joliet_path=_joliet_path(path), file_mode=FILE_MODE)


def _basename(path: str) -> str:
    return path.rpartition("/")[2]


def _joliet_path(path: str) -> str:
    """Return a path as Joliet carries it; Linux reads the Rock Ridge name, which is always whole."""
    return "/" + "/".join(map(joliet_name, path.split("/")))


def joliet_name(name: str) -> str:
    """Return the name of a file as Joliet carries it: without signs that it forbids, cut in its middle if it is long.

    A name that is changed gets a mark, which keeps it apart from all others. Lengths are those that pycdlib counts,
    bytes of UTF-8, so that there are never more than Joliet's 64 units of UTF-16.
    """
    allowed = JOLIET_FORBIDDEN.sub("_", name)
    if allowed == name and len(name.encode()) <= JOLIET_LIMIT:
        return name
    mark = f"~{uuid.uuid5(NAMESPACE, name).hex[:6]}~"
    room = JOLIET_LIMIT - len(mark)
    if len(allowed.encode()) <= room:
        stem, dot, extension = allowed.rpartition(".")
        return f"{stem}{mark}{dot}{extension}" if stem else f"{allowed}{mark}"
    tail = room // 2
    head, end = allowed.encode()[: room - tail], allowed.encode()[-tail:]
    return head.decode("utf-8", "ignore") + mark + end.decode("utf-8", "ignore")


class IsoNames:
    """ISO 9660 names: upper case, few characters, short, and unique in their directory."""

    def __init__(self) -> None:
        self.directories = {"": ""}
        self.files: dict[str, str] = {}
        self.taken: dict[str, set[str]] = {}
        self.last: dict[tuple[str, str, str], int] = {}  # the number that a cut name got last: trying all takes hours

    def of(self, path: str, *, directory: bool) -> str:
        """Return the absolute ISO 9660 path for a path whose directories came before."""
        above, _, name = path.rpartition("/")
        plain = re.sub(r"[^A-Z0-9_.]", "_", name.upper())
        stem, _, extension = (plain.replace(".", "_"), "", "") if directory else _split_extension(plain)
        unique = self.unique(self.directories[above], stem, extension)
        place = f"{self.directories[above]}/{unique}"
        if directory:
            self.directories[path] = place
            return place
        self.files[path] = f"{place};1"
        return self.files[path]

    def unique(self, above: str, stem: str, extension: str) -> str:
        """Return the first of STEM.EXT, STEM1.EXT … that is not taken."""
        taken = self.taken.setdefault(above, set())
        room = IDENTIFIER - len(extension)
        candidate, count = stem[:room], 0
        while f"{candidate}.{extension}" in taken:
            count += 1
            cut = stem[: room - len(str(count))]
            count = max(count, self.last.get((above, cut, extension), 0))
            candidate = f"{cut}{count}"
            self.last[above, cut, extension] = count
        taken.add(f"{candidate}.{extension}")
        return f"{candidate}.{extension}" if extension else candidate


def _split_extension(name: str) -> tuple[str, str, str]:
    """Return (stem without dots, ".", extension) of a plain name; a leading dot starts no extension."""
    stem, dot, extension = name.rpartition(".")
    if not stem.strip(".") or len(extension) > EXTENSION:
        return name.replace(".", "_"), "", ""
    return stem.replace(".", "_"), dot, extension


def _add_boot_catalog(iso: Any, medium: IsoMedium, names: IsoNames) -> None:
    """Add El Torito for BIOS and UEFI, or for one of them."""
    base, path = medium.base, medium.base.boot_catalog
    above = path.rpartition("/")[0]
    if above not in names.directories:
        place = names.of(above, directory=True)
        iso.add_directory(place, rr_name=above, joliet_path=_joliet_path(above), file_mode=DIRECTORY_MODE)
    catalog = {
        "bootcatfile": names.of(path, directory=False),
        "rr_bootcatname": _basename(path),
        "joliet_bootcatfile": f"/{path}",
    }
    if BIOS in medium.firmware:
        iso.add_eltorito(names.files[base.bios.image], **catalog, boot_load_size=BIOS_LOAD_SIZE, boot_info_table=True)
        if UEFI in medium.firmware:
            iso.add_eltorito(names.files[base.uefi.image], efi=True)
    else:
        iso.add_eltorito(names.files[base.uefi.image], **catalog, platform_id=EFI_PLATFORM)
