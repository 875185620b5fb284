# SPDX-License-Identifier: GPL-3.0-or-later
"""The MD5 of the media check (checkisomd5, rd.live.check): computed, implanted into an ISO, and read back.

It is computed of a finished ISO, or in a thread while the ISO is still being written.
"""

from __future__ import annotations

import hashlib
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from smedoit.errors import VerifyError
from smedoit.runtime import files

SECTOR = 2048
PVD = 16 * SECTOR
SIZE_AT = PVD + 84  # volume space size, big-endian, in sectors
FIELD_AT, FIELD = PVD + 883, 512  # the application use field, which carries the sums and counts as blanks in them
SKIPPED = 15  # sectors at the end that no reader looks at: drives run ahead there
CHUNK = 32768
FRAGMENTS, NIBBLES = 20, 3
ALL = 1 << 63  # beyond the end of any file
PHRASE = "THIS IS NOT THE SAME AS RUNNING MD5SUM ON THIS ISO!!"


def implant_md5(path: Path, sums: tuple[str, str] | None = None) -> str:
    """Write the media check's MD5 into an ISO, in place; return it. Raises VerifyError if path is no ISO.

    sums  MD5 and fragment sums of the ISO, if they are known already

    Source: isomd5sum, libimplantisomd5.c
    """
    digest, fragments = sums or compute_media_sums(path)
    text = (
        f"ISO MD5SUM = {digest};SKIPSECTORS = {SKIPPED};RHLISOSTATUS=1;FRAGMENT SUMS = {fragments};"
        f"FRAGMENT COUNT = {FRAGMENTS};{PHRASE}"
    )
    with files.wrap_os_errors(path, "written"), path.open("r+b") as file:
        file.seek(FIELD_AT)
        file.write(text.encode().ljust(FIELD))
    return digest


def read_implanted_md5(path: Path) -> tuple[str, str]:
    """Return (MD5, fragment sums) as they stand in an ISO. Raises VerifyError if it has none."""
    with files.wrap_os_errors(path, "read"), path.open("rb") as file:
        file.seek(FIELD_AT)
        text = file.read(FIELD).decode("ascii", "replace")
    values = dict(part.split(" = ", 1) for part in text.split(";") if " = " in part)
    if "ISO MD5SUM" not in values:
        raise VerifyError(f"{path}: has no implanted MD5; its default boot entry would stop at the media check")
    return values["ISO MD5SUM"], values.get("FRAGMENT SUMS", "")


def compute_media_sums(path: Path) -> tuple[str, str]:
    """Return (MD5, fragment sums) of an ISO. Raises VerifyError if it is none, FileError."""
    with files.wrap_os_errors(path, "read"), path.open("rb", buffering=0) as file:
        total, size = _covered_size(file), file.seek(0, 2)
        if total + SKIPPED * SECTOR > size:
            raise _truncated_error(str(path))
        file.seek(0)
        sums = MediaSums(total)
        sums.read(file, total)
    return sums.result


@contextmanager
def follow_media_sums(path: Path) -> Iterator[SumFollower]:
    """Yield a follower of path, which is about to be written; no thread outlives the block."""
    follower = SumFollower(path)
    follower.thread.start()
    try:
        yield follower
    finally:
        follower.give_up()
        follower.thread.join()


class SumFollower:
    """Takes the sums of an ISO in a thread of its own, behind whoever writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changed = threading.Condition()
        self.settled_to, self.abandoned = 0, False
        self.found: tuple[str, str] | None = None
        self.thread = threading.Thread(target=self._follow, name="media sums", daemon=True)

    def settled(self, offset: int) -> None:
        """Note that nothing before an offset will change any more; a lower one than before takes that back."""
        with self.changed:
            self.abandoned = self.abandoned or offset < self.settled_to
            self.settled_to = offset
            self.changed.notify()

    def give_up(self) -> None:
        """Follow no longer; the thread ends."""
        with self.changed:
            self.abandoned = True
            self.changed.notify()

    def result(self) -> tuple[str, str]:
        """Return (MD5, fragment sums) of the ISO, which has been written. Raises VerifyError, FileError."""
        self.settled(ALL)
        self.thread.join()
        return self.found or compute_media_sums(self.path)

    def _follow(self) -> None:
        """Add block after block as they settle; an error is found again, and raised, by result()."""
        try:
            if self._wait_until_settled(files.BLOCK):
                with self.path.open("rb", buffering=0) as file:
                    self.found = self._sum_settled_blocks(file)
        except (OSError, VerifyError):
            self.found = None

    def _sum_settled_blocks(self, file: FileIO) -> tuple[str, str] | None:
        """Return the sums of a file that is being written, None if that came to nothing."""
        sums = MediaSums(_covered_size(file))
        file.seek(0)
        while sums.at < sums.total:
            until = min(sums.at + files.BLOCK, sums.total)
            if not self._wait_until_settled(until):
                return None
            sums.read(file, until)
        return sums.result if self._wait_until_settled(ALL) else None

    def _wait_until_settled(self, offset: int) -> bool:
        """Wait until everything before an offset is settled; return whether it ever is."""
        with self.changed:
            self.changed.wait_for(lambda: self.abandoned or self.settled_to >= offset)
            return not self.abandoned


class MediaSums:
    """MD5 and fragment sums of the first total bytes of an ISO, which are added in their order.

    After each of 20 fragments come three hexadecimal digits, one of each of the first three
    bytes of the MD5 so far: a short proof that lets a reader stop early at the first fault.
    """

    def __init__(self, total: int) -> None:
        self.total, self.at = total, 0
        self.md5, self.fragments = hashlib.md5(usedforsecurity=False), ""
        self.cuts = fragment_offsets(total)

    def add(self, data: memoryview) -> None:
        """Add the next bytes."""
        while self.cuts and self.cuts[0] <= self.at + len(data):
            rest = data[self.cuts.pop(0) - self.at :]
            self._update(data[: len(data) - len(rest)])
            self.fragments += "".join(f"{byte:x}"[0] for byte in self.md5.digest()[:NIBBLES])
            data = rest
        self._update(data)

    def _update(self, data: memoryview) -> None:
        """Add bytes within which no fragment ends."""
        self.md5.update(data)
        self.at += len(data)

    def read(self, file: FileIO, until: int) -> None:
        """Add what file holds up to an offset; it stands where the sums are. Raises VerifyError if it ends before."""
        buffer = memoryview(bytearray(files.BLOCK))
        while self.at < until:
            count = file.readinto(buffer[: min(len(buffer), until - self.at)])
            if not count:
                raise _truncated_error(str(file.name))
            if self.at == 0:
                buffer[FIELD_AT : FIELD_AT + FIELD] = b" " * FIELD
            self.add(buffer[:count])

    @property
    def result(self) -> tuple[str, str]:
        """The MD5 and the fragment sums."""
        return self.md5.hexdigest(), self.fragments


def fragment_offsets(total: int) -> list[int]:
    """Return the offsets at which a fragment's sum is due, ascending.

    isomd5sum adds chunks of 32 KiB, and notes the sum after each that begins in another
    fragment (of 21) than the chunk before it.
    """
    starts = {-(-number * total // ((FRAGMENTS + 1) * CHUNK)) * CHUNK for number in range(1, FRAGMENTS + 1)}
    return sorted(min(start + CHUNK, total) for start in starts if start < total)


def _covered_size(file: FileIO) -> int:
    """Return how many bytes the media check covers, as its volume descriptor says. Raises VerifyError if it is none."""
    file.seek(0)
    head = file.read(PVD + SECTOR)
    if head[PVD : PVD + 6] != b"\x01CD001":
        raise VerifyError(f"{file.name!s}: is no ISO 9660 image", hint="delete it; doit release makes it again")
    (sectors,) = struct.unpack_from(">L", head, SIZE_AT)
    return int((sectors - SKIPPED) * SECTOR)


def _truncated_error(name: str) -> VerifyError:
    """Return the error for an ISO that ends before it should."""
    return VerifyError(
        f"{name}: is cut short, it declares more sectors than it has", hint="delete it; doit release makes it again"
    )
