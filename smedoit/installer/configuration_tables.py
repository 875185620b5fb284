# SPDX-License-Identifier: GPL-3.0-or-later
"""What each anaconda asks its configuration for, and what its own files decide: tables beside this file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CONFIGURATIONS = Path(__file__).with_name("configurations")
OPTIONAL = "optional "  # before the kind of a key that no file need have
HEADLINE = re.compile(r"\[([^]]+)\]")
FILE = "==> "  # before the name of a stock file; behind one that is not certain stands why


@dataclass(frozen=True)
class ConfigurationKey:
    """A key that anaconda asks for.

    kind         "bool", "text", "list", "size", "one", "words", "partitions", "sizes", "policies" or "devices"
    choices      the values of "one", the counts of "words", and what stands without a value in "partitions"
    is_optional  whether the configuration may do without it
    """

    kind: str
    choices: tuple[str, ...] = ()
    is_optional: bool = False


@cache
def configuration_keys(anaconda: str) -> Mapping[tuple[str, str], ConfigurationKey]:
    """Return (section, key) -> what is asked for, of a version of anaconda."""
    return dict(_read_keys((CONFIGURATIONS / f"{anaconda}-keys.txt").read_text(encoding="ascii")))


def _read_keys(text: str) -> Iterator[tuple[tuple[str, str], ConfigurationKey]]:
    """Yield the keys of a table."""
    section = ""
    for line in text.splitlines():
        key, sign, said = line.partition(": ")
        if heading := HEADLINE.fullmatch(line):
            section = heading[1]
        elif sign and not line.startswith("#"):
            kind, *choices = said.removeprefix(OPTIONAL).split()
            yield (section, key), ConfigurationKey(kind, tuple(choices), said.startswith(OPTIONAL))


@cache
def anaconda_modules(anaconda: str) -> frozenset[str]:
    """Return the dotted names of the modules of pyanaconda, of a version of anaconda."""
    text = (CONFIGURATIONS / f"{anaconda}-modules.txt").read_text(encoding="ascii")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


@dataclass(frozen=True)
class StockFile:
    """One of the runtime's own files: its text, with the keys that are asked for here, and whether it is sure to be."""

    text: str
    is_certain: bool = True


@cache
def stock_files(anaconda: str) -> Mapping[str, StockFile]:
    """Return path below etc/anaconda -> one of the runtime's own files."""
    text = (CONFIGURATIONS / f"{anaconda}-stock.txt").read_text(encoding="ascii")
    parts = (part.partition("\n") for part in f"\n{text}".split(f"\n{FILE}")[1:])
    return {head.partition(" ")[0]: StockFile(body, " " not in head) for head, _, body in parts}
