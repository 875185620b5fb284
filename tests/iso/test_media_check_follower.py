# SPDX-License-Identifier: GPL-3.0-or-later
"""test_media_check_follower"""

from __future__ import annotations

import random
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.errors import FileError, VerifyError
from smedoit.iso import media_check, write
from smedoit.iso.medium import IsoMedium
from smedoit.runtime import files
from tests.iso.test_write import medium

SECTOR, MIB = 2048, 1 << 20
PVD = 16 * SECTOR


def image(sectors: int, seed: int = 1) -> bytes:
    """Return random bytes that call themselves an ISO of so many sectors."""
    data = bytearray(random.Random(seed).randbytes(sectors * SECTOR))
    data[PVD : PVD + 6] = b"\x01CD001"
    struct.pack_into(">L", data, PVD + 84, sectors)
    return bytes(data)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "medium.iso"


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    assert "media sums" not in {thread.name for thread in threading.enumerate()}


@given(st.integers(1, 40_000))
def test_a_fragment_ends_where_isomd5sums_own_loop_ends_it(sectors: int) -> None:
    total, last, due = sectors * SECTOR, 0, []
    for offset in range(0, total, 32768):
        if (fragment := offset * 21 // total) != last:
            due.append(min(offset + 32768, total))
            last = fragment
    assert media_check.fragment_offsets(total) == due


@given(st.lists(st.integers(1, 700_000), max_size=12))
def test_the_sums_do_not_depend_on_the_portions(portions: list[int]) -> None:
    data = memoryview(random.Random(7).randbytes(3 * MIB))
    whole, parts = media_check.MediaSums(len(data)), media_check.MediaSums(len(data))
    whole.add(data)
    for size in portions:
        parts.add(data[parts.at : parts.at + size])
    parts.add(data[parts.at :])
    assert parts.result == whole.result


def test_a_follower_finds_what_a_reader_of_the_finished_file_finds(path: Path) -> None:
    data = image(3000)
    with media_check.follow_media_sums(path) as follower, path.open("wb", buffering=0) as file:
        for start in range(0, len(data), 300_000):
            file.write(data[start : start + 300_000])
            follower.settled(start)
        found = follower.result()
    assert found == follower.found == media_check.compute_media_sums(path)


def test_a_follower_does_not_read_what_is_not_settled(path: Path) -> None:
    data = image(3000)
    with media_check.follow_media_sums(path) as follower:
        path.write_bytes(data[: 2 * MIB] + bytes(len(data) - 2 * MIB))
        follower.settled(2 * MIB)
        path.write_bytes(data)
        found = follower.result()
    assert found == media_check.compute_media_sums(path)


def test_what_was_taken_back_is_read_again(path: Path) -> None:
    with media_check.follow_media_sums(path) as follower:
        path.write_bytes(image(3000, seed=1))
        follower.settled(3 * MIB)
        follower.settled(0)
        path.write_bytes(image(3000, seed=2))
        assert follower.result() == media_check.compute_media_sums(path)
    assert follower.found is None


def test_a_small_medium_needs_no_follower(path: Path) -> None:
    with media_check.follow_media_sums(path) as follower:
        path.write_bytes(image(400))
        assert follower.result() == media_check.compute_media_sums(path)


def test_a_writer_that_fails_leaves_no_thread(path: Path) -> None:
    with pytest.raises(OSError, match="no room"), media_check.follow_media_sums(path) as follower:
        path.write_bytes(image(3000))
        follower.settled(2 * MIB)
        raise OSError("no room")
    assert follower.found is None


@pytest.mark.parametrize("written", [b"", bytes(5 * MIB), image(3000)[: 4 * MIB]])
def test_what_is_no_whole_iso_is_told_when_the_sums_are_asked_for(path: Path, written: bytes) -> None:
    with media_check.follow_media_sums(path) as follower:
        path.write_bytes(written)
        follower.settled(4 * MIB)
        with pytest.raises(VerifyError, match=r"medium\.iso: is (no ISO 9660 image|cut short)"):
            follower.result()


def test_a_medium_that_disappears_is_a_sentence(path: Path) -> None:
    with (
        media_check.follow_media_sums(path) as follower,
        pytest.raises(FileError, match=r"medium\.iso: cannot be read"),
    ):
        follower.result()


# With the writer that it is made for


def test_pycdlib_is_followed_to_the_same_sums(tmp_path: Path, path: Path) -> None:
    iso_medium = medium(tmp_path / "tree", {f"Packages/{n}.rpm": random.Random(n).randbytes(900_000) for n in range(9)})
    with media_check.follow_media_sums(path) as follower:
        write.write_iso(iso_medium, path, settled=follower.settled)
        found = follower.result()
    assert found == follower.found == media_check.compute_media_sums(path)


def test_what_pycdlib_says_is_settled_never_changes(tmp_path: Path, path: Path) -> None:
    """A copy of the file at each word of the writer must agree with the finished one, up to there."""
    iso_medium = medium(tmp_path / "tree", {f"{n}/file": random.Random(n).randbytes(400_000) for n in range(20)})
    heads: list[bytes] = []
    write.write_iso(iso_medium, path, settled=lambda offset: heads.append(path.read_bytes()[:offset]))
    assert len(heads) > 5
    assert len(heads[-1]) > 6 * MIB
    finished = path.read_bytes()
    assert all(finished.startswith(head) for head in heads)


def test_a_write_into_what_was_settled_takes_it_back(path: Path) -> None:
    said: list[int] = []
    with write.IsoOutput(path, content=0, settled=said.append) as output:
        for _ in range(4):
            output.write(bytes(MIB))
        output.seek(100)
        output.write(b"x")
    assert said == [MIB, 2 * MIB, 0]


def test_a_tree_larger_than_what_the_writer_holds_back_is_followed_too(tmp_path: Path, path: Path) -> None:
    """Thousands of directory records are written hither and thither, before any content."""
    files.write_file(tmp_path / "small", b"x", durable=False)
    iso_medium = medium(tmp_path / "tree", {"zzz": bytes(3 * MIB)})
    many = {f"{n % 50}/{'n' * 60}{n}": tmp_path / "small" for n in range(6000)}
    with media_check.follow_media_sums(path) as follower:
        write.write_iso(
            IsoMedium("SME", "x", "x", iso_medium.epoch, {**iso_medium.files, **many}),
            path,
            settled=follower.settled,
        )
        assert follower.result() == follower.found == media_check.compute_media_sums(path)
