# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task reports, for machines: the same sentences as for people, taken apart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from smedoit.runtime.outline import HINT, OutlineEntry, parse_outline


def format_task_json(name: str, did: str, report: str, lines: Sequence[str] = (), *, passed: bool) -> str:
    """Return the JSON document of a task.

    did     what it came to, in one line
    report  all that it says, as people get it
    lines   what it has shown while it ran

    findings has reason -> what it holds for; what stands in no such list is in lines.
    """
    findings: dict[str, list[str]] = {}
    rest, hints = [*lines], list[str]()
    for entry in parse_outline(report):
        _sort_entry(entry, findings, rest, hints)
    document = {
        "task": name, "passed": passed, "did": did.rstrip(":"), "findings": findings, "lines": rest,
        "hint": "\n".join(hints),
    }  # fmt: skip
    return dump_json(document)


def dump_json(document: object) -> str:
    """Return a document as people can read it, too."""
    return json.dumps(document, ensure_ascii=False, indent=1)


def _sort_entry(entry: OutlineEntry, findings: dict[str, list[str]], rest: list[str], hints: list[str]) -> None:
    """Put a line and what belongs to it where it belongs."""
    text = entry.line.strip()
    if entry.is_hint:
        hints.append("\n".join([text.removeprefix(HINT), *_lines_below(entry.entries)]))
    elif text.endswith(":") and entry.entries and not any(below.line.endswith(":") for below in entry.entries):
        listed = [below for below in entry.entries if below.is_listed]
        findings.setdefault(text[:-1], []).extend(
            "\n".join([below.line.strip(), *_lines_below(below.entries)]) for below in listed
        )
        for below in entry.entries:
            if below.is_hint:
                _sort_entry(below, findings, rest, hints)
    elif text:
        rest.append(entry.line.rstrip())
        for below in entry.entries:
            _sort_entry(below, findings, rest, hints)


def _lines_below(entries: Iterable[OutlineEntry]) -> list[str]:
    """Return all lines of entries, as they are indented among themselves."""
    found: list[str] = []
    for entry in entries:
        found += [entry.line.strip(), *(f"  {line}" for line in _lines_below(entry.entries))]
    return found
