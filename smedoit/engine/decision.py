"""Whether a task must run, and why: what it saw when it last succeeded against what is there now."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

LEGIBLE = 31  # characters of a value that a reason shows; a digest is longer
NAMED = 3  # files that a reason names before it only counts them
NEVER = "it has not been made yet"
ASKED = "you asked for it"
EDITED = "was changed by somebody else since it was made"


class Seen(NamedTuple):
    """One file as it was seen; a digest of "" means that only the stamp counts."""

    stamp: tuple[int, int, int]
    digest: str

    def same_as(self, other: Seen) -> bool:
        """Return whether both stand for the same content."""
        if self.digest and other.digest:
            return self.digest == other.digest
        return self.stamp == other.stamp


@dataclass(frozen=True)
class Snapshot:
    """All that a task is told, reads and writes, at one moment; files that are not there are left out.

    told    what it is told, in the words of release.toml -> the value as text
    reads   path -> file, whatever it reads, declared one by one or as a set
    writes  path -> file, whatever it made
    """

    told: Mapping[str, str] = field(default_factory=dict)
    reads: Mapping[str, Seen] = field(default_factory=dict)
    writes: Mapping[str, Seen] = field(default_factory=dict)


def reasons(before: Snapshot | None, now: Snapshot, promised: Iterable[str]) -> list[str]:
    """Return why a task must run, in words, the most telling first; an empty list if it must not.

    before    what it saw when it last succeeded, None if it never did
    promised  targets that must be there
    """
    if before is None:
        return [NEVER]
    missing = sorted(path for path in promised if path not in now.writes and path not in before.writes)
    return [
        *told_otherwise(before.told, now.told),
        *compared(before.reads, now.reads, ("changed", "is new", "is gone")),
        *named(missing, "is missing"),
        *compared(before.writes, now.writes, (EDITED, "does not belong there", "was deleted")),
    ]


def edited(before: Snapshot | None, now: Snapshot) -> list[str]:
    """Return the files that the task made and somebody else changed since, sorted."""
    made = before.writes if before else {}
    return sorted(path for path, seen in now.writes.items() if path in made and not seen.same_as(made[path]))


def told_otherwise(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return a reason for everything that the task is told and was told otherwise before."""
    changed = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    return [f"{key} changed{from_to(before.get(key, ''), now.get(key, ''))}" for key in changed]


def from_to(before: str, now: str) -> str:
    """Return " from X to Y" where both are made to be read: short, and no digests."""
    readable = all(value and len(value) <= LEGIBLE for value in (before, now))
    return f" from {before} to {now}" if readable else ""


def compared(before: Mapping[str, Seen], now: Mapping[str, Seen], verbs: tuple[str, str, str]) -> list[str]:
    """Return reasons for files that changed, came and went; verbs say so in this order."""
    changed = [path for path, seen in now.items() if path in before and not seen.same_as(before[path])]
    came = [path for path in now if path not in before]
    went = [path for path in before if path not in now]
    return [line for verb, paths in zip(verbs, (changed, came, went), strict=True) for line in named(paths, verb)]


def named(paths: Iterable[str], verb: str) -> list[str]:
    """Return a line a file, or one line for many: their number, and the first of them by name."""
    ordered = sorted(paths)
    if len(ordered) <= NAMED:
        return [f"{shown(path)} {verb}" for path in ordered]
    names = ", ".join(os.path.basename(path) for path in ordered[:NAMED])
    return [f"{len(ordered)} files below {shown(os.path.commonpath(ordered))} {plural(verb)}: {names}, …"]


def plural(verb: str) -> str:
    """Return verb as several files need it."""
    for one, many in (("is ", "are "), ("was ", "were "), ("does ", "do ")):
        if verb.startswith(one):
            return many + verb.removeprefix(one)
    return verb


def shown(path: str) -> str:
    """Return path as a person at the command line would write it: relative where it lies below."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
