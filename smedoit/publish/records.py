# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done to the published tree, and what is under way: records with times and digests, in TARGET/.smedoit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smedoit.config.identity import CHANNELS as DIRECTORIES
from smedoit.config.identity import TESTING
from smedoit.config.publish import PRACTICE_MARK, PublishSettings
from smedoit.config.release import Release
from smedoit.errors import PublishError
from smedoit.publish.channels import OURS, is_release_place
from smedoit.runtime import journal, rooted, run_lock
from smedoit.runtime.files import read_file_text
from smedoit.runtime.journal import DONE, PREPARING, Journal, JournalRecord
from smedoit.runtime.rooted import RootedPath
from smedoit.runtime.state_directory import claim_state_directory, refuse_foreign_directory
from smedoit.runtime.steps import StepRoots

CHANNELS = tuple(name for name in DIRECTORIES.values() if name)
LOCAL_REMOTE = re.compile(r"(rsync://)?(127\.0\.0\.1|localhost)[:/]")  # nobody else replicates from there
PRUNE = "prune"  # cannot be undone: what it moved is removed


@dataclass(frozen=True, kw_only=True)
class PublishRecord(JournalRecord):
    """One change of the published tree.

    kind   publish, update, move, retire or prune
    place  the release that it is about, below the target
    plan   the digest of the plan, for whoever resumes it
    files  path in the release -> size and SHA-256, as it is afterwards
    checks each with its verdict, as text
    """

    kind: str = ""
    place: str = ""
    plan: str = ""
    files: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[str, ...] = ()

    @staticmethod
    def upgraded(found: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a record in today's names: older ones call the checks gates."""
        return {"checks" if key == "gates" else key: value for key, value in found.items()}

    def refuse_odd_values(self) -> None:
        """Raise ValueError for what no record of ours says."""
        super().refuse_odd_values()
        if self.place != DIRECTORIES[TESTING] and not is_release_place(self.place):
            raise ValueError(f"place {self.place!r}")
        for file in self.files.values():
            str(file["sha256"])

    @property
    def words(self) -> str:
        """What it is, for people."""
        return f"{self.kind} of {self.place} ({self.when})"


class PublishHistory(Journal[PublishRecord]):
    """The records of one target, and the directory where what it will get or has lost lies.

    While a release is being prepared nothing of it can be seen: it is built beside its place, not by steps.
    """

    def __init__(self, target: Path) -> None:
        home = target / OURS
        super().__init__(PublishRecord, StepRoots(target), home / "under-way.json", home / "records")

    @property
    def target(self) -> Path:
        """The top of the published tree."""
        return self.roots.root

    @property
    def home(self) -> Path:
        """Our own directory in it."""
        return self.target / OURS

    def work(self, record: PublishRecord) -> str:
        """Return where the files of a record lie before they appear and after they disappear, below the target."""
        return f"{OURS}/work/{record.name}"

    def begin_record(self, kind: str, place: str, clock: float) -> PublishRecord:
        """Return a new record, which is not written down yet; clock is in seconds since 1970."""
        name = f"{self.next_number():04}-{kind}-{place.replace('/', '-')}"
        when, who = journal.utc_time(clock), journal.current_user()
        return PublishRecord(name=name, kind=kind, place=place, when=when, who=who)

    def last_standing(self) -> PublishRecord | None:
        """Return the last record that stands, None if there is none."""
        return next((record for record in self.closed() if record.state == DONE), None)

    def close(self, record: PublishRecord) -> None:
        """Put a record to the others, and remove what nobody can ask for any more."""
        super().close(record)
        self.sweep()

    def forget(self, record: PublishRecord) -> None:
        """Drop a record of which nothing can be seen yet, and all that it prepared."""
        rooted.remove_rooted_tree(RootedPath(self.target, self.work(record)))
        super().forget(record)

    def resume(self) -> str:
        """Finish what a kill interrupted; what a publish has built until then serves the next one, and stays."""
        record = self.under_way()
        if record is None:
            self.sweep()  # a kill after the last step leaves what was to be removed
        return "" if record is None or record.state == PREPARING else super().resume()

    def sweep(self) -> None:
        """Remove what nobody can ask for any more: all that was set aside, except by the last record that stands."""
        last = self.last_standing()
        kept = {
            os.path.basename(self.work(record))
            for record in (last, self.under_way())
            if record and record.kind != PRUNE
        }
        place = f"{OURS}/work"
        for name in rooted.list_rooted_directory(RootedPath(self.target, place)):
            if name not in kept:
                rooted.remove_rooted_tree(RootedPath(self.target, f"{place}/{name}"))

    def undoable(self) -> PublishRecord:
        """Return the last record, which can be undone. Raises PublishError if there is none, or it cannot."""
        record = self.last_standing()
        if record is None:
            raise PublishError(f"{self.target}: nothing to roll back")
        if record.kind == PRUNE:
            raise PublishError(
                f"cannot roll back the {record.words}, nor what came before it: the releases were deleted",
                hint="publish another release, or let the version link name another one by hand",
            )
        moved = [step for step in record.steps if not step.is_done(self.roots)]
        if moved:
            raise PublishError(
                f"cannot roll back the {record.words}, changed since: {moved[0]}",
                hint="look at the records in .smedoit of the target",
            )
        return record


@contextmanager
def open_publish_history(settings: PublishSettings) -> Iterator[PublishHistory]:
    """Yield the history of the target, held alone. Raises PublishError if somebody else is at work there."""
    check_publish_target(settings)
    history = PublishHistory(settings.target)
    claim_state_directory(history.home)  # mirrors that replicate the target do not see it
    under_way = PublishError(f"{settings.target}: a publish is under way", hint="wait until it is done")
    with run_lock.lock_file_alone(history.home / "lock", lambda _: under_way):
        yield history


def refuse_practice_release(rel: Release) -> None:
    """Raise PublishError for a release with practice keys, unless its target stays here and is marked for practice.

    The mark lies in the target, so no copy of a release.toml brings it along.
    """
    if not rel.is_practice:
        return
    marker = rel.publish.target / rel.publish.marker
    if rel.publish.remote and not LOCAL_REMOTE.match(rel.publish.remote):
        raise PublishError(
            f"{rel.release.title} is built with practice keys, and [publish] remote is {rel.publish.remote}",
            hint="pin the keys of the real packages in [[keys]]; the secret halves of these come with smedoit",
        )
    if read_file_text(marker).strip() != PRACTICE_MARK:
        raise PublishError(
            f"{rel.release.title} is built with practice keys, and {marker} does not say that this is for practice",
            hint=f"pin the keys of the real packages in [[keys]]; for practice, write the word {PRACTICE_MARK} into it",
        )


def check_publish_target(settings: PublishSettings) -> None:
    """Raise PublishError unless the target is there, says that it is one, and can be written."""
    target = settings.target
    if not target.is_dir():
        raise PublishError(f"{target}: the target is not there", hint="correct [publish] target, or make the directory")
    if not (target / settings.marker).is_file():
        raise PublishError(
            f"{target}: has no {settings.marker}, so nothing is ever changed in it",
            hint=f"if this is the tree that mirrors replicate, touch {target / settings.marker}",
        )
    refuse_foreign_directory(target / OURS)
    for place in (target, *(target / name for name in (*CHANNELS, OURS, f"{OURS}/work", f"{OURS}/records"))):
        if place.exists() and not os.access(place, os.W_OK | os.X_OK):
            raise PublishError(f"{place}: cannot be written", hint="let your user write there")
        if place.is_symlink() or (place.exists() and place.stat().st_dev != target.stat().st_dev):
            raise PublishError(
                f"{place}: lies on another file system than {target}, or is a link",
                hint="a release can only appear at once where all lies on one file system",
            )
