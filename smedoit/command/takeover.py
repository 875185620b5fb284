# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain `doit` in a world becomes smedoit's command: one command line, whatever it was called as.

doit comes here by its configuration, where a pyproject.toml names DoitLoader, before it has looked at what was typed;
or by the contents page, once it has.
"""

from __future__ import annotations

import os
import sys


class DoitLoader:
    """What doit makes because its configuration says so; it never gets any further."""

    def __init__(self) -> None:
        raise SystemExit(run_as_doit())


def take_over() -> None:
    """If doit's own command line is at work, end it with what ours returns; else do nothing."""
    from smedoit.engine.command_line import is_plain_doit
    from smedoit.engine.task import started_in

    if not is_plain_doit():
        return
    os.chdir(started_in())
    sys.modules.pop("smedoit.contents", None)  # half of it has been imported
    raise SystemExit(run_as_doit())


def run_as_doit() -> int:
    """Do what was typed behind doit."""
    from smedoit.command.main import run_command

    return run_command(sys.argv[1:], "doit")
