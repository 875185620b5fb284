# SPDX-License-Identifier: GPL-3.0-or-later
"""`doit list` and `doit why`: what would run, and for which reasons, without running it."""

from __future__ import annotations

import fnmatch
import os
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from doit import get_var
from doit.cmd_base import Command, DoitCmdBase, check_tasks_exist
from doit.cmd_help import Help as DoitHelp
from doit.exceptions import InvalidDodoFile

from smedoit.engine.decision import display_path
from smedoit.engine.task import current_settings, named_release
from smedoit.errors import SmeError
from smedoit.runtime.files import read_file_text
from smedoit.runtime.progress import LEFT, RENDERED
from smedoit.runtime.terminal import escape_text, show_text

RUN, WAIT, DONE, ASIDE = "run", "wait", "ok", "-"
DEFAULT = "iso"
LEGEND = (
    f"{RUN}: it would run; {WAIT}: it may, when another one has run; {DONE}: it is up to date;"
    f" {ASIDE}: it runs when you ask for it"
)
NARROW = 40  # columns; below that, lines are left to the terminal


class TaskGraph:
    """The tasks, who makes what another one reads, and what the state decides of each."""

    def __init__(self, tasks: list[Any], state: Any) -> None:
        self.tasks: dict[str, Any] = {task.name: task for task in tasks}
        self.state = state
        self.maker = {target: task.name for task in tasks for target in task.targets}
        self.reasons = {task.name: self.decide(task) for task in tasks}
        self.pending = self.collect_before(task.name for task in tasks if self.is_wanted(task))

    def decide(self, task: Any) -> list[str]:
        """Return why a task would run by what is there now, by the decision that a run takes."""
        self.state.get_status(task, self.tasks)
        return list(self.state.because[task.name])

    def before(self, name: str) -> list[str]:
        """Return the tasks that a task waits for, in the order of the contents page."""
        task = self.tasks[name]
        direct = {*task.task_dep, *(self.maker[path] for path in task.file_dep if path in self.maker)}
        return [other for other in self.tasks if other in direct and other != name]

    def is_wanted(self, task: Any) -> bool:
        """Return whether a task is part of the release that is being made: iso is, and whatever was asked for."""
        return task.name == DEFAULT or bool(self.state.was_asked_for(task.name))

    def collect_before(self, names: Iterable[str]) -> set[str]:
        """Return the tasks of these names, and all that they wait for."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.before(name)
        return found

    def status(self, name: str) -> str:
        """Return whether a task would run, may run when another one has run, or is done."""
        if self.reasons[name] and not self.tasks[name].has_subtask:
            return RUN
        return WAIT if any(self.status(other) != DONE for other in self.before(name)) else DONE

    def listed_status(self, name: str) -> str:
        """Return what to show of a task: nothing is pending that nobody asked for."""
        task = self.tasks[name]
        if task.has_subtask:
            parts = {self.listed_status(other) for other in self.before(name) if self.tasks[other].subtask_of == name}
            return next((status for status in (RUN, WAIT, DONE) if status in parts), ASIDE)
        return ASIDE if task.meta.get("always") or name not in self.pending else self.status(name)

    def chain(self, name: str, depth: int, explained: set[str]) -> Iterator[str]:
        """Yield the lines that explain a task: its own reasons, then those of the tasks it waits for."""
        indent = "  " * depth
        yield from (f"{indent}because {reason}" for reason in self.reasons[name])
        for other in self.before(name):
            if self.status(other) == DONE or other in explained:
                continue
            explained.add(other)
            verb = "runs first" if self.status(other) == RUN else "may run first"
            if behind := [*self.chain(other, depth + 1, explained)]:  # else all of it has been said
                yield f"{indent}because {other} {verb}, which {name} waits for:"
                yield from behind


class List(DoitCmdBase):  # type: ignore[misc]
    """doit list: the status of every task and its one line."""

    doc_purpose = "show every task, and whether it would run"
    doc_usage = "[TASK ...]"
    doc_description = LEGEND
    cmd_options = ()

    def _execute(self, pos_args: list[str]) -> int:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `doit list | head` is no failure
        graph = TaskGraph(self.task_list, self.dep_manager)
        check_tasks_exist(graph.tasks, pos_args, skip_wildcard=True)
        shown = [name for name in graph.tasks if _is_listed(graph.tasks[name], pos_args)]
        width = max((len(name) for name in shown), default=0)
        for name in shown:
            _show_wrapped(self.outstream, f"{graph.listed_status(name):<5} {name:<{width}}  ", graph.tasks[name].doc)
        if not pos_args:
            _show_wrapped(self.outstream, "", LEGEND)
        return 0


def _show_wrapped(out: Any, beginning: str, text: str) -> None:
    """Show a text behind its beginning; on a terminal in as many lines as it needs, none broken within a word."""
    columns = shutil.get_terminal_size((0, 0)).columns if out is not None and out.isatty() else 0
    if columns < NARROW:
        show_text(out, beginning + text)
        return
    import textwrap

    lines = textwrap.wrap(
        text, columns, initial_indent=beginning, subsequent_indent=" " * len(beginning),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    show_text(out, "\n".join(lines))


def _is_listed(task: Any, wanted: list[str]) -> bool:
    """Return whether to list a task: what the words mean (globs allowed), else all but the parts of a task."""
    if not wanted:
        return not task.subtask_of
    return any(fnmatch.fnmatchcase(task.name, pattern) for pattern in wanted)


class Why(DoitCmdBase):  # type: ignore[misc]
    """doit why TASK: the changed inputs along the chain, in words."""

    doc_purpose = "say why a task would run, without running it"
    doc_usage = "[TASK ...]"
    doc_description = "The reasons come from the same decision that a run takes. Without a TASK it is iso."
    cmd_options = ()

    def _execute(self, pos_args: list[str]) -> int:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        graph = TaskGraph(self.task_list, self.dep_manager)
        check_tasks_exist(graph.tasks, pos_args)
        for name in pos_args or [DEFAULT]:
            show_text(self.outstream, "\n".join(_explain_task(graph, name)))
        return 0


def _explain_task(graph: TaskGraph, name: str) -> list[str]:
    """Return the whole explanation of one task."""
    status = graph.status(name)
    if status == DONE:
        return [f"{name} is up to date: nothing that it depends on has changed"]
    opening = f"{name} would run" if status == RUN else f"{name} would run if what it waits for changes"
    return [opening, *graph.chain(name, 1, {name})]


class Config(Command):  # type: ignore[misc]
    """doit config: what holds, where each value comes from, and all that is wrong; release.toml need not load."""

    doc_purpose = "show what release.toml says, where each value comes from, and all that is wrong with it"
    doc_usage = "[TABLE[.KEY] ...]"
    doc_description = "It shows TOML that says the same, with every default; behind # stands where a value comes from."
    cmd_options = (
        {"name": "json", "long": "json", "type": bool, "default": False, "help": "the same for machines"},
        {"name": "schema", "long": "schema", "type": bool, "default": False,
         "help": "the JSON schema of release.toml, for editors"},
    )  # fmt: skip

    def execute(self, opt_values: Mapping[str, Any], pos_args: list[str]) -> int:
        """Show what was asked for; return 3 where release.toml cannot be used, as every other command does."""
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if opt_values["schema"]:
            from smedoit.config.json_schema import format_schema

            sys.stdout.write(format_schema())
            return 0
        os.chdir(self.opt_vals.get("cwdPath") or os.path.dirname(self.opt_vals.get("dodoFile") or "") or ".")
        try:
            return _show_settings(pos_args, as_json=opt_values["json"])
        except SmeError as error:
            raise InvalidDodoFile(escape_text(str(error))) from None  # doit itself shows it


def _show_settings(words: list[str], *, as_json: bool) -> int:
    """Show settings, or as JSON what is wrong. Raises SmeError."""
    from smedoit.config import origins
    from smedoit.config.origins import Overruled

    file = named_release()
    if as_json and (faults := origins.faults_as_json(file)):
        show_text(sys.stdout, faults)
        return 3
    rel = current_settings()
    overruled: Overruled = {}
    if get_var("offline") is not None:
        overruled = {("network", "offline"): (rel.network.offline, f"doit offline={get_var('offline')}")}
    settings = origins.select_settings(origins.list_settings(file, overruled), words)
    if as_json:
        show_text(sys.stdout, origins.settings_as_json(file, settings))
        return 0
    if not words:
        show_text(sys.stdout, f"{origins.describe_places(rel, _explain_choice())}\n")
    show_text(sys.stdout, origins.settings_as_toml(settings))
    return 0


def _explain_choice() -> str:
    """Return how release.toml was chosen, in words."""
    if get_var("release"):
        return f"as doit release={get_var('release')} says"
    return "which SMEDOIT_RELEASE names" if os.environ.get("SMEDOIT_RELEASE") else "beside dodo.py"


class Help(DoitHelp):  # type: ignore[misc]
    """doit help TASK: what a task reads, is configured by, writes and waits for, and where its log lies."""

    def _execute(self, pos_args: list[str]) -> bool:
        tasks = {task.name: task for task in self.task_list}
        if pos_args[0] not in tasks:
            return False
        show_text(self.outstream, "\n".join(_task_details(tasks[pos_args[0]])))
        return True


def _task_details(task: Any) -> list[str]:
    """Return all that a task declares, as lines."""
    meta = task.meta
    facts = {
        "reads": [display_path(path) for path in sorted(task.file_dep)]
        + [_describe_filesets(files) for files in meta["inputs"]],
        "config": [key.removeprefix("release.toml ") for key in meta["config"]],
        "writes": [display_path(path) for path in task.targets]
        + [_describe_filesets(files) for files in meta["outputs"]],
        "waits for": list(task.task_dep),
        "its options": [_describe_option(param) for param in task.params],
        "on the wiki": [heading.strip() for heading in meta["wiki"].split(";") if heading],
        "its log": [display_path(os.fspath(meta["log"]))],
        "its texts": _rendered_lines(Path(meta["log"])),
    }
    lines = [f"{task.name}: {task.doc}"]
    for fact, values in facts.items():
        lines += [f"  {fact if number == 0 else '':<12} {value}" for number, value in enumerate(values)]
    why = (
        "it runs whenever you ask for it"
        if meta["always"]
        else f"doit why {task.name} says whether it would run, and why"
    )
    return [*lines, why]


def _rendered_lines(log: Path) -> list[str]:
    """Return what a task's last run changed in texts, and left in them, by its log."""
    lines = read_file_text(log).splitlines() if log.is_file() else []
    return [words for line in lines if (words := line.partition(" ")[2]).startswith((RENDERED, LEFT))]


def _describe_option(option: Mapping[str, Any]) -> str:
    """Return an option of a task as a person types it, and what it does."""
    value = "" if option.get("type") is bool else f" {option['name'].upper()}"
    return f"--{option['long']}{value}: {option.get('help', '')}"


def _describe_filesets(files: Any) -> str:
    """Return a set of files in words."""
    only = "" if files.include == ("*",) else f": {', '.join(files.include)}"
    return f"the files below {display_path(os.fspath(files.root))}{only}"
