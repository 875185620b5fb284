# SPDX-License-Identifier: GPL-3.0-or-later
"""`doit help`, `--help` behind a command and behind a task: short, and with one example."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from smedoit.engine.command import Command, unknown_task
from smedoit.engine.decision import display_path
from smedoit.engine.option import Option, declared_option
from smedoit.engine.task import VARIABLES
from smedoit.errors import UsageError
from smedoit.runtime.files import read_file_text
from smedoit.runtime.progress import LEFT, RENDERED
from smedoit.runtime.terminal import show_text, show_wrapped

WIDEST = 34  # columns of what stands before the words of a table
OVERVIEW = ("status", "list", "why", "history", "config", "help", "clean", "forget", "ignore")


class Help(Command):
    """doit help: what can be typed; of a task, what it reads, is configured by, writes and waits for."""

    doc_purpose = "say what a task reads and writes, or how a command is typed"
    doc_usage = "[TASK | COMMAND]"

    def __init__(self, **given: Any) -> None:
        self.commands: Mapping[str, type[Command]] = given["cmds"]
        super().__init__(**given)

    def execute(self, params: Any, args: Sequence[str]) -> int:
        """Show the help of a command, or load the tasks for that of a task."""
        if not args:
            self.show_overview()
        elif args[0] in self.commands:
            show_command_help(self.outstream, args[0], self.commands[args[0]], self.bin_name)
        elif args[0] in self.outside:
            raise UsageError(f"help {args[0]}: it has its own", hint=f"type {self.bin_name} {args[0]} --help")
        else:
            return int(super().execute(params, list(args[:1])) or 0)
        return 0

    def _execute(self, pos_args: list[str]) -> int:
        tasks = {task.name: task for task in self.task_list}
        if pos_args[0] not in tasks:
            raise unknown_task(pos_args[0], [*tasks, *self.commands, *self.outside], self.bin_name)
        show_text(self.outstream, "\n".join(_task_details(tasks[pos_args[0]])))
        return 0

    def show_overview(self) -> None:
        """Show what can be typed, on one screen."""
        from smedoit import __version__
        from smedoit.engine.run import RUN_OPTIONS

        out, program = self.outstream, self.bin_name
        show_text(out, f"smedoit {__version__}: the installation media of Koozali SME Server\n")
        show_text(
            out, f"  {program} [NAME=VALUE …] [OPTION …] [TASK [OPTION …] [WORD …]] …\n  {program} COMMAND [OPTION …]\n"
        )
        purposes = {**{name: self.commands[name].doc_purpose for name in OVERVIEW}, **self.outside}
        show_table(out, "commands; without one, tasks are run, and without a task it is iso", purposes)
        show_options(out, "options", RUN_OPTIONS)
        show_table(out, "variables", {f"{name}={value}": words for name, (value, words) in VARIABLES.items()})
        show_text(out, f"{program} list names all tasks, {program} TASK --help shows the options of one")


def show_command_help(out: Any, name: str, kind: type[Command], program: str) -> None:
    """Show how a command is typed."""
    usage = " ".join(filter(None, [program, name, "[OPTION …]", kind.doc_usage]))
    show_text(out, f"{usage}\n")
    show_wrapped(out, "", f"{kind.doc_purpose}. {kind.doc_description or ''}".strip())
    show_text(out, "")
    show_options(out, "options", kind.typed_options)


def show_task_help(out: Any, task: Any, program: str) -> None:
    """Show how a task is typed: its line, its options, one example."""
    options = [declared_option(each) for each in task.params]
    words = f" {task.pos_arg.upper().removesuffix('S')} …" if task.pos_arg else ""
    show_text(out, f"{program} {task.name}{' [OPTION …]' if options else ''}{words}\n")
    show_wrapped(out, "", task.doc)
    show_text(out, "")
    if options:
        show_options(out, "options", options)
    show_text(out, f"for example: {program} {task.name}{_example_words(task, options)}")
    show_text(
        out, f"{program} help {task.name} says what it reads and writes; {program} --help has the options of a run"
    )


def _example_words(task: Any, options: Iterable[Option]) -> str:
    """Return what stands behind a task's name in an example: its own, else its first flag, if it has one."""
    flags = [f"--{option.long_name}" for option in options if option.default is False]
    words = task.meta.get("example") or next(iter(flags), "")
    return f" {words}" if words else ""


def show_options(out: Any, heading: str, options: Sequence[Option]) -> None:
    """Show options, one a line."""
    show_table(out, heading, {option.spelling: option.help for option in options if option.help})


def show_table(out: Any, heading: str, rows: Mapping[str, str]) -> None:
    """Show names and what they mean; on a terminal, words go on below their beginning."""
    show_text(out, f"{heading}:")
    width = min(max(map(len, rows), default=0), WIDEST)
    for name, words in rows.items():
        show_wrapped(out, f"  {name:<{width}}  ", words)
    show_text(out, "")


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
        "its log": [display_path(os.fspath(meta["log"]))] if "log" in meta else [],
        "its texts": _rendered_lines(Path(meta["log"])) if "log" in meta else [],
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
