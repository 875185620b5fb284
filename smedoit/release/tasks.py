# SPDX-License-Identifier: GPL-3.0-or-later
"""One release record: what follows from [release], and what is held against it."""

from __future__ import annotations

from pathlib import Path

from smedoit.checks.tasks import last_release, previous_release
from smedoit.config.release import Release
from smedoit.engine.task import Option, Task, release_config
from smedoit.medium_paths import OVERLAYS
from smedoit.runtime.filesets import FileSet

ANACONDA = ("*.spec", "*.src.rpm")


def stage_link(rel: Release) -> Task:
    """stage/N, by which old hands and scripts find the version that is being built."""
    place = rel.root / "stage" / str(rel.release.major)

    def run() -> object:
        from smedoit.release.bump import link_current_stage

        return link_current_stage(stage=rel.stage, place=place)

    return Task(
        name="stage_link",
        run=run,
        config=release_config(rel, "major", "version", "label"),
        links=[place],
        wiki="Create release specific folder and link (or rename the folder)",
    )


def release_package(rel: Release) -> Task:
    """The package that carries the version, held against release.toml."""

    def run() -> object:
        from smedoit.release.bump import check_release_package

        return check_release_package(lock_file=rel.lock, name=rel.spec.package, identity=rel.release)

    return Task(
        name="release_package",
        run=run,
        inputs=[rel.lock],
        config={**release_config(rel, "version", "label"), "[spec] package": rel.spec.package},
        wiki="The Smeserver version name; Bump smeserver-release if needed",
    )


def bump(rel: Release) -> Task:
    """The spec file, and on request the content checkout, as this release needs them."""

    def run(author: str, write_content: bool, apply: bool) -> object:
        from smedoit.branding.rules import Branding
        from smedoit.release.bump import bump_release

        return bump_release(
            branding=Branding(rel.release, rel.rules, fills=False),
            settings=rel.spec,
            spec_file=rel.root / rel.spec.path,
            content=rel.content.path if write_content else None,
            author=author,
            apply=apply,
        )

    return Task(
        name="bump",
        example="--apply",
        run=run,
        always=True,
        wiki="Bump smeserver-release if needed",
        options=[
            Option("author", "'Name <mail>' of the entry"),
            Option("write_content", "also the content tree", default=False, long="content"),
            Option("apply", "write, instead of showing a diff", default=False),
        ],
    )


def new_major(rel: Release) -> Task:
    """The next major's content tree and release.toml."""

    def run(old: int, new: int, version: str, label: str, base: str) -> object:
        from smedoit.release.new_major import MajorStep, make_new_major

        return make_new_major(rel=rel, step=MajorStep(old, new, version, label, base))

    return Task(
        name="new_major",
        example="--from 10 --to 11",
        run=run,
        always=True,
        wiki="Preparation of a new Major Release; Update cdrom.image content",
        options=[
            Option("old", "the major to start from", default=rel.release.major, long="from"),
            Option("new", "the major to make", default=rel.release.major + 1, long="to"),
            Option("version", "its first version, else N.0"),
            Option("label", "its first label", default="alpha1"),
            Option("base", "the Enterprise Linux that it is built on, else the one that is known of N"),
        ],
    )


def notes(rel: Release) -> Task:
    """Release notes against the last release."""
    target, last = rel.stage / "notes", rel.quality.previous_release

    def run(into_content: bool) -> object:
        from smedoit.branding.rules import Branding
        from smedoit.checks.previous_release import ReleaseComparison
        from smedoit.release.notes import NotesTarget, write_release_notes
        from smedoit.repodata.inputs import medium_metadata

        return write_release_notes(
            compared=ReleaseComparison(rel.root, rel.lock, previous_release(rel, "notes")),
            branding=Branding(rel.release, rel.rules),
            settings=rel.notes,
            own=rel.anaconda,
            medium=medium_metadata(rel),
            target=NotesTarget(target, rel.content.path / "README.txt" if into_content else None),
        )

    return Task(
        name="notes",
        run=run,
        inputs=[
            rel.lock,
            rel.comps,
            *(rel.tree / name for name in OVERLAYS),
            *last_release(rel, *OVERLAYS),
            *([FileSet(Path(rel.anaconda.source), ANACONDA)] if rel.anaconda.source else []),
        ],
        config={
            **release_config(rel, "product", "version", "label"),
            "[notes]": rel.notes,
            "[quality] previous_release": last,
            "[anaconda]": rel.anaconda,
            "[[rules]]": rel.rules,
        },
        outputs=[*[target / name for name in ("README.txt", "ReleaseNotes.md", "ReleaseNotes.html")]],
        wiki="Generate a new Changelogs",
        options=[Option("into_content", "also make it README.txt of the content tree", default=False, long="content")],
    )
