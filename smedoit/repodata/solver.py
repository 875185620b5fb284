# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages of a libsolv pool cannot be installed from it, and why.

Unmet is a requirement that nothing provides, and a package that conflicts or obsoletes keep out for
ever. Weak relations count only where somebody asks for them: no dnf fails for what is merely recommended.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from smedoit.config.schema import SettingsTable
from smedoit.repodata.requirements import installable_packages, unprovided_requirements

UNPROVIDED = "which nothing on the medium provides"


class UnmetDependency(SettingsTable):
    """One thing that keeps a package, or an installation that comps offers, from being installed.

    package       NEVRA of the package; "" if there is no such package at all
    requirement   what it requires in vain; "" for a conflict
    problem       how a sentence about it ends
    installation  the install set of comps that does not resolve; "" for a package by itself
    chain         package names from one that a group asks for down to name; empty if no group does
    group         the group that asks for the first of the chain
    """

    package: str
    name: str
    requirement: str = ""
    problem: str = UNPROVIDED
    installation: str = ""
    chain: tuple[str, ...] = ()
    group: str = ""

    @property
    def cause(self) -> tuple[str, str, str]:
        """What is equal for unmet dependencies that one change mends."""
        return self.package or self.name, self.requirement, self.problem

    def __str__(self) -> str:
        where = f"{self.installation} does not resolve: " if self.installation else ""
        asked = f"group {self.group}: " if self.group else ""
        chain = " needs ".join(self.chain or (self.name,))
        needs = f" needs {self.requirement}, " if self.requirement else ": " if chain else ""
        unasked = "" if self.group or self.installation else " (no group asks for it)"
        return f"{where}{asked}{chain}{needs}{self.problem}{unasked}"


def find_broken_packages(pool: Any) -> list[UnmetDependency]:
    """Return what keeps packages of the pool from being installed, each of them by itself."""
    missing = list(unprovided_requirements(pool))
    found = [_unmet_by_package(solvable, str(relation)) for solvable, relation in missing]
    return found + _never_installable(pool, {solvable.id for solvable, _ in missing})


def _never_installable(pool: Any, broken: Collection[int]) -> list[UnmetDependency]:
    """Return why each other package can never be installed; that it needs a broken one is left out."""
    import solv

    how = solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE
    alone = _lone_architectures(pool)
    whole = [solvable for solvable in installable_packages(pool) if solvable.id not in broken]
    left = [solvable for solvable in whole if solvable.id not in alone]
    while left:  # as many at once as go together; the others get another turn
        solver, _ = run_solver(pool, [pool.Job(how | solv.Job.SOLVER_WEAK, solvable.id) for solvable in left])
        done = {solvable.id for solvable in solver.transaction().newsolvables()}
        rest = [solvable for solvable in left if solvable.id not in done]
        if len(rest) == len(left):
            break
        left = rest
    stuck = {solvable.id for solvable in left} | alone
    found = []
    for solvable in (each for each in whole if each.id in stuck):
        _, problems = run_solver(pool, [pool.Job(how, solvable.id)])
        reasons = [unmet for problem in problems if (unmet := explain_problem(problem, broken))]
        found += [
            unmet if unmet.requirement else replace(unmet, package=str(solvable), name=solvable.name)
            for unmet in reasons
        ]
    return list(dict.fromkeys(found))


def _lone_architectures(pool: Any) -> set[int]:
    """Return the packages that other architectures have in other versions only: d-2.i686 beside d-1.x86_64.

    yum and dnf install them where they are asked for, not where another package needs them: a job for
    one of them would let it in for all the others.
    """
    versions: dict[str, dict[str, set[str]]] = {}
    packages = [solvable for solvable in installable_packages(pool) if solvable.arch != "noarch"]
    for solvable in packages:
        versions.setdefault(solvable.name, {}).setdefault(solvable.arch, set()).add(solvable.evr)
    return {
        solvable.id
        for solvable in packages
        if len(versions[solvable.name]) > 1
        and not any(solvable.evr in evrs for arch, evrs in versions[solvable.name].items() if arch != solvable.arch)
    }


def run_solver(pool: Any, jobs: Sequence[Any], weak: bool = False) -> tuple[Any, list[Any]]:
    """Return the solver that did the jobs, and its problems.

    weak  take what packages recommend too, as far as it goes together
    """
    import solv

    solver = pool.Solver()
    solver.set_flag(solv.Solver.SOLVER_FLAG_IGNORE_RECOMMENDED, int(not weak))
    return solver, solver.solve(list(jobs))


def explain_problem(problem: Any, broken: Collection[int] = ()) -> UnmetDependency | None:
    """Return what a problem of the solver is about; None if a package that is known to be broken causes it."""
    import solv

    info = problem.findproblemrule().info()
    solvable = info.solvable
    if info.type == solv.Solver.SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
        return None if solvable.id in broken else _unmet_by_package(solvable, str(info.dep))
    messages = [info.problemstr()]
    if info.type == solv.Solver.SOLVER_RULE_PKG_REQUIRES:  # true, but the reason is another rule
        rules = (rule.info() for rule in problem.findallproblemrules())
        messages += [rule.problemstr() for rule in rules if rule.type in _conflict_rules()]
    reason = ": ".join(str(message).removeprefix("package ") for message in messages[:2])
    return UnmetDependency(str(solvable) if solvable else "", solvable.name if solvable else "", problem=reason)


def _conflict_rules() -> tuple[int, ...]:
    """Return the kinds of rules by which two packages keep each other out."""
    from solv import Solver

    return (
        Solver.SOLVER_RULE_PKG_CONFLICTS,
        Solver.SOLVER_RULE_PKG_OBSOLETES,
        Solver.SOLVER_RULE_PKG_SAME_NAME,
        Solver.SOLVER_RULE_PKG_IMPLICIT_OBSOLETES,
        Solver.SOLVER_RULE_INFARCH,  # a library of one version for i686 and of another one for x86_64
    )


def _unmet_by_package(package: Any, requirement: str) -> UnmetDependency:
    """Return a requirement of a package as unmet."""
    return UnmetDependency(str(package), package.name, requirement)
