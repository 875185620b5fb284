# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing through real runs of doit; what a person gets wrong ends in a sentence, and the target is as it was."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from smedoit.iso.tasks import on_medium
from smedoit.publish import channels
from smedoit.runtime import files
from tests.harness import servers
from tests.harness.kills import killed_at
from tests.harness.project import Project, flip
from tests.harness.publishing import read_whole, state

WAIVED = 'waived = { signed = "practice", boot_test = "practice" }'
CHECKS = ("verify", "check_versions", "quality", "closure", "updates")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A release with all that must have passed, and a target."""
    trial = Project.new(tmp_path_factory.mktemp("publish"))
    answer = trial.doit("sample", "tiers", "release", *CHECKS)
    assert answer.code == 0, answer.said
    return trial


@pytest.fixture
def trial(made: Project) -> Project:
    """The release, with nothing published."""
    public = made.release.publish.target
    shutil.rmtree(public, ignore_errors=True)
    public.mkdir()
    (public / made.release.publish.marker).write_text("practice\n")
    shutil.rmtree(made.release.stage / "announcement", ignore_errors=True)
    (made.release.state / "publish-plan.txt").unlink(missing_ok=True)
    return made


def public(trial: Project) -> Path:
    return trial.release.publish.target


def refused(trial: Project, words: str, *command: str) -> None:
    """Hold a run to a refusal in these words, without a traceback, and with the target as it was."""
    place = public(trial)
    before = state(place) if place.is_dir() else {}
    answer = trial.doit(*(command or ("publish",)))
    assert answer.code != 0, answer.said
    assert words in answer.said
    assert "Traceback" not in answer.said
    assert (state(place) if place.is_dir() else {}) == before


def succeeded(trial: Project, *command: str) -> str:
    """Return what a run says that must succeed."""
    answer = trial.doit(*command)
    assert answer.code == 0, answer.said
    return answer.said


def test_publish_does_what_plan_publish_showed_and_rollback_takes_it_back(trial: Project) -> None:
    empty = state(public(trial))
    shown = succeeded(trial, "plan_publish")
    assert state(public(trial)) == empty
    assert "link testing/10: none yet -> 10.1.rc2" in shown
    assert re.search(r"verify +passed  inputs unchanged", shown)
    assert re.search(r"signed +waived  nothing is signed.*  reason: practice", shown)
    said = succeeded(trial, "publish")
    for line in shown.splitlines()[1:-1]:
        assert line in said
    link = public(trial) / "testing/10"
    assert os.readlink(link) == "10.1.rc2"
    assert read_whole(link) > 50
    release = trial.release
    for ours, there in ((release.tree, "smeos/x86_64"), (release.srpms, "smeos/SRPMS"), (release.isos, "iso")):
        staged = {path: what[10:] for path, what in state(ours).items()}
        assert {path: what[10:] for path, what in state(link.resolve() / there).items()} == staged
    assert {what[:10] for what in state(link.resolve()).values()} == {"-rw-r--r--", "drwxr-xr-x"}
    [record] = (public(trial) / channels.OURS / "records").iterdir()
    assert json.loads(record.read_text())["files"]["iso/x86_64/SHA256SUMS"]["sha256"]
    assert "nothing to publish, already up to date" in succeeded(trial, "publish")
    succeeded(trial, "rollback")
    assert not os.path.lexists(link)
    assert not (public(trial) / "testing/10.1.rc2").exists()


def test_after_publishing_the_announcement_is_ready_and_a_checklist_says_what_is_left(trial: Project) -> None:
    said = succeeded(trial, "publish")
    assert "[x] the link testing/10 says 10.1.rc2" in said
    assert "[ ] exports: let new packages go to testing/10.1.rc2" in said
    place = trial.release.stage / "announcement"
    iso = trial.release.iso
    for name in ("mail.txt", "wiki.txt"):
        text = (place / name).read_text()
        assert f"https://mirror.example.invalid/releases/testing/10.1.rc2/iso/x86_64/{iso.name}" in text
        assert iso.with_name(f"{iso.name}.sha256").read_text().split()[0] in text


def test_new_packages_of_a_live_tier_follow_and_nothing_else_changes(trial: Project) -> None:
    succeeded(trial, "publish")
    before = state(public(trial))
    live = trial.rpm("e-smith-base-5.8.1-7", "smetest")
    away = trial.home / live.name
    live.rename(away)
    try:
        succeeded(trial, "tiers")
        assert f"removed smetest/x86_64/RPMS/{live.name}" in succeeded(trial, "plan_publish")
        succeeded(trial, "publish")
        after = state(public(trial))
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        assert {path.split("/")[2] for path in changed} == {"smetest"}
        read_whole(public(trial) / "testing/10")
        succeeded(trial, "rollback")
        assert state(public(trial)) == before
    finally:
        away.rename(live)
        succeeded(trial, "tiers", "updates")


def test_a_run_that_was_killed_goes_on_or_is_taken_back(trial: Project) -> None:
    from smedoit.publish import publish

    release, empty = trial.release, state(public(trial))
    assert killed_at(400, lambda: publish.publish_release(release, {}, on_medium, "", "", False))
    assert "was interrupted and is rolled back" in succeeded(trial, "rollback")
    assert {**state(public(trial)), "testing": ""} == {**empty, "testing": ""}
    assert killed_at(400, lambda: publish.publish_release(release, {}, on_medium, "", "", False))
    assert "was interrupted: doit publish goes on with it" in succeeded(trial, "plan_publish")
    refused(trial, "was interrupted", "prune")
    succeeded(trial, "publish")
    read_whole(public(trial) / "testing/10")


def test_verify_published_reads_all_of_a_release_back_and_touches_nothing(trial: Project) -> None:
    succeeded(trial, "publish")
    said = succeeded(trial, "verify_published")
    assert "held against the record publish of testing/10.1.rc2" in said
    assert "nothing is wrong" in said
    place = public(trial) / "testing/10.1.rc2"
    for name in ("e-smith-base-5", "e-smith-lib"):
        path = next((place / "smeos/x86_64/Packages").glob(f"{name}*.rpm"))
        data = path.read_bytes()
        path.unlink()  # its other names keep their bytes
        path.write_bytes(flip(5000, data))
    refused(trial, "2 faults in ", "verify_published")
    log = (trial.release.logs / "verify_published.log").read_text()
    assert "has other bytes than were published" in log
    assert "smeos/x86_64/Packages/e-smith-base-5" in log


def test_verify_published_reads_a_mirror_over_http(trial: Project, tmp_path: Path) -> None:
    succeeded(trial, "publish")
    mirror = tmp_path / "mirror"
    shutil.copytree(public(trial), mirror, ignore=shutil.ignore_patterns(".smedoit*"), symlinks=True)
    text = trial.file.read_text()
    trial.file.write_text(f"{text}\n[network]\ndelay = 0\n")
    try:
        with servers.real("nginx", tmp_path / "server", mirror) as server:
            for place in ("testing/10.1.rc2", "testing/10"):
                assert "nothing is wrong" in succeeded(trial, "verify_published", "--url", f"{server.url}{place}")
            [victim] = (mirror / "testing/10.1.rc2/iso/x86_64").glob("*netinstall.iso")
            victim.write_bytes(victim.read_bytes()[:-1])
            answer = trial.doit("verify_published", "--url", f"{server.url}testing/10.1.rc2")
            assert answer.code != 0
            assert "cannot be read" in answer.said
            assert (
                f"the server reports {victim.stat().st_size} bytes, expected {victim.stat().st_size + 1}" in answer.said
            )
    finally:
        trial.file.write_text(text)


def test_a_plan_that_changed_since_it_was_shown_is_not_done(trial: Project) -> None:
    succeeded(trial, "plan_publish")
    (public(trial) / "testing/10.0.rc9").mkdir(parents=True)
    (public(trial) / "testing/10").symlink_to("10.0.rc9")
    refused(trial, "the plan is not what doit plan_publish has shown")
    succeeded(trial, "plan_publish")
    succeeded(trial, "publish")


def test_a_missing_target_is_named(trial: Project) -> None:
    shutil.rmtree(public(trial))
    refused(trial, "public: the target is not there")
    refused(trial, "public: the target is not there", "plan_publish")


def test_a_target_without_its_marker_is_never_touched(trial: Project) -> None:
    (public(trial) / trial.release.publish.marker).unlink()
    for command in ("plan_publish", "publish", "rollback", "prune"):
        refused(trial, "has no .smedoit-target, so nothing is ever changed in it", command)


def test_a_link_that_points_outside_is_refused(trial: Project) -> None:
    (public(trial) / "testing").mkdir()
    (public(trial) / "testing/10").symlink_to("../../stage/10.1.rc2")
    refused(trial, "testing/10: the link points outside, to ../../stage/10.1.rc2")


def test_a_dangling_link_is_refused(trial: Project) -> None:
    (public(trial) / "testing").mkdir()
    (public(trial) / "testing/10").symlink_to("10.0")
    refused(trial, "the link names 10.0, which is no release beside it")


def test_a_directory_in_the_place_of_the_link_is_refused(trial: Project) -> None:
    (public(trial) / "testing/10").mkdir(parents=True)
    refused(trial, "testing/10: is no link but a directory")


def test_a_channel_that_is_a_link_elsewhere_is_refused(trial: Project) -> None:
    (trial.home / "elsewhere").mkdir(exist_ok=True)
    (public(trial) / "testing").symlink_to(trial.home / "elsewhere")
    refused(trial, "lies on another file system than")


def test_a_release_with_other_bytes_stays_as_it_is(trial: Project) -> None:
    succeeded(trial, "publish")
    published = public(trial) / "testing/10.1.rc2/smeos/x86_64/.treeinfo"
    published.write_bytes(published.read_bytes() + b"\n")
    refused(trial, "the release exists already, and differs")
    refused(trial, "smeos/x86_64/.treeinfo", "plan_publish")


def test_updates_of_the_tiers_need_no_check_again_for_the_same_bits(trial: Project) -> None:
    succeeded(trial, "publish")
    kept = trial.file.read_text()
    trial.configure(WAIVED, "")
    try:
        assert "same_bits  passed  the bits of 0001-publish-testing-10.1.rc2" in succeeded(trial, "publish")
    finally:
        trial.file.write_text(kept)


def test_tiers_are_updated_whatever_was_built_since_the_publish(trial: Project, tmp_path: Path) -> None:
    succeeded(trial, "publish")
    trial = trial.copy(tmp_path / "copy")
    top = public(trial) / "testing/10.1.rc2"
    frozen = {name: state(top / name) for name in ("iso", "smeos")}
    news = trial.put(trial.recipe("bash", "smeupdates", release="99.el7.sme"), "smeupdates")
    succeeded(trial, "iso")
    succeeded(trial, "tiers")
    shown = succeeded(trial, "plan_publish")
    assert f"linked smeupdates/x86_64/RPMS/{news.name}" in shown
    assert re.search(
        r"the stage differs from what was published as 10\.1\.rc2, in \d+ files: iso/x86_64/smeserver", shown
    )
    assert "give it a new version or label" in shown
    succeeded(trial, "publish")
    assert (top / f"smeupdates/x86_64/RPMS/{news.name}").is_file()
    assert {name: state(top / name) for name in frozen} == frozen
    assert read_whole(top.with_name("10")) > 50
    shutil.rmtree(trial.release.root / "stage")
    assert "nothing to publish, already up to date" in succeeded(trial, "publish")


def test_metadata_of_the_previous_release_that_does_not_fit_is_refused(trial: Project) -> None:
    succeeded(trial, "publish")
    top = public(trial) / "testing"
    (top / "10.1.rc2").rename(top / "10.1.rc1")
    (top / "10").unlink()
    (top / "10").symlink_to("10.1.rc1")
    contrib = top / "10.1.rc1/smecontribs/x86_64"
    shutil.copytree(top / "10.1.rc1/smetest/x86_64", contrib)
    next((contrib / "RPMS").iterdir()).unlink()
    refused(trial, "is named and not there")


def test_tiers_that_only_the_previous_release_has_are_carried_over(trial: Project) -> None:
    succeeded(trial, "publish")
    top = public(trial) / "testing"
    (top / "10.1.rc2").rename(top / "10.1.rc1")
    (top / "10").unlink()
    (top / "10").symlink_to("10.1.rc1")
    shutil.copytree(top / "10.1.rc1/smetest/x86_64", top / "10.1.rc1/smecontribs/x86_64")
    old = state(top / "10.1.rc1")
    succeeded(trial, "publish")
    assert state(top / "10.1.rc1") == old
    assert state(top / "10.1.rc2") == old
    inodes = {path.stat().st_ino for path in (top / "10.1.rc2").rglob("*") if path.is_file()}
    shared = [path for path in (top / "10.1.rc1").rglob("*") if path.is_file() and path.stat().st_ino in inodes]
    assert shared
    assert {path.suffix for path in shared} == {".rpm", ".iso"}


@pytest.mark.parametrize("damage", ["a medium", "the tree"])
def test_a_change_after_the_verification_fails_its_check(trial: Project, damage: str) -> None:
    path = trial.release.iso if damage == "a medium" else trial.release.tree / ".discinfo"
    kept = path.read_bytes()
    copy = path.with_name("kept")
    path.rename(copy)
    path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    try:
        refused(trial, " failed\n  verify  ")
    finally:
        copy.replace(path)


def test_a_check_that_passed_with_other_settings_fails(trial: Project) -> None:
    kept = trial.file.read_text()
    trial.configure("[updates.explained]", '[updates.explained]\n"bash*" = "waits"')
    try:
        refused(trial, "updates  release.toml [updates] changed since it passed  run: doit updates")
    finally:
        trial.file.write_text(kept)


def test_checks_that_never_passed_are_all_named(trial: Project) -> None:
    kept = trial.file.read_text()
    trial.configure(WAIVED, "")
    try:
        refused(trial, "publish blocked: 2 checks failed")
        refused(trial, "boot_test  not passed for smeserver-10.1.rc2-x86_64.iso ")
    finally:
        trial.file.write_text(kept)


def test_a_test_release_is_no_final_one(trial: Project) -> None:
    refused(trial, "has the label rc2 and would be published as final", "publish", "--to", "final")
    refused(trial, "has the label rc2 and would be published as final", "publish", "--from", "testing")
    refused(trial, "releases go to final or testing", "publish", "--to", "obsolete")


def test_somebody_else_at_work_in_the_target_is_told(trial: Project) -> None:
    import fcntl

    home = public(trial) / channels.OURS
    home.mkdir()
    with (home / "lock").open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        refused(trial, "public: a publish is under way")


def test_a_practice_release_goes_nowhere_but_to_a_target_for_practice(trial: Project) -> None:
    (public(trial) / trial.release.publish.marker).write_text("")
    for command in ("plan_publish", "publish"):
        refused(trial, "is built with practice keys, and", command)
    (public(trial) / trial.release.publish.marker).write_text("practice\n")
    kept = trial.file.read_text()
    trial.configure("[publish]", '[publish]\nremote = "mirror.example.invalid:/srv/releases"')
    refused(trial, "is built with practice keys, and [publish] remote is mirror.example.invalid:/srv/releases")
    trial.file.write_text(kept)


def test_there_is_nothing_to_put_back_where_nothing_was_published(trial: Project) -> None:
    refused(trial, "nothing to roll back", "rollback")


def test_a_final_release_leads_to_its_final_place_and_claims_what_is_true(made: Project, tmp_path: Path) -> None:
    trial = made.copy(tmp_path / "final")
    place = public(trial)
    shutil.rmtree(place, ignore_errors=True)
    files.write_file(place / trial.release.publish.marker, "practice\n")
    trial.configure('label = "rc2"', 'label = ""')
    succeeded(trial, "sample")
    succeeded(trial, "notes", "--content")
    kept = trial.file.read_text()
    trial.configure("releases/{place}", "releases/testing/{full}")
    succeeded(trial, "release", *CHECKS)
    refused(trial, f"{trial.release.netinstall_iso.name} leads to https://mirror.example.invalid/releases/testing/10.1")
    refused(trial, "not to 10.1", "publish")
    trial.file.write_text(kept)
    succeeded(trial, "release", *CHECKS)
    assert re.search(r"addresses +passed  media, jigdo and texts lead to 10.1\n", succeeded(trial, "publish"))
    mail = (trial.release.stage / "announcement/mail.txt").read_text()
    assert "testing" not in mail
    assert "https://mirror.example.invalid/releases/10.1/iso/x86_64/" in mail
    assert "SHA256SUMS lies beside the media, and is not signed." in mail
