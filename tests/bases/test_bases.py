# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between bases stands in one value each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import ALL_FIRMWARE, Base
from smedoit.bases.known import BASES, USUAL, find_base
from tests.harness.project import PROJECT

EACH = pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))


@EACH
def test_a_base_is_found_by_its_name(base: Base) -> None:
    assert find_base(base.name) is base


@EACH
def test_a_base_says_what_each_firmware_starts(base: Base) -> None:
    assert tuple(base.boots) == ALL_FIRMWARE
    for boot in base.boots.values():
        assert boot.menu in boot.texts


def test_the_usual_one_is_that_of_all_releases_so_far() -> None:
    assert USUAL.name == "el7"


def test_nobody_else_asks_which_base_it_is() -> None:
    asked = re.compile(r"""(?:[=!]=|\bin\b|\bis\b)\s*\(?(?:["']el\d+["']|EL\d+\b)""")
    sources = [path for path in Path(PROJECT, "smedoit").rglob("*.py") if path.parent.name != "bases"]
    assert [path for path in sources if asked.search(path.read_text())] == []
