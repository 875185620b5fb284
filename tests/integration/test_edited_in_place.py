# SPDX-License-Identifier: GPL-3.0-or-later
"""Bit rot and rsync --inplace: other bytes under the same size, inode and mtime; only the ctime tells."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.project import Project


@contextmanager
def edited_in_place(file: Path) -> Iterator[None]:
    """Change one byte in the middle of a file, with its mtime put back; afterwards it is as before."""
    before, at = file.stat(), file.stat().st_size // 2
    byte = file.read_bytes()[at]

    def put(value: int) -> None:
        with file.open("r+b") as there:
            there.seek(at)
            there.write(bytes([value]))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    put(byte ^ 1)
    try:
        yield
    finally:
        put(byte)


def test_after_a_build_links_are_no_change_however_often_one_asks(built: Project) -> None:
    assert built.build().ran == set()
    assert "iso" not in built.doit("list", "-s").out.partition("pending")[2]
    assert built.build().ran == set()


def test_a_package_of_a_tier_is_noticed_refused_and_healed_by_putting_it_back(built: Project) -> None:
    built.build()
    before, package = built.iso.read_bytes(), built.rpm("smeserver-release")
    with edited_in_place(package):
        answer = built.doit()
        assert answer.code != 0
        assert package.name in answer.said
        assert built.iso.read_bytes() == before
    built.build()
    assert built.iso.read_bytes() == before


def test_a_file_of_the_boot_set_is_noticed(built: Project) -> None:
    with edited_in_place(built.release.boot_set.path / "EFI/BOOT/grubx64.efi"):
        assert {"tree", "iso"} <= set(built.doit().ran)
    assert {"tree", "iso"} <= set(built.doit().ran)


def test_a_file_of_the_content_tree_is_noticed(built: Project) -> None:
    with edited_in_place(built.release.content.path / "isolinux/splash.png"):
        assert {"tree", "iso"} <= set(built.doit().ran)
    assert {"tree", "iso"} <= set(built.doit().ran)
