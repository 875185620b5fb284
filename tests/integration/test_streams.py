# SPDX-License-Identifier: GPL-3.0-or-later
"""An output that is closed, full, or knows few characters costs a run nothing but its words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.places import PROJECT
from tests.harness.project import Project

SHELL = {
    "the output is closed": ">&-",
    "both are closed": ">&- 2>&-",
    "the output is full": ">/dev/full",
    "nobody reads": "| true",
}


def shell(project: Project, line: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of shell in which doit is $DOIT."""
    environment = {**project.environment(more), "DOIT": f"{sys.executable} -m doit"}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], cwd=PROJECT, env=environment, capture_output=True, check=False
    )


@pytest.mark.parametrize("where", SHELL.values(), ids=SHELL)
def test_a_run_goes_on_though(project: Project, where: str) -> None:
    ended = shell(project, f"$DOIT product_img {where}")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert (project.release.tree / "images/product.img").is_file()


def test_a_closed_output_is_not_taken_for_a_file(project: Project) -> None:
    ended = shell(project, "$DOIT product_img >&- 2>&- <&-")
    assert ended.returncode == 0
    image = project.release.tree / "images/product.img"
    assert image.read_bytes()[:2] == b"\x1f\x8b"


@pytest.mark.parametrize("command", ["list", "why iso", "help iso"])
@pytest.mark.parametrize("where", ["| head -1", ">&-", ">/dev/full"])
@pytest.mark.exhaustive
def test_a_report_that_nobody_reads_is_no_failure(built: Project, command: str, where: str) -> None:
    ended = shell(built, f"$DOIT {command} {where}")
    assert b"Traceback" not in ended.stderr
    assert ended.returncode in (0, 141)


@pytest.mark.parametrize(
    "more", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_characters_that_the_terminal_lacks_are_spelled(project: Project, more: dict[str, str]) -> None:
    ended = shell(project, "$DOIT stage_link product_img", **more)
    assert ended.returncode == 0, ended.stderr
    assert b"10 \\u2192 10.1.rc2" in ended.stdout
    assert Path(project.release.tree, "images/product.img").is_file()
