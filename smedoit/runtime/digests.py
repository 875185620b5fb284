"""Digests of files, remembered by their stamps: what has not changed is not read again.

A stamp knows a file by its inode, whatever it is called: a hard link in another release's
tree is the same file, and is not read again either.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from smedoit.jigdo import format
from smedoit.runtime import files, progress

class DigestCache:
    """A memory of digests in one file; losing it costs a reading, nothing else."""

    def __init__(self, memory: Path) -> None:
        self.memory = memory
        self.known = _load_entries(memory)
        self.learned: dict[str, dict[str, str]] = {}

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of a file. Raises FileError."""
        return self.of(path, "sha256")["sha256"]

    def of(self, path: Path, *kinds: str) -> dict[str, str]:
        """Return the digests of a file, by kind: some of READERS. Raises FileError."""
        key = _stamp_key(path)
        entry = {**self.known.get(key, {}), **self.learned.get(key, {})}
        fresh = {kind: READERS[kind](path) for kind in kinds if kind not in entry}
        self.learned[key] = {**entry, **fresh, "path": os.fspath(path)}
        return {kind: self.learned[key][kind] for kind in kinds}

    def of_all(self, paths: Iterable[Path], *kinds: str) -> dict[Path, dict[str, str]]:
        """Return the same kinds of digest of many files. Raises FileError."""
        return self.of_each(dict.fromkeys(paths, kinds))

    def of_each(self, wanted: Mapping[Path, tuple[str, ...]]) -> dict[Path, dict[str, str]]:
        """Return the digests of many files, of each the kinds wanted; as many files at once as there are processors.

        Raises FileError.
        """
        from concurrent.futures import ThreadPoolExecutor

        fresh = [path for path, kinds in wanted.items() if not self.knows(path, kinds)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing leaves the interpreter free for the others
            read = pool.map(lambda path: self.of(path, *wanted[path]), fresh)
            found = dict(zip(fresh, progress.track_progress(read, len(fresh), "hashing files"), strict=True))
        return {path: found[path] if path in found else self.of(path, *kinds) for path, kinds in wanted.items()}

    def knows(self, path: Path, kinds: Iterable[str]) -> bool:
        """Return whether these digests of a file are known without reading it. Raises FileError."""
        key = _stamp_key(path)
        return {*kinds} <= {*self.known.get(key, ()), *self.learned.get(key, ())}

    def learn(self, path: Path, stamp: files.FileStamp | None = None, **found: str) -> None:
        """Remember digests, by kind, that somebody else has computed. Raises FileError.

        stamp  of the file when they were computed, if that may be a while ago
        """
        key = " ".join(map(str, stamp)) if stamp else _stamp_key(path)
        self.learned[key] = {**self.known.get(key, {}), **self.learned.get(key, {}), **found, "path": os.fspath(path)}

    def save(self) -> None:
        """Write the memory down, with what others learned meanwhile and without files that are gone or changed."""
        if self.learned:
            everything = {**_load_entries(self.memory), **self.learned}
            there = {key: entry for key, entry in sorted(everything.items()) if _is_current(key, entry)}
            files.write_file(self.memory, json.dumps(there, separators=(",", ":")), durable=False)


def _load_entries(memory: Path) -> dict[str, dict[str, str]]:
    """Return what a memory holds: stamp as text -> kind -> digest; a damaged one holds nothing."""
    try:
        found: Any = json.loads(memory.read_bytes())
        return {str(key): {str(kind): str(value) for kind, value in entry.items()} for key, entry in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _stamp_key(path: Path) -> str:
    """Return the stamp of a file as text. Raises FileError."""
    with files.wrap_os_errors(path, "read"):
        return " ".join(map(str, files.stamp_file(path)))


def _is_current(key: str, entry: Mapping[str, str]) -> bool:
    """Return whether an entry still speaks of the file that bears its name."""
    try:
        return " ".join(map(str, files.stamp_file(entry.get("path", "")))) == key
    except OSError:
        return False


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file. Raises FileError."""
    return _hash_file(path, hashlib.sha256())


def md5_file(path: Path) -> str:
    """Return the MD5 of a file, for jigdo and old mirrors; it proves nothing. Raises FileError."""
    return _hash_file(path, hashlib.md5(usedforsecurity=False))


def _hash_file(path: Path, state: hashlib._Hash) -> str:
    """Return what state makes of a file, in hexadecimal. Raises FileError."""
    with files.wrap_os_errors(path, "read"), path.open("rb", buffering=0) as file:
        while block := file.read(files.BLOCK):
            state.update(block)
    return state.hexdigest()


def _jigdo_head_sum(path: Path) -> str:
    """Return jigdo's rolling sum of the first bytes of a file, in hexadecimal. Raises FileError."""
    with files.wrap_os_errors(path, "read"), path.open("rb", buffering=0) as file:
        return f"{format.rsync64_sum(file.read(format.BLOCK)):016x}"


READERS: Mapping[str, Callable[[Path], str]] = {"sha256": sha256_file, "md5": md5_file, "rsync64": _jigdo_head_sum}
