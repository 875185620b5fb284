# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says of tasks that failed, and of those that waited for one."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from doit.exceptions import TaskFailed, UnmetDependency

from smedoit.engine.reporter import ConsoleReporter
from smedoit.runtime import progress


def test_a_task_that_waited_in_vain_was_not_run_and_has_not_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ConsoleReporter, "lock_file", tmp_path / "running", raising=False)
    reporter = ConsoleReporter(io.StringIO(), {})
    reporter.add_failure(SimpleNamespace(name="packages"), TaskFailed("a.rpm: is damaged"))
    reporter.add_failure(SimpleNamespace(name="release_package"), UnmetDependency("packages"))
    reporter.add_failure(SimpleNamespace(name="iso"), UnmetDependency("release_package tree"))
    reporter.add_failure(SimpleNamespace(name="verify"), UnmetDependency("iso"))
    assert capsys.readouterr().err.splitlines() == [
        "packages failed: a.rpm: is damaged",
        "release_package: not run, packages failed",
        "iso: not run, tree failed",
        "verify: not run, iso was not run",
    ]


def test_where_several_run_at_once_every_line_says_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ConsoleReporter, "lock_file", tmp_path / "running", raising=False)
    monkeypatch.setattr(progress, "chosen", progress.Chosen(labelled=True))
    out = io.StringIO()
    reporter = ConsoleReporter(out, {})
    reporter.say(SimpleNamespace(name="iso", options={}), "iso: tree changed")
    reporter.say(SimpleNamespace(name="iso", options={}), "  your version of a is kept as b")
    reporter.add_failure(SimpleNamespace(name="comps", meta={}), TaskFailed("comps.xml: is damaged\n  hint: mend it"))
    with progress.run_named("jigdo"):
        progress.show_line("one\ntwo")
    said = capsys.readouterr()
    assert out.getvalue() == "iso: tree changed\niso:   your version of a is kept as b\n"
    assert said.err == "comps failed: comps.xml: is damaged\ncomps:   hint: mend it\n"
    assert said.out == "jigdo: one\njigdo: two\n"


class Terminal(io.StringIO):
    """A terminal, as far as anybody asks."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"TERM": "xterm"}, "\x1b[1miso:\x1b[0m tree changed, \\x1b[2J\n"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "iso: tree changed, \\x1b[2J\n"),
        ({"TERM": "dumb"}, "iso: tree changed, \\x1b[2J\n"),
    ],
)
def test_names_are_coloured_and_what_they_say_is_never_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    monkeypatch.setattr(ConsoleReporter, "lock_file", tmp_path / "running", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    out = Terminal()
    ConsoleReporter(out, {}).say(SimpleNamespace(name="iso", options={}), "iso: tree changed, \x1b[2J")
    assert out.getvalue() == said
