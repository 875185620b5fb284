# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines get of a report: its lists by their reason, everything in them, and what to do."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smedoit.engine.json_report import format_task_json
from smedoit.errors import VerifyError, format_grouped


def told(report: str, *lines: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        format_task_json("verify", report.partition("\n")[0], report, lines, passed=False)
    )
    return found


def test_findings_come_by_their_reason_and_whole() -> None:
    faults = {"not signed": [f"{number:03}.rpm" for number in range(100)], "damaged": ["b.rpm"]}
    error = VerifyError(f"a.iso:\n{format_grouped(faults)}", hint="make it again")
    assert told(str(error)) == {
        "task": "verify", "passed": False, "did": "a.iso", "findings": faults, "lines": ["a.iso:"],
        "hint": "make it again",
    }  # fmt: skip


def test_what_is_in_no_list_is_in_the_lines_with_what_was_shown_before() -> None:
    assert told("two media\nfirst\n  of it", "link none -> 10")["lines"] == [
        "link none -> 10", "two media", "first", "  of it",
    ]  # fmt: skip


def test_what_belongs_to_a_finding_stays_with_it() -> None:
    assert told("x:\n  unmet:\n    a needs b\n      smetest has b\n    c needs d")["findings"] == {
        "unmet": ["a needs b\nsmetest has b", "c needs d"]
    }


@given(st.text("ab:\n -", max_size=80))
def test_no_line_is_lost(report: str) -> None:
    document = told(report)
    listed = [subject for subjects in document["findings"].values() for subject in subjects]
    kept = "\n".join([*document["lines"], *document["findings"], *listed, document["hint"]])
    for line in report.splitlines():
        assert line.strip().rstrip(":") in kept
