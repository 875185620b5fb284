# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotions: which packages go from one tier to the next, what that does, and why it must not be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from smedoit.config.packages import matches_package
from smedoit.errors import PackageError, format_grouped
from smedoit.package import Package
from smedoit.packages.explain import TierPackage
from smedoit.tiers.route import PromotionContext, PromotionRoute, find_route, matching_copies, target_paths

Complaints = dict[str, list[str]]  # reason -> what it holds for


@dataclass(frozen=True)
class PromotionItem:
    """One file that goes.

    target    where it will lie, named as Package.file is
    stays     whether it stays in its old place, too
    present   whether the target tier has the very same file already
    replaces  the older NEVRAs of the target tier that yum will pass over from then on
    """

    package: Package
    target: str
    stays: bool = False
    present: bool = False
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class PromotionPlan:
    """What a promotion does; it can be done as it stands.

    missing  requirements that no staged package would meet any more, in words
    remarks  what a person should know before
    """

    route: PromotionRoute
    items: tuple[PromotionItem, ...]
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def plan_promotion(
    world: PromotionContext, words: Sequence[str], source: str = "", target: str = "", copy: bool = False
) -> PromotionPlan:
    """Return the plan that promotes the packages that words (names, NEVRAs or globs) mean.

    source, target  names of tiers; "" leaves them to the cycle and to where the packages lie

    Raises PackageError with everything that keeps it from being done, ConfigError for tiers that
    do not follow each other.
    """
    route, complaints = find_route(world, words, source, target, copy), Complaints()
    chosen = list(_select_copies(world, route, words, complaints))
    followers, remarks = _source_copies(world, route, chosen, complaints)
    going = {tier_package.package.file for tier_package in (*chosen, *followers)}
    items = [
        item
        for tier_package in (*chosen, *followers)
        for item in _promotion_items(world, route, tier_package, going, complaints)
    ]
    if complaints:
        raise PackageError(
            f"nothing is promoted from {route}\n{format_grouped(complaints)}",
            hint="leave those out, or mend them first; doit why_package NAME shows every copy there is",
        )
    rules = ((tier_package.package.nevra, world.without.rule(tier_package.package)) for tier_package in chosen)
    remarks += [f"{nevra} will not go on the medium: {rule}" for nevra, rule in rules if rule]
    return PromotionPlan(route, tuple(items), remarks=tuple(dict.fromkeys(remarks)))


def _select_copies(
    world: PromotionContext, route: PromotionRoute, words: Sequence[str], complaints: Complaints
) -> Iterator[TierPackage]:
    """Yield the copies to promote, each once: of a name the newest version, of a NEVRA the very one."""
    here, seen = world.lying_in(route.source), set()
    for word in words:
        binaries = [copy for copy in here if fnmatchcase(copy.package.name, word) and not copy.package.is_source]
        meant = _newest_copies(binaries) or [copy for copy in here if matches_package(word, copy.package)]
        if not meant:
            elsewhere = sorted({copy.tier for copy in matching_copies(world.copies, [word])})
            where = f", which lies in {', '.join(elsewhere)}" if elsewhere else ""
            complaints.setdefault(f"not in {route.source.name}", []).append(f"{word}{where}")
        for copy in meant:
            if copy.refused:
                _refuse_copy(copy, complaints)
            elif copy.package.file not in seen:
                seen.add(copy.package.file)
                yield copy


def _newest_copies(copies: Iterable[TierPackage]) -> list[TierPackage]:
    """Return the copies of the newest version of each name and architecture."""
    groups: dict[tuple[str, str], list[TierPackage]] = {}
    for copy in copies:
        groups.setdefault((copy.package.name, copy.package.arch), []).append(copy)
    best = {key: max(copy.package.evr for copy in group) for key, group in groups.items()}
    return [copy for key, group in groups.items() for copy in group if copy.package.evr == best[key]]


def _refuse_copy(copy: TierPackage, complaints: Complaints) -> None:
    """Complain about a copy without a trusted signature."""
    complaints.setdefault(f"cannot be trusted: {copy.refused}", []).append(copy.package.file)


def _source_copies(
    world: PromotionContext, route: PromotionRoute, chosen: Sequence[TierPackage], complaints: Complaints
) -> tuple[list[TierPackage], list[str]]:
    """Return the source packages that go with the chosen copies, and remarks about those that no tier has."""
    found: dict[str, TierPackage] = {}
    remarks: list[str] = []
    for name in dict.fromkeys(copy.package.source_rpm for copy in chosen if copy.package.source_rpm):
        every = [copy for copy in world.copies if copy.package.is_source and copy.package.filename == name]
        if not every:
            users = ", ".join(copy.package.nevra for copy in chosen if copy.package.source_rpm == name)
            remarks.append(f"no tier has {name}, the source package of {users}")
        best = _nearest_source(every, route)
        if best and best.refused:
            _refuse_copy(best, complaints)
        elif best and best not in chosen:
            found[name] = best
    return list(found.values()), remarks


def _nearest_source(every: Sequence[TierPackage], route: PromotionRoute) -> TierPackage | None:
    """Return the copy of a source package to take: of the source tier first, else of any, unless the target has it."""
    here = [copy for copy in every if copy.tier == route.source.name]
    there = [copy for copy in every if copy.tier == route.target.name and not copy.refused]
    if not here and not there:
        here = sorted(every, key=lambda copy: (bool(copy.refused), copy.rank))
    return here[0] if here else None


def _promotion_items(
    world: PromotionContext, route: PromotionRoute, chosen: TierPackage, going: set[str], complaints: Complaints
) -> Iterator[PromotionItem]:
    """Yield an item for every place of the target tier where a copy belongs, or complain.

    going  the files of all copies that go
    """
    package = chosen.package
    _refuse_conflicting(world, route, package, complaints)
    there = [copy.package for copy in world.lying_in(route.target) if not copy.refused]
    slot = [other for other in there if (other.name, other.arch) == (package.name, package.arch)]
    newer = [other.nevra for other in slot if other.evr > package.evr]
    if newer and not package.is_source:
        reason = f"older than what it would replace in {route.target.name}"
        complaints.setdefault(reason, []).append(f"{package.nevra}, there is {newer[0]}")
    older = () if package.is_source else tuple(sorted({other.nevra for other in slot if other.evr < package.evr}))
    stays = route.copy or chosen.tier != route.source.name or _is_needed(world, route, package, going)
    files = {other.file for other in slot if other.sha256 == package.sha256}
    targets = [world.name(path) for path in target_paths(world, route, chosen)]
    for target in targets:
        present = target in files or (len(targets) == 1 and bool(files))
        yield PromotionItem(package, target, stays, present, older)


def _refuse_conflicting(
    world: PromotionContext, route: PromotionRoute, package: Package, complaints: Complaints
) -> None:
    """Complain if another file bears the same NEVRA: of two, nobody could say which one is meant."""
    for copy in world.copies:
        if copy.package.nevra != package.nevra or copy.package.file == package.file:
            continue
        if copy.refused and copy.tier == route.target.name:
            reason = f"{route.target.name} has a file of that name that cannot be trusted: {copy.refused}"
            complaints.setdefault(reason, []).append(copy.package.file)
        elif not copy.refused and copy.package.sha256 != package.sha256:
            reason = f"{package.nevra} stands in the tiers with different bytes"
            complaints.setdefault(reason, [package.file]).append(copy.package.file)


def _is_needed(world: PromotionContext, route: PromotionRoute, package: Package, going: set[str]) -> bool:
    """Return whether package is the source of anything that does not go with it."""
    left = (copy.package for copy in world.lying_in(route.source) if copy.package.file not in going)
    return package.is_source and any(other.source_rpm == package.filename for other in left)


def format_promotion(made: PromotionPlan) -> list[str]:
    """Return a plan as lines for a person."""
    verb = "copy" if made.route.copy else "move"
    lines = [f"{verb} from {made.route}:"]
    for item in made.items:
        notes = [
            "is there already" if item.present else "",
            f"replaces {', '.join(item.replaces)}" if item.replaces else "",
            "also stays where it is" if item.stays and not made.route.copy else "",
        ]
        words = "; ".join(note for note in notes if note)
        lines.append(f"  {item.package.nevra}" + (f" ({words})" if words else ""))
    lines += [f"  would then be missing: {requirement}" for requirement in made.missing]
    return lines + [f"  note: {remark}" for remark in made.remarks]
