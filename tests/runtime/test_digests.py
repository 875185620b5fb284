# SPDX-License-Identifier: GPL-3.0-or-later
"""test_digests"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
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
    return DigestCache(place / "facts.sqlite")


def known_entries(place: Path) -> list[str]:
    """The names of the files of which something is written down."""
    with closing(sqlite3.connect(place / "facts.sqlite")) as database:
        return [Path(file).name for (file,) in database.execute("SELECT file FROM fact")]


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
        cache = known(tmp_path)
        cache.sha256(tmp_path / "a")
        cache.save()
    assert opened == ["sha256 a"]


def test_a_further_kind_reads_for_that_kind_only(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"data")
    cache = known(tmp_path)
    cache.of(tmp_path / "a", "sha256")
    cache.of(tmp_path / "a", "sha256", "md5")
    assert opened == ["sha256 a", "md5 a"]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    cache = known(tmp_path)
    for data in (b"old", b"new, and longer"):
        (tmp_path / "a").write_bytes(data)
        assert cache.sha256(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_replaced_file_of_equal_size_and_time_is_read_again(tmp_path: Path) -> None:
    cache = known(tmp_path)
    for data in (b"old", b"new"):
        files.write_file(tmp_path / "b", data)
        os.utime(tmp_path / "b", ns=(5, 5))
        os.replace(tmp_path / "b", tmp_path / "a") if data == b"old" else files.link_file(
            tmp_path / "b", tmp_path / "a"
        )
        assert cache.sha256(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_hard_link_is_the_same_file(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"data")
    os.link(tmp_path / "a", tmp_path / "b")
    cache = known(tmp_path)
    assert cache.sha256(tmp_path / "a") == cache.sha256(tmp_path / "b")
    assert opened == ["sha256 a"]


def test_what_somebody_else_computed_is_not_computed_again(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"data")
    cache = known(tmp_path)
    cache.learn(tmp_path / "a", sha256="f" * 64)
    assert (cache.sha256(tmp_path / "a"), opened) == ("f" * 64, [])


def test_many_files_come_back_under_their_own_names(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(20)]
    for path in paths:
        path.write_text(path.name)
    assert known(tmp_path).of_all(paths, "sha256") == {path: {"sha256": digests.sha256_file(path)} for path in paths}


def test_a_file_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    cache = known(tmp_path)
    cache.of_all([tmp_path / "a", tmp_path / "b"], "sha256")
    (tmp_path / "b").unlink()
    cache.save()
    assert set(known_entries(tmp_path)) == {"a"}


def test_two_that_learn_at_once_lose_nothing(tmp_path: Path) -> None:
    caches = [known(tmp_path), known(tmp_path)]
    for cache, name in zip(caches, "ab", strict=True):
        (tmp_path / name).write_text(name)
        cache.sha256(tmp_path / name)
    for cache in caches:
        cache.save()
    assert set(known_entries(tmp_path)) == {"a", "b"}


@pytest.mark.parametrize("value", ["", "[]", "null", "{", "5", '{"sha256": "of no ctime"}'])
def test_a_fact_that_cannot_be_meant_is_none(tmp_path: Path, value: str) -> None:
    (tmp_path / "a").write_bytes(b"data")
    cache = known(tmp_path)
    cache.sha256(tmp_path / "a")
    cache.save()
    with closing(sqlite3.connect(tmp_path / "facts.sqlite")) as database, database:
        database.execute("UPDATE fact SET value = ?", (value.encode(),))
    assert known(tmp_path).sha256(tmp_path / "a") == hashlib.sha256(b"data").hexdigest()


def test_a_file_of_equal_size_and_time_with_other_bytes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for data in (b"old", b"new"):
        path.write_bytes(data)
        os.utime(path, ns=(5, 5))
        cache = known(tmp_path)
        found = cache.of(path, "md5", "sha256")
        cache.save()
        assert found == {"md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest()}


def test_a_link_that_somebody_made_costs_one_reading_whatever_is_known(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"data")
    cache = known(tmp_path)
    cache.of(tmp_path / "a", "sha256", "md5", "rsync64")
    cache.save()
    os.link(tmp_path / "a", tmp_path / "b")
    del opened[:]
    for _ in range(2):
        cache = known(tmp_path)
        cache.of_all([tmp_path / "a", tmp_path / "b"], "sha256", "md5", "rsync64")
        cache.save()
    assert len(opened) == 1


def test_a_link_that_we_made_costs_nothing(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"data")
    cache = known(tmp_path)
    cache.sha256(tmp_path / "a")
    cache.save()
    del opened[:]
    for name in ("b", "c"):
        cache = known(tmp_path)
        before = digests.read_stamp(tmp_path / "a")
        files.link_file(tmp_path / "a", tmp_path / name)
        cache.follow_link(tmp_path / name, before)
        cache.save()
    assert known(tmp_path).known_digests([tmp_path / "a", tmp_path / "c"]).keys() == {tmp_path / "a", tmp_path / "c"}
    assert opened == []


def test_a_link_to_a_file_that_was_changed_before_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.utime(path, ns=(5, 5))
    cache = known(tmp_path)
    cache.sha256(path)
    cache.save()
    path.write_bytes(b"new")
    os.utime(path, ns=(5, 5))
    cache = known(tmp_path)
    before = digests.read_stamp(path)
    files.link_file(path, tmp_path / "b")
    cache.follow_link(tmp_path / "b", before)
    assert cache.sha256(tmp_path / "b") == hashlib.sha256(b"new").hexdigest()


def test_an_absent_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="none: cannot be read, no such file"):
        known(tmp_path).sha256(tmp_path / "none")
