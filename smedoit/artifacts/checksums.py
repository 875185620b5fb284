"""Checksum files in the forms that people and mirrors use: as sha256sum and md5sum read them, and BSD's with sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

SHA256, BSD, MD5 = "SHA256SUMS", "CHECKSUM", "MD5SUMS"
NAMES = (SHA256, BSD, MD5)
GNU_LINE = re.compile(r"(\\?)([0-9a-f]{32,}) [ *](.+)")
BSD_LINE = re.compile(r"(\\?)(?:SHA256|MD5) \((.+)\) = ([0-9a-f]{32,})")
SIZE_LINE = re.compile(r"# (.+): ([0-9]+) bytes")


@dataclass(frozen=True)
class Summed:
    """A file with its digests in hexadecimal; size in bytes, md5 only where somebody wants it."""

    name: str
    size: int
    sha256: str
    md5: str = ""


def texts(files: Iterable[Summed]) -> dict[str, str]:
    """Return the name of each checksum file -> its text."""
    ordered = sorted(files, key=lambda one: one.name)
    return {
        SHA256: "".join(gnu_line(one.name, one.sha256) for one in ordered),
        BSD: bsd(ordered),
        MD5: "".join(gnu_line(one.name, one.md5) for one in ordered),
    }


def gnu_line(name: str, digest: str) -> str:
    """Return a line that sha256sum -c or md5sum -c reads; a name with a line break is escaped as they do it."""
    return f"{mark(name)}{digest}  {escaped(name)}\n"


def bsd(files: Iterable[Summed]) -> str:
    """Return two lines a file, the size and BSD's form of the SHA-256: what Fedora and CentOS publish.

    sha256sum -c reads it as well; to it a line that begins with # is a comment.
    """
    return "".join(
        f"# {escaped(one.name)}: {one.size} bytes\n{mark(one.name)}SHA256 ({escaped(one.name)}) = {one.sha256}\n"
        for one in files
    )


def mark(name: str) -> str:
    """Return what begins the line of a name that had to be escaped. Source: coreutils manual, md5sum invocation."""
    return "" if escaped(name) == name else "\\"


def escaped(name: str) -> str:
    """Return name on one line."""
    return name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def unescaped(name: str) -> str:
    """Return the name that escaped made one line of."""
    codes = {"n": "\n", "r": "\r", "\\": "\\"}
    return re.sub(r"\\(.)", lambda found: codes.get(found.group(1), found.group()), name)


def read(text: str) -> dict[str, str]:
    """Return name -> digest of a checksum file in either form. Raises ValueError with a line that is neither."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if gnu := GNU_LINE.fullmatch(line):
            escape, digest, name = gnu.groups()
        elif one := BSD_LINE.fullmatch(line):
            escape, name, digest = one.groups()
        elif line.startswith("#") or not line:
            continue
        else:
            raise ValueError(line)
        found[unescaped(name) if escape else name] = digest
    return found


def sizes(text: str) -> dict[str, int]:
    """Return name -> bytes, from the comments of the BSD form."""
    found = (SIZE_LINE.fullmatch(line) for line in text.splitlines())
    return {unescaped(one.group(1)): int(one.group(2)) for one in found if one}


def checksum_line(digest: str, name: str) -> str:
    """Return a line that sha256sum -c reads."""
    return f"{digest}  {name}\n"
