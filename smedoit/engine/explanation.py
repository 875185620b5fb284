# SPDX-License-Identifier: GPL-3.0-or-later
"""`doit why TASK`: a tree that leads from a task to the files and settings that changed, now or in an earlier run."""

from __future__ import annotations

import datetime
import re
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from smedoit.engine.command import COMMON, Command
from smedoit.engine.commands import DEFAULT, DONE, RUN, TaskGraph, is_listed, task_facts
from smedoit.engine.history import NOT_RUN, PASSED, PastRun, PastTask, find_run, read_history, run_facts
from smedoit.engine.json_report import dump_json
from smedoit.engine.option import Option
from smedoit.engine.task import JSON
from smedoit.errors import UsageError
from smedoit.runtime.terminal import show_text

BRANCHES, PLAIN_BRANCHES = ("├─ ", "└─ ", "│  ", "   "), ("|- ", "`- ", "|  ", "   ")
DAYS = {"today": 0, "yesterday": 1}
AGO = re.compile(
    r"([0-9]{1,4})\s*(?:(?P<minutes>m|mins?|minutes?)|(?P<hours>h|hours?)|(?P<days>d|days?)|(?P<weeks>w|weeks?))"
)


@dataclass(frozen=True)
class Reason:
    """Why a task runs: what changed, or that another task runs first, for the reasons below."""

    words: str
    below: Sequence[Reason] = ()


def draw_reasons(reasons: Sequence[Reason], branches: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a drawn tree.

    branches  what stands before an entry, before the last one, and below each of them
    """
    entry, last_entry, beside, nothing = branches
    for number, reason in enumerate(reasons, 1):
        is_last = number == len(reasons)
        yield (last_entry if is_last else entry) + reason.words
        yield from ((nothing if is_last else beside) + line for line in draw_reasons(reason.below, branches))


def pending_reasons(graph: TaskGraph, name: str, explained: set[str]) -> list[Reason]:
    """Return why a task would run: its own reasons, then the tasks that it waits for.

    explained  tasks whose reasons stand in the tree already; those that are found are added
    """
    found = [Reason(words) for words in graph.reasons[name]]
    waiting = sorted(graph.before(name), key=lambda other: graph.status(other) != RUN)  # the shortest way comes first
    for other in waiting:
        if graph.status(other) == DONE or other in explained:
            continue
        explained.add(other)
        verb = "runs first" if graph.status(other) == RUN else "may run first"
        if below := pending_reasons(graph, other, explained):  # else all of it has been said
            found.append(Reason(f"{other} {verb}", below))
    return found


def past_reasons(graph: TaskGraph, name: str, explained: set[str], tasks: Mapping[str, PastTask]) -> list[Reason]:
    """Return why a task ran in an earlier run, by what that run wrote down.

    tasks  of that run by name; the order in which they wait for each other is that of today
    """
    found = [Reason(words) for words in tasks[name].reasons] if name in tasks else []
    if name not in graph.tasks:
        return found
    for other in graph.before(name):
        if other in explained:
            continue
        explained.add(other)
        below = past_reasons(graph, other, explained, tasks)
        if other in tasks:
            found.append(Reason(f"{other} {past_words(tasks[other])}", below))
        else:
            found += below
    return found


def past_words(past: PastTask) -> str:
    """Return how a task of an earlier run ended, in words."""
    took = "" if past.seconds is None else f", {past.seconds:.1f} s"
    return f"ran first{took}" if past.ended == PASSED else f"{past.ended}{took}"


def parse_since(text: str, now: datetime.datetime) -> datetime.datetime:
    """Return the moment that somebody means: 2026-11-27, 2026-11-27 14:30, today, yesterday, 90min, 2h, 3d, 1w.

    Raises UsageError.
    """
    words = text.strip().lower().removesuffix(" ago")
    if words in DAYS:
        return now.replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=DAYS[words])
    if ago := AGO.fullmatch(words):
        return now - datetime.timedelta(**{str(ago.lastgroup): int(ago[1])})
    try:
        return datetime.datetime.fromisoformat(words.upper()).astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since {text}: is no time", hint="write 2026-11-27, '2026-11-27 14:30', yesterday, 90min, 2h or 3d"
        ) from None


class Why(Command):
    """doit why TASK: what changed along the chain, in words."""

    doc_purpose = "say why a task would run, without running it; or why it ran"
    doc_usage = "[TASK …]"
    doc_description = "The reasons come from the same decision that a run takes. Without a TASK it is iso."
    takes_tasks = True
    typed_options = (
        *COMMON,
        JSON,
        Option("run_number", "why it ran then; history has the numbers", long="run", value="N"),
        Option("since", "why it ran each time since: a date, yesterday, 2h, 3d", value="WHEN"),
    )

    def _execute(self, pos_args: list[str], run_number: str = "", since: str = "", json: bool = False) -> int:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        graph = TaskGraph(self.task_list, self.dep_manager)
        asked = [name for name in graph.tasks if is_listed(graph.tasks[name], pos_args or [DEFAULT])]
        if run_number or since:
            runs = choose_runs(read_history(self.dep_manager.history), run_number, since)
            return self.tell_past(graph, asked, runs, as_json=json)
        if json:
            named = graph.collect_before(asked)
            facts = [task_facts(graph, name, graph.status(name)) for name in graph.tasks if name in named]
            show_text(self.outstream, dump_json(facts))
            return 0
        for name in asked:
            self.draw(_pending_heading(graph, name), pending_reasons(graph, name, {name}))
        return 0

    def tell_past(self, graph: TaskGraph, asked: Sequence[str], runs: Iterable[PastRun], *, as_json: bool) -> int:
        """Tell why tasks ran in earlier runs."""
        chosen = [(past, {task.task: task for task in past.tasks}) for past in runs]
        wanted = graph.collect_before(asked)
        if as_json:
            shown = [replace(past, tasks=[task for task in past.tasks if task.task in wanted]) for past, _ in chosen]
            show_text(self.outstream, dump_json([run_facts(past) for past in shown]))
            return 0
        told = 0
        for past, tasks in chosen:
            for name in asked:
                reasons = past_reasons(graph, name, {name}, tasks)
                if name in tasks or reasons:
                    told += 1
                    ended = tasks[name].ended if name in tasks else NOT_RUN
                    verb = "ran" if ended == PASSED else ended
                    self.draw(f"run {past.number}, {past.when}: {name} {verb}", reasons)
        if not told:
            show_text(self.outstream, f"{', '.join(asked)}: did not run then, and nothing that it waits for did")
        return 0

    def draw(self, heading: str, reasons: Sequence[Reason]) -> None:
        """Show a tree, by signs that whoever reads it has."""
        lines = [heading, *draw_reasons(reasons, _known_branches(self.outstream))]
        show_text(self.outstream, "\n".join(lines))


def _known_branches(out: Any) -> Sequence[str]:
    """Return the branches that can be shown."""
    try:
        "".join(BRANCHES).encode(getattr(out, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return PLAIN_BRANCHES
    return BRANCHES


def _pending_heading(graph: TaskGraph, name: str) -> str:
    """Return whether a task would run."""
    status = graph.status(name)
    if status == DONE:
        return f"{name} is up to date: nothing that it depends on has changed"
    return f"{name} would run" if status == RUN else f"{name} would run if what it waits for changes"


def choose_runs(kept: Iterable[PastRun], number: str, since: str) -> list[PastRun]:
    """Return the earlier runs that somebody means, the latest first. Raises UsageError for a run that is not kept."""
    if number and since:
        raise UsageError("--run and --since: one of them says which runs", hint="leave out the other")
    if number:
        return [find_run(kept, number)]
    begin = parse_since(since, datetime.datetime.now().astimezone()).timestamp()
    return [past for past in kept if past.began >= begin]
