# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished ISO as a disk, in the form that its base has: MBR, both GPTs, and where they lead."""

from __future__ import annotations

from smedoit.bases.enterprise_linux import BIOS, UEFI, DiskForm
from smedoit.errors import Findings
from smedoit.iso import boot_records
from smedoit.iso.boot_records import BASIC_DATA, BLOCK, EFI_SYSTEM_PARTITION, SECTOR, BootRecordError, GptHeader
from smedoit.iso.read import IsoImage
from smedoit.iso.verify_contents import ExpectedIso

KIND = "partitions"
NO_PARTITION = boot_records.Partition(0, False, -1, 0)
SECOND_VOLUME = 32  # sector of the volume descriptor by which the first partition is a file system of its own
FIRST_BLOCK = 64  # of that partition
LARGEST_TABLE = 64  # blocks of a GPT, its entries and its header


def check_partitions(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """MBR and both GPTs lead to the places that the base's form has, with correct checksums.

    Without UEFI there is an MBR alone.
    """
    check = _check_appended if expected.base.disk is DiskForm.APPENDED else _check_hybrid
    try:
        check(image, expected, findings)
    except (BootRecordError, ValueError) as error:
        findings.add(KIND, str(error))


def _check_hybrid(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """The same two places in MBR and GPT, all of the ISO and efiboot.img, as isolinux has it."""
    base, head, size = expected.base, image.at(0, BLOCK), image.size() // BLOCK
    efi = _file_blocks(image, base.uefi.image)
    first, second = (*boot_records.parse_mbr(head), NO_PARTITION, NO_PARTITION)[:2]
    findings.check(
        first.active and (first.first, first.blocks) == (0, size),
        KIND,
        f"the MBR's first partition is {first.blocks} blocks from {first.first}, not the whole ISO, which has {size}",
    )
    if UEFI in expected.firmware:
        good = second.kind == boot_records.EFI_SYSTEM and _holds_span(second, efi)
        findings.check(good, KIND, f"the MBR does not lead to {base.uefi.image}")
    else:
        good = second == NO_PARTITION
        findings.check(good, KIND, "the MBR has a second partition, and [release] firmware has no uefi")
    if BIOS in expected.firmware:
        loader = boot_records.isohybrid_loader_block(head) * BLOCK // SECTOR
        findings.check(
            loader == image.start_sector(base.bios.image), KIND, f"the MBR does not lead to {base.bios.image}"
        )
    if UEFI in expected.firmware:
        _check_hybrid_gpts(image, expected, efi, findings)


def _check_hybrid_gpts(image: IsoImage, expected: ExpectedIso, efi: range, findings: Findings) -> None:
    """Both GPTs: two of basic data, all of the volume and efiboot.img. Raises BootRecordError."""
    volume_blocks, size = image.iso.pvd.space_size * SECTOR // BLOCK, image.size() // BLOCK
    least = volume_blocks
    if expected.base.disk is DiskForm.BASIC_DATA:
        least -= LARGEST_TABLE
        findings.check(volume_blocks == size, KIND, _volume_size_fault(volume_blocks, size))
    for name, table in _read_both_gpts(image, findings):
        whole, efi_system = (*table.partitions, NO_PARTITION, NO_PARTITION)[:2]
        findings.check(
            whole.first == 0 and least <= whole.blocks <= size,
            KIND,
            f"the first partition of {name} is {whole.blocks} blocks from {whole.first},"
            f" not the volume, which has {volume_blocks}",
        )
        findings.check(_holds_span(efi_system, efi), KIND, f"{name} does not lead to {expected.base.uefi.image}")
        kinds = {part.guid for part in (whole, efi_system) if part != NO_PARTITION}
        findings.check(kinds <= {BASIC_DATA}, KIND, f"a partition of {name} is none of basic data")


def _check_appended(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """An MBR that only protects a GPT, whose partitions are the file system and, behind it, efiboot.img."""
    base, head, size = expected.base, image.at(0, BLOCK), image.size() // BLOCK
    found = boot_records.parse_mbr(head)
    if UEFI in expected.firmware:
        protective = boot_records.Partition(boot_records.PROTECTIVE, False, 1, size - 1)
        findings.check(found == [protective], KIND, "the MBR is not one that protects a GPT over the whole ISO")
        _check_appended_gpts(image, expected, findings)
    else:
        spans = [(part.active, part.first, part.blocks) for part in found]
        whole = (True, FIRST_BLOCK, size - FIRST_BLOCK)
        findings.check(spans == [whole], KIND, f"the MBR's partition is not the ISO from block {FIRST_BLOCK} on")
    if BIOS in expected.firmware:
        loader = boot_records.grub_loader_block(head)
        good = loader == image.start_sector(base.bios.image) * SECTOR // BLOCK + boot_records.GRUB_HEAD_BLOCKS
        findings.check(good, KIND, f"the MBR does not lead to {base.bios.image}")
    _check_second_volume(image, expected, findings)


def _check_appended_gpts(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """Both GPTs: the file system with all of its files, and the partition that El Torito leads to, too."""
    volume_blocks, size = image.iso.pvd.space_size * SECTOR // BLOCK, image.size() // BLOCK
    findings.check(volume_blocks == size, KIND, _volume_size_fault(volume_blocks, size))
    partition = image.efi_partition
    if not partition:
        findings.add(KIND, f"no partition is {expected.base.uefi.image}")
        return
    start, length = partition[0] // BLOCK, partition[1] // BLOCK
    ends = [at + count for name in image.records for at, count in image.extents(name)]
    for name, table in _read_both_gpts(image, findings):
        files, efi_system = (*table.partitions, NO_PARTITION, NO_PARTITION)[:2]
        good = files.first == FIRST_BLOCK and max(ends, default=0) <= (files.first + files.blocks) * BLOCK
        findings.check(
            good and files.first + files.blocks <= start,
            KIND,
            f"the first partition of {name} is {files.blocks} blocks from {files.first}, not the file system",
        )
        findings.check(files.guid == BASIC_DATA, KIND, f"the first partition of {name} is none of basic data")
        findings.check(
            _holds_span(efi_system, range(start, start + length)),
            KIND,
            f"the second partition of {name} is {efi_system.blocks} blocks from {efi_system.first},"
            f" and El Torito leads UEFI to {length} from {start}",
        )
        good = efi_system.guid == EFI_SYSTEM_PARTITION
        findings.check(good, KIND, f"the second partition of {name} is no EFI system partition")


def _check_second_volume(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """The first partition is a file system of its own, of the same label: what a stick's partition is mounted as."""
    descriptor = image.at(SECOND_VOLUME * SECTOR, SECTOR)
    label = descriptor[40:72].decode("ascii", "replace").rstrip(" ")
    if descriptor[:6] != b"\x01CD001":
        findings.add(KIND, "its first partition holds no file system, so it cannot be mounted from a USB stick")
    else:
        findings.check(
            label == expected.volume, "label", f"the first partition is called {label!r}, not {expected.volume!r}"
        )


def _volume_size_fault(volume: int, size: int) -> str:
    """Return the sentence about a spare GPT outside of the volume, where no media check looks and copies end."""
    return f"the volume has {volume} blocks and the ISO {size}, so the spare GPT is not within the volume"


def _read_both_gpts(image: IsoImage, findings: Findings) -> list[tuple[str, GptHeader]]:
    """Return both tables with what sentences call them; each must be where the other says. Raises BootRecordError."""
    last = image.size() // BLOCK - 1
    tables = [boot_records.read_gpt(image.at, block) for block in (1, last)]
    places = [(table.own, table.other) for table in tables]
    good = places == [(1, last), (last, 1)]
    findings.check(good, KIND, f"the two GPTs are at {places}, as they say themselves")
    return [(f"the GPT at block {table.own}", table) for table in tables]


def _file_blocks(image: IsoImage, name: str) -> range:
    """Return the blocks that a file takes, none if it is not there."""
    start = image.start_sector(name) * SECTOR // BLOCK
    size = image.records[name].get_data_length() if name in image.records else 0
    return range(start, start + -(-size // BLOCK))


def _holds_span(partition: boot_records.Partition, blocks: range) -> bool:
    """Return whether a partition starts where blocks do, and ends within the sector that they end in, or with it."""
    spare = partition.blocks - len(blocks)
    return partition.first == blocks.start and 0 <= spare < SECTOR // BLOCK
