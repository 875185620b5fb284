# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports as outlines: what is indented belongs to the line above it. They are written whole and shown in part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SHOWN = 20  # entries of one list that the screen has; a wrong key for 1,500 packages still fits on it
HINT = "hint: "


@dataclass
class OutlineEntry:
    """A line of a report, and the lines that belong to it."""

    line: str
    entries: list[OutlineEntry] = field(default_factory=list)

    @property
    def indent(self) -> int:
        """How many blanks it begins with."""
        return len(self.line) - len(self.line.lstrip(" "))

    @property
    def is_hint(self) -> bool:
        """Whether it says what to do."""
        return self.line.lstrip(" ").startswith(HINT)

    @property
    def is_listed(self) -> bool:
        """Whether it is part of a list: no hint, no blank line."""
        return bool(self.line.strip()) and not self.is_hint


def parse_outline(text: str) -> list[OutlineEntry]:
    """Return the outermost lines of a report, each with what belongs to it."""
    top: list[OutlineEntry] = []
    above: list[OutlineEntry] = []
    for line in text.splitlines():
        entry = OutlineEntry(line)
        if not line.strip():
            (above[-1].entries if above else top).append(entry)
            continue
        while above and above[-1].indent >= entry.indent:
            above.pop()
        (above[-1].entries if above else top).append(entry)
        above.append(entry)
    return top


def shorten_report(text: str, most: int = SHOWN) -> tuple[str, bool]:
    """Return a report with the first entries of each of its lists, and whether that leaves any out."""
    lines = list(_first_lines(parse_outline(text), most))
    return "\n".join(line for line, _ in lines), any(count for _, count in lines)


def _first_lines(entries: Sequence[OutlineEntry], most: int) -> Iterable[tuple[str, int]]:
    """Yield (line, how many entries it stands for that are left out)."""
    listed = [entry for entry in entries if entry.is_listed]
    left_out = len(listed) - most
    last = listed[most - 1] if left_out > 0 else None
    dropped = {id(entry) for entry in listed[most:]}
    for entry in entries:
        if id(entry) in dropped:
            continue
        yield entry.line, 0
        yield from _first_lines(entry.entries, most)
        if entry is last:
            yield f"{' ' * entry.indent}… and {left_out} more", left_out
