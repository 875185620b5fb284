# SPDX-License-Identifier: GPL-3.0-or-later
"""What could stand where somebody pressed TAB, and the scripts by which shells ask for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from smedoit.engine.arguments import read_options
from smedoit.engine.option import Option
from smedoit.errors import SmeError, UsageError
from smedoit.runtime.terminal import escape_line, show_text

SHELLS = ("bash", "zsh", "fish")
SUBJECT = Option("help", "this text", default=False, short="h")


@dataclass(frozen=True)
class Completed:
    """A command or a task, as far as its name, its options and its words can be completed.

    words  what its words are: "tasks", "own" (nobody knows), or "" if it has none
    """

    doc: str
    options: Sequence[Option] = ()
    words: str = ""


def print_script(typed: Sequence[str], program: str) -> int:
    """smedoit completion SHELL: print the script for a shell."""
    given = read_options("completion", [SUBJECT], typed, mixed=True)
    if given.options or len(given.words) != 1:
        if not given.options:
            raise UsageError(
                "completion needs the name of a shell", hint=f"type {program} completion {'|'.join(SHELLS)}"
            )
        show_text(sys.stdout, HELP.format(program=program))
        return 0
    shell = given.words[0]
    if shell not in SHELLS:
        raise UsageError(f"{shell}: there is no completion for it", hint=f"there is one for {', '.join(SHELLS)}")
    script = resources.files("smedoit.command").joinpath(f"scripts/complete.{shell}")
    show_text(sys.stdout, script.read_text(encoding="utf-8").rstrip())
    return 0


HELP = """{program} completion bash|zsh|fish

print a script that completes tasks, options and commands on TAB, for smedoit and for doit in a world

for example: {program} completion bash > ~/.local/share/bash-completion/completions/smedoit
             {program} completion zsh > ~/.zfunc/_smedoit        with fpath=(~/.zfunc $fpath) before compinit
             {program} completion fish > ~/.config/fish/completions/smedoit.fish"""


def complete_words(typed: Sequence[str], _program: str) -> int:
    """smedoit complete WORD … CURRENT: print what CURRENT may become, for the scripts; never an error."""
    from smedoit.command.main import OUTSIDE
    from smedoit.engine.command_line import COMMANDS, load_page_tasks
    from smedoit.engine.option import declared_option
    from smedoit.engine.run import RUN_OPTIONS
    from smedoit.engine.task import VARIABLES
    from smedoit.engine.world import VARIABLE, find_world

    *before, current = typed or [""]
    try:
        tasks = load_page_tasks(find_world(Path.cwd(), os.environ.get(VARIABLE)))
    except (SmeError, SystemExit):
        return 0
    commands = {
        **{
            name: Completed(
                kind.doc_purpose, kind.typed_options, "tasks" if kind.takes_tasks or name in ("help", "run") else ""
            )
            for name, kind in COMMANDS.items()
        },
        **{name: Completed(purpose) for name, purpose in OUTSIDE.items()},
    }
    known = {
        task.name: Completed(
            task.doc or "", [declared_option(each) for each in task.params], "own" if task.pos_arg else ""
        )
        for task in tasks
    }
    variables = {f"{name}={value if value.isdigit() else ''}": words for name, (value, words) in VARIABLES.items()}
    for word, doc in completions(before, current, (commands, known), RUN_OPTIONS, variables).items():
        show_text(sys.stdout, f"{escape_line(word)}\t{escape_line(doc)}")
    return 0


def completions(
    before: Sequence[str], current: str, known: tuple[Mapping[str, Completed], Mapping[str, Completed]],
    common: Sequence[Option], variables: Mapping[str, str],
) -> dict[str, str]:  # fmt: skip
    """Return what the current word may become -> what that means; nothing where only its person can know.

    known  commands and tasks by their names
    """
    commands, tasks = known
    words = [word for word in before if not word.startswith("-")]
    named = next((word for word in reversed(before) if word in tasks), "")
    subject = commands.get(words[0] if words else "") or tasks.get(named) or Completed("")
    options = [*subject.options, *(option for option in common if not words or words[0] not in commands)]
    if waiting := _option_that_waits(before, options):
        return {choice: waiting.help for choice in waiting.choices if choice.startswith(current)}
    if current.startswith("-"):
        name, equals, value = current.partition("=")
        if equals:
            chosen = next((option for option in options if f"--{option.long_name}" == name), SUBJECT)
            return {f"{name}={each}": chosen.help for each in chosen.choices if each.startswith(value)}
        spelled = {f"--{each.long_name}{'' if isinstance(each.default, bool) else '='}": each.help for each in options}
    elif words and words[0] in commands:
        shells = dict.fromkeys(SHELLS, "the script for it") if words[0] == "completion" else {}
        spelled = {name: each.doc for name, each in tasks.items()} if subject.words == "tasks" else shells
        if words[0] == "help":
            spelled |= {name: each.doc for name, each in commands.items()}
    elif subject.words == "own":
        spelled = {}
    else:
        spelled = {**({} if words else {name: each.doc for name, each in commands.items()}),
                   **{name: each.doc for name, each in tasks.items()}, **variables}  # fmt: skip
    parts = ":" in current
    return {word: doc for word, doc in spelled.items() if word.startswith(current) and (parts or ":" not in word)}


def _option_that_waits(before: Sequence[str], options: Sequence[Option]) -> Option | None:
    """Return the option whose value the current word is, if it is one."""
    last = before[-1] if before else ""
    spelled = (option for option in options if last in (f"--{option.long_name}", f"-{option.short}"))
    found = next(spelled, None)
    return found if found and not isinstance(found.default, bool) else None
