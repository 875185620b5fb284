# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task saw of its files: looked at, held against what is there now, and as JSON keeps it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smedoit.engine.decision import FileState, TaskSnapshot
from smedoit.runtime.files import FileStamp, NotRegularError, digest_file, stamp_file

RACY_NS = 20_000_000  # a file this young may change again without a new timestamp; its digest decides
SMUDGED = -1  # the mtime we remember for such a file: it never equals a real one
LEADS_OUT = "leads out"  # likewise: who knows what that is, and how long
NOT_REGULAR = "no regular file"  # stands where the digest would: a pipe would have us wait for ever
SHA256_DIGITS = 64


def current_file_state(path: str, now: FileStamp, content: bool, within: Path | None = None) -> FileState:
    """Return what is there now, read if its content decides, but not through a link out of within. Raises OSError."""
    if not content:
        return FileState(now, "")
    if within is not None and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(within)):
        return FileState(now, f"{LEADS_OUT}, {tuple(now)}")  # so that the task runs, and says so
    if time.time_ns() - now.mtime_ns < RACY_NS:
        now = now._replace(mtime_ns=SMUDGED)
    try:
        return FileState(now, digest_file(path))
    except NotRegularError:
        return FileState(now, NOT_REGULAR)  # so that the task runs, and says so


def digest_kind(digest: str) -> str:
    """Return the kind of a digest that a snapshot holds, as the cache of digests calls it."""
    return "sha256" if len(digest) == SHA256_DIGITS else "xxh3"


def is_as_seen(path: str | Path, seen: FileState) -> bool:
    """Return whether a file is what a task saw: by its stamp, or where that differs, by its content.

    Raises OSError, FileError.
    """
    from smedoit.runtime.digests import sha256_file

    now = stamp_file(path)
    if now == seen.stamp or not seen.digest:
        return now.without_ctime == seen.stamp.without_ctime
    return seen.digest == (sha256_file(Path(path)) if digest_kind(seen.digest) == "sha256" else digest_file(path))


def pack_snapshot(snapshot: TaskSnapshot) -> dict[str, Any]:
    """Return a snapshot as JSON knows it."""
    return {"config": dict(snapshot.config), "inputs": dict(snapshot.inputs), "outputs": dict(snapshot.outputs)}


def unpack_snapshot(saved: Mapping[str, Any]) -> TaskSnapshot | None:
    """Return a snapshot from JSON, None if it is not one of ours."""
    try:
        parts = [unpack_file_states(saved[key]) for key in ("inputs", "outputs")]
        return TaskSnapshot({key: str(value) for key, value in saved["config"].items()}, *parts)
    except (KeyError, TypeError, IndexError, AttributeError):
        return None


def unpack_file_states(saved: Mapping[str, Any]) -> dict[str, FileState]:
    """Return path -> file of a snapshot from JSON. Raises TypeError, AttributeError, IndexError if it is none."""
    return {path: FileState(FileStamp(*state[0]), str(state[1])) for path, state in saved.items()}
