# SPDX-License-Identifier: GPL-3.0-or-later
"""Remote targets: a real rsync daemon and a real sshd on loopback, and a reader on the other side."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from smedoit.config.identity import TESTING
from smedoit.config.publish import PublishSettings
from smedoit.config.release import Release
from smedoit.errors import PublishError
from smedoit.publish import remote
from smedoit.publish.channels import OURS, PublishLocation
from smedoit.publish.publish import rollback_publish
from tests.harness.publishing import read_whole, reader, state, take_back, tier, told
from tests.harness.servers import free_port, serving
from tests.harness.tools import need
from tests.integration.test_publish import World
from tests.integration.test_publish_moves import final, publish, put

__all__ = ["final"]  # a fixture


@dataclass(frozen=True)
class Mirror:
    """The other side: how rsync reaches it, with which options, and where it keeps what it gets."""

    remote: str
    options: tuple[str, ...]
    place: Path

    def of(self, settings: PublishSettings, **changes: object) -> PublishSettings:
        """Return settings with this remote target."""
        return replace(settings, remote=self.remote, rsync=self.options, **changes)  # type: ignore[arg-type]


@contextmanager
def daemon(home: Path, munge: str = "no") -> Iterator[Mirror]:
    """Yield a mirror behind an rsync daemon."""
    need("rsync")
    port, place = free_port(), home / "module"
    place.mkdir(parents=True)
    owner = f"uid = {os.getuid()}\ngid = {os.getgid()}\n" if os.getuid() == 0 else ""
    (home / "rsyncd.conf").write_text(
        f"use chroot = no\nmunge symlinks = {munge}\n{owner}[releases]\npath = {place}\nread only = no\n"
        f"[closed]\npath = {place}\nread only = yes\n"
    )
    config = ["--daemon", "--no-detach", "--address=127.0.0.1", f"--port={port}", f"--config={home}/rsyncd.conf"]
    with serving("rsync", *config, f"--log-file={home}/log", home=home, port=port):
        yield Mirror(f"rsync://127.0.0.1:{port}/releases", (), place)


@contextmanager
def shell(home: Path) -> Iterator[Mirror]:
    """Yield a mirror behind sshd."""
    need("rsync", "sshd", "ssh", "ssh-keygen")
    home.mkdir(parents=True)
    port, place = free_port(), home / "mirror"
    place.mkdir()
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / name], check=True)
    shutil.copy(home / "user.pub", home / "authorized")
    (home / "known").write_text(f"[127.0.0.1]:{port} {(home / 'host.pub').read_text()}")
    (home / "conf").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {home}/host\nAuthorizedKeysFile {home}/authorized\n"
        f"PidFile {home}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd shuts itself in
    how = f"ssh -F none -p {port} -i {home}/user -o UserKnownHostsFile={home}/known -o BatchMode=yes"
    with (
        serving("sshd", "-D", "-e", "-f", str(home / "conf"), home=home, port=port),
        TemporaryDirectory(prefix="ssh") as short,  # sockets have short names
    ):
        once = f"{how} -o ControlMaster=auto -o ControlPersist=yes -o ControlPath={short}/%p"
        yield Mirror(f"{getpass.getuser()}@127.0.0.1:{place}", ("-e", once), place)
        subprocess.run([*once.split(), "-q", "-O", "exit", "127.0.0.1"], check=False, capture_output=True)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return World(tmp_path)


@pytest.fixture(params=[daemon, shell], ids=["daemon", "ssh"])
def mirror(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Mirror]:
    with request.param(tmp_path / "other") as found:
        yield found


def push(world: World, mirror: Mirror, version: str, tmp_path: Path, **changes: object) -> str:
    """Bring a release to the mirror."""
    settings = mirror.of(world.settings, **changes)
    return remote.push_release(settings, PublishLocation(TESTING, version), tmp_path / "rsync.log")


def published(root: Path) -> dict[str, str]:
    """Return what a target shows, without its marker, which stays where it is."""
    return {path: what for path, what in state(root).items() if not path.startswith(".smedoit")}


def test_the_other_side_gets_just_what_is_published(world: World, mirror: Mirror, tmp_path: Path) -> None:
    said = push(world, mirror, "10.1.rc1", tmp_path)
    assert published(mirror.place) == published(world.settings.target)
    count = sum(path.is_file() for path in (mirror.place / "testing/10.1.rc1").rglob("*"))
    assert said == f"; {mirror.remote} has it: {count} files were brought, 0 deleted there"
    assert "0 files were brought, 0 deleted" in push(world, mirror, "10.1.rc1", tmp_path)
    assert read_whole(mirror.place / "testing/10") == 3
    assert not (mirror.place / OURS).exists()


@pytest.mark.exhaustive
def test_a_reader_there_sees_whole_releases_only(world: World, mirror: Mirror, tmp_path: Path) -> None:
    push(world, mirror, "10.1.rc1", tmp_path)
    with reader(mirror.place / "testing/10", tmp_path / "said"):
        for count in range(6 if "rsync://" in mirror.remote else 2):
            version = f"10.1.rc{2 + count // 2}"
            tier(world.live, *((1, 2), (2, 3), (3, 4))[count % 3])
            world.publish(version, 1 + count // 2)
            push(world, mirror, version, tmp_path)
    found = told(tmp_path / "said")
    assert found["faults"] == []
    assert found["rounds"] > 2
    assert published(mirror.place) == published(world.settings.target)


def test_more_deletions_than_allowed_are_refused_before_anything_is_brought(
    world: World, mirror: Mirror, tmp_path: Path
) -> None:
    push(world, mirror, "10.1.rc1", tmp_path)
    before = state(mirror.place)
    tier(world.live, 3)
    world.publish("10.1.rc1")
    with pytest.raises(PublishError, match=r"\d files would be deleted, \[publish\] max_delete allows 1"):
        push(world, mirror, "10.1.rc1", tmp_path, max_delete=1)
    assert state(mirror.place) == before
    assert " deleted there" in push(world, mirror, "10.1.rc1", tmp_path)
    assert published(mirror.place) == published(world.settings.target)


def test_nothing_outside_of_the_release_is_removed(world: World, mirror: Mirror, tmp_path: Path) -> None:
    others = [mirror.place / "testing/9.2/kept", mirror.place / "kept", mirror.place / "testing/kept"]
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    push(world, mirror, "10.1.rc1", tmp_path)
    tier(world.live, 3)
    world.publish("10.1.rc1")
    push(world, mirror, "10.1.rc1", tmp_path)
    assert all(path.exists() for path in others)


def test_the_link_there_follows_a_rollback(world: World, mirror: Mirror, tmp_path: Path) -> None:
    push(world, mirror, "10.1.rc1", tmp_path)
    world.publish("10.1.rc2", 2)
    push(world, mirror, "10.1.rc2", tmp_path)
    assert os.readlink(mirror.place / "testing/10") == "10.1.rc2"
    take_back(world.settings)
    said = remote.push_rollback(mirror.of(world.settings), PublishLocation(TESTING, "10.1.rc2"), tmp_path / "rsync.log")
    assert os.readlink(mirror.place / "testing/10") == "10.1.rc1"
    assert "still has testing/10.1.rc2" in said


def test_doit_publish_brings_what_it_published_and_brings_it_again_if_that_failed(
    final: Release, tmp_path: Path
) -> None:
    rel = replace(final, publish=replace(final.publish, remote=f"rsync://127.0.0.1:{free_port()}/releases"))
    put(rel, "10.1", TESTING, 1, 2)
    with pytest.raises(PublishError, match="code 10"):
        publish(rel, source="testing")
    assert read_whole(rel.publish.target / "10") == 4
    with daemon(tmp_path / "other") as mirror:
        rel = replace(final, publish=mirror.of(final.publish))
        said = publish(rel, source="testing")["did"]
        assert "nothing to publish, already up to date" in said
        assert state(mirror.place / "10.1") == state(rel.publish.target / "10.1")
        assert os.readlink(mirror.place / "10") == "10.1"
        said = rollback_publish(rel, tmp_path / "log", dry_run=False)["did"]
        assert "still has 10.1 and the link 10: remove them there" in said


def test_a_module_that_may_only_be_read_is_explained(world: World, tmp_path: Path) -> None:
    with daemon(tmp_path / "other") as mirror:
        closed = replace(mirror, remote=mirror.remote.replace("/releases", "/closed"))
        with pytest.raises(PublishError, match=r"code 1, .* the module may only be read"):
            push(world, closed, "10.1.rc1", tmp_path)
        assert state(mirror.place) == {}


def test_a_host_that_nobody_answers_at_is_explained(world: World, tmp_path: Path) -> None:
    need("rsync")
    nobody = Mirror(f"rsync://127.0.0.1:{free_port()}/releases", (), tmp_path)
    with pytest.raises(PublishError, match="code 10, the other side cannot be reached"):
        push(world, nobody, "10.1.rc1", tmp_path)


def test_a_host_whose_key_is_not_known_is_explained(world: World, tmp_path: Path) -> None:
    with shell(tmp_path / "other") as mirror:
        (tmp_path / "other/known").write_text("")
        with pytest.raises(
            PublishError,
            match="Host key verification failed",  # rsync answers 255 or 12, by who notices first
        ):
            push(world, mirror, "10.1.rc1", tmp_path)


def test_a_daemon_that_bends_links_is_found_out(world: World, tmp_path: Path) -> None:
    with (
        daemon(tmp_path / "other", munge="yes") as mirror,
        pytest.raises(PublishError, match="munge symlinks = no"),
    ):
        push(world, mirror, "10.1.rc1", tmp_path)
