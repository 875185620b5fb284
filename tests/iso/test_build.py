# SPDX-License-Identifier: GPL-3.0-or-later
"""A medium is written from files that hold still."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.errors import FileError, PackageError
from smedoit.iso import build, write
from smedoit.iso.medium import IsoMedium
from smedoit.runtime import digests, files
from tests.iso.test_write import medium


def finish(place: Path, iso_medium: IsoMedium) -> None:
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


def locked(place: Path) -> IsoMedium:
    """Return a medium with two packages that a lock names."""
    iso_medium = medium(place / "tree", {"Packages/a-1.rpm": b"1" * 3000, "Packages/b-1.rpm": b"2" * 3000})
    names = ("Packages/a-1.rpm", "Packages/b-1.rpm")
    return replace(iso_medium, sha256={name: digests.sha256_file(iso_medium.files[name]) for name in names})


def swap_in_place(file: Path, data: bytes) -> None:
    """Change a file as bit rot or rsync --inplace does: same size, same inode, and mtime put back."""
    before = file.stat()
    with file.open("r+b") as there:
        there.write(data)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_package_that_was_edited_in_place_is_refused_and_the_medium_of_before_stays(tmp_path: Path) -> None:
    iso_medium = locked(tmp_path)
    finish(tmp_path, iso_medium)
    before = (tmp_path / "medium.iso").read_bytes()
    swap_in_place(iso_medium.files["Packages/b-1.rpm"], b"evil")
    with pytest.raises(PackageError, match=r"not what the lock names\n  was modified:\n    \S+/Packages/b-1.rpm\n"):
        finish(tmp_path, iso_medium)
    assert (tmp_path / "medium.iso").read_bytes() == before


def test_a_package_that_was_another_only_while_it_was_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    iso_medium, genuine = locked(tmp_path), write.write_iso

    def meddling(*args: object, **more: object) -> dict[str, int]:
        swap_in_place(iso_medium.files["Packages/a-1.rpm"], b"evil")
        offsets = genuine(*args, **more)  # type: ignore[arg-type]
        swap_in_place(iso_medium.files["Packages/a-1.rpm"], b"1111")
        return offsets

    monkeypatch.setattr(write, "write_iso", meddling)
    with pytest.raises(PackageError, match=r"Packages/a-1\.rpm"):
        finish(tmp_path, iso_medium)
    assert not (tmp_path / "medium.iso").exists()


@pytest.mark.parametrize("restored", [True, False])
def test_a_file_that_was_edited_in_place_while_it_was_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restored: bool
) -> None:
    iso_medium, genuine = medium(tmp_path / "tree", {"a": b"1" * 3000}), write.write_iso

    def meddling(*args: object, **more: object) -> dict[str, int]:
        swap_in_place(iso_medium.files["a"], b"evil")
        offsets = genuine(*args, **more)  # type: ignore[arg-type]
        swap_in_place(iso_medium.files["a"], b"1111" if restored else b"EVIL")
        return offsets

    monkeypatch.setattr(write, "write_iso", meddling)
    with pytest.raises(FileError, match=r"files changed while (.|\n)*/tree/a\n"):
        finish(tmp_path, iso_medium)


def test_a_file_that_was_only_linked_while_it_was_written_is_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    iso_medium, genuine = medium(tmp_path / "tree", {"a": b"1" * 3000}), write.write_iso

    def linking(*args: object, **more: object) -> dict[str, int]:
        (tmp_path / "link").hardlink_to(iso_medium.files["a"])
        return genuine(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(write, "write_iso", linking)
    finish(tmp_path, iso_medium)
    assert (tmp_path / "medium.iso").exists()
