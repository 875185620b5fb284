# SPDX-License-Identifier: GPL-3.0-or-later
"""`doit TASK …`: each task gets the options and words that stand behind its name, and the run begins."""

from __future__ import annotations

import fnmatch
import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doit import doit_cmd
from doit.cmd_run import Run as DoitRun

from smedoit.engine import arguments
from smedoit.engine.arguments import Given
from smedoit.engine.command import COMMON, GLOB, Command, unknown_task
from smedoit.engine.help import show_task_help
from smedoit.engine.option import Option, declared_option
from smedoit.engine.task import JSON, started_in
from smedoit.errors import UsageError
from smedoit.runtime import progress

RUN_OPTIONS = (
    *COMMON,
    Option("num_process", "how many tasks may run at the same time", default=0, long="process", short="n", value="N"),
    Option("par_type", "how they do", long="parallel-type", short="P", choices=("process", "thread")),
    Option("continue", "after a failure, go on with what does not wait for it", default=False, short="c"),
    Option("always", "also what is up to date", default=False, long="always-execute", short="a"),
    Option("single", "only these tasks, none that they wait for", default=False, short="s"),
    Option("outfile", "write to this file, not to the terminal", long="output-file", short="o", value="FILE"),
    Option("verbosity", "", default=2),  # of doit; ours says all that there is anyway
)
PLACED_FIRST = (
    "status",
    "list",
    "why",
    "history",
    "config",
    "help",
    "clean",
    "forget",
    "ignore",
    "run",
    "init",
    "completion",
)
LATE = {"help", "quiet", "verbose", "num_process", "par_type", "continue", "always", "single"}


@dataclass(frozen=True)
class ChosenTasks:
    """The tasks that somebody typed, each with what it was given, and the options of the run that stood behind them."""

    tasks: Sequence[tuple[str, Given]]
    common: Mapping[str, object]

    def for_doit(self) -> list[str]:
        """Return the tasks as doit takes them: options first, then words, none of which looks like an option."""
        return [
            word
            for name, given in self.tasks
            for word in (name, *(typed for _, typed in given.typed), *(("--", *given.words) if given.words else ()))
        ]


def choose_tasks(
    words: Sequence[str], tasks: Mapping[str, Any], targets: Mapping[str, str], program: str
) -> ChosenTasks:
    """Return the tasks that words name. Raises UsageError for anything that there is not.

    tasks    name -> task of doit
    targets  what they make, which may stand for a task too: path, seen from who typed it -> absolute path
    """
    late = [option for option in RUN_OPTIONS if option.name in LATE]
    chosen: list[tuple[str, Given]] = []
    common: dict[str, object] = {}
    targets = {**targets, **{path: path for path in targets.values()}}
    rest = list(words)
    while rest:
        name, *rest = rest
        task = tasks.get(name)
        name = name if task else targets.get(os.path.normpath(name), name)
        if task is None and name not in targets.values() and not any(mark in name for mark in GLOB):
            raise _unknown_word(name, [*tasks], program)
        own = [declared_option(each) for each in (task.params if task else ())]
        takes_words = bool(task and task.pos_arg)
        more = f"{program} {name} --help shows all"
        given = arguments.read_options(name, [*own, *late], rest, takes_words, more)
        names = {option.name for option in own}
        common |= {key: value for key, value in given.options.items() if key not in names}
        typed = [(option, word) for option, word in given.typed if option in names]
        chosen.append((name, Given(given.options, given.words if takes_words else (), typed)))
        rest = [] if takes_words else list(given.words)
    return ChosenTasks(chosen, common)


def _unknown_word(word: str, tasks: Sequence[str], program: str) -> UsageError:
    """Return the sentence for a word that is no task: a command that stands in the wrong place, or nothing."""
    if word in PLACED_FIRST:
        return UsageError(f"{word} is a command, and no task", hint=f"type it first: {program} {word}")
    return unknown_task(word, [*tasks, *PLACED_FIRST], program)


class Run(Command, DoitRun):  # type: ignore[misc]
    """doit TASK: what was typed, run."""

    doc_purpose = "run tasks, and what they need: the same as without this word"
    typed_options = RUN_OPTIONS
    sel_tasks: list[str]

    def get_reporters(self) -> dict[str, object]:
        """Return no reporters: there is one, and it is ours."""
        return {}

    def _execute(self, **params: Any) -> int:
        tasks = {task.name: task for task in self.task_list}
        targets = (target for task in self.task_list for target in task.targets)
        here = os.path.abspath(started_in())
        chosen = choose_tasks(
            self.sel_tasks, tasks, {os.path.relpath(path, here): path for path in targets}, self.bin_name
        )
        late = dict(chosen.common)
        if late.pop("help", False):
            named = [name for name, _ in chosen.tasks]
            for task in self.task_list:
                if any(fnmatch.fnmatchcase(task.name, name) or name in task.targets for name in named):
                    show_task_help(self.outstream, task, self.bin_name)
            return 0
        if late.pop("quiet", False):
            doit_cmd.set_var("quiet", "1")
        progress.chosen.verbose |= bool(late.pop("verbose", False))
        params |= {"continue_" if name == "continue" else name: value for name, value in late.items()}
        if any(given.options.get(JSON.name) for _, given in chosen.tasks):
            progress.chosen.verbose = False  # nothing but JSON is on the output
        else:
            progress.chosen.labelled = params["num_process"] > 1
        self.sel_tasks = chosen.for_doit()
        return int(super()._execute(**params) or 0)

    _execute.__signature__ = inspect.signature(DoitRun._execute)  # type: ignore[attr-defined]
