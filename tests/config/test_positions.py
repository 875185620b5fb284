# SPDX-License-Identifier: GPL-3.0-or-later
"""test_positions: the parser itself is the judge of every place that is found"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smedoit.config.positions import KeyPath, locate_keys
from smedoit.config.toml import parse_toml
from smedoit.errors import ConfigError

SAMPLE = Path(__file__).parents[2] / "release.toml"
FILE = Path("release.toml")
HARD = "\n".join(
    [
        '# [no.heading] and key = "value" in a comment',
        'title = "a # b" # = [x]',
        "[ \"quoted.name\" . 'single' ]    # blanks in a heading",
        "a.b . c = 1",
        'text = """',
        "[not.a.heading]",
        'key = "no key"',
        '\\""" still inside """"',
        'raw = """" a quote first"""',
        "literal = '''",
        '" = "x"',
        "'''''",
        "more = 'C:\\dir' ",
        "[[list]]",
        "name='one'",
        "[list.inner]",
        "x = { p = 1, q.r = [ { s = 2 }, # [",
        "  { s = 3 },",
        " ] }",
        "[[list]]",
        "[[list.deep]]",
        "[[list.deep]]",
        "last = 1979-05-27 07:32:00 # date",
        "",
    ]
)


def paths(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the path of everything in parsed TOML, and what stands there."""
    if path:
        yield path, value
    for name, entry in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from paths(entry, (*path, name))


def check_positions(text: str) -> int:
    """Hold every position against the parser: what it reads from there must be the key, or the value."""
    document = parse_toml(text, FILE)
    found = locate_keys(text)
    lines = text.replace("\r\n", "\n").split("\n")
    checked = 0
    for path, value in paths(document):
        line, column = found.of_value(path)
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        if path in found.values and not rest.startswith("["):
            assert reads_as(rest, value), (path, rest)
            checked += 1
        if isinstance(path[-1], str) and path in found.keys:
            line, column = found.of_key(path)
            assert begins_with_key(lines[line - 1][column - 1 :], path[-1]), (path, lines[line - 1])
            checked += 1
        assert path in found.values or isinstance(value, dict), path
    return checked


def reads_as(rest: str, value: Any) -> bool:
    """Return whether TOML text that begins with a value means that value: cut where the parser takes the whole."""
    for end in range(1, len(rest) + 1):
        try:
            read = parse_toml(f"x = {rest[:end]}", FILE)
        except ConfigError:
            continue
        if read == {"x": value}:
            return True
    return False


def begins_with_key(text: str, key: str) -> bool:
    """Return whether a line goes on with a key."""
    part = re.match(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""", text)
    return part is not None and list(parse_toml(f"{part.group()} = 1", FILE)) == [key]


def test_every_key_and_value_of_our_own_file_is_found() -> None:
    assert check_positions(SAMPLE.read_text("utf-8")) > 150


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_multi_line_strings_dotted_keys_inline_tables_and_arrays_of_tables_are_seen_through(end: str) -> None:
    assert check_positions(HARD.replace("\n", end)) > 20


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("title",), 2, 1),
        (("quoted.name", "single"), 3, 19),
        (("quoted.name", "single", "a", "b", "c"), 4, 7),
        (("list", 0, "inner", "x", "q", "r", 1, "s"), 18, 5),
        (("list", 1, "deep", 1, "last"), 23, 1),
        (("list", 1, "deep", 1, "absent"), 22, 8),
        (("list", 7), 14, 3),
        (("absent", "more"), 1, 1),
    ],
)
def test_a_key_has_its_line_and_column_and_what_is_absent_those_of_its_table(
    path: KeyPath, line: int, column: int
) -> None:
    assert locate_keys(HARD).of_key(path) == (line, column)


@pytest.mark.parametrize("text", ["a = ", "[", "[[x", "a = [1", "a = {", "= 1", "a = [" * 5000, "\x00", "a.", "'"])
def test_a_text_that_is_no_toml_is_looked_through_as_far_as_it_goes(text: str) -> None:
    assert locate_keys(text).of_key(("a",)) == (1, 1)


# Whatever TOML somebody writes

NAMES = st.sampled_from(["a", "b", "c-1", '"a"', '"b.c"', "'d e'", '"\\u00e4"'])
BLANKS = st.sampled_from(["", " ", "\t", "  "])
SCALARS = st.sampled_from(
    ["1", "-7", "true", "1.5", "inf", '"x"', '"a # ] } , ="', "'c:\\'", "2026-11-01", "2026-11-01 12:00:00Z",
     '"""a\n[b]\nc = 1"""', "'''\n# x\n'''", '""" \\""" """', '""""""', "''''''", '"""""x"""""', '"\\\\"', '"ü"']
)  # fmt: skip


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    """Return a value of TOML, in any of its spellings."""
    kind = draw(st.sampled_from(["scalar", "scalar", "array", "table"])) if depth else "scalar"
    if kind == "scalar":
        return draw(SCALARS)
    gap = draw(st.sampled_from(["", " ", "\n", " # [x] = {\n"])) if kind == "array" else draw(BLANKS)
    if kind == "array":
        entries = draw(st.lists(values(depth=depth - 1), max_size=3))
        comma = draw(st.sampled_from(["", ","])) if entries else ""
        return f"[{gap}{f'{gap},{gap}'.join(entries)}{gap}{comma}{gap}]"
    names = draw(st.lists(NAMES, unique=True, max_size=3))
    pairs = [f"{name}{draw(BLANKS)}={draw(BLANKS)}{draw(values(depth=depth - 1))}" for name in names]
    return f"{{{gap}{f'{gap},{gap}'.join(pairs)}{gap}}}"


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Return lines that are often TOML: headings, pairs and comments in any order."""
    lines = []
    for _ in range(draw(st.integers(1, 8))):
        parts = draw(st.lists(NAMES, min_size=1, max_size=3))
        blank = draw(BLANKS)
        dotted = f"{blank}.{blank}".join(parts)
        lines.append(
            draw(
                st.sampled_from([f"[{blank}{dotted}{blank}]", f"[[{dotted}]]", "# x = [", ""])
                | st.builds(lambda value, blank=blank, dotted=dotted: f"{blank}{dotted} ={blank}{value}", values())
            )
        )
    return draw(st.sampled_from(["\n", "\r\n"])).join([*lines, ""])


@settings(max_examples=50)
@given(documents())
def test_every_position_in_any_toml_is_where_the_parser_reads_the_same(text: str) -> None:
    try:
        parse_toml(text, FILE)
    except ConfigError:
        locate_keys(text)
        return
    check_positions(text)
