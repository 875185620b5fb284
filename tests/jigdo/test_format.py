# SPDX-License-Identifier: GPL-3.0-or-later
"""jigdo's formats: what a template and a .jigdo file say, and what they refuse to."""

from __future__ import annotations

import hashlib
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.jigdo import format
from smedoit.jigdo.format import FileRegion, JigdoError, LiteralRegion
from smedoit.runtime import digests

MD5 = hashlib.md5(b"image").hexdigest()


def part(offset: int, size: int, path: str = "x86_64/Packages/a.rpm") -> FileRegion:
    return FileRegion(offset, size, path, hashlib.md5(path.encode()).hexdigest(), offset * 7919)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[FileRegion], int]:
    """Parts with gaps between some of them, in any order, and the size of the image around them."""
    sizes = draw(st.lists(st.integers(1, 10_000), max_size=12))
    gaps = draw(st.lists(st.integers(0, 3000), min_size=len(sizes), max_size=len(sizes)))
    ends = list(accumulate(size + gap for size, gap in zip(sizes, gaps, strict=True)))
    parts = [part(end - size, size, f"x86_64/{n}") for n, (end, size) in enumerate(zip(ends, sizes, strict=True))]
    return draw(st.permutations(parts)), (ends[-1] if ends else 0) + draw(st.integers(1, 5000))


@given(layouts())
def test_regions_cover_an_image_from_end_to_end_without_a_gap(layout: tuple[list[FileRegion], int]) -> None:
    parts, size = layout
    found = format.image_regions(parts, size)
    ends = [region.offset + region.size for region in found]
    assert [region.offset for region in found] == [0, *ends[:-1]]
    assert ends[-1] == size
    assert {region for region in found if isinstance(region, FileRegion)} == set(parts)


@given(layouts())
def test_two_literals_never_follow_each_other(layout: tuple[list[FileRegion], int]) -> None:
    kinds = [isinstance(region, LiteralRegion) for region in format.image_regions(*layout)]
    assert not any(is_literal and next_is_literal for is_literal, next_is_literal in pairwise(kinds))


def test_of_two_names_in_one_place_the_first_is_taken() -> None:
    found = format.image_regions(
        [part(0, 5000, "x86_64/isolinux/vmlinuz"), part(0, 5000, "x86_64/images/vmlinuz")], 5000
    )
    assert found == [part(0, 5000, "x86_64/images/vmlinuz")]


@pytest.mark.parametrize("second", [part(4999, 10, "b"), part(0, 4000, "b"), part(9995, 10, "b")])
def test_parts_that_overlap_or_leave_the_image_are_no_layout(second: FileRegion) -> None:
    with pytest.raises(ValueError, match="overlaps"):
        format.image_regions([part(0, 5000, "a"), second], 10_000)


@given(layouts())
def test_what_a_description_says_is_read_back(layout: tuple[list[FileRegion], int]) -> None:
    found = format.image_regions(*layout)
    read = format.parse_description(format.format_description(found, layout[1], MD5))
    assert (read.size, read.md5) == (layout[1], MD5)
    nameless = [
        region
        if isinstance(region, LiteralRegion)
        else FileRegion(region.offset, region.size, "", region.md5, region.rsync64)
        for region in found
    ]
    assert list(read.regions) == nameless


@given(st.data())
def test_a_description_that_lost_bytes_is_refused(data: st.DataObject) -> None:
    whole = format.format_description(format.image_regions([part(100, 5000)], 10_000), 10_000, MD5)
    at = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(JigdoError):
        format.parse_description(whole[:at] + whole[at + 1 :])


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [(10, 99, "type 99"), (11, 1, "make 10000 bytes|make 9901 bytes"), (0, 0, "damaged"), (4, 1, "damaged")],
)
def test_a_description_that_was_changed_is_refused_with_the_reason(at: int, value: int, words: str) -> None:
    whole = bytearray(format.format_description(format.image_regions([part(100, 5000)], 10_000), 10_000, MD5))
    whole[at] = value
    with pytest.raises(JigdoError, match=words):
        format.parse_description(bytes(whole))


@given(st.binary(max_size=3000))
def test_the_rolling_sum_is_that_of_its_definition(data: bytes) -> None:
    plain = rolled = 0
    for byte in data:
        plain = (plain + digests.TABLE[byte]) & 0xFFFFFFFF
        rolled = (rolled + plain) & 0xFFFFFFFF
    assert digests.rsync64_sum(data) == rolled << 32 | plain


def test_an_md5_is_spelled_in_base64_without_slash_plus_and_padding() -> None:
    assert format.encode_md5("fb" * 16) == "-_v7-_v7-_v7-_v7-_v7-w"
    assert format.decode_md5(format.encode_md5(MD5)) == MD5


@pytest.mark.parametrize(
    "name", ["a b.rpm", "a#1.rpm", "a:b.rpm", "a=b.rpm", "ä.rpm", "a%20.rpm", "a?b", "a'b", "a\\b"]
)
def test_a_name_that_a_reader_could_mistake_stays_in_the_template(name: str) -> None:
    assert not format.may_be_fetched(f"x86_64/Packages/{name}", 1 << 20)


def test_a_small_file_stays_in_the_template() -> None:
    assert not format.may_be_fetched("x86_64/a.rpm", format.MIN_FILE_SIZE - 1)
    assert format.may_be_fetched("x86_64/libstdc++-1~rc1^2-1.rpm", format.MIN_FILE_SIZE)


def test_no_part_is_shorter_than_the_rolling_sum_reaches() -> None:
    assert format.MIN_FILE_SIZE >= digests.BLOCK


def listing(parts: list[FileRegion], mirrors: tuple[str, ...] = ("http://a/10.1/", "https://b/10.1")) -> str:
    return format.format_jigdo("sme.iso", {"MD5": MD5}, 10_000, "ab" * 16, parts, mirrors)


def test_a_jigdo_file_names_image_template_parts_and_every_mirror() -> None:
    read = format.parse_jigdo(listing([part(0, 5000, "SRPMS/a.src.rpm"), part(5000, 5000)]))
    assert (read.image, read.template, read.template_md5) == ("sme.iso", "sme.template", "ab" * 16)
    assert list(read.parts.values()) == ["SRPMS/a.src.rpm", "x86_64/Packages/a.rpm"]
    assert read.servers == ("http://a/10.1/smeos/", "https://b/10.1/smeos/")


def test_two_files_with_the_same_content_are_fetched_once() -> None:
    first, other = part(0, 5000), part(5000, 5000)
    text = listing([first, FileRegion(5000, 5000, "x86_64/twin.rpm", first.md5, other.rsync64)])
    assert "twin" not in text
    assert list(format.parse_jigdo(text).parts.values()) == [first.path]


@pytest.mark.parametrize("lost", ["Filename", "Template-MD5Sum", "[Parts]", "[Servers]"])
def test_a_jigdo_file_that_lacks_something_is_refused(lost: str) -> None:
    text = "\n".join(line for line in listing([part(0, 5000)]).splitlines() if not line.startswith(lost))
    with pytest.raises(JigdoError, match=r"has no|is no MD5"):
        format.parse_jigdo(text)


@pytest.mark.parametrize("word", ["", "abc", "ä" * 22, "A" * 23, "+" * 22])
def test_what_is_no_md5_is_refused(word: str) -> None:
    with pytest.raises(JigdoError, match="is no MD5"):
        format.decode_md5(word)
