# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run shows: which task ran and why, how long it took, where the result lies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from doit import Globals
from doit.exceptions import InvalidTask, UnmetDependency

from smedoit.engine import decision, history
from smedoit.engine.json_report import format_task_json
from smedoit.engine.task import JSON, is_quiet
from smedoit.errors import SmeError
from smedoit.runtime import files, progress, terminal
from smedoit.runtime.outline import shorten_report
from smedoit.runtime.run_lock import RunLock
from smedoit.runtime.state_directory import refuse_foreign_directory

SHOWN = 3  # reasons that are shown; `doit why TASK` has the rest
INDENT = "  "
FAILED = 2  # doit's exit code for a run that went wrong
KEPT = 1 << 20  # a file edited by hand that is larger than this is reported, but no copy of it is kept


class ConsoleReporter:
    """doit's reporter: silent about what is up to date, one line before and one after what runs.

    It also begins and ends the run: one at a time in a build root.
    """

    desc = "what runs, why, how long, and where the result lies"
    lock_file: Path
    kept: Path
    history_directory: Path | None = None
    before_run: Sequence[Callable[[], str]] = ()

    def __init__(self, outstream: IO[str], options: Mapping[str, Any]) -> None:
        self.out = outstream
        self.options = options
        self.started: dict[str, float] = {}
        self.ran = 0
        self.failed = False
        self.not_run: set[str] = set()  # tasks that waited for one that failed
        self.failures: list[Any] = []
        self.told: dict[str, str] = {}  # task that failed -> its words
        self.selected: list[Any] = []
        self.quiet = False
        self.held_back: dict[str, list[str]] = {}  # of tasks that are at work in a quiet run: nothing may come of it
        self.run_lock = RunLock(self.lock_file, self.farewell)
        self.recorder: history.RunRecorder | None = None

    def write(self, line: str, task: Any = None) -> None:
        """Show a line at once, of a task or the run; when nobody reads any more (`doit | head`), go on in silence."""
        if task is None:
            terminal.show_text(self.out, line)
            return
        name = f"{task.name}:"
        text = progress.chosen.label(task.name, line)
        beginning, rest = (name, text.removeprefix(name)) if text.startswith(name) else ("", text)
        terminal.show_parts(self.out, [(beginning, "name" if beginning else ""), (rest, "")])

    def initialize(self, tasks: Mapping[str, Any], selected: list[str]) -> None:
        """Start a run. Raises InvalidTask, which doit shows as its words, if another one is under way."""
        asked = list(selected)
        try:
            for name in asked:
                _select_followers(tasks, selected, name)
            self.selected = [tasks[name] for name in selected]
            self.quiet = is_quiet()
            if any(map(_speaks_json, self.selected)):
                self.out = sys.stderr
                progress.send_lines(sys.stderr)
            if self.selected and all(map(_only_asks, self.selected)):
                self.run_lock.listen()
                Globals.dep_manager.asks = True
                _forget_what_is_learned()
                return
            self.run_lock.take()
            refuse_foreign_directory(self.kept.parent)
            for hook in self.before_run:
                if line := hook():
                    self.write(line)
            if self.history_directory:
                self.recorder = history.RunRecorder(self.history_directory, asked)
        except OSError as error:
            self.failed = True
            raise InvalidTask(terminal.escape_text(str(files.explain_os_error(error, self.kept, "used")))) from None
        except SmeError as error:
            self.failed = True
            raise InvalidTask(terminal.escape_text(str(error))) from None  # doit itself shows it

    def farewell(self, line: str) -> None:
        """Say that a signal ended the run."""
        self.failed = True
        self.write(line)

    def get_status(self, _task: Any) -> None:
        """Before each decision: whether the lock of this run still is the lock that others find."""
        try:
            self.run_lock.keep()
        except SmeError as error:
            self.failed = True
            terminal.show_text(sys.stderr, str(error))
            self.run_lock.end_run(FAILED)

    def execute_task(self, task: Any) -> None:
        """Say which task starts, and why."""
        self.started[task.name] = time.monotonic()
        if not task.actions:
            return
        because = Globals.dep_manager.because.get(task.name) or [decision.AGAIN]
        shown = len(because) if progress.chosen.verbose else SHOWN
        more = f" (and {len(because) - shown} more reasons)" if len(because) > shown else ""
        self.say(task, f"{task.name}: {'; '.join(because[:shown])}{more}")
        Globals.dep_manager.mark_begun(task.name)
        if self.recorder:
            self.recorder.begin_task(task.name, because)
        self.keep_edited(task, [Path(path) for path in Globals.dep_manager.edited.get(task.name, [])])

    def say(self, task: Any, line: str) -> None:
        """Show a line about a task at work; in a quiet run only when something came of it."""
        if _speaks_json(task):
            return
        if self.quiet:
            self.held_back.setdefault(task.name, []).append(line)
        else:
            self.write(line, task)

    def tell(self, task: Any) -> None:
        """Show what was held back of a task."""
        for line in self.held_back.pop(task.name, []):
            self.write(line, task)

    def keep_edited(self, task: Any, paths: Sequence[Path]) -> None:
        """Keep what somebody changed by hand, and say where; after a few, how many more there are."""
        copies = [(path, copy) for path in paths if (copy := self.keep(path))]
        for path, copy in copies[:SHOWN]:
            self.say(task, f"{INDENT}your version of {path.name} is kept as {decision.display_path(os.fspath(copy))}")
        if len(copies) > SHOWN:
            place = decision.display_path(os.fspath(self.kept))
            self.say(task, f"{INDENT}{len(copies) - SHOWN} more of your versions are in {place}")

    def keep(self, path: Path) -> Path | None:
        """Put a copy of a file that somebody changed by hand where the task will not overwrite it; return where."""
        stage = self.kept.parents[1]
        copy = self.kept / (path.relative_to(stage) if path.is_relative_to(stage) else path.name)
        try:
            with files.wrap_os_errors(path, "kept"):
                if not path.is_file() or path.is_symlink() or path.stat().st_size > KEPT:
                    return None
            files.copy_file(path, copy)
        except SmeError as error:
            self.write(f"{INDENT}{error}")
            return None
        return copy

    def add_success(self, task: Any) -> None:
        """Say what a task did and how long it took."""
        values, took = task.values or {}, time.monotonic() - self.started.get(task.name, time.monotonic())
        said = str(values.get("did", "done"))
        if self.recorder and task.actions:
            result = str(values.get("result", "")) if task in self.selected else ""
            self.recorder.end_task(task.name, history.PASSED, took, said, result)
        if self.quiet and values.get("idle"):
            self.held_back.pop(task.name, None)
        elif task.actions:
            self.ran += 1
            self.tell(task)
            if not _speaks_json(task):
                self.write(f"{INDENT}{said}, {took:.1f} s", task)

    def add_failure(self, task: Any, fail: Any) -> None:
        """Say what went wrong, in its own words; a task that waited in vain did nothing wrong."""
        self.failed = True
        self.tell(task)
        if isinstance(fail, UnmetDependency):
            self.not_run.add(task.name)
            waited = sorted(fail.message.split(), key=lambda name: name in self.not_run)
            verb = "was not run" if waited[0] in self.not_run else "failed"
            self._record_failure(task.name, history.NOT_RUN, f"{waited[0]} {verb}")
            terminal.show_text(sys.stderr, f"{task.name}: not run, {waited[0]} {verb}")
        else:
            self.failures.append(task)
            self.told[task.name] = fail.get_msg().strip()
            self._record_failure(task.name, history.FAILED, self.told[task.name])
            opening, text = f"{task.name} failed:", _shown_part(task, self.told[task.name])
            text = progress.chosen.label(task.name, f"{opening} {text}").removeprefix(opening)
            terminal.show_parts(sys.stderr, [(opening, "bad"), (text, "")])

    def _record_failure(self, name: str, ended: str, said: str) -> None:
        """Write down what went wrong with a task."""
        if self.recorder:
            took = time.monotonic() - self.started[name] if name in self.started else None
            self.recorder.end_task(name, ended, took, said)

    def skip_uptodate(self, task: Any) -> None:
        """A task that is up to date is no news, unless somebody wants all of it."""
        if progress.chosen.verbose and task.actions:
            self.write(f"{task.name}: up to date", task)

    def skip_ignore(self, task: Any) -> None:
        """Say that a task is ignored, as somebody asked doit to."""
        self.write(f"{task.name}: ignored, as `doit ignore` asked")

    def cleanup_error(self, fail: Any) -> None:
        """Say what went wrong after a run."""
        terminal.show_text(sys.stderr, fail.get_msg())

    def runtime_error(self, message: str) -> None:
        """Say why there was no run."""
        self.failed = True
        terminal.show_text(sys.stderr, message)

    def teardown_task(self, task: Any) -> None:
        """No task of ours needs one."""

    def complete_run(self) -> None:
        """Close with where the results of the asked tasks lie, unless an exception ends the run."""
        if self.recorder and not sys.exc_info()[0]:
            self.recorder.end_run(history.FAILED if self.failed else history.PASSED)
        if self.failed or sys.exc_info()[0]:
            self.end_unrun()
            return
        if self.quiet and not self.ran:
            self.run_lock.release()
            return
        if not self.ran:
            self.write("nothing to do, everything is up to date")
        for task in self.selected:
            values = task.values or Globals.dep_manager.get_values(task.name)
            if _speaks_json(task):
                if task.name not in self.started:  # it is up to date: what it said stands
                    did, report = str(values.get("did", "")), str(values.get("result", ""))
                    progress.show_json(format_task_json(task.name, did, report, passed=True))
            elif values.get("result"):
                self.write(_shown_part(task, values["result"]))
        self.run_lock.release()

    def end_unrun(self) -> None:
        """Let the asked tasks that never began do what is left to do: gather the logs of what failed."""
        told = "\n".join(f"{name} failed: {words}" for name, words in self.told.items())
        for task in self.selected:
            if _speaks_json(task) and task.name not in self.started:
                why = f"not run, {next(iter(self.told), 'the run')} failed"
                progress.show_json(format_task_json(task.name, why, told, passed=False))
            if (unrun := (task.meta or {}).get("unrun")) and task.name not in self.started and self.run_lock.held:
                try:
                    unrun([failed.meta["log"] for failed in self.failures])
                except SmeError as error:
                    terminal.show_text(sys.stderr, str(error))


def _shown_part(task: Any, report: str) -> str:
    """Return a report of a task as the screen has it: the first entries of each list, and where all of it is.

    What only asks has no log, and is shown whole.
    """
    log = (getattr(task, "meta", None) or {}).get("log")
    if log is None or _only_asks(task):
        return report
    shown, is_cut = shorten_report(report)
    return f"{shown}\n{INDENT}the whole list is in {decision.display_path(os.fspath(log))}" if is_cut else report


def _forget_what_is_learned() -> None:
    """Let the cache of facts be read only: who asks writes nothing."""
    from smedoit.runtime.cache import FactCache

    FactCache.writes = False


def _only_asks(task: Any) -> bool:
    """Return whether a task does no more than tell, always or with the option that was given."""
    asks = (task.meta or {}).get("asks", False)
    return asks is True or bool(asks and (task.options or {}).get(asks))


def _speaks_json(task: Any) -> bool:
    """Return whether a task was asked for JSON: then nothing else is on the output."""
    return bool((getattr(task, "options", None) or {}).get(JSON.name))


def _select_followers(tasks: Mapping[str, Any], selected: list[str], name: str) -> None:
    """Select what follows the task called name, to be run when that is done."""
    task = tasks[name]
    if (task.options or {}).get("dry_run"):
        return
    for later in (task.meta or {}).get("then", ()):
        selected.append(later)
        for task_name in (later, *tasks[later].task_dep):
            tasks[task_name].task_dep.append(name)
