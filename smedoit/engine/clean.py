# SPDX-License-Identifier: GPL-3.0-or-later
"""`doit clean`, `forget` and `ignore`: what doit does about tasks without running them, in our words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from doit.cmd_clean import Clean as DoitClean
from doit.cmd_forget import Forget as DoitForget
from doit.cmd_ignore import Ignore as DoitIgnore

from smedoit.engine.command import COMMON, Command
from smedoit.engine.decision import display_path
from smedoit.engine.option import Option
from smedoit.engine.task import remove_outputs
from smedoit.errors import UsageError, format_count
from smedoit.runtime.terminal import show_text


class Clean(Command, DoitClean):  # type: ignore[misc]
    """doit clean TASK: what it made is removed, where nobody else can have put it."""

    doc_purpose = "remove what tasks made below stage/"
    doc_usage = "[TASK …]"
    doc_description = "Without a TASK it is iso, and what it waits for. Directories, tiers, mirrors and pins stay."
    takes_tasks = True
    typed_options = (
        *COMMON,
        Option("dryrun", "only show what would be removed", default=False, long="dry-run", short="n"),
        Option("cleandep", "also what they wait for", default=False, long="clean-dep", short="c"),
        Option("cleanall", "of all tasks", default=False, long="clean-all", short="a"),
        Option("cleanforget", "forget them, too", default=False, long="forget"),
    )

    def clean_tasks(self, tasks: Iterable[Any], dryrun: bool, cleanforget: bool) -> None:
        """Remove what the tasks made, each once."""
        done = 0
        for task in {task.name: task for task in tasks}.values():
            if stage := (task.meta or {}).get("stage"):
                done += self.clean_one(task, stage, dryrun)
            elif not (task.meta or {}).get("log"):  # somebody's own
                task.clean(self.outstream, dryrun)
            if cleanforget and not dryrun:
                self.dep_manager.remove(task.name)
        if not done:
            show_text(self.outstream, "nothing to remove")
        self.dep_manager.close()

    def clean_one(self, task: Any, stage: Path, dryrun: bool) -> int:
        """Remove what one task made; return how many files."""
        removed, kept = remove_outputs(stage, task, dryrun)
        for path in removed if dryrun else ():
            show_text(self.outstream, f"{display_path(str(path))}: would be removed")
        if removed and not dryrun:
            show_text(self.outstream, f"{task.name}: {format_count(len(removed), 'file')} removed")
        for path in kept:
            show_text(self.outstream, f"{path}: is kept, it is not below {stage}")
        return len(removed)


class Forget(Command, DoitForget):  # type: ignore[misc]
    """doit forget TASK: it runs again although nothing changed."""

    doc_purpose = "let tasks run again although nothing changed"
    doc_usage = "[TASK …]"
    doc_description = "Without a TASK it is iso."
    takes_tasks = True
    typed_options = (
        *COMMON,
        Option("forget_all", "all tasks", default=False, long="all", short="a"),
        Option("forget_sub", "also what they wait for", default=False, long="follow-sub", short="s"),
    )


class Ignore(Command, DoitIgnore):  # type: ignore[misc]
    """doit ignore TASK: it is skipped until it is forgotten."""

    doc_purpose = "skip tasks, and what waits for them, until doit forget TASK"
    doc_usage = "TASK …"
    takes_tasks = True

    def _execute(self, pos_args: list[str]) -> int:
        if not pos_args:
            raise UsageError("ignore needs a task", hint=f"type {self.bin_name} ignore TASK")
        return int(super()._execute(pos_args) or 0)
