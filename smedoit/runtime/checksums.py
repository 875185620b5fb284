# SPDX-License-Identifier: GPL-3.0-or-later
"""Checksum files in the forms that people and mirrors use: as sha256sum and md5sum read them, and BSD's with sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

SHA256, BSD, MD5 = "SHA256SUMS", "CHECKSUM", "MD5SUMS"
KINDS = {SHA256: "sha256", BSD: "sha256", MD5: "md5"}  # which digest stands in which file
NAMES = tuple(KINDS)
GNU_LINE = re.compile(r"(\\?)([0-9a-f]{32,}) [ *](.+)")
BSD_LINE = re.compile(r"(\\?)(?:SHA256|MD5) \((.+)\) = ([0-9a-f]{32,})")
SIZE_LINE = re.compile(r"# (.+): ([0-9]{1,18}) bytes")


@dataclass(frozen=True)
class ChecksummedFile:
    """A file with its digests in hexadecimal; size in bytes, md5 only where somebody wants it."""

    name: str
    size: int
    sha256: str
    md5: str = ""


def format_checksums(files: Iterable[ChecksummedFile]) -> dict[str, str]:
    """Return the name of each checksum file -> its text."""
    ordered = sorted(files, key=lambda file: file.name)
    return {
        SHA256: "".join(_gnu_line(file.name, file.sha256) for file in ordered),
        BSD: format_bsd_checksums(ordered),
        MD5: "".join(_gnu_line(file.name, file.md5) for file in ordered),
    }


def _gnu_line(name: str, digest: str) -> str:
    """Return a line that sha256sum -c or md5sum -c reads; a name with a line break is escaped as they do it."""
    return f"{_escape_prefix(name)}{digest}  {_escape_name(name)}\n"


def format_bsd_checksums(files: Iterable[ChecksummedFile]) -> str:
    """Return two lines a file, the size and BSD's form of the SHA-256: what Fedora and CentOS publish.

    sha256sum -c reads it as well; to it a line that begins with # is a comment.
    """
    return "".join(
        f"# {_escape_name(file.name)}: {file.size} bytes\n"
        f"{_escape_prefix(file.name)}SHA256 ({_escape_name(file.name)}) = {file.sha256}\n"
        for file in files
    )


def _escape_prefix(name: str) -> str:
    """Return what begins the line of a name that had to be escaped. Source: coreutils manual, md5sum invocation."""
    return "" if _escape_name(name) == name else "\\"


def _escape_name(name: str) -> str:
    """Return name on one line."""
    return name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _unescape_name(name: str) -> str:
    """Return the name that escaped made one line of."""
    codes = {"n": "\n", "r": "\r", "\\": "\\"}
    return re.sub(r"\\(.)", lambda found: codes.get(found.group(1), found.group()), name)


def parse_checksums(text: str) -> dict[str, str]:
    """Return name -> digest of a checksum file in either form. Raises ValueError with a line that is neither."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if gnu := GNU_LINE.fullmatch(line):
            escape, digest, name = gnu.groups()
        elif match := BSD_LINE.fullmatch(line):
            escape, name, digest = match.groups()
        elif line.startswith("#") or not line:
            continue
        else:
            raise ValueError(line)
        found[_unescape_name(name) if escape else name] = digest
    return found


def parse_sizes(text: str) -> dict[str, int]:
    """Return name -> bytes, from the comments of the BSD form."""
    found = (SIZE_LINE.fullmatch(line) for line in text.splitlines())
    return {_unescape_name(match.group(1)): int(match.group(2)) for match in found if match}


def checksum_line(digest: str, name: str) -> str:
    """Return a line that sha256sum -c reads."""
    return f"{digest}  {name}\n"
