# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release says of its media, and of those that only lie beside them."""

from __future__ import annotations

from pathlib import Path

from smedoit.artifacts.verify import list_media
from smedoit.runtime.files import write_file
from tests.harness.nouns import identity


def test_media_of_other_releases_are_told_and_are_no_part_of_this_one(tmp_path: Path) -> None:
    for label in ("10.1.rc1", "10.1.rc2", "10.1.rc3"):
        write_file(tmp_path / f"x86_64/smeserver-{label}-x86_64.iso", b"x" * 2048)
    said = list_media(tmp_path, identity(), tmp_path / "facts")
    assert said["did"] == "1 media"
    last = said["result"].splitlines()[-1]
    assert last.startswith("2 media of other releases beside them, 4.0 KiB, no part of this one")
    assert "smeserver-10.1.rc1-x86_64.iso, smeserver-10.1.rc3-x86_64.iso" in last


def test_a_release_that_is_alone_says_nothing_of_others(tmp_path: Path) -> None:
    write_file(tmp_path / "x86_64/smeserver-10.1.rc2-x86_64.iso", b"x")
    assert "other releases" not in list_media(tmp_path, identity(), tmp_path / "facts")["result"]
