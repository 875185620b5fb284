# SPDX-License-Identifier: GPL-3.0-or-later
"""What firmware, boot loaders and the media check read of an ISO: implanted MD5, labels, boot records, menus."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from smedoit.bases.enterprise_linux import BIOS, UEFI, Base, FirmwareBoot, Loader
from smedoit.branding import render
from smedoit.errors import ContentError, Findings, VerifyError
from smedoit.fat.volume import FatVolume
from smedoit.iso import boot_records, media_check, netinstall
from smedoit.iso.boot_records import BLOCK, SECTOR, BootCatalogEntry, BootRecordError
from smedoit.iso.read import IsoImage
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.medium_paths import EFI_IMAGE, GRUB_CFG, INNER_GRUB_CFG
from smedoit.runtime import checksums, digests

PLATFORMS = {BIOS: boot_records.BIOS, UEFI: boot_records.EFI}


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
    """The El Torito catalogue leads to what each firmware starts, and BIOS's loader knows where it is."""
    try:
        sector = boot_records.boot_catalog_sector(image.at(16 * SECTOR, 16 * SECTOR))
        entries = boot_records.parse_boot_catalog(image.at(sector * SECTOR, SECTOR))
    except BootRecordError as error:
        findings.add("boot records", str(error))
        return
    wanted = {
        platform: _start_sector(image, expected.base, firmware)
        for firmware, platform in PLATFORMS.items()
        if firmware in expected.firmware
    }
    found = [(entry.platform, entry.sector) for entry in entries]
    findings.check(
        found == [*wanted.items()], "boot records", f"the catalogue leads to {found}, not to {[*wanted.items()]}"
    )
    for entry in entries:
        if size := _load_size_fault(image, expected.base, entry):
            findings.add("boot records", size)
    if BIOS in expected.firmware:
        _check_boot_info(image, expected.base.bios, findings)


def _start_sector(image: IsoImage, base: Base, firmware: str) -> int:
    """Return the sector of what a firmware starts, -1 if it is not there."""
    if base.boots[firmware].image in base.unlisted:
        return image.efi_partition[0] // SECTOR if image.efi_partition else -1
    return image.start_sector(base.boots[firmware].image)


def _load_size_fault(image: IsoImage, base: Base, entry: BootCatalogEntry) -> str:
    """Return what is wrong with how much firmware is told to load, "" if nothing.

    The catalogue counts to 65,535 blocks of 512 bytes; 0 is all that follows, for UEFI.
    """
    if entry.platform == boot_records.BIOS:
        good = entry.blocks == boot_records.BIOS_LOAD_BLOCKS
        return "" if good else f"the catalogue has BIOS load {entry.blocks} blocks, not {boot_records.BIOS_LOAD_BLOCKS}"
    name = base.uefi.image
    size = image.records[name].get_data_length() if name in image.records else (image.efi_partition or (0, 0))[1]
    least = -(-size // BLOCK)
    fits = entry.blocks == 0 if least > boot_records.MOST_LOAD_BLOCKS else 0 <= entry.blocks - least < SECTOR // BLOCK
    return "" if fits else f"the catalogue has UEFI load {entry.blocks} blocks, and {name} has {least}"


def _check_boot_info(image: IsoImage, bios: FirmwareBoot, findings: Findings) -> None:
    """What BIOS starts knows where it is, and how long; GRUB's also where it goes on."""
    loader, start = image.read(bios.image), image.start_sector(bios.image)
    try:
        boot_info = boot_records.parse_boot_info(loader)
    except BootRecordError as error:
        findings.add("boot records", f"{bios.image} {error}")
        return
    table = (16, start, len(loader), boot_records.boot_info_checksum(loader))
    findings.check(boot_info == table, "boot records", f"the boot info table of {bios.image} is wrong")
    if bios.loader is Loader.GRUB:
        good = boot_records.parse_grub_info(loader) == start * SECTOR // BLOCK + boot_records.GRUB_HEAD_BLOCKS + 1
        findings.check(good, "boot records", f"{bios.image} is told a wrong place to go on at")


def check_labels(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """The boot menus, and the grub.cfg inside efiboot.img, look for this volume and no other."""
    for name, text in read_medium_menus(image, findings, expected.base, expected.firmware).items():
        found = render.menu_labels(text)
        findings.check(
            found == {expected.volume}, "label", f"{name} looks for {', '.join(sorted(found)) or 'no label'}"
        )


def check_install_urls(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """Every entry of every boot menu installs from the network, from the place that release.toml says."""
    for name, text in read_medium_menus(image, findings, expected.base, expected.firmware).items():
        for url in sorted(netinstall.install_urls(text) ^ {expected.url}):
            findings.add("install URL", f"{name}: {url or 'an entry without inst.repo'} is not what release.toml says")


def read_medium_menus(image: IsoImage, findings: Findings, base: Base, firmware: Collection[str]) -> dict[str, str]:
    """Return the boot menus of the ISO for some firmware, that inside efiboot.img among them, as text by name."""
    texts = {boot.menu: image.read(boot.menu) for kind, boot in base.boots.items() if kind in firmware}
    if UEFI in firmware:
        _read_inner_menu(image, texts, findings)
    return {name: data.decode("utf-8", "replace") for name, data in texts.items()}


def _read_inner_menu(image: IsoImage, texts: dict[str, bytes], findings: Findings) -> None:
    """Add the grub.cfg inside efiboot.img, which UEFI reads."""
    try:
        efiboot = FatVolume(image.read_efi_image(), Path(EFI_IMAGE))
        texts[INNER_GRUB_CFG] = efiboot.content(efiboot.find(GRUB_CFG))
    except ContentError as error:
        findings.add("label", str(error).splitlines()[0])
