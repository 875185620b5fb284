# SPDX-License-Identifier: GPL-3.0-or-later
"""`smedoit import` where there is no world yet: the task that a world has, run without one."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from smedoit.config.network import NetworkSettings
from smedoit.engine.arguments import read_options
from smedoit.engine.command import HELP
from smedoit.importing.tasks import import_place
from smedoit.runtime.terminal import show_text, show_wrapped


def import_without_world(typed: Sequence[str], program: str) -> int:
    """Make a world of PLACE. Raises SmeError, as the task does."""
    task = import_place(NetworkSettings())
    more = f"{program} import --help shows all"
    given = read_options("import", [*task.options, HELP], typed, mixed=True, more=more)
    if given.options.get("help"):
        show_text(sys.stdout, f"{program} import [OPTION …] PLACE DIR\n\noptions:")
        for option in task.options:
            show_wrapped(sys.stdout, f"  {option.spelling:<22}  ", option.help)
        return 0
    options = {option.name: given.options.get(option.name, option.default) for option in task.options}
    show_text(sys.stdout, str(task.run(**options, words=list(given.words))))
    return 0
