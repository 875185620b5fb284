# SPDX-License-Identifier: GPL-3.0-or-later
"""`doit status`: on one screen what is pending, what blocks, where the media are, and how the last run ended."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from smedoit.config.release import Release
from smedoit.engine import decision
from smedoit.engine.command import COMMON, Command
from smedoit.engine.commands import DONE, RUN, STYLES, WAIT, TaskGraph, stage_by_task
from smedoit.engine.json_report import dump_json
from smedoit.engine.task import JSON
from smedoit.errors import SmeError, format_count, format_size
from smedoit.runtime.files import read_file_text
from smedoit.runtime.run_lock import find_holder
from smedoit.runtime.terminal import cut_parts, show_parts, show_text

ENDED = {decision.FAILED: "failed", decision.STOPPED: "was stopped"}
FAILURE = re.compile(r"^\d\d:\d\d:\d\d failed: (.+)$", re.MULTILINE)
NOT_MADE, CURRENT, OUTDATED = "not made", "up to date", "older than what it is made of"
BLOCKS = 6  # that are shown


@dataclass(frozen=True)
class PendingTask:
    """A task that would run, or may: of the release that is being made."""

    task: str
    stage: str
    status: str
    reasons: Sequence[str]


@dataclass(frozen=True)
class BlockedTask:
    """A task that did not come to its end when it last ran, and has not been tried with success since."""

    task: str
    ended: str
    sentence: str
    log: str


@dataclass(frozen=True)
class MediumFile:
    """A medium, made or not."""

    task: str
    path: str
    size: int
    status: str


@dataclass(frozen=True)
class LastRun:
    """The task that ended last, when, and how."""

    task: str
    ended: str
    time: str


@dataclass(frozen=True)
class WorldStatus:
    """All that there is to know at a glance.

    running  who is at work now, "" if nobody is
    """

    release: str
    file: str
    running: str
    last_run: LastRun | None
    pending: Sequence[PendingTask]
    blocked: Sequence[BlockedTask]
    media: Sequence[MediumFile]


class Status(Command):
    """doit status: one screen."""

    doc_purpose = "show on one screen what is pending, what blocks, where the media are, and how the last run ended"
    doc_description = "Nothing is run. What is pending is what iso needs, and whatever was asked for."
    typed_options = (*COMMON, JSON)

    def _execute(self, json: bool) -> int:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        state = self.dep_manager
        found = observe_world(TaskGraph(self.task_list, state), state.release, state.stages)
        if json:
            show_text(self.outstream, format_status(found))
        else:
            show_status(self.outstream, found, state.stages, self.bin_name)
        return 0


def observe_world(graph: TaskGraph, rel: Release, stages: Mapping[str, str]) -> WorldStatus:
    """Return the status of the release that is being made.

    stages  name of a stage -> the first of its tasks, in the order of the contents page
    """
    return WorldStatus(
        release=f"{rel.release.product} {rel.release.title}",
        file=str(rel.file),
        running=find_holder(rel.cache / "running"),
        last_run=_find_last_run(graph),
        pending=list_pending(graph, stages),
        blocked=[blocked for name in graph.tasks if (blocked := _find_block(graph, name))],
        media=_list_media(graph, rel),
    )


def list_pending(graph: TaskGraph, stages: Mapping[str, str]) -> list[PendingTask]:
    """Return the tasks that are pending, each with the stage of the page that it belongs to."""
    pending, stage = [], stage_by_task(graph.tasks, stages)
    for name, task in graph.tasks.items():
        if task.has_subtask or name not in graph.pending or (task.meta or {}).get("always"):
            continue
        if (status := graph.status(name)) != DONE:
            pending.append(PendingTask(name, stage[name], status, graph.reasons[name]))
    return pending


def _find_block(graph: TaskGraph, name: str) -> BlockedTask | None:
    """Return how a task failed or was stopped when it last ran, None if it was not."""
    task = graph.tasks[name]
    ended = ENDED.get(graph.state.how_it_ended(name))
    if not ended or (task.meta or {}).get("asks") is True:
        return None
    log = (task.meta or {}).get("log")
    try:
        said = FAILURE.findall(read_file_text(log)) if log and log.is_file() else []
    except SmeError:
        said = []
    return BlockedTask(name, ended, said[-1] if said else "", str(log) if log else "")


def _find_last_run(graph: TaskGraph) -> LastRun | None:
    """Return the task whose log was written last, by the time of that; what only asks has none."""
    times: dict[str, float] = {}
    for name, task in graph.tasks.items():
        with contextlib.suppress(OSError, KeyError):
            times[name] = os.stat(task.meta["log"]).st_mtime
    if not times:
        return None
    name = max(times, key=times.__getitem__)
    ended = ENDED.get(graph.state.how_it_ended(name), "passed")
    return LastRun(name, ended, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(times[name])))


def _list_media(graph: TaskGraph, rel: Release) -> list[MediumFile]:
    """Return the media: the ISO in any case, the others if there is one, or somebody asked for it."""
    places = {"iso": [rel.iso], "netinstall": [rel.netinstall_iso], "source_iso": _source_discs(rel.source_iso)}
    return [
        _look_at_medium(graph, name, path)
        for name, paths in places.items()
        for path in paths
        if name in graph.tasks and (name in graph.pending or path.exists())
    ]


def _source_discs(whole: Path) -> list[Path]:
    """Return the media of the sources: one, or its discs."""
    return sorted(whole.parent.glob(f"{whole.stem}-disc*.iso")) or [whole]


def _look_at_medium(graph: TaskGraph, name: str, path: Path) -> MediumFile:
    try:
        size = path.stat().st_size
    except OSError:
        return MediumFile(name, str(path), 0, NOT_MADE)
    return MediumFile(name, str(path), size, CURRENT if graph.status(name) == DONE else OUTDATED)


def format_status(found: WorldStatus) -> str:
    """Return the status as JSON, for machines."""
    return dump_json(asdict(found))


def show_status(out: Any, found: WorldStatus, stages: Mapping[str, str], program: str) -> None:
    """Show the status on one screen."""
    show_parts(out, cut_parts(out, [(found.release, "name"), (f"   {decision.display_path(found.file)}", "")]))
    if found.running:
        show_parts(out, [("running   ", "warn"), (found.running, "")])
    if last := found.last_run:
        show_text(out, f"last run  {last.time}: {last.task} {last.ended}")
    show_text(out, "\npending" if found.pending else "\nnothing is pending")
    for stage in stages:
        tasks = [pending for pending in found.pending if pending.stage == stage]
        if tasks:
            width = max(map(len, stages))
            show_parts(out, cut_parts(out, [(f"  {stage:<{width}}  ", ""), *_pending_parts(tasks)]))
    if found.blocked:
        show_text(out, "\nblocked")
    for blocked in found.blocked[:BLOCKS]:
        opening = f"  {blocked.task} {blocked.ended}"
        show_parts(out, cut_parts(out, [(opening, "bad"), (f": {blocked.sentence}" if blocked.sentence else "", "")]))
        show_text(out, f"    {decision.display_path(blocked.log)}")
    if len(found.blocked) > BLOCKS:
        show_text(out, f"  and {len(found.blocked) - BLOCKS} more: {program} status --json")
    show_text(out, "\nmedia")
    for medium in found.media:
        style = {CURRENT: "good", OUTDATED: "warn"}.get(medium.status, "dim")
        size = f", {format_size(medium.size)}" if medium.size else ""
        show_parts(out, [(f"  {decision.display_path(medium.path)}  ", ""), (medium.status, style), (size, "")])
    if found.pending:
        show_text(out, f"\n{program} why says why, {program} iso makes it")


def _pending_parts(tasks: Sequence[PendingTask]) -> list[tuple[str, str]]:
    """Return the tasks of one stage as parts of its line: those that run by name, of those that wait how many."""
    running = [pending.task for pending in tasks if pending.status == RUN]
    waiting = [pending.task for pending in tasks if pending.status == WAIT]
    parts = [(", ".join(running), STYLES[RUN])] if running else []
    if waiting:
        words = ", ".join(waiting) if len(waiting) == 1 else format_count(len(waiting), "task")
        verb = "waits" if len(waiting) == 1 else "wait"
        parts.append((f"{'; ' if running else ''}{words} {verb}", STYLES[WAIT]))
    return parts
