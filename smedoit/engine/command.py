# SPDX-License-Identifier: GPL-3.0-or-later
"""What all commands of smedoit have in common, and which of doit's own make no sense of our state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from doit.cmd_base import DoitCmdBase, opt_backend, opt_check_file_uptodate, opt_codec, opt_depfile
from doit.cmdparse import CmdOption

from smedoit.engine.arguments import find_nearest
from smedoit.engine.option import Option
from smedoit.errors import UsageError

HELP = Option("help", "this text", default=False, short="h")
QUIET = Option(
    "quiet", "say nothing when nothing happened, for cron, which mails what is said", default=False, short="q"
)
VERBOSE = Option(
    "verbose", "say more: all reasons, what is up to date, the lines of the logs", default=False, short="v"
)
COMMON = (HELP, QUIET, VERBOSE)
GLOB = "*?["
REFUSED = {
    "dumpdb": "the state of a task is JSON below stage/VERSION/.smedoit/tasks; {program} why TASK explains it",
    "info": "type {program} help TASK, or {program} why TASK",
    "reset-dep": "type {program} why TASK to see what changed; {program} forget TASK lets it run again",
    "strace": "type {program} help TASK to see what it reads and writes",
    "tabcompletion": "type {program} completion bash, zsh or fish",
}  # doit's own commands -> what to type instead


class Command(DoitCmdBase):  # type: ignore[misc]
    """A command whose options we read ourselves.

    typed_options  what may be typed behind its name
    takes_tasks    its words are names of tasks, or globs
    outside        commands that need no world -> what they are for
    """

    base_options = tuple({**each, "short": "", "long": ""} for each in (
        opt_depfile, opt_backend, opt_codec, opt_check_file_uptodate
    ))  # fmt: skip
    typed_options: tuple[Option, ...] = COMMON
    takes_tasks: ClassVar[bool] = False
    outside: Mapping[str, str] = {}

    def get_options(self) -> list[CmdOption]:
        """Return what doit must know of options: their defaults."""
        own = [option.for_doit() for option in self.typed_options]
        return [CmdOption(option) for option in (*own, *self.base_options, *self.cmd_options)]

    def get_backends(self) -> dict[str, object]:
        """Return no backends: there is one state, and it is ours."""
        return {}

    def refuse_unknown(self, tasks: Sequence[Any], words: Sequence[str]) -> None:
        """Raise UsageError for a word that should be a task and is none."""
        if self.takes_tasks:
            known = [task.name for task in tasks]
            for word in words:
                if word not in known and not any(mark in word for mark in GLOB):
                    raise unknown_task(word, known, self.bin_name)


def unknown_task(word: str, known: Sequence[str], program: str) -> UsageError:
    """Return the sentence for a word that is neither a task nor anything else."""
    near = find_nearest(word, known)
    hint = f"did you mean {near}? " if near else ""
    return UsageError(f"there is no task {word}", hint=f"{hint}{program} list shows all")
