"""The checks that stand between the tree and the ISO."""

from __future__ import annotations

from pathlib import Path

from smedoit.config import Release
from smedoit.wiring import Task, said, step

COMPS = "Packages/base/comps.xml"


def places(rel: Release) -> list[tuple[str, Path]]:
    """Return name and directory of everything that packages may come from: the tiers, then the mirrors."""
    tiers = [(tier.name, tier.path) for tier in rel.tiers]
    return [*tiers, *((f"mirror {path}", path) for path in rel.updates.mirrors)]


def closure(rel: Release) -> Task:
    """The medium's packages, alone."""
    groups, staged = rel.tree / COMPS, [tier.name for tier in rel.tiers if tier.stage]
    memory, arch = rel.cache / "metadata.sqlite", rel.release.arch
    return step(
        rel,
        "closure",
        "checks.close",
        *(rel.tree, groups, rel.closure.installer, rel.waivers, places(rel), staged, memory, arch),
        file_dep=[groups, rel.tree / "repodata/repomd.xml"],
        told={**said(rel, "arch"), "[closure]": rel.closure, "[[waivers]]": rel.waivers},
        wiki="RPM dependencies; Examples of dependencies",
    )
