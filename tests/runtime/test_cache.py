# SPDX-License-Identifier: GPL-3.0-or-later
"""test_cache"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from smedoit.runtime import cache
from smedoit.runtime.cache import FactCache


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that facts are about."""
    (tmp_path / "file").touch()
    return tmp_path / "file"


def place(file: Path) -> Path:
    return file.with_name("cache") / "facts.sqlite"


def learn(file: Path, **facts: bytes) -> None:
    with FactCache(place(file)) as known:
        for key, value in facts.items():
            known.put("kind", key, file, value)


def recall(file: Path, *keys: str) -> dict[str, bytes]:
    with FactCache(place(file)) as known:
        return known.get_many("kind", keys)


def rows(file: Path) -> int:
    with closing(sqlite3.connect(place(file))) as database:
        ((count,),) = database.execute("SELECT count(*) FROM fact")
        return int(count)


def test_what_was_put_is_there_the_next_time(file: Path) -> None:
    learn(file, a=b"1")
    with FactCache(place(file)) as known:
        assert (known.get("kind", "a"), known.get("kind", "b"), known.get("other", "a")) == (b"1", None, None)
        assert known.known_keys("kind", ["a", "b"]) == {"a"}


def test_what_was_put_is_there_at_once(file: Path) -> None:
    with FactCache(place(file)) as known:
        known.put("kind", "a", file, b"1")
        assert (known.get("kind", "a"), known.get_many("kind", "ab")) == (b"1", {"a": b"1"})
        assert known.known_keys("kind", "ab") == {"a"}


def test_many_keys_are_asked_for_at_once(file: Path) -> None:
    wanted = [f"{number}" for number in range(2345)]
    with FactCache(place(file)) as known:
        for number, key in enumerate(wanted):
            known.put("kind", key, file.with_name(f"{number}"), key.encode())
            file.with_name(f"{number}").touch()
    assert recall(file, *wanted, "x") == {key: key.encode() for key in wanted}


def test_nothing_is_opened_before_something_is_asked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sqlite3")
    with FactCache(place(file)):
        pass
    assert "sqlite3" not in sys.modules
    assert not place(file).parent.exists()


def test_a_file_has_one_fact_of_a_kind(file: Path) -> None:
    learn(file, a=b"1")
    learn(file, b=b"2")
    assert recall(file, "a", "b") == {"b": b"2"}


def test_facts_of_a_file_that_is_gone_are_dropped_when_something_is_learned(file: Path) -> None:
    learn(file, a=b"1")
    other = file.rename(file.with_name("other"))
    with FactCache(place(file)) as known:
        known.put("kind", "b", other, b"2")
    assert recall(file, "a", "b") == {"b": b"2"}


def test_much_is_written_before_the_end(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "ENOUGH", 10)
    with FactCache(place(file)) as known:
        known.put("kind", "a", file, bytes(11))
        assert rows(file) == 1
        assert known.get("kind", "a") == bytes(11)


DAMAGED = {
    "empty": b"",
    "text": b"not a database",
    "a header and nothing else": b"SQLite format 3\0" + bytes(2000),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_database_is_started_anew(file: Path, data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    place(file).parent.mkdir()
    place(file).write_bytes(data)
    assert recall(file, "a") == {}
    learn(file, a=b"1")
    assert (recall(file, "a"), capsys.readouterr().out) == ({"a": b"1"}, "")


def test_one_that_is_damaged_further_in_is_started_anew(file: Path) -> None:
    learn(file, **{f"k{number}": bytes(1000) for number in range(200)})
    size = place(file).stat().st_size
    with place(file).open("r+b") as data:
        data.seek(4096)
        data.write(b"\xff" * (size - 4096))
    recall(file, "k1")
    learn(file, a=b"1")
    assert recall(file, "a", "k1") == {"a": b"1"}


@pytest.mark.parametrize(
    "statement",
    ["PRAGMA user_version = 99", "PRAGMA application_id = 5", "DROP TABLE fact", "ALTER TABLE fact RENAME file TO f"],
)
def test_one_of_another_version_or_program_is_started_anew(file: Path, statement: str) -> None:
    learn(file, a=b"1")
    with closing(sqlite3.connect(place(file))) as database, database:
        database.execute(statement)
    assert recall(file, "a") == {}
    learn(file, b=b"2")
    assert recall(file, "a", "b") == {"b": b"2"}


def test_a_journal_of_a_database_that_was_started_anew_is_not_played_back(file: Path) -> None:
    place(file).parent.mkdir()
    place(file).write_bytes(b"damaged")
    place(file).with_name("facts.sqlite-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(2000))
    learn(file, a=b"1")
    assert recall(file, "a") == {"a": b"1"}


def fill(file: Path, name: str, count: int) -> None:
    for number in range(count):
        own = file.with_name(f"{name}{number}")
        own.touch()
        with FactCache(place(file)) as known:
            known.put("kind", own.name, own, own.name.encode())


def test_processes_that_learn_at_once_lose_nothing(file: Path) -> None:
    forks = multiprocessing.get_context("fork")
    writers = [forks.Process(target=fill, args=(file, name, 40)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    names = [f"{name}{number}" for name in "abc" for number in range(40)]
    assert recall(file, *names) == {name: name.encode() for name in names}


def test_processes_that_find_it_damaged_at_once_start_one_anew(file: Path) -> None:
    place(file).parent.mkdir()
    place(file).write_bytes(b"damaged")
    test_processes_that_learn_at_once_lose_nothing(file)


def test_workers_may_fork_while_it_is_open(file: Path) -> None:
    learn(file, a=b"1")
    with FactCache(place(file)) as known:
        assert known.get("kind", "a") == b"1"
        worker = multiprocessing.get_context("fork").Process(target=lambda: None)
        worker.start()
        worker.join()
        known.put("kind", "b", file.parent, b"2")
    assert (worker.exitcode, recall(file, "a", "b")) == (0, {"a": b"1", "b": b"2"})


def test_a_full_disk_is_a_line_and_what_was_learned_serves_this_process(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learn(file, a=b"1")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (place(file).stat().st_size, limit[1]))
        with FactCache(place(file)) as known:
            known.put("kind", "b", file.parent, bytes(100_000))
            known.close()
            assert (known.get("kind", "b"), known.get("kind", "c")) == (bytes(100_000), None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    [said] = capsys.readouterr().out.splitlines()
    assert said.startswith(f"{place(file)}: cannot be used, ")
    assert said.endswith("; going on without it, which takes longer")
    assert recall(file, "a", "b") == {"a": b"1"}


def test_a_database_that_somebody_keeps_locked_is_a_line(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    learn(file, a=b"1")
    monkeypatch.setattr(cache, "PATIENCE", 0.01)
    with closing(sqlite3.connect(place(file), isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        assert recall(file, "a") == {}
    assert "database is locked" in capsys.readouterr().out
    assert recall(file, "a") == {"a": b"1"}


def test_a_place_where_nothing_can_be_made_is_a_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place(file).parent.write_text("a file where a directory should be")
    learn(file, a=b"1")
    assert capsys.readouterr().out.count("cannot be used, ") == 1
    place(file).parent.unlink()
    place(file).mkdir(parents=True)
    assert recall(file, "a") == {}
    assert capsys.readouterr().out.count("cannot be used, ") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_is_read_only_is_a_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place(file).parent.mkdir(mode=0o555)
    learn(file, a=b"1")
    assert "cannot be used, " in capsys.readouterr().out
