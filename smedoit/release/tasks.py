"""One release record: what follows from [release], and what is held against it."""

from __future__ import annotations

from pathlib import Path

from smedoit.checks.tasks import last_release, memory
from smedoit.config.places import ReleaseComparison
from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task, release_config
from smedoit.medium_paths import OVERLAYS
from smedoit.runtime.filesets import FileSet

ANACONDA = ("*.spec", "*.src.rpm")


def stage_link(rel: Release) -> Task:
    """stage/N, by which old hands and scripts find the version that is being built."""
    place = rel.root / "stage" / str(rel.release.major)
    return define_task(
        rel,
        "stage_link",
        "release.bump.link_current_stage",
        *(rel.stage, place),
        told=release_config(rel, "major", "version", "label"),
        links=[place],
        wiki="Create release specific folder and link (or rename the folder)",
    )


def release_package(rel: Release) -> Task:
    """The package that carries the version, held against release.toml."""
    return define_task(
        rel,
        "release_package",
        "release.bump.check_release_package",
        *(rel.lock, rel.spec.package, rel.release),
        file_dep=[rel.lock],
        told={**release_config(rel, "version", "label"), "[spec] package": rel.spec.package},
        wiki="The Smeserver version name; Bump smeserver-release if needed",
    )


def bump(rel: Release) -> Task:
    """The spec file, and on request the content checkout, as this release needs them."""
    return define_task(
        rel,
        "bump",
        "release.bump.bump_release",
        *(rel.root, rel.spec, rel.content.path, rel.release, rel.rules),
        always=True,
        params=[
            {"name": "author", "long": "author", "type": str, "default": "", "help": "'Name <mail>' of the entry"},
            {
                "name": "write_content",
                "long": "content",
                "type": bool,
                "default": False,
                "help": "also the content tree",
            },
            {
                "name": "apply",
                "long": "apply",
                "type": bool,
                "default": False,
                "help": "write, instead of showing a diff",
            },
        ],
        wiki="Bump smeserver-release if needed",
    )


def new_major(rel: Release) -> Task:
    """The next major's content tree and release.toml."""
    return define_task(
        rel,
        "new_major",
        "release.new_major.make_new_major",
        rel,
        always=True,
        params=[
            {
                "name": "old",
                "long": "from",
                "type": int,
                "default": rel.release.major,
                "help": "the major to start from",
            },
            {"name": "new", "long": "to", "type": int, "default": rel.release.major + 1, "help": "the major to make"},
            {"name": "version", "long": "version", "type": str, "default": "", "help": "its first version, else N.0"},
            {"name": "label", "long": "label", "type": str, "default": "alpha1", "help": "its first label"},
        ],
        wiki="Preparation of a new Major Release; Update cdrom.image content",
    )


def notes(rel: Release) -> Task:
    """Release notes against the last release."""
    target, comps, last = rel.stage / "notes", rel.tree / "Packages/base/comps.xml", rel.quality.previous
    kept = memory(rel, "notes")
    compared = ReleaseComparison(rel.root, rel.lock, comps, rel.tree, last)
    return define_task(
        rel,
        "notes",
        "release.notes.write_release_notes",
        *(compared, rel.release, rel.notes, rel.anaconda, rel.rules, rel.network, kept, target, rel.content.path),
        file_dep=[rel.lock, comps, *(rel.tree / name for name in OVERLAYS)],
        reads=[
            *last_release(rel, *OVERLAYS),
            *([FileSet(Path(rel.anaconda.source), ANACONDA)] if rel.anaconda.source else []),
        ],
        told={
            **release_config(rel, "product", "version", "label"),
            "[notes]": rel.notes,
            "[quality] previous": last,
            "[anaconda]": rel.anaconda,
            "[[rules]]": rel.rules,
        },
        targets=[target / name for name in ("README.txt", "ReleaseNotes.md", "ReleaseNotes.html")],
        params=[
            {
                "name": "into_content",
                "long": "content",
                "type": bool,
                "default": False,
                "help": "also make it README.txt of the content tree",
            }
        ],
        wiki="Generate a new Changelogs",
    )
