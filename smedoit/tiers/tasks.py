# SPDX-License-Identifier: GPL-3.0-or-later
"""The tiers: their repodata, promotions between them, and why a package is on the medium."""

from __future__ import annotations

from collections.abc import Iterator

from smedoit.config.release import Release
from smedoit.config.tiers import Tier
from smedoit.engine.task import Option, Task, release_config
from smedoit.packages.tasks import tier_files
from smedoit.runtime.filesets import FileSet

SOURCES = "SRPMS"
WIKI = "What are smeos/smeextras; Rpm update cycle"


def tier_repositories(rel: Release, tier: Tier) -> list[str]:
    """Return the directories of a tier that are repositories, relative to it; a mirror is one as a whole."""
    return ["."] if tier.is_one_repository else [*(tier.architectures or (rel.release.arch,)), SOURCES]


def tiers(rel: Release) -> Iterator[Task]:
    """repodata/ of every repository of every tier."""
    for tier in rel.tiers:
        for place in tier_repositories(rel, tier) if tier.repodata else ():
            yield tier_repodata(rel, tier, place)


def tier_repodata(rel: Release, tier: Tier, place: str) -> Task:
    """repodata/ of one repository of a tier."""
    label = tier.name if place == "." else f"{tier.name}-{place}"
    directory = tier.path / place
    known = tier_repositories(rel, tier)

    def run() -> object:
        from smedoit.tiers.repodata import write_tier_repodata

        return write_tier_repodata(
            tier=tier, directory=directory, known=known, epoch=rel.release.epoch, fact_cache=rel.fact_cache
        )

    return Task(
        name=f"tiers:{label}",
        run=run,
        inputs=[tier_files(tier, "*.rpm", place)],
        config=release_config(rel, "date"),
        outputs=[FileSet(directory / "repodata")],
        wiki=WIKI,
        doc=f"repodata of the tier {tier.name}" + ("" if place == "." else f", {place}"),
    )


def why_package(rel: Release) -> Task:
    """The rule that decided about every copy of a package."""

    def run(names: list[str]) -> object:
        from smedoit.runtime import progress
        from smedoit.tiers.repodata import explain_packages

        if rel.promotion.under_way.exists():  # who only asks does not settle it
            progress.show_line("a promotion is under way, or was interrupted: what is shown here may change")
        return explain_packages(rel=rel, names=names)

    return Task(
        name="why_package",
        example="e-smith-base",
        run=run,
        always=True,
        asks=True,
        wiki=WIKI,
        words="names",
    )


def settle_promotion(rel: Release) -> str:
    """Finish or take back a promotion that a kill interrupted, before anybody looks at the tiers; return a line."""
    if not rel.promotion.under_way.exists():
        return ""
    from smedoit.tiers.records import release_promotions

    return release_promotions(rel).resume()


def promote(rel: Release) -> Task:
    """Packages to the next tier, and back; afterwards the tiers that it touched are described anew."""

    def run(source: str, target: str, copy: bool, dry_run: bool, undo: bool, names: list[str]) -> object:
        from smedoit.tiers.promote import PromotionRequest, promote_packages

        asked = PromotionRequest(names, source, target, copy)
        return promote_packages(rel=rel, asked=asked, dry_run=dry_run, undo=undo)

    return Task(
        name="promote",
        example="e-smith-base --dry-run",
        run=run,
        always=True,
        asks="dry_run",
        wiki="Rpm update cycle; How get a Fully updated ISO",
        options=[
            Option("source", "the tier where they lie, if more than one has them", long="from"),
            Option("target", "the tier where they go, if not to the next of the cycle", long="to"),
            Option("copy", "leave them where they lie, too; from a mirror that is always so", default=False),
            Option("dry_run", "show what would be done, and do nothing", default=False, long="dry-run"),
            Option("undo", "take the last promotion back", default=False),
        ],
        words="names",
        then=["tiers"],
    )


def sign_packages(rel: Release) -> Task:
    """Signed copies of unsigned packages, in a tier of their own."""

    def run(source: str, target: str, dry_run: bool, names: list[str]) -> object:
        from smedoit.tiers.signed_copies import sign_unsigned_packages

        return sign_unsigned_packages(rel=rel, names=names, source=source, target=target, dry_run=dry_run)

    return Task(
        name="sign_packages",
        run=run,
        always=True,
        asks="dry_run",
        wiki="Rpm update cycle",
        options=[
            Option("source", "the tier where they lie unsigned, and stay so", long="from"),
            Option("target", "the tier that gets the signed copies", long="to"),
            Option("dry_run", "show what would be done, and do nothing", default=False, long="dry-run"),
        ],
        words="names",
        then=["tiers"],
    )
