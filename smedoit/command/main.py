# SPDX-License-Identifier: GPL-3.0-or-later
"""`smedoit …`: what needs no world is done here, all else by doit in the world that is found."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from smedoit.errors import SmeError, UsageError
from smedoit.runtime import terminal

OUTSIDE = {
    "init": "begin a world in this directory: a release.toml, and a dodo.py of three lines",
    "completion": "print a script that completes names on TAB, for bash, zsh or fish",
}  # commands that need no world
NEEDLESS = ("import", "compare")  # tasks that need no world either
WORLDLESS = ("help", "-h", "--help")  # these say something without one, too


def main() -> None:
    """Be the command smedoit."""
    sys.exit(run_command(sys.argv[1:], "smedoit"))


def run_command(typed: Sequence[str], program: str) -> int:
    """Do what was typed behind the name of a program; return the exit status."""
    terminal.open_streams()
    terminal.spoken.program = program
    first = typed[0] if typed else ""
    if first in ("--version", "-V"):
        return show_version()
    try:
        if first in OUTSIDE or first == "complete":
            return _outside_command(first)(typed[1:], program)
        return _run_in_world(typed, program)
    except SmeError as error:
        terminal.show_refusal(str(error))
    except KeyboardInterrupt:
        return 130
    return 3


def show_version() -> int:
    """Say which smedoit this is, and what it stands on."""
    from smedoit import __version__
    from smedoit.engine.command_line import describe_doit

    python = ".".join(map(str, sys.version_info[:3]))
    terminal.show_text(sys.stdout, f"smedoit {__version__} ({describe_doit()}, Python {python})")
    return 0


def _run_in_world(typed: Sequence[str], program: str) -> int:
    """Let doit do it, in the world of this directory; help and a page that is named need none."""
    from smedoit.engine.arguments import split_variables
    from smedoit.engine.command_line import execute_words
    from smedoit.engine.task import RELEASE
    from smedoit.engine.world import VARIABLE, find_world

    named = os.environ.get(VARIABLE)
    variables, words = split_variables(typed)
    try:
        world = find_world(Path.cwd(), variables.get(RELEASE, named))
    except UsageError:
        if words and words[0] in NEEDLESS:
            from smedoit.command.worldless import run_without_world

            return run_without_world(words[0], words[1:], program)
        if not any(word in WORLDLESS or word.startswith(("-f", "--file")) for word in typed):
            raise
        world = None
    if named:
        os.environ[VARIABLE] = os.path.abspath(named)  # doit changes the directory
    return execute_words(world, program, OUTSIDE, typed)


def _outside_command(name: str) -> Callable[[Sequence[str], str], int]:
    """Return what does a command that needs no world."""
    if name == "init":
        from smedoit.command.init import init_world

        return init_world
    from smedoit.command.completion import complete_words, print_script

    return print_script if name == "completion" else complete_words
