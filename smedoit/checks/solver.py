"""Picks to what is missing: what the packages of a medium lack when they are alone, solved with libsolv.

The packages come as a libsolv pool, filled by whoever reads metadata. A hole is a requirement that
nothing provides, a package that conflicts or obsoletes keep out for ever, or an installation that
comps offers and that cannot be begun. Weak relations are no reason: CentOS 7's rpm knows none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from smedoit.checks.unmet import Hole, Offer
from smedoit.repodata.comps import Install

NOT_THERE = "the installer adds it by itself, and it is not on the medium"
OFFERED = 3  # packages that are named for one hole


def holes(pool: Any, installs: Sequence[Install], added: Sequence[str]) -> list[Hole]:
    """Return every hole of the packages in the pool.

    installs  what comps offers
    added     names of packages that the installer adds to each of them by itself
    """
    missing = list(unprovided(pool))
    found = [hole_of(one, str(relation)) for one, relation in missing]
    found += kept_out(pool, {one.id for one, _ in missing})
    found += [hole for install in installs for hole in impossible(pool, install, added)]
    return [chained(hole, chains) for chains in [Chains(pool, installs)] for hole in found] if found else []


def installable(pool: Any) -> Iterator[Any]:
    """Yield the packages of the pool that its architecture can install."""
    return (one for one in pool.solvables_iter() if one.installable())


def is_rich(relation: str) -> bool:
    """Return whether a relation is a boolean one, which only the solver can judge."""
    return relation.startswith("(")


def needs_file_lists(pool: Any) -> bool:
    """Return whether a relation may be about a file that primary metadata leaves out."""
    import solv

    relations = {
        relation.id: relation
        for one in installable(pool)
        for key in (solv.SOLVABLE_REQUIRES, solv.SOLVABLE_CONFLICTS)
        for relation in one.lookup_deparray(key)
    }
    return any(
        "/" in str(one) if is_rich(str(one)) else str(one).startswith("/") and not pool.whatprovides(one)
        for one in relations.values()
    )


def unprovided(pool: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (package, relation) for every plain requirement that nothing provides."""
    import solv

    verdicts: dict[int, bool] = {}
    for one in installable(pool):
        for relation in one.lookup_deparray(solv.SOLVABLE_REQUIRES):
            if relation.id not in verdicts:
                text = str(relation)
                judged = not is_rich(text) and not text.startswith(("rpmlib(", "solvable:"))
                verdicts[relation.id] = judged and not pool.whatprovides(relation)
            if verdicts[relation.id]:
                yield one, relation


def kept_out(pool: Any, broken: Collection[int]) -> list[Hole]:
    """Return a hole for each other package that can never be installed; that it needs a broken one is no news."""
    import solv

    how = solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE
    left = [one for one in installable(pool) if one.id not in broken]
    while left:  # as many at once as go together; the others get another turn
        solver, _ = solved(pool, [pool.Job(how | solv.Job.SOLVER_WEAK, one.id) for one in left])
        done = {one.id for one in solver.transaction().newsolvables()}
        rest = [one for one in left if one.id not in done]
        if len(rest) == len(left):
            break
        left = rest
    found = []
    for one in left:
        _, problems = solved(pool, [pool.Job(how, one.id)])
        told = [hole for problem in problems if (hole := explained(problem, broken))]
        found += [hole if hole.requirement else replace(hole, package=str(one), name=one.name) for hole in told]
    return list(dict.fromkeys(found))


def solved(pool: Any, jobs: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Return the solver that did the jobs, and its problems."""
    import solv

    solver = pool.Solver()
    solver.set_flag(solv.Solver.SOLVER_FLAG_IGNORE_RECOMMENDED, 1)
    solver.set_flag(solv.Solver.SOLVER_FLAG_NO_INFARCHCHECK, 1)  # glibc.i686 beside glibc.x86_64 is no trouble
    return solver, solver.solve(list(jobs))


def explained(problem: Any, broken: Collection[int] = ()) -> Hole | None:
    """Return the hole that a problem of the solver speaks of; None if it is one of the broken packages' own."""
    import solv

    info = problem.findproblemrule().info()
    one = info.solvable
    if info.type == solv.Solver.SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
        return None if one.id in broken else hole_of(one, str(info.dep))
    words = [info.problemstr()]
    if info.type == solv.Solver.SOLVER_RULE_PKG_REQUIRES:  # true, but the reason is another rule
        rules = (rule.info() for rule in problem.findallproblemrules())
        words += [rule.problemstr() for rule in rules if rule.type in quarrels()]
    told = ": ".join(str(one).removeprefix("package ") for one in words[:2])
    return Hole(str(one) if one else "", one.name if one else "", trouble=told)


def quarrels() -> tuple[int, ...]:
    """Return the kinds of rules by which two packages keep each other out."""
    from solv import Solver

    return (
        Solver.SOLVER_RULE_PKG_CONFLICTS,
        Solver.SOLVER_RULE_PKG_OBSOLETES,
        Solver.SOLVER_RULE_PKG_SAME_NAME,
        Solver.SOLVER_RULE_PKG_IMPLICIT_OBSOLETES,
    )


def hole_of(package: Any, requirement: str) -> Hole:
    """Return the hole that a package has for want of requirement."""
    return Hole(str(package), package.name, requirement)


def impossible(pool: Any, install: Install, added: Sequence[str]) -> Iterator[Hole]:
    """Yield a hole for everything that keeps an installation from being begun."""
    for name in added:
        if not candidates(pool, name):
            yield Hole("", name, trouble=NOT_THERE, installation=install.name)
    names = list(dict.fromkeys((*install.members, *added)))
    solver, problems = solved(pool, jobs(pool, names))
    if not problems and install.conditional:
        there = {one.name for one in solver.transaction().newsolvables()}
        coming = [name for name, present in install.conditional.items() if present in there]
        _, problems = solved(pool, jobs(pool, [*names, *coming]))
    for problem in problems:
        if hole := explained(problem):
            yield replace(hole, installation=install.name)


def jobs(pool: Any, names: Iterable[str]) -> list[Any]:
    """Return jobs that install packages by name; a name that is not there is comps's affair."""
    import solv

    how = solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE_ONE_OF
    chosen = ([one.id for one in candidates(pool, name)] for name in names)
    return [pool.Job(how, pool.towhatprovides(ids)) for ids in chosen if ids]


def candidates(pool: Any, name: str) -> list[Any]:
    """Return what yum would choose from to install name: the newest of each architecture, and who obsoletes it."""
    import solv

    own = [one for one in pool.whatprovides(pool.Dep(name)) if one.name == name]
    newest = [one for one in own if not any(supersedes(other, one) for other in own)]
    replacing = (other for one in newest for other in pool.whatmatchessolvable(solv.SOLVABLE_OBSOLETES, one))
    return [*newest, *(one for one in replacing if one.name != name and one.installable())]


def supersedes(other: Any, one: Any) -> bool:
    """Return whether yum would pass over one because of other; noarch stands for every architecture."""
    return (other.arch == one.arch or "noarch" in (other.arch, one.arch)) and other.evrcmp(one) > 0


def chained(hole: Hole, chains: Chains) -> Hole:
    """Return the hole with the way that leads to it from a group."""
    path = chains.path(hole.package)
    return replace(hole, chain=tuple(one.name for one in path), group=chains.groups[path[0].id] if path else "")


class Chains:
    """Who asks for a package: the shortest way from a group to it, through requirements."""

    def __init__(self, pool: Any, installs: Sequence[Install]) -> None:
        members = {name: group for install in reversed(installs) for name, group in install.members.items()}
        roots = {one.id: (one, group) for name, group in members.items() for one in candidates(pool, name)}
        self.groups = {number: group for number, (_, group) in roots.items()}
        self.named = {str(one): one for one in installable(pool)}
        self.above: dict[int, Any] = dict.fromkeys(roots)
        self.walk(pool, [one for one, _ in roots.values()])

    def walk(self, pool: Any, queue: list[Any]) -> None:
        """Find what stands above everything that the queue needs, the nearest first."""
        import solv

        for one in queue:  # it grows while it is walked
            for relation in one.lookup_deparray(solv.SOLVABLE_REQUIRES):
                for provider in pool.whatprovides(relation):
                    if provider.id not in self.above:
                        self.above[provider.id] = one
                        queue.append(provider)

    def path(self, nevra: str) -> list[Any]:
        """Return the packages from one of a group down to nevra; none if no group asks for it."""
        one = self.named.get(nevra)
        if one is None or one.id not in self.above:
            return []
        path = [one]
        while above := self.above[path[-1].id]:
            path.append(above)
        return path[::-1]


def offers(pool: Any, medium: str, obstacles: Mapping[str, str], wanted: Collection[str]) -> Mapping[str, list[Offer]]:
    """Return requirement -> packages of the pool's other repositories that meet it.

    medium     the repository that has the holes; the others come in the order of the pool
    obstacles  repository -> why no promotion leads from it to the medium; {name} is the package's
    """
    import solv

    there = {str(one) for one in pool.solvables_iter() if one.repo.name == medium}
    relations = {
        str(relation): relation
        for one in pool.solvables_iter()
        if one.repo.name == medium
        for relation in one.lookup_deparray(solv.SOLVABLE_REQUIRES)
        if str(relation) in wanted
    }
    pool.installed = next(one for one in pool.repos_iter() if one.name == medium)
    pool.createwhatprovides()  # the line above threw it away, and libsolv would end the interpreter
    found = {}
    for text, relation in relations.items():
        able = [one for one in pool.whatprovides(relation) if str(one) not in there]
        found[text] = [offer(pool, one, obstacles) for one in newest_first(able)[:OFFERED]]
    return found


def newest_first(packages: Iterable[Any]) -> list[Any]:
    """Return the newest of each name and architecture in each repository, in the order of the repositories."""
    best: dict[tuple[int, str, str], Any] = {}
    for one in packages:
        key = one.repo.id, one.name, one.arch
        if key not in best or one.evrcmp(best[key]) > 0:
            best[key] = one
    return [best[key] for key in sorted(best)]


def offer(pool: Any, one: Any, obstacles: Mapping[str, str]) -> Offer:
    """Return what taking one onto the medium would mean."""
    import solv

    source, nevra = one.repo.name, str(one)
    obstacle = obstacles.get(source, "").format(name=one.name)
    if obstacle:
        return Offer(source, one.name, nevra, obstacle=obstacle)
    solver, problems = solved(pool, [pool.Job(solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE, one.id)])
    if problems:
        return Offer(source, one.name, nevra, lacks=str(problems[0].findproblemrule().info().problemstr()))
    others = [other for other in solver.transaction().newsolvables() if other.id != one.id]
    return Offer(source, one.name, nevra, tuple(sorted((other.repo.name, str(other)) for other in others)))
