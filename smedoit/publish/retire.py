"""Moves of whole releases: out of the way when they are final no more, and away when they were tests."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smedoit.config.release import Release
from smedoit.errors import ConfigError, PublishError, human
from smedoit.publish import apply, channels, records
from smedoit.publish.channels import DIRECTORIES, FINAL, OBSOLETE, TESTING, Kept, Place
from smedoit.publish.moves import Move
from smedoit.publish.records import Ledger
from smedoit.runtime import progress

DAY = 86400


def retire(rel: Release, versions: Sequence[str], dry_run: bool) -> Mapping[str, str]:
    """Move a final release to obsolete/. Raises PublishError if a link names it."""
    if len(versions) != 1 or not channels.is_version(versions[0]):
        raise ConfigError("doit retire takes the version of one release", hint="doit retire 10.0")
    before, after = Place(FINAL, versions[0]), Place(OBSOLETE, versions[0])
    with records.opened(rel.publish) as ledger:
        recovered(ledger)
        refuse_strange(ledger, before.path)
        refuse_linked(ledger, before)
        if os.path.lexists(ledger.target / after.path):
            raise PublishError(f"{ledger.target / after.path}: is there already", hint="look which one is right")
        progress.say(f"  {before.path} -> {after.path}")
        if dry_run:
            return {"did": "that was the plan; nothing has changed"}
        record = ledger.begun("retire", before.path, time.time())
        ledger.carry_out(
            replace(record, steps=(*apply.above(ledger.target, after.path), Move(before.path, after.path)))
        )
    return {"did": f"{ledger.target / after.path} is where {versions[0]} lies now{elsewhere(rel)}"}


def prune(rel: Release, dry_run: bool) -> Mapping[str, str]:
    """Remove test releases that are too old, except for the newest and for those that a link names."""
    with records.opened(rel.publish) as ledger:
        recovered(ledger)
        going = channels.doomed(tests(ledger, time.time()), named(ledger), rel.publish)
        for one in going:
            place = Place(TESTING, one.version).path
            refuse_strange(ledger, place)
            progress.say(f"  {place}: {one.age} days old, {human(own_size(ledger.target / place))} come free")
        if dry_run or not going:
            return {"did": "that was the plan; nothing has changed" if going else "no test release may go"}
        record = ledger.begun(records.PRUNE, "testing", time.time())
        places = [Place(TESTING, one.version) for one in going]
        moves = tuple(Move(place.path, f"{ledger.work(record)}/{place.version}") for place in places)
        ledger.carry_out(replace(record, steps=moves))
    return {"did": f"{len(going)} test releases are gone: {', '.join(one.version for one in going)}{elsewhere(rel)}"}


def elsewhere(rel: Release) -> str:
    """Return what a person must know of the remote target, where whole releases are moved by hand only."""
    return f"; {rel.publish.remote} is as it was: move it there, too" if rel.publish.remote else ""


def recovered(ledger: Ledger) -> None:
    """Finish what was interrupted. Raises PublishError if that needs a plan of its own."""
    if words := ledger.resume():
        progress.say(words)
    record = ledger.under_way()
    if record:
        raise PublishError(
            f"the {record.words} was interrupted",
            hint="doit publish goes on with it, doit rollback takes it back",
        )


def tests(ledger: Ledger, now: float) -> list[Kept]:
    """Return the test releases that there are, by the age of their directories."""
    top = ledger.target / DIRECTORIES[TESTING]
    if not top.is_dir():
        return []
    ages = {name: now - (top / name).lstat().st_mtime for name in sorted(os.listdir(top)) if is_release(top / name)}
    born = {
        Path(one.place).name: one.when
        for one in reversed([*ledger.all()])
        if one.place.startswith(f"{DIRECTORIES[TESTING]}/")
    }
    for name, when in born.items():
        if name in ages:
            ages[name] = now - seconds(when)
    return [Kept(name, int(age // DAY)) for name, age in ages.items()]


def seconds(when: str) -> float:
    """Return the time of a record in seconds since 1970."""
    from datetime import datetime

    return datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp()


def is_release(place: Path) -> bool:
    """Return whether a directory is a release: called like one, and of its shape."""
    real = place.is_dir() and not place.is_symlink()
    return real and channels.is_version(place.name) and (place / "smeos").is_dir() and (place / "iso").is_dir()


def named(ledger: Ledger) -> list[str]:
    """Return the releases that any link of any channel names."""
    tops = [ledger.target / directory for directory in DIRECTORIES.values()]
    links = [
        top / name for top in tops if top.is_dir() for name in sorted(os.listdir(top)) if (top / name).is_symlink()
    ]
    return [Path(os.path.realpath(link)).name for link in links]


def refuse_strange(ledger: Ledger, place: str) -> None:
    """Raise PublishError unless there is a release at place."""
    if not is_release(ledger.target / place):
        raise PublishError(
            f"{ledger.target / place}: is no release, it has no smeos/ and iso/", hint="give the version of one"
        )


def refuse_linked(ledger: Ledger, place: Place) -> None:
    """Raise PublishError if the version link names a release."""
    if place.version in named(ledger) or apply.target_of(ledger, place.link) == place.version:
        raise PublishError(
            f"{ledger.target / place.path}: the link {place.link} names it", hint="publish its successor first"
        )


def own_size(root: Path) -> int:
    """Return the bytes of the files that lie nowhere else."""
    found = [os.lstat(Path(top, name)) for top, _, names in os.walk(root) for name in names]
    return sum(info.st_size for info in found if info.st_nlink == 1)
