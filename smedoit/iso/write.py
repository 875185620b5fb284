# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a medium: ISO 9660 level 3, Rock Ridge, Joliet, El Torito, isohybrid."""

from __future__ import annotations

import re
import struct
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedWriter, FileIO
from pathlib import Path, PurePosixPath
from typing import Any

from smedoit.bases.enterprise_linux import ALL_FIRMWARE, BIOS, UEFI
from smedoit.errors import ContentError
from smedoit.medium_paths import BIOS_IMAGE, BOOT_CATALOG, BOOT_IMAGES, EFI_IMAGE
from smedoit.runtime import files

SECTOR, BLOCK = 2048, 512
SECTORS, HEADS = 32, 64  # of a cylinder, as isohybrid has them
EFI_PLATFORM = 0xEF  # in the El Torito catalogue
FIRST_PARTITION = 446  # its entry in an MBR: C/H/S and kind in 8 bytes, first block and blocks in 4 bytes each
BIOS_LOAD_SIZE = 4  # sectors of 512 bytes that firmware reads of isolinux.bin
BOOT_CODE = 440  # bytes of it in an MBR
NO_BIOS = bytes.fromhex("CD18 F4 EBFD")  # int 18: nothing to boot here, go on; then hlt for ever
HYBRID_MAGIC, HYBRID_AT = b"\xfb\xc0\x78\x70", 64  # what the hybrid MBR looks for in isolinux.bin
TRAILING_SECTORS = 150  # sectors after the last file, as mkisofs adds them: the spare GPT lands there, never in a file
MIN_SECTORS = 512  # of the smallest ISO: Debian's checkisomd5 fails on images of under 336
REWRITE_WINDOW = 1 << 20  # bytes that pycdlib may still go back, into isolinux.bin for its boot info table
DEDUPLICATED_FROM = 1 << 20  # files at least this large are compared by digest; equal ones share their extent
IDENTIFIER, EXTENSION = 30, 8  # of an ISO 9660 level 3 file name
JOLIET_LIMIT = 64
JOLIET_FORBIDDEN = re.compile(r"[*/:;?\\\x00-\x1f]")  # source: Joliet specification, 3.1 "Escape sequences"
PUBLISHER_LIMIT = 64  # characters of a publisher or an application; ISO 9660 would take 128, Joliet has half of it
LABEL, JOLIET_LABEL = 32, 16  # blkid takes the whole label if the shorter one is its beginning
FILE_MODE, DIRECTORY_MODE = 0o100644, 0o040755
NAMESPACE = uuid.UUID("5d0b64a4-6f5c-5f0e-9d0b-6b1f2f1d7c1e")  # ours; the GUIDs of a medium follow from its names


@dataclass(frozen=True)
class IsoMedium:
    """An ISO before it is written.

    epoch     every time on it, in seconds since 1970 UTC
    files     path on the ISO, without a leading slash -> the file that it holds
    firmware  what it starts from; nothing for a medium that only carries files
    sha256    path on the ISO -> what its bytes must be; for those that a lock names
    names     path on the ISO -> what the content tree calls it, where it calls it otherwise
    """

    volume: str
    publisher: str
    application: str
    epoch: int
    files: Mapping[str, Path]
    firmware: tuple[str, ...] = ALL_FIRMWARE
    sha256: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


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
    _check_bootable(medium)
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


def _check_bootable(medium: IsoMedium) -> None:
    """Raise ContentError if a bootable medium lacks what its firmware starts."""
    for firmware, name in BOOT_IMAGES.items():
        if firmware in medium.firmware and name not in medium.files:
            raise ContentError(f"{name}: is not in the tree, the medium would not boot", hint="complete the boot set")
    if BIOS not in medium.firmware:
        return
    loader = files.read_file_bytes(medium.files[BIOS_IMAGE])
    if loader[HYBRID_AT : HYBRID_AT + 4] != HYBRID_MAGIC:
        raise ContentError(
            f"{medium.files[BIOS_IMAGE]}: is no isolinux.bin that can start from USB",
            hint="take isolinux.bin from syslinux 4 or later; images of other loaders lack its hybrid signature",
        )


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
        pub_ident_str=_volume_identifier(medium.publisher),
        preparer_ident_str="SMEDOIT",
        app_ident_str=_volume_identifier(medium.application),
    )
    iso.pvd.volume_identifier = medium.volume.encode("ascii").ljust(LABEL)
    _add_files(iso, medium, names)
    if medium.firmware:
        _add_boot_catalog(iso, medium, names)
    if BIOS in medium.firmware:
        _add_isohybrid(iso, medium)
    for descriptor in (*iso.pvds, *iso.svds):
        descriptor.space_size = max(descriptor.space_size + TRAILING_SECTORS, MIN_SECTORS)
    iso.force_consistency()
    if medium.firmware == (UEFI,):
        _add_uefi_hybrid(iso, medium, names)
    iso.inodes.sort(key=_file_sector)  # so that they are written front to back
    return iso


def _file_sector(inode: Any) -> int:
    """Return the sector at which the content of a file begins; one without content has no place, and goes first."""
    return int(inode.extent_location()) if inode.get_data_length() else 0


def _volume_identifier(text: str) -> str:
    """Return text as a volume descriptor carries it: upper case, ASCII, and not too long."""
    return text.upper().encode("ascii", "replace").decode()[:PUBLISHER_LIMIT]


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
    above = BOOT_CATALOG.rpartition("/")[0]
    if above not in names.directories:
        place = names.of(above, directory=True)
        iso.add_directory(place, rr_name=above, joliet_path=_joliet_path(above), file_mode=DIRECTORY_MODE)
    catalog = {
        "bootcatfile": names.of(BOOT_CATALOG, directory=False),
        "rr_bootcatname": _basename(BOOT_CATALOG),
        "joliet_bootcatfile": f"/{BOOT_CATALOG}",
    }
    if BIOS in medium.firmware:
        iso.add_eltorito(names.files[BIOS_IMAGE], **catalog, boot_load_size=BIOS_LOAD_SIZE, boot_info_table=True)
        if UEFI in medium.firmware:
            iso.add_eltorito(names.files[EFI_IMAGE], efi=True)
    else:
        iso.add_eltorito(names.files[EFI_IMAGE], **catalog, platform_id=EFI_PLATFORM)


def _medium_seed(medium: IsoMedium) -> uuid.UUID:
    """Return what the disk's number and its GUIDs follow from."""
    return uuid.uuid5(NAMESPACE, f"{medium.volume} {medium.epoch}")


def _add_isohybrid(iso: Any, medium: IsoMedium) -> None:
    """Make the image start from a USB stick as well, through isolinux, and where it has an image for UEFI by that."""
    seed, with_efi = _medium_seed(medium), UEFI in medium.firmware
    iso.add_isohybrid(efi=with_efi, mbr_id=seed.int & 0xFFFFFFFF)
    iso.isohybrid_mbr = _WholeHybrid(iso.isohybrid_mbr)
    if with_efi:
        _complete_gpt(iso.isohybrid_mbr, seed)


def _add_uefi_hybrid(iso: Any, medium: IsoMedium, names: IsoNames) -> None:
    """Make an image that has no isolinux start from a USB stick under UEFI; its files have their places already.

    pycdlib's own way demands isolinux, and looks for efiboot.img behind it in the catalogue.
    """
    from pycdlib.isohybrid import IsoHybrid

    seed, hybrid = _medium_seed(medium), IsoHybrid()
    hybrid.new(True, False, 1, seed.int & 0xFFFFFFFF, 0, SECTORS, HEADS, 0)
    entry = iso.eltorito_boot_catalog.initial_entry
    place = iso.get_record(iso_path=names.files[EFI_IMAGE]).extent_location()
    hybrid.update_efi(place, entry.sector_count, iso.pvd.space_size * SECTOR)
    iso.isohybrid_mbr = _UefiHybrid(hybrid)
    _complete_gpt(iso.isohybrid_mbr, seed)


class _WholeHybrid:
    """The isohybrid boot record with a first partition that covers all of a medium, also beyond 1 GiB.

    pycdlib ends it at the 1,024th cylinder, where the C/H/S fields end. Linux goes by the count of blocks, and would
    cut off a stick's first partition, which is what /dev/disk/by-label leads to.
    """

    def __init__(self, hybrid: Any) -> None:
        self._hybrid = hybrid

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hybrid, name)

    def record(self, iso_size: int) -> bytes:
        """Return MBR and GPT as pycdlib makes them, the partition as long as medium and padding."""
        data = bytearray(self._hybrid.record(iso_size))
        blocks = (iso_size + len(self._hybrid.record_padding(iso_size))) // BLOCK
        struct.pack_into("<L", data, FIRST_PARTITION + 12, blocks)
        return bytes(data)


class _UefiHybrid(_WholeHybrid):
    """The same boot record without the code that would start isolinux: BIOS is told to look elsewhere."""

    def record(self, iso_size: int) -> bytes:
        """Return MBR and GPT that lead to efiboot.img."""
        data = super().record(iso_size)
        return NO_BIOS.ljust(BOOT_CODE, b"\0") + data[BOOT_CODE:]


def _complete_gpt(hybrid: Any, seed: uuid.UUID) -> None:
    """Give disk and partitions GUIDs that follow from seed, and both tables all the entries they announce.

    pycdlib sums up only the entries that are in use, so readers that check the table's CRC,
    the Linux kernel among them, would refuse it; empty entries of our own make the sum right.
    """
    from pycdlib.isohybrid import GPTPartHeader

    for table in (hybrid.primary_gpt, hybrid.secondary_gpt):
        table.header.disk_guid = uuid.uuid5(seed, "disk")
        for number, part in enumerate(table.parts):
            part.part_guid = uuid.uuid5(seed, f"partition {number}")
        while len(table.parts) < table.header.num_parts:
            empty = GPTPartHeader()
            empty.new(True, "")
            empty.part_type_guid, empty.part_guid = bytes(16), uuid.UUID(int=0)
            table.parts.append(empty)
