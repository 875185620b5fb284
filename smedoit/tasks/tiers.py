"""The tiers: their repodata, promotions between them, and why a package is on the medium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from smedoit.config import Release, Tier
from smedoit.fresh import Files
from smedoit.wiring import Task, group, said, step

SOURCES = "SRPMS"
WIKI = "What are smeos/smeextras; Rpm update cycle"


def repositories(rel: Release, tier: Tier) -> list[str]:
    """Return the directories of a tier that are repositories, relative to it; a mirror is one as a whole."""
    return ["."] if tier.mirror else [*(tier.architectures or (rel.release.arch,)), SOURCES]


def tiers(rel: Release) -> Iterator[Task]:
    """repodata/ of every repository of every tier."""
    yield group(rel, "tiers", "repodata of every tier, for yum: of each architecture and of the sources")
    for tier in rel.tiers:
        for place in repositories(rel, tier) if tier.repodata else ():
            label = tier.name if place == "." else f"{tier.name}-{place}"
            what = f"repodata of the tier {tier.name}" + ("" if place == "." else f", {place}")
            yield {"name": label, "doc": what, **tier_repodata(rel, tier, place, label)}


def tier_repodata(rel: Release, tier: Tier, place: str, label: str) -> Task:
    """repodata/ of one repository of a tier."""
    directory, memory = tier.path / place, rel.cache / "tiers" / f"{label}.sqlite"
    known = repositories(rel, tier)
    return step(
        rel,
        f"tiers-{label}",
        "tiers.describe",
        *(tier, directory, known, rel.release.epoch, memory),
        reads=[Files(directory, ("*.rpm",), content=False)],
        told=said(rel, "date"),
        writes=[Files(directory / "repodata")],
        wiki=WIKI,
    )


def memory(rel: Release) -> Path:
    """Return where it is remembered what whoever asks about all tiers found in them."""
    return rel.cache / "tiers/census.json"


def why_package(rel: Release) -> Task:
    """The rule that decided about every copy of a package."""
    args = (rel, memory(rel))
    return step(rel, "why_package", "tiers.why_package", *args, always=True, pos_arg="names", wiki=WIKI)
