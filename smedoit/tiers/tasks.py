"""The tiers: their repodata, promotions between them, and why a package is on the medium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from smedoit.config.release import Release
from smedoit.config.tiers import Tier
from smedoit.engine.task import Task, define_task, group_task, release_config
from smedoit.runtime.filesets import FileSet

SOURCES = "SRPMS"
WIKI = "What are smeos/smeextras; Rpm update cycle"


def repositories(rel: Release, tier: Tier) -> list[str]:
    """Return the directories of a tier that are repositories, relative to it; a mirror is one as a whole."""
    return ["."] if tier.mirror else [*(tier.architectures or (rel.release.arch,)), SOURCES]


def tiers(rel: Release) -> Iterator[Task]:
    """repodata/ of every repository of every tier."""
    yield group_task(rel, "tiers", "repodata of every tier, for yum: of each architecture and of the sources")
    for tier in rel.tiers:
        for place in repositories(rel, tier) if tier.repodata else ():
            label = tier.name if place == "." else f"{tier.name}-{place}"
            what = f"repodata of the tier {tier.name}" + ("" if place == "." else f", {place}")
            yield {"name": label, "doc": what, **tier_repodata(rel, tier, place, label)}


def tier_repodata(rel: Release, tier: Tier, place: str, label: str) -> Task:
    """repodata/ of one repository of a tier."""
    directory, memory = tier.path / place, rel.cache / "tiers" / f"{label}.sqlite"
    known = repositories(rel, tier)
    return define_task(
        rel,
        f"tiers-{label}",
        "tiers.repodata.write_tier_repodata",
        *(tier, directory, known, rel.release.epoch, memory),
        reads=[FileSet(directory, ("*.rpm",), content=False)],
        told=release_config(rel, "date"),
        writes=[FileSet(directory / "repodata")],
        wiki=WIKI,
    )


def scan_cache(rel: Release) -> Path:
    """Return where it is remembered what whoever asks about all tiers found in them."""
    return rel.cache / "tiers/census.json"


def why_package(rel: Release) -> Task:
    """The rule that decided about every copy of a package."""
    args = (rel, scan_cache(rel))
    return define_task(
        rel, "why_package", "tiers.repodata.explain_packages", *args, always=True, pos_arg="names", wiki=WIKI
    )


def promote(rel: Release) -> Task:
    """Packages to the next tier, and back; afterwards the tiers that it touched are described anew."""
    return define_task(
        rel,
        "promote",
        "tiers.promote.promote_packages",
        *(rel, scan_cache(rel)),
        always=True,
        params=[
            option("source", "from", "", "the tier where they lie, if more than one has them"),
            option("target", "to", "", "the tier where they go, if not to the next of the cycle"),
            option("copy", "copy", False, "leave them where they lie, too; from a mirror that is always so"),
            option("dry_run", "dry-run", False, "show what would be done, and do nothing"),
            option("undo", "undo", False, "take the last promotion back"),
        ],
        pos_arg="names",
        then=["tiers"],
        wiki="Rpm update cycle; How get a Fully updated ISO",
    )


def option(name: str, long: str, default: str | bool, words: str) -> dict[str, object]:
    """Return an option of a task as doit declares it."""
    return {"name": name, "long": long, "type": type(default), "default": default, "help": words}
