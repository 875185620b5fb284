# SPDX-License-Identifier: GPL-3.0-or-later
"""test_progress"""

from __future__ import annotations

import os
import pty
import select
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from smedoit.runtime import progress


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Make standard error a terminal; yield the side that a person sees."""
    seen, shown = pty.openpty()
    with os.fdopen(shown, "w") as stderr, monkeypatch.context() as changed:
        changed.setattr(sys, "stderr", stderr)
        changed.setenv("TERM", "xterm")
        changed.setenv("COLUMNS", "120")
        os.set_blocking(seen, False)
        yield seen
    os.close(seen)


def test_a_large_transfer_shows_its_name_and_size_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as seen:
        with progress.track_transfer("squashfs.img", progress.LARGE, progress.LARGE // 4) as advance:
            advance(progress.LARGE // 4)
        sys.stderr.flush()
        shown = ""
        while "33.6 MB" not in shown and select.select([seen], [], [], 10)[0]:  # it comes in parts on a busy machine
            shown += os.read(seen, 65536).decode()
    assert "squashfs.img" in shown
    assert "33.6 MB" in shown


def test_a_small_transfer_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as seen:
        with progress.track_transfer("de.mo", 1000) as advance:
            advance(1000)
        sys.stderr.flush()
        with pytest.raises(BlockingIOError):
            os.read(seen, 10)


def test_without_a_terminal_nothing_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with progress.track_transfer("squashfs.img", progress.LARGE) as advance:
        advance(progress.LARGE)
    for _ in progress.track_progress(range(1000), 1000, "counting"):
        pass
    assert capfd.readouterr() == ("", "")


def test_the_log_has_what_was_noted_with_the_time_of_day(tmp_path: Path) -> None:
    with progress.open_task_log(tmp_path / "logs/task.log"):
        progress.log_line("a line")
        assert list(progress.track_progress("ab", 2, "counting")) == ["a", "b"]
    progress.log_line("nobody hears this")
    lines = (tmp_path / "logs/task.log").read_text().splitlines()
    assert [line.partition(" ")[2] for line in lines] == ["a line", "counting: 2", "counting: done"]


def test_slow_work_shows_each_step_on_a_terminal_however_few(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as seen:
        for _ in progress.track_progress(range(2), 2, "booting", slow=True):
            pass
        sys.stderr.flush()
        assert "booting" in os.read(seen, 65536).decode()


def test_the_log_has_a_line_for_each_step_of_slow_work_also_from_other_threads(tmp_path: Path) -> None:
    with progress.open_task_log(tmp_path / "task.log"), ThreadPoolExecutor(1) as pool:
        for _ in progress.track_progress(range(2), 2, "booting", slow=True):
            pool.submit(progress.carry_task_log(progress.log_line), "from a thread").result()
    lines = [line.partition(" ")[2] for line in (tmp_path / "task.log").read_text().splitlines()]
    assert lines == [
        "booting: 2", "booting: 1 of 2", "from a thread", "booting: 2 of 2", "from a thread", "booting: done"
    ]  # fmt: skip


def test_many_steps_of_slow_work_are_a_line_a_tenth(tmp_path: Path) -> None:
    with progress.open_task_log(tmp_path / "task.log"):
        list(progress.track_progress(range(1000), 1000, "placing", slow=True))
    assert len((tmp_path / "task.log").read_text().splitlines()) == 12


def test_a_sentence_has_the_first_names_and_the_log_all_of_them(tmp_path: Path) -> None:
    with progress.open_task_log(tmp_path / "a.log"):
        assert progress.join_names(["a", "b", "c"], 1) == "a and 2 more"
        assert progress.join_names(["d", "e"], 2, " or ") == "d or e"
    log = (tmp_path / "a.log").read_text()
    assert "all 3 of them:\n    a\n    b\n    c\n" in log
    assert "    d" not in log
