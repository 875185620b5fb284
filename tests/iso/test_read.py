# SPDX-License-Identifier: GPL-3.0-or-later
"""test_read: media that others wrote, with names as they were typed there"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from smedoit.iso.read import IsoImage
from smedoit.runtime.files import write_file
from tests.harness.tools import need, read_with

DEEP = "1/2/3/4/5/6/7/8/9/10/deep.txt"
NAMES = [b"gr\xfc\xdfe.txt", "쿠잘리.txt".encode(), b"plain.txt", b"sp\xe4t/\xe9t\xe9.txt", DEEP.encode()]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory whose files are called in Latin-1, in UTF-8, and one of them lies deep."""
    for name in NAMES:
        write_file(tmp_path / "tree" / os.fsdecode(name), name)
    return tmp_path


@pytest.mark.parametrize("tool", ["genisoimage", "xorriso"])
def test_names_of_any_encoding_and_deep_directories_are_read_as_they_stand_on_a_foreign_medium(
    place: Path, tool: str
) -> None:
    need(tool)
    command = [tool] if tool == "genisoimage" else [tool, "-as", "mkisofs"]
    read_with(*command, "-quiet", "-R", "-o", place / "medium.iso", place / "tree")
    image = IsoImage(place / "medium.iso")
    assert {os.fsencode(name): image.read(name) for name in image.records} == {name: name for name in NAMES}
