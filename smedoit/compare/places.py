# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release lies in, read file by file and never changed: a directory, or an ISO that nobody mounts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from smedoit.bases.known import BASES
from smedoit.errors import FileError, VerifyError
from smedoit.fetch import index_pages
from smedoit.iso import read
from smedoit.medium_paths import EFI_IMAGE, REPOMD, TREEINFO
from smedoit.runtime import files

TREE, ISO = "tree", "ISO"
ANOTHER_COPY = "get another copy of it"
BIOS_MENUS = sorted({base.bios.menu for base in BASES.values()})
TREE_MARKS = (TREEINFO, *BIOS_MENUS, REPOMD)  # one of which the top of a tree has


class ReleasePlace(Protocol):
    """The files of a release.

    odd  path -> why it is none that could be read: a link that leads out, a device, a name that leads astray
    """

    path: Path
    kind: str
    odd: dict[str, str]

    def names(self) -> list[str]:
        """Return the path of every file, sorted, without what is odd."""

    def size(self, name: str) -> int:
        """Return the bytes of a file. Raises FileError."""

    def part(self, name: str, start: int, size: int) -> bytes:
        """Return some bytes of a file. Raises FileError, VerifyError."""

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield a file block by block. Raises FileError, VerifyError."""


class DirectoryPlace:
    """A tree, or a directory that somebody published."""

    kind = TREE

    def __init__(self, path: Path, pool: Path | None = None) -> None:
        """List its files; links may lead below it, or below a pool. Raises FileError."""
        self.path, self.pool = path, pool or path
        self.odd: dict[str, str] = {}
        self._names: list[str] = []
        with files.wrap_os_errors(path, "read"):
            for name, _ in files.walk_linked_files(path, self.pool):
                if reason := self._oddity(name):
                    self.odd[name] = reason
                else:
                    self._names.append(name)

    def _oddity(self, name: str) -> str:
        """Return why a name is no file that could be read, "" if it is one."""
        if not name.isprintable():
            return "its name is not UTF-8, or holds characters that nobody can see"
        try:
            files.resolve_file_below(self.path, name, self.pool)
        except FileError as error:
            return str(error).splitlines()[0].removeprefix(f"{self.path / name}: ")
        return ""

    def names(self) -> list[str]:
        return self._names

    def size(self, name: str) -> int:
        with files.wrap_os_errors(self.path / name, "read"):
            return (self.path / name).stat().st_size

    def part(self, name: str, start: int, size: int) -> bytes:
        with files.wrap_os_errors(self.path / name, "read"), files.open_regular_file(self.path / name) as file:
            file.seek(start)
            return _read_whole(file.fileno(), size)

    def blocks(self, name: str) -> Iterator[bytes]:
        with files.wrap_os_errors(self.path / name, "read"), files.open_regular_file(self.path / name) as file:
            while block := file.read(files.BLOCK):
                yield block


def _read_whole(handle: int, size: int) -> bytes:
    """Return that many bytes of an open file, fewer at its end. Raises OSError."""
    parts = []
    while size > 0 and (data := os.read(handle, min(size, files.BLOCK))):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


class IsoPlace:
    """An ISO, as it lies there; efiboot.img is among its files also where it is a partition."""

    kind = ISO

    def __init__(self, path: Path) -> None:
        """Open it. Raises FileError, VerifyError if it is damaged."""
        self.path = path
        with files.wrap_os_errors(path, "read"):
            self.image = read.IsoImage(path, mend=ANOTHER_COPY)
        self.odd = {name: reason for name in self.image.records if (reason := self._oddity(name))}
        own = [EFI_IMAGE] if self.image.efi_partition and EFI_IMAGE not in self.image.records else []
        self._names = sorted([*own, *(name for name in self.image.records if name not in self.odd)])

    def _oddity(self, name: str) -> str:
        """Return why a name is no file that could be read, "" if it is one."""
        if not name.isprintable():
            return "its name is not UTF-8, or holds characters that nobody can see"
        if reason := index_pages.path_danger(name):
            return f"its name {reason}"
        return "" if self.image.is_regular(name) else "is a link or a device, not a file"

    def names(self) -> list[str]:
        return self._names

    def size(self, name: str) -> int:
        with self._reading(name):
            return sum(size for _, size in self.image.extents(name))

    def part(self, name: str, start: int, size: int) -> bytes:
        with self._reading(name):
            return self.image.part(name, start, size)

    def blocks(self, name: str) -> Iterator[bytes]:
        with self._reading(name):
            yield from self.image.blocks(name)

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """Turn what is raised while a file is read into a FileError or a VerifyError."""
        try:
            with files.wrap_os_errors(self.path, "read"):
                yield
        except read.iso_damage_errors() as error:
            raise VerifyError(f"{self.path}: {name} cannot be read, {error}", hint=ANOTHER_COPY) from None


def open_release_place(path: Path, pool: Path | None = None) -> ReleasePlace:
    """Return a directory or an ISO, open. Raises FileError for what is neither, VerifyError for a damaged ISO.

    pool  where links of a directory may lead, besides below itself
    """
    if path.is_dir():
        return DirectoryPlace(path, pool)
    if not path.exists():
        raise FileError(f"{path}: there is nothing of that name", hint="name a tree, an ISO, or a packages.lock")
    return IsoPlace(path)


def find_release_tree(path: Path) -> Path:
    """Return the one tree in the directory of a release (releases/10.1, stage/10.1); path itself if it is none.

    Raises FileError.
    """
    if not path.is_dir() or any((path / name).exists() for name in TREE_MARKS):
        return path
    with files.wrap_os_errors(path, "read"):
        found = [mark.parent for above in ("*", "smeos/*") for mark in path.glob(f"{above}/{TREEINFO}")]
    return found[0] if len(found) == 1 else path


def read_place_file(place: ReleasePlace, name: str, limit: int) -> bytes:
    """Return a whole file. Raises FileError for one that is larger than limit, VerifyError."""
    if place.size(name) > limit:
        raise FileError(
            f"{place.path}: {name} is larger than {limit} bytes, more than such a file ever has", hint=ANOTHER_COPY
        )
    return b"".join(place.blocks(name))
