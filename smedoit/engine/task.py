"""How a step becomes a task that doit understands: what it reads, is told, writes and does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from doit import get_var
from doit.exceptions import InvalidDodoFile, TaskFailed

from smedoit.config import release
from smedoit.config.release import Release
from smedoit.engine.state import program_config
from smedoit.errors import ConfigError, SmeError
from smedoit.runtime.filesets import FileSet

Task = dict[str, Any]
AGAIN = "again"  # doit again=1: make again what was made; what only asks was answered when it was made first

YES, NO = ("1", "yes", "true", "on"), ("0", "no", "false", "off")


def current_release() -> Release:
    """Return the release of this run; a release.toml that cannot be used ends doit with its sentence."""
    try:
        return apply_offline(release.load_release(), get_var("offline"))
    except SmeError as error:
        raise InvalidDodoFile(str(error)) from None


def apply_offline(rel: Release, said: str | None) -> Release:
    """Return the release as `doit offline=1` wants it, which release.toml need not say. Raises ConfigError."""
    if said is None:
        return rel
    if said.lower() not in (*YES, *NO):
        raise ConfigError(f"offline={said}: is neither yes nor no", hint="type offline=1, or leave it away")
    return replace(rel, network=replace(rel.network, offline=said.lower() in YES))


def _task_action(rel: Release, task: str, function: str, *args: object) -> Callable[[], object]:
    """Make a doit action with a log of its own. A SmeError is shown as its words, a bug with its traceback.

    function  module and name of a step below smedoit.steps, as "packages.choose"; it is
              imported when it runs, so that a doit with nothing to do never pays for it
    """

    def action(**options: object) -> object:  # no functools.wraps: doit would read function's parameters
        from smedoit.runtime import progress

        module, _, name = function.rpartition(".")
        try:
            with progress.open_task_log(rel.logs / f"{task}.log"):
                said = getattr(import_module(f"smedoit.{module}"), name)(*args, **options)
                values = dict(said) if isinstance(said, Mapping) else {"did": str(said)}
                for value in values.values():
                    progress.log_line(str(value))
        except SmeError as error:
            return TaskFailed(str(error))
        return values

    action.__name__ = function
    return action


def define_task(
    rel: Release,
    name: str,
    function: str,
    *args: object,
    file_dep: Iterable[Path] = (),
    reads: Iterable[FileSet] = (),
    told: Mapping[str, object] | None = None,
    targets: Iterable[Path] = (),
    writes: Iterable[FileSet] = (),
    links: Iterable[Path] = (),
    after: Iterable[str] = (),
    always: bool = False,
    wiki: str = "",
    params: Iterable[Mapping[str, object]] = (),
    pos_arg: str = "",
    then: Iterable[str] = (),
) -> Task:
    """Return a task as doit wants it.

    told    in the words of release.toml, so that reasons read well
    links   symlinks that it makes; where they lead is their content
    after   tasks that must be done before, because their output is a set of files
    always  it runs whenever somebody asks for it
    wiki    the heading of the page that it replaces, for doit help
    params  options of `doit TASK --option`, as doit declares them; the step gets them by name
    pos_arg the name by which the step gets the words behind the task's name, as a list
    then    tasks that follow when somebody asked for this one, unless it was for --dry-run
    """
    words = {f"release.toml {key}": _config_text(value) for key, value in (told or {}).items()}
    targets, writes, links = list(targets), list(writes), list(links)
    file_dep, reads = list(file_dep), list(reads)
    exported = _exporting_task(rel, name, [*file_dep, *(files.root for files in reads)])
    return {
        "file_dep": file_dep,
        "targets": list(targets),
        "task_dep": [*after, *exported],
        "actions": []
        if get_var(AGAIN) and not (targets or writes or links)
        else [_task_action(rel, name, function, *args)],
        "params": [dict(param) for param in params],
        **({"pos_arg": pos_arg} if pos_arg else {}),
        "meta": {
            "told": {**words, **program_config()},
            "reads": tuple(reads),
            "writes": tuple(writes),
            "links": tuple(links),
            "always": always,
            "then": tuple(then),
            "wiki": wiki,
            "log": rel.logs / f"{name}.log",
        },
        "clean": [(_remove_outputs, [list(targets), list(writes)])],
        "verbosity": 2,
    }


def _exporting_task(rel: Release, name: str, inputs: Iterable[Path]) -> list[str]:
    """Return the task that must come first because it exports some of the inputs.

    What is not pinned would be asked for in every run; it is exported when somebody says doit content.
    """
    places = [export.path for export in rel.exported if export.source.is_pinned] if name != "content" else []
    inputs = list(inputs) if places else []
    return ["content"] if any(path.is_relative_to(place) for place in places for path in inputs) else []


def group_task(rel: Release, name: str, doc: str) -> Task:
    """Return the head of a task that consists of others, to be yielded before them."""
    nothing: dict[str, object] = {"told": {}, "reads": (), "writes": (), "always": False, "wiki": ""}
    return {"name": None, "doc": doc, "meta": {**nothing, "log": rel.logs / f"{name}.log"}}


def _config_text(value: object) -> str:
    """Return a value of release.toml as text that is equal only for equal values."""
    if is_dataclass(value):
        return ", ".join(f"{field.name} {_config_text(getattr(value, field.name))}" for field in fields(value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_config_text(entry)}" for key, entry in sorted(value.items())) or "nothing"
    if isinstance(value, tuple):
        return "; ".join(_config_text(entry) for entry in value) or "nothing"
    return str(value) if value != "" else "nothing"


def release_config(rel: Release, *keys: str) -> dict[str, object]:
    """Return what a task is told of [release]; volume_id with its placeholders filled in."""
    identity = rel.release
    return {f"[release] {key}": identity.volume if key == "volume_id" else getattr(identity, key) for key in keys}


def _remove_outputs(targets: Iterable[Path], writes: Iterable[FileSet]) -> None:
    """Remove what a task made, for doit clean; its directories stay."""
    from smedoit.runtime.files import remove_file

    for path in [*targets, *(Path(found) for files in writes for found in files.paths())]:
        remove_file(path)
