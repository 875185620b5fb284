"""What follows the writing: the MD5 that the installer's media check reads, and checksum files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from smedoit.decide import jigdo
from smedoit.decide.errors import VerifyError
from smedoit.do import mediasums, tree
from smedoit.do.mediasums import FIELD, FIELD_AT, FRAGMENTS, SKIPPED

PHRASE = "THIS IS NOT THE SAME AS RUNNING MD5SUM ON THIS ISO!!"


def implant(path: Path, sums: tuple[str, str] | None = None) -> str:
    """Write the media check's MD5 into an ISO, in place; return it. Raises VerifyError if path is no ISO.

    sums  MD5 and fragment sums of the ISO, where somebody has taken them already

    Source: isomd5sum, libimplantisomd5.c
    """
    digest, fragments = sums or mediasums.of(path)
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
