# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotions as a journal keeps them: links are prepared, and what goes is removed once all of them are there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smedoit.config.places import UNDER_WAY
from smedoit.config.release import Release
from smedoit.errors import PackageError, format_grouped
from smedoit.runtime import journal
from smedoit.runtime.journal import Journal, JournalRecord
from smedoit.runtime.state_directory import refuse_foreign_directory
from smedoit.runtime.steps import HardLink, RemoveUnchanged, StepRoots

FORMAT = 2  # 1 named the steps "links" and "removals", and two states otherwise
STATES_OF_1 = {"linking": journal.PREPARING, "removing": journal.MOVING}


@dataclass(frozen=True, kw_only=True)
class PromotionRecord(JournalRecord):
    """One promotion: its links are prepared, its removals are the steps.

    what      for people: "promotion from smetest to smeupdates-testing"
    packages  NEVRAs
    undoes    name of the record that this one takes back, "" for none
    """

    what: str = ""
    packages: tuple[str, ...] = ()
    undoes: str = ""
    format: int = FORMAT

    @property
    def words(self) -> str:
        """What it is, for people."""
        return f"{self.what} of {self.when}"

    @staticmethod
    def upgraded(found: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a record in today's format, from those of an older one."""
        if found["format"] != 1:
            return found
        links, removals = found.pop("links"), found.pop("removals")
        prepare = [{"step": "link", **link} for link in links]
        steps = [{"step": "remove", **removal} for removal in removals]
        state = STATES_OF_1.get(found["state"], found["state"])
        return {**found, "state": state, "prepare": prepare, "steps": steps, "format": FORMAT}


PromotionJournal = Journal[PromotionRecord]


def open_promotions(root: Path, records: Path, tiers: Iterable[Path]) -> PromotionJournal:
    """Return the journal of promotions.

    root     the build root, which the paths of packages are relative to
    records  the directory of its records
    tiers    the directories of the tiers, which may lie elsewhere
    """
    refuse_foreign_directory(records)
    return Journal(PromotionRecord, StepRoots(root, tuple(tiers)), records / UNDER_WAY, records)


def release_promotions(rel: Release) -> PromotionJournal:
    """Return the journal of the promotions between the tiers of a release."""
    return open_promotions(rel.root, rel.promotion.records, [tier.path for tier in rel.tiers])


def last_promotion(promotions: PromotionJournal) -> PromotionRecord | None:
    """Return the last record that was not taken back yet, None if there is none."""
    every = list(promotions.closed())
    undone = {record.undoes for record in every}
    return next((record for record in every if not record.undoes and record.name not in undone), None)


def apply_promotion(record: PromotionRecord, promotions: PromotionJournal) -> list[str]:
    """Do what record says, all of it or nothing; return remarks. Raises PackageError, FileError."""
    _refuse_blocked(record, promotions.roots)
    return promotions.carry_out(record)


def _refuse_blocked(record: PromotionRecord, roots: StepRoots) -> None:
    """Raise PackageError if a place is taken, or a file that must be there is not."""
    links = [step for step in record.prepare if isinstance(step, HardLink)]
    removals = [step for step in record.steps if isinstance(step, RemoveUnchanged)]
    complaints: dict[str, list[str]] = {}
    for link in links:
        if roots.locate(link.target).exists():
            complaints.setdefault("is there already", []).append(link.target)
    needed = {link.source for link in links} | {path for step in removals for path in (step.path, step.kept)}
    for path in sorted(needed - {link.target for link in links}):
        if not roots.locate(path).is_file():
            complaints.setdefault("is not there any more", []).append(path)
    if complaints:
        raise PackageError(
            f"the {record.what} cannot be done, nothing has changed\n{format_grouped(complaints)}",
            hint="look again, then retry",
        )


def invert_promotion(record: PromotionRecord, name: str, when: str, who: str) -> PromotionRecord:
    """Return the record that takes record back: a promotion of its own, which is prepared and checked as any."""
    removals = [step for step in record.steps if isinstance(step, RemoveUnchanged)]
    links = [step for step in record.prepare if isinstance(step, HardLink)]
    return PromotionRecord(
        name=name,
        what=f"undo of the {record.what}",
        when=when,
        who=who,
        packages=record.packages,
        prepare=tuple(HardLink(step.kept, step.path, step.sha256) for step in removals),
        steps=tuple(RemoveUnchanged(step.target, step.sha256, step.source) for step in links),
        undoes=record.name,
    )
