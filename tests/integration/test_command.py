# SPDX-License-Identifier: GPL-3.0-or-later
"""smedoit is a command as people expect one, from any directory of a world; plain doit there is the same."""

from __future__ import annotations

import json
import os
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from doit import doit_cmd

from smedoit import __version__
from smedoit.engine import run
from smedoit.engine.command_line import ReadVariables
from smedoit.engine.world import write_contents_page
from tests.harness.places import PROJECT
from tests.harness.processes import Ended, forked
from tests.harness.project import Project


def typed(place: Path, *words: str, module: str = "smedoit", **more: str) -> Ended:
    """Return how a command ended that somebody typed in a directory."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SMEDOIT", "DOIT"))}
    return forked(module, *words, environment={**environment, "HOME": str(place), **more}, cwd=place)


@pytest.fixture
def world(built: Project) -> Project:
    """A built project that has its dodo.py as smedoit init writes it."""
    write_contents_page(built.home)
    (built.home / "a/b").mkdir(parents=True)
    return built


def test_from_any_directory_of_a_world_smedoit_and_doit_do_the_same(world: Project) -> None:
    said = [
        typed(world.home, "iso", module="doit"),
        typed(world.home, "iso"),
        typed(world.home / "a/b", "iso"),
        typed(world.home / "a/b", "iso", module="doit", DOIT_SEEK_FILE="1"),
    ]
    assert [(run.code, run.err) for run in said] == [(0, "")] * 4
    assert len({run.out for run in said}) == 1
    assert said[0].out.startswith("nothing to do, everything is up to date\n")


def test_a_world_without_a_contents_page_has_that_of_smedoit(world: Project) -> None:
    (world.home / "dodo.py").unlink()
    assert typed(world.home / "a", "iso").out.startswith("nothing to do")


@pytest.mark.parametrize("module", ["smedoit", "doit"])
def test_plain_doit_refuses_in_the_same_sentences(world: Project, module: str) -> None:
    for words, sentence in {
        ("ios",): f"error: there is no task ios\n  hint: did you mean iso? {module} list shows all\n",
        ("offlien=1", "iso"): "error: offlien=: nobody reads a variable of that name\n  hint: did you mean offline=?\n",
        ("iso", "--dry"): f"error: iso: there is no option --dry\n  hint: {module} iso --help shows all\n",
    }.items():
        done = typed(world.home, *words, module=module)
        assert (done.code, done.out, done.err) == (3, "", sentence)


def test_plain_doit_without_its_configuration_gets_the_same_from_the_contents_page(world: Project) -> None:
    (world.home / "doit.cfg").unlink()
    done = typed(world.home, "iso", "--dry", module="doit")
    assert done.err.startswith("error: iso: there is no option --dry\n")
    assert typed(world.home, "status", module="doit").out == typed(world.home, "status").out.replace(
        "smedoit ", "doit "
    )


def test_plain_doit_is_ours_in_a_world_of_its_own(world: Project) -> None:
    assert typed(world.home, "dumpdb", module="doit").err.startswith("error: doit dumpdb: is of no use to smedoit\n")
    assert typed(world.home, "-q", "iso", module="doit").out == ""
    assert typed(world.home, "--version", module="doit").out.startswith("smedoit ")


@pytest.mark.parametrize("command", ["dumpdb", "strace iso", "reset-dep", "info iso", "tabcompletion"])
def test_commands_of_doit_that_make_no_sense_here_say_what_does(command: str) -> None:
    done = typed(PROJECT, *command.split(), module="doit")
    opening = f"error: doit {command.split()[0]}: is of no use to smedoit\n  hint: "
    assert (done.code, done.out, done.err[: len(opening)]) == (3, "", opening)
    assert done.err.count("\n") == 2


@pytest.mark.parametrize("wrong", ["list --foo", "-x", "clean --dry-rum", "why iso --jsno", "run -j 2"])
def test_a_wrong_option_is_one_sentence(wrong: str) -> None:
    done = typed(PROJECT, *wrong.split(), module="doit")
    assert done.code == 3
    assert re.fullmatch(r"error: (\w+: )?there is no option -\S+\n  hint: .+\n", done.err), done.err


@pytest.mark.parametrize("module", ["smedoit", "doit"])
def test_the_version_and_the_help_need_no_world(tmp_path: Path, module: str) -> None:
    place = PROJECT if module == "doit" else tmp_path
    assert typed(place, "--version", module=module).out.startswith(f"smedoit {__version__} (doit 0.")
    for word in ("--help", "-h", "help"):
        done = typed(place, word, module=module)
        assert (done.code, done.err) == (0, "")
        assert len(done.out.splitlines()) < 50
        for part in (f"  {module} COMMAND [OPTION …]", "  init ", "-q, --quiet", "offline=1"):
            assert part in done.out


def test_without_a_world_the_way_to_begin_one_is_told(tmp_path: Path) -> None:
    done = typed(tmp_path, "iso")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        f"error: there is no release.toml in {tmp_path} or any directory above it\n"
        "  hint: go to yours; or begin one: smedoit init, or smedoit import PLACE DIR for a release that exists\n"
    )


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_behind_a_task_is_short_and_has_an_example(world: Project, word: str) -> None:
    lines = typed(world.home, "promote", word).out.splitlines()
    assert lines[0] == "smedoit promote [OPTION …] NAME …"
    assert len(lines) < 20
    assert "  --from SOURCE " in "\n".join(lines)
    assert "for example: smedoit promote e-smith-base --dry-run" in lines


def test_status_has_what_is_pending_what_blocks_and_the_media_on_one_screen(world: Project) -> None:
    assert "\nnothing is pending\n" in typed(world.home / "a", "status").out
    world.edit(world.release.groups.comps, "</comps>", "")
    (world.release.content.path / "isolinux/splash.png").write_bytes(b"another")
    assert typed(world.home, "iso").code == 1
    found = json.loads(typed(world.home, "status", "--json").out)
    assert [(blocked["task"], blocked["ended"]) for blocked in found["blocked"]] == [("comps", "failed")]
    assert "comps.xml" in found["blocked"][0]["sentence"]
    assert found["last_run"]["task"] == "comps"
    pending = {task["task"]: (task["stage"], task["status"]) for task in found["pending"]}
    assert pending["comps"] == ("the tree", "run")
    assert pending["iso"] == ("the ISO", "run")
    assert [(medium["path"], medium["status"]) for medium in found["media"]] == [
        (str(world.iso), "older than what it is made of")
    ]
    lines = typed(world.home, "status").out.splitlines()
    assert len(lines) < 25
    assert any(re.match(r"  the tree +comps; \d tasks wait", line) for line in lines), lines
    assert any(line.startswith("  comps failed: ") for line in lines)


def test_why_takes_globs_for_people_and_machines(world: Project) -> None:
    assert typed(world.home, "why", "i*o").out.startswith("iso is up to date")
    assert "iso" in [task["task"] for task in json.loads(typed(world.home, "why", "i*o", "--json").out)]


@pytest.mark.exhaustive
def test_status_says_who_is_at_work_and_disturbs_nobody(world: Project, tmp_path: Path) -> None:
    world.iso.unlink()
    with world.hold(tmp_path / "held", "iso") as held:
        found = json.loads(typed(world.home, "status", "--json").out)
        assert re.fullmatch(rf"process \d+ of user {os.getuid()}, since \d{{4}}-.*", found["running"])
        assert held.poll() is None
    assert json.loads(typed(world.home, "status", "--json").out)["running"] == ""


def test_clean_shows_what_it_would_remove_and_removes_nothing(world: Project) -> None:
    before = world.artifacts()
    done = typed(world.home, "clean", "-n", "iso", module="doit")
    assert (done.code, done.err) == (0, "")
    assert f"{world.iso.relative_to(world.home)}: would be removed\n" in done.out
    assert world.artifacts() == before


@pytest.mark.exhaustive
def test_with_two_at_once_every_line_says_whose_it_is(world: Project) -> None:
    done = typed(world.home, "-n", "2", "-a", "iso")
    assert done.code == 0
    *told, result = done.out.splitlines()
    assert str(world.iso) in result
    assert [line for line in told if not re.match(r"\w+: ", line)] == []
    assert "iso:   87 files" in done.out


def test_sentences_name_the_command_that_was_typed(world: Project) -> None:
    assert "smedoit retire VERSION" in typed(world.home, "list", "retire").out
    assert ": doit retire VERSION" in typed(world.home, "list", "retire", module="doit").out


def test_a_glob_and_a_target_are_helped_like_the_task(world: Project) -> None:
    assert "smedoit isolinux\n" in typed(world.home, "iso*", "--help").out
    assert "smedoit iso\n" in typed(world.home, str(world.iso.relative_to(world.home)), "--help").out


def test_an_empty_word_is_told(world: Project) -> None:
    assert typed(world.home, "iso", "").err.startswith("error: a word is empty\n")


def test_every_task_that_takes_words_has_an_example_that_can_be_typed(project: Project) -> None:
    doit_cmd._CMDLINE_VARS = ReadVariables({})
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SMEDOIT_RELEASE", str(project.file))
        page = runpy.run_path(str(PROJECT / "smedoit/contents.py"))
    tasks = {}
    for name, creator in page.items():
        if name.startswith("task_") and isinstance(made := creator(), dict):
            tasks[name.removeprefix("task_")] = SimpleNamespace(**{"pos_arg": None, **made})
    for name, task in tasks.items():
        assert not task.pos_arg or task.meta["example"], f"{name} has no example"
        run.choose_tasks([name, *task.meta["example"].split()], tasks, {}, "smedoit")


def test_quiet_and_verbose_may_stand_before_and_behind(world: Project) -> None:
    assert typed(world.home, "-q", "iso").out == typed(world.home, "iso", "--quiet").out == ""
    verbose = typed(world.home, "iso", "-v").out
    assert "packages: up to date\n" in verbose


def test_a_page_that_has_no_tasks_of_smedoit_is_told(world: Project) -> None:
    (world.home / "dodo.py").write_text("def task_mine(): return {'actions': None}\n")
    done = typed(world.home, "mine")
    assert done.err.startswith(f"error: {world.home}/dodo.py: has none of smedoit's tasks\n")


def test_tasks_of_ones_own_stand_beside_ours_and_read_variables(world: Project) -> None:
    page = "from smedoit.contents import *\nfrom doit import get_var\nWORD = get_var('word', '')\n"
    page += "def task_mine():\n    'mine'\n    return {'actions': [f'echo word {WORD}'], 'verbosity': 2}\n"
    (world.home / "dodo.py").write_text(page)
    assert "word yes" in typed(world.home, "word=yes", "mine").out
    assert "did you mean word=?" in typed(world.home, "wrod=yes", "mine").err
