# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves of whole releases: out of the way when they are final no more, and away when they were tests."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smedoit.config.identity import CHANNELS as DIRECTORIES
from smedoit.config.identity import FINAL, OBSOLETE, TESTING
from smedoit.config.release import Release
from smedoit.errors import ConfigError, PublishError, format_size
from smedoit.publish import apply, channels, records
from smedoit.publish.channels import PublishLocation, ReleaseInTesting
from smedoit.publish.records import PublishHistory
from smedoit.runtime import progress
from smedoit.runtime.steps import MovePath

DAY = 86400


def retire_releases(rel: Release, versions: Sequence[str], dry_run: bool) -> Mapping[str, str]:
    """Move a final release to obsolete/. Raises PublishError if a link names it."""
    if len(versions) != 1 or not channels.is_release_version(versions[0]):
        raise ConfigError("doit retire takes the version of one release", hint="doit retire 10.0")
    before, after = PublishLocation(FINAL, versions[0]), PublishLocation(OBSOLETE, versions[0])
    with records.open_publish_history(rel.publish) as history:
        _finish_interrupted(history)
        _require_release(history, before.path)
        _refuse_linked(history, before)
        if os.path.lexists(history.target / after.path):
            raise PublishError(f"{history.target / after.path}: is there already", hint="look which one is right")
        progress.show_line(f"  {before.path} -> {after.path}")
        if dry_run:
            return {"did": "dry run: nothing was changed"}
        record = history.begin_record("retire", before.path, time.time())
        history.carry_out(
            replace(record, steps=(*apply.parent_steps(history.target, after.path), MovePath(before.path, after.path)))
        )
    return {"did": f"moved {versions[0]} to {history.target / after.path}{_remote_note(rel)}"}


def prune_test_releases(rel: Release, dry_run: bool) -> Mapping[str, str]:
    """Remove test releases that are too old, except for the newest and for those that a link names."""
    with records.open_publish_history(rel.publish) as history:
        _finish_interrupted(history)
        going = channels.releases_to_delete(
            _list_test_releases(history, time.time()), _linked_releases(history), rel.publish
        )
        for release in going:
            place = PublishLocation(TESTING, release.version).path
            _require_release(history, place)
            progress.show_line(
                f"  {place}: {release.age} days old, {format_size(_unshared_size(history.target / place))} are freed"
            )
        last = history.last_standing()
        if going and last and last.kind != records.PRUNE:
            progress.show_line(f"  after a prune, doit rollback cannot take back the {last.words} any more")
        if dry_run or not going:
            return {"did": "dry run: nothing was changed" if going else "no test release is old enough to delete"}
        record = history.begin_record(records.PRUNE, "testing", time.time())
        places = [PublishLocation(TESTING, release.version) for release in going]
        moves = tuple(MovePath(place.path, f"{history.work(record)}/{place.version}") for place in places)
        history.carry_out(replace(record, steps=moves))
    versions = ", ".join(release.version for release in going)
    return {"did": f"deleted {len(going)} test releases: {versions}{_remote_note(rel)}"}


def _remote_note(rel: Release) -> str:
    """Return what a person must know of the remote target, where whole releases are moved by hand only."""
    return f"; {rel.publish.remote} is as it was: move it there, too" if rel.publish.remote else ""


def _finish_interrupted(history: PublishHistory) -> None:
    """Finish what was interrupted. Raises PublishError if that needs a plan of its own."""
    if words := history.resume():
        progress.show_line(words)
    record = history.under_way()
    if record:
        raise PublishError(
            f"the {record.words} was interrupted",
            hint="doit publish goes on with it, doit rollback takes it back",
        )


def _list_test_releases(history: PublishHistory, now: float) -> list[ReleaseInTesting]:
    """Return the test releases that there are, by the age of their directories."""
    top = history.target / DIRECTORIES[TESTING]
    if not top.is_dir():
        return []
    ages = {name: now - (top / name).lstat().st_mtime for name in sorted(os.listdir(top)) if _is_release(top / name)}
    born = {
        Path(record.place).name: record.when
        for record in reversed([*history.closed()])
        if record.place.startswith(f"{DIRECTORIES[TESTING]}/")
    }
    for name, when in born.items():
        if name in ages:
            ages[name] = now - _epoch_seconds(when)
    return [ReleaseInTesting(name, int(age // DAY)) for name, age in ages.items()]


def _epoch_seconds(when: str) -> float:
    """Return the time of a record in seconds since 1970."""
    from datetime import datetime

    return datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp()


def _is_release(place: Path) -> bool:
    """Return whether a directory is a release: called like one, and of its shape."""
    real = place.is_dir() and not place.is_symlink()
    return real and channels.is_release_version(place.name) and (place / "smeos").is_dir() and (place / "iso").is_dir()


def _linked_releases(history: PublishHistory) -> list[str]:
    """Return the releases that any link of any channel names."""
    tops = [history.target / directory for directory in DIRECTORIES.values()]
    links = [
        top / name for top in tops if top.is_dir() for name in sorted(os.listdir(top)) if (top / name).is_symlink()
    ]
    return [Path(os.path.realpath(link)).name for link in links]


def _require_release(history: PublishHistory, place: str) -> None:
    """Raise PublishError unless there is a release at place."""
    if not _is_release(history.target / place):
        raise PublishError(
            f"{history.target / place}: is no release, it has no smeos/ and iso/", hint="give the version of one"
        )


def _refuse_linked(history: PublishHistory, place: PublishLocation) -> None:
    """Raise PublishError if the version link names a release."""
    if place.version in _linked_releases(history) or apply.linked_release(history, place.link) == place.version:
        raise PublishError(
            f"{history.target / place.path}: the link {place.link} names it", hint="publish its successor first"
        )


def _unshared_size(root: Path) -> int:
    """Return the bytes of the files that lie nowhere else."""
    found = [os.lstat(Path(top, name)) for top, _, names in os.walk(root) for name in names]
    return sum(info.st_size for info in found if info.st_nlink == 1)
