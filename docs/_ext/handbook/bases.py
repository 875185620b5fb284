# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what differs between the bases, from their values and the docstrings of their classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from handbook.words import HandbookError, code, escaped
from smedoit.bases.enterprise_linux import Base
from smedoit.config.explained import parse_docstring
from smedoit.release.majors import MAJORS

HEADING = ("name",)  # fields that head the columns
PRACTICE = ("upstream",)  # of doit sample alone
LONG = ("options",)  # lists of words that no cell holds
DOTTED = ("version", "gtk")  # whose numbers are parts of one


def as_markdown(bases: Sequence[Base]) -> str:
    """Return the table: a line for each thing that is not the same for all bases."""
    columns = [f"{code(base.name)}, SME Server {MAJORS[base.name].major}" for base in bases]
    lines = [f"| | {' | '.join(columns)} |", "|---|" + "---|" * len(bases)]
    for title, values in walk_values(bases, ""):
        shown = [_in_words(value) for value in values]
        if len({*shown}) > 1:
            lines.append(f"| {title} | {' | '.join(shown)} |")
    return "\n".join(lines)


def walk_values(values: Sequence[Any], above: str) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield (what it is, its value in each) for every field of values of one class, and of what those consist of.

    Raises HandbookError for a field that its class does not explain.
    """
    kind = type(values[0])
    entries = parse_docstring(kind.__doc__ or "").entries
    for one in fields(kind):
        if one.name in (*HEADING, *PRACTICE, *LONG) and not above:
            continue
        if one.name not in entries:
            raise HandbookError(f"{kind.__name__}.{one.name}: its class docstring has no line that explains it")
        inner = [getattr(value, one.name) for value in values]
        title = f"{above}{escaped(entries[one.name].partition(':')[0])}"
        if one.name in DOTTED:
            inner = [".".join(map(str, value)) for value in inner]
        yield from _walk_inner(one.name, title, inner)


def _walk_inner(name: str, title: str, values: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the lines of one field, of each part of it where it has parts."""
    if is_dataclass(values[0]):
        yield from walk_values(values, f"{code(name)}: ")
    elif isinstance(values[0], Mapping) and any(is_dataclass(part) for part in values[0].values()):
        for key in values[0]:
            yield from walk_values([value[key] for value in values], f"{key.upper()}: ")
    else:
        yield title, values


def _in_words(value: object) -> str:
    """Return a value as a cell of the table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return code(str(value.value))
    if isinstance(value, (tuple, Mapping)):
        return ", ".join(_in_words(part) for part in value) or "none"
    return code(str(value)) if value != "" else "none"
