# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates as files: what goes in comes out, and damage is told."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from smedoit.jigdo import format, template
from smedoit.jigdo.format import FileRegion, JigdoError

IMAGE = random.Random("image").randbytes(700_000) + bytes(400_000)
PARTS = [
    FileRegion(2048, 300_000, "x86_64/a.rpm", "00" * 16, 1),
    FileRegion(400_000, 5000, "x86_64/b.rpm", "11" * 16, 2),
]
REST = IMAGE[:2048] + IMAGE[302_048:400_000] + IMAGE[405_000:]
MD5 = hashlib.md5(IMAGE).hexdigest()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "image.iso").write_bytes(IMAGE)
    target = tmp_path / "image.template"
    template.write_template(tmp_path / "image.iso", format.image_regions(PARTS, len(IMAGE)), MD5, target)
    return target


def test_it_holds_what_no_mirror_has_and_nothing_else(written: Path) -> None:
    assert b"".join(template.read_template_data(written)) == REST


def test_no_piece_unpacks_to_more_than_a_reader_must_hold(written: Path) -> None:
    assert {len(piece) for piece in template.read_template_data(written)} == {
        template.PIECE,
        len(REST) % template.PIECE,
    }


def test_it_says_what_the_image_is_made_of(written: Path) -> None:
    found = template.read_template(written)
    assert (found.size, found.md5) == (len(IMAGE), MD5)
    assert [(region.offset, region.size) for region in found.regions if isinstance(region, FileRegion)] == [
        (region.offset, region.size) for region in PARTS
    ]


def test_what_compresses_well_takes_little_room(written: Path) -> None:
    assert written.stat().st_size < len(REST) - 390_000


def test_an_image_without_any_part_goes_into_its_template(tmp_path: Path) -> None:
    (tmp_path / "image.iso").write_bytes(IMAGE)
    template.write_template(tmp_path / "image.iso", format.image_regions([], len(IMAGE)), MD5, tmp_path / "t")
    assert b"".join(template.read_template_data(tmp_path / "t")) == IMAGE


@pytest.mark.parametrize("left", [0, 5, 20, 1000, -1, -40])
def test_a_template_that_was_cut_short_is_refused(written: Path, left: int) -> None:
    written.write_bytes(written.read_bytes()[:left])
    with pytest.raises(JigdoError):
        template.read_template(written)


def test_a_file_that_is_no_template_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"JigsawDownload template 2.0 other/1 \r\n\r\n\r\n" + bytes(100))
    with pytest.raises(JigdoError, match="does not begin as"):
        template.read_template(tmp_path / "t")


def test_a_damaged_piece_is_refused(written: Path) -> None:
    data = bytearray(written.read_bytes())
    data[5000] ^= 1
    written.write_bytes(data)
    with pytest.raises(JigdoError, match="a piece of it is damaged"):
        list(template.read_template_data(written))
