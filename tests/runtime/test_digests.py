# SPDX-License-Identifier: GPL-3.0-or-later
"""test_digests"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from smedoit.errors import FileError
from smedoit.runtime import digests, files
from smedoit.runtime.digests import DigestCache


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read for a digest, as they are read."""
    names: list[str] = []
    readers = dict(digests.READERS)

    def noting(kind: str) -> None:
        def read(path: Path) -> str:
            names.append(f"{kind} {path.name}")
            return readers[kind](path)

        monkeypatch.setitem(digests.READERS, kind, read)  # type: ignore[arg-type]

    for kind in readers:
        noting(kind)
    return names


def known(place: Path) -> DigestCache:
    return DigestCache(place / "memory.json")


def test_it_is_the_sha256_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"data")
    assert known(tmp_path).sha256(tmp_path / "a") == hashlib.sha256(b"data").hexdigest()


def test_several_kinds_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"data")
    found = known(tmp_path).of(tmp_path / "a", "md5", "sha256")
    assert found == {"md5": hashlib.md5(b"data").hexdigest(), "sha256": hashlib.sha256(b"data").hexdigest()}


def test_an_unchanged_file_is_read_once_in_a_life(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"data")
    for _ in range(2):
        memory = known(tmp_path)
        memory.sha256(tmp_path / "a")
        memory.save()
    assert opened == ["sha256 a"]


def test_a_further_kind_reads_for_that_kind_only(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"data")
    memory = known(tmp_path)
    memory.of(tmp_path / "a", "sha256")
    memory.of(tmp_path / "a", "sha256", "md5")
    assert opened == ["sha256 a", "md5 a"]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    memory = known(tmp_path)
    for data in (b"old", b"new, and longer"):
        (tmp_path / "a").write_bytes(data)
        assert memory.sha256(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_replaced_file_of_equal_size_and_time_is_read_again(tmp_path: Path) -> None:
    memory = known(tmp_path)
    for data in (b"old", b"new"):
        files.write_file(tmp_path / "b", data)
        os.utime(tmp_path / "b", ns=(5, 5))
        os.replace(tmp_path / "b", tmp_path / "a") if data == b"old" else files.link_file(
            tmp_path / "b", tmp_path / "a"
        )
        assert memory.sha256(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_hard_link_is_the_same_file(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"data")
    os.link(tmp_path / "a", tmp_path / "b")
    memory = known(tmp_path)
    assert memory.sha256(tmp_path / "a") == memory.sha256(tmp_path / "b")
    assert opened == ["sha256 a"]


def test_what_somebody_else_computed_is_not_computed_again(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"data")
    memory = known(tmp_path)
    memory.learn(tmp_path / "a", sha256="f" * 64)
    assert (memory.sha256(tmp_path / "a"), opened) == ("f" * 64, [])


def test_many_files_come_back_under_their_own_names(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(20)]
    for path in paths:
        path.write_text(path.name)
    assert known(tmp_path).of_all(paths, "sha256") == {path: {"sha256": digests.sha256_file(path)} for path in paths}


def test_a_file_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    memory = known(tmp_path)
    memory.of_all([tmp_path / "a", tmp_path / "b"], "sha256")
    (tmp_path / "b").unlink()
    memory.save()
    assert len(known(tmp_path).known) == 1


def test_two_that_learn_at_once_lose_nothing(tmp_path: Path) -> None:
    memories = [known(tmp_path), known(tmp_path)]
    for memory, name in zip(memories, "ab", strict=True):
        (tmp_path / name).write_text(name)
        memory.sha256(tmp_path / name)
    for memory in memories:
        memory.save()
    assert len(known(tmp_path).known) == 2


@pytest.mark.parametrize("text", ["", "[]", "null", '{"1 2 3": 5}', "{", "\0"])
def test_a_damaged_memory_is_no_memory(tmp_path: Path, text: str) -> None:
    (tmp_path / "memory.json").write_text(text)
    assert known(tmp_path).known == {}


def test_an_absent_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="none: cannot be read, no such file"):
        known(tmp_path).sha256(tmp_path / "none")
