# SPDX-License-Identifier: GPL-3.0-or-later
"""The only door to files that we write: beside their place, synced, then renamed into it.

A kill at any moment leaves the old file or the new one. What cannot be read or written
ends in a FileError that names the file and says what to do.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from smedoit.errors import FileError, os_error_text

BLOCK = 1 << 20
VCS_DIRECTORIES = ("CVS", ".git", ".svn")
EXPORTED = ".smedoit-export"  # tells which revision of a repository a directory was exported from
VCS_FILES = (".cvsignore", ".gitignore", ".gitattributes", EXPORTED)
BESIDE = ".smedoit-new"  # ends the name of a file or directory that is still being written
FILE_MODE = 0o644  # what every file on the medium and on the mirrors has
READABLE = 0o444
NOT_REGULAR = "it is no regular file"
HINTS = {
    errno.ENOSPC: "free some room on that file system, then run doit again: what is finished is kept",
    errno.EDQUOT: "the quota is used up; free some room, then run doit again: what is finished is kept",
    errno.EROFS: "that file system is read-only; [paths] root in release.toml must lie where you can write",
    errno.EACCES: "let your user write there, or point [paths] root in release.toml elsewhere",
    errno.EPERM: "let your user write there, or point [paths] root in release.toml elsewhere",
    errno.ENOENT: "put it in place, or correct its path in release.toml",
    errno.ELOOP: "a link stands in its place: remove it",
    errno.EFBIG: "that file system cannot hold a file of this size; [paths] root must lie on another one",
}


class FileStamp(NamedTuple):
    """What tells cheaply that a file is the one we knew: an equal stamp means equal content.

    ctime_ns  changes with the bytes, even if somebody puts mtime back; but also with the mode, the name and
              the number of links, so another one means that the file is to be looked at, not that it differs
    """

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int

    @property
    def without_ctime(self) -> tuple[int, int, int]:
        """What stays when links to the file are made: for who has no cheap way to look at its content instead."""
        return self.size, self.mtime_ns, self.inode


def stamp_file(path: str | Path) -> FileStamp:
    """Return the stamp of path, following a symlink. Raises OSError, as os.stat does."""
    info = os.stat(path)
    return FileStamp(info.st_size, info.st_mtime_ns, info.st_ino, info.st_ctime_ns)


@contextmanager
def wrap_os_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn an OSError within into a FileError: path cannot be DOING, why, and what to do."""
    try:
        yield
    except OSError as error:
        raise explain_os_error(error, path, doing) from error


def explain_os_error(error: OSError, path: str | Path, doing: str) -> FileError:
    """Return the FileError for what the system refused: the file that it names, else path, cannot be DOING, and why."""
    culprit = error.filename2 or error.filename
    named = os.fsdecode(path if culprit is None or isinstance(culprit, int) else culprit)
    return FileError(
        f"{named.removesuffix(BESIDE)}: cannot be {doing}, {os_error_text(error)}",
        hint=HINTS.get(error.errno or 0, ""),
    )


def open_regular_file(path: str | Path) -> FileIO:
    """Return a file, open for reading, that gives its bytes at once: no pipe, no device. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        code, reason = (errno.EISDIR, os.strerror(errno.EISDIR)) if stat.S_ISDIR(mode) else (errno.EINVAL, NOT_REGULAR)
        raise NotRegularError(code, reason, os.fspath(path))
    return FileIO(handle)


def open_without_link(path: str, flags: int) -> int:
    """Open a file of ours, as open() has it done: a link in its place is refused. Raises OSError."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)


class NotRegularError(OSError):
    """A pipe, a socket, a device or a directory, where a file belongs."""


def digest_file(path: str | Path) -> str:
    """Return the xxh3 digest of the file's content, in hexadecimal. Raises OSError."""
    import xxhash

    state = xxhash.xxh3_128()
    with open_regular_file(path) as file:
        while block := file.read(BLOCK):
            state.update(block)
    return state.hexdigest()


@contextmanager
def replacing_file(path: Path, mode: int = FILE_MODE, durable: bool = True) -> Iterator[Path]:
    """Yield a place beside path to write to; afterwards it is synced and renamed to path.

    If the block raises, the file beside is removed and path stays as it was.

    durable  False spares the sync, for what can be lost without harm; two processes may write it at once
    """
    beside = path.with_name(path.name + BESIDE if durable else f"{path.name}.{os.getpid()}{BESIDE}")
    with wrap_os_errors(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        try:
            yield beside
            rename_into_place(beside, path, mode, durable)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def rename_into_place(beside: Path, path: Path, mode: int = FILE_MODE, durable: bool = True) -> None:
    """Rename a finished file to its place, synced before. Raises OSError."""
    os.chmod(beside, mode)
    if durable:
        _sync_file(beside)
    os.replace(beside, path)


def sync_directories(directories: Iterable[Path]) -> None:
    """Bring the names in directories safely to disk: what was linked, renamed or removed there. Raises FileError."""
    for directory in sorted(directories):
        with wrap_os_errors(directory, "synced"):
            handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _sync_file(path: Path) -> None:
    """Bring what was written safely to disk: a rename must never come before the content. Raises OSError."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


@contextmanager
def sync_in_background(path: Path) -> Iterator[None]:
    """Bring path safely to disk while the block runs. Raises FileError."""
    from concurrent.futures import ThreadPoolExecutor

    with wrap_os_errors(path, "written"), ThreadPoolExecutor(1) as beside:
        synced = beside.submit(_sync_file, path)
        yield
        synced.result()


def write_file(path: Path, data: bytes | str, mode: int = FILE_MODE, durable: bool = True) -> None:
    """Make path hold data; text is UTF-8, with the bytes that read_text() could not decode."""
    with replacing_file(path, mode, durable) as beside:
        beside.write_bytes(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)


def read_file_bytes(path: Path) -> bytes:
    """Return the content of path. Raises FileError."""
    with wrap_os_errors(path, "read"), open_regular_file(path) as file:
        return file.readall()


def read_file_text(path: Path) -> str:
    """Return the text of path; bytes that are no UTF-8 survive a round trip unchanged. Raises FileError."""
    return read_file_bytes(path).decode("utf-8", "surrogateescape")


def copy_file(source: Path, target: Path) -> None:
    """Make target a copy of source's content, with our mode and without its owner or times."""
    with replacing_file(target) as beside, wrap_os_errors(source, "copied"):
        open_regular_file(source).close()
        shutil.copyfile(source, beside)


def link_file(source: Path, target: Path) -> None:
    """Make target a hard link to source, or a copy where not everybody may read it or the file system cannot link."""
    beside = target.with_name(target.name + BESIDE)
    with wrap_os_errors(target, "linked"):
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        try:
            if os.stat(source).st_mode & READABLE != READABLE:
                raise OSError(errno.EPERM, "not everybody may read it")
            os.link(os.path.realpath(source) if os.path.islink(source) else source, beside)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
                raise
            copy_file(source, target)
            return
        os.replace(beside, target)
        beside.unlink(missing_ok=True)  # rename does nothing when both names are one inode


def switch_link(link: Path, target: str) -> None:
    """Make link a symlink that says target, in one step: at no moment is there none."""
    beside = link.with_name(link.name + BESIDE)
    with wrap_os_errors(link, "linked"):
        link.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        os.symlink(target, beside)
        os.replace(beside, link)


def move_path(source: Path, target: Path, replacing: bool = False) -> None:
    """Rename a file or directory, in one step. Raises FileError, if something is there and it is not replacing."""
    with wrap_os_errors(target, "moved"):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not replacing and os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "something is there already", os.fspath(target))
        os.replace(source, target)


def remove_directory(path: Path) -> None:
    """Remove a directory with all that is in it, if it is there; a link to one is refused. Raises FileError."""
    with wrap_os_errors(path, "removed"), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


@contextmanager
def replacing_directory(path: Path) -> Iterator[Path]:
    """Yield an empty directory beside path that takes the place of path on success; a link keeps what it says.

    If the block raises, path stays as it was. A kill at any moment leaves the old directory or the new one:
    between two renames the old one stands under a name of its own, from which recover_directory brings it
    back; the next call does so, too.
    """
    place = Path(os.path.realpath(path))
    recover_directory(place)
    new, old = _beside_directory(place, "new"), _beside_directory(place, "old")
    remove_directory(new)
    make_directory(new)
    try:
        yield new
        _sync_tree(new)
        with wrap_os_errors(path, "replaced"):
            if place.exists():
                os.rename(place, old)
            os.rename(new, place)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        recover_directory(place)
        raise
    sync_directories([place.parent])
    _remove_replaced(place)


def recover_directory(path: Path) -> str:
    """Roll back a replacing_directory that was killed, or tidy up after one that was done; return what that came to.

    To be called by whoever reads path before anything replaces it again. "" says that there was nothing to do.
    """
    place = Path(os.path.realpath(path))
    old = _beside_directory(place, "old")
    if not os.path.lexists(old):
        return ""
    if place.exists():
        _remove_replaced(place)
        return ""
    if old.is_symlink() or not old.is_dir():
        raise FileError(
            f"{old}: is not the directory that was replaced", hint="move it away, and look who put it there"
        )
    move_path(old, place)
    sync_directories([place.parent])
    return f"{path}: its replacement was interrupted; the directory is back as it was"


def _beside_directory(place: Path, what: str) -> Path:
    """Return where a directory lies while it is "new", or when it is "old"."""
    return place.with_name(f".{place.name}.{what}")


def _remove_replaced(place: Path) -> None:
    """Remove a directory that was replaced: one that is half removed must never stand under the name of the old one."""
    new, old = _beside_directory(place, "new"), _beside_directory(place, "old")
    if os.path.lexists(old):
        remove_directory(new)
        move_path(old, new)
    remove_directory(new)


def _sync_tree(root: Path) -> None:
    """Bring a directory with all that is in it safely to disk. Raises FileError."""
    with wrap_os_errors(root, "synced"):
        for directory, _, names in os.walk(root):
            for path in (Path(directory, name) for name in names):
                if path.is_file() and not path.is_symlink():
                    _sync_file(path)
            sync_directories([Path(directory)])


def make_directory(path: Path) -> None:
    """Make path a directory, with all above it."""
    with wrap_os_errors(path, "made"):
        path.mkdir(parents=True, exist_ok=True)


def remove_file(path: Path) -> None:
    """Remove a file if it is there."""
    with wrap_os_errors(path, "removed"):
        path.unlink(missing_ok=True)


def remove_partial_files(root: Path) -> None:
    """Remove what was being written below root when a run was killed; for those who alone write there."""
    with wrap_os_errors(root, "tidied"):
        for directory, names, files in os.walk(root):
            for name in (name for name in [*names, *files] if name.endswith(BESIDE)):
                path = os.path.join(directory, name)
                shutil.rmtree(path) if name in names and not os.path.islink(path) else os.unlink(path)
            names[:] = [name for name in names if not name.endswith(BESIDE)]


def walk_files(root: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield (path relative to root with slashes, entry) of every file below root, sorted by path.

    Symlinks come out as entries of their own and are not descended into; what CVS,
    git and Subversion keep beside the files, and what is still being written, do not come out. Raises OSError.
    """
    yield from sorted(scan_directory(os.fspath(root)), key=lambda found: found[0])


def scan_directory(
    directory: str, prefix: str = "", enter: Callable[[str], bool] = lambda _: True
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what walk yields, unsorted. Raises OSError.

    enter  whether to look into a directory, by its relative path with a slash at the end
    """
    pending = [(directory, prefix)]
    while pending:
        directory, prefix = pending.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.endswith(BESIDE):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in VCS_DIRECTORIES and enter(f"{prefix}{entry.name}/"):
                        pending.append((entry.path, f"{prefix}{entry.name}/"))
                elif entry.name not in VCS_FILES:
                    yield prefix + entry.name, entry


def walk_linked_files(root: Path, pool: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what walk_files yields, and what lies behind links to directories of a pool, each directory once.

    A link to a directory below root does not come out: what it leads to does, under its own name. Raises OSError.
    """
    tops = os.path.realpath(root), os.path.realpath(pool)
    found, pending, seen = list[tuple[str, os.DirEntry[str]]](), [(os.fspath(root), "")], {tops[0]}
    while pending:
        for relative, entry in scan_directory(*pending.pop()):
            real = os.path.realpath(entry.path) if entry.is_symlink() and os.path.isdir(entry.path) else ""
            if real and Path(real).is_relative_to(tops[0]):
                continue
            if real and Path(real).is_relative_to(tops[1]):
                if real not in seen:
                    seen.add(real)
                    pending.append((entry.path, f"{relative}/"))
                continue
            found.append((relative, entry))
    yield from sorted(found, key=lambda each: each[0])


def resolve_path_below(root: Path, relative: str) -> Path:
    """Return root/relative, whether anything is there or not. Raises FileError if a link leads it out of root."""
    path = root / relative
    real = Path(os.path.realpath(path))
    if path.is_symlink() or not real.is_relative_to(os.path.realpath(root)):
        raise FileError(f"{path}: leads out of {root}, to {real}", hint="remove the link; doit makes a file there")
    return path


def resolve_file_below(root: Path, relative: str, pool: Path | None = None) -> Path:
    """Return root/relative, which must be a file whose real place lies below root, or below pool.

    Links within them are followed. Raises FileError for a dangling link, a link that leads out of root, the
    directories on the way counted in, or no file at all.
    """
    path = root / relative
    real = Path(os.path.realpath(path))
    if not any(real.is_relative_to(os.path.realpath(top)) for top in (root, pool or root)):
        raise FileError(f"{path}: leads out of {root}, to {real}", hint="put the file itself there instead of a link")
    with wrap_os_errors(path, "read"):  # a name may be too long, a directory on the way closed
        if not real.exists():
            kind = "is a dangling link" if path.is_symlink() else "is not there"
            raise FileError(f"{path}: {kind}", hint="put the file in place, or remove the link")
        is_file = real.is_file()
    if not is_file:
        raise FileError(f"{path}: is not a regular file", hint="only files and directories belong there")
    return path


def resolve_place_below(root: Path, relative: str) -> Path:
    """Return root/relative, which may be absent. Raises FileError if a link leads it out of root."""
    path = root / relative
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(root)):
        raise FileError(f"{path}: leads out of {root}, to {real}", hint="put the directory itself there")
    return path
