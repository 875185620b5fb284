# SPDX-License-Identifier: GPL-3.0-or-later
"""The media beside the installation ISO: sources, network install, jigdo, and all of them as one release."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from smedoit.config.release import Release
from smedoit.engine.code import package_digest
from smedoit.engine.task import Option, Task, release_config, started_in
from smedoit.iso.tasks import on_medium
from smedoit.packages.tasks import layout_config, repodata_files
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

    def run() -> object:
        from smedoit.artifacts.verify import list_media

        return list_media(isos=rel.isos, identity=rel.release, fact_cache=rel.fact_cache)

    return Task(
        name="release",
        run=run,
        after=RELEASE,
        always=True,
    )


def verify(rel: Release) -> Task:
    """All media, read back as they lie there: nothing is made first, or a damaged one would never be seen."""
    own = f"*/{rel.release.name}-{rel.release.full}-*"
    inputs: list[Path | FileSet] = [
        FileSet(rel.isos, (own,), content=False),
        *(FileSet(place, content=False) for place in (rel.tree, rel.srpms)),
        *(key.file for key in rel.keys),
    ]

    def run() -> object:
        from smedoit.artifacts.verify import verify_media

        return verify_media(rel=rel, on_medium=on_medium)

    return Task(
        name="verify",
        run=run,
        inputs=inputs,
        config={**release_config(rel, "date"), "[[keys]]": rel.keys},
        always=True,
        wiki="Where are My F... ISO",
    )


# Tasks that doit release does not run, and the record's own: what they saw last says nothing of a build.
NO_BUILDERS = (
    *("record", "rebuild", "verify", "boot_test", "preview", "release", "doctor", "sample"),
    *("plan_publish", "publish", "verify_published", "rollback", "retire", "prune", "compare", "import"),
    *("mirror", "mirror:*", "tiers", "tiers:*", "promote", "why_package", "repoview", "repoview:*"),
    *("bump", "new_major", "notes", "patches", "mock_init", "clean_mock", "installer", "update_repos"),
    *("build_installer", "build_ISO", "pin_boot_set", "secure_boot"),
)


def built_by(rel: Release) -> FileSet:
    """Return what doit remembers of the tasks that made this release."""
    return FileSet(rel.state / "tasks", ("*.json",), tuple(f"{name}.json" for name in NO_BUILDERS))


def iso_inputs(rel: Release) -> FileSet:
    """Return the media of this version, whatever their number; the stamp of a medium decides."""
    return FileSet(rel.isos, (f"*/{rel.release.name}-{rel.release.full}-*.iso",), content=False)


def checksums(rel: Release) -> Task:
    """The checksum files of every directory of media."""

    def run() -> object:
        from smedoit.artifacts.media import write_checksums

        return write_checksums(isos=rel.isos, identity=rel.release, fact_cache=rel.fact_cache)

    return Task(
        name="checksums",
        run=run,
        inputs=[iso_inputs(rel)],
        config=release_config(rel, "name", "version", "label"),
        outputs=[FileSet(rel.isos, tuple(f"*/{name}" for name in NAMES))],
        after=MEDIA,
        wiki="Where are My F... ISO",
    )


def sign(rel: Release) -> Task:
    """Detached signatures of the checksum files."""

    def run() -> object:
        from smedoit.artifacts.media import sign_checksums
        from smedoit.artifacts.verify import verify_images

        return sign_checksums(
            isos=rel.isos,
            identity=rel.release,
            by=rel.signing,
            is_practice=rel.is_practice,
            verify=partial(verify_images, rel, on_medium),
        )

    return Task(
        name="sign",
        run=run,
        inputs=[
            *([rel.signing.file] if rel.signing.configured and not rel.signing.key else []),
            FileSet(rel.isos, tuple(f"*/{name}" for name in NAMES)),
        ],
        config={**release_config(rel, "date"), "[signing]": rel.signing, "[[keys]] practice": rel.is_practice},
        outputs=[FileSet(rel.isos, tuple(f"*/{name}.asc" for name in NAMES))],
        after=["checksums"],
    )


def manifests(rel: Release) -> Task:
    """File lists, productmd's manifests and the bill of materials."""
    start = f"*/{rel.release.name}-{rel.release.full}-*"

    def run() -> object:
        from smedoit.artifacts.compose import LocatedPackages
        from smedoit.artifacts.manifests import write_manifests
        from smedoit.packages.lock import read_lock
        from smedoit.packages.places import medium_layout

        return write_manifests(
            identity=rel.release,
            isos=rel.isos,
            packages=LocatedPackages(read_lock(rel.lock), read_lock(rel.sources_lock), medium_layout(rel)),
            tree_root=rel.tree,
            main=rel.iso,
            fact_cache=rel.fact_cache,
        )

    return Task(
        name="manifests",
        run=run,
        inputs=[rel.lock, rel.sources_lock, iso_inputs(rel), *repodata_files(rel)],
        config={
            **release_config(rel, "product", "name", "short", "version", "label", "arch", "date"),
            **layout_config(rel),
        },
        outputs=[FileSet(rel.isos, (f"{start}.files", f"{start}.spdx.json", "metadata/*.json"))],
        after=MEDIA,
    )


def record(rel: Release) -> Task:
    """The build record; whatever ran since may have read something else."""

    def run() -> object:
        from smedoit.artifacts.rebuild import write_build_record

        return write_build_record(
            rel=rel, code=package_digest(), remembered=built_by(rel), target=build_record_path(rel)
        )

    return Task(
        name="record",
        run=run,
        inputs=[rel.file, artifact_files(rel), built_by(rel)],
        outputs=[build_record_path(rel)],
        after=[*MEDIA, "jigdo", "checksums", "manifests"],
    )


def build_record_path(rel: Release) -> Path:
    """Return where the record lies: beside the tree and its logs, as it describes the host."""
    return rel.stage / "build-record.json"


def artifact_files(rel: Release) -> FileSet:
    """Return what lies beside the media of this version."""
    names = (f"*/{rel.release.name}-{rel.release.full}-*", "metadata/*", *(f"*/{name}" for name in NAMES))
    return FileSet(rel.isos, names, ("*.asc",), content=False)


def rebuild(rel: Release) -> Task:
    """A build made again from its record."""

    def run(to: str, words: list[str]) -> object:
        from smedoit.artifacts.rebuild import rebuild_from_record

        return rebuild_from_record(
            rel=rel,
            own=build_record_path(rel),
            dodo=Path.cwd() / "dodo.py",
            started=started_in(),
            to=to,
            words=words,
        )

    return Task(
        name="rebuild",
        example="build-record.json --to again",
        run=run,
        always=True,
        options=[Option("to", "the directory to build in")],
        words="words",
    )
