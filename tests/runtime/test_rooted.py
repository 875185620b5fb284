# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes below a root, while somebody puts links there: none of them ever happens outside."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from smedoit.errors import FileError
from smedoit.runtime import rooted
from smedoit.runtime.files import write_file
from smedoit.runtime.rooted import RootedPath


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a directory and a file, and outside what nobody may touch."""
    write_file(tmp_path / "root/in/file", b"ours")
    write_file(tmp_path / "outside/file", b"theirs")
    write_file(tmp_path / "outside/deep/file", b"theirs")
    return tmp_path / "root"


def outside(root: Path) -> dict[str, bytes]:
    top = root.parent / "outside"
    return {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}


CHANGES: dict[str, Callable[[RootedPath, RootedPath], object]] = {
    "link": lambda path, inside: rooted.link_rooted(inside, path),
    "link from": lambda path, inside: rooted.link_rooted(path, inside),
    "move": lambda path, inside: rooted.move_rooted(inside, path),
    "move from": lambda path, inside: rooted.move_rooted(path, inside),
    "replace": lambda path, inside: rooted.move_rooted(inside, path, replacing=True),
    "switch": lambda path, _: rooted.switch_rooted_link(path, "x"),
    "remove": lambda path, _: rooted.remove_rooted_file(path),
    "make": lambda path, _: rooted.make_rooted_directory(path, 0o700),
    "remove empty": lambda path, _: rooted.remove_empty_directory(path),
    "remove tree": lambda path, _: rooted.remove_rooted_tree(path),
    "list": lambda path, _: rooted.list_rooted_directory(path),
    "sync": lambda path, _: rooted.sync_rooted_parents([path]),
    "read": lambda path, _: path.sha256(),
    "look": lambda path, _: path.info(),
    "read link": lambda path, _: path.read_link(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["away/file", "away/new", "away/deep/file"])
def test_nothing_goes_through_a_link(root: Path, change: str, name: str) -> None:
    (root / "away").symlink_to("../outside")
    before = outside(root)
    with pytest.raises(FileError, match="away on its way is a link, which may lead out of"):
        CHANGES[change](RootedPath(root, name), RootedPath(root, "in/file"))
    assert outside(root) == before


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "name", ["../outside/file", "in/../../outside/file", "/etc/passwd", "", ".", "in//file", "a\0"]
)
def test_a_name_that_climbs_is_refused(root: Path, change: str, name: str) -> None:
    before = outside(root)
    with pytest.raises(FileError, match="leads out of"):
        CHANGES[change](RootedPath(root, name), RootedPath(root, "in/file"))
    assert outside(root) == before


def test_a_link_is_removed_itself_and_a_linked_directory_is_not_emptied(root: Path) -> None:
    for name in ("file", "directory"):
        (root / name).symlink_to(root.parent / "outside" if name == "directory" else root.parent / "outside/file")
    rooted.remove_rooted_file(RootedPath(root, "file"))
    with pytest.raises(FileError, match="is a link, where a directory belongs"):
        rooted.remove_rooted_tree(RootedPath(root, "directory"))
    for change in (rooted.list_rooted_directory, lambda place: rooted.make_rooted_directory(place, 0o755)):
        with pytest.raises(FileError, match="is a link"):
            change(RootedPath(root, "directory"))
    assert len(outside(root)) == 2 and not os.path.lexists(root / "file")


def test_a_tree_is_removed_with_links_in_it_and_what_they_name_stays(root: Path) -> None:
    (root / "in/away").symlink_to(root.parent / "outside")
    (root / "in/a/b/c").mkdir(parents=True)
    rooted.remove_rooted_tree(RootedPath(root, "in"))
    assert not (root / "in").exists() and len(outside(root)) == 2


@pytest.mark.parametrize("kind", ["link", "fifo", "directory"])
def test_only_a_regular_file_is_linked_or_read(root: Path, kind: str) -> None:
    place = root / "odd"
    if kind == "link":
        place.symlink_to(root.parent / "outside/file")
    else:
        os.mkfifo(place) if kind == "fifo" else place.mkdir()
    odd = RootedPath(root, "odd")
    assert not odd.is_file()
    for work in (odd.sha256, lambda: rooted.link_rooted(odd, RootedPath(root, "new"))):
        with pytest.raises(FileError, match="odd: "):
            work()
    assert not (root / "new").exists()


def test_what_not_everybody_may_read_is_copied_readable(root: Path) -> None:
    (root / "in/file").chmod(0o600)
    source, target = RootedPath(root, "in/file"), RootedPath(root, "a/b/file")
    rooted.link_rooted(source, target)
    assert not source.is_same(target) and (root / "a/b/file").stat().st_mode & 0o777 == 0o644
    assert target.sha256() == source.sha256() and os.listdir(root / "a/b") == ["file"]


def test_what_is_there_already_is_not_replaced_unless_that_is_asked(root: Path) -> None:
    write_file(root / "other", b"other")
    for change in (rooted.link_rooted, rooted.move_rooted):
        with pytest.raises(FileError, match=r"other: cannot be (linked|moved), .*(there already|exists)"):
            change(RootedPath(root, "in/file"), RootedPath(root, "other"))
    assert (root / "other").read_bytes() == b"other"


def test_a_root_that_is_not_there_yet_is_made_for_what_goes_into_it(root: Path) -> None:
    target = RootedPath(root.parent / "new/tier", "x/file")
    assert not target.exists() and rooted.list_rooted_directory(target) == []
    rooted.link_rooted(RootedPath(root, "in/file"), target)
    assert target.is_file()


def test_the_root_itself_may_be_a_link_for_somebody_configured_it(root: Path) -> None:
    (root.parent / "named").symlink_to(root)
    rooted.move_rooted(RootedPath(root.parent / "named", "in/file"), RootedPath(root.parent / "named", "moved"))
    assert (root / "moved").read_bytes() == b"ours"


@contextmanager
def swapping(place: Path, outside: Path) -> Iterator[None]:
    """Exchange a directory for a link that leads out and back again, as fast as this machine can."""
    stop = threading.Event()

    def swap() -> None:
        aside = place.with_name("aside")
        while not stop.is_set():
            with suppress(OSError):
                os.rename(place, aside)
                os.symlink(outside, place)
                os.unlink(place)
                os.rename(aside, place)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        yield
    finally:
        stop.set()
        swapper.join()


RACES: dict[str, Callable[[Path], object]] = {
    "remove": lambda root: rooted.remove_rooted_file(RootedPath(root, "in/file")),
    "remove tree": lambda root: rooted.remove_rooted_tree(RootedPath(root, "in/deep")),
    "link": lambda root: rooted.link_rooted(RootedPath(root, "file"), RootedPath(root, "in/new")),
    "move": lambda root: rooted.move_rooted(RootedPath(root, "in/file"), RootedPath(root, "moved")),
    "switch": lambda root: rooted.switch_rooted_link(RootedPath(root, "in/link"), "x"),
    "make": lambda root: rooted.make_rooted_directory(RootedPath(root, "in/made"), 0o700),
}


@pytest.mark.parametrize("race", RACES)
def test_a_link_that_is_swapped_in_between_look_and_deed_changes_nothing_outside(root: Path, race: str) -> None:
    before = outside(root)
    write_file(root / "file", b"ours")
    with swapping(root / "in", root.parent / "outside"):
        for _ in range(400):
            with suppress(FileError):
                RACES[race](root)
    assert outside(root) == before and not (root / "moved").is_symlink()
    assert sorted(os.listdir(root.parent / "outside")) == ["deep", "file"]
    assert not (root / "moved").exists() or (root / "moved").read_bytes() == b"ours"
