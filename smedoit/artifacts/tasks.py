"""The media beside the installation ISO: sources, network install, jigdo, and all of them as one release."""

from __future__ import annotations

from pathlib import Path

from doit import get_initial_workdir

from smedoit.config.release import Release
from smedoit.engine.state import program_config
from smedoit.engine.task import Task, define_task, release_config
from smedoit.iso.tasks import on_medium
from smedoit.runtime.checksums import NAMES
from smedoit.runtime.filesets import FileSet

MEDIA = ("iso", "netinstall", "source_iso")  # the tasks that make an ISO
RELEASE = (
    *MEDIA,
    "jigdo",
    "checksums",
    "sign",
    "manifests",
    "record",
)  # all that users download, by the tasks that make it


def release(rel: Release) -> Task:
    """Everything that users download."""
    return define_task(
        rel,
        "release",
        "artifacts.verify.list_media",
        rel.isos,
        rel.release,
        rel.memories.digests,
        after=RELEASE,
        always=True,
    )


def verify(rel: Release) -> Task:
    """All media, read back as they lie there: nothing is made first, or a damaged one would never be seen."""
    own = f"*/{rel.release.name}-{rel.release.full}-*"
    reads = [
        FileSet(rel.isos, (own,), content=False),
        *(FileSet(place, content=False) for place in (rel.tree, rel.srpms)),
    ]
    return define_task(
        rel,
        "verify",
        "artifacts.verify.verify_media",
        rel,
        on_medium,
        reads=reads,
        always=True,
        wiki="Where are My F... ISO",
    )


# Tasks that make nothing, and the record's own: what they saw says nothing of a build.
NO_BUILDERS = tuple(
    f"{name}.json"
    for name in (
        *("record", "rebuild", "verify", "boot_test", "preview", "release", "doctor"),
        *("plan_publish", "publish", "rollback", "retire", "prune"),
    )
)


def iso_inputs(rel: Release) -> FileSet:
    """Return the media of this version, whatever their number; the stamp of a medium decides."""
    return FileSet(rel.isos, (f"*/{rel.release.name}-{rel.release.full}-*.iso",), content=False)


def checksums(rel: Release) -> Task:
    """The checksum files of every directory of media."""
    return define_task(
        rel,
        "checksums",
        "artifacts.media.write_checksums",
        *(rel.isos, rel.release, rel.memories.digests),
        reads=[iso_inputs(rel)],
        told=release_config(rel, "name", "version", "label"),
        writes=[FileSet(rel.isos, tuple(f"*/{name}" for name in NAMES))],
        after=MEDIA,
        wiki="Where are My F... ISO",
    )


def sign(rel: Release) -> Task:
    """Detached signatures of the checksum files."""
    return define_task(
        rel,
        "sign",
        "artifacts.media.sign_checksums",
        *(rel.isos, rel.release, rel.signing),
        file_dep=[rel.signing.file] if rel.signing.configured and not rel.signing.key else [],
        reads=[FileSet(rel.isos, tuple(f"*/{name}" for name in NAMES))],
        told={**release_config(rel, "date"), "[signing]": rel.signing},
        writes=[FileSet(rel.isos, tuple(f"*/{name}.asc" for name in NAMES))],
        after=["checksums"],
    )


def manifests(rel: Release) -> Task:
    """File lists, productmd's manifests and the bill of materials."""
    start = f"*/{rel.release.name}-{rel.release.full}-*"
    return define_task(
        rel,
        "manifests",
        "artifacts.manifests.write_manifests",
        *(rel.release, rel.isos, (rel.lock, rel.sources_lock), rel.tree, rel.iso, rel.memories.digests),
        file_dep=[rel.lock, rel.sources_lock],
        reads=[iso_inputs(rel), FileSet(rel.tree / "repodata")],
        told=release_config(rel, "product", "name", "short", "version", "label", "arch", "date"),
        writes=[FileSet(rel.isos, (f"{start}.files", f"{start}.spdx.json", "metadata/*.json"))],
        after=MEDIA,
    )


def record(rel: Release) -> Task:
    """The build record; whatever ran since may have read something else."""
    return define_task(
        rel,
        "record",
        "artifacts.rebuild.write_build_record",
        *(rel, program_config()["smedoit itself"], build_record_path(rel)),
        file_dep=[rel.file],
        reads=[artifact_files(rel), FileSet(rel.state / "tasks", ("*.json",), NO_BUILDERS)],
        targets=[build_record_path(rel)],
        after=[*MEDIA, "jigdo", "checksums", "manifests"],
    )


def build_record_path(rel: Release) -> Path:
    """Return where the record lies: beside the tree and its logs, for it tells of the host."""
    return rel.stage / "build-record.json"


def artifact_files(rel: Release) -> FileSet:
    """Return what lies beside the media of this version."""
    names = (f"*/{rel.release.name}-{rel.release.full}-*", "metadata/*", *(f"*/{name}" for name in NAMES))
    return FileSet(rel.isos, names, ("*.asc",), content=False)


def rebuild(rel: Release) -> Task:
    """A build made again from its record."""
    to = {"name": "to", "long": "to", "default": "", "type": str, "help": "the directory to build in"}
    args = (
        rel,
        build_record_path(rel),
        Path.cwd() / "dodo.py",
        Path(get_initial_workdir() or "."),
        rel.logs / "rebuild.doit.log",
    )
    return define_task(
        rel, "rebuild", "artifacts.rebuild.rebuild_from_record", *args, always=True, params=[to], pos_arg="words"
    )
