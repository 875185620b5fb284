# SPDX-License-Identifier: GPL-3.0-or-later
"""The threat model names tests that are there: a promise without a test is none."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs/explanation/threat-model.md"
NAMED, DEFINED = re.compile(r"`(test_\w+)`"), re.compile(r"^\s*def (test_\w+)\(", re.MULTILINE)
ROW = re.compile(r"^\| .* \| .* \| (.*) \|$")


def test_every_test_that_it_names_is_there() -> None:
    defined = {name for file in (PROJECT / "tests").rglob("test_*.py") for name in DEFINED.findall(file.read_text())}
    assert sorted(set(NAMED.findall(PAGE.read_text())) - defined) == []


def test_every_attack_has_a_test() -> None:
    table = PAGE.read_text().partition("<!-- attacks -->")[2].partition("\n## ")[0]
    rows = [row.group(1) for row in map(ROW.match, table.splitlines()) if row][1:]
    assert len(rows) > 30
    assert [row for row in rows if not NAMED.search(row)] == []
