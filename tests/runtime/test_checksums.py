# SPDX-License-Identifier: GPL-3.0-or-later
"""test_checksums"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.runtime import checksums
from smedoit.runtime.checksums import ChecksummedFile
from tests.harness.tools import need, read_with

CONTENTS = {"a.iso": b"one", "b c.iso": b"two", "line\nbreak.iso": b"three", "back\\slash.iso": b"four"}
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e"),
                min_size=1)  # fmt: skip


def summed(name: str, data: bytes) -> ChecksummedFile:
    return ChecksummedFile(name, len(data), hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, data in CONTENTS.items():
        (tmp_path / name).write_bytes(data)
    files = [summed(name, data) for name, data in CONTENTS.items()]
    for name, text in checksums.format_checksums(files).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("program", "name"), [("sha256sum", "SHA256SUMS"), ("sha256sum", "CHECKSUM"),
                                               ("md5sum", "MD5SUMS")])  # fmt: skip
def test_the_programs_that_people_use_accept_every_file(
    place: Path, monkeypatch: pytest.MonkeyPatch, program: str, name: str
) -> None:
    need(program)
    monkeypatch.chdir(place)
    said = read_with(program, "--strict", "-c", name)
    assert said.count(": OK\n") == len(CONTENTS)


def test_the_bsd_form_is_that_of_the_program_with_the_size_before_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("sha256sum")
    monkeypatch.chdir(place)
    assert read_with("sha256sum", "--tag", "a.iso") in (place / "CHECKSUM").read_text()
    assert "# a.iso: 3 bytes\nSHA256 (a.iso) = " in (place / "CHECKSUM").read_text()


def test_files_come_sorted_whatever_the_order_they_were_found_in() -> None:
    files = [summed(name, data) for name, data in CONTENTS.items()]
    assert checksums.format_checksums(files) == checksums.format_checksums(reversed(files))


@given(st.dictionaries(NAMES, st.binary(), min_size=1))
def test_what_was_written_is_read_back(contents: dict[str, bytes]) -> None:
    files = [summed(name, data) for name, data in contents.items()]
    texts = checksums.format_checksums(files)
    assert checksums.parse_checksums(texts["SHA256SUMS"]) == {one.name: one.sha256 for one in files}
    assert checksums.parse_checksums(texts["MD5SUMS"]) == {one.name: one.md5 for one in files}
    assert checksums.parse_checksums(texts["CHECKSUM"]) == {one.name: one.sha256 for one in files}
    assert checksums.parse_sizes(texts["CHECKSUM"]) == {one.name: one.size for one in files}


def test_a_line_of_neither_form_is_refused() -> None:
    with pytest.raises(ValueError, match="no checksum at all"):
        checksums.parse_checksums("no checksum at all\n")
