# SPDX-License-Identifier: GPL-3.0-or-later
"""`doit list` and `doit config`: what would run, and what holds, without running anything."""

from __future__ import annotations

import fnmatch
import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from doit import get_var

from smedoit.engine.command import COMMON, Command
from smedoit.engine.json_report import dump_json
from smedoit.engine.option import Option
from smedoit.engine.task import JSON, current_settings, named_release
from smedoit.runtime.terminal import cut_parts, show_parts, show_text, show_wrapped

RUN, WAIT, DONE, ASIDE = "run", "wait", "ok", "-"
PENDING = "pending"
DEFAULT = "iso"
LEGEND = (
    f"{RUN}: it would run; {WAIT}: it may, when another one has run; {DONE}: it is up to date;"
    f" {ASIDE}: it runs when you ask for it"
)
STYLES = {RUN: "warn", WAIT: "dim", DONE: "good", ASIDE: "dim"}


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


class List(Command):
    """doit list: the status of every task and its one line."""

    doc_purpose = "show every task, and whether it would run"
    doc_usage = "[TASK …]"
    doc_description = LEGEND
    takes_tasks = True
    typed_options = (
        *COMMON,
        JSON,
        Option("pending", "what is pending first, then all others", default=False, short="p"),
    )

    def _execute(self, pos_args: list[str], pending: bool = False, json: bool = False) -> int:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `doit list | head` is no failure
        graph = TaskGraph(self.task_list, self.dep_manager)
        shown = {name: graph.listed_status(name) for name in graph.tasks if is_listed(graph.tasks[name], pos_args)}
        if json:
            show_text(self.outstream, dump_json([task_facts(graph, name, status) for name, status in shown.items()]))
            return 0
        stage = stage_by_task(graph.tasks, self.dep_manager.stages)
        groups: dict[str, list[str]] = {PENDING: []} if pending else {}
        for name, status in shown.items():
            heading = PENDING if pending and status in (RUN, WAIT) else "" if pos_args else stage[name]
            groups.setdefault(heading, []).append(name)
        width = max(map(len, shown), default=0)
        for heading, names in groups.items():
            if names and heading:
                show_parts(self.outstream, [(f"{heading}:", "name")])
            for name in names:
                row = [(f"{shown[name]:<5} ", STYLES[shown[name]]), (f"{name:<{width}}  ", "")]
                show_parts(self.outstream, cut_parts(self.outstream, [*row, (graph.tasks[name].doc, "")]))
        if not pos_args:
            show_wrapped(self.outstream, "", LEGEND)
        return 0


def stage_by_task(tasks: Iterable[str], stages: Mapping[str, str]) -> dict[str, str]:
    """Return task -> the stage of the page that it belongs to, which is the one that began last.

    tasks   in the order of the contents page
    stages  name of a stage -> the first of its tasks
    """
    begins = {first: stage for stage, first in stages.items()}
    found, stage = dict[str, str](), next(iter(stages), "")
    for name in tasks:
        stage = begins.get(name, stage)
        found[name] = stage
    return found


def task_facts(graph: TaskGraph, name: str, status: str) -> dict[str, object]:
    """Return what the decision says of a task, for machines."""
    return {
        "task": name,
        "status": status,
        "doc": graph.tasks[name].doc,
        "reasons": graph.reasons[name],
        "waits_for": graph.before(name),
    }


def is_listed(task: Any, wanted: list[str]) -> bool:
    """Return whether to list a task: what the words mean (globs allowed), else all but the parts of a task."""
    if not wanted:
        return not task.subtask_of
    return any(fnmatch.fnmatchcase(task.name, pattern) for pattern in wanted)


class Config(Command):
    """doit config: what holds, where each value comes from, and all that is wrong; release.toml need not load."""

    doc_purpose = "show what release.toml says, where each value comes from, and all that is wrong with it"
    doc_usage = "[TABLE[.KEY] …]"
    doc_description = "It shows TOML that says the same, with every default; behind # stands where a value comes from."
    typed_options = (
        *COMMON,
        JSON,
        Option("schema", "the JSON schema of release.toml, for editors", default=False),
    )

    def execute(self, params: Any, args: Sequence[str]) -> int:
        """Show what was asked for; return 3 where release.toml cannot be used, as every other command does."""
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if params["schema"]:
            from smedoit.config.json_schema import format_schema

            show_text(self.outstream, format_schema().rstrip("\n"))
            return 0
        self.loader.enter()
        return _show_settings(list(args), as_json=params["json"])


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
