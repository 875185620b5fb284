# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot set: which files it is, their pins, and what upstream says of them."""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from smedoit.bases.enterprise_linux import ALL_FIRMWARE, Base
from smedoit.bases.known import USUAL
from smedoit.errors import ContentError, format_grouped
from smedoit.fetch import index_pages
from smedoit.medium_paths import NETINSTALL_IMAGE, OVERLAYS, TREEINFO
from smedoit.runtime import checksums
from smedoit.runtime.checksums import ChecksummedFile
from smedoit.runtime.filesets import matches_patterns
from smedoit.tree.boot_files import describe_missing_files

APART = ("*TRANS.TBL", "*boot.cat", *OVERLAYS)  # mkisofs left them, or we make them
# Checksum files as upstreams name them; a signature is inside, or beside with one of ENDINGS.
SUM_FILES = ("sha256sum.txt.asc", "sha256sum.txt", "CHECKSUM", "SHA256SUM", "SHA256SUMS", "sha1sum.txt.asc")
ENDINGS = (".asc", ".sig", ".gpg")
ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}  # hexadecimal digits -> what made them
HEADING = "# The boot set, file by file; written by doit pin_boot_set, read by doit boot_set and sha256sum -c.\n"


@dataclass(frozen=True)
class ChecksumClaim:
    """A published list of files, path -> digest; signer is a fingerprint, "" for an unsigned one."""

    source: str
    digests: Mapping[str, str]
    signer: str = ""

    def __str__(self) -> str:
        return f"{self.source} (signed by {self.signer})" if self.signer else f"{self.source} (unsigned)"

    def about(self, names: Iterable[str]) -> ChecksumClaim:
        """Return the part of the list that is about these files."""
        return replace(self, digests={name: self.digests[name] for name in names if name in self.digests})


def in_boot_set(base: Base, relative: str) -> bool:
    """Return whether a file of an upstream tree is part of the boot set."""
    if any(fnmatchcase(relative, pattern) for pattern in APART):
        return False
    return relative == TREEINFO or matches_patterns(relative, base.boot_files)


def boot_set_tops(base: Base) -> tuple[str, ...]:
    """Return the directories at the top of an upstream tree that a boot set lies in."""
    return tuple(dict.fromkeys(pattern.partition("/")[0] for pattern in base.boot_files))


def format_pins(files: Iterable[ChecksummedFile], remark: str) -> str:
    """Return the pin file: a remark for people, sizes as comments, digests as BSD writes them."""
    return f"{HEADING}# {remark}\n" + checksums.format_bsd_checksums(sorted(files, key=lambda file: file.name))


def parse_pins(text: str, file: object) -> dict[str, ChecksummedFile]:
    """Return path -> pin of every file. Raises ContentError for a text without pins, or a path that leads astray."""
    try:
        found, sizes = checksums.parse_checksums(text), checksums.parse_sizes(text)
    except ValueError as error:
        raise ContentError(
            f"{file}: this line is no checksum: {str(error)[:80]!r}", hint="run doit pin_boot_set, or mend it"
        ) from None
    for path, digest in found.items():
        if reason := index_pages.path_danger(path):
            raise ContentError(f"{file}: the path {index_pages.shorten_link(path)!r} {reason}", hint="remove that line")
        if len(digest) != 64 or path not in sizes:
            raise ContentError(
                f"{file}: {path} lacks its size or its SHA-256", hint="run doit pin_boot_set, or add '# PATH: N bytes'"
            )
    if not found:
        raise ContentError(f"{file}: pins nothing", hint="run doit pin_boot_set")
    return {path: ChecksummedFile(path, sizes[path], digest) for path, digest in found.items()}


@dataclass(frozen=True)
class PinFile:
    """The file of the pins, and what it pins must start from: a base's installer, and the firmware."""

    path: Path
    base: Base = USUAL
    firmware: tuple[str, ...] = ALL_FIRMWARE


def check_required_files(names: Iterable[str], where: object, pins: PinFile) -> None:
    """Raise ContentError for all files without which nothing boots."""
    found, needed = frozenset(names), set(pins.base.required_files(pins.firmware))
    if NETINSTALL_IMAGE in found:  # it has the code in its own MBR
        needed.discard(pins.base.mbr_image)
    if missing := describe_missing_files(pins.base, found, needed):
        raise ContentError(f"{where}: {missing}", hint="name a whole upstream tree, or a DVD, in [boot_set]")


def single_kernel_version(found: Mapping[str, Iterable[str]]) -> str:
    """Return the kernel that all files are made for; path -> versions, without those that cannot tell.

    Raises ContentError with every file's own words if they differ.
    """
    versions_by_file = {path: sorted(versions) for path, versions in found.items()}
    common = set.intersection(*map(set, versions_by_file.values())) if versions_by_file else set()
    if versions_by_file and not common:
        raise ContentError(
            "the boot set is made for different kernels, its installer would find no drivers\n"
            + format_grouped(versions_by_file),
            hint="take vmlinuz, initrd.img and squashfs.img from one upstream release",
        )
    return max(common, default="")


def treeinfo_checksums(text: str, where: object) -> dict[str, str]:
    """Return path -> digest of .treeinfo's [checksums], which older ones lack. Raises ContentError."""
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ContentError(f"{where}: is no .treeinfo, {str(error).splitlines()[0]}", hint="fetch it again") from None
    section = parser["checksums"] if parser.has_section("checksums") else {}
    return {path: value.partition(":")[2].strip().lower() for path, value in section.items() if ":" in value}


def parse_upstream_sums(text: str) -> dict[str, str]:
    """Return name -> digest of a checksum file; a line that says something else is passed over."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        try:
            found.update(checksums.parse_checksums(line))
        except ValueError:
            continue
    return {name.removeprefix("./"): digest for name, digest in found.items()}


def pin_differences(old: Mapping[str, ChecksummedFile], new: Mapping[str, ChecksummedFile]) -> list[str]:
    """Return what the new pins say otherwise than the old ones, a line each."""
    lines = [f"{path}: is new" for path in sorted(set(new) - set(old))]
    lines += [f"{path}: is gone" for path in sorted(set(old) - set(new))]
    return lines + [
        f"{path}: was {old[path].size} bytes, sha256 {old[path].sha256}"
        for path in sorted(set(old) & set(new))
        if old[path].sha256 != new[path].sha256
    ]
