# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotions between the tiers: planned, shown, done at once, recorded, and taken back on request."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from smedoit.config.release import Release
from smedoit.engine import decision
from smedoit.errors import FileError, PackageError
from smedoit.keys import keyring
from smedoit.modularity.sources import load_modular_rules
from smedoit.package import Package
from smedoit.packages import scan, select
from smedoit.repodata import read
from smedoit.repodata.inputs import PackageList
from smedoit.repodata.solver import UnmetDependency, find_broken_packages
from smedoit.runtime import journal, progress
from smedoit.runtime.steps import HardLink, RemoveUnchanged
from smedoit.tiers import plan, records
from smedoit.tiers.plan import PromotionPlan
from smedoit.tiers.records import PromotionJournal, PromotionRecord
from smedoit.tiers.repodata import scanned_copies
from smedoit.tiers.route import PromotionContext

USAGE = "doit promote NAME… [--from TIER] [--to TIER] [--copy] [--dry-run], or doit promote --undo"


@dataclass(frozen=True)
class PromotionRequest:
    """What somebody wants promoted.

    names   of packages; globs and NEVRAs too
    source  the tier where they lie, "" if only one has them
    target  the tier where they go, "" for the next of the cycle
    copy    leave them where they lie, too
    """

    names: Sequence[str] = ()
    source: str = ""
    target: str = ""
    copy: bool = False


def promote_packages(
    rel: Release, asked: PromotionRequest, dry_run: bool = False, undo: bool = False
) -> dict[str, str]:
    """Promote the packages that are asked for, or take the last promotion back."""
    names = asked.names
    promotions = records.release_promotions(rel)
    if undo:
        return _undo_promotion(promotions, names, dry_run)
    if not names:
        raise PackageError("promote: needs a package", hint=USAGE)
    seen = scan.scan_tiers(rel.tiers, rel.root, keyring.load_pinned_keys(rel.keys), rel.fact_cache)
    world = PromotionContext(rel.tiers, scanned_copies(rel.tiers, seen), rel.release.arch, rel.root, rel.exclusions)
    made = plan.plan_promotion(world, names, asked.source, asked.target, asked.copy)
    _refuse_missing_tier(made)
    made = replace(made, missing=_missing_after_promotion(rel, seen.packages, made))
    for line in plan.format_promotion(made):
        progress.show_line(line)
    return {"did": "dry run: nothing was changed"} if dry_run else _carry_out_plan(made, promotions)


def _refuse_missing_tier(made: PromotionPlan) -> None:
    """Raise FileError if the tier that packages go to is not there: a mistyped path must not become a tier."""
    tier = made.route.target
    if not tier.path.is_dir():
        raise FileError(
            f"{tier.path}: tier {tier.name} is not there",
            hint="correct its path in release.toml, or make the directory",
        )


def _carry_out_plan(made: PromotionPlan, promotions: PromotionJournal) -> dict[str, str]:
    """Do what was planned, and say where its record lies."""
    record = _make_record(made, promotions.next_number())
    if not record.prepare and not record.steps:
        return {"did": f"nothing to do, {made.route.target.name} has all of these packages"}
    for remark in records.apply_promotion(record, promotions):
        progress.show_line(f"  note: {remark}")
    verb = "copied" if made.route.copy else "promoted"
    file = decision.display_path(os.fspath(promotions.records / f"{record.name}.json"))
    return {
        "did": f"{len(record.packages)} packages {verb} from {made.route}",
        "result": f"the record is {file}; doit promote --undo takes it back",
    }


def _make_record(made: PromotionPlan, number: int) -> PromotionRecord:
    """Return the record of a plan."""
    route, when = made.route, journal.utc_time(time.time())
    going = {item.package.file: item for item in made.items if not item.stays}
    return PromotionRecord(
        name=f"{number:04}-{when[:10]}-{route.source.name}-to-{route.target.name}",
        what=f"promotion from {route}",
        when=when,
        who=journal.current_user(),
        packages=tuple(dict.fromkeys(item.package.nevra for item in made.items)),
        prepare=tuple(
            HardLink(item.package.file, item.target, item.package.sha256) for item in made.items if not item.present
        ),
        steps=tuple(RemoveUnchanged(file, item.package.sha256, item.target) for file, item in going.items()),
    )


def _undo_promotion(promotions: PromotionJournal, names: Sequence[str], dry_run: bool) -> dict[str, str]:
    """Undo the last promotion that was not undone yet."""
    if names:
        raise PackageError(
            f"promote --undo {' '.join(names)}: takes back the last promotion as a whole", hint="leave the names out"
        )
    before = records.last_promotion(promotions)
    if before is None:
        raise PackageError(
            f"{promotions.records}: has no promotion that could be taken back", hint="doit promote NAME makes one"
        )
    when = journal.utc_time(time.time())
    name = f"{promotions.next_number():04}-{when[:10]}-undo"
    record = records.invert_promotion(before, name, when, journal.current_user())
    progress.show_line(f"{record.what} of {before.when}, by {before.who}:")
    for nevra in record.packages:
        progress.show_line(f"  {nevra}")
    if dry_run:
        return {"did": "dry run: nothing was changed"}
    for remark in records.apply_promotion(record, promotions):
        progress.show_line(f"  note: {remark}")
    return {"did": f"{len(record.packages)} packages are back in the tiers they came from"}


def _missing_after_promotion(
    rel: Release, packages: Mapping[str, Sequence[Package]], made: PromotionPlan
) -> tuple[str, ...]:
    """Return what the medium would lack after a promotion and does not lack now, in words."""
    staged = {tier.name: list(packages[tier.name]) for tier in scan.staged_tiers(rel.tiers)}
    before = set(_broken_packages(rel, staged))
    after = _broken_packages(rel, _tiers_after_promotion(staged, made))
    return tuple(sorted(_describe_unmet(unmet) for unmet in after if unmet not in before))


def _describe_unmet(unmet: UnmetDependency) -> str:
    """Return what a package would lack, or what would keep it out."""
    if not unmet.requirement:
        return f"{unmet.package}: {unmet.problem}"
    return f"{unmet.package} needs {unmet.requirement}, which no staged package provides"


def _broken_packages(rel: Release, staged: Mapping[str, Sequence[Package]]) -> list[UnmetDependency]:
    """Return what packages of a medium made of these tiers would lack, as the closure finds it."""
    arch = rel.release.arch
    rules = load_modular_rules(rel.modules, rel.release.built_on, arch)
    picks = select.select_newest(staged, rel.packages, arch, rel.exclusions, rules)
    source = PackageList("medium", rel.root, arch, tuple(rel.root / pick.package.file for pick in picks))
    with read.plain_metadata(source, ("primary", "filelists"), rel.fact_cache) as metadata:
        pool = read.create_solver_pool(arch, {source.name: metadata})
    return find_broken_packages(pool)


def _tiers_after_promotion(staged: Mapping[str, Sequence[Package]], made: PromotionPlan) -> dict[str, list[Package]]:
    """Return the staged tiers after a promotion; its files keep their old places, where they can be read."""
    going = {item.package.file for item in made.items if not item.stays}
    source, target = made.route.source.name, made.route.target.name
    after = {tier: list(packages) for tier, packages in staged.items()}
    if source in after:
        after[source] = [package for package in after[source] if package.file not in going]
    if target in after:
        after[target] += [item.package for item in made.items if not item.present]
    return after
