# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks before a release is published: what must have passed, on these very files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from smedoit.artifacts.media import finished_media, group_by_directory, is_signed
from smedoit.checks.result import CheckResult, waive_failures
from smedoit.config.publish import PUBLISH_CHECKS
from smedoit.config.release import Release
from smedoit.engine.decision import FileState
from smedoit.engine.snapshot import is_as_seen, unpack_file_states
from smedoit.errors import FileError
from smedoit.keys import gpg
from smedoit.publish.addresses import check_addresses
from smedoit.publish.channels import PublishLocation
from smedoit.publish.plan import PublishedFile
from smedoit.runtime import checksums, foreign, progress
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.files import read_file_bytes, read_file_text

ON_MEDIA = ("verify", "boot_test")  # they read finished media, which must be among their inputs


CheckConfigs = Mapping[str, Mapping[str, str]]
UNCHANGED = "inputs unchanged since it passed"


def evaluate_publish_checks(
    rel: Release,
    configs: CheckConfigs,
    place: PublishLocation,
    files: Mapping[str, PublishedFile],
    known: DigestCache,
) -> tuple[CheckResult, ...]:
    """Return the result of every check, on the files as they are now.

    configs  check -> the configuration of its task, key -> text
    files    what the release will have: path in it -> file
    """
    results = {
        name: _task_result(name, _task_failure(rel, name, configs.get(name, {})))
        for name in PUBLISH_CHECKS
        if name not in ("signed", "addresses", "channel")
    }
    results["signed"] = _signature_result(rel, known)
    results["addresses"] = check_addresses(rel, files, rel.tree)
    label = f"label {rel.release.label}" if rel.release.label else "no label"
    results["channel"] = CheckResult("channel", f"{label} fits {place.channel}")
    return tuple(
        waive_failures(results[name], rel.publish.waived.get(name, "")) if results[name].failed else results[name]
        for name in PUBLISH_CHECKS
    )


def _task_result(task: str, failure: str) -> CheckResult:
    """Return the result of a check that is a task; failure is "" if it passed."""
    return CheckResult(task, failure or UNCHANGED, (failure,) if failure else (), f"run: doit {task}")


def _task_failure(rel: Release, task: str, config: Mapping[str, str]) -> str:
    """Return why the check of a task does not count, "" if it passed on what is there now."""
    state = rel.state / "tasks" / f"{task}.json"
    inputs = _recorded_inputs(state)
    if inputs is None:
        return f"not passed for {rel.iso.name if task in ON_MEDIA else rel.release.title}"
    recorded_config = _load_snapshot(state)["config"]
    for key, value in config.items():
        if key.startswith("release.toml") and recorded_config.get(key) != value:
            return f"{key} changed since it passed"
    media = finished_media(rel.isos, rel.release) if task in ON_MEDIA else []
    changed = [path for path, recorded in inputs.items() if not _is_unchanged(path, recorded)]
    changed += [
        path for path in map(str, _bootable_media(media) if task == "boot_test" else media) if path not in inputs
    ]
    if not changed:
        return ""
    return f"{progress.join_names(changed, 1)} changed since it passed"


def _bootable_media(media: list[Path]) -> list[Path]:
    """Return the media that boot: those that do not lie with the sources."""
    return [path for path in media if path.parent.name != "source"]


def _recorded_inputs(state: Path) -> Mapping[str, FileState] | None:
    """Return path -> file that a task read when it last succeeded, None if it did not."""
    if not state.is_file():
        return None
    try:
        return unpack_file_states(_load_snapshot(state)["inputs"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def _load_snapshot(state: Path) -> dict[str, dict[str, Any]]:
    """Return the inputs and configuration of a task when it last succeeded, as the state of tasks keeps it."""
    found: dict[str, dict[str, Any]] = foreign.parse_json(read_file_bytes(state))["snapshot:"]
    return found


def _is_unchanged(path: str, recorded: FileState) -> bool:
    """Return whether a file is there, and what the task read."""
    try:
        return is_as_seen(path, recorded)
    except (OSError, FileError):
        return False


def _signature_result(rel: Release, known: DigestCache) -> CheckResult:
    """Return whether the checksum files are those of the media, and signed with our key."""
    if not rel.signing.configured:
        failure, fix = "nothing is signed: release.toml has no [signing]", "add [signing], then run: doit sign"
    else:
        owner = gpg.load_signing_certificate(rel.signing, rel.is_practice)
        groups = group_by_directory(finished_media(rel.isos, rel.release))
        faults = (
            fault for directory, files in groups.items() for fault in _checksum_faults(directory, files, known, owner)
        )
        failure, fix = next(faults, ""), "run: doit checksums sign"
    summary = failure or "checksum files are those of the media, and signed"
    return CheckResult("signed", summary, (failure,) if failure else (), fix)


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
