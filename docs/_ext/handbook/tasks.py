# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference of the tasks, from dodo.py as doit itself loads it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handbook.words import HandbookError, code, escaped


@dataclass(frozen=True)
class Option:
    """An option of a task as a person types it, and what it does."""

    spelling: str
    help: str


@dataclass(frozen=True)
class Part:
    """One task: name, doc line, headings of the wiki, options, whether it runs at every call, and its parts."""

    name: str
    doc: str
    headings: tuple[str, ...]
    options: tuple[Option, ...]
    words: str
    always: bool
    parts: tuple[Part, ...] = ()


def load_tasks(root: Path) -> list[Part]:
    """Return the tasks of dodo.py in its order, each with those that it consists of.

    Raises HandbookError with all tasks that have no doc line.
    """
    from doit.cmd_base import DodoTaskLoader
    from doit.cmd_list import List

    os.environ["SMEDOIT_RELEASE"] = os.fspath(root / "release.toml")
    here = Path.cwd()
    loader = DodoTaskLoader()
    try:
        loader.setup({"dodoFile": os.fspath(root / "dodo.py"), "cwdPath": None, "seek_file": False})
        loader.config = {}
        loader.load_doit_config()
        loaded = loader.load_tasks(List(task_loader=loader), [])
    finally:
        os.chdir(here)  # doit goes to where dodo.py lies
    silent = [task.name for task in loaded if not task.doc]
    if silent:
        raise HandbookError(f"dodo.py cannot be documented: no doc line in {', '.join(silent)}")
    return [_read_task(task, loaded) for task in loaded if not task.subtask_of]


def as_markdown(tasks: Iterable[Part]) -> str:
    """Return the whole reference: a list of the tasks, then each of them."""
    tasks = list(tasks)
    overview = ["| task | what it makes or does |", "|---|---|"]
    overview += [f"| [{code(one.name)}](#{_anchor(one)}) | {escaped(one.doc)} |" for one in tasks]
    return "\n".join([*overview, "", *(line for one in tasks for line in _task_lines(one))])


def _anchor(task: Part) -> str:
    return f"task-{task.name}"


def _read_task(task: Any, loaded: Iterable[Any] = ()) -> Part:
    meta: Mapping[str, Any] = task.meta or {}
    params: Iterable[Mapping[str, Any]] = task.params or ()
    parts = [_read_task(one) for one in loaded if one.subtask_of == task.name]
    headings = [one.strip() for one in meta.get("wiki", "").split(";") if one.strip()]
    headings += [one for part in parts for one in part.headings]
    return Part(
        name=task.name,
        doc=task.doc,
        headings=tuple(dict.fromkeys(headings)),
        options=tuple(Option(_spelling(one), one.get("help", "")) for one in params),
        words=task.pos_arg or "",
        always=bool(meta.get("always")),
        parts=tuple(parts),
    )


def _spelling(option: Mapping[str, Any]) -> str:
    """Return an option as it is typed: -f, --firmware bios|uefi."""
    choices = [choice[0] for choice in option.get("choices", ())]
    value = "" if option.get("type") is bool else "|".join(choices) or option["long"].upper().replace("-", "_")
    short = f"-{option['short']}, " if option.get("short") else ""
    return f"{short}--{option['long']} {value}".rstrip()


def _task_lines(task: Part) -> Iterator[str]:
    """Yield the Markdown of one task."""
    yield from (f"({_anchor(task)})=", f"### {code(task.name)}", "", f"{escaped(task.doc)}.", "")
    if task.words or task.options:
        words = f" {task.words.upper()} …" if task.words else ""
        options = " [OPTION …]" if task.options else ""
        yield from ("```text", f"doit {task.name}{options}{words}", "```", "")
    for option in task.options:
        yield from (code(option.spelling), f": {escaped(option.help)}", "")
    if task.parts:
        yield from ("Its parts, with the `release.toml` of the practice world:", "")
        yield from (f"- {code(part.name)}: {escaped(part.doc)}" for part in task.parts)
        yield ""
    if task.headings:
        yield from (f"On the wiki page: {escaped('; '.join(task.headings))}.", "")
    if task.always:
        yield from ("It runs whenever you ask for it.", "")
