# SPDX-License-Identifier: GPL-3.0-or-later
"""One shape for what checks find, and how it is reported."""

from __future__ import annotations

import pytest

from smedoit.checks.result import (
    CheckResult,
    format_check_table,
    format_failed_checks,
    report_check,
    waive_failures,
)
from smedoit.errors import CheckError

PASSED = CheckResult("verify", "inputs unchanged since it passed")
FAILED = CheckResult("boot_test", "not passed", ("not passed for a.iso",), "run: doit boot_test")
WAIVED = CheckResult("closure", "dependencies met", waivers=(("a needs b", "legacy"),), unused=('package = "c"',))


@pytest.mark.parametrize(("result", "verdict"), [(PASSED, "passed"), (FAILED, "failed"), (WAIVED, "waived")])
def test_a_check_passed_failed_or_is_waived(result: CheckResult, verdict: str) -> None:
    assert result.verdict == verdict
    assert (result.passed, result.failed, result.waived).count(True) == 1


def test_a_check_of_which_only_some_failures_are_waived_failed() -> None:
    assert CheckResult("a", "", ("x",), waivers=(("y", "why"),)).verdict == "failed"


def test_a_failure_that_blocks_is_an_error_with_what_to_do() -> None:
    with pytest.raises(CheckError) as refused:
        report_check(FAILED, blocks=True)
    assert str(refused.value) == "not passed:\n  not passed for a.iso\n  hint: run: doit boot_test"


def test_a_failure_that_does_not_block_is_a_warning_with_the_same_text() -> None:
    assert report_check(FAILED, blocks=False) == {
        "did": "warning: not passed; see the log",
        "result": "not passed:\n  not passed for a.iso\n  hint: run: doit boot_test",
    }


def test_waivers_are_counted_and_told_with_their_reasons_and_the_unused_ones_with_what_to_do() -> None:
    assert report_check(WAIVED, blocks=True) == {
        "did": "dependencies met, 1 waived, 1 unused waiver",
        "result": "dependencies met\nwaived: a needs b: legacy\n"
        'unused waiver, remove it from release.toml: package = "c"',
    }


def test_a_failure_is_waived_by_a_reason_only() -> None:
    assert waive_failures(FAILED, "") == FAILED
    assert waive_failures(FAILED, "no qemu here").waivers == (("not passed for a.iso", "no qemu here"),)


def test_the_table_says_why_and_what_to_run() -> None:
    waived = waive_failures(CheckResult("signed", "", ("nothing is signed",), "run: doit sign"), "practice")
    assert format_check_table([PASSED, FAILED, waived]) == [
        "verify     passed  inputs unchanged since it passed",
        "boot_test  failed  not passed for a.iso              run: doit boot_test",
        "signed     waived  nothing is signed                 reason: practice",
    ]
    assert format_failed_checks([PASSED, FAILED, waived]) == ["boot_test  not passed for a.iso  run: doit boot_test"]
    assert format_check_table([]) == format_failed_checks([PASSED]) == []
