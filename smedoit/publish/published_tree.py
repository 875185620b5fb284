# SPDX-License-Identifier: GPL-3.0-or-later
"""A published tree to be read back: a directory here, or what an HTTP server shows; nothing of it is changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from smedoit.errors import ContentError, Findings, NetworkError, SmeError
from smedoit.fetch import crawl
from smedoit.fetch.client import Fetcher
from smedoit.fetch.http import HttpStatusError, ServerUnreachableError
from smedoit.fetch.response import DownloadRequest
from smedoit.runtime.files import (
    READABLE,
    explain_os_error,
    remove_file,
    resolve_file_below,
    resolve_path_below,
    wrap_os_errors,
)
from smedoit.runtime.rooted import RootedPath

METADATA_LIMIT = 512 << 20  # bytes of a file that is parsed; real ones have a tenth of it
FILE_LIMIT = 32 << 30  # bytes of any other, where nobody says how many it has: a Blu-ray disc has 25 GB
MOST_LISTED = 200_000  # files of a release with all its tiers
ABSENT = (404, 410)  # what a server says of a file that is not there; 403 is one that nobody may read
PAGES = (".html", ".htm")
ENTERABLE = 0o555
PURPOSE = "the published tree"
Advance = Callable[[int], object]


@dataclass(frozen=True)
class WantedFile:
    """A file to be read back.

    kinds  the algorithms of the digests that are wanted
    size   in bytes, None where nobody says
    """

    path: str
    kinds: tuple[str, ...]
    size: int | None = None


@dataclass(frozen=True)
class ReadFile:
    """A file as it was read back.

    digests  algorithm -> hexadecimal
    fault    why it could not be read, "" if it could
    absent   whether there is no such file
    """

    size: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    absent: bool = False


class HashingReader:
    """What takes the blocks of a file: all digests that somebody wants, in one reading."""

    def __init__(self, kinds: Iterable[str], advance: Advance) -> None:
        self.states = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
        self.size, self.advance = 0, advance

    def take(self, block: bytes) -> None:
        """Take the next bytes."""
        for state in self.states.values():
            state.update(block)
        self.size += len(block)
        self.advance(len(block))

    def result(self) -> ReadFile:
        """Return what was read."""
        return ReadFile(self.size, {kind: state.hexdigest() for kind, state in self.states.items()})


class PublishedTree(Protocol):
    """Where a published tree is read back from.

    words     what people call it
    parallel  how many files may be read at once
    unlisted  why it does not say what it holds, "" if it does
    """

    words: str
    parallel: int
    unlisted: str

    def list_names(self) -> Mapping[str, int] | None:
        """Return path -> bytes (0 where nobody says) of every file there is, None if that cannot be seen."""

    def fetch_copy(self, path: str) -> Path:
        """Return where the content of a file lies here, to be parsed. Raises SmeError."""

    def read_back(self, wanted: WantedFile, advance: Advance) -> ReadFile:
        """Return a file as it is read now; advance is told how many bytes came.

        Raises ServerUnreachableError where asking for others is of no use.
        """


class DirectoryTree:
    """A directory; links within it count as what they lead to.

    is_recorded  whether we know that it was published: then there are no links in it
    findings     gets what nobody should publish
    """

    parallel = os.cpu_count() or 1

    def __init__(self, top: Path, is_recorded: bool, findings: Findings) -> None:
        self.top, self.words = Path(os.path.realpath(top)), str(top)
        self.is_recorded, self.findings, self.unlisted = is_recorded, findings, ""

    def list_names(self) -> Mapping[str, int]:
        """Return path -> bytes of every file there is."""
        found: dict[str, int] = {}
        pending = [self.top]  # no os.walk: it calls itself for each directory, and a stranger's may be a thousand deep
        while pending:
            here = pending.pop()
            try:
                self._judge_directory(here)
                with os.scandir(here) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self._note_unread(error)
                continue
            for entry in listed:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(here / entry.name)
                    continue
                path = (here / entry.name).relative_to(self.top).as_posix()
                size = self._judge_entry(path)
                if size is not None:
                    found[path] = size
        return found

    def _judge_entry(self, path: str) -> int | None:
        """Return the bytes of a file, None for what is none; add what is wrong with it."""
        place = self.top / path
        try:
            info = place.lstat()
            if not stat.S_ISLNK(info.st_mode):
                if not stat.S_ISREG(info.st_mode):
                    self.findings.add("is no regular file", path)
                    return None
                self.findings.check(info.st_mode & READABLE == READABLE, "not everybody may read it", path)
                return info.st_size
            says, real = os.readlink(place), Path(os.path.realpath(place))
            if os.path.isabs(says) or not real.is_relative_to(self.top):
                self.findings.add("is a link that leads out", f"{path} -> {says}")
            elif not real.exists():
                self.findings.add("is a link that leads nowhere", f"{path} -> {says}")
            elif self.is_recorded:
                self.findings.add("is a link, and was published as a file", f"{path} -> {says}")
            elif real.is_file():
                return real.stat().st_size
        except OSError as error:
            self._note_unread(error)
        return None

    def _judge_directory(self, directory: Path) -> None:
        """Add a directory that not everybody may enter. Raises OSError."""
        mode = directory.stat().st_mode
        path = f"{directory.relative_to(self.top).as_posix()}/"
        self.findings.check(mode & ENTERABLE == ENTERABLE, "not everybody may enter it", path)

    def _note_unread(self, error: OSError) -> None:
        """Add what the system did not let us see."""
        self.findings.add("cannot be read", str(explain_os_error(error, self.top, "read")).splitlines()[0])

    def fetch_copy(self, path: str) -> Path:
        """Return the file itself."""
        return Path(os.path.realpath(resolve_file_below(self.top, path)))

    def read_back(self, wanted: WantedFile, advance: Advance) -> ReadFile:
        """Return a file as it is read now."""
        if not os.path.lexists(self.top / wanted.path):
            return ReadFile(absent=True)
        reader = HashingReader(wanted.kinds, advance)
        try:
            real = self.fetch_copy(wanted.path)
            RootedPath(self.top, real.relative_to(self.top).as_posix()).read_blocks(reader.take)
        except SmeError as error:
            return ReadFile(fault=str(error).splitlines()[0])
        return reader.result()


class HttpTree:
    """What an HTTP server shows below an address.

    beside  a directory of ours, for what is parsed
    """

    parallel = 1  # one request at a time: the server is somebody's

    def __init__(self, fetcher: Fetcher, url: str, beside: Path) -> None:
        self.fetcher, self.url, self.beside = fetcher, crawl.directory_url(url), beside
        self.words, self.unlisted = url, ""

    def list_names(self) -> Mapping[str, int] | None:
        """Return the files on its index pages, None if it has none."""
        try:
            found = crawl.list_remote_files(
                self.fetcher, self.url, PURPOSE, lambda _: True, lambda path: not path.endswith("repoview"), MOST_LISTED
            )
        except ServerUnreachableError:
            raise
        except (NetworkError, ContentError) as error:
            self.unlisted = str(error).splitlines()[0]
            return None
        return dict.fromkeys(found, 0)

    def fetch_copy(self, path: str) -> Path:
        """Return a copy of a small file; what a server names never leads out of the place of copies."""
        copy = self.beside / path
        with wrap_os_errors(copy, "written"):
            if not resolve_path_below(self.beside, path).exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                try:
                    self.fetcher.stream(self._request(path, None, METADATA_LIMIT), lambda: _begin_copy(copy))
                except NetworkError:
                    remove_file(copy)  # half a file must not be taken for a whole one by whoever asks again
                    raise
        return copy

    def read_back(self, wanted: WantedFile, advance: Advance) -> ReadFile:
        """Return a file as it comes now."""
        reader = HashingReader((), advance)

        def begin() -> Callable[[bytes], object]:
            nonlocal reader
            advance(-reader.size)
            reader = HashingReader(wanted.kinds, advance)
            return reader.take

        try:
            limit = FILE_LIMIT if wanted.size is None else min(max(wanted.size, 1), FILE_LIMIT)
            self.fetcher.stream(self._request(wanted.path, wanted.size, limit), begin)
        except ServerUnreachableError:
            raise
        except HttpStatusError as error:
            return ReadFile(fault=str(error).splitlines()[0], absent=error.code in ABSENT)
        except NetworkError as error:
            return ReadFile(fault=str(error).splitlines()[0])
        return reader.result()

    def _request(self, path: str, size: int | None, limit: int) -> DownloadRequest:
        """Return the request for a file."""
        address = self.url + quote(path, errors="surrogateescape")
        return DownloadRequest(address, PURPOSE, size, limit=limit, page=path.endswith(PAGES))


def _begin_copy(copy: Path) -> Callable[[bytes], object]:
    """Make an empty file, and return what adds to it."""
    copy.write_bytes(b"")

    def add(block: bytes) -> None:
        with copy.open("ab") as file:
            file.write(block)

    return add


def read_in_order(
    tree: PublishedTree, wanted: Sequence[WantedFile], advance: Advance
) -> Iterator[tuple[WantedFile, ReadFile]]:
    """Yield every file that is wanted, as it is read now; as many at once as the tree lets."""
    from concurrent.futures import ThreadPoolExecutor

    if tree.parallel == 1:
        yield from ((file, tree.read_back(file, advance)) for file in wanted)
    else:
        with ThreadPoolExecutor(tree.parallel) as pool:
            yield from zip(wanted, pool.map(lambda file: tree.read_back(file, advance), wanted), strict=True)
