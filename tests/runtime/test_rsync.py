# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dry run of rsync says, and what is made of it."""

from __future__ import annotations

from pathlib import Path

from smedoit.runtime.rsync import FORMAT, DryRun, RsyncRoute, parse_dry_run
from tests.harness.tools import need


def test_what_a_killed_transfer_left_does_not_count_as_a_deletion() -> None:
    said = "*deleting 0 .large.Ab1_9z\n*deleting 0 os/.b.rpm.abcdef\n*deleting 0 os/\n>f+++++++++ 7 large\n"
    assert parse_dry_run(said) == DryRun({"large": 7}, ("os/.b.rpm.abcdef",), leftovers=1, directories=1)


def test_files_that_are_sent_arrive_too() -> None:
    assert parse_dry_run("<f+++++++++ 7 large\ncd+++++++++ 4 os/\nsent 5 bytes\n") == DryRun({"large": 7})


def test_just_what_the_dry_run_found_may_be_deleted_and_rsync_counts_as_we_do(tmp_path: Path) -> None:
    need("rsync")
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    for name in ("a/b/one", "a/two", "three"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text("data")
    route = RsyncRoute(f"{source}/", f"{target}/", "here", tmp_path / "log", ("--recursive", "--delete-delay"))
    found = route.dry_run()
    assert (found.deleted, found.directories) == (("a/b/one", "a/two", "three"), 2)
    assert list(target.iterdir())
    route.run(FORMAT, found.max_delete)
    assert not list(target.iterdir())
