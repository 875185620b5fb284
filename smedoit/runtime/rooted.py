# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes below a directory: it is opened, each name is opened within the one before, and no link is ever followed.

A path that was looked at may lead elsewhere when it is used; a directory that is open is the one that was opened.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from smedoit.errors import FileError
from smedoit.runtime.files import BESIDE, BLOCK, FILE_MODE, READABLE, wrap_os_errors

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
NO_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP)  # a copy is made where these say so


@dataclass(frozen=True)
class RootedPath:
    """A path below a directory that somebody configured.

    top       may be a link: whoever configured it meant what that leads to
    relative  from there, with no .. in it; what its last name stands for is never followed either
    """

    top: Path
    relative: str

    def __str__(self) -> str:
        return os.fspath(self.path)

    @property
    def path(self) -> Path:
        """The whole of it, for people: nothing is opened by that."""
        return self.top / self.relative

    @contextmanager
    def opened_parent(self, doing: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
        """Yield the open directory that holds the last name, and that name.

        doing   what is done to it, for the sentence of an OSError within
        create  whether to make the directories on the way

        Raises FileError for a link on the way, FileNotFoundError (as a FileError) for a directory that is not there.
        """
        *above, name = _checked_names(self)
        with wrap_os_errors(self.path, doing):
            if create:
                os.makedirs(self.top, exist_ok=True)
            handle = os.open(self.top, DIRECTORY)
            try:
                for depth, step in enumerate(above, 1):
                    if create:
                        with contextlib.suppress(FileExistsError):
                            os.mkdir(step, dir_fd=handle)
                    inner = self._open_below(handle, step, depth)
                    os.close(handle)
                    handle = inner
                yield handle, name
            except OSError as error:
                error.filename = error.filename2 = None  # a name alone says nothing: the sentence has the whole path
                raise
            finally:
                os.close(handle)

    def _open_below(self, handle: int, name: str, depth: int) -> int:
        """Return the directory of a name in an open one. Raises FileError for a link, OSError."""
        try:
            return os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR) and _is_link_at(handle, name):
                link = self.top.joinpath(*PurePosixPath(self.relative).parts[:depth])
                raise FileError(
                    f"{self}: {link} on its way is a link, which may lead out of {self.top}",
                    hint="put the directory itself there instead of the link",
                ) from None
            raise

    def info(self) -> os.stat_result | None:
        """Return what is there, a link as a link, None if nothing is. Raises FileError."""
        with _absent_is_none(), self.opened_parent("read") as (handle, name):
            return os.stat(name, dir_fd=handle, follow_symlinks=False)
        return None

    def exists(self) -> bool:
        """Return whether anything is there, a link too."""
        return self.info() is not None

    def is_file(self) -> bool:
        """Return whether a regular file is there."""
        return (info := self.info()) is not None and stat.S_ISREG(info.st_mode)

    def is_directory(self) -> bool:
        """Return whether a directory is there, and not a link to one."""
        return (info := self.info()) is not None and stat.S_ISDIR(info.st_mode)

    def read_link(self) -> str:
        """Return what the link that is there says, "" if there is none."""
        info = self.info()
        if info is None or not stat.S_ISLNK(info.st_mode):
            return ""
        with self.opened_parent("read") as (handle, name):
            return os.readlink(name, dir_fd=handle)

    def sha256(self) -> str:
        """Return the SHA-256 of the regular file that is there. Raises FileError if there is none."""
        state = hashlib.sha256()
        self.read_blocks(state.update)
        return state.hexdigest()

    def read_blocks(self, take: Callable[[bytes], object]) -> None:
        """Hand the regular file that is there to take, block by block. Raises FileError if there is none."""
        with _opened_file(self) as handle:
            while block := os.read(handle, BLOCK):
                take(block)

    def is_same(self, other: RootedPath) -> bool:
        """Return whether both are one file."""
        mine, theirs = self.info(), other.info()
        return mine is not None and theirs is not None and os.path.samestat(mine, theirs)

    def beside(self) -> RootedPath:
        """Return where it lies while it is written."""
        return RootedPath(self.top, self.relative + BESIDE)


def _checked_names(place: RootedPath) -> list[str]:
    """Return the names of a path. Raises FileError for one that could climb, or is none."""
    names = place.relative.split("/")
    if any(name in ("", ".", "..") or "\0" in name for name in names):
        raise FileError(f"{place}: leads out of {place.top}", hint="name what lies below it")
    return names


@contextmanager
def _absent_is_none() -> Iterator[None]:
    """Pass over a FileError for what is not there, or lies below a file."""
    try:
        yield
    except FileError as error:
        if not isinstance(error.__cause__, (FileNotFoundError, NotADirectoryError)):
            raise


def _is_link_at(handle: int, name: str) -> bool:
    """Return whether a name in an open directory is a link. Raises OSError."""
    return stat.S_ISLNK(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode)


@contextmanager
def _opened_file(place: RootedPath) -> Iterator[int]:
    """Yield the regular file at place, open for reading; what is none is not waited for. Raises FileError."""
    with place.opened_parent("read") as (above, name):
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=above)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise FileError(f"{place}: is no regular file", hint="put the file itself there")
            yield handle
        finally:
            os.close(handle)


def link_rooted(source: RootedPath, target: RootedPath) -> None:
    """Let a file appear at target, too, where nothing is; a copy, where no link can be made or not all may read it.

    Raises FileError, also if source is a link or something is at target.
    """
    with (
        _opened_file(source) as opened,
        source.opened_parent("linked") as (origin, name),
        target.opened_parent("linked", create=True) as (place, own),
    ):
        try:
            if os.fstat(opened).st_mode & READABLE != READABLE:
                raise OSError(errno.EPERM, "not everybody may read it")
            os.link(name, own, src_dir_fd=origin, dst_dir_fd=place, follow_symlinks=False)
        except OSError as error:
            if error.errno not in NO_LINK:
                raise
            _copy_at(opened, place, own)
            return
        if not os.path.samestat(os.stat(own, dir_fd=place, follow_symlinks=False), os.fstat(opened)):
            os.unlink(own, dir_fd=place)
            raise FileError(f"{source}: was exchanged while it was linked", hint="look who works there, then retry")


def _copy_at(opened: int, place: int, name: str) -> None:
    """Make a name a copy of an open file, written beside it and synced. Raises OSError."""
    beside = name + BESIDE
    _unlink_at(place, beside)
    new = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=place)
    try:
        with open(new, "wb") as copy, open(os.dup(opened), "rb") as source:
            shutil.copyfileobj(source, copy, BLOCK)
            copy.flush()
            os.fchmod(new, FILE_MODE)
            os.fsync(new)
        os.rename(beside, name, src_dir_fd=place, dst_dir_fd=place)
    except BaseException:
        _unlink_at(place, beside)
        raise


def write_rooted_file(place: RootedPath, blocks: Iterable[bytes], mode: int = FILE_MODE, durable: bool = True) -> None:
    """Make place a file that holds blocks, written beside it, and synced if it is to be durable. Raises FileError."""
    with place.opened_parent("written", create=True) as (handle, name):
        beside = name + BESIDE
        _unlink_at(handle, beside)
        new = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=handle)
        try:
            with open(new, "wb") as file:
                for block in blocks:
                    file.write(block)
                file.flush()
                os.fchmod(new, mode)
                if durable:
                    os.fsync(new)
            os.rename(beside, name, src_dir_fd=handle, dst_dir_fd=handle)
        except BaseException:
            _unlink_at(handle, beside)
            raise


def move_rooted(source: RootedPath, target: RootedPath, *, replacing: bool = False) -> None:
    """Rename what is at source, in one step. Raises FileError if something is at target and it is not replacing."""
    with (
        source.opened_parent("moved") as (origin, name),
        target.opened_parent("moved", create=True) as (place, own),
    ):
        if not replacing and _is_taken(place, own):
            raise FileExistsError(errno.EEXIST, "something is there already", str(target))
        os.rename(name, own, src_dir_fd=origin, dst_dir_fd=place)


def _is_taken(handle: int, name: str) -> bool:
    """Return whether a name in an open directory is anything."""
    try:
        os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def switch_rooted_link(link: RootedPath, says: str) -> None:
    """Make link a symlink that says something, in one step: at no moment is there none."""
    with link.opened_parent("linked", create=True) as (handle, name):
        _unlink_at(handle, name + BESIDE)
        os.symlink(says, name + BESIDE, dir_fd=handle)
        os.rename(name + BESIDE, name, src_dir_fd=handle, dst_dir_fd=handle)


def remove_rooted_file(place: RootedPath) -> None:
    """Remove a file, or a link itself, if it is there. Raises FileError."""
    with _absent_is_none(), place.opened_parent("removed") as (handle, name):
        os.unlink(name, dir_fd=handle)


def make_rooted_directory(place: RootedPath, mode: int) -> None:
    """Make a directory with all above it, and give it a mode. Raises FileError for a link in its place."""
    with RootedPath(place.top, f"{place.relative}/-").opened_parent("made", create=True) as (handle, _):
        os.fchmod(handle, mode)


def remove_empty_directory(place: RootedPath) -> None:
    """Remove a directory if it is there and empty. Raises FileError."""
    with _absent_is_none(), place.opened_parent("removed") as (handle, name):
        try:
            os.rmdir(name, dir_fd=handle)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


def remove_rooted_tree(place: RootedPath) -> None:
    """Remove a directory with all that is in it, if it is there; a link to one is refused. Raises FileError."""
    with _absent_is_none(), place.opened_parent("removed") as (handle, name):
        if _is_link_at(handle, name):
            raise FileError(f"{place}: is a link, where a directory belongs", hint="remove the link, then try again")
        _remove_tree_at(handle, name)


def _remove_tree_at(above: int, name: str) -> None:
    """Remove a directory of an open one. Raises OSError."""
    handle = os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    try:
        with os.scandir(handle) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for inner, is_directory in found:
            if is_directory:
                _remove_tree_at(handle, inner)
            else:
                os.unlink(inner, dir_fd=handle)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=above)


def list_rooted_directory(place: RootedPath) -> list[str]:
    """Return the names in a directory, sorted; none if it is not there. Raises FileError for a link in its place."""
    with _absent_is_none(), RootedPath(place.top, f"{place.relative}/-").opened_parent("read") as (handle, _):
        return sorted(os.listdir(handle))
    return []


def sync_rooted_parents(places: Iterable[RootedPath]) -> None:
    """Bring the names of paths safely to disk, where their directories are there. Raises FileError."""
    parents = {(place.top, tuple(_checked_names(place)[:-1])) for place in places}
    for top, above in sorted(parents):
        with _absent_is_none(), RootedPath(top, "/".join([*above, "-"])).opened_parent("synced") as (handle, _):
            os.fsync(handle)


def _unlink_at(handle: int, name: str) -> None:
    """Remove a name in an open directory, if it is there. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=handle)
