# SPDX-License-Identifier: GPL-3.0-or-later
"""test_mirror"""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.config.inputs import MARKER, RsyncMirror
from smedoit.config.network import NetworkSettings
from smedoit.config.schema import InvalidValueError
from smedoit.content import mirror
from smedoit.content.mirror import sync_rsync_mirror
from smedoit.errors import FileError, NetworkError, SmeError
from smedoit.runtime import files
from tests.harness.servers import free_port, serving
from tests.harness.tools import need


class Upstream:
    """An rsync daemon with twenty files, and a copy that is not there yet."""

    def __init__(self, place: Path, url: str) -> None:
        self.root, self.log = place / "upstream", place / "logs/rsync.log"
        self.mirror = RsyncMirror("centos", f"{url}/os", place / "mirrors/centos")
        for number in range(20):
            path = self.root / f"os/Packages/{number}.rpm"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.urandom(1000))

    def bring(self, **changes: object) -> str:
        return sync_rsync_mirror(replace(self.mirror, **changes), NetworkSettings(), self.log)  # type: ignore[arg-type]

    def files(self, root: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and path.name != MARKER
        }

    def is_equal(self) -> bool:
        return self.files(self.mirror.path) == self.files(self.root / "os")


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    need("rsync")
    port = free_port()
    owner = f"uid = {os.getuid()}\ngid = {os.getgid()}\n" if os.getuid() == 0 else ""
    config = tmp_path / "rsyncd.conf"
    config.write_text(f"use chroot = no\n{owner}[upstream]\npath = {tmp_path}/upstream\nread only = yes\n")
    words = ("--daemon", "--no-detach", "--address=127.0.0.1", f"--port={port}", f"--config={config}")
    with serving("rsync", *words, home=tmp_path, port=port):
        yield Upstream(tmp_path, f"rsync://127.0.0.1:{port}/upstream")


def test_the_copy_is_what_the_source_has_and_the_log_has_a_line_for_each_file(upstream: Upstream) -> None:
    assert upstream.bring() == "20 files came (19.5 KiB), 0 of 0 went"
    assert upstream.is_equal()
    log = upstream.log.read_text()
    assert all(f"1000 Packages/{number}.rpm" in log for number in range(20))
    assert upstream.bring() == "0 files came (0 bytes), 0 of 20 went"


def test_what_the_source_has_no_more_goes_as_far_as_the_share_allows(upstream: Upstream) -> None:
    upstream.bring()
    for number in (3, 4):
        (upstream.root / f"os/Packages/{number}.rpm").unlink()
    assert upstream.bring() == "0 files came (0 bytes), 2 of 20 went"
    assert upstream.is_equal()


def test_more_deletions_than_the_share_stop_it_before_anything_changes(upstream: Upstream) -> None:
    upstream.bring()
    before = upstream.files(upstream.mirror.path)
    for number in (3, 4, 5):
        (upstream.root / f"os/Packages/{number}.rpm").unlink()
    (upstream.root / "os/new").write_text("new\n")
    with pytest.raises(
        NetworkError, match=r"3 of 20 files would be deleted.*allows 10 %\n  would be deleted:\n    Packages/3"
    ):
        upstream.bring()
    assert upstream.files(upstream.mirror.path) == before
    assert upstream.bring(max_delete_percent=15) == "1 files came (4 bytes), 3 of 20 went"
    assert upstream.is_equal()


def test_a_target_without_its_marker_is_never_changed(upstream: Upstream) -> None:
    thesis = upstream.mirror.path / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("years of work\n")
    with pytest.raises(FileError, match=r"is not empty and has no \.smedoit-mirror"):
        upstream.bring(max_delete_percent=100)
    assert upstream.files(upstream.mirror.path) == {"thesis.txt": b"years of work\n"}


def test_links_that_lead_out_and_pipes_do_not_come(upstream: Upstream) -> None:
    (upstream.root / "os/passwords").symlink_to("/etc/passwd")
    (upstream.root / "os/up").symlink_to("../../..")
    (upstream.root / "os/latest").symlink_to("Packages")
    os.mkfifo(upstream.root / "os/pipe")
    upstream.bring()
    assert sorted(os.listdir(upstream.mirror.path)) == [MARKER, "Packages", "latest"]


def test_a_run_killed_in_the_middle_ends_in_the_same_copy(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    large = upstream.root / "os/Packages/zz-large"
    large.write_bytes(os.urandom(2_000_000))

    def killer(*_: object) -> Callable[[str], None]:
        def heard(line: str) -> None:
            if "0.rpm" in line:
                raise KeyboardInterrupt  # run() then kills rsync, which cannot tidy up any more

        return heard

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(mirror, "transfer_listener", killer)
        upstream.bring(rsync=("--bwlimit=500",))
    assert not upstream.is_equal()
    upstream.bring(max_delete_percent=0)
    assert upstream.is_equal()


def test_a_directory_that_the_source_has_no_more_goes_with_its_files(upstream: Upstream) -> None:
    for name in ("os/repodata/old/a", "os/repodata/b"):
        files.write_file(upstream.root / name, "data")
    upstream.bring()
    shutil.rmtree(upstream.root / "os/repodata")
    assert upstream.bring() == "0 files came (0 bytes), 2 of 22 went"
    assert not (upstream.mirror.path / "repodata").exists()


def test_what_stops_rsync_is_told_in_a_sentence(upstream: Upstream) -> None:
    upstream.bring()
    before = upstream.files(upstream.mirror.path)
    silent = socket.create_server(("127.0.0.1", 0))
    taken: list[object] = []  # kept, so that it stays open
    threading.Thread(target=lambda: taken.append(silent.accept()), daemon=True).start()
    base = upstream.mirror.source.removesuffix("/os")
    bad = {
        "code 1, its options are wrong": {"rsync": ("--no-such-option",)},
        "code 5, the daemon refuses": {"source": base.replace("/upstream", "/other/x")},
        "code 10, the other side cannot be reached": {"source": f"rsync://127.0.0.1:{free_port()}/x/y"},
        "code 23, some files were not transferred": {"source": f"{base}/no-such-directory"},
        "code (30|35), the (other side was silent|daemon did not answer)": {
            "source": f"rsync://127.0.0.1:{silent.getsockname()[1]}/x/y",
            "rsync": ("--timeout=1", "--contimeout=1"),
        },
    }
    for words, changes in bad.items():
        with pytest.raises(NetworkError, match=words):
            upstream.bring(**changes)
        assert upstream.files(upstream.mirror.path) == before
    silent.close()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (2, "speak different protocols"), (3, "cannot select"), (11, "no room"), (12, "broke in the middle"),
        (20, "stopped by a signal"), (23, "were not transferred"), (24, "vanished"),
        (25, "more files would be deleted"),
        (30, "silent for too long"), (35, "did not answer in time"), (99, r"see rsync\(1\)"),
    ],
)  # fmt: skip
def test_each_code_of_rsync_has_its_sentence(
    code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin/rsync"  # real ones end like this only by accident
    files.write_file(fake, f"#!/bin/sh\necho rsync: words of its own >&2\nexit {code}\n", mode=0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    mirror = RsyncMirror("up", "host::module", tmp_path / "copy")
    with pytest.raises(
        NetworkError, match=rf"code {code}, .*{words}(?s:.)*words of its own(?s:.)*doit mirror:up resumes"
    ):
        sync_rsync_mirror(mirror, NetworkSettings(), tmp_path / "log")


def test_rsync_that_is_absent_is_named_with_its_package(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(upstream.root))
    with pytest.raises(SmeError, match=r"rsync: cannot be run.*\n.*package rsync"):
        upstream.bring()


def test_offline_no_server_is_asked(upstream: Upstream) -> None:
    with pytest.raises(NetworkError, match="but this run is offline"):
        sync_rsync_mirror(upstream.mirror, NetworkSettings(offline=True), upstream.log)
    local = replace(upstream.mirror, source=str(upstream.root / "os"))
    assert sync_rsync_mirror(local, NetworkSettings(offline=True), upstream.log).startswith("20 files came")


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "-e sh"}, {"source": "http://host/x"}, {"source": ""}, {"max_delete_percent": 101},
        {"marker": "../x"}, {"rsync": ("--delete-excluded",)}, {"name": "../x"},
    ],
)  # fmt: skip
def test_a_mirror_that_cannot_be_meant_is_refused(changes: dict[str, object]) -> None:
    good: dict[str, object] = {"name": "n", "source": "host::module", "path": Path("x")}
    with pytest.raises(InvalidValueError):
        RsyncMirror(**{**good, **changes})  # type: ignore[arg-type]
