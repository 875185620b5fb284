"""No other release's version on the medium: the tree and the insides of its images, searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from smedoit.decide import images, stray
from smedoit.decide.errors import VerifyError, grouped
from smedoit.decide.identity import Identity
from smedoit.decide.places import OVERLAYS
from smedoit.decide.wording import Versions
from smedoit.do import fat, layers, progress, tree

LONGEST = 1 << 20  # a text on the medium that is longer is none that anybody edited by hand
EFI_IMAGE = "images/efiboot.img"


def check(one: Identity, versions: Versions, tree_root: Path, searched: Callable[[str], bool]) -> str:
    """Search the tree for words of another release; refuse them in a final one, count them in a test release.

    Raises VerifyError with file, line and words.
    """
    found: dict[str, list[str]] = {}
    for path, data in texts(tree_root, searched):
        if not versions.excuse(path):
            for number, words in stray.find(data.decode("utf-8", "replace"), one):
                found.setdefault(words, []).append(f"{path}, line {number}")
                progress.note(f"{path}:{number}: {words}")
    if found and one.is_final:
        raise VerifyError(
            f"{tree_root}: words of another release than {one.title}\n{grouped(found)}",
            hint="mend them in the content tree, give the file a rule in [[rules]], or excuse it in [versions] allowed",
        )
    count = sum(len(places) for places in found.values())
    return f"{count} places name another release, see the log; a final release would be refused" if count else "none"


def texts(tree_root: Path, searched: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of every text: files of the tree, and those inside its three images."""
    for relative in layers.listed(tree_root):
        path = tree_root / relative
        if relative in OVERLAYS:
            members = images.members(tree.read_bytes(path), str(path))
            yield from ((f"{relative}/{one.name}", one.data) for one in members if is_text(one.data))
        elif relative == EFI_IMAGE:
            yield from ((f"{relative}/{name}", data) for name, data in fat_files(path) if is_text(data))
        elif searched(relative) and path.stat().st_size <= LONGEST and is_text(data := tree.read_bytes(path)):
            yield relative, data


def fat_files(image: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of every file inside a FAT image."""
    for name in fat.list_files(image):
        yield name, fat.read_file(image, name)


def is_text(data: bytes) -> bool:
    """Return whether data is text: no program or picture is without a zero byte."""
    return len(data) <= LONGEST and b"\0" not in data
