# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of repoview: web pages of every tier and of the tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from smedoit.config.release import Release
from smedoit.engine.task import Task, release_config
from smedoit.repodata.inputs import repositories
from smedoit.runtime.filesets import FileSet
from smedoit.tiers.tasks import SOURCES, tier_repositories


def repoview(rel: Release) -> Iterator[Task]:
    """Web pages of every repository of binary packages that is no mirror, and of the tree."""
    for tier in rel.tiers:
        for arch in [part for part in tier_repositories(rel, tier) if part != SOURCES and not tier.mirror]:
            label, title = (tier.name, tier.name) if tier.flat else (f"{tier.name}-{arch}", f"{tier.name} ({arch})")
            yield repoview_task(rel, label, tier.path / arch, title, [f"tiers:{label}"] if tier.repodata else [])
    title = f"{rel.release.product} {rel.release.title}"
    for place in rel.release.repository_places:
        label, words = (f"tree-{place}", f"{title} - {place}") if place else ("tree", title)
        yield repoview_task(rel, label, rel.tree / place, words, ["repodata"])


def repoview_task(rel: Release, label: str, place: Path, title: str, after: list[str]) -> Task:
    """Return the task that makes the pages of one repository."""
    comps, content = rel.groups.comps, rel.content.path

    def run() -> object:
        from smedoit.branding.rules import Branding
        from smedoit.repoview.write import write_repoview
        from smedoit.runtime.files import resolve_place_below

        return write_repoview(
            place=place,
            title=title,
            comps_file=resolve_place_below(content, comps.relative_to(content).as_posix()),
            branding=Branding(rel.release, rel.rules),
            fact_cache=rel.fact_cache,
        )

    return Task(
        name=f"repoview:{label}",
        run=run,
        inputs=[comps, *repositories(rel, place)],
        config={"[[rules]]": rel.rules, **release_config(rel, "product", "aliases", "version", "label", "arch")},
        outputs=[FileSet(place / "repoview")],
        after=after,
        wiki="Local Only: update_repos",
        doc=f"web pages of {title}",
    )
