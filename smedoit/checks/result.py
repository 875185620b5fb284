# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found, in one shape for all of them: passed, failed, or waived with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from smedoit.errors import CheckError, format_count
from smedoit.runtime import progress

PASSED, FAILED, WAIVED = "passed", "failed", "waived"


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    name     of the check, as release.toml and its task have it
    summary  what it came to in one line; for a check that failed, what is wrong
    failures one sentence each
    fix      what to do about the failures
    waivers  (what would have failed, the reason that release.toml gives)
    unused   waivers of release.toml that nothing matches, as it spells them
    details  the failures as a report, for a check that can say more than one sentence each
    notes    what else the log should tell
    """

    name: str
    summary: str
    failures: tuple[str, ...] = ()
    fix: str = ""
    waivers: tuple[tuple[str, str], ...] = ()
    unused: tuple[str, ...] = ()
    details: str = ""
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether something is wrong that nothing waives."""
        return bool(self.failures)

    @property
    def waived(self) -> bool:
        """Whether all that is wrong is waived."""
        return not self.failures and bool(self.waivers)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong at all."""
        return not self.failures and not self.waivers

    @property
    def verdict(self) -> str:
        """passed, failed or waived."""
        return FAILED if self.failed else WAIVED if self.waived else PASSED

    def __str__(self) -> str:
        return "  ".join(filter(None, (self.name, self.verdict, *_verdict_columns(self))))


def waive_failures(result: CheckResult, reason: str) -> CheckResult:
    """Return a result with all its failures waived, as it is without a reason."""
    if not reason:
        return result
    return replace(
        result, failures=(), waivers=(*result.waivers, *((failure, reason) for failure in result.failures)), details=""
    )


def report_check(result: CheckResult, *, blocks: bool) -> Mapping[str, str]:
    """Return a check's outcome for its task, in one line and whole; what is waived stands in both and in the log.

    blocks  whether a failure ends the build, as it does for a final release; a test release is warned

    Raises CheckError if it failed and blocks.
    """
    details = result.details or "\n".join(f"  {failure}" for failure in result.failures)
    if result.failed and blocks:
        raise CheckError(f"{result.summary}:\n{details}", hint=result.fix)
    lines = [
        *result.notes,
        *(f"waived: {what}: {reason}" for what, reason in result.waivers),
        *(f"unused waiver, remove it from release.toml: {waiver}" for waiver in result.unused),
    ]
    for line in lines:
        progress.log_line(line)
    counts = "".join(
        f", {what}"
        for what in (f"{len(result.waivers)} waived", format_count(len(result.unused), "unused waiver"))
        if not what.startswith("0 ")
    )
    if not result.failed:
        return {"did": result.summary + counts, "result": "\n".join([result.summary, *lines])}
    progress.log_line(f"{result.summary}:\n{details}")
    whole = [f"{result.summary}:", details, f"  hint: {result.fix}", *lines]
    return {"did": f"warning: {result.summary}{counts}; see the log", "result": "\n".join(whole)}


def format_check_table(results: Iterable[CheckResult]) -> list[str]:
    """Return a line for every check: name, verdict, why, and the command that helps."""
    return _align_columns([(result.name, result.verdict, *_verdict_columns(result)) for result in results])


def format_failed_checks(results: Iterable[CheckResult]) -> list[str]:
    """Return a line for every check that failed: name, why, and the command that helps."""
    return _align_columns([(result.name, *_verdict_columns(result)) for result in results if result.failed])


def _verdict_columns(result: CheckResult) -> tuple[str, str]:
    """Return why a check stands as it does, and what to do about it, or why nothing has to be done."""
    if result.failed:
        return "; ".join(result.failures), result.fix
    if result.waived:
        return "; ".join(what for what, _ in result.waivers), "; ".join(
            dict.fromkeys(f"reason: {reason}" for _, reason in result.waivers)
        )
    return result.summary, ""


def _align_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
