"""Promotions: which packages go from one tier to the next, what that does, and why it must not be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from smedoit.config.packages import matches
from smedoit.errors import PackageError, grouped
from smedoit.package import Package
from smedoit.packages.explain import Copy
from smedoit.tiers.route import Route, World, hits, places, routed

Complaints = dict[str, list[str]]  # reason -> what it holds for


@dataclass(frozen=True)
class Item:
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
class Plan:
    """What a promotion does; it can be done as it stands.

    missing  requirements that no staged package would meet any more, in words
    remarks  what a person should know before
    """

    route: Route
    items: tuple[Item, ...]
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def plan(world: World, words: Sequence[str], source: str = "", target: str = "", copy: bool = False) -> Plan:
    """Return the plan that promotes the packages that words (names, NEVRAs or globs) mean.

    source, target  names of tiers; "" leaves them to the cycle and to where the packages lie

    Raises PackageError with everything that keeps it from being done, ConfigError for tiers that
    do not follow each other.
    """
    route, complaints = routed(world, words, source, target, copy), Complaints()
    chosen = list(selected(world, route, words, complaints))
    followers, remarks = sources(world, route, chosen, complaints)
    going = {one.package.file for one in (*chosen, *followers)}
    items = [item for one in (*chosen, *followers) for item in placed(world, route, one, going, complaints)]
    if complaints:
        raise PackageError(
            f"nothing is promoted from {route}\n{grouped(complaints)}",
            hint="leave those out, or mend them first; doit why_package NAME shows every copy there is",
        )
    rules = ((one.package.nevra, world.without.rule(one.package)) for one in chosen)
    remarks += [f"{nevra} will not go on the medium: {rule}" for nevra, rule in rules if rule]
    return Plan(route, tuple(items), remarks=tuple(dict.fromkeys(remarks)))


def selected(world: World, route: Route, words: Sequence[str], complaints: Complaints) -> Iterator[Copy]:
    """Yield the copies to promote, each once: of a name the newest version, of a NEVRA the very one."""
    here, seen = world.lying_in(route.source), set()
    for word in words:
        binaries = [one for one in here if fnmatchcase(one.package.name, word) and not one.package.is_source]
        meant = newest(binaries) or [one for one in here if matches(word, one.package)]
        if not meant:
            elsewhere = sorted({one.tier for one in hits(world.copies, [word])})
            where = f", which lies in {', '.join(elsewhere)}" if elsewhere else ""
            complaints.setdefault(f"not in {route.source.name}", []).append(f"{word}{where}")
        for one in meant:
            if one.refused:
                refuse(one, complaints)
            elif one.package.file not in seen:
                seen.add(one.package.file)
                yield one


def newest(copies: Iterable[Copy]) -> list[Copy]:
    """Return the copies of the newest version of each name and architecture."""
    groups: dict[tuple[str, str], list[Copy]] = {}
    for one in copies:
        groups.setdefault((one.package.name, one.package.arch), []).append(one)
    best = {key: max(one.package.evr for one in group) for key, group in groups.items()}
    return [one for key, group in groups.items() for one in group if one.package.evr == best[key]]


def refuse(one: Copy, complaints: Complaints) -> None:
    """Complain about a copy that nobody vouches for."""
    complaints.setdefault(f"cannot be trusted: {one.refused}", []).append(one.package.file)


def sources(world: World, route: Route, chosen: Sequence[Copy], complaints: Complaints) -> tuple[list[Copy], list[str]]:
    """Return the source packages that go with the chosen copies, and remarks about those that no tier has."""
    found: dict[str, Copy] = {}
    remarks: list[str] = []
    for name in dict.fromkeys(one.package.source_rpm for one in chosen if one.package.source_rpm):
        every = [one for one in world.copies if one.package.is_source and one.package.filename == name]
        if not every:
            users = ", ".join(one.package.nevra for one in chosen if one.package.source_rpm == name)
            remarks.append(f"no tier has {name}, the source package of {users}")
        best = nearest(every, route)
        if best and best.refused:
            refuse(best, complaints)
        elif best and best not in chosen:
            found[name] = best
    return list(found.values()), remarks


def nearest(every: Sequence[Copy], route: Route) -> Copy | None:
    """Return the copy of a source package to take: of the source tier first, else of any, unless the target has it."""
    here = [one for one in every if one.tier == route.source.name]
    there = [one for one in every if one.tier == route.target.name and not one.refused]
    if not here and not there:
        here = sorted(every, key=lambda one: (bool(one.refused), one.rank))
    return here[0] if here else None


def placed(world: World, route: Route, one: Copy, going: set[str], complaints: Complaints) -> Iterator[Item]:
    """Yield an item for every place of the target tier where a copy belongs, or complain.

    going  the files of all copies that go
    """
    package = one.package
    refuse_rivals(world, route, package, complaints)
    there = [copy.package for copy in world.lying_in(route.target) if not copy.refused]
    slot = [other for other in there if (other.name, other.arch) == (package.name, package.arch)]
    newer = [other.nevra for other in slot if other.evr > package.evr]
    if newer and not package.is_source:
        reason = f"older than what it would replace in {route.target.name}"
        complaints.setdefault(reason, []).append(f"{package.nevra}, there is {newer[0]}")
    older = () if package.is_source else tuple(sorted({other.nevra for other in slot if other.evr < package.evr}))
    stays = route.copy or one.tier != route.source.name or is_needed(world, route, package, going)
    files = {other.file for other in slot if other.sha256 == package.sha256}
    targets = [world.name(path) for path in places(world, route, one)]
    for target in targets:
        present = target in files or (len(targets) == 1 and bool(files))
        yield Item(package, target, stays, present, older)


def refuse_rivals(world: World, route: Route, package: Package, complaints: Complaints) -> None:
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


def is_needed(world: World, route: Route, package: Package, going: set[str]) -> bool:
    """Return whether package is the source of anything that does not go with it."""
    left = (copy.package for copy in world.lying_in(route.source) if copy.package.file not in going)
    return package.is_source and any(other.source_rpm == package.filename for other in left)


def shown(made: Plan) -> list[str]:
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
    lines += [f"  would then be missing: {one}" for one in made.missing]
    return lines + [f"  note: {one}" for one in made.remarks]
