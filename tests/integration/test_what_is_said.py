# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes to the terminal, to standard error and into the logs, and who needs the lock."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.runtime.files import FileStamp, stamp_file
from tests.harness.project import Project


def break_menu(project: Project) -> None:
    """Let isolinux fail."""
    (project.release.content.path / "isolinux/isolinux.cfg").write_text("nothing\n")


def test_an_error_goes_to_standard_error_and_into_the_log_of_its_task(built: Project) -> None:
    break_menu(built)
    outcome = built.doit()
    assert "isolinux failed: " in outcome.err
    assert "failed" not in outcome.out
    words = outcome.err.partition("isolinux failed: ")[2].splitlines()[0]
    assert words in (built.release.logs / "isolinux.log").read_text()


def test_the_log_of_the_wikis_build_has_the_failure_too(built: Project) -> None:
    break_menu(built)
    outcome = built.doit("build_ISO")
    words = outcome.err.partition("isolinux failed: ")[2].splitlines()[0]
    assert words in (built.release.stage / "build_ISO.x86_64").read_text()


def test_a_long_list_is_whole_in_the_log_and_the_screen_says_where(built: Project) -> None:
    names = [f"bad{number:02}-1-1.noarch.rpm" for number in range(30)]
    for name in names:
        (built.tier() / name).write_bytes(b"no package")
    outcome = built.doit("packages")
    log = built.release.logs / "packages.log"
    assert all(name in log.read_text() for name in names)
    assert "    … and 10 more\n" in outcome.err
    assert f"  the whole list is in {log}\n" in outcome.err
    assert names[19] in outcome.err
    assert names[20] not in outcome.err
    assert "  hint: " in outcome.err


def test_cron_hears_nothing_when_nothing_happened(built: Project) -> None:
    for task in ("iso", "update_repos"):
        outcome = built.doit("quiet=1", task)
        assert (outcome.code, outcome.said) == (0, "")


def test_cron_hears_what_happened(built: Project) -> None:
    built.put(built.recipe("bash", "smeupdates", release="36.el7_9"), "smeupdates")
    said = built.doit("quiet=1", "update_repos").out
    assert "stage_packages: " in said
    assert "update_repos: you asked" not in said


def test_cron_hears_of_a_failure(built: Project) -> None:
    break_menu(built)
    outcome = built.doit("quiet=1")
    assert (outcome.code != 0, "isolinux failed: " in outcome.err) == (True, True)


def test_a_quiet_run_that_is_neither_is_refused(built: Project) -> None:
    assert "quiet=perhaps: is neither yes nor no" in built.doit("quiet=perhaps").err


# Who only asks


@pytest.fixture
def held(built: Project, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run in the midst of the ISO, which goes on for ever."""
    built.iso.unlink()
    with built.hold(tmp_path / "held") as run:
        yield run


@pytest.mark.usefixtures("held")
def test_who_only_asks_need_not_wait(built: Project) -> None:
    for question in (("why_package", "bash"), ("doctor",), ("promote", "zsh", "--dry-run"), ("list",)):
        assert "another run is under way" not in built.doit(*question).said, question
    built.relabel(label="rc3")
    assert built.doit("list").code == 0


def everything(project: Project) -> dict[Path, FileStamp]:
    """Return the stamp of every file; a scratch directory that came and went has left none."""
    return {path: stamp_file(path) for path in sorted(project.home.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("question", ["why_package bash", "doctor", "promote bash --dry-run"])
def test_who_only_asks_writes_nothing(built: Project, question: str) -> None:
    (built.release.fact_cache).unlink()
    before = everything(built)
    built.doit(*question.split())
    assert everything(built) == before
