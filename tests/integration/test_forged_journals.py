# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals that somebody forged, of a publish and of a promotion: nothing outside is removed, moved or written."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smedoit.config.publish import PublishSettings
from smedoit.errors import FileError, PublishError, SmeError
from smedoit.publish import records
from smedoit.publish.channels import FINAL, OURS
from smedoit.publish.records import PublishHistory, open_publish_history
from smedoit.runtime.files import write_file
from smedoit.tiers.records import open_promotions
from tests.harness import publishing

WHEN = "2026-11-01T12:00:00Z"
PUBLISH = {"name": "0001-publish-10.1", "when": WHEN, "who": "uid 1", "kind": "publish", "place": "10.1", "format": 1}
PROMOTION = {"name": "0001-x", "when": WHEN, "who": "uid 1", "what": "promotion", "format": 2}
STATES = ("preparing", "moving", "undoing", "done", "undone")


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """A target with one release, beside what nobody may touch, which is looked at in the end."""
    place, theirs = tmp_path / "public", tmp_path / "theirs"
    write_file(place / ".smedoit-target", "")
    write_file(place / "10.1/smeos/file", "published")
    (place / OURS / "work").mkdir(parents=True)
    write_file(theirs / "precious", "precious")
    write_file(theirs / "0001-publish-10.1/precious", "precious")
    before = {path: path.lstat().st_mtime_ns for path in sorted(theirs.rglob("*"))}
    yield place
    assert {path: path.lstat().st_mtime_ns for path in sorted(theirs.rglob("*"))} == before


def forge(target: Path, **said: Any) -> None:
    write_file(target / OURS / "under-way.json", json.dumps({**PUBLISH, **said}))


def settle(target: Path) -> None:
    """Do all that doit does with what is under way: go on, take back, tidy up."""
    with open_publish_history(PublishSettings(target)) as history:
        history.resume()
        history.undo()
        history.sweep()


STEPS: dict[str, dict[str, str]] = {
    "move out": {"step": "move", "source": "10.1", "target": "../theirs/10.1"},
    "move in": {"step": "move", "source": "../theirs", "target": "10.2"},
    "move absolute": {"step": "move", "source": "10.1", "target": "/tmp/10.1"},
    "through a link": {"step": "move", "source": "away/precious", "target": "10.2"},
    "to a link": {"step": "move", "source": "10.1", "target": "away/10.1"},
    "replace": {"step": "replace", "source": "10.1/smeos/file", "target": "away/precious", "saved": "away/saved"},
    "switch": {"step": "switch", "link": "away/link", "before": "", "after": "10.1"},
    "switch to": {"step": "switch", "link": "10", "before": "../theirs", "after": "10.1"},
    "appear": {"step": "appear", "path": "away/new"},
    "vanish": {"step": "vanish", "path": "away"},
    "link": {"step": "link", "source": "away/precious", "target": "10.1/precious", "sha256": ""},
    "remove": {"step": "remove", "path": "away/precious", "sha256": "", "kept": "10.1/smeos/file"},
    "nothing": {"step": "move", "source": "", "target": ""},
    "itself": {"step": "move", "source": ".", "target": "10.2"},
    "nul": {"step": "move", "source": "10.1\0", "target": "10.2"},
    "nul in a link": {"step": "switch", "link": "10", "before": "", "after": "\0"},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_forged_step_acts_on_nothing_outside_the_target(target: Path, step: dict[str, str], state: str) -> None:
    (target / "away").symlink_to("../theirs")
    forge(target, state=state, steps=[step])
    try:
        settle(target)
    except SmeError:
        assert (target / "10.1/smeos/file").is_file()


NAMES = [
    "../../../theirs", "0001-../../../../theirs", "0001-x/../../../theirs", "/etc", "", "0001-a\0", "0001-a\nb",
    5, None, ["0001-a"],
]  # fmt: skip


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", NAMES)
def test_a_record_whose_name_leads_out_is_not_believed(target: Path, name: object, state: str) -> None:
    forge(target, name=name, state=state)
    with pytest.raises(FileError, match=r"under-way\.json: is not a record of this journal"):
        settle(target)


@pytest.mark.parametrize(
    "said", [{"place": "../../theirs"}, {"place": "testing/../../x"}, {"place": 5}, {"when": "now"}, {"who": []},
             {"files": {"a": 5}}, {"files": 5}, {"checks": 5}, {"checks": [5]}, {"state": "DONE"}],
)  # fmt: skip
def test_a_record_that_says_what_none_of_ours_says_is_refused(target: Path, said: dict[str, Any]) -> None:
    forge(target, **said)
    with pytest.raises(FileError, match=r"under-way\.json: is"):
        settle(target)


@pytest.mark.parametrize("name", ["work", "records", ""])
def test_a_directory_of_ours_that_is_a_link_is_refused(target: Path, name: str) -> None:
    place = target / OURS / name if name else target / OURS
    if place.exists():
        os.rename(place, target / "aside")
    place.symlink_to(target.parent / "theirs")
    with pytest.raises((PublishError, FileError), match=r"or is a link|is no directory"):
        settle(target)


def test_what_becomes_a_link_later_is_not_swept(target: Path) -> None:
    history = PublishHistory(target)
    os.rmdir(target / OURS / "work")
    (target / OURS / "work").symlink_to("../../theirs")
    for work in (history.sweep, lambda: history.forget(records.PublishRecord(**PUBLISH))):  # type: ignore[arg-type]
        with pytest.raises(FileError, match=r"work on its way is a link"):
            work()


def test_a_linked_release_that_is_set_aside_is_not_removed_with_what_it_names(target: Path) -> None:
    (target / OURS / "work/0001-publish-10.1").symlink_to("../../../theirs")
    forge(target, state="preparing")
    with pytest.raises(FileError, match="is a link, where a directory belongs"):
        settle(target)


@pytest.mark.parametrize("name", ["smeos", "smeos/x86_64", "smeos/x86_64/repodata/repomd.xml", "iso/x86_64/SHA256SUMS"])
def test_what_an_interrupted_publish_left_is_no_way_out(target: Path, name: str) -> None:
    settings = PublishSettings(target, tiers=())
    parts = {"": publishing.release(target.parent / "stage", "10.2", 1)}
    work = target / OURS / "work/0001-publish-10.2/new" / name
    work.parent.mkdir(parents=True)
    source = target.parent / "stage/10.2" / name
    work.symlink_to(source if source.is_file() else target.parent / "theirs")
    forge(target, name="0001-publish-10.2", place="10.2", state="preparing")
    publishing.do(settings, lambda: publishing.plan(settings, "10.2", parts, FINAL))
    assert not any(path.is_symlink() for path in (target / "10.2").rglob("*"))
    assert (target / "10.2/iso/x86_64/SHA256SUMS").read_text() == "10.2"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("closed", [False, True])
def test_a_forged_promotion_acts_on_nothing_outside_the_tiers(
    target: Path, step: dict[str, str], state: str, closed: bool
) -> None:
    (target / "away").symlink_to("../theirs")
    where = target / "promotions" / ("0001-x.json" if closed else "under-way.json")
    write_file(where, json.dumps({**PROMOTION, "state": state, "prepare": [step], "steps": [step]}))
    promotions = open_promotions(target, target / "promotions", [])
    try:
        promotions.resume()
        for record in promotions.closed():
            promotions.take_back(record)
    except SmeError:
        assert (target / "10.1/smeos/file").is_file()


LIKELY = ("a", "b", "out", "to file", "dir", ".smedoit", "work", "precious", "file", "0001-publish-10.1", "new")
WORDS = (*LIKELY * 8, "..", ".", "", "/", "\0")  # a record with one bad path is refused as a whole
PATHS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("/".join)
FIELDS = {
    "link": ("source", "target", "sha256"), "remove": ("path", "sha256", "kept"), "move": ("source", "target"),
    "replace": ("source", "target", "saved"), "switch": ("link", "before", "after"), "appear": ("path",),
    "vanish": ("path",),
}  # fmt: skip
FORGED = st.lists(
    st.sampled_from(sorted(FIELDS)).flatmap(
        lambda kind: st.fixed_dictionaries({"step": st.just(kind), **dict.fromkeys(FIELDS[kind], PATHS)})
    ),
    max_size=4,
)


def forged_world(top: Path) -> Path:
    """Make a target with directories, files and links out of it, beside what is theirs; return the target."""
    place = top / "public"
    for path in (".smedoit-target", "a/file", "b/dir/file", f"{OURS}/work/0001-publish-10.1/file", "dir/file"):
        write_file(place / path, "ours", durable=False)
    for path in ("precious", "dir/precious", "work/precious"):
        write_file(top / "theirs" / path, "precious", durable=False)
    for link in ("out", "a/out", "b/dir/out", f"{OURS}/work/out"):
        (place / link).symlink_to(top / "theirs")
    (place / "to file").symlink_to(top / "theirs/precious")
    return place


def outside_of(place: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return all that lies beside a target, with its mode, links and content."""
    found = [path for path in sorted(place.parent.rglob("*")) if not path.is_relative_to(place)]
    stamps = [(path, path.lstat()) for path in found]
    return {
        str(path): (info.st_mode, info.st_nlink, path.read_bytes() if path.is_file() else b"") for path, info in stamps
    }


def attack_with(prepare: list[Any], steps: list[Any], state: str) -> None:
    """Let doit find a forged journal, as a publish and as a promotion."""
    for promotion in (False, True):
        with tempfile.TemporaryDirectory() as top:
            place = forged_world(Path(top))
            before = outside_of(place)
            said = {"state": state, "prepare": prepare, "steps": steps}
            with suppress(SmeError):
                if promotion:
                    write_file(place / "promotions/under-way.json", json.dumps({**PROMOTION, **said}), durable=False)
                    open_promotions(place, place / "promotions", [place / "a"]).resume()
                else:
                    forge(place, **said)
                    settle(place)
            assert outside_of(place) == before


@given(FORGED, FORGED, st.sampled_from(STATES))
@settings(max_examples=60, deadline=None)
def test_whatever_a_forged_journal_says_nothing_outside_changes(
    prepare: list[Any], steps: list[Any], state: str
) -> None:
    attack_with(prepare, steps, state)


@pytest.mark.exhaustive
@given(FORGED, FORGED, st.sampled_from(STATES))
@settings(max_examples=500, deadline=None)
def test_whatever_many_forged_journals_say_nothing_outside_changes(
    prepare: list[Any], steps: list[Any], state: str
) -> None:
    attack_with(prepare, steps, state)
