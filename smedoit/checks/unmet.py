# SPDX-License-Identifier: GPL-3.0-or-later
"""What a medium lacks, as nouns: holes, the waivers that excuse them, and the words of a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from smedoit.config.checks import ClosureWaiver, matches_glob
from smedoit.config.schema import SettingsTable

OPEN = "which nothing on the medium provides"


class UnmetDependency(SettingsTable):
    """One thing that keeps a package, or an installation that comps offers, from being installed.

    package       NEVRA of the package that has the hole; "" if there is no such package at all
    requirement   what it requires in vain; "" for a conflict
    trouble       how a sentence about the hole ends
    installation  what of comps cannot be begun; "" for a hole of a package by itself
    chain         package names from one that a group asks for down to name; empty if no group does
    group         the group that asks for the first of the chain
    """

    package: str
    name: str
    requirement: str = ""
    trouble: str = OPEN
    installation: str = ""
    chain: tuple[str, ...] = ()
    group: str = ""

    @property
    def cause(self) -> tuple[str, str, str]:
        """What two holes have in common that are mended together."""
        return self.package, self.requirement, self.trouble

    def __str__(self) -> str:
        where = f"{self.installation} cannot be begun: " if self.installation else ""
        asked = f"group {self.group}: " if self.group else ""
        chain = " needs ".join(self.chain or (self.name,))
        needs = f" needs {self.requirement}, " if self.requirement else ": " if chain else ""
        unasked = "" if self.group or self.installation else " (no group asks for it)"
        return f"{where}{asked}{chain}{needs}{self.trouble}{unasked}"


class Provider(SettingsTable):
    """A package elsewhere that would fill a hole.

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


class ClosureResult(SettingsTable):
    """The holes that stand, those that a waiver excuses, and the waivers without a hole."""

    standing: tuple[UnmetDependency, ...]
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


def apply_waivers(holes: Iterable[UnmetDependency], waivers: Sequence[ClosureWaiver]) -> ClosureResult:
    """Return what stands. One cause is told once: of a package, else of the first installation that it spoils."""
    excused = {
        hole: next((candidate for candidate in waivers if is_waived(hole, candidate)), None)
        for hole in dict.fromkeys(holes)
    }
    first: dict[tuple[str, str, str], UnmetDependency] = {}
    for hole, waiver in sorted(excused.items(), key=lambda item: bool(item[0].installation)):
        if waiver is None:
            first.setdefault(hole.cause, hole)
    return ClosureResult(
        tuple(first.values()),
        tuple((hole, waiver) for hole, waiver in excused.items() if waiver),
        tuple(candidate for candidate in waivers if candidate not in excused.values()),
    )


def format_unmet(holes: Sequence[UnmetDependency], offers: Mapping[str, Sequence[Provider]], at_most: int = 20) -> str:
    """Return the holes as paragraphs: what lacks the same stands together, with who could fill it."""
    lines: list[str] = []
    subjects = dict.fromkeys(hole.requirement or hole.package or hole.name for hole in holes)
    for subject in list(subjects)[:at_most]:
        several = [hole for hole in holes if subject in (hole.requirement, hole.package, hole.name)]
        lines += _format_subject(
            [hole for hole in several if (hole.requirement or hole.package or hole.name) == subject]
        )
        lines += [f"      {offer}" for offer in offers.get(subject, ())]
    if len(subjects) > at_most:
        lines.append(f"  … and {len(subjects) - at_most} more")
    return "\n".join(lines)


def _format_subject(holes: Sequence[UnmetDependency], at_most: int = 3) -> Iterator[str]:
    """Yield the lines about holes of one subject, those of groups first."""
    ordered = sorted(holes, key=lambda hole: (bool(hole.installation), not hole.group, len(hole.chain), hole.package))
    for hole in ordered[:at_most]:
        yield f"    {hole}"
    if len(ordered) > at_most:
        names = sorted({hole.name for hole in ordered[at_most:]})
        yield f"    and so {'do' if len(names) > 1 else 'does'} {', '.join(names[:10])}{', …' if names[10:] else ''}"
