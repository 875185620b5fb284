"""Promotions between the tiers: planned, shown, done at once, recorded, and taken back on request."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smedoit.config.release import Release
from smedoit.engine import decision
from smedoit.errors import PackageError, TreeError
from smedoit.keys import keyring
from smedoit.package import Package
from smedoit.packages import scan, select
from smedoit.rpm import dependencies
from smedoit.runtime import progress
from smedoit.tiers import journal, plan
from smedoit.tiers.journal import Link, Record, Removal
from smedoit.tiers.plan import Plan
from smedoit.tiers.repodata import copies_of
from smedoit.tiers.route import World

USAGE = "doit promote NAME… [--from TIER] [--to TIER] [--copy] [--dry-run], or doit promote --undo"


def promote(
    rel: Release,
    memory: Path,
    source: str = "",
    target: str = "",
    copy: bool = False,
    dry_run: bool = False,
    undo: bool = False,
    names: Sequence[str] = (),
) -> dict[str, str]:
    """Promote the packages named, or take the last promotion back."""
    records = rel.promotion.records
    if undo:
        return take_back(rel.root, records, names, dry_run)
    if not names:
        raise PackageError("promote: needs a package", hint=USAGE)
    seen = scan.survey(rel.tiers, rel.root, keyring.load(rel.keys), memory)
    world = World(rel.tiers, copies_of(rel.tiers, seen), rel.release.arch, rel.root, rel.exclusions)
    made = plan.plan(world, names, source, target, copy)
    refuse_absent(made)
    made = replace(made, missing=missing(rel, seen.packages, made))
    for line in plan.shown(made):
        progress.say(line)
    return {"did": "that was the plan; nothing has changed"} if dry_run else carried_out(made, rel.root, records)


def refuse_absent(made: Plan) -> None:
    """Raise TreeError if the tier that packages go to is not there: a mistyped path must not become a tier."""
    tier = made.route.target
    if not tier.path.is_dir():
        raise TreeError(
            f"{tier.path}: tier {tier.name} is not there",
            hint="correct its path in release.toml, or make the directory",
        )


def carried_out(made: Plan, root: Path, records: Path) -> dict[str, str]:
    """Do what was planned, and say where its record lies."""
    record = recorded(made, *moment(records))
    if not record.links and not record.removals:
        return {"did": f"nothing to do, {made.route.target.name} has all of it"}
    for remark in journal.carry_out(record, root, records):
        progress.say(f"  note: {remark}")
    verb = "copied" if made.route.copy else "promoted"
    file = decision.shown(os.fspath(records / f"{record.name}.json"))
    return {
        "did": f"{len(record.packages)} packages {verb} from {made.route}",
        "result": f"the record is {file}; doit promote --undo takes it back",
    }


def recorded(made: Plan, number: int, when: str, who: str) -> Record:
    """Return the record of a plan."""
    links = tuple(Link(item.package.file, item.target, item.package.sha256) for item in made.items if not item.present)
    going = {item.package.file: item for item in made.items if not item.stays}
    removals = tuple(Removal(file, item.package.sha256, item.target) for file, item in going.items())
    route = made.route
    return Record(
        name=f"{number:04}-{when[:10]}-{route.source.name}-to-{route.target.name}",
        what=f"promotion from {route}",
        when=when,
        who=who,
        packages=tuple(dict.fromkeys(item.package.nevra for item in made.items)),
        links=links,
        removals=removals,
    )


def moment(records: Path) -> tuple[int, str, str]:
    """Return the number of the next record, the time, and who makes it."""
    names = [one.name for one in journal.done(records)]
    number = max((int(name[:4]) for name in names), default=0) + 1
    return number, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), f"uid {os.getuid()}"


def take_back(root: Path, records: Path, names: Sequence[str], dry_run: bool) -> dict[str, str]:
    """Undo the last promotion that was not undone yet."""
    if names:
        raise PackageError(
            f"promote --undo {' '.join(names)}: takes back the last promotion as a whole", hint="leave the names out"
        )
    before = journal.last(records)
    if before is None:
        raise PackageError(f"{records}: has no promotion that could be taken back", hint="doit promote NAME makes one")
    number, when, who = moment(records)
    record = journal.inverse(before, f"{number:04}-{when[:10]}-undo", when, who)
    progress.say(f"{record.what} of {before.when}, by {before.who}:")
    for nevra in record.packages:
        progress.say(f"  {nevra}")
    if dry_run:
        return {"did": "that was the plan; nothing has changed"}
    for remark in journal.carry_out(record, root, records):
        progress.say(f"  note: {remark}")
    return {"did": f"{len(record.packages)} packages are where they were before"}


def missing(rel: Release, packages: Mapping[str, Sequence[Package]], made: Plan) -> tuple[str, ...]:
    """Return what the medium would lack after a promotion and does not lack now, in words."""
    staged = {tier.name: list(packages[tier.name]) for tier in scan.staged(rel.tiers)}
    before, after = picked(rel, staged), picked(rel, moved(staged, made))
    found = dependencies.read_all({nevra: rel.root / package.file for nevra, package in {**before, **after}.items()})
    lacks = dependencies.lacking({nevra: found[nevra] for nevra in after})
    lacks -= dependencies.lacking({nevra: found[nevra] for nevra in before})
    return tuple(f"{nevra} needs {what}, which no staged package provides" for nevra, what in sorted(lacks))


def picked(rel: Release, staged: Mapping[str, Sequence[Package]]) -> dict[str, Package]:
    """Return NEVRA -> package of the medium that would be made of these tiers."""
    picks = select.pick(staged, rel.packages, rel.release.arch, rel.exclusions)
    return {one.package.nevra: one.package for one in picks}


def moved(staged: Mapping[str, Sequence[Package]], made: Plan) -> dict[str, list[Package]]:
    """Return the staged tiers after a promotion; its files keep their old places, where they can be read."""
    going = {item.package.file for item in made.items if not item.stays}
    source, target = made.route.source.name, made.route.target.name
    after = {tier: list(packages) for tier, packages in staged.items()}
    if source in after:
        after[source] = [one for one in after[source] if one.file not in going]
    if target in after:
        after[target] += [item.package for item in made.items if not item.present]
    return after
