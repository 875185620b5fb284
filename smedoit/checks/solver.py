# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packages of a medium lack when they are alone, solved with libsolv.

The packages come as a libsolv pool, filled by whoever reads metadata. Unmet is a requirement that
nothing provides, a package that conflicts or obsoletes keep out for ever, and an install set of
comps that does not resolve. CentOS 7's rpm knows no weak relations; dnf takes what packages recommend
into an install set, as far as it is there and conflicts with nothing, and says nothing of the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from smedoit.checks.unmet import Provider
from smedoit.repodata.comps import InstallSet
from smedoit.repodata.requirements import installable_packages, is_rich, package_requirements
from smedoit.repodata.solver import UnmetDependency, explain_problem, find_broken_packages, run_solver

NOT_THERE = "the installer adds it by itself, and it is not on the medium"
OFFERED = 3  # packages that are named for one requirement


def find_unmet(
    pool: Any, installs: Sequence[InstallSet], added: Sequence[str], weak: bool = False
) -> list[UnmetDependency]:
    """Return every unmet dependency of the packages in the pool.

    installs  what comps offers
    added     names of packages that the installer adds to each of them by itself
    weak      whether the installer takes what packages recommend
    """
    found = find_broken_packages(pool)
    found += [unmet for install in installs for unmet in _install_set_problems(pool, install, added, weak)]
    return (
        [_add_chain(unmet, chains) for chains in [DependencyChains(pool, installs)] for unmet in found] if found else []
    )


def absent_names(pool: Any, names: Iterable[str]) -> list[str]:
    """Return the names, of what an installer adds, that no package of the pool has, provides or takes the place of."""
    return [name for name in names if not _added_candidates(pool, name)]


def find_left_out(pool: Any, installs: Sequence[InstallSet], added: Sequence[str]) -> list[str]:
    """Return what dnf leaves out of install sets although a package recommends it and it is there, as sentences."""
    found: dict[str, list[str]] = {}
    for install in installs:
        solver, problems = _solve_install_set(pool, install, added, weak=True)
        coming = [] if problems else solver.transaction().newsolvables()
        there = {solvable.id for solvable in coming}
        for solvable, relation, able in _simple_recommends(pool, coming):
            if not any(provider.id in there for provider in able):
                found.setdefault(f"{solvable.name} recommends {relation}", []).append(install.name)
    return [
        f"{what}, which cannot be installed with the rest of {names[0]}"
        f"{f' (and {len(set(names)) - 1} more)' if len(set(names)) > 1 else ''}: dnf leaves it out"
        for what, names in found.items()
    ]


def _simple_recommends(pool: Any, packages: Iterable[Any]) -> Iterator[tuple[Any, str, list[Any]]]:
    """Yield (package, what it recommends, who provides that), for plain relations that somebody provides."""
    import solv

    for solvable in packages:
        for relation in solvable.lookup_deparray(solv.SOLVABLE_RECOMMENDS):
            able = [] if is_rich(str(relation)) else list(pool.whatprovides(relation))
            if able:
                yield solvable, str(relation), able


def _install_set_problems(
    pool: Any, install: InstallSet, added: Sequence[str], weak: bool
) -> Iterator[UnmetDependency]:
    """Yield every reason why an install set does not resolve."""
    for name in absent_names(pool, added):
        yield UnmetDependency("", name, problem=NOT_THERE, installation=install.name)
    _solver, problems = _solve_install_set(pool, install, added, weak)  # libsolv frees problems with their solver
    for problem in problems:
        if unmet := explain_problem(problem):
            yield replace(unmet, installation=install.name)


def _solve_install_set(pool: Any, install: InstallSet, added: Sequence[str], weak: bool) -> tuple[Any, list[Any]]:
    """Return the solver of an install set, with the conditional packages that come along, and its problems."""
    by_name = (_install_candidates(pool, name) for name in install.members)
    jobs = _install_jobs(pool, [*by_name, *(_added_candidates(pool, name) for name in added)])
    solver, problems = run_solver(pool, jobs, weak)
    if not problems and install.conditional:
        there = {solvable.name for solvable in solver.transaction().newsolvables()}
        coming = [_install_candidates(pool, name) for name, present in install.conditional.items() if present in there]
        solver, problems = run_solver(pool, [*jobs, *_install_jobs(pool, coming)], weak)
    return solver, problems


def _install_jobs(pool: Any, choices: Iterable[Sequence[Any]]) -> list[Any]:
    """Return jobs that install one of each choice; what has none is comps's affair."""
    import solv

    how = solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE_ONE_OF
    chosen = dict.fromkeys(tuple(solvable.id for solvable in candidates) for candidates in choices)
    return [pool.Job(how, pool.towhatprovides(list(ids))) for ids in chosen if ids]


def _added_candidates(pool: Any, name: str) -> list[Any]:
    """Return what an installer would choose from to add name: like comps by name, or else by what packages provide.

    From EL 8 on no package is called grub2: grub2-pc provides it.
    """
    named = _install_candidates(pool, name)
    return named or [solvable for solvable in pool.whatprovides(pool.Dep(name)) if solvable.installable()]


def _install_candidates(pool: Any, name: str) -> list[Any]:
    """Return what yum would choose from to install name: the newest of each architecture, and who obsoletes it."""
    import solv

    own = [solvable for solvable in pool.whatprovides(pool.Dep(name)) if solvable.name == name]
    newest = [solvable for solvable in own if not any(_supersedes(other, solvable) for other in own)]
    replacing = (other for solvable in newest for other in pool.whatmatchessolvable(solv.SOLVABLE_OBSOLETES, solvable))
    return [*newest, *(solvable for solvable in replacing if solvable.name != name and solvable.installable())]


def _supersedes(other: Any, solvable: Any) -> bool:
    """Return whether yum would pass over one because of other; noarch stands for every architecture."""
    return (other.arch == solvable.arch or "noarch" in (other.arch, solvable.arch)) and other.evrcmp(solvable) > 0


def _add_chain(unmet: UnmetDependency, chains: DependencyChains) -> UnmetDependency:
    """Return an unmet dependency with the chain that leads to it from a group."""
    path = chains.path(unmet.package)
    return replace(
        unmet, chain=tuple(solvable.name for solvable in path), group=chains.groups[path[0].id] if path else ""
    )


class DependencyChains:
    """Who asks for a package: the shortest way from a group to it, through requirements."""

    def __init__(self, pool: Any, installs: Sequence[InstallSet]) -> None:
        members = {name: group for install in reversed(installs) for name, group in install.members.items()}
        roots = {
            solvable.id: (solvable, group)
            for name, group in members.items()
            for solvable in _install_candidates(pool, name)
        }
        self.groups = {number: group for number, (_, group) in roots.items()}
        self.named = {str(solvable): solvable for solvable in installable_packages(pool)}
        self.above: dict[int, Any] = dict.fromkeys(roots)
        self.walk(pool, [solvable for solvable, _ in roots.values()])

    def walk(self, pool: Any, queue: list[Any]) -> None:
        """Find what stands above everything that the queue needs, the nearest first."""
        for solvable in queue:  # it grows while it is walked
            for relation in package_requirements(solvable):
                for provider in pool.whatprovides(relation):
                    if provider.id not in self.above:
                        self.above[provider.id] = solvable
                        queue.append(provider)

    def path(self, nevra: str) -> list[Any]:
        """Return the packages from one of a group down to nevra; none if no group asks for it."""
        solvable = self.named.get(nevra)
        if solvable is None or solvable.id not in self.above:
            return []
        path = [solvable]
        while above := self.above[path[-1].id]:
            path.append(above)
        return path[::-1]


def find_providers(
    pool: Any, medium: str, obstacles: Mapping[str, str], wanted: Collection[str]
) -> Mapping[str, list[Provider]]:
    """Return requirement -> packages of the pool's other repositories that meet it.

    medium     the repository that lacks them; the others come in the order of the pool
    obstacles  repository -> why no promotion leads from it to the medium; {name} is the package's
    """
    there = {str(solvable) for solvable in pool.solvables_iter() if solvable.repo.name == medium}
    relations = {
        str(relation): relation
        for solvable in pool.solvables_iter()
        if solvable.repo.name == medium
        for relation in package_requirements(solvable)
        if str(relation) in wanted
    }
    pool.installed = next(repository for repository in pool.repos_iter() if repository.name == medium)
    pool.createwhatprovides()  # the line above threw it away, and libsolv would end the interpreter
    found = {}
    for text, relation in relations.items():
        able = [solvable for solvable in pool.whatprovides(relation) if str(solvable) not in there]
        found[text] = [
            _describe_provider(pool, solvable, obstacles) for solvable in _newest_by_repository(able)[:OFFERED]
        ]
    return found


def _newest_by_repository(packages: Iterable[Any]) -> list[Any]:
    """Return the newest of each name and architecture in each repository, in the order of the repositories."""
    best: dict[tuple[int, str, str], Any] = {}
    for package in packages:
        key = package.repo.id, package.name, package.arch
        if key not in best or package.evrcmp(best[key]) > 0:
            best[key] = package
    return [best[key] for key in sorted(best)]


def _describe_provider(pool: Any, solvable: Any, obstacles: Mapping[str, str]) -> Provider:
    """Return what taking one onto the medium would mean."""
    import solv

    source, nevra = solvable.repo.name, str(solvable)
    obstacle = obstacles.get(source, "").format(name=solvable.name)
    if obstacle:
        return Provider(source, solvable.name, nevra, obstacle=obstacle)
    solver, problems = run_solver(pool, [pool.Job(solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE, solvable.id)])
    if problems:
        return Provider(source, solvable.name, nevra, lacks=str(problems[0].findproblemrule().info().problemstr()))
    others = [other for other in solver.transaction().newsolvables() if other.id != solvable.id]
    return Provider(source, solvable.name, nevra, tuple(sorted((other.repo.name, str(other)) for other in others)))
