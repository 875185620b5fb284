"""The build record: what went in, what came out, and by what; enough to build the same bytes again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smedoit.engine.decision import Seen, Snapshot
from smedoit.errors import ConfigError

FORMAT = 1


@dataclass(frozen=True)
class FileSum:
    """What tells whether a file is the one that was meant."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Record:
    """One build.

    configuration  the text of release.toml
    locks          name -> the lock as it was read
    inputs         path from the build root, or an absolute one -> file
    artifacts      path from the build root -> file
    program        smedoit's version, code and revision
    libraries      name -> version
    revisions      of the working copies among the inputs
    host           where and when it was built; no artifact depends on it
    """

    release: str
    configuration: str
    locks: Mapping[str, Any]
    inputs: Mapping[str, FileSum]
    artifacts: Mapping[str, FileSum]
    program: Mapping[str, Any]
    libraries: Mapping[str, str]
    revisions: Mapping[str, Any] = field(default_factory=dict)
    host: Mapping[str, Any] = field(default_factory=dict)


def dumps(one: Record) -> str:
    """Return a record as JSON, one line a file, so that two can be compared with diff."""
    return json.dumps(
        {
            "format": FORMAT,
            "release": one.release,
            "inputs": {
                "configuration": one.configuration,
                "locks": dict(one.locks),
                "files": packed(one.inputs),
                "revisions": dict(one.revisions),
            },
            "program": dict(one.program),
            "libraries": dict(one.libraries),
            "artifacts": packed(one.artifacts),
            "host": dict(one.host),
        },
        ensure_ascii=False,
        indent=1,
    ) + "\n"  # fmt: skip


def packed(files: Mapping[str, FileSum]) -> dict[str, dict[str, Any]]:
    """Return files as JSON knows them, sorted."""
    return {path: {"size": one.size, "sha256": one.sha256} for path, one in sorted(files.items())}


def loads(text: str, file: Path) -> Record:
    """Return the record in text. Raises ConfigError if it is none of this format."""
    try:
        said = json.loads(text)
        if said["format"] != FORMAT:
            raise ConfigError(f"{file}: is a build record of format {said['format']}, this smedoit reads {FORMAT}")
        inputs = said["inputs"]
        return Record(
            release=str(said["release"]),
            configuration=str(inputs["configuration"]),
            locks=dict(inputs["locks"]),
            inputs=unpacked(inputs["files"]),
            artifacts=unpacked(said["artifacts"]),
            program=dict(said["program"]),
            libraries=dict(said["libraries"]),
            revisions=dict(inputs["revisions"]),
            host=dict(said["host"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file}: is no build record, {error!r}", hint="doit record writes one") from None


def unpacked(said: Mapping[str, Mapping[str, Any]]) -> dict[str, FileSum]:
    """Return files from what JSON knew of them. Raises KeyError, ValueError."""
    return {path: FileSum(int(one["size"]), str(one["sha256"])) for path, one in said.items()}


def went_in(snapshots: Iterable[Snapshot], artifacts: Iterable[str], made: str) -> dict[str, Seen]:
    """Return the inputs behind artifacts: path -> as it was seen when it was read.

    snapshots  what every task read and wrote when it last succeeded
    made       the directory of all that tasks make; what lies below it is no input
    """
    tasks, wanted = list(snapshots), set(artifacts)
    found: dict[str, Seen] = {}
    while maker := next((one for one in tasks if wanted & one.writes.keys()), None):
        tasks.remove(maker)
        wanted |= maker.reads.keys()
        found.update(maker.reads)
    return {path: seen for path, seen in sorted(found.items()) if not path.startswith(f"{made}{os.sep}")}


def differences(before: Mapping[str, FileSum], now: Mapping[str, FileSum]) -> dict[str, list[str]]:
    """Return what changed between two sets of files: reason -> paths."""
    return grouped_paths(
        {
            "is gone": [path for path in before if path not in now],
            "is new": [path for path in now if path not in before],
            "has changed": [path for path in before if path in now and before[path] != now[path]],
        }
    )


def grouped_paths(found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return found without the reasons that hold for nothing."""
    return {reason: sorted(paths) for reason, paths in found.items() if paths}


def other_versions(before: Record, now: Record) -> list[str]:
    """Return in words which libraries and which smedoit two records differ in."""
    named = {**now.libraries, **before.libraries}
    words = [
        f"{name} {before.libraries.get(name, 'absent')} then, {now.libraries.get(name, 'absent')} now"
        for name in sorted(named)
        if before.libraries.get(name) != now.libraries.get(name)
    ]
    same_code = before.program.get("code") == now.program.get("code")
    return words if same_code else [*words, "smedoit's own code differs"]
