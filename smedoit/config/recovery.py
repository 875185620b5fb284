# SPDX-License-Identifier: GPL-3.0-or-later
"""A text that is nearly TOML, read past its wrong lines, so that all that is wrong with it is told at once.

Only a line that is wrong by itself is read past: what is open over many lines could make every later one look wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from smedoit.config.toml import LOST, TomlError, parse_toml

MOST_FAULTS = 20  # lines of one text that are read past
LARGEST = 1 << 17  # characters of a text that is read more than once
KEY = re.compile(r"""[ \t]*([\w-]+(?:[ \t]*\.[ \t]*[\w-]+)*|"[^"\n]*"(?=[ \t]*=)|'[^'\n]*'(?=[ \t]*=))""")
STANDS_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Cannot redefine")


@dataclass
class NearlyToml:
    """What was found of a text.

    faults        every line that is no TOML
    text          that can be read in its stead, line for line; a key whose value is no TOML has the value LOST, and a
                  table whose heading is none is called so; None where the rest cannot be read
    lost_heading  whether a heading is among the faults, so that tables are missing
    """

    faults: list[TomlError] = field(default_factory=list)
    text: str | None = None
    lost_heading: bool = False


def read_past_faults(text: str, file: Path) -> NearlyToml:
    """Return what is no TOML in a text, and what can be read of the rest."""
    lines = text.replace("\r\n", "\n").split("\n")
    found = NearlyToml()
    while len(found.faults) < MOST_FAULTS:
        try:
            parse_toml("\n".join(lines), file)
        except TomlError as error:
            if found.faults and (not error.is_placed or any(error.line == told.line for told in found.faults)):
                break  # what is wrong here follows from what was read past, for all that we know
            found.faults.append(error)
            line = lines[error.line - 1] if error.is_placed and error.line <= len(lines) else ""
            if len(text) > LARGEST or not (error.reason.startswith(STANDS_TWICE) or _is_wrong_alone(line, file)):
                break
            found.lost_heading |= line.lstrip().startswith("[")
            lines[error.line - 1] = _harmless_line(line, error)
        else:
            found.text = "\n".join(lines)
            break
    return found


def _is_wrong_alone(line: str, file: Path) -> bool:
    """Return whether a line is no TOML by itself."""
    try:
        parse_toml(line, file)
    except TomlError:
        return True
    return False


def _harmless_line(line: str, error: TomlError) -> str:
    """Return what stands for a wrong line: a heading that nobody asks for, its key with a lost value, or nothing."""
    if line.lstrip().startswith("["):
        return f'["{LOST}{error.line}"]'
    key = KEY.match(line)
    if key is None or error.reason.startswith(STANDS_TWICE):
        return ""
    return f'{key.group(1)} = "{LOST}"'
