# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves of whole releases between the channels, and what a target has no room for."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from smedoit.config import release
from smedoit.config.identity import FINAL, OBSOLETE, TESTING
from smedoit.config.release import Release
from smedoit.errors import ConfigError, FileError, PublishError, SmeError
from smedoit.iso.tasks import on_medium
from smedoit.publish import apply, records, retire
from smedoit.publish.channels import OURS, PublishLocation
from smedoit.publish.publish import publish_release, rollback_publish, show_publish_plan, tier_origin_release
from smedoit.runtime import progress
from smedoit.sample.packages import KEYS
from tests.harness.kills import BOTH, chosen, doors, killed_at
from tests.harness.places import PROJECT
from tests.harness.publishing import do, plan, read_whole, state, take_back, target, tier
from tests.harness.publishing import release as publishing_release

SHM = Path("/dev/shm")


@pytest.fixture
def final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """Return a final release 10.1 of which nothing is published yet; candidates are welcome in testing."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    rel = release.load_release(PROJECT / "release.toml")
    settings = target(tmp_path / "public", candidate=True, keep=1, days=10)
    paths = replace(rel.paths, root=tmp_path / "root")
    keys = tuple(replace(key, file=KEYS / key.file.name) for key in rel.keys)
    return replace(rel, release=replace(rel.release, label=""), paths=paths, publish=settings, keys=keys)


def put(rel: Release, version: str, channel: str, *numbers: int) -> Path:
    """Publish a small release; return where it lies."""
    stage = rel.publish.target.parent / "stage"
    parts: Mapping[str, Path] = {"": publishing_release(stage, version, *numbers)}
    tier(stage / "live", *numbers)
    record = do(rel.publish, lambda: plan(rel.publish, version, {**parts, "smeupdates": stage / "live"}, channel))
    assert record
    return rel.publish.target / record.place


def publish(rel: Release, **words: object) -> Mapping[str, str]:
    options = {"source": "", "to": "", "dry_run": False, **words}
    return publish_release(rel, {}, on_medium, **options)  # type: ignore[arg-type]


def test_the_final_bits_of_testing_become_the_final_release_and_back(final: Release) -> None:
    candidate = put(final, "10.1", TESTING, 1, 2)
    before = state(final.publish.target)
    assert "every check passed" in show_publish_plan(final, {}, "testing", "")["did"]
    publish(final, source="testing")
    place = final.publish.target / "10.1"
    assert state(place) == state(candidate)
    assert os.readlink(final.publish.target / "10") == "10.1"
    assert read_whole(final.publish.target / "10") == 4
    repomd = "smeos/x86_64/repodata/repomd.xml"
    assert (place / repomd).stat().st_ino != (candidate / repomd).stat().st_ino
    rollback_publish(final, final.root / "rsync.log", dry_run=False)
    assert state(final.publish.target) == before


def shown_by_rollback(rel: Release, capsys: pytest.CaptureFixture[str], dry_run: bool) -> list[str]:
    capsys.readouterr()
    rollback_publish(rel, rel.root / "rsync.log", dry_run=dry_run)
    return capsys.readouterr().out.splitlines()


def test_a_rollback_shows_what_it_will_do_in_the_order_in_which_it_does_it(
    final: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    put(final, "10.1.rc2", TESTING, 1)
    place = put(final, "10.1.rc3", TESTING, 1)
    lines = shown_by_rollback(final, capsys, dry_run=True)
    assert lines[0].startswith("to be rolled back: the publish of testing/10.1.rc3 (")
    assert lines[1:] == ["  link testing/10: 10.1.rc3 -> 10.1.rc2", "  testing/10.1.rc3 disappears"]
    assert place.is_dir()
    assert shown_by_rollback(final, capsys, dry_run=False) == lines
    assert not place.exists()
    assert shown_by_rollback(final, capsys, dry_run=True)[1:] == [
        "  link testing/10: 10.1.rc2 -> none",
        "  testing/10.1.rc2 disappears",
        "  testing/ disappears",
    ]


def test_a_rollback_of_an_update_shows_what_comes_back(final: Release, capsys: pytest.CaptureFixture[str]) -> None:
    put(final, "10.1", TESTING, 1)
    stage = final.publish.target.parent / "stage"
    tier(stage / "live", 2)
    parts = {"": stage / "10.1", "smeupdates": stage / "live"}
    assert do(final.publish, lambda: plan(final.publish, "10.1", parts))
    lines = shown_by_rollback(final, capsys, dry_run=True)[1:]
    repomd = "  testing/10.1/smeupdates/x86_64/repodata/repomd.xml is put back"
    old, new = (f"  testing/10.1/smeupdates/x86_64/RPMS/a-{number}-1.noarch.rpm" for number in (1, 2))
    assert {f"{old} appears", f"{new} disappears", repomd} <= {*lines}
    assert lines.index(f"{old} appears") < lines.index(repomd) < lines.index(f"{new} disappears")


def test_a_rollback_of_very_much_shows_the_beginning_and_how_much_more(
    final: Release, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    put(final, "10.1", TESTING, 1)
    stage = final.publish.target.parent / "stage"
    for number in range(30):
        (stage / "live" / f"x{number:02}").write_text("")
    parts = {"": stage / "10.1", "smeupdates": stage / "live"}
    assert do(final.publish, lambda: plan(final.publish, "10.1", parts))
    log = tmp_path / "rollback.log"
    with progress.open_task_log(log):
        lines = shown_by_rollback(final, capsys, dry_run=True)
    assert lines[1] == "  testing/10.1/smeupdates/x29 disappears"
    assert lines[-2:] == ["  … and 10 more", f"  the whole list is in {log}"]
    assert len(lines) == 23
    assert log.read_text().count(" disappears\n") == 30


def test_a_rollback_of_what_nobody_has_seen_says_so(final: Release, capsys: pytest.CaptureFixture[str]) -> None:
    with records.open_publish_history(final.publish) as history:
        history.write_down(history.begin_record("publish", "testing/10.1", 0))
    assert shown_by_rollback(final, capsys, dry_run=True)[1:] == ["  nothing that readers see: it was only prepared"]


@BOTH
def test_a_publish_that_was_shown_and_killed_at_any_step_is_finished_by_the_next_one(
    final: Release, every: bool
) -> None:
    put(final, "10.1", TESTING, 1)
    log, before = final.root / "rsync.log", state(final.publish.target)
    publish(final, source="testing")
    rollback_publish(final, log, dry_run=False)
    steps = doors(lambda: publish(final, source="testing"))
    rollback_publish(final, log, dry_run=False)
    for number in chosen(steps, every):
        show_publish_plan(final, {}, "testing", "")
        killed = killed_at(number, lambda: publish(final, source="testing"))
        publish(final, source="testing")
        assert read_whole(final.publish.target / "10") == 2
        rollback_publish(final, log, dry_run=False)
        assert state(final.publish.target) == before
        if not killed:
            break
    assert len(steps) > 50


def test_a_previous_release_that_is_not_there_is_named(final: Release) -> None:
    settings = replace(final.publish, carry_from="testing/9.9")
    with pytest.raises(PublishError, match=r"testing/9\.9: the release to carry tiers over from is not there"):
        tier_origin_release(settings, PublishLocation(FINAL, "10.1"), "")


def test_bits_that_changed_in_testing_are_not_moved(final: Release) -> None:
    place = put(final, "10.1", TESTING, 1)
    (place / "iso/x86_64/SHA256SUMS").write_text("changed")
    with pytest.raises(PublishError, match="same_bits  iso/x86_64/SHA256SUMS"):
        publish(final, source="testing")


def test_bits_that_nobody_published_from_here_are_not_moved(final: Release) -> None:
    publishing_release(final.publish.target / "testing", "10.1", 1)
    with pytest.raises(PublishError, match=r"no record says that testing/10\.1 was published from here"):
        publish(final, source="testing")


def test_what_is_not_in_testing_is_not_moved(final: Release) -> None:
    with pytest.raises(PublishError, match=r"testing/10\.1: is not there"):
        publish(final, source="testing")


def test_a_final_release_is_retired_when_its_successor_is_there(final: Release) -> None:
    put(final, "10.0", FINAL, 1)
    with pytest.raises(PublishError, match=r"10\.0: the link 10 names it"):
        retire.retire_releases(final, ["10.0"], dry_run=False)
    put(final, "10.1", FINAL, 2)
    before = state(final.publish.target)
    retire.retire_releases(final, ["10.0"], dry_run=True)
    assert state(final.publish.target) == before
    retire.retire_releases(final, ["10.0"], dry_run=False)
    assert (final.publish.target / "obsolete/10.0/smeos").is_dir()
    assert not (final.publish.target / "10.0").exists()
    take_back(final.publish)
    assert state(final.publish.target) == before


@pytest.mark.parametrize("words", [[], ["10.0", "10.1"], ["../10"], ["testing"], ["10"]])
def test_retire_takes_one_version(final: Release, words: list[str]) -> None:
    with pytest.raises(ConfigError, match="takes the version of one release"):
        retire.retire_releases(final, words, dry_run=False)


def test_retire_takes_a_release_only(final: Release) -> None:
    (final.publish.target / "10.0/precious").mkdir(parents=True)
    with pytest.raises(PublishError, match=r"10\.0: is no release"):
        retire.retire_releases(final, ["10.0"], dry_run=False)


def aged(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Let the clock of those who move releases be days ahead."""
    import time

    now = time.time() + days * retire.DAY
    monkeypatch.setattr(retire, "time", SimpleNamespace(time=lambda: now))


def test_old_tests_are_pruned_but_never_one_that_a_link_names(
    final: Release, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [put(final, f"10.1.rc{number}", TESTING, number) for number in (1, 2, 3)]
    precious = final.publish.target / "testing/10.1.rc9/precious"
    precious.mkdir(parents=True)  # called like a release, and none
    aged(monkeypatch, 5)
    assert retire.prune_test_releases(final, dry_run=False)["did"] == "no test release is old enough to delete"
    aged(monkeypatch, 50)
    (final.publish.target / "testing/9").symlink_to("10.1.rc1")
    before = state(final.publish.target)
    capsys.readouterr()
    retire.prune_test_releases(final, dry_run=True)
    assert "after a prune, doit rollback cannot take back the publish of testing/10.1.rc3" in capsys.readouterr().out
    assert state(final.publish.target) == before
    assert retire.prune_test_releases(final, dry_run=False)["did"] == "deleted 1 test releases: 10.1.rc2"
    assert [path.exists() for path in places] == [True, False, True]
    assert precious.is_dir()
    assert list((final.publish.target / OURS / "work").iterdir()) == []
    with pytest.raises(PublishError, match="the releases were deleted"):
        take_back(final.publish)


@BOTH
def test_a_prune_killed_at_every_step_is_finished_or_taken_back_whole(
    final: Release, monkeypatch: pytest.MonkeyPatch, every: bool
) -> None:
    put(final, "10.1.rc1", TESTING, 1)
    put(final, "10.1.rc2", TESTING, 2)
    aged(monkeypatch, 50)
    old = state(final.publish.target)
    new = {path: what for path, what in old.items() if not path.startswith("testing/10.1.rc1")}

    def another(number: int) -> Release:
        place = final.publish.target.with_name(f"public-{number}")
        shutil.copytree(final.publish.target, place, symlinks=True)
        return replace(final, publish=replace(final.publish, target=place))

    undisturbed = another(0)
    steps = doors(lambda: retire.prune_test_releases(undisturbed, dry_run=False))
    assert state(undisturbed.publish.target) == new
    for turn, number in enumerate(chosen(steps, every)):
        rel = another(number)
        place = rel.publish.target
        if not killed_at(number, lambda rel=rel: retire.prune_test_releases(rel, dry_run=False)):  # type: ignore[misc]
            break
        if turn % 2:
            retire.prune_test_releases(rel, dry_run=False)
            assert state(place) == new
        elif records.PublishHistory(place).under_way():
            take_back(rel.publish)
            assert state(place) == old
        assert state(place) in (old, new)
    assert len(steps) > 4


def test_what_a_killed_prune_left_goes_with_the_next_look(final: Release) -> None:
    work = final.publish.target / OURS / "work"
    put(final, "10.1.rc1", TESTING, 1)
    (work / "0001-prune-testing/10.1.rc0").mkdir(parents=True)  # closed, and killed while it was removed
    assert retire.prune_test_releases(final, dry_run=False)["did"] == "no test release is old enough to delete"
    assert not (work / "0001-prune-testing").exists()


def test_a_full_target_is_told_before_the_first_write(final: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    root = publishing_release(final.publish.target.parent / "stage", "10.1", 1)
    before = state(final.publish.target)
    no_room = SimpleNamespace(f_bavail=10, f_frsize=512, f_files=0, f_favail=0)
    no_inodes = SimpleNamespace(f_bavail=1 << 30, f_frsize=512, f_files=9, f_favail=2)
    for room, words in (
        (no_room, r"has 5\.0 KiB free, and 16\.0 MiB are needed"),
        (no_inodes, r"has 2 inodes free, and \d+ are needed"),
    ):
        monkeypatch.setattr(apply.os, "statvfs", lambda _, room=room: room)
        with pytest.raises(PublishError, match=words):
            do(final.publish, lambda: plan(final.publish, "10.1", {"": root}, FINAL))
        assert state(final.publish.target) == before
        assert records.PublishHistory(final.publish.target).under_way() is None


def test_a_disk_that_fills_up_meanwhile_leaves_the_target_as_it_was(
    final: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    root = publishing_release(final.publish.target.parent / "stage", "10.1", 1)
    before = state(final.publish.target)
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(SmeError, match="no space left on device"):
        do(final.publish, lambda: plan(final.publish, "10.1", {"": root}, FINAL))
    assert state(final.publish.target) == before
    assert list((final.publish.target / OURS / "work").iterdir()) == []


@pytest.mark.skipif(not os.access(SHM, os.W_OK), reason="needs a second file system in /dev/shm")
def test_a_stage_on_another_file_system_is_copied(final: Release, tmp_path: Path) -> None:
    if SHM.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system in /dev/shm")
    with tempfile.TemporaryDirectory(dir=SHM) as elsewhere:
        root = publishing_release(Path(elsewhere), "10.1", 1)
        made = plan(final.publish, "10.1", {"": root}, FINAL)
        assert made.copied == sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
        do(final.publish, lambda: made)
        (final.publish.target / OBSOLETE).symlink_to(elsewhere)
        with pytest.raises(PublishError, match="obsolete: lies on another file system"):
            retire.retire_releases(final, ["10.1"], dry_run=False)
    assert read_whole(final.publish.target / "10") == 1


def test_a_target_that_cannot_be_written_is_named_before_anything_is_done() -> None:
    with tempfile.TemporaryDirectory() as place:
        settings = target(Path(place) / "public")
        for path, mode in ((Path(place), 0o755), (settings.target, 0o555)):
            path.chmod(mode)
        read, write = os.pipe()
        if os.fork() == 0:  # root may write everywhere, so that somebody else must try
            try:
                os.setuid(65534) if os.getuid() == 0 else None
                with records.open_publish_history(settings):
                    os.write(write, b"it was opened")
            except SmeError as error:
                os.write(write, str(error).encode())
            os._exit(0)
        os.wait()
        os.close(write)
        assert os.read(read, 1000).decode().startswith(f"{settings.target}: cannot be written")
        os.close(read)
        settings.target.chmod(0o755)


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"steps": 1}', "../../etc", "/etc/passwd"])
def test_a_record_that_is_none_or_leads_out_of_the_target_is_refused(final: Release, damage: str) -> None:
    put(final, "10.1", FINAL, 1)
    [record] = (final.publish.target / OURS / "records").iterdir()
    text = record.read_text().replace('"target": "10.1"', f'"target": "{damage}"') if "etc" in damage else damage
    record.write_text(text)
    before = state(final.publish.target)
    with pytest.raises(FileError, match="is not a record of this journal"):
        take_back(final.publish)
    assert state(final.publish.target) == before


def test_a_link_on_the_way_is_not_followed_out_of_the_target(final: Release) -> None:
    put(final, "10.1", FINAL, 1)
    place = final.publish.target / "10.1"
    other = place.parent.parent / "other"
    other.mkdir()
    place.rename(other / "10.1")
    place.parent.joinpath("away").symlink_to(other)
    [record] = (final.publish.target / OURS / "records").iterdir()
    record.write_text(record.read_text().replace('"target": "10.1"', '"target": "away/10.1"'))
    with pytest.raises(FileError, match="is a link, which may lead out of"):
        take_back(final.publish)
    assert (other / "10.1").is_dir()
