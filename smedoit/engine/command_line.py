# SPDX-License-Identifier: GPL-3.0-or-later
"""doit, started the way people expect a command to be: what they typed is understood, or refused in a sentence."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from doit import doit_cmd, loader
from doit.cmd_base import DodoTaskLoader
from doit.cmdparse import CmdParseError
from doit.exceptions import InvalidCommand, InvalidDodoFile, InvalidTask
from doit.version import VERSION

from smedoit.engine import arguments
from smedoit.engine.clean import Clean, Forget, Ignore
from smedoit.engine.command import REFUSED, Command
from smedoit.engine.commands import Config, List
from smedoit.engine.explanation import Why
from smedoit.engine.help import Help
from smedoit.engine.option import Option
from smedoit.engine.past_runs import History
from smedoit.engine.run import RUN_OPTIONS, Run
from smedoit.engine.state import TaskState
from smedoit.engine.status import Status
from smedoit.engine.task import VARIABLES
from smedoit.engine.world import CONTENTS, IMPORTING, PAGE, World
from smedoit.errors import SmeError, UsageError
from smedoit.runtime import progress, terminal

COMMANDS: dict[str, type[Command]] = {
    "status": Status,
    "run": Run, "list": List, "why": Why, "history": History, "config": Config, "help": Help,
    "clean": Clean, "forget": Forget, "ignore": Ignore,
}  # fmt: skip
FOREIGN: Mapping[str, object] = {"config": {}, "inputs": (), "outputs": (), "wiki": ""}  # of somebody's own tasks
UNRUN = 3  # doit's exit code where nothing was run
LOADER_OPTIONS = (
    Option("dodoFile", f"the contents page, if not the {PAGE} of this world", long="file", short="f"),
    Option("cwdPath", "where its tasks work, if not where it lies", long="dir", short="d"),
    Option("seek_file", "look for it above, as is done anyway", default=False, long="seek-file", short="k"),
)


class ReadVariables(dict[str, str]):
    """NAME=VALUE of the command line, and which of them somebody asked for."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__(given)
        self.read = set(VARIABLES)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a variable, as doit does."""
        self.read.add(name)
        return super().get(name, default)


class WorldLoader(DodoTaskLoader):  # type: ignore[misc]
    """The tasks of a world: those of its own contents page, else of smedoit's."""

    cmd_options = ()

    def __init__(self, world: World | None, options: Mapping[str, object]) -> None:
        super().__init__()
        self.world, self.options = world, options
        self.cmd_names = sorted(COMMANDS)

    def enter(self) -> Path | None:
        """Go where the tasks work; return the contents page, None if it is smedoit's. Raises UsageError."""
        loader.initial_workdir = os.getcwd()
        given, where = self.options.get("dodoFile"), self.options.get("cwdPath")
        page = Path(os.path.abspath(str(given))) if given else self.world.page if self.world else None
        home = page.parent if page else self.world.home if self.world else Path.cwd()
        place = Path(os.path.abspath(str(where))) if where else home
        for path, there in ((page, not page or page.is_file()), (place, place.is_dir())):
            if not there:
                raise UsageError(f"{path}: there is no such file or directory")
        sys.path.insert(0, os.fspath(home))
        os.chdir(place)
        return page

    def setup(self, _options: object) -> None:
        """Import the contents page."""
        page = self.enter()
        self.namespace = vars(_import_page(page) if page else importlib.import_module(CONTENTS))
        if not hasattr(TaskState, "identity"):
            raise UsageError(f"{page}: has none of smedoit's tasks", hint=f"write in it: {IMPORTING}")

    def load_tasks(self, cmd: Command, pos_args: Sequence[str]) -> list[Any]:
        """Return the tasks. Raises UsageError for a variable that none of them reads."""
        tasks: list[Any] = super().load_tasks(cmd, pos_args)
        for task in tasks:
            task.meta = {**FOREIGN, "always": not task.file_dep, **(task.meta or {})}
        variables = doit_cmd._CMDLINE_VARS
        arguments.refuse_unread(variables, variables.read)
        cmd.refuse_unknown(tasks, pos_args)
        return tasks


def _import_page(page: Path) -> Any:
    """Return a contents page as a module of its own, whatever else has been imported under its name."""
    spec = importlib.util.spec_from_file_location(page.stem, page)
    if spec is None or spec.loader is None:
        raise UsageError(f"{page}: is no contents page", hint=f"call it {PAGE}")
    module = sys.modules[page.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_page_tasks(world: World) -> list[Any]:
    """Return the tasks of a world, for whoever wants no more than their names and options. Raises SmeError."""
    doit_cmd._CMDLINE_VARS = ReadVariables({})
    task_loader = WorldLoader(world, {})
    task_loader.config = {}
    try:
        task_loader.setup({})
        tasks: list[Any] = DodoTaskLoader.load_tasks(task_loader, List(task_loader=task_loader), [])
    except (InvalidDodoFile, InvalidTask) as error:
        raise UsageError(str(error)) from None
    return tasks


def execute_words(world: World | None, program: str, outside: Mapping[str, str], typed: Sequence[str]) -> int:
    """Do what was typed behind the name of a program; return the exit status.

    outside  commands that need no world and are not doit's -> what they are for
    """
    try:
        return _execute(world, program, outside, typed)
    except (SmeError, CmdParseError, InvalidDodoFile, InvalidCommand, InvalidTask) as error:
        terminal.show_refusal(str(error).strip())
    except Exception:
        terminal.show_text(sys.stderr, traceback.format_exc().rstrip())
    return UNRUN


def is_plain_doit() -> bool:
    """Return whether doit's own command line is at work, and not this one; in a test, or a handbook, neither is."""
    return type(doit_cmd._CMDLINE_VARS) is dict


def describe_doit() -> str:
    """Return name and version of doit."""
    return f"doit {'.'.join(map(str, VERSION))}"


def _execute(world: World | None, program: str, outside: Mapping[str, str], typed: Sequence[str]) -> int:
    """Tell variables, options, command and words apart, and execute the command."""
    given, words = arguments.split_variables(typed)
    doit_cmd._CMDLINE_VARS = ReadVariables(given)
    if "" in words:
        raise UsageError("a word is empty", hint="is a variable of your shell not set?")
    front = arguments.read_options("", [*RUN_OPTIONS, *LOADER_OPTIONS], words, False, f"{program} --help shows all")
    name = front.words[0] if front.words and front.words[0] in COMMANDS else ""
    if front.words and (instead := REFUSED.get(front.words[0])):
        raise UsageError(f"{program} {front.words[0]}: is of no use to smedoit", hint=instead.format(program=program))
    kind = COMMANDS[name or "run"]
    rest, options = front.words, dict(front.options)
    if name:
        known = (*kind.typed_options, *LOADER_OPTIONS)
        for option in RUN_OPTIONS:
            if option.name in options and option not in known:
                raise UsageError(f"{name}: there is no option --{option.long_name}")
        own = arguments.read_options(name, known, rest[1:], name != "run", f"{program} {name} --help shows all")
        options, rest = {**options, **own.options}, own.words
    if options.pop("help", False):
        kind, rest = Help, [name] if name else []
    if options.pop("quiet", False):
        doit_cmd.set_var("quiet", "1")
    if options.pop("verbose", False):
        progress.chosen.verbose = True
    task_loader = WorldLoader(world, options)
    config = doit_cmd.DoitMain(config_filenames=[os.fspath(world.home / "doit.cfg")] if world else []).config
    task_loader.config = config
    command = kind(task_loader=task_loader, config=config, bin_name=program, cmds=COMMANDS)
    command.outside = outside
    params, _ = command.cmdparser.parse([])
    for option_name, value in options.items():
        params[option_name] = value
    return int(command.execute(params, list(rest)) or 0)
