# SPDX-License-Identifier: GPL-3.0-or-later
"""The build record, and a build made again from it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import tomli_w

import smedoit
from smedoit.artifacts import build_record, recorded
from smedoit.artifacts.build_record import BuildRecord, FileChecksum
from smedoit.artifacts.media import existing_locks
from smedoit.artifacts.recorded import BESIDE, CONFIGURATION, LOCK, MARKER
from smedoit.bases.enterprise_linux import DiskForm
from smedoit.config.release import Release, load_release
from smedoit.content import revisions
from smedoit.engine.decision import FileState, TaskSnapshot
from smedoit.engine.snapshot import is_as_seen, unpack_file_states
from smedoit.errors import ConfigError, FileError, VerifyError, format_grouped
from smedoit.iso import appended
from smedoit.packages import lock
from smedoit.runtime import files, foreign, libraries, progress
from smedoit.runtime.checksums import NAMES
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.filesets import FileSet
from smedoit.runtime.process import run_program
from smedoit.tree import layers


def write_build_record(rel: Release, code: str, remembered: FileSet, target: Path) -> str:
    """Write the record of what was built last.

    code        the digest of smedoit's own code
    remembered  what doit remembers of the tasks that built it, a file each
    """
    snapshots = list(_task_snapshots(remembered))
    made = _release_artifacts(rel, snapshots)
    if rel.iso not in made:
        raise FileError(f"{rel.iso}: there is nothing to record yet", hint="run doit release first")
    locks = {
        path.name: foreign.parse_json(files.read_file_text(path))
        for path in (rel.lock, rel.sources_lock)
        if path.is_file()
    }
    known = DigestCache(rel.fact_cache)
    record = BuildRecord(
        release=rel.release.full,
        configuration=files.read_file_text(rel.file),
        locks=locks,
        inputs=_checksum_files(rel, _require_unchanged(_built_inputs(rel, snapshots, made)), known),
        artifacts=_checksum_files(rel, made, known),
        program={
            "version": smedoit.__version__,
            "code": code,
            **revisions.checkout_revision(_source_root(), _source_root()),
        },
        libraries=_runtime_versions(rel),
        revisions=_working_copies(rel),
        host=_host_facts(),
    )
    known.save()
    files.write_file(target, build_record.format_build_record(record))
    return f"{len(record.inputs)} inputs, {len(record.artifacts)} artifacts"


def _release_artifacts(rel: Release, snapshots: Iterable[TaskSnapshot]) -> list[Path]:
    """Return all that this release consists of, but for signatures, which carry the time they were made at.

    Of the tree that is what the tasks of a release made: web pages of it, which nobody else makes, are none.
    """
    start = f"{rel.release.name}-{rel.release.full}-"
    names = [name for name in layers.list_tree_files(rel.isos) if _is_artifact(name, start)]
    built = {path for task in snapshots for path in task.outputs}
    in_tree = [
        name
        for name in layers.list_tree_files(rel.tree)
        if not name.endswith(".rpm") and os.fspath(rel.tree / name) in built
    ]
    return [*(rel.isos / name for name in names), *(rel.tree / name for name in in_tree)]


def _is_artifact(name: str, start: str) -> bool:
    """Return whether a file below the media belongs to this release and is the same however often it is made."""
    own = Path(name).name
    return own.startswith(start) or own in NAMES or name.startswith("metadata/")


def _built_inputs(rel: Release, snapshots: Iterable[TaskSnapshot], made: Iterable[Path]) -> dict[Path, FileState]:
    """Return the files that went into artifacts; of the tiers' packages those that were chosen."""
    found = build_record.artifact_inputs(snapshots, map(os.fspath, made), os.fspath(rel.root / "stage"))
    chosen = [
        rel.root / pick.package.file
        for path in existing_locks(rel)
        for pick in lock.parse_lock(files.read_file_text(path), path)
    ]
    tiers = [tier.path for tier in rel.tiers]
    others = {
        path: seen for path, seen in ((Path(recorded), seen) for recorded, seen in found.items())
        if path != rel.file and not _is_tier_package(path, tiers)
    }  # fmt: skip
    return {**others, **{path: FileState(files.FileStamp(0, 0, 0, 0), "") for path in chosen}}


def _is_tier_package(path: Path, tiers: Sequence[Path]) -> bool:
    """Return whether a file is a package of a tier."""
    return path.suffix == ".rpm" and any(path.is_relative_to(tier) for tier in tiers)


def _task_snapshots(remembered: FileSet) -> Iterator[TaskSnapshot]:
    """Yield what each of the tasks saw when it last succeeded."""
    for path in sorted(remembered.paths()):
        said = foreign.parse_json(files.read_file_bytes(Path(path))).get("snapshot:", {})
        inputs, outputs = (unpack_file_states(said.get(key, {})) for key in ("inputs", "outputs"))
        yield TaskSnapshot({}, inputs, outputs)


def _require_unchanged(found: Mapping[Path, FileState]) -> list[Path]:
    """Return the inputs, if each still is what was built in. Raises FileError for all that are not."""
    changed = {path: reason for path, seen in found.items() if (reason := _change_reason(path, seen))}
    if changed:
        complaints: dict[str, list[str]] = {}
        for path, reason in changed.items():
            complaints.setdefault(reason, []).append(os.fspath(path))
        raise FileError(
            f"inputs of the build were modified or removed\n{format_grouped(complaints)}", hint="run doit release again"
        )
    return list(found)


def _change_reason(path: Path, seen: FileState) -> str:
    """Return how a file differs from what was read, "" if it does not; a digest decides where there is one."""
    try:
        same = not seen.digest or is_as_seen(path, seen)
    except OSError:
        return "is gone"
    return "" if same else "has changed since"


def _checksum_files(rel: Release, paths: Iterable[Path], known: DigestCache) -> dict[str, FileChecksum]:
    """Return path from the build root -> size and SHA-256, sorted."""
    found = known.of_all(paths, "sha256")
    return {
        _recorded_path(rel, path): FileChecksum(path.stat().st_size, sums["sha256"]) for path, sums in found.items()
    }


def _recorded_path(rel: Release, path: Path) -> str:
    """Return a path as a record carries it: from the build root, or as ./PATH from release.toml, or absolute."""
    if path.is_relative_to(rel.root):
        return path.relative_to(rel.root).as_posix()
    beside = rel.file.parent
    return f"{BESIDE}{path.relative_to(beside).as_posix()}" if path.is_relative_to(beside) else os.fspath(path)


def _source_root() -> Path:
    """Return the directory that smedoit's package lies in."""
    return Path(smedoit.__file__).parents[1]


def _runtime_versions(rel: Release) -> dict[str, str]:
    """Return name -> version of Python, of every library that we depend on, and of what else writes media."""
    writer = {"xorriso": appended.xorriso_version()} if rel.release.built_on.disk is DiskForm.APPENDED else {}
    return {"python": platform.python_version(), **libraries.library_versions(), **writer}


def _working_copies(rel: Release) -> dict[str, Any]:
    """Return the revisions of the directories that people keep in git or CVS."""
    places = (
        rel.content.path,
        *(checkout.path for checkout in rel.checkouts),
        rel.boot_set.path,
        rel.translations.path,
    )
    found = {
        _recorded_path(rel, path): revision
        for path in places
        if (revision := revisions.checkout_revision(path, rel.root))
    }
    patched = rel.anaconda_layer.with_suffix(".json")
    return {**found, **({"anaconda": foreign.parse_json(files.read_file_bytes(patched))} if patched.is_file() else {})}


def _host_facts() -> dict[str, Any]:
    """Return where and when: for people who wonder why two builds differ; no artifact depends on it."""
    return {
        "built": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        "system": platform.platform(),
        "distribution": _host_distribution(),
        "python": sys.version,
        "processors": os.cpu_count(),
    }


def _host_distribution() -> str:
    """Return what the host calls itself."""
    try:
        return str(platform.freedesktop_os_release().get("PRETTY_NAME", ""))
    except OSError:
        return ""


def rebuild_from_record(rel: Release, own: Path, dodo: Path, started: Path, to: str, words: Sequence[str]) -> str:
    """Build again from a record in a directory of its own, and compare every artifact.

    own      the record of this release, if words names no other
    started  the directory that doit was called in
    to       where to build, "" for a place below the build root

    Raises VerifyError with all that is gone, changed or came out differently.
    """
    if len(words) > 1:
        raise ConfigError("doit rebuild takes one record", hint="doit rebuild RECORD")
    file = started / words[0] if words else own
    before = build_record.parse_build_record(files.read_file_text(file), file)
    tables, picks = recorded.counted_tables(before, file), recorded.recorded_lock(before, file)
    recorded.refuse_outside_inputs(rel, before, picks, file)
    _check_inputs(rel, before, file)
    place = Path(os.path.normpath(started / to)) if to else rel.root / "rebuild" / before.release
    again = _prepare_build_root(rel, before.inputs, place, tables, lock.format_lock(picks), file)
    page = ("-f", dodo) if dodo.exists() else ()
    run_program(
        [sys.executable, "-m", "smedoit", *page, "again=1", "offline=1", "release"],
        cwd=dodo.parent, env={"SMEDOIT_RELEASE": os.fspath(again.file)}, log=rel.logs / "rebuild.doit.log",
    )  # fmt: skip
    made = again.stage / own.name
    now = build_record.parse_build_record(files.read_file_text(made), made)
    _compare_artifacts(before, now, place)
    return f"{len(before.artifacts)} artifacts of {before.release} rebuilt in {place}, all identical"


def _check_inputs(rel: Release, before: BuildRecord, file: Path) -> None:
    """Raise VerifyError with every input of a record that is gone or has changed."""
    places = {path: recorded.resolve_recorded(rel, path) for path in before.inputs}
    known = DigestCache(rel.fact_cache)
    found = known.of_all((place for place in places.values() if place.is_file()), "sha256")
    known.save()
    now = {
        path: FileChecksum(place.stat().st_size, found[place]["sha256"])
        for path, place in places.items()
        if place in found
    }
    if complaints := build_record.file_differences(before.inputs, now):
        raise VerifyError(
            f"{file}: cannot be rebuilt: its inputs were modified\n{format_grouped(complaints)}",
            hint="restore these files; the record has their SHA-256",
        )


def _prepare_build_root(
    rel: Release, inputs: Iterable[str], place: Path, tables: Mapping[str, Any], chosen: str, file: Path
) -> Release:
    """Lay out a build root that holds the inputs of a record and nothing else; return its release.

    tables  of the record's configuration, those that count
    chosen  the text of its lock
    file    the record
    """
    inside = sorted(filter(recorded.is_relocated, inputs))  # others are read where they are
    root = _nested_root(inside)
    recorded.refuse_taken_places(inside, place, root, file)
    _empty_directory(place)
    files.write_file(place / LOCK, chosen)
    files.write_file(place / CONFIGURATION, tomli_w.dumps(_rebuild_tables(tables, place, root)))
    release = load_release(place / CONFIGURATION)
    recorded.refuse_outside_settings(rel, release, place, file)
    for path in progress.track_progress(inside, len(inside), "linking inputs"):
        files.link_file(recorded.resolve_recorded(rel, path), recorded.rebuilt_place(path, place, root))
    for tier in release.tiers:
        if Path(os.path.normpath(tier.path)).is_relative_to(place):
            files.make_directory(tier.path)
    return release


def _empty_directory(place: Path) -> None:
    """Make place an empty directory; one that is not ours is never removed."""
    if place.exists() and not (place / MARKER).is_file() and any(place.iterdir()):
        raise ConfigError(
            f"{place}: is not empty and was not made by doit rebuild", hint="name another directory with --to"
        )
    with files.wrap_os_errors(place, "emptied"):
        if place.exists():
            shutil.rmtree(place)
    files.write_file(place / MARKER, "doit rebuild may remove this directory\n")


def _nested_root(paths: Iterable[str]) -> str:
    """Return a build root so deep that no input that lies beside the original root leads out of our directory."""
    steps = max((path.split("/").count("..") for path in paths), default=0)
    return "/".join([*["beside"] * steps, "root"])


def _rebuild_tables(tables: Mapping[str, Any], place: Path, root: str) -> dict[str, Any]:
    """Return the tables of a record with a root of their own, and the recorded lock instead of a choice."""
    tiers = [{**tier, "may_be_empty": True} for tier in tables["tiers"]]
    packages = {**tables.get("packages", {}), "lock": os.fspath(place / LOCK)}
    return {**tables, "paths": {"root": root}, "tiers": tiers, "packages": packages}


def _compare_artifacts(before: BuildRecord, now: BuildRecord, place: Path) -> None:
    """Raise VerifyError with every artifact that differs, and with what may be the reason."""
    if complaints := build_record.file_differences(before.artifacts, now.artifacts):
        others = build_record.version_differences(before, now)
        hint = f"not the same tools: {'; '.join(others)}" if others else f"compare with what lies in {place}"
        raise VerifyError(f"{place}: artifacts differ from the record\n{format_grouped(complaints)}", hint=hint)
