# SPDX-License-Identifier: GPL-3.0-or-later
"""smedoit init: a release.toml to fill in, or the practice one, and a dodo.py beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib import resources
from pathlib import Path

from smedoit.config.release import DEFAULT_FILE, load_release
from smedoit.engine.arguments import read_options
from smedoit.engine.option import Option
from smedoit.engine.world import IMPORTING, PAGE, write_contents_page
from smedoit.errors import UsageError
from smedoit.runtime.files import make_directory, write_file
from smedoit.runtime.terminal import show_text

BASES = ("el7",)
OPTIONS = (
    Option("sample", "the practice release, which smedoit sample makes packages and all for", default=False),
    Option("base", "the Enterprise Linux underneath; el7 is the only one so far", default="el7"),
    Option("help", "this text", default=False, short="h"),
)
MARK = "FILL IN"


def init_world(typed: Sequence[str], program: str) -> int:
    """smedoit init [DIRECTORY]: write what a world begins with, and say what is next. Raises UsageError."""
    given = read_options("init", OPTIONS, typed, mixed=True, more=f"{program} init --help shows all")
    if given.options.get("help"):
        show_text(sys.stdout, _help_text(program))
        return 0
    if len(given.words) > 1:
        raise UsageError("init takes one directory", hint=f"type {program} init DIRECTORY")
    base = str(given.options.get("base", BASES[0]))
    if base not in BASES:
        raise UsageError(f"--base {base}: smedoit makes {' or '.join(BASES)} so far", hint="leave --base away")
    home = Path(os.path.abspath(given.words[0] if given.words else "."))
    practice = bool(given.options.get("sample"))
    _refuse_taken(home)
    make_directory(home)
    text = release_text(base, practice, datetime.now(timezone.utc))
    write_file(home / DEFAULT_FILE, text)
    load_release(home / DEFAULT_FILE)
    new = write_contents_page(home)
    written = (
        f"{', '.join([DEFAULT_FILE, *new[:-1]])} and {new[-1]} are written" if new else f"{DEFAULT_FILE} is written"
    )
    if PAGE not in new:
        written += f"; {PAGE} is kept, its tasks are smedoit's if it has: {IMPORTING}"
    show_text(sys.stdout, f"{home}: {written}\n{_next_steps(home, program, practice, text)}")
    return 0


def release_text(base: str, practice: bool, now: datetime) -> str:
    """Return a release.toml to begin with.

    base      the Enterprise Linux underneath
    practice  that of `doit sample`, complete; else one with marks where something must be filled in
    """
    name = "practice.toml" if practice else f"release.toml.{base}"
    text = resources.files("smedoit.command").joinpath(name).read_text(encoding="utf-8")
    return text if practice else text.format(today=now.strftime("%Y-%m-%d"))


def _refuse_taken(home: Path) -> None:
    """Raise UsageError if a world has begun there already, or something else has that name."""
    if os.path.lexists(home / DEFAULT_FILE):
        raise UsageError(f"{home / DEFAULT_FILE}: is there already", hint="edit it, or begin in another directory")
    if os.path.lexists(home) and not home.is_dir():
        raise UsageError(f"{home}: is no directory", hint="name another one")


def _next_steps(home: Path, program: str, practice: bool, text: str) -> str:
    """Return what a person does now."""
    if practice:
        following = f"now: {program} sample iso"
    else:
        marked = [number for number, line in enumerate(text.splitlines(), 1) if f"# {MARK}" in line]
        following = (
            f"now: fill in what is marked {MARK} in {DEFAULT_FILE} (lines {', '.join(map(str, marked))}),\n"
            f"then: {program} doctor, {program} pin_boot_set, {program} iso"
        )
    go = "" if home == Path.cwd() else f"cd {home}\n"
    return f"{go}{following}"


def _help_text(program: str) -> str:
    options = "\n".join(f"  {option.spelling:<22}  {option.help}" for option in OPTIONS)
    return (
        f"{program} init [OPTION …] [DIRECTORY]\n\n"
        f"begin a world: a {DEFAULT_FILE} to fill in, and a {PAGE} of three lines; nothing is ever overwritten\n\n"
        f"options:\n{options}\n\n"
        f"for example: {program} init --sample practice && cd practice && {program} sample iso"
    )
