# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates before a release is published: what must have passed, on these very files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from smedoit.artifacts.media import finished_media, group_by_directory, is_signed
from smedoit.config.publish import GATES
from smedoit.config.release import Release
from smedoit.engine.decision import FileState
from smedoit.keys import gpg
from smedoit.publish.channels import PublishLocation
from smedoit.publish.plan import PublishCheck
from smedoit.runtime import checksums
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.files import digest_file, read_file_bytes, read_file_text, stamp_file

ON_MEDIA = ("verify", "boot_test")  # they look at finished media, which must be among what they saw


CheckConfigs = Mapping[str, Mapping[str, str]]


def evaluate_publish_checks(
    rel: Release, configs: CheckConfigs, place: PublishLocation, known: DigestCache
) -> tuple[PublishCheck, ...]:
    """Return every gate as it is now.

    configs  gate -> what its task is configured by now, in the words of release.toml
    """
    words = {
        name: _check_failure(rel, name, configs.get(name, {})) for name in GATES if name not in ("signed", "channel")
    }
    words |= {"signed": _signature_fault(rel, known), "channel": ""}
    closed = {
        "signed": "the checksum files are those of the media, and signed",
        "channel": f"{f'label {rel.release.label}' if rel.release.label else 'no label'} fits {place.channel}",
    }
    return tuple(
        PublishCheck(
            name,
            not words[name],
            words[name] or closed.get(name, "passed, and what it saw is unchanged"),
            "" if not words[name] else rel.publish.waived.get(name, ""),
        )
        for name in GATES
    )


def _check_failure(rel: Release, task: str, config: Mapping[str, str]) -> str:
    """Return why the gate of a task is open, "" if it is closed."""
    state = rel.state / "tasks" / f"{task}.json"
    saw = _recorded_inputs(state)
    if saw is None:
        return f"it has not passed since it last ran, or never ran: doit {task}"
    heard = _load_snapshot(state)["config"]
    for key, value in config.items():
        if key.startswith("release.toml") and heard.get(key) != value:
            return f"{key} changed since it passed: doit {task}"
    media = finished_media(rel.isos, rel.release) if task in ON_MEDIA else []
    changed = [path for path, recorded in saw.items() if not _is_unchanged(path, recorded)]
    changed += [path for path in map(str, _bootable_media(media) if task == "boot_test" else media) if path not in saw]
    if not changed:
        return ""
    more = f" and {len(changed) - 1} more files" if len(changed) > 1 else ""
    return f"{changed[0]}{more} changed since it passed: doit {task}"


def _bootable_media(media: list[Path]) -> list[Path]:
    """Return the media that boot: those that do not lie with the sources."""
    return [path for path in media if path.parent.name != "source"]


def _recorded_inputs(state: Path) -> Mapping[str, FileState] | None:
    """Return path -> file that a task read when it last succeeded, None if it did not."""
    if not state.is_file():
        return None
    try:
        return {path: FileState(*values) for path, values in _load_snapshot(state)["inputs"].items()}
    except (ValueError, KeyError, TypeError):
        return None


def _load_snapshot(state: Path) -> dict[str, dict[str, Any]]:
    """Return what a task saw when it last succeeded, as the ledger of tasks keeps it."""
    found: dict[str, dict[str, Any]] = json.loads(read_file_bytes(state))["snapshot:"]
    return found


def _is_unchanged(path: str, recorded: FileState) -> bool:
    """Return whether a file is what was seen of it: by its stamp, or where it was read, by its content."""
    try:
        if tuple(recorded.stamp) == tuple(stamp_file(path)):
            return True
        return bool(recorded.digest) and digest_file(path) == recorded.digest
    except OSError:
        return False


def _signature_fault(rel: Release, known: DigestCache) -> str:
    """Return why the checksum files prove nothing, "" if they do."""
    if not rel.signing.configured:
        return "nothing is signed, release.toml has no [signing]"
    owner = gpg.load_signing_certificate(rel.signing)
    for directory, files in group_by_directory(finished_media(rel.isos, rel.release)).items():
        for fault in _checksum_faults(directory, files, known, owner):
            return f"{fault}: doit checksums sign"
    return ""


def _checksum_faults(
    directory: Path, files: list[Path], known: DigestCache, owner: gpg.SigningCertificate
) -> Iterator[str]:
    """Yield what is wrong with the checksum files of one directory."""
    for name in checksums.NAMES:
        path = directory / name
        if not path.is_file():
            yield f"{path} is not there"
        elif not is_signed(path, owner):
            yield f"{path} has no good signature"
    summed = directory / checksums.SHA256
    if summed.is_file():
        try:
            listed = checksums.parse_checksums(read_file_text(summed))
        except ValueError as error:
            yield f"{summed} is no checksum file, {error}"
            return
        if listed != {path.name: known.sha256(path) for path in files}:
            yield f"{summed} is not that of the media"
