# SPDX-License-Identifier: GPL-3.0-or-later
"""Earlier runs: what is written down, what is read again, and what is said of them."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest

from smedoit.engine import explanation, history
from smedoit.engine.explanation import BRANCHES, PLAIN_BRANCHES, Reason
from smedoit.engine.history import PastRun, PastTask, RunRecorder, read_history
from smedoit.errors import UsageError

NOON = datetime.datetime(2026, 11, 28, 12, 30, tzinfo=datetime.timezone.utc)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "state/history"


def record(place: Path, *, ended: str = history.PASSED) -> RunRecorder:
    run = RunRecorder(place, ["iso"], began=1000.0)
    run.begin_task("tree", ["README.txt changed"])
    run.end_task("tree", history.PASSED, 0.25, "17 files")
    run.begin_task("iso", ["tree changed"])
    run.end_task("iso", ended, 1.5, "87 files", "x.iso")
    run.end_run(ended)
    return run


def test_a_run_is_read_as_it_went(place: Path) -> None:
    record(place)
    (past,) = read_history(place)
    assert (past.number, past.asked, past.began, past.ended) == (1, ("iso",), 1000.0, history.PASSED)
    assert [(task.task, task.reasons, task.seconds, task.said, task.result) for task in past.tasks] == [
        ("tree", ("README.txt changed",), 0.25, "17 files", ""),
        ("iso", ("tree changed",), 1.5, "87 files", "x.iso"),
    ]


def test_a_run_in_which_nothing_happened_leaves_no_file(place: Path) -> None:
    RunRecorder(place, ["iso"]).end_run(history.PASSED)
    assert not place.exists()


def test_of_a_run_that_was_killed_there_is_what_it_had_done(place: Path) -> None:
    run = RunRecorder(place, ["iso"])
    run.begin_task("tree", ["a changed"])
    run.end_task("tree", history.PASSED, 1.0, "done")
    run.begin_task("iso", ["tree changed"])
    assert run.file
    with run.file.open("a") as file:
        file.write('{"ends": "iso", "en')
    (past,) = read_history(place)
    assert (past.ended, past.seconds) == (history.STOPPED, None)
    assert [(task.task, task.ended) for task in past.tasks] == [("tree", history.PASSED), ("iso", history.STOPPED)]


def test_the_oldest_runs_go_and_numbers_go_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT", 3)
    for _ in range(5):
        record(place)
    assert [past.number for past in read_history(place)] == [5, 4, 3]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json\n",
        b'{"format": 99, "asked": [], "began": 0}\n',
        b'{"format": 1}\n',
        b"[1]\n",
        b'{"format": 1, "asked": ["iso"], "began": 1}\n{"begins": "iso"}\n',
        b'{"format": 1, "asked": ["iso"], "began": 1}\n[]\n',
        b'{"format": 1, "asked": ["iso"], "began": "x"}\n',
        b"\xff\xfe",
        b'{"format": 1, "asked": ["iso"], "began": 1e18}\n',
        b'{"format": 1, "asked": ["iso"], "began": 1%s}\n' % (b"0" * 400),
        b'{"format": 1, "asked": ["iso"], "began": 1}\n{"ends": "iso", "ended": "", "seconds": "x", "said": ""}\n',
    ],
)
def test_a_file_that_is_no_record_is_passed_over(place: Path, content: bytes) -> None:
    record(place)
    (place / "000007.jsonl").write_bytes(content)
    (place / "000008.jsonl").mkdir()
    os.mkfifo(place / "000009.jsonl")
    assert [past.number for past in read_history(place)] == [1]


def test_what_is_read_can_be_shown_whatever_was_written(place: Path) -> None:
    record(place)
    (place / "000002.jsonl").write_text(
        '{"format": 1, "asked": ["iso"], "began": 1}\n{"begins": ["iso"], "reasons": [3], "began": 1}\n'
        '{"ends": ["iso"], "ended": 5, "seconds": 2, "said": 7, "result": []}\n'
    )
    past = next(read_history(place))
    assert past.tasks == (PastTask("['iso']", ("3",), 1.0, 2.0, "5", "7", "[]"),)


def test_numbers_go_on_past_six_digits_and_no_more_runs_are_read_than_are_kept(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(place)
    (place / "000001.jsonl").rename(place / "999999.jsonl")
    record(place)
    assert [past.number for past in read_history(place)] == [1000000, 999999]
    monkeypatch.setattr(history, "KEPT", 1)
    assert [past.number for past in read_history(place)] == [1000000]


def test_where_nothing_can_be_written_the_run_goes_on(place: Path) -> None:
    place.parent.mkdir()
    place.write_text("a file")
    record(place)
    assert list(read_history(place)) == []


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("today", "2026-11-28T00:00"),
        ("Yesterday", "2026-11-27T00:00"),
        ("2h", "2026-11-28T10:30"),
        ("90 min ago", "2026-11-28T11:00"),
        ("2 Weeks ago", "2026-11-14T12:30"),
        ("3d", "2026-11-25T12:30"),
        ("1w", "2026-11-21T12:30"),
        ("2026-11-27 14:30+00:00", "2026-11-27T14:30"),
    ],
)
def test_a_time_is_understood_as_people_write_it(text: str, moment: str) -> None:
    assert explanation.parse_since(text, NOON).astimezone(datetime.timezone.utc).isoformat()[:16] == moment


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "-2h", "99999h", "5 months", "2 winters"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        explanation.parse_since(text, NOON)


def test_runs_are_chosen_by_number_or_by_time() -> None:
    kept = [PastRun(3, ["iso"], 2e9), PastRun(2, ["iso"], 5.0)]
    assert explanation.choose_runs(kept, "2", "") == [kept[1]]
    assert explanation.choose_runs(kept, "", "2001-01-01") == [kept[0]]
    with pytest.raises(UsageError, match="there is no run 9; there are 2 to 3"):
        explanation.choose_runs(kept, "9", "")
    with pytest.raises(UsageError, match="one of them says which runs"):
        explanation.choose_runs(kept, 2, "2001-01-01")


def test_reasons_are_drawn_as_a_tree() -> None:
    reasons = [Reason("a changed"), Reason("tree runs first", [Reason("b changed"), Reason("c is new")])]
    assert [*explanation.draw_reasons(reasons, BRANCHES)] == [
        "├─ a changed",
        "└─ tree runs first",
        "   ├─ b changed",
        "   └─ c is new",
    ]
    assert [*explanation.draw_reasons(reasons, PLAIN_BRANCHES)][:2] == ["|- a changed", "`- tree runs first"]


def test_a_past_task_says_how_it_ended() -> None:
    assert explanation.past_words(PastTask("tree", seconds=0.25, ended=history.PASSED)) == "ran first, 0.2 s"
    assert explanation.past_words(PastTask("tree", ended=history.STOPPED)) == "was stopped"
