# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a task must run, and why: what it saw when it last succeeded against what is there now."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from smedoit.runtime.files import FileStamp

LEGIBLE = 31  # characters of a value that a reason shows; a digest is longer
NAMED = 3  # files that a reason names before it only counts them
NEVER = "it has not been made yet"
ASKED = "you asked for it"
EDITED = "was changed by somebody else since it was made"


class FileState(NamedTuple):
    """One file as it was seen.

    digest  of its content: xxh3 where the engine reads it, SHA-256 where the task knows better, "" if nobody knows
    """

    stamp: FileStamp
    digest: str

    def same_as(self, other: FileState) -> bool:
        """Return whether both stand for the same content."""
        if self.digest and other.digest:
            return self.digest == other.digest
        return self.stamp.without_ctime == other.stamp.without_ctime


@dataclass(frozen=True)
class TaskSnapshot:
    """All that a task is configured by, reads and writes, at one moment; files that are not there are left out.

    config   what of release.toml and of its code decides it -> the value as text
    inputs   path -> file, whatever it reads, declared one by one or as a set
    outputs  path -> file, whatever it made
    """

    config: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, FileState] = field(default_factory=dict)
    outputs: Mapping[str, FileState] = field(default_factory=dict)


def rerun_reasons(before: TaskSnapshot | None, now: TaskSnapshot, promised: Iterable[str]) -> list[str]:
    """Return why a task must run, in words, the most telling first; an empty list if it must not.

    before    what it saw when it last succeeded, None if it never did
    promised  targets that must be there
    """
    if before is None:
        return [NEVER]
    missing = sorted(path for path in promised if path not in now.outputs and path not in before.outputs)
    return [
        *_changed_config(before.config, now.config),
        *_compare_files(before.inputs, now.inputs, ("changed", "is new", "is gone")),
        *_describe_files(missing, "is missing"),
        *_compare_files(before.outputs, now.outputs, (EDITED, "does not belong there", "was deleted")),
    ]


def edited_outputs(before: TaskSnapshot | None, now: TaskSnapshot) -> list[str]:
    """Return the files that the task made and somebody else changed since, sorted."""
    made = before.outputs if before else {}
    return sorted(path for path, seen in now.outputs.items() if path in made and not seen.same_as(made[path]))


def _changed_config(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return a reason for everything that configures the task and was otherwise before."""
    changed = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    return [f"{key} changed{_version_change(before.get(key, ''), now.get(key, ''))}" for key in changed]


def _version_change(before: str, now: str) -> str:
    """Return " from X to Y" where both are made to be read: short, and no digests."""
    readable = all(value and len(value) <= LEGIBLE for value in (before, now))
    return f" from {before} to {now}" if readable else ""


def _compare_files(
    before: Mapping[str, FileState], now: Mapping[str, FileState], verbs: tuple[str, str, str]
) -> list[str]:
    """Return reasons for files that changed, came and went; verbs say so in this order."""
    changed = [path for path, seen in now.items() if path in before and not seen.same_as(before[path])]
    came = [path for path in now if path not in before]
    went = [path for path in before if path not in now]
    return [
        line for verb, paths in zip(verbs, (changed, came, went), strict=True) for line in _describe_files(paths, verb)
    ]


def _describe_files(paths: Iterable[str], verb: str) -> list[str]:
    """Return a line a file, or one line for many: their number, and the first of them by name."""
    ordered = sorted(paths)
    if len(ordered) <= NAMED:
        return [f"{display_path(path)} {verb}" for path in ordered]
    names = ", ".join(os.path.basename(path) for path in ordered[:NAMED])
    return [f"{len(ordered)} files below {display_path(os.path.commonpath(ordered))} {plural_verb(verb)}: {names}, …"]


def plural_verb(verb: str) -> str:
    """Return verb as several files need it."""
    for singular, many in (("is ", "are "), ("was ", "were "), ("does ", "do ")):
        if verb.startswith(singular):
            return many + verb.removeprefix(singular)
    return verb


def display_path(path: str) -> str:
    """Return path as a person at the command line would write it: relative where it lies below."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
