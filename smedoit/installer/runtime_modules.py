# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python modules the installer's runtime has, and their names: tables beside this file, one for each anaconda."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TAKEN = " < "
TABLES = Path(__file__).with_name("modules")
RELEASE = "21.48.22.159"  # of anaconda, in CentOS 7.9: the one that there is a table of
# What Python 3 calls otherwise, or has only there -> what Python 2.7 has instead
RENAMED = {
    "builtins": "__builtin__",
    "configparser": "ConfigParser",
    "html.parser": "HTMLParser",
    "http.client": "httplib",
    "http.server": "BaseHTTPServer",
    "pathlib": "os.path",
    "queue": "Queue",
    "socketserver": "SocketServer",
    "urllib.error": "urllib2",
    "urllib.parse": "urlparse",
    "urllib.request": "urllib2",
}


@dataclass(frozen=True)
class ModuleNames:
    """A module: its names, those that an import of * takes, and whether it may have others.

    has_below  whether it may have modules that nobody knows of
    """

    names: frozenset[str] = frozenset()
    exported: frozenset[str] = frozenset()
    is_open: bool = False
    has_below: bool = False


def public_names(names: frozenset[str]) -> frozenset[str]:
    """Return the names that an import of * takes where there is no __all__."""
    return frozenset(name for name in names if not name.startswith("_"))


@cache
def runtime_modules() -> Mapping[str, ModuleNames]:
    """Return dotted name -> module, for all that the runtime has."""
    return {name: module for table in sorted(TABLES.glob("*.txt")) for name, module in _read_table(table)}


@cache
def runtime_imports() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Return module -> other module -> the names that it takes from the first when it is imported itself."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for table in sorted(TABLES.glob("*.txt")):
        for line in table.read_text(encoding="ascii").splitlines():
            head, _, names = line.partition(":")
            module, sign, other = head.partition(TAKEN)
            if sign and not line.startswith("#"):
                found.setdefault(module, {})[other] = frozenset(names.split())
    return found


def _read_table(table: Path) -> Iterator[tuple[str, ModuleNames]]:
    """Yield the modules of a table."""
    for line in table.read_text(encoding="ascii").splitlines():
        if line.startswith("#") or TAKEN in line:
            continue
        module, _, said = line.partition(":")
        if said.strip() in ("?", "*"):
            yield module, ModuleNames(is_open=True, has_below=said.strip() == "*")
            continue
        words, has_all, exported = said.partition("/")
        names = frozenset(words.split())
        yield module, ModuleNames(names, frozenset(exported.split()) if has_all else public_names(names))
