# SPDX-License-Identifier: GPL-3.0-or-later
"""INI texts as Python 3's configparser reads them with its usual settings: .buildstamp, and anaconda's configuration.

Source: configparser.py of Python 3.6, 3.9 and 3.12
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
HEADING = {False: re.compile(r"\[([^]]+)\]"), True: re.compile(r"\[(.+)\]")}  # the second since Python 3.10
GREEDY_SINCE = (3, 10)
OPTION = re.compile(r"(?P<key>.*?)\s*[=:]\s*(?P<value>.*)$")
REFERENCE = re.compile(r"%\(([^)]+)\)s")
DEEPEST = 10  # references in references, as configparser counts
LONGEST, MOST_PIECES = 65536, 1000  # what a value may be, and how many pieces references may make of it
DEFAULTS = "DEFAULT"
SHOWN = 60  # characters of a line in a sentence


@dataclass(frozen=True)
class IniLine:
    """A line as a configparser takes it.

    text     the line with its end
    section  where it stands, or what it begins; "" before the first section
    key      the option that it sets or goes on with, in small letters; "" for none
    value    what it says of that option
    kind     "heading", "option", "continuation", "comment", "blank", or "garbage": the reader gives up
    reason   why it does
    """

    text: str
    kind: str
    section: str
    key: str = ""
    value: str = ""
    reason: str = ""


@dataclass(frozen=True)
class IniValue:
    """A value as it stands, and its line."""

    text: str
    line: int


@dataclass
class IniFile:
    """What an INI text says.

    sections  name -> key in small letters -> value; [DEFAULT] among them
    faults    line and reason of what makes the reader give up
    """

    sections: dict[str, dict[str, IniValue]] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def values_of(self, section: str) -> Mapping[str, IniValue]:
        """Return what a section says, and [DEFAULT] where it says nothing."""
        return {**self.sections.get(DEFAULTS, {}), **self.sections.get(section, {})}


def read_python3_lines(text: str, python: tuple[int, int]) -> Iterator[IniLine]:
    """Yield the lines of an INI text as a version of Python 3 takes them; after garbage, as if it were not there."""
    section = key = ""
    indent = 0
    seen: set[tuple[str, str]] = set()
    for line in LINE.findall(text):
        bare = line.strip()
        at = len(line) - len(line.lstrip())
        if bare.startswith(("#", ";")):
            yield IniLine(line, "comment", section)
        elif not bare:
            yield IniLine(line, "blank", section, key)
        elif key and at > indent:
            yield IniLine(line, "continuation", section, key, bare)
        elif heading := HEADING[python >= GREEDY_SINCE].match(bare):
            indent, section, key = at, heading[1], ""
            again = (section, "") in seen and section != DEFAULTS
            seen.add((section, ""))
            reason = f"[{section[:SHOWN]}] stands there twice, and Python 3 takes that for an error" if again else ""
            yield IniLine(line, "garbage" if again else "heading", section, reason=reason)
        elif not section:
            yield IniLine(line, "garbage", section, reason=f"{bare[:SHOWN]!r} stands before the first [section]")
        else:
            indent = at
            option = OPTION.match(bare)
            if option is None or not option["key"]:
                yield IniLine(line, "garbage", section, reason=f"{bare[:SHOWN]!r} is neither KEY=VALUE nor a comment")
                continue
            key = option["key"].rstrip().lower()
            again = (section, key) in seen
            seen.add((section, key))
            reason = f"{option['key'][:SHOWN]} stands there twice in [{section[:SHOWN]}]" if again else ""
            yield IniLine(line, "garbage" if again else "option", section, key, option["value"].strip(), reason)


def parse_python3_ini(text: str, python: tuple[int, int]) -> IniFile:
    """Return what an INI text says to a version of Python 3."""
    found = IniFile()
    if "\0" in text or text.startswith(("\udcff\udcfe", "\udcfe\udcff")):
        found.faults.append((1, "is UTF-16, or no text; save it as UTF-8"))
        return found
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        number = next(at for at, line in enumerate(LINE.findall(text), 1) if re.search("[\ud800-\udfff]", line))
        found.faults.append((number, "is not UTF-8, which ends the reader; save it as UTF-8"))
        return found
    parts: dict[tuple[str, str], list[str]] = {}
    lines: dict[tuple[str, str], int] = {}
    for number, line in enumerate(read_python3_lines(text, python), 1):
        place = (line.section, line.key)
        if line.kind == "garbage":
            found.faults.append((number, line.reason))
        elif line.kind == "heading":
            found.sections.setdefault(line.section, {})
        elif line.kind == "option":
            parts[place], lines[place] = [line.value], number
        elif line.kind in ("continuation", "blank") and place in parts:
            parts[place].append(line.value)
    for (section, key), said in parts.items():
        found.sections.setdefault(section, {})[key] = IniValue("\n".join(said).rstrip(), lines[section, key])
    return found


def fill_python3_references(text: str, values: Mapping[str, str]) -> str:
    """Return a value with each %(key)s replaced and each %% one. Raises ValueError where Python 3 would."""
    written: list[str] = []
    _fill_some(text, values, written, 1)
    return "".join(written)


def _fill_some(text: str, values: Mapping[str, str], written: list[str], depth: int) -> None:
    """Append a value with its references replaced. Raises ValueError."""
    if depth > DEEPEST or len(text) > LONGEST or len(written) > MOST_PIECES:
        raise ValueError("its %(key)s lead nowhere")
    at = 0
    while (found := text.find("%", at)) >= 0:
        written.append(text[at:found])
        if text.startswith("%%", found):
            written.append("%")
            at = found + 2
            continue
        reference = REFERENCE.match(text, found)
        if reference is None:
            raise ValueError("a single % must be written as %%")
        word = reference[1].lower()
        if word not in values:
            raise ValueError(f"there is no key {reference[1]}; write no %( where none is meant")
        _fill_some(values[word], values, written, depth + 1)
        at = reference.end()
    written.append(text[at:])
