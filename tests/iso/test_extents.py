# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of an ISO: kept and read back, or refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.errors import VerifyError
from smedoit.iso import extents
from smedoit.iso.extents import FileExtent, IsoLayout
from smedoit.runtime.files import FileStamp

GOOD = IsoLayout(
    "sme.iso",
    4096,
    "ab" * 32,
    (FileExtent("a b/ä.rpm", 2048, "/tiers/ä.rpm", FileStamp(5, 1793534400_123456789, 42, 7)),),
)


def test_it_is_read_back_as_it_was() -> None:
    assert extents.parse_layout(extents.format_layout(GOOD), Path("x")) == GOOD


def test_a_place_knows_its_size() -> None:
    assert GOOD.extents[0].size == 5


def test_two_layouts_can_be_compared_line_by_line() -> None:
    assert len(extents.format_layout(GOOD).splitlines()) == 1 + len(GOOD.extents) + 1


TEXT = extents.format_layout(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "\udcff",
        TEXT[:-9],
        TEXT.replace('"format": 2', '"format": 1'),
        TEXT.replace("[5,", "[[5],"),
        TEXT.replace("2048", '"x"'),
    ],
)
def test_what_is_no_layout_is_refused_with_its_file_and_what_to_do(text: str) -> None:
    with pytest.raises(VerifyError, match=r"(?s)layout/sme.json: is no layout.*hint: delete it"):
        extents.parse_layout(text, Path("layout/sme.json"))
