# SPDX-License-Identifier: GPL-3.0-or-later
"""`doit history`: earlier runs, what was asked for, how they ended and how long they took; one of them in detail."""

from __future__ import annotations

import signal
from collections.abc import Iterator

from smedoit.engine.command import COMMON, Command
from smedoit.engine.history import FAILED, PASSED, PastRun, PastTask, find_run, read_history, run_facts
from smedoit.engine.json_report import dump_json
from smedoit.engine.option import Option
from smedoit.engine.task import JSON
from smedoit.errors import format_count
from smedoit.runtime.terminal import cut_parts, show_parts, show_text

SHOWN = 20  # runs, unless somebody asks for more
STYLES = {PASSED: "good", FAILED: "bad"}


class History(Command):
    """doit history [N]: earlier runs, or one of them."""

    doc_purpose = "show earlier runs: when, what was asked for, how they ended; of run N each task, and why it ran"
    doc_usage = "[N]"
    doc_description = "Runs that found nothing to do are not kept."
    typed_options = (*COMMON, JSON, Option("all", f"all that are kept, not only the last {SHOWN}", default=False))

    def _execute(self, pos_args: list[str], all: bool = False, json: bool = False) -> int:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        kept = list(read_history(self.dep_manager.history))
        shown = [find_run(kept, word) for word in pos_args] or kept[: None if all else SHOWN]
        if json:
            show_text(self.outstream, dump_json([run_facts(past) for past in shown]))
            return 0
        if not kept:
            show_text(self.outstream, "no run of this release is kept yet")
        for past in shown:
            for parts in _detail_lines(past) if pos_args else [_summary_parts(past)]:
                show_parts(self.outstream, cut_parts(self.outstream, parts))
        if not pos_args and len(kept) > len(shown):
            show_text(self.outstream, f"and {len(kept) - len(shown)} more: {self.bin_name} history --all")
        return 0


def _summary_parts(past: PastRun) -> list[tuple[str, str]]:
    """Return the line of a run in a list."""
    ran = sum(1 for task in past.tasks if task.ended == PASSED)
    return [
        (f"{past.number:>5}  {past.when}  ", ""),
        (f"{past.ended:<11}", STYLES.get(past.ended, "warn")),
        (f"{_took_words(past.seconds):>9}  {' '.join(past.asked)}: {format_count(ran, 'task')} ran", ""),
        ("".join(f", {task.task} {task.ended}" for task in past.tasks if task.ended == FAILED), "bad"),
    ]


def _detail_lines(past: PastRun) -> Iterator[list[tuple[str, str]]]:
    """Yield the lines of a run by itself: each task with its reasons, and what came of it."""
    yield _summary_parts(past)
    for task in past.tasks:
        yield [
            ("  ", ""),
            (f"{task.ended:<11}", STYLES.get(task.ended, "warn")),
            (f"{_took_words(task.seconds):>9}  {task.task}", "name"),
        ]
        yield from ([(f"{'':24}{line}", "dim")] for line in _task_lines(task))


def _task_lines(task: PastTask) -> Iterator[str]:
    """Yield why a task ran, and what it said."""
    yield from (f"because {reason}" for reason in task.reasons)
    yield from task.said.splitlines()


def _took_words(seconds: float | None) -> str:
    """Return a time as a table has it; nothing for what never ended."""
    return "" if seconds is None else f"{seconds:.1f} s"
