# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing under the eyes of readers, killed at every step: what they see is the old release or the new one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from smedoit.publish import records
from smedoit.publish.channels import OURS
from smedoit.publish.plan import is_immutable_file
from tests.harness import publishing
from tests.harness.kills import BOTH, chosen, doors, killed_at
from tests.harness.processes import wait_until
from tests.harness.publishing import Torn, do, plan, read_whole, reader, release, state, take_back, target, tier, told
from tests.harness.tools import need

ROUNDS = 100


class World:
    """A stage, a live tier, and a target with one release in testing."""

    def __init__(self, place: Path) -> None:
        self.stage, self.live, self.settings = place / "stage", place / "live", target(place / "public")
        tier(self.live, 1, 2)
        self.publish("10.1.rc1", 1)

    @property
    def link(self) -> Path:
        return self.settings.target / "testing/10"

    def publish(self, version: str, *numbers: int) -> None:
        """Publish a release that has these packages in smeos, and what is live in smeupdates."""
        self.work(version, *numbers)()

    def work(self, version: str, *numbers: int) -> Callable[[], object]:
        """Return what publish does."""
        root = self.stage / version
        if not root.is_dir():
            release(self.stage, version, *numbers)
        return lambda: do(self.settings, lambda: plan(self.settings, version, {"": root, "smeupdates": self.live}))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a kill loses nothing that the kernel has; only a power cut does
    return World(tmp_path)


def at_every_step(world: World, work: Callable[[], object], every: bool) -> int:
    """Kill work at every step, or at each door, and in turn take it back or let it go on: the tree is one of the two.

    Return the number of steps.
    """
    old = state(world.settings.target)
    work()
    new = state(world.settings.target)
    take_back(world.settings)
    assert state(world.settings.target) == old
    steps = doors(work)
    take_back(world.settings)
    assert new != old
    for turn, number in enumerate(chosen(steps, every)):
        if not killed_at(number, work):
            take_back(world.settings)
            break
        read_whole(world.link)
        if turn % 2:
            work()
            assert state(world.settings.target) == new
            take_back(world.settings)
        elif records.PublishHistory(world.settings.target).under_way() or state(world.settings.target) == new:
            take_back(world.settings)  # it is new if only the tidying was cut short
        assert state(world.settings.target) == old
    return len(steps)


@BOTH
def test_a_publish_killed_at_every_step_goes_on_or_is_taken_back(world: World, every: bool) -> None:
    assert at_every_step(world, world.work("10.1.rc2", 2, 3), every) > 30


@BOTH
def test_an_update_killed_at_every_step_goes_on_or_is_taken_back(world: World, every: bool) -> None:
    tier(world.live, 2, 3)
    assert at_every_step(world, world.work("10.1.rc1"), every) > 20


@BOTH
def test_a_rollback_killed_at_every_step_ends_at_the_old_release_or_is_published_again(
    world: World, every: bool
) -> None:
    old = state(world.settings.target)
    work = world.work("10.1.rc2", 2, 3)
    work()
    new = state(world.settings.target)
    steps = doors(lambda: take_back(world.settings))
    assert state(world.settings.target) == old
    work()
    for turn, number in enumerate(chosen(steps, every)):
        if not killed_at(number, lambda: take_back(world.settings)):
            break
        read_whole(world.link)
        if turn % 2 and records.PublishHistory(world.settings.target).under_way():
            take_back(world.settings)
            assert state(world.settings.target) == old
        work()
        assert state(world.settings.target) == new
    assert len(steps) > 4


@pytest.mark.exhaustive
def test_a_reader_never_sees_a_torn_release_in_a_hundred_publishes_and_kills(world: World, tmp_path: Path) -> None:
    kills = 0
    with reader(world.link, tmp_path / "said") as seen:
        for count in range(ROUNDS):
            tier(world.live, *((1, 2), (2, 3), (3, 4), (1, 4))[count % 4])
            version = f"10.1.rc{2 + count // 4 % 5}"
            work = world.work(version, 1 + count // 4 % 4)
            if killed_at(7 + 13 * count % 111, work):
                kills += 1
                recover = work if count % 3 else lambda: take_back(world.settings)
                recover() if records.PublishHistory(world.settings.target).under_way() else None
            if count % 10 == 9:
                take_back(world.settings)
            wait_until(lambda: seen.rounds > count // 4)  # noqa: B023, it is called at once
    found = told(tmp_path / "said")
    assert found["faults"] == []
    assert found["rounds"] > ROUNDS / 4
    assert kills > ROUNDS / 2


def test_that_reader_would_see_a_link_removed_and_made_again_as_the_page_has_it(world: World, tmp_path: Path) -> None:
    """Held open for a moment: how often a reader falls into the gap is luck, that it notices must not be."""
    with reader(world.link, tmp_path / "said") as seen:
        world.link.unlink()
        wait_until(lambda: seen.faults > 0)
        world.link.symlink_to("10.1.rc1")
    assert told(tmp_path / "said")["faults"]


def test_that_reader_would_see_metadata_that_names_a_missing_package(world: World) -> None:
    assert read_whole(world.link) == 3
    next(world.link.glob("smeupdates/x86_64/RPMS/a-1-1*.rpm")).unlink()
    with pytest.raises(Torn):
        read_whole(world.link)


def test_no_published_metadata_shares_an_inode_with_another_release(world: World) -> None:
    world.publish("10.1.rc2", 1, 2)
    world.publish("10.1.rc3", 1, 2, 3)
    owners: dict[int, set[str]] = {}
    top = world.settings.target / "testing"
    for name in ("10.1.rc1", "10.1.rc2", "10.1.rc3"):
        for path in (path for path in (top / name).rglob("*") if path.is_file()):
            owners.setdefault(path.stat().st_ino, set()).add(str(path.relative_to(top)))
    shared = [paths for paths in owners.values() if len({path.split("/")[0] for path in paths}) > 1]
    assert shared, "packages are shared, or nothing is shown here"
    assert [path for paths in shared for path in paths if not is_immutable_file(path)] == []
    staged = {
        path.stat().st_ino for path in world.stage.rglob("*") if path.is_file() and not is_immutable_file(path.name)
    }
    assert not staged & set(owners)


def test_dnf_downloads_from_what_is_published(world: World, tmp_path: Path) -> None:
    need("dnf")
    world.publish("10.1.rc2", 2, 3)
    root = tmp_path / "root"
    repositories = [f"--repofrompath={name},file://{world.link}/{name}/x86_64" for name in ("smeos", "smeupdates")]
    done = subprocess.run(
        [
            "dnf", "--installroot", str(root), "--releasever=10", "--forcearch=x86_64", "--nogpgcheck", "-y",
            "--disablerepo=*", *repositories, "--enablerepo=smeos", "--enablerepo=smeupdates",
            f"--setopt=cachedir={tmp_path}/cache", "install", "--downloadonly", f"--downloaddir={tmp_path}/got", "a",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    [got] = (tmp_path / "got").glob("*.rpm")
    assert got.name.startswith("a-3-1")
    assert publishing.sha256(got) == publishing.sha256(next(publishing.packages().glob("a-3-1*.rpm")))


def test_nobody_else_can_look_into_our_own_directory(world: World) -> None:
    assert os.stat(world.settings.target / OURS).st_mode & 0o077 == 0


def test_what_is_set_aside_does_not_pile_up(world: World) -> None:
    for number in range(2, 6):
        world.publish(f"10.1.rc{number}", number % 4 + 1)
    assert len(list((world.settings.target / OURS / "work").iterdir())) <= 1
