# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says of tasks that failed, and of those that waited for one."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from doit.exceptions import TaskFailed, UnmetDependency

from smedoit.engine.reporter import ConsoleReporter


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
