# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories whose content we believe: made private at once, and refused where somebody else could have written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from smedoit.errors import FileError
from smedoit.runtime.files import make_directory, wrap_os_errors

PRIVATE = 0o700
WRITABLE_BY_OTHERS = 0o022


def claim_state_directory(path: Path) -> None:
    """Make path a directory that only we may enter, if it is not there yet, or take one that always was ours.

    Raises FileError for one that is somebody else's, that others could write to, or that is none.
    """
    make_directory(path.parent)
    with wrap_os_errors(path, "made"):
        try:
            os.mkdir(path, PRIVATE)
        except FileExistsError:
            refuse_foreign_directory(path)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if stat.S_IMODE(os.fstat(handle).st_mode) != PRIVATE:  # a umask took bits; earlier versions let others read
                os.fchmod(handle, PRIVATE)
        finally:
            os.close(handle)


def refuse_foreign_directory(path: Path) -> None:
    """Raise FileError if what is at path could have been written by somebody else, or is no directory."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        raise FileError(f"{path}: is no directory", hint="move it away; what belongs there is kept in a directory")
    if found.st_uid != os.geteuid():
        raise FileError(
            f"{path}: belongs to user {found.st_uid}, and what is in it is believed",
            hint=f"run doit as that user; or look through it, then: chown -R {os.geteuid()} {path}",
        )
    if found.st_mode & WRITABLE_BY_OTHERS:
        raise FileError(
            f"{path}: others may write to it (mode {stat.S_IMODE(found.st_mode):04o}), and what is in it is believed",
            hint=f"delete it, if all in it can be made again, or look through it, then: chmod 0700 {path}",
        )
