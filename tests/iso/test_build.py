# SPDX-License-Identifier: GPL-3.0-or-later
"""A medium is written from files that hold still."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.errors import FileError
from smedoit.iso import build, write
from smedoit.runtime import files
from tests.iso.test_write import medium


def finish(place: Path, iso_medium: write.IsoMedium) -> None:
    build.finish_medium(iso_medium, build.IsoTarget(place / "medium.iso", place / "layout", place / "memory"))


def test_a_file_that_grows_while_it_is_written_is_named_and_the_medium_of_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    iso_medium = medium(tmp_path / "tree", {"a": b"1" * 3000, "b": b"2" * 3000})
    finish(tmp_path, iso_medium)
    before, genuine = (tmp_path / "medium.iso").read_bytes(), write.write_iso

    def meddling(*args: object, **more: object) -> dict[str, int]:
        with iso_medium.files["b"].open("ab") as file:
            file.write(b"more")
        return genuine(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(write, "write_iso", meddling)
    with pytest.raises(FileError, match=r"files changed while (.|\n)*changed:\n    \S+/tree/b\n"):
        finish(tmp_path, iso_medium)
    assert (tmp_path / "medium.iso").read_bytes() == before


def test_a_file_that_disappears_while_it_is_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    iso_medium, genuine = medium(tmp_path / "tree", {"a": b"1"}), write.write_iso

    def meddling(*args: object, **more: object) -> dict[str, int]:
        offsets = genuine(*args, **more)  # type: ignore[arg-type]
        files.remove_file(iso_medium.files["a"])
        return offsets

    monkeypatch.setattr(write, "write_iso", meddling)
    with pytest.raises(FileError, match=r"tree/a: cannot be read, no such file"):
        finish(tmp_path, iso_medium)
    assert not (tmp_path / "medium.iso").exists()
