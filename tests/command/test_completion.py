# SPDX-License-Identifier: GPL-3.0-or-later
"""TAB offers what can stand there, in each shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from smedoit.command.completion import SHELLS, Completed, completions
from smedoit.engine.option import Option
from tests.harness.places import PROJECT
from tests.harness.tools import need

HELP = Option("help", "this text", default=False, short="h")
COMMANDS = {
    "list": Completed("show", [HELP], "tasks"),
    "help": Completed("say", [HELP], "tasks"),
    "completion": Completed("script"),
    "init": Completed("begin"),
}
TASKS = {
    "iso": Completed("the ISO"),
    "tiers": Completed("repodata"),
    "tiers:smeos": Completed("of smeos"),
    "preview": Completed("menu", [Option("firmware", "whose", default="bios", short="f", choices=("bios", "uefi"))]),
    "promote": Completed("on", [Option("dry_run", "show", default=False, long="dry-run")], "own"),
}


def offered(typed: str) -> set[str]:
    """Return what is offered for the last word."""
    *before, current = typed.split(" ")
    return set(completions(before, current, (COMMANDS, TASKS), [HELP], {"offline=1": "no network"}))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", {"list", "help", "completion", "init", "iso", "tiers", "preview", "promote", "offline=1"}),
        ("i", {"init", "iso"}),
        ("iso p", {"preview", "promote"}),
        ("iso o", {"offline=1"}),
        ("tiers:", {"tiers:smeos"}),
        ("list t", {"tiers"}),
        ("help l", {"list"}),
        ("completion ", set(SHELLS)),
        ("init ", set()),
        ("promote ", set()),
        ("promote zsh --", {"--dry-run", "--help"}),
        ("preview --", {"--firmware=", "--help"}),
        ("preview --firmware ", {"bios", "uefi"}),
        ("preview --firmware=u", {"--firmware=uefi"}),
        ("preview -f ", {"bios", "uefi"}),
        ("list --", {"--help"}),
        ("qqq ", {"iso", "tiers", "preview", "promote", "offline=1"}),
    ],
)
def test_what_can_stand_there_is_offered(typed: str, found: set[str]) -> None:
    assert offered(typed) == found


BASH = """
source <(smedoit completion bash)
COMP_LINE="$1" COMP_POINT=${#1} COMP_CWORD=1 COMP_WORDS=(smedoit "")
_smedoit 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
autoload -Uz compinit && compinit -u -d "$HOME/.zcompdump"
_describe() { print -l -- "${(@P)3}" }
_files() { print files }
eval "$(smedoit completion zsh)"
words=(${(s: :)1}); [[ "$1" == *" " ]] && words+=("")
CURRENT=$#words
_smedoit
"""
FISH = """
smedoit completion fish | source
complete -C "$argv[1]"
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory with the command smedoit."""
    place = tmp_path / "bin"
    place.mkdir()
    (place / "smedoit").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m smedoit "$@"\n')
    (place / "smedoit").chmod(0o755)
    return place


@pytest.mark.exhaustive
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("smedoit stat", ["status"]),
        ("doit prev", ["preview"]),
        ("smedoit preview --firmware u", ["uefi"]),
        ("smedoit tiers:smeos-S", ["tiers:smeos-SRPMS"]),
        ("smedoit promote --dry", ["--dry-run"]),
    ],
)
def test_each_shell_completes_with_its_script(
    shell: str, typed: str, offered: list[str], programs: Path, tmp_path: Path
) -> None:
    need(shell)
    script = {"bash": BASH, "zsh": ZSH, "fish": FISH}[shell]
    arguments = {"bash": ["-c", script, "bash", typed], "zsh": ["-f", "-c", script, "zsh", typed],
                 "fish": ["--no-config", "-c", script, typed]}[shell]  # fmt: skip
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"}
    environment |= {"PYTHONPATH": str(PROJECT), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        [shell, *arguments], cwd=PROJECT / "docs", env=environment, capture_output=True, text=True, check=False
    )
    found = [line.split("\t")[0].replace("\\:", ":") for line in done.stdout.splitlines()]
    if shell == "zsh":
        found = [line.rpartition(":")[0] if line.count(":") == 1 else ":".join(line.split(":")[:2]) for line in found]
    elif shell == "bash" and ":" in typed:
        found = [f"tiers:{line}" for line in found]  # bash completes what stands behind the colon
    assert found == offered, done.stdout + done.stderr
