"""The media beside the installation ISO: sources, network install, jigdo, and all of them as one release."""

from __future__ import annotations

from pathlib import Path

from doit import get_initial_workdir

from smedoit.artifacts.checksums import NAMES
from smedoit.config.release import Release
from smedoit.engine.state import program
from smedoit.engine.task import Task, said, step
from smedoit.iso.tasks import on_medium
from smedoit.runtime.filesets import Files

MEDIA = ("iso", "netinstall", "source_iso")  # the tasks that make an ISO
RELEASE = (
    *MEDIA,
    "jigdo",
    "checksums",
    "sign",
    "manifests",
    "record",
)  # all that users download, by the tasks that make it


def memory(rel: Release) -> Path:
    """Return where the digests of files are remembered."""
    return rel.cache / "digests.json"


def release(rel: Release) -> Task:
    """Everything that users download."""
    return step(rel, "release", "artifacts.verify.told", rel.isos, rel.release, memory(rel), after=RELEASE, always=True)


def verify(rel: Release) -> Task:
    """All media, read back as they lie there: nothing is made first, or a damaged one would never be seen."""
    own = f"*/{rel.release.name}-{rel.release.full}-*"
    reads = [Files(rel.isos, (own,), content=False), *(Files(place, content=False) for place in (rel.tree, rel.srpms))]
    return step(
        rel, "verify", "artifacts.verify.verify", rel, on_medium, reads=reads, always=True, wiki="Where are My F... ISO"
    )


# Tasks that make nothing, and the record's own: what they saw says nothing of a build.
NO_BUILDERS = tuple(
    f"{name}.json"
    for name in (
        *("record", "rebuild", "verify", "boot_test", "preview", "release", "doctor"),
        *("plan_publish", "publish", "rollback", "retire", "prune"),
    )
)


def isos(rel: Release) -> Files:
    """Return the media of this version, whatever their number; the stamp of a medium decides."""
    return Files(rel.isos, (f"*/{rel.release.name}-{rel.release.full}-*.iso",), content=False)


def checksums(rel: Release) -> Task:
    """The checksum files of every directory of media."""
    return step(
        rel,
        "checksums",
        "artifacts.media.write_checksums",
        *(rel.isos, rel.release, memory(rel)),
        reads=[isos(rel)],
        told=said(rel, "name", "version", "label"),
        writes=[Files(rel.isos, tuple(f"*/{name}" for name in NAMES))],
        after=MEDIA,
        wiki="Where are My F... ISO",
    )


def sign(rel: Release) -> Task:
    """Detached signatures of the checksum files."""
    return step(
        rel,
        "sign",
        "artifacts.media.sign",
        *(rel.isos, rel.release, rel.signing),
        file_dep=[rel.signing.file] if rel.signing.configured and not rel.signing.key else [],
        reads=[Files(rel.isos, tuple(f"*/{name}" for name in NAMES))],
        told={**said(rel, "date"), "[signing]": rel.signing},
        writes=[Files(rel.isos, tuple(f"*/{name}.asc" for name in NAMES))],
        after=["checksums"],
    )


def manifests(rel: Release) -> Task:
    """File lists, productmd's manifests and the bill of materials."""
    start = f"*/{rel.release.name}-{rel.release.full}-*"
    return step(
        rel,
        "manifests",
        "artifacts.manifests.write",
        *(rel.release, rel.isos, (rel.lock, rel.sources_lock), rel.tree, rel.iso, memory(rel)),
        file_dep=[rel.lock, rel.sources_lock],
        reads=[isos(rel), Files(rel.tree / "repodata")],
        told=said(rel, "product", "name", "short", "version", "label", "arch", "date"),
        writes=[Files(rel.isos, (f"{start}.files", f"{start}.spdx.json", "metadata/*.json"))],
        after=MEDIA,
    )


def record(rel: Release) -> Task:
    """The build record; whatever ran since may have read something else."""
    return step(
        rel,
        "record",
        "artifacts.rebuild.write",
        *(rel, program()["smedoit itself"], record_file(rel)),
        file_dep=[rel.file],
        reads=[artifacts(rel), Files(rel.state / "tasks", ("*.json",), NO_BUILDERS)],
        targets=[record_file(rel)],
        after=[*MEDIA, "jigdo", "checksums", "manifests"],
    )


def record_file(rel: Release) -> Path:
    """Return where the record lies: beside the tree and its logs, for it tells of the host."""
    return rel.stage / "build-record.json"


def artifacts(rel: Release) -> Files:
    """Return what lies beside the media of this version."""
    names = (f"*/{rel.release.name}-{rel.release.full}-*", "metadata/*", *(f"*/{name}" for name in NAMES))
    return Files(rel.isos, names, ("*.asc",), content=False)


def rebuild(rel: Release) -> Task:
    """A build made again from its record."""
    to = {"name": "to", "long": "to", "default": "", "type": str, "help": "the directory to build in"}
    args = (
        rel,
        record_file(rel),
        Path.cwd() / "dodo.py",
        Path(get_initial_workdir() or "."),
        rel.logs / "rebuild.doit.log",
    )
    return step(rel, "rebuild", "artifacts.rebuild.rebuild", *args, always=True, params=[to], pos_arg="words")
