# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packages of a medium lack, what of it is waived, and how a report says it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from smedoit.config.checks import ClosureWaiver, matches_glob
from smedoit.config.schema import SettingsTable
from smedoit.repodata.solver import UnmetDependency


class Provider(SettingsTable):
    """A package elsewhere that provides what the medium lacks.

    along     (source, NEVRA) of what it needs besides
    lacks     what it needs and nobody has, in the solver's words; "" if it could be installed
    obstacle  why no promotion leads from its source to the medium, and what to do; "" if one does
    """

    source: str
    name: str
    nevra: str
    along: tuple[tuple[str, str], ...] = ()
    lacks: str = ""
    obstacle: str = ""

    def __str__(self) -> str:
        if self.obstacle or self.lacks:
            return f"{self.source} has {self.nevra}, {self.obstacle or f'but {self.lacks}'}"
        return f"{self.source} has {self.nevra}: {self.promotion}"

    @property
    def promotion(self) -> str:
        """What to type, one command for each source."""
        sources: dict[str, list[str]] = {self.source: [self.nevra]}
        for source, nevra in self.along:
            sources.setdefault(source, []).append(nevra)
        return "; ".join(f"doit promote --from {source} {' '.join(nevras)}" for source, nevras in sources.items())


class ClosureFindings(SettingsTable):
    """The unmet dependencies that no waiver names, those that one does, and the waivers that name none."""

    unwaived: tuple[UnmetDependency, ...]
    waived: tuple[tuple[UnmetDependency, ClosureWaiver], ...]
    unused: tuple[ClosureWaiver, ...]


def is_waived(unmet: UnmetDependency, waiver: ClosureWaiver) -> bool:
    """Return whether a waiver is meant for an unmet dependency."""
    return (
        bool(waiver.installation) == bool(unmet.installation)
        and matches_glob(waiver.installation, unmet.installation)
        and matches_glob(waiver.requirement, unmet.requirement)
        and any(matches_glob(waiver.package, text) for text in (unmet.name, unmet.package))
    )


def apply_waivers(found: Iterable[UnmetDependency], waivers: Sequence[ClosureWaiver]) -> ClosureFindings:
    """Return what is waived and what is not.

    What one change mends stands there once: for the package, else for the first install set that it breaks.
    """
    waiver_of = {
        dependency: next((waiver for waiver in waivers if is_waived(dependency, waiver)), None)
        for dependency in dict.fromkeys(found)
    }
    first: dict[tuple[str, str, str], UnmetDependency] = {}
    for dependency, waiver in sorted(waiver_of.items(), key=lambda item: bool(item[0].installation)):
        if waiver is None:
            first.setdefault(dependency.cause, dependency)
    return ClosureFindings(
        tuple(first.values()),
        tuple((dependency, waiver) for dependency, waiver in waiver_of.items() if waiver),
        tuple(waiver for waiver in waivers if waiver not in waiver_of.values()),
    )


def format_unmet(dependencies: Sequence[UnmetDependency], offers: Mapping[str, Sequence[Provider]]) -> str:
    """Return unmet dependencies as paragraphs: those of one requirement together, with who provides it elsewhere."""
    lines: list[str] = []
    subjects = dict.fromkeys(_unmet_subject(dependency) for dependency in dependencies)
    for subject in subjects:
        lines += _format_subject([each for each in dependencies if _unmet_subject(each) == subject])
        lines += [f"      {offer}" for offer in offers.get(subject, ())]
    return "\n".join(lines)


def _unmet_subject(dependency: UnmetDependency) -> str:
    """Return what a dependency is listed under: what is required, else the package."""
    return dependency.requirement or dependency.package or dependency.name


def _format_subject(dependencies: Sequence[UnmetDependency], at_most: int = 3) -> Iterator[str]:
    """Yield the lines about one subject, what groups ask for first."""
    ordered = sorted(dependencies, key=_report_rank)
    for dependency in ordered[:at_most]:
        yield f"    {dependency}"
    if len(ordered) > at_most:
        names = sorted({dependency.name for dependency in ordered[at_most:]})
        yield f"    and so {'do' if len(names) > 1 else 'does'} {', '.join(names)}"


def _report_rank(dependency: UnmetDependency) -> tuple[bool, bool, int, str]:
    """Return where in its paragraph a dependency stands."""
    return bool(dependency.installation), not dependency.group, len(dependency.chain), dependency.package
