# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a medium that GRUB starts, with efiboot.img as a partition behind its file system, by xorriso.

pycdlib cannot: it knows neither such a partition, nor the volume descriptor that makes the first one a file system.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from smedoit.bases.enterprise_linux import BIOS, UEFI
from smedoit.errors import VerifyError
from smedoit.iso.medium import IsoMedium, volume_identifier
from smedoit.iso.read import IsoImage
from smedoit.runtime import files, process

SECTOR = 2048
EFI_SYSTEM = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"  # kinds of a GPT's partitions
BASIC_DATA = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
FIRST_SECTOR = 16  # of the first partition, which is a file system, too; partition tables lie before it
# What needs no escape in a quoted word. Letters beyond ASCII have none because a line may have 4 KiB
SPECIAL = re.compile(rb"[^A-Za-z0-9._/+=:,\x80-\xff-]")
WRITTEN = re.compile(r"UPDATE : Writing:\s+(\d+)s\s")
# Not as other programs do: it must not read settings of whoever runs it, nor clean up after a signal
START = ("xorriso", "-no_rc", "-signal_handling", "sig_dfl", "-abort_on", "SORRY", "-return_with", "SORRY", "32",
         "-dialog", "off", "-pkt_output", "on", "-backslash_codes", "in_double_quotes")  # fmt: skip


def write_appended_iso(
    medium: IsoMedium, target: Path, progress: Callable[[int, int], None] | None = None
) -> dict[str, int]:
    """Write the medium to target, which is not yet sealed; return path -> offset of every file in it, in bytes.

    What only the MBR has is none of them, efiboot.img is.

    Raises SmeError without xorriso, ProgramError where it fails, FileError.
    """
    total = 0
    for source in medium.files.values():
        with files.wrap_os_errors(source, "read"):
            total += source.stat().st_size

    def follow(line: str) -> None:
        if progress and (found := WRITTEN.search(line)):
            progress(min(int(found[1]) * SECTOR, total), total)

    commands = target.with_name(f"{target.name}.commands{files.BESIDE}")  # which the run after a kill removes
    lines = (b" ".join(map(quote_word, words)) for words in _xorriso_commands(medium, target))
    files.write_file(commands, b"".join(line + b"\n" for line in lines), durable=False)
    try:
        process.follow_program(
            [*START, "-options_from_file", commands, "-end"],
            follow,
            package="xorriso",
            env={"SOURCE_DATE_EPOCH": str(medium.epoch)},
        )
    finally:
        files.remove_file(commands)
    return _read_offsets(medium, target)


def xorriso_version() -> str:
    """Return the version of xorriso: with another one, the same medium may have other bytes. Raises SmeError."""
    said = process.run_program(["xorriso", "-no_rc", "-version"], package="xorriso")
    found = re.search(r"^xorriso version\s*:\s*(\S+)", said, re.MULTILINE)
    return found[1] if found else "unknown"


def quote_word(word: str) -> bytes:
    """Return a word as xorriso reads it from a file of commands: what might mean something to it as hexadecimal."""
    return b'"' + SPECIAL.sub(lambda found: b"\\x%02x" % found[0][0], os.fsencode(word)) + b'"'


def _read_offsets(medium: IsoMedium, target: Path) -> dict[str, int]:
    """Return where the files of a medium lie, as the finished image says. Raises VerifyError if one is not on it."""
    image, listed = IsoImage(target), medium.listed
    if missing := sorted(set(listed) ^ set(image.records)):
        raise VerifyError(
            f"{target}: xorriso wrote other files than it was told to: {', '.join(missing[:3])}",
            hint="install xorriso 1.5.4 or later, and run doit again",
        )
    offsets = {path: int(image.records[path].extent_location()) * SECTOR for path in listed}
    partition = image.efi_partition if UEFI in medium.firmware else None
    return {**offsets, medium.base.uefi.image: partition[0]} if partition else offsets


def _xorriso_commands(medium: IsoMedium, target: Path) -> Iterator[Sequence[str]]:
    """Yield xorriso's commands for a medium, each as its words."""
    yield "-iso_rr_pattern", "off"
    yield "-disk_pattern", "off"
    yield "-report_about", "HINT"
    yield "-outdev", f"stdio:{target.absolute()}"
    yield "-compliance", "no_emul_toc:iso_9660_level=3"
    yield "-joliet", "on"
    yield from _volume_commands(medium)
    yield from _file_commands(medium)
    yield from _boot_commands(medium)
    yield "-padding", "included"  # within the volume, so that the media check covers the spare GPT's place
    yield "-report_about", "UPDATE"


def _volume_commands(medium: IsoMedium) -> Iterator[Sequence[str]]:
    """Yield what the volume descriptors say."""
    yield "-volid", medium.volume
    yield "-publisher", volume_identifier(medium.publisher)
    yield "-application_id", volume_identifier(medium.application)
    yield "-preparer_id", "SMEDOIT"
    yield "-system_id", "LINUX"
    yield "-volume_date", "uuid", time.strftime("%Y%m%d%H%M%S00", time.gmtime(medium.epoch))
    yield "-volume_date", "all_file_dates", f"={medium.epoch}"


def _file_commands(medium: IsoMedium) -> Iterator[Sequence[str]]:
    """Yield what puts the files there: sorted, owned by root, readable by everybody, equal content once.

    Without a weight for each, their order would be that of their inodes; with a file for each name, hard links alone
    would share their content.
    """
    twins = dict(_find_twins(medium))
    for path in sorted(medium.listed):
        yield "-map", str(twins[path].absolute()), f"/{path}"
    for number, path in enumerate(sorted(medium.listed), 1):
        yield "-find", f"/{path}", "-exec", "sort_weight", str(-number), "--"
    yield "-chown_r", "0", "/", "--"
    yield "-chgrp_r", "0", "/", "--"
    yield "-find", "/", "-type", "f", "-exec", "chmod", "0644", "--"
    yield "-find", "/", "-type", "d", "-exec", "chmod", "0755", "--"


def _find_twins(medium: IsoMedium) -> Iterable[tuple[str, Path]]:
    """Yield each path with the file that it is written from: the first by name of those with equal content.

    What BIOS starts has none: its place is written into it.
    """
    first: dict[str, Path] = {}
    for path, source in sorted(medium.listed.items()):
        if path == medium.base.bios.image:
            yield path, source
            continue
        with files.wrap_os_errors(source, "read"):
            yield path, first.setdefault(medium.sha256.get(path) or files.digest_file(source), source)


def _boot_commands(medium: IsoMedium) -> Iterator[Sequence[str]]:
    """Yield what makes it start from CD and as a disk. Source: lorax 40.5, x86.tmpl, in xorriso's own commands."""
    base = medium.base
    yield "-boot_image", "any", f"partition_offset={FIRST_SECTOR}"
    yield "-boot_image", "any", f"gpt_disk_guid={medium.seed.hex}"
    if UEFI in medium.firmware:
        yield "-boot_image", "any", "appended_part_as=gpt"
        yield "-append_partition", "2", EFI_SYSTEM, str(medium.files[base.uefi.image].absolute())
        yield "-boot_image", "any", f"iso_mbr_part_type={BASIC_DATA}"
    if BIOS in medium.firmware:
        yield "-boot_image", "grub", f"bin_path=/{base.bios.image}"
        yield "-boot_image", "any", "boot_info_table=on"
        yield "-boot_image", "grub", "grub2_boot_info=on"
        yield "-boot_image", "grub", f"grub2_mbr={medium.files[base.mbr_image].absolute()}"
    if {BIOS, UEFI} <= set(medium.firmware):
        yield "-boot_image", "any", "next"
    if UEFI in medium.firmware:
        yield "-boot_image", "any", "efi_path=--interval:appended_partition_2:all::"
    yield "-boot_image", "any", "cat_hidden=on"
