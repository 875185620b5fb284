# SPDX-License-Identifier: GPL-3.0-or-later
"""`smedoit import` and `smedoit compare` where there is no world: tasks that a world has, run without one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from smedoit.compare.tasks import compare
from smedoit.config.network import NetworkSettings
from smedoit.engine.arguments import read_options
from smedoit.engine.command import HELP
from smedoit.engine.task import Task
from smedoit.errors import DifferenceError, SmeError
from smedoit.importing.tasks import import_place
from smedoit.runtime import terminal
from smedoit.runtime.terminal import show_text, show_wrapped

TASKS: Mapping[str, tuple[Callable[[], Task], str]] = {
    "import": (lambda: import_place(NetworkSettings()), "PLACE DIR"),
    "compare": (compare, "A B"),
}  # name -> the task, and the words that it takes
DIFFERENT, TROUBLE = 1, 2  # what diff ends with


def run_without_world(name: str, typed: Sequence[str], program: str) -> int:
    """Do what a task does; return the exit status. Raises SmeError, as the task does."""
    make, words = TASKS[name]
    task = make()
    given = read_options(name, [*task.options, HELP], typed, mixed=True, more=f"{program} {name} --help shows all")
    if given.options.get("help"):
        show_text(sys.stdout, f"{program} {name} [OPTION …] {words}\n\noptions:")
        for option in task.options:
            show_wrapped(sys.stdout, f"  {option.spelling:<22}  ", option.help)
        return 0
    options = {option.name: given.options.get(option.name, option.default) for option in task.options}
    try:
        said = task.run(**options, words=list(given.words))
    except SmeError as error:
        if not task.like_diff:
            raise
        terminal.show_refusal(str(error))
        return DIFFERENT if isinstance(error, DifferenceError) else TROUBLE
    if not options.get("json"):
        show_text(sys.stdout, str(said))
    return 0
