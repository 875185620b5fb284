# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotions in their journal: done whole or not at all, and taken back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from smedoit.errors import FileError, PackageError
from smedoit.runtime import files, rooted
from smedoit.runtime.journal import DONE, dump_record
from smedoit.runtime.rooted import RootedPath
from smedoit.runtime.steps import HardLink, RemoveUnchanged
from smedoit.tiers import records
from smedoit.tiers.records import PromotionJournal, PromotionRecord
from tests.harness.kills import BOTH, WRITES, chosen, doors, killed_at

FILES = {"test/x/a.rpm": b"a", "test/SRPMS/a.src.rpm": b"source of a", "test/x/b.rpm": b"b", "next/x/b.rpm": b"b"}
AFTER = {"next/x/a.rpm": b"a", "next/SRPMS/a.src.rpm": b"source of a", "next/x/b.rpm": b"b"}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def removal(path: str, kept: str) -> RemoveUnchanged:
    return RemoveUnchanged(path, sha(FILES[path]), kept)


RECORD = PromotionRecord(
    name="0001-2026-11-01-test-to-next",
    what="promotion from test to next",
    when="2026-11-01T12:00:00Z",
    who="uid 1",
    packages=("a-1-1.noarch", "b-1-1.noarch"),
    prepare=(
        HardLink("test/x/a.rpm", "next/x/a.rpm", sha(b"a")),
        HardLink("test/SRPMS/a.src.rpm", "next/SRPMS/a.src.rpm", sha(b"source of a")),
    ),
    steps=(
        removal("test/x/a.rpm", "next/x/a.rpm"),
        removal("test/SRPMS/a.src.rpm", "next/SRPMS/a.src.rpm"),
        removal("test/x/b.rpm", "next/x/b.rpm"),  # it lay in both
    ),
)


class Place:
    """Tiers below a root, and the records beside them."""

    def __init__(self, root: Path) -> None:
        self.root, self.records = root / "root", root / "records"

    def fill(self) -> None:
        for path in (self.root, self.records):
            shutil.rmtree(path, ignore_errors=True)
        for name, data in FILES.items():
            files.write_file(self.root / name, data)

    def now(self) -> dict[str, bytes]:
        """Return path -> content of every file, also of those that are half written."""
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def promote(self) -> list[str]:
        return records.apply_promotion(RECORD, self.journal)

    @property
    def journal(self) -> PromotionJournal:
        return records.open_promotions(self.root, self.records, [self.root / "next"])

    def closed(self) -> list[PromotionRecord]:
        return list(self.journal.closed())

    def last(self) -> PromotionRecord | None:
        return records.last_promotion(self.journal)

    def undo(self) -> list[str]:
        before = self.last()
        assert before
        return records.apply_promotion(
            records.invert_promotion(before, "0002-2026-11-01-undo", "2026-11-02T12:00:00Z", "me"), self.journal
        )

    def recover(self) -> str:
        return self.journal.resume()

    def open_records(self) -> list[str]:
        return [path.name for path in [self.journal.under_way_file] if path.exists()]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process loses nothing that it wrote, so nobody need wait for the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.fill()
    return made


def killed(work: Callable[[], object], at: int) -> bool:
    """Do work in a process that SIGKILL ends before its step number at; return whether it came that far."""
    return killed_at(at, work, WRITES)


def kill_points(work: Callable[[], object], every: bool) -> list[int]:
    """Return the steps of work at which to kill it. It is done to its end for that."""
    steps = doors(work, WRITES)
    assert len(steps) > 10
    return list(range(1, len(steps) + 1)) if every else list(chosen(steps, every))


def test_all_of_it_is_done_and_recorded(place: Place) -> None:
    assert place.promote() == []
    assert place.now() == AFTER
    assert [(one.name, one.state) for one in place.closed()] == [(RECORD.name, DONE)]
    assert place.open_records() == []


def test_what_moves_stays_the_same_file(place: Place) -> None:
    before = (place.root / "test/x/a.rpm").stat().st_ino
    place.promote()
    assert (place.root / "next/x/a.rpm").stat().st_ino == before


def test_undo_brings_back_every_file(place: Place) -> None:
    place.promote()
    assert place.undo() == []
    assert place.now() == FILES
    assert place.last() is None


def test_the_last_that_was_not_taken_back_is_the_last(place: Place) -> None:
    place.promote()
    place.undo()
    third = replace(RECORD, name="0003-2026-11-02-test-to-next")
    records.apply_promotion(third, place.journal)
    last = place.last()
    assert last is not None
    assert last.name == third.name


@BOTH
def test_a_kill_at_any_step_leaves_the_old_or_the_new_state(place: Place, every: bool) -> None:
    ends = []
    for at in kill_points(place.promote, every):
        place.fill()
        assert killed(place.promote, at)
        said = place.recover()
        assert place.now() in (FILES, AFTER), at
        assert place.open_records() == []
        assert bool(place.closed()) == (place.now() == AFTER)
        ends.append((place.now() == AFTER, said.partition("was interrupted and is ")[2]))
    news = [new for new, _ in ends]
    assert news == sorted(news)  # once it is new, it stays new
    assert {said for new, said in ends if new} == {"finished now"}
    assert {said for new, said in ends if not new} == {"", "rolled back: everything is as it was before"}


@BOTH
def test_a_kill_of_an_undo_leaves_the_old_or_the_new_state(place: Place, every: bool) -> None:
    def done() -> None:
        place.fill()
        place.promote()

    done()
    for at in kill_points(place.undo, every):
        done()
        assert killed(place.undo, at)
        place.recover()
        assert place.now() in (FILES, AFTER), at
        assert (place.last() is None) == (place.now() == FILES)


@BOTH
def test_a_kill_while_recovering_is_recovered_from(place: Place, every: bool) -> None:
    for at in kill_points(place.promote, every)[:: 2 if every else 1]:
        for again in range(1, 13):
            place.fill()
            assert killed(place.promote, at)
            if not killed(place.recover, again):
                break
            place.recover()
            assert place.now() in (FILES, AFTER), (at, again)
            assert place.open_records() == []


def test_without_an_interruption_there_is_nothing_to_recover(place: Place) -> None:
    assert place.recover() == ""
    place.promote()
    assert place.recover() == ""


def test_a_file_that_is_in_the_way_stops_it_before_it_begins(place: Place) -> None:
    files.write_file(place.root / "next/x/a.rpm", "other")
    before = place.now()
    with pytest.raises(PackageError, match=r"nothing has changed\n  is there already:\n    next/x/a\.rpm"):
        place.promote()
    assert place.now() == before


def test_a_file_that_went_meanwhile_stops_it(place: Place) -> None:
    (place.root / "test/x/a.rpm").unlink()
    before = place.now()
    with pytest.raises(PackageError, match=r"is not there any more:\n    test/x/a\.rpm"):
        place.promote()
    assert place.now() == before


def test_a_file_that_changed_since_it_was_checked_is_noticed_and_all_is_taken_back(place: Place) -> None:
    files.write_file(place.root / "test/SRPMS/a.src.rpm", "rebuilt")
    before = place.now()
    with pytest.raises(FileError, match=r"has other content than when it was checked:\n    test/SRPMS/a\.src\.rpm"):
        place.promote()
    assert place.now() == before
    assert place.open_records() == []


def test_a_full_disk_takes_all_of_it_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    link = rooted.link_rooted

    def full(source: RootedPath, target: RootedPath) -> None:
        if target.path.name == "a.src.rpm":
            raise FileError("no space left on device")
        link(source, target)

    monkeypatch.setattr(rooted, "link_rooted", full)
    with pytest.raises(FileError, match="no space left"):
        place.promote()
    assert (place.now(), place.open_records()) == (FILES, [])


@BOTH
def test_between_file_systems_it_is_copied_and_a_kill_is_as_harmless(tmp_path: Path, every: bool) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    far = other / f"smedoit-test-{os.getpid()}"
    place = Place(tmp_path)

    def fill() -> None:
        place.fill()
        shutil.rmtree(far, ignore_errors=True)
        shutil.copytree(place.root / "next", far)
        shutil.rmtree(place.root / "next")
        (place.root / "next").symlink_to(far)

    def now() -> dict[str, bytes]:
        near = {
            f"test/{p.relative_to(place.root / 'test')}": p.read_bytes() for p in (place.root / "test").rglob("*.rpm*")
        }
        return {**near, **{f"next/{p.relative_to(far)}": p.read_bytes() for p in far.rglob("*.rpm*")}}

    try:
        fill()
        for at in kill_points(place.promote, every):
            fill()
            assert killed(place.promote, at)
            place.recover()
            assert now() in (FILES, AFTER), at
        fill()
        place.promote()
        assert now() == AFTER
    finally:
        shutil.rmtree(far, ignore_errors=True)


def test_the_last_of_its_kind_is_never_removed(place: Place) -> None:
    place.promote()
    (place.root / "next/x/b.rpm").unlink()
    with pytest.raises(PackageError, match=r"is not there any more:\n    next/x/b\.rpm"):
        place.undo()


def test_a_file_that_was_promoted_further_cannot_be_taken_back(place: Place) -> None:
    place.promote()
    (place.root / "next/x/a.rpm").rename(place.root / "next/x/elsewhere")
    with pytest.raises(PackageError, match="the undo of the promotion from test to next cannot be done"):
        place.undo()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"links": 5, "removals": []}', '{"format": 1}', '{"format": 2, "steps": 5}']
)
def test_a_damaged_record_is_a_sentence(place: Place, text: str) -> None:
    files.write_file(place.records / "0001-x.json", text)
    with pytest.raises(FileError, match=r"0001-x\.json: is not a record of this journal"):
        place.closed()


def test_a_record_of_another_format_is_refused_by_its_number(place: Place) -> None:
    place.promote()
    path = place.records / f"{RECORD.name}.json"
    files.write_file(path, path.read_text().replace('"format": 2', '"format": 7'))
    with pytest.raises(FileError, match="is a record of format 7, not 2"):
        place.closed()


def test_what_is_written_is_read_back(place: Place) -> None:
    files.write_file(place.records / "x", dump_record(RECORD))
    assert place.journal.load_record(place.records / "x") == RECORD


OF_FORMAT_1 = {
    "name": RECORD.name, "what": RECORD.what, "when": RECORD.when, "who": RECORD.who,
    "packages": list(RECORD.packages),
    "links": [asdict(link) for link in RECORD.prepare], "removals": [asdict(step) for step in RECORD.steps],
    "undoes": "", "state": "done", "format": 1,
}  # fmt: skip


def test_a_promotion_that_an_older_smedoit_recorded_is_taken_back(place: Place) -> None:
    place.promote()
    files.write_file(place.records / f"{RECORD.name}.json", json.dumps(OF_FORMAT_1))
    assert place.undo() == []
    assert place.now() == FILES


@pytest.mark.parametrize(("state", "now"), [("linking", FILES), ("removing", AFTER)])
def test_a_promotion_that_an_older_smedoit_began_is_settled(place: Place, state: str, now: dict[str, bytes]) -> None:
    for link in RECORD.prepare:
        assert isinstance(link, HardLink)
        files.link_file(place.root / link.source, place.root / link.target)
    files.write_file(place.journal.under_way_file, json.dumps({**OF_FORMAT_1, "state": state}))
    assert "was interrupted" in place.recover()
    assert (place.now(), place.open_records()) == (now, [])


@pytest.mark.parametrize("path", ["../precious", "/etc/passwd", "test/../../precious"])
def test_a_record_whose_paths_lead_out_is_not_believed(place: Place, path: str) -> None:
    damaged = replace(RECORD, state="moving", steps=(RemoveUnchanged(path, sha(b"precious"), "next/x/b.rpm"),))
    files.write_file(place.root.parent / "precious", "precious")
    files.write_file(place.journal.under_way_file, dump_record(damaged))
    with pytest.raises(FileError, match="leads out of"):
        place.recover()
    assert (place.root.parent / "precious").is_file()


@pytest.mark.parametrize("state", ["preparing", "moving"])
def test_a_link_on_the_way_is_not_followed_out_of_the_tiers(place: Place, state: str) -> None:
    other = place.root.parent / "other"
    files.write_file(other / "precious", "precious")
    (place.root / "test/away").symlink_to(other)
    steps = (RemoveUnchanged("test/away/precious", sha(b"precious"), "next/x/b.rpm"),)
    links = (HardLink("next/x/b.rpm", "test/away/precious", sha(b"precious")),)
    damaged = replace(RECORD, state=state, prepare=links, steps=steps)
    files.write_file(place.journal.under_way_file, dump_record(damaged))
    with pytest.raises(FileError, match="is a link, which may lead out of"):
        place.recover()
    assert (other / "precious").is_file()
