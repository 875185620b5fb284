# SPDX-License-Identifier: GPL-3.0-or-later
"""test_checkout"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from smedoit.config.inputs import CheckoutSettings, ExportSource
from smedoit.config.network import NetworkSettings
from smedoit.config.schema import InvalidValueError
from smedoit.content import checkout, export, revisions
from smedoit.errors import ContentError, NetworkError, SmeError
from smedoit.runtime import files
from tests.harness.kills import chosen, doors, killed_at
from tests.harness.servers import free_port
from tests.harness.tools import read_with
from tests.harness.versioncontrol import CvsRepository, GitRepository

FIRST = {"isolinux/isolinux.cfg": "menu title Welcome\n", "product/.buildstamp": "[Main]\n", "gone": "soon\n"}
SECOND: dict[str, str | None] = {"isolinux/isolinux.cfg": "menu title Welcome again\n", "gone": None}


@pytest.fixture(scope="module")
def cvs() -> Iterator[CvsRepository]:
    with TemporaryDirectory() as place:  # not below pytest's own, which nobody else may enter
        Path(place).chmod(0o755)
        one = CvsRepository(Path(place))
        one.commit(FIRST, "rel_10_0")
        one.commit(SECOND, "rel_10_1")
        yield one


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    one = GitRepository(tmp_path_factory.mktemp("git"))
    one.commit(FIRST, "rel_10_0")
    one.commit(SECOND, "rel_10_1")
    return one


def bring(place: Path, source: ExportSource, network: NetworkSettings | None = None) -> str:
    one = CheckoutSettings("content", place / "src/sme10", source)
    return checkout.export_checkouts([one], one.path, place / "mirrors", network or NetworkSettings())


def names(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


WITHOUT_GONE = [".smedoit-export", "isolinux/isolinux.cfg", "product/.buildstamp"]


def test_cvs_is_exported_by_its_tag_from_a_pserver(cvs: CvsRepository, tmp_path: Path) -> None:
    with cvs.serve() as root:
        source = ExportSource("cvs", root, "cdrom.image/sme10", tag="rel_10_0")
        assert "3 files, 3 revisions of CVS at rel_10_0" in bring(tmp_path, source)
        place = tmp_path / "src/sme10"
        assert names(place) == sorted([*WITHOUT_GONE, "gone"])
        assert (place / "isolinux/isolinux.cfg").read_text() == FIRST["isolinux/isolinux.cfg"]
        assert "2 of them new, changed or gone" in bring(tmp_path, replace(source, tag="rel_10_1"))
        assert names(place) == WITHOUT_GONE
    assert revisions.checkout_revision(place, tmp_path)["revisions"]["isolinux/isolinux.cfg"] == "1.2"
    assert [path.name for path in (tmp_path / "src").iterdir()] == ["sme10"]


def test_cvs_is_exported_as_it_was_at_a_date(cvs: CvsRepository, tmp_path: Path) -> None:
    future = datetime(2090, 1, 1, tzinfo=timezone.utc)
    bring(tmp_path, ExportSource("cvs", str(cvs.root), "cdrom.image/sme10", date=future))
    assert names(tmp_path / "src/sme10") == WITHOUT_GONE
    before = datetime(2001, 1, 1, tzinfo=timezone.utc)
    with pytest.raises(ContentError, match="is empty"):
        bring(tmp_path, ExportSource("cvs", str(cvs.root), "cdrom.image/sme10", date=before))
    assert names(tmp_path / "src/sme10") == WITHOUT_GONE


def test_cvs_ext_speaks_through_the_program_of_cvs_rsh(
    cvs: CvsRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = tmp_path / "rsh"
    shell.write_text('#!/bin/sh\nshift "$(($# - 1))"\nexec $1\n')
    shell.chmod(0o755)
    monkeypatch.setenv("CVS_RSH", str(shell))
    bring(tmp_path, ExportSource("cvs", f":ext:somebody@localhost:{cvs.root}", "cdrom.image/sme10", tag="rel_10_1"))
    assert names(tmp_path / "src/sme10") == WITHOUT_GONE


@pytest.mark.parametrize("way", ["file", "daemon", "http"])
def test_git_is_exported_by_tag_commit_branch_and_date(git: GitRepository, tmp_path: Path, way: str) -> None:
    commit = git.git("rev-parse", "rel_10_0^{commit}")
    served = {"daemon": git.serve, "http": git.serve_http}.get(way)
    if served is None:
        check_git(f"file://{git.work}", tmp_path, commit)
    else:
        with served() as url:
            check_git(url, tmp_path, commit)


def check_git(url: str, place: Path, commit: str) -> None:
    path = place / "src/sme10"
    assert f"3 files, commit {commit[:12]}" in bring(place, ExportSource("git", url, tag="rel_10_0"))
    assert revisions.checkout_revision(path, place)["commit"] == commit
    bring(place, ExportSource("git", url, branch="main"))
    assert names(path) == WITHOUT_GONE
    bring(place, ExportSource("git", url, date=datetime(2090, 1, 1, tzinfo=timezone.utc)))
    assert names(path) == WITHOUT_GONE
    bring(
        place, ExportSource("git", url, module="isolinux", revision=commit), NetworkSettings(offline=True)
    )  # the mirror has it
    assert names(path) == [".smedoit-export", "isolinux.cfg"]


def test_a_plain_directory_is_copied_without_what_version_control_keeps(git: GitRepository, tmp_path: Path) -> None:
    (git.work / "CVS").mkdir(exist_ok=True)
    bring(tmp_path, ExportSource("directory", str(git.work)))
    assert names(tmp_path / "src/sme10") == WITHOUT_GONE


def test_what_was_exported_is_not_asked_for_again(git: GitRepository, tmp_path: Path) -> None:
    source = ExportSource("git", f"file://{git.work}", tag="rel_10_1")
    bring(tmp_path, source)
    files.remove_directory(tmp_path / "mirrors")
    assert "as they were exported" in bring(tmp_path, source)
    assert not (tmp_path / "mirrors").exists()


def test_a_file_edited_in_an_export_is_not_overwritten(git: GitRepository, tmp_path: Path) -> None:
    bring(tmp_path, ExportSource("git", str(git.work), tag="rel_10_0"))
    edited = tmp_path / "src/sme10/product/.buildstamp"
    edited.write_text("[Main]\nmine\n")
    assert revisions.checkout_revision(edited.parents[1], tmp_path)["changed"] is True
    with pytest.raises(ContentError, match=r"changed since doit content exported them:\n    product/\.buildstamp"):
        bring(tmp_path, ExportSource("git", str(git.work), tag="rel_10_1"))
    assert edited.read_text() == "[Main]\nmine\n"


def test_a_directory_of_somebody_else_is_not_overwritten(git: GitRepository, tmp_path: Path) -> None:
    files.write_file(tmp_path / "src/sme10/thesis.txt", "years of work\n")
    with pytest.raises(ContentError, match="not made by doit content"):
        bring(tmp_path, ExportSource("git", str(git.work), tag="rel_10_1"))
    assert names(tmp_path / "src/sme10") == ["thesis.txt"]


@pytest.mark.parametrize("moved", [False, True])
def test_a_run_killed_while_switching_is_mended(git: GitRepository, tmp_path: Path, moved: bool) -> None:
    source = ExportSource("git", str(git.work), tag="rel_10_0")
    bring(tmp_path, source)
    path = tmp_path / "src/sme10"
    before = {name: (path / name).read_bytes() for name in names(path)}
    files.write_file(path.with_name(".sme10.new") / "half", "of it")
    if moved:
        files.move_path(path, path.with_name(".sme10.old"))
    assert "as they were exported" in bring(tmp_path, source)
    bring(tmp_path, replace(source, tag="rel_10_1"))
    bring(tmp_path, source)
    assert {name: (path / name).read_bytes() for name in names(path)} == before
    assert [one.name for one in path.parent.iterdir()] == ["sme10"]


def stand_still(place: str, root: str, module: str, tag: str) -> None:
    """Bring an export, and stand still when it is there and nothing has been made of it."""

    def still(*words: Any, **more: Any) -> None:
        real(*words, **more)
        print("it is there", flush=True)
        signal.pause()

    real, export.run_program = export.run_program, still
    bring(Path(place), ExportSource("cvs", root, module, tag=tag))


def test_a_run_killed_in_the_middle_of_an_export_ends_in_the_same_tree(cvs: CvsRepository, tmp_path: Path) -> None:
    with cvs.serve() as root:
        first = ExportSource("cvs", root, "cdrom.image/sme10", tag="rel_10_0")
        second = replace(first, tag="rel_10_1")
        bring(tmp_path, first)
        place = tmp_path / "src/sme10"
        program = "import sys; from tests.content.test_checkout import stand_still; stand_still(*sys.argv[1:])"
        words = [sys.executable, "-c", program, tmp_path, root, first.module, "rel_10_1"]
        child = subprocess.Popen(words, start_new_session=True, stdout=subprocess.PIPE)
        assert child.stdout
        assert child.stdout.readline() == b"it is there\n"
        assert place.with_name(".sme10.new").exists()
        os.killpg(child.pid, signal.SIGKILL)
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL
        assert names(place) == sorted([*WITHOUT_GONE, "gone"])
        bring(tmp_path, second)
        bring(tmp_path / "other", second)
    other = tmp_path / "other/src/sme10"
    assert names(place) == names(other) == WITHOUT_GONE
    assert all((place / one).read_bytes() == (other / one).read_bytes() for one in WITHOUT_GONE)
    assert [one.name for one in place.parent.iterdir()] == ["sme10"]


def test_a_working_copy_of_git_is_used_as_it_is_and_its_edits_are_told(
    git: GitRepository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "src/sme10"
    read_with("git", "clone", "-q", git.work, path)
    (path / "product/.buildstamp").write_text("[Main]\nmine\n")
    said = bring(tmp_path, ExportSource("git", str(git.work), tag="rel_10_0"))
    assert "used as it is" in said and "1 local edits" in said
    assert "changed: product/.buildstamp" in capsys.readouterr().out
    assert (path / "product/.buildstamp").read_text() == "[Main]\nmine\n"


def test_a_content_tree_without_a_source_tells_the_edits_of_a_working_copy(git: GitRepository, tmp_path: Path) -> None:
    path = tmp_path / "sme10"
    read_with("git", "clone", "-q", git.work, path)
    assert "no local edits" in checkout.export_checkouts([], path, tmp_path, NetworkSettings())
    (path / "new").write_text("mine\n")
    assert "1 local edits" in checkout.export_checkouts([], path, tmp_path, NetworkSettings())
    files.remove_directory(path / ".git")
    assert "taken as it is" in checkout.export_checkouts([], path, tmp_path, NetworkSettings())


def test_a_working_copy_of_cvs_tells_its_edits_and_refuses_conflicts(tmp_path: Path) -> None:
    cvs = CvsRepository(tmp_path)
    cvs.commit({"a": "1\n", "b": "1\n"})
    path = tmp_path / "src/sme10"
    path.parent.mkdir()
    read_with("cvs", "-Q", "-d", cvs.root, "checkout", "-d", "sme10", "cdrom.image/sme10", cwd=path.parent)
    (path / "a").write_text("mine\n")
    assert export.local_edits(path, NetworkSettings()) == ["changed: a"]
    cvs.commit({"a": "theirs\n"})
    with pytest.raises(ContentError, match="has conflicts in a"):
        bring(tmp_path, ExportSource("cvs", str(cvs.root), "cdrom.image/sme10", tag="rel_10_0"))
    assert (path / "a").read_text() == "mine\n"


def test_what_the_repository_lacks_is_told_in_a_sentence_and_the_old_export_stays(
    cvs: CvsRepository, git: GitRepository, tmp_path: Path
) -> None:
    bring(tmp_path, ExportSource("git", str(git.work), tag="rel_10_1"))
    nobody = f"127.0.0.1:{free_port()}"
    with cvs.serve() as root:
        bad = {
            "has no such module": ExportSource("cvs", root, "nothing", tag="rel_10_0"),
            "has no such tag": ExportSource("cvs", root, "cdrom.image/sme10", tag="rel_99"),
            "has it no such repository": ExportSource("cvs", root + "-other", "cdrom.image/sme10"),
            "refuses this user": ExportSource("cvs", root.replace("anonymous", "mallory"), "cdrom.image/sme10"),
            "connection refused": ExportSource("cvs", f":pserver:anonymous@{nobody}/cvs", "cdrom.image/sme10"),
            "no such host": ExportSource("cvs", ":pserver:anonymous@no-such-host.invalid:/cvs", "cdrom.image/sme10"),
            "has no revision rel_99": ExportSource("git", str(git.work), tag="rel_99"),
            "has no revision 0123": ExportSource("git", str(git.work), revision="0123456789" * 4),
            "has no revision 2001": ExportSource("git", str(git.work), date=datetime(2001, 1, 1, tzinfo=timezone.utc)),
            "has no directory deep": ExportSource("git", str(git.work), module="deep", tag="rel_10_0"),
            "repository there": ExportSource("git", str(tmp_path / "nowhere"), tag="rel_10_0"),
            "/x.*: connection refused": ExportSource("git", f"git://{nobody}/x", tag="rel_10_0"),
            "is not there": ExportSource("directory", str(tmp_path / "nowhere")),
        }
        for words, source in bad.items():
            with pytest.raises(SmeError, match=words):
                bring(tmp_path, source)
            assert names(tmp_path / "src/sme10") == WITHOUT_GONE


def test_offline_nothing_is_asked(tmp_path: Path) -> None:
    for source in (
        ExportSource("cvs", ":pserver:a@localhost:/cvs", "m"),
        ExportSource("git", "https://localhost/x", tag="a"),
    ):
        with pytest.raises(NetworkError, match="but this run is offline"):
            bring(tmp_path, source, NetworkSettings(offline=True))


def test_a_program_that_is_absent_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for source in (ExportSource("cvs", "/cvs", "module"), ExportSource("git", "/git", tag="a")):
        with pytest.raises(SmeError, match=f"{source.kind}: cannot be run.*\n.*package {source.kind}"):
            bring(tmp_path, source)


def test_a_link_that_leads_out_of_the_export_keeps_the_old_one(tmp_path: Path) -> None:
    git = GitRepository(tmp_path)
    git.commit({"a": "1\n"}, "good")
    (git.work / "passwords").symlink_to("/etc/passwd")
    git.commit({"a": "2\n"}, "bad")
    bring(tmp_path, ExportSource("git", str(git.work), tag="good"))
    with pytest.raises(SmeError, match="leads out of"):
        bring(tmp_path, ExportSource("git", str(git.work), tag="bad"))
    assert (tmp_path / "src/sme10/a").read_text() == "1\n"


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "svn", "url": "/x"},
        {"kind": "cvs", "url": ":pserver:a@b:/cvs"},
        {"kind": "cvs", "url": "--help", "module": "m"},
        {"kind": "cvs", "url": "/cvs", "module": "../../etc"},
        {"kind": "cvs", "url": "/cvs", "module": "m", "revision": "1.2"},
        {"kind": "git", "url": "ext::sh -c id"},
        {"kind": "git", "url": "--upload-pack=id"},
        {"kind": "git", "url": "ssh://-oProxyCommand=id/x"},
        {"kind": "git", "url": "/x", "branch": "--help"},
        {"kind": "git", "url": "/x", "tag": "a", "revision": "b"},
        {"kind": "directory", "url": "/x", "tag": "a"},
    ],
)
def test_a_source_that_cannot_be_meant_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(InvalidValueError):
        ExportSource(**values)


def test_a_kill_at_any_step_leaves_the_tree_before_or_the_tree_after(git: GitRepository, tmp_path: Path) -> None:
    first = ExportSource("git", str(git.work), tag="rel_10_0")

    def exporting(place: Path) -> Callable[[], object]:
        bring(place, first)
        return lambda: bring(place, replace(first, tag="rel_10_1"))

    before, after = sorted([*WITHOUT_GONE, "gone"]), WITHOUT_GONE
    steps = doors(exporting(tmp_path / "whole"))
    for number in chosen(steps, False):
        place = tmp_path / str(number)
        assert killed_at(number, exporting(place))
        files.recover_directory(place / "src/sme10")
        assert names(place / "src/sme10") in (before, after), steps[number - 1]
