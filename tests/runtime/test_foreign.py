# SPDX-License-Identifier: GPL-3.0-or-later
"""The door for foreign bytes: bombs, endless nesting, numbers of a million digits, and what is no file at all."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from smedoit.errors import FileError
from smedoit.runtime import files, foreign

MIB = 1 << 20


@pytest.mark.parametrize("read", [files.read_file_bytes, files.read_file_text, files.digest_file])
@pytest.mark.parametrize("what", ["fifo", "device", "directory"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, what: str, read: Callable[[Path], object]) -> None:
    place = tmp_path / "x"
    if what == "fifo":
        os.mkfifo(place)
    elif what == "device":
        place = Path("/dev/zero")
    else:
        place.mkdir()
    with pytest.raises((FileError, OSError), match=r"no regular file|[Ii]s a directory"):
        read(place)


def test_a_fifo_is_not_copied(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    with pytest.raises(FileError, match="x: cannot be copied, it is no regular file"):
        files.copy_file(tmp_path / "x", tmp_path / "y")
    assert [path.name for path in tmp_path.iterdir() if stat.S_ISREG(path.stat().st_mode)] == []


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_what_unpacks_to_more_than_any_honest_file_is_refused(pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(bytes(MIB)) * 100
    with pytest.raises(ValueError, match=r"it unpacks to more than 64\.0 MiB: no honest file does"):
        foreign.unpack_bytes(bomb)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_what_is_packed_in_several_streams_comes_out_whole(pack: Callable[[bytes], bytes]) -> None:
    parts = [os.urandom(3000), b"", b"x" * (3 * MIB), b"end"]
    assert foreign.unpack_bytes(b"".join(map(pack, parts))) == b"".join(parts)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
@pytest.mark.parametrize("cut", [-1, 20, 7])
def test_what_is_cut_short_is_refused(pack: Callable[[bytes], bytes], cut: int) -> None:
    with pytest.raises(ValueError):
        foreign.unpack_bytes(pack(os.urandom(5000))[:cut])


def test_an_xz_that_wants_gigabytes_for_its_dictionary_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    data = bytearray(lzma.compress(b"x" * 100, format=lzma.FORMAT_XZ, filters=[{"id": lzma.FILTER_LZMA2}]))
    assert filters  # such a file is made by hand: to pack with this dictionary would take 11 GiB
    place = data.index(b"\x21\x01", 12) + 2  # the block header names the filter, and its dictionary
    data[place] = 40
    import zlib

    size = (data[12] + 1) * 4
    data[12 + size - 4 : 12 + size] = zlib.crc32(bytes(data[12 : 12 + size - 4])).to_bytes(4, "little")
    with pytest.raises(ValueError, match=r"[Mm]emory"):
        foreign.unpack_bytes(bytes(data))


def zstd_of_zeros(blocks: int) -> bytes:
    """Return a zstd frame of 128 KiB of zeros for each block."""
    return b"\x28\xb5\x2f\xfd\x00\x68" + b"".join(
        ((1 << 17) << 3 | 1 << 1 | (number == blocks - 1)).to_bytes(3, "little") + b"\0" for number in range(blocks)
    )


def test_a_zstd_that_may_unpack_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(zstd_of_zeros(100))
    foreign.check_zstd_size(tmp_path / "x")
    (tmp_path / "x").write_bytes(zstd_of_zeros(5000))
    with pytest.raises(ValueError, match="no honest file does"):
        foreign.check_zstd_size(tmp_path / "x")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        "9" * 4_000_000,
        "NaN",
        "[Infinity]",
        "1e999",
        '"\\ud800"',
        "",
        "\0",
        "{]",
        b"\xff{",
    ],
    ids=["arrays", "objects", "digits", "NaN", "infinity", "float", "half", "nothing", "zero", "mixed", "no UTF-8"],
)
def test_json_that_no_program_of_ours_writes_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        foreign.parse_json(text)


@pytest.mark.parametrize(
    "value", [{"a": [1, 1.5, None, True, "ü"]}, "\udcff name that is no UTF-8", 2**63, "\U0001f600"]
)
def test_json_that_we_write_comes_back(value: object) -> None:
    assert foreign.parse_json(json.dumps(value)) == value
    assert foreign.parse_json(json.dumps(value).encode()) == value


BILLION_LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY a{n} "{"&a" + (str(n - 1) if n else "") + ";"}">' for n in range(10)
) + "]><x>&a9;</x>"  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BILLION_LAUGHS, "declares the entity"),
        ("<a>" * 101 + "</a>" * 101, "nest more than 100 deep"),
        ("<a>" * 500_000, "nest more than 100 deep"),
        ("<a>", "no element|unclosed"),
        ("", "no element"),
        ("<a>\udcff</a>", "surrogates"),
    ],
)
def test_xml_that_would_keep_a_parser_is_a_value_error(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        foreign.check_xml(text)


def test_xml_of_the_field_passes_and_tells_its_lines() -> None:
    assert foreign.check_xml(
        '<!DOCTYPE comps PUBLIC "-//CentOS//DTD Comps info//EN" "comps.dtd"><comps><group/></comps>'
    ) == [1, 1]


@pytest.mark.parametrize("text", ["²", "٣", "", " ", "-1", "1.5", "0x1", "1_000", "9" * 5000, "9" * 19, "+1"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert foreign.parse_decimal(text) is None


def test_a_number_is_one() -> None:
    assert foreign.parse_decimal(" 0120\n") == 120
    assert foreign.parse_decimal("7", most=6) is None
