# SPDX-License-Identifier: GPL-3.0-or-later
"""What firmware, boot loaders and the media check read of an ISO: implanted MD5, labels, boot records, menus."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from smedoit.bases.enterprise_linux import BIOS, UEFI
from smedoit.branding import render
from smedoit.errors import ContentError, Findings, VerifyError
from smedoit.fat.volume import FatVolume
from smedoit.iso import boot_records, media_check, netinstall
from smedoit.iso.boot_records import BLOCK, SECTOR, BootRecordError
from smedoit.iso.read import IsoImage
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.medium_paths import BIOS_IMAGE, BOOT_IMAGES, BOOT_MENUS, EFI_IMAGE, GRUB_CFG, INNER_GRUB_CFG
from smedoit.runtime import checksums, digests

PLATFORMS = {BIOS: boot_records.BIOS, UEFI: boot_records.EFI}
NO_PARTITION = boot_records.Partition(0, False, -1, 0)


def check_iso_checksums(image: IsoImage, _: ExpectedIso, findings: Findings) -> None:
    """The implanted MD5 and the checksum file beside the ISO."""
    try:
        findings.check(
            media_check.read_implanted_md5(image.path) == media_check.compute_media_sums(image.path),
            "media check",
            "the implanted MD5 is wrong",
        )
    except VerifyError as error:
        findings.add("media check", str(error).splitlines()[0])
    beside = image.path.with_name(f"{image.path.name}.sha256")
    line = checksums.checksum_line(digests.sha256_file(image.path), image.path.name)
    findings.check(
        beside.is_file() and beside.read_text() == line, "checksum", f"{beside.name} does not hold its SHA-256"
    )


def check_volume_descriptor(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """The volume id, and the Joliet label, which must be its beginning."""
    label = image.at(16 * SECTOR + 40, 32).decode("ascii", "replace").rstrip(" ")
    findings.check(label == expected.volume, "label", f"the volume id is {label!r}, not {expected.volume!r}")
    if image.iso.joliet_vd is None:
        findings.add("label", "there is no Joliet tree, so Windows would show short names")
        return
    joliet = image.iso.joliet_vd.volume_identifier.decode("utf-16_be", "replace").rstrip(" ")
    findings.check(joliet == expected.volume[:16].rstrip(" "), "label", f"the Joliet label is {joliet!r}")


def check_boot_records(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """The El Torito catalogue leads to what each firmware starts, and isolinux.bin knows where it is."""
    try:
        entries = boot_records.parse_boot_catalog(image.at(_boot_catalog_offset(image), SECTOR))
    except BootRecordError as error:
        findings.add("boot records", str(error))
        return
    wanted = [
        (platform, _start_sector(image, BOOT_IMAGES[firmware]))
        for firmware, platform in PLATFORMS.items()
        if firmware in expected.firmware
    ]
    found = [(entry.platform, entry.sector) for entry in entries]
    findings.check(found == wanted, "boot records", f"the catalogue leads to {found}, not to {wanted}")
    if BIOS in expected.firmware:
        _check_boot_info(image, findings)


def _check_boot_info(image: IsoImage, findings: Findings) -> None:
    """isolinux.bin knows where it is, and how long."""
    loader = image.read(BIOS_IMAGE)
    try:
        boot_info = boot_records.parse_boot_info(loader)
    except BootRecordError as error:
        findings.add("boot records", str(error))
        return
    table = (16, _start_sector(image, BIOS_IMAGE), len(loader), boot_records.boot_info_checksum(loader))
    findings.check(boot_info == table, "boot records", f"the boot info table of {BIOS_IMAGE} is wrong")


def _boot_catalog_offset(image: IsoImage) -> int:
    """Return the offset of the boot catalogue. Raises BootRecordError."""
    return boot_records.boot_catalog_sector(image.at(16 * SECTOR, 16 * SECTOR)) * SECTOR


def _start_sector(image: IsoImage, name: str) -> int:
    """Return the sector at which a file starts, -1 if it is not there."""
    return int(image.records[name].extent_location()) if name in image.records else -1


def check_partitions(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """MBR and both GPTs lead to the same two places, all of the ISO and efiboot.img, with correct checksums.

    Without UEFI there is an MBR alone, which leads to all of the ISO.
    """
    efi = _efi_blocks(image)
    head = image.at(0, BLOCK)
    try:
        first, second = (*boot_records.parse_mbr(head), NO_PARTITION, NO_PARTITION)[:2]
        findings.check(
            first.active and (first.first, first.blocks) == (0, image.size() // BLOCK),
            "partitions",
            f"the MBR's first partition is {first.blocks} blocks from {first.first}, not the whole ISO,"
            f" which has {image.size() // BLOCK}",
        )
        if UEFI in expected.firmware:
            findings.check(
                second.kind == boot_records.EFI_SYSTEM and _holds_span(second, efi),
                "partitions",
                f"the MBR does not lead to {EFI_IMAGE}",
            )
        else:
            findings.check(
                second == NO_PARTITION,
                "partitions",
                "the MBR has a second partition, and [release] firmware has no uefi",
            )
        if BIOS in expected.firmware:
            loader = boot_records.isohybrid_loader_block(head) * BLOCK // SECTOR
            findings.check(
                loader == _start_sector(image, BIOS_IMAGE), "partitions", "the MBR does not lead to isolinux.bin"
            )
        if UEFI in expected.firmware:
            _check_gpts(image, efi, findings)
    except (BootRecordError, ValueError) as error:
        findings.add("partitions", str(error))


def _efi_blocks(image: IsoImage) -> range:
    """Return the blocks that efiboot.img takes, none if it is not there."""
    start = _start_sector(image, EFI_IMAGE) * SECTOR // BLOCK
    size = image.records[EFI_IMAGE].get_data_length() if EFI_IMAGE in image.records else 0
    return range(start, start + -(-size // BLOCK))


def _holds_span(partition: boot_records.Partition, blocks: range) -> bool:
    """Return whether a partition starts where blocks do, and ends within the sector that they end in, or with it."""
    spare = partition.blocks - len(blocks)
    return partition.first == blocks.start and 0 <= spare < SECTOR // BLOCK


def _check_gpts(image: IsoImage, efi: range, findings: Findings) -> None:
    """Both GPTs: each where the other says it is, with all of the volume and efiboot.img. Raises BootRecordError."""
    last = image.size() // BLOCK - 1
    tables = [boot_records.read_gpt(image.at, block) for block in (1, last)]
    places = [(table.own, table.other) for table in tables]
    findings.check(
        places == [(1, last), (last, 1)], "partitions", f"the two GPTs are at {places}, as they say themselves"
    )
    volume_blocks = image.iso.pvd.space_size * SECTOR // BLOCK
    for table in tables:
        whole, efi_system = (*table.partitions, NO_PARTITION, NO_PARTITION)[:2]
        name = f"the GPT at block {table.own}"
        findings.check(
            whole.first == 0 and volume_blocks <= whole.blocks <= last + 1,
            "partitions",
            f"the first partition of {name} is {whole.blocks} blocks from {whole.first},"
            f" not the volume, which has {volume_blocks}",
        )
        findings.check(_holds_span(efi_system, efi), "partitions", f"{name} does not lead to {EFI_IMAGE}")


def check_labels(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """The boot menus, and the grub.cfg inside efiboot.img, look for this volume and no other."""
    for name, text in read_medium_menus(image, findings, expected.firmware).items():
        found = render.menu_labels(text)
        findings.check(
            found == {expected.volume}, "label", f"{name} looks for {', '.join(sorted(found)) or 'no label'}"
        )


def check_install_urls(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """Every entry of every boot menu installs from the network, from the place that release.toml says."""
    for name, text in read_medium_menus(image, findings, expected.firmware).items():
        for url in sorted(netinstall.install_urls(text) ^ {expected.url}):
            findings.add("install URL", f"{name}: {url or 'an entry without inst.repo'} is not what release.toml says")


def read_medium_menus(image: IsoImage, findings: Findings, firmware: Collection[str]) -> dict[str, str]:
    """Return the boot menus of the ISO for some firmware, that inside efiboot.img among them, as text by name."""
    texts = {name: image.read(name) for kind, name in BOOT_MENUS.items() if kind in firmware}
    if UEFI in firmware:
        _read_inner_menu(image, texts, findings)
    return {name: data.decode("utf-8", "replace") for name, data in texts.items()}


def _read_inner_menu(image: IsoImage, texts: dict[str, bytes], findings: Findings) -> None:
    """Add the grub.cfg inside efiboot.img, which UEFI reads."""
    try:
        efiboot = FatVolume(image.read(EFI_IMAGE), Path(EFI_IMAGE))
        texts[INNER_GRUB_CFG] = efiboot.content(efiboot.find(GRUB_CFG))
    except ContentError as error:
        findings.add("label", str(error).splitlines()[0])
