# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user can get wrong, as sentences: what is wrong, where, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NUMBER = re.compile(r"[0-9]+")


class SmeError(Exception):
    """The release cannot be built as asked. Its text is all that the user sees."""

    def __init__(self, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{problem}\n  hint: {hint}" if hint else problem)


class ConfigError(SmeError):
    """release.toml asks for something impossible, or does not say what it must."""


class UsageError(SmeError):
    """The command line asks for something that there is not: a task, an option, a variable, a directory."""


class PackageError(SmeError):
    """RPMs that must not go on the medium: damaged, unsigned, ambiguous or misnamed."""


class ContentError(SmeError):
    """The content tree, the boot set or the translations lack or contradict something."""


class FileError(SmeError):
    """A file cannot be read or written: absent, forbidden, no room, a link that leads astray."""


class SignError(SmeError):
    """The key of [signing] cannot sign, or what it signed cannot be checked."""


class NetworkError(SmeError):
    """Something from outside cannot be had: unreachable, refused, not what it should be, or not to be trusted."""


class CheckError(SmeError):
    """A check failed that a final release must pass, and no waiver says why it may."""


class PublishError(SmeError):
    """What mirrors replicate must not be changed as asked: a check failed, a place is taken, no room, no marker."""


class VerifyError(SmeError):
    """A finished artifact does not say what it should when it is read back."""


class DifferenceError(SmeError):
    """Two releases were compared, and are not the same: no fault, but what diff answers with 1."""


def format_grouped(complaints: Mapping[str, Iterable[str]]) -> str:
    """Return one paragraph per reason, each with all of its subjects indented below it.

    complaints  reason -> whatever it holds for; reasons come out sorted, subjects too, by number where they have one

    The log of a task has it whole, the screen the first lines of each list: runtime.outline cuts them.
    """
    lines = []
    for reason in sorted(complaints):
        subjects = [subject.replace("\n", "\\n") for subject in complaints[reason]]  # a name is one line
        subjects.sort(key=lambda subject: (NUMBER.sub(_padded_number, subject), subject))
        lines += [f"  {reason}:", *(f"    {subject}" for subject in subjects)]
    return "\n".join(lines)


def _padded_number(digits: re.Match[str]) -> str:
    """Return a number so that line 9 is sorted before line 10."""
    return digits.group().zfill(12)


def os_error_text(error: OSError) -> str:
    """Return the operating system's own words for error, without Python's decoration."""
    return (error.strerror or str(error)).lower()


def format_count(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 check", "2 checks"."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"


def format_size(size: int) -> str:
    """Return a size as people read it."""
    amount, units = float(size), ["bytes", "KiB", "MiB", "GiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "bytes" else f"{amount:.1f} {units[0]}"


@dataclass
class Findings:
    """What is wrong, grouped by kind; nothing stops at the first fault."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, what: str) -> None:
        """Note one fault."""
        self.found.setdefault(kind, []).append(what)

    @property
    def count(self) -> int:
        """How many faults there are."""
        return sum(map(len, self.found.values()))

    def check(self, good: object, kind: str, what: str) -> None:
        """Note a fault unless good holds."""
        if not good:
            self.add(kind, what)
