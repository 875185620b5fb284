"""What follows the writing: the MD5 that the installer's media check reads, and checksum files."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from smedoit import jigdo, tree
from smedoit.errors import VerifyError

SECTOR = 2048
PVD = 16 * SECTOR
SIZE_AT = PVD + 84  # volume space size, big-endian, in sectors
FIELD_AT, FIELD = PVD + 883, 512  # the application use field, which carries the sum
SKIPPED = 15  # sectors at the end that no reader looks at: drives run ahead there
CHUNK = 32768
FRAGMENTS, NIBBLES = 20, 3
PHRASE = "THIS IS NOT THE SAME AS RUNNING MD5SUM ON THIS ISO!!"


def implant(path: Path) -> str:
    """Write the media check's MD5 into an ISO, in place; return it. Raises VerifyError if path is no ISO.

    Source: isomd5sum, libimplantisomd5.c
    """
    with tree.syncing(path):  # what is on its way to the disk now need not be waited for at the end
        digest, fragments = media_sums(path)
    text = (
        f"ISO MD5SUM = {digest};SKIPSECTORS = {SKIPPED};RHLISOSTATUS=1;FRAGMENT SUMS = {fragments};"
        f"FRAGMENT COUNT = {FRAGMENTS};{PHRASE}"
    )
    with tree.worded(path, "sealed"), path.open("r+b") as file:
        file.seek(FIELD_AT)
        file.write(text.encode().ljust(FIELD))
    return digest


def implanted(path: Path) -> tuple[str, str]:
    """Return (MD5, fragment sums) as they stand in an ISO. Raises VerifyError if it has none."""
    with tree.worded(path, "read"), path.open("rb") as file:
        file.seek(FIELD_AT)
        text = file.read(FIELD).decode("ascii", "replace")
    values = dict(part.split(" = ", 1) for part in text.split(";") if " = " in part)
    if "ISO MD5SUM" not in values:
        raise VerifyError(f"{path}: has no implanted MD5; its default boot entry would stop at the media check")
    return values["ISO MD5SUM"], values.get("FRAGMENT SUMS", "")


def media_sums(path: Path) -> tuple[str, str]:
    """Return (MD5, fragment sums) of an ISO, its application use field counted as blanks.

    After each of 20 fragments come three hexadecimal digits, one of each of the first three
    bytes of the MD5 so far: a short proof that lets a reader stop early at the first fault.
    """
    with tree.worded(path, "read"), path.open("rb", buffering=0) as file:
        total = checked_size(file, path)
        md5, fragments, last = hashlib.md5(usedforsecurity=False), "", 0
        for offset, chunk in chunks(file, total):
            md5.update(chunk)
            fragment = offset * (FRAGMENTS + 1) // total
            if fragment != last:
                fragments += "".join(f"{byte:x}"[0] for byte in md5.digest()[:NIBBLES])
                last = fragment
    return md5.hexdigest(), fragments


def checked_size(file: FileIO, path: Path) -> int:
    """Return how many bytes the media check covers. Raises VerifyError if there is no ISO."""
    file.seek(0)
    head = file.read(PVD + SECTOR)
    if head[PVD : PVD + 6] != b"\x01CD001":
        raise VerifyError(f"{path}: is no ISO 9660 image", hint="delete it, doit makes it again")
    (sectors,) = struct.unpack_from(">L", head, SIZE_AT)
    if sectors * SECTOR > file.seek(0, 2):
        raise VerifyError(f"{path}: is cut short, it declares {sectors} sectors", hint="delete it, doit makes it again")
    return int((sectors - SKIPPED) * SECTOR)


def chunks(file: FileIO, total: int) -> Iterator[tuple[int, memoryview]]:
    """Yield (offset, up to 32 KiB) from the start to total, the application use field as blanks."""
    buffer = bytearray(tree.BLOCK)
    file.seek(0)
    for start in range(0, total, len(buffer)):
        count = file.readinto(memoryview(buffer)[: min(len(buffer), total - start)])
        if start == 0:
            buffer[FIELD_AT : FIELD_AT + FIELD] = b" " * FIELD
        for offset in range(0, count, CHUNK):
            yield start + offset, memoryview(buffer)[offset : min(offset + CHUNK, count)]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file. Raises TreeError."""
    return digest(path, hashlib.sha256())


def md5(path: Path) -> str:
    """Return the MD5 of a file, for jigdo and old mirrors; it proves nothing. Raises TreeError."""
    return digest(path, hashlib.md5(usedforsecurity=False))


def digest(path: Path, state: hashlib._Hash) -> str:
    """Return what state makes of a file, in hexadecimal. Raises TreeError."""
    with tree.worded(path, "read"), path.open("rb", buffering=0) as file:
        while block := file.read(tree.BLOCK):
            state.update(block)
    return state.hexdigest()


def head_sum(path: Path) -> str:
    """Return jigdo's rolling sum of the first bytes of a file, in hexadecimal. Raises TreeError."""
    with tree.worded(path, "read"), path.open("rb", buffering=0) as file:
        return f"{jigdo.rsync64(file.read(jigdo.BLOCK)):016x}"


def checksum_line(digest: str, name: str) -> str:
    """Return a line that sha256sum -c reads."""
    return f"{digest}  {name}\n"
