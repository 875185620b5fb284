# SPDX-License-Identifier: GPL-3.0-or-later
"""Python 3 sources of the overlay images, held against the grammar of the Python that a base's installer runs with."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

from smedoit.bases.enterprise_linux import PythonRuntime
from smedoit.installer.python27_rules import check_python27
from smedoit.installer.python27_tokens import Python27Error, decode_source

LARGEST = 256 << 10  # bytes of a source; the largest of anaconda has 120,000
DEEPEST = 200  # brackets within each other, as CPython's tokenizer counts
KEYWORDS_SINCE = (3, 7)  # async and await
SAME_GRAMMAR = (3, 9)  # since when Python has the parser that it has today
STRINGS_SINCE = (3, 12)  # f-strings with any expression in them
OPENING, CLOSING = "([{", ")]}"


@dataclass(frozen=True)
class Python3Fault:
    """Why a version of Python 3 would not compile a source: line and reason, and whether that is certain."""

    line: int
    reason: str
    is_certain: bool = True

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


def find_python3_fault(data: bytes, python: PythonRuntime) -> Python3Fault | None:
    """Return why a version of Python 3 would not compile a source, None if it would."""
    if len(data) > LARGEST:
        return Python3Fault(1, f"is larger than {LARGEST >> 10} KiB, more than anybody writes")
    try:
        text = _decode_python3(data)
    except ValueError as error:
        return Python3Fault(1, str(error))
    if "\0" in text:
        return Python3Fault(1, "holds a null byte")
    if line := _too_deep(text):
        return Python3Fault(line, f"has more than {DEEPEST} brackets within each other")
    try:
        fault = _find_grammar_fault(text, python)
    except RecursionError:
        return Python3Fault(1, "nests deeper than Python can compile")
    if fault and _is_python2(data):
        reason = f"{fault.reason}; it is Python 2, and the installer runs with {python}"
        return Python3Fault(fault.line, reason)
    return fault


def find_absent_modules(data: bytes, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield line and name of each module of pyanaconda that a source imports, and that is not among the known ones.

    Of what stands in a try nothing is said, for the source itself takes care of what is not there.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(_decode_python3(data))
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return
    caught = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Try) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            if name.partition(".")[0] == "pyanaconda" and name not in known and id(node) not in caught:
                yield node.lineno, name  # type: ignore[attr-defined]


def _decode_python3(data: bytes) -> str:
    """Return a source as Python 3 decodes it: UTF-8, or what its first lines declare. Raises ValueError."""
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return io.TextIOWrapper(io.BytesIO(data), encoding, newline=None).read()
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise ValueError(f"cannot be decoded: {error.args[0] if isinstance(error, SyntaxError) else error}") from None


def _too_deep(text: str) -> int:
    """Return the line in which brackets may be too deep, counted without regard to strings; 0 for none.

    What is deep in strings and comments alone is let pass: they close no more than they open.
    """
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        for letter in line:
            depth += (letter in OPENING) - (letter in CLOSING)
            if depth > 2 * DEEPEST:
                return number
        depth = max(depth, 0)
    return 0


def _find_grammar_fault(text: str, python: PythonRuntime) -> Python3Fault | None:
    """Return the first fault by parso's grammar of a version and by the grammar of the Python that runs here.

    parso knows no match, no except*, no f-string in an f-string; Python's own parser takes some newer things for old.
    """
    said, ours = _parso_fault(text, python), _own_fault(text, python)
    is_newer = sys.version_info[:2] >= python.version
    if isinstance(ours, TabError):
        return Python3Fault(ours.lineno or 1, ours.msg)
    if said is None:
        certain = is_newer and python.version >= SAME_GRAMMAR and isinstance(ours, SyntaxError)
        return Python3Fault(ours.lineno or 1, ours.msg) if certain and isinstance(ours, SyntaxError) else None
    if python.version < KEYWORDS_SINCE and re.search(r"\b(?:async|await)\b", text.split("\n")[said.line - 1]):
        return None  # which were names then
    if ours is None and python.version >= SAME_GRAMMAR:
        is_text = "string" in said.reason.lower() and python.version < STRINGS_SINCE
        return said if is_text else None
    return said if is_newer or python.version < STRINGS_SINCE else replace(said, is_certain=False)


def _parso_fault(text: str, python: PythonRuntime) -> Python3Fault | None:
    """Return the first fault that parso finds with the grammar of a version."""
    from parso.grammar import load_grammar

    grammar = load_grammar(version=".".join(map(str, python.version)))
    issues = sorted(grammar.iter_errors(grammar.parse(text)), key=lambda issue: issue.start_pos)
    if not issues:
        return None
    kind, _, reason = issues[0].message.partition(": ")
    return Python3Fault(issues[0].start_pos[0], reason or kind)


def _own_fault(text: str, python: PythonRuntime) -> SyntaxError | ValueError | MemoryError | None:
    """Return why the Python that runs here would not compile a source as one of a version; nothing is executed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(ast.parse(text, feature_version=python.version), "source", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, MemoryError) as error:
            return error
    return None


def _is_python2(data: bytes) -> bool:
    """Return whether Python 2.7 would compile a source."""
    try:
        decode_source(data)
        check_python27(data)
    except (Python27Error, RecursionError):
        return False
    return True
