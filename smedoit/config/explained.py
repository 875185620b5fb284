# SPDX-License-Identifier: GPL-3.0-or-later
"""What the docstrings of settings say of each key; handbook and schema are made from it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ENTRY = re.compile(r"(?P<names>[a-z]\w*(?:, [a-z]\w*)*)  +(?P<words>\S.*)")
OPENING = re.compile(r"(?:The|One|A|An) (?:\[+[\w.]+\]+|\w+) (?:table|entry)(?:: |\.\s*|$)")


@dataclass(frozen=True)
class SettingsDoc:
    """A class docstring: the first line, further paragraphs, and what it says of each field."""

    first: str = ""
    paragraphs: tuple[str, ...] = ()
    entries: Mapping[str, str] = field(default_factory=dict)

    @property
    def purpose(self) -> str:
        """What a table is for, without the words that only repeat its name."""
        text = OPENING.sub("", self.first).removesuffix(".") or self.first.removesuffix(".")
        return text[0].upper() + text[1:] if text.split()[0].isalpha() else text


def parse_docstring(text: str) -> SettingsDoc:
    """Return the parts of a class docstring."""
    prose: list[list[str]] = [[]]
    entries: dict[str, str] = {}
    current: list[str] = []
    for line in inspect.cleandoc(text).splitlines():
        found = ENTRY.fullmatch(line)
        if found:
            current = found["names"].split(", ")
            entries |= dict.fromkeys(current, found["words"].strip())
        elif current and line.startswith(" "):
            entries |= {name: f"{entries[name]} {line.strip()}" for name in current}
        elif line.strip():
            current = []
            prose[-1].append(line.strip())
        else:
            current = []
            prose.append([])
    first, *paragraphs = [" ".join(lines) for lines in prose if lines] or [""]
    return SettingsDoc(first, tuple(paragraphs), entries)
