# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task declares, and how doit gets to know it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from doit import get_initial_workdir, get_var
from doit.exceptions import InvalidDodoFile, TaskError, TaskFailed

from smedoit.config.release import Release, load_release, release_file
from smedoit.engine.code import reachable_code
from smedoit.engine.option import Option as Option  # tasks declare theirs with it
from smedoit.errors import ConfigError, DifferenceError, SmeError
from smedoit.runtime.filesets import FileSet
from smedoit.runtime.terminal import escape_text

DoitTask = dict[str, Any]
AGAIN = "again"  # doit again=1: make again what was made; what only asks was answered when it was made first
QUIET = "quiet"  # doit quiet=1: for cron, which mails what is said
OFFLINE = "offline"
RELEASE = "release"
VARIABLES = {
    OFFLINE: ("1", "any use of the network is an error; offline=0 overrides [network] offline"),
    AGAIN: ("1", "only what makes something, as rebuild wants it: checks passed when it was made first"),
    QUIET: ("1", "the same as -q"),
    RELEASE: ("FILE", "work with another release.toml, sought where you type it"),
}  # what may be typed as NAME=VALUE -> a value, and what it means
YES, NO = ("1", "yes", "true", "on"), ("0", "no", "false", "off")


JSON = Option("json", "for machines: nothing but JSON on the output", default=False)  # whatever only asks has it


@dataclass(frozen=True, kw_only=True)
class Task:
    """One step of the build. Whatever its run looks at stands in inputs or config, or the task is wrong.

    name     as a person types it; "GROUP:NAME" for one of a group
    run      does the work; returns what it did in a few words, or a mapping with "did" and "result"
    inputs   files, and sets of files, whose content decides whether it runs again
    config   what of release.toml decides it, in the words of that file, so that reasons read well
    outputs  files, and sets of files, that it makes, and makes again when somebody changed them
    links    symlinks that it makes; where they lead is their content
    after    tasks that must be done before, because their output is a set of files
    always   it runs whenever somebody asks for it
    asks     it only tells, always or with this option: it takes no lock, and writes nothing, not even a log
    unrun    what is left to do when it was asked for, and what it waits for failed, whose logs it gets
    wiki     the headings of the page that it replaces
    like_diff  it ends as diff does: 1 where things differ, 2 where they could not be compared
    options  what may stand behind its name as --option
    words    the keyword by which run gets the words behind the task's name, as a list
    then     tasks that follow when somebody asked for this one, unless it was for --dry-run
    doc      one line for `doit list`; the contents page has it for a task that is in no group
    example  what stands behind its name in the example of its help; its first flag where nothing is said
    """

    name: str
    run: Callable[..., object]
    inputs: Sequence[Path | FileSet] = ()
    config: Mapping[str, object] = field(default_factory=dict)
    outputs: Sequence[Path | FileSet] = ()
    links: Sequence[Path] = ()
    after: Sequence[str] = ()
    always: bool = False
    asks: bool | str = False
    unrun: Callable[[Sequence[Path]], object] | None = None
    wiki: str = ""
    like_diff: bool = False
    options: Sequence[Option] = ()
    words: str = ""
    then: Sequence[str] = ()
    doc: str = ""
    example: str = ""

    @property
    def is_asked_only(self) -> bool:
        """Whether it makes nothing that stays."""
        return not (self.outputs or self.links)

    @property
    def all_options(self) -> tuple[Option, ...]:
        """Its options; whatever makes nothing, and so is asked for what it says, says it for machines as well."""
        return (*self.options, JSON) if self.is_asked_only and JSON not in self.options else (*self.options,)

    def config_texts(self) -> dict[str, str]:
        """Return config as texts that are equal only for equal values, by their key in release.toml."""
        return {f"release.toml {key}": _config_text(value) for key, value in self.config.items()}


def current_release() -> Release:
    """Return the release of this run; a release.toml that cannot be used ends doit with its sentence."""
    try:
        return current_settings()
    except SmeError as error:
        raise InvalidDodoFile(escape_text(str(error))) from None  # doit itself shows it


def current_settings() -> Release:
    """Return the release of this run, as file, environment and command line have it. Raises SmeError."""
    return apply_offline(load_release(named_release()), get_var(OFFLINE))


def named_release() -> Path:
    """Return the release.toml of this run: of `doit release=FILE`, seen from where that was typed, else as usual."""
    named = get_var(RELEASE)
    return started_in() / named if named else release_file()


def apply_offline(rel: Release, given: str | None) -> Release:
    """Return the release as `doit offline=1` wants it, which release.toml need not say. Raises ConfigError."""
    if given is None:
        return rel
    return replace(rel, network=replace(rel.network, offline=_means_yes(OFFLINE, given)))


def is_quiet() -> bool:
    """Return whether somebody typed doit quiet=1. Raises ConfigError."""
    return _means_yes(QUIET, get_var(QUIET, "no"))


def _means_yes(name: str, given: str) -> bool:
    """Return what a variable on the command line means. Raises ConfigError."""
    if given.lower() not in (*YES, *NO):
        raise ConfigError(f"{name}={given}: is neither yes nor no", hint=f"type {name}=1, or leave it away")
    return given.lower() in YES


def started_in() -> Path:
    """Return the directory in which somebody typed doit, which changes to that of dodo.py."""
    return Path(get_initial_workdir() or ".")


def release_config(rel: Release, *keys: str) -> dict[str, object]:
    """Return keys of [release] for the config of a task; volume_id with its placeholders filled in."""
    identity = rel.release
    return {f"[release] {key}": identity.volume if key == "volume_id" else getattr(identity, key) for key in keys}


def doit_task(rel: Release, task: Task) -> DoitTask:
    """Return a task as doit wants it."""
    filesets = [source for source in task.inputs if isinstance(source, FileSet)]
    paths = [source for source in task.inputs if isinstance(source, Path)]
    made_sets = [output for output in task.outputs if isinstance(output, FileSet)]
    made_paths = [output for output in task.outputs if isinstance(output, Path)]
    exported = _exporting_task(rel, task.name, [*paths, *(files.root for files in filesets)])
    skipped = get_var(AGAIN) and task.is_asked_only
    return {
        "file_dep": paths,
        "targets": made_paths,
        "task_dep": [*task.after, *exported],
        "actions": [] if skipped else [_logged_action(rel, task)],
        "params": [option.for_doit() for option in task.all_options],
        **({"pos_arg": task.words} if task.words else {}),
        "meta": {
            "config": {**task.config_texts(), **reachable_code(task.run)},
            "inputs": tuple(filesets),
            "outputs": tuple(made_sets),
            "links": tuple(task.links),
            "always": task.always,
            "asks": task.asks,
            "stage": rel.root / "stage",
            "unrun": task.unrun,
            "then": tuple(task.then),
            "wiki": task.wiki,
            "log": _log_file(rel, task.name),
            "example": task.example,
        },
        "verbosity": 2,
    }


def doit_group(rel: Release, name: str, doc: str, tasks: Iterable[Task]) -> Iterator[DoitTask]:
    """Yield a task that consists of others, as doit wants it: its head, then each of them."""
    nothing: dict[str, object] = {"config": {}, "inputs": (), "outputs": (), "always": False, "wiki": ""}
    yield {"name": None, "doc": doc, "meta": {**nothing, "log": _log_file(rel, name)}}
    for task in tasks:
        yield {"name": task.name.partition(":")[2], "doc": task.doc, **doit_task(rel, task)}


def _log_file(rel: Release, name: str) -> Path:
    return rel.logs / f"{name.replace(':', '-')}.log"


def _logged_action(rel: Release, task: Task) -> Callable[..., object]:
    """Make a doit action with a log of its own. A SmeError is shown as its words, a bug with its traceback."""

    def action(**options: object) -> object:  # no functools.wraps: doit would read run's parameters
        as_json = JSON not in task.options and bool(options.pop(JSON.name, False))
        return _told_as_json(task.name, lambda: logged(options)) if as_json else logged(options)

    def logged(options: Mapping[str, object]) -> object:
        from smedoit.runtime import progress

        asks = task.asks is True or bool(task.asks and options.get(str(task.asks)))
        try:
            with (
                progress.run_named(task.name),
                nullcontext() if asks else progress.open_task_log(_log_file(rel, task.name)),
            ):
                return _logged_values(task, options)
        except DifferenceError as error:
            return TaskFailed(str(error))
        except SmeError as error:
            return (TaskError if task.like_diff else TaskFailed)(str(error))
        except (OSError, MemoryError) as error:
            return TaskFailed(_explain_refusal(error, rel.root))

    action.__name__ = task.name
    return action


def _told_as_json(name: str, work: Callable[[], object]) -> object:
    """Return what work returns, with all that it says on the output as one JSON document."""
    from smedoit.engine.json_report import format_task_json
    from smedoit.runtime import progress

    with progress.collect_lines() as lines:
        done = work()
    values = done if isinstance(done, Mapping) else {}
    report = str(values.get("result", "")) if values else str(getattr(done, "message", ""))
    did = str(values["did"]) if "did" in values else report.partition("\n")[0]
    progress.show_json(format_task_json(name, did, report, lines, passed=bool(values)))
    return done


def _logged_values(task: Task, options: Mapping[str, object]) -> dict[str, object]:
    """Run a task, and return what it did; that is in its log, and so is whatever ended it."""
    from smedoit.runtime import progress

    try:
        done = task.run(**options)
    except SmeError as error:
        progress.log_line(f"failed: {error}")
        raise
    except Exception:
        import traceback

        progress.log_line(f"failed: {traceback.format_exc()}")
        raise
    values = dict(done) if isinstance(done, Mapping) else {"did": str(done)}
    for key in ("did", "result"):
        if key in values:
            progress.log_line(str(values[key]))
    return values


def _explain_refusal(error: OSError | MemoryError, root: Path) -> str:
    """Return a sentence for what the system refused where nobody expected it: the last door before a traceback."""
    from smedoit.runtime.files import explain_os_error

    if isinstance(error, MemoryError):
        return f"{root}: this step needs more memory than there is\n  hint: end other programs, then run doit again"
    return str(explain_os_error(error, root, "used"))


def _exporting_task(rel: Release, name: str, inputs: Iterable[Path]) -> list[str]:
    """Return the task that must come first because it exports some of the inputs.

    What is not pinned would be asked for in every run; it is exported when somebody says doit content.
    """
    places = [export.path for export in rel.exported if export.source.is_pinned] if name != "content" else []
    inputs = list(inputs) if places else []
    return ["content"] if any(path.is_relative_to(place) for place in places for path in inputs) else []


def _config_text(value: object) -> str:
    """Return a value of release.toml as text that is equal only for equal values."""
    if is_dataclass(value):
        return ", ".join(f"{field.name} {_config_text(getattr(value, field.name))}" for field in fields(value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_config_text(entry)}" for key, entry in sorted(value.items())) or "nothing"
    if isinstance(value, tuple):
        return "; ".join(_config_text(entry) for entry in value) or "nothing"
    return str(value) if value != "" else "nothing"


def remove_outputs(stage: Path, task: Any, dry: bool) -> tuple[list[Path], list[Path]]:
    """Remove what a task made below stage/, for doit clean; return what is removed, and what is kept.

    Directories stay, and so does what lies elsewhere: tiers, mirrors, exports and pins live on between releases, and
    people have files of their own among them.

    dry  only tell
    """
    from smedoit.runtime.files import remove_file

    paths, filesets = [Path(path) for path in task.targets], task.meta["outputs"]
    places = {*paths, *(files.root for files in filesets)}
    kept = sorted(place for place in places if not place.is_relative_to(stage) and place.exists())
    removed = []
    for path in [*paths, *(Path(found) for files in filesets for found in files.paths())]:
        if path.is_relative_to(stage) and Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(stage)):
            if os.path.lexists(path):
                removed.append(path)
            if not dry:
                remove_file(path)
    return removed, kept
