# SPDX-License-Identifier: GPL-3.0-or-later
"""The build record: what went in, what came out, and by what; enough to build the same bytes again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smedoit.engine.decision import FileState, TaskSnapshot
from smedoit.errors import ConfigError
from smedoit.runtime import foreign

FORMAT = 1


@dataclass(frozen=True)
class FileChecksum:
    """Size and digest by which a file is recognised."""

    size: int
    sha256: str


@dataclass(frozen=True)
class BuildRecord:
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
    inputs: Mapping[str, FileChecksum]
    artifacts: Mapping[str, FileChecksum]
    program: Mapping[str, Any]
    libraries: Mapping[str, str]
    revisions: Mapping[str, Any] = field(default_factory=dict)
    host: Mapping[str, Any] = field(default_factory=dict)


def format_build_record(record: BuildRecord) -> str:
    """Return a record as JSON, one line a file, so that two can be compared with diff."""
    return json.dumps(
        {
            "format": FORMAT,
            "release": record.release,
            "inputs": {
                "configuration": record.configuration,
                "locks": dict(record.locks),
                "files": _pack_files(record.inputs),
                "revisions": dict(record.revisions),
            },
            "program": dict(record.program),
            "libraries": dict(record.libraries),
            "artifacts": _pack_files(record.artifacts),
            "host": dict(record.host),
        },
        ensure_ascii=False,
        indent=1,
    ) + "\n"  # fmt: skip


def _pack_files(files: Mapping[str, FileChecksum]) -> dict[str, dict[str, Any]]:
    """Return files as JSON knows them, sorted."""
    return {path: {"size": file.size, "sha256": file.sha256} for path, file in sorted(files.items())}


def parse_build_record(text: str, file: Path) -> BuildRecord:
    """Return the record in text. Raises ConfigError if it is none of this format."""
    try:
        said = foreign.parse_json(text)
        if said["format"] != FORMAT:
            raise ConfigError(f"{file}: is a build record of format {said['format']}, this smedoit reads {FORMAT}")
        inputs = said["inputs"]
        return BuildRecord(
            release=str(said["release"]),
            configuration=str(inputs["configuration"]),
            locks=dict(inputs["locks"]),
            inputs=_unpack_files(inputs["files"]),
            artifacts=_unpack_artifacts(said["artifacts"]),
            program=dict(said["program"]),
            libraries=dict(said["libraries"]),
            revisions=dict(inputs["revisions"]),
            host=dict(said["host"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{file}: is no build record, {foreign.describe_damage(error)}", hint="doit record writes one"
        ) from None


def _unpack_files(said: Mapping[str, Mapping[str, Any]]) -> dict[str, FileChecksum]:
    """Return files from what JSON knew of them. Raises KeyError, ValueError."""
    return {path: FileChecksum(int(entry["size"]), str(entry["sha256"])) for path, entry in said.items()}


def _unpack_artifacts(said: Mapping[str, Mapping[str, Any]]) -> dict[str, FileChecksum]:
    """Return artifacts from what JSON knew of them. Raises KeyError, ValueError, also for a path out of the root."""
    for path in said:
        if "\0" in path or path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"{path!r} leads out of the root")
    return _unpack_files(said)


def artifact_inputs(snapshots: Iterable[TaskSnapshot], artifacts: Iterable[str], made: str) -> dict[str, FileState]:
    """Return the inputs behind artifacts: path -> as it was seen when it was read.

    snapshots  what every task read and wrote when it last succeeded
    made       the directory of all that tasks make; what lies below it is no input
    """
    tasks, wanted = list(snapshots), set(artifacts)
    found: dict[str, FileState] = {}
    while maker := next((task for task in tasks if wanted & task.outputs.keys()), None):
        tasks.remove(maker)
        wanted |= maker.inputs.keys()
        found.update(maker.inputs)
    return {path: seen for path, seen in sorted(found.items()) if not path.startswith(f"{made}{os.sep}")}


def file_differences(before: Mapping[str, FileChecksum], now: Mapping[str, FileChecksum]) -> dict[str, list[str]]:
    """Return what changed between two sets of files: reason -> paths."""
    return _drop_empty_reasons(
        {
            "is gone": [path for path in before if path not in now],
            "is new": [path for path in now if path not in before],
            "has changed": [path for path in before if path in now and before[path] != now[path]],
        }
    )


def _drop_empty_reasons(found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return found without the reasons that hold for nothing."""
    return {reason: sorted(paths) for reason, paths in found.items() if paths}


def version_differences(before: BuildRecord, now: BuildRecord) -> list[str]:
    """Return the libraries and the version of smedoit in which two records differ, a line each."""
    named = {**now.libraries, **before.libraries}
    differences = [
        f"{name} {before.libraries.get(name, 'absent')} then, {now.libraries.get(name, 'absent')} now"
        for name in sorted(named)
        if before.libraries.get(name) != now.libraries.get(name)
    ]
    same_code = before.program.get("code") == now.program.get("code")
    return differences if same_code else [*differences, "smedoit's own code differs"]
