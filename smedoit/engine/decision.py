# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a task must run, and why: what it saw when it last succeeded against what is there now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from smedoit.runtime.files import FileStamp

LEGIBLE = 31  # characters of a value that a reason shows; a digest is longer
NAMED = 3  # files that a reason names before it only counts them
NEVER = "it has not been made yet"
ASKED = "you asked for it"
AGAIN = "you asked for all to be made again"
FAILED = "it failed when it last ran"
STOPPED = "it was stopped when it last ran"
EDITED = "was changed by somebody else since it was made"
TOUCHED = "was touched or changed since it was made"


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


def rerun_reasons(
    before: TaskSnapshot | None,
    now: TaskSnapshot,
    promised: Iterable[str],
    exists: Callable[[str], bool] = os.path.lexists,
) -> list[str]:
    """Return why a task must run, in words, the most telling first; an empty list if it must not.

    before    what it saw when it last succeeded, None if it never did
    promised  targets that must be there
    exists    whether there is anything at a path: what is only no longer read or made is not gone
    """
    if before is None:
        return [NEVER]
    missing = sorted(path for path in promised if path not in now.outputs and path not in before.outputs)
    return [
        *_changed_config(before.config, now.config),
        *_changed_inputs(before.inputs, now.inputs, exists),
        *_describe_files(missing, "is missing"),
        *_changed_outputs(before.outputs, now.outputs, exists),
    ]


def inherited_reasons(
    identity: tuple[Mapping[str, str], Mapping[str, str]], before: TaskSnapshot, now: TaskSnapshot, stage: str
) -> list[str]:
    """Return why a task must run for a release that it has not run for yet: what differs from the one before.

    identity  what a release is called: that one, and this one
    before    what the task saw when it last succeeded for the release before
    stage     where all releases are staged: what lies there is made anew anyway
    """
    called = {key for side in identity for key in side}
    above = stage.rstrip("/") + "/"
    configs = [{key: text for key, text in side.config.items() if key not in called} for side in (before, now)]
    inputs = [
        {path: seen for path, seen in side.inputs.items() if not path.startswith(above)} for side in (before, now)
    ]
    return [
        *_changed_config(*identity),
        *_changed_config(configs[0], configs[1]),
        *_changed_inputs(inputs[0], inputs[1], os.path.lexists),
    ] or [NEVER]


def edited_outputs(before: TaskSnapshot | None, now: TaskSnapshot) -> list[str]:
    """Return the files that the task made and somebody else changed since, sorted; one that was touched is none."""
    return sorted(_changed_files(before.outputs, now.outputs)[0]) if before else []


def _changed_config(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return a reason for everything that configures the task and was otherwise before.

    Where something was changed, what counts only now or no longer is but a consequence of that.
    """
    keys = sorted({*before, *now})
    changed = [key for key in keys if key in before and key in now and before[key] != now[key]]
    if changed:
        return [f"{key} changed{_version_change(before[key], now[key])}" for key in changed]
    words = {
        key: "is read now" if key in now else "is no longer read" for key in keys if (key in before) != (key in now)
    }
    return [f"{key} {verb}" for key, verb in words.items()]


def _version_change(before: str, now: str) -> str:
    """Return " from X to Y" where both are made to be read: short, and no digests."""
    readable = all(value and len(value) <= LEGIBLE for value in (before, now))
    return f" from {before} to {now}" if readable else ""


def _changed_inputs(
    before: Mapping[str, FileState], now: Mapping[str, FileState], exists: Callable[[str], bool]
) -> list[str]:
    """Return reasons for files that are read, and changed, came or went."""
    changed, touched = _changed_files(before, now)
    went = [path for path in before if path not in now]
    unread = {path for path in went if exists(path)}
    return [
        *_describe_files(changed, "changed"),
        *_describe_files(touched, "was touched or changed"),
        *_describe_files((path for path in now if path not in before), "is new"),
        *_describe_files((path for path in went if path not in unread), "is gone"),
        *_describe_files(unread, "is no longer read"),
    ]


def _changed_outputs(
    before: Mapping[str, FileState], now: Mapping[str, FileState], exists: Callable[[str], bool]
) -> list[str]:
    """Return reasons for files that were made, and somebody else changed, put there or took away."""
    changed, touched = _changed_files(before, now)
    went = [path for path in before if path not in now]
    unmade = {path for path in went if exists(path)}
    return [
        *_describe_files(changed, EDITED),
        *_describe_files(touched, TOUCHED),
        *_describe_files((path for path in now if path not in before), "does not belong there"),
        *_describe_files((path for path in went if path not in unmade), "was deleted"),
        *_describe_files(unmade, "is no longer made"),
    ]


def _changed_files(before: Mapping[str, FileState], now: Mapping[str, FileState]) -> tuple[list[str], list[str]]:
    """Return the files whose content changed, and those that have another stamp, and no more is known of them."""
    other = [path for path, seen in now.items() if path in before and not seen.same_as(before[path])]
    changed = [path for path in other if _is_other_content(before[path], now[path])]
    return changed, [path for path in other if path not in {*changed}]


def _is_other_content(before: FileState, now: FileState) -> bool:
    """Return whether two states that differ are surely of different content."""
    size = 0
    return bool(before.digest and now.digest) or before.stamp[size] != now.stamp[size]


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
