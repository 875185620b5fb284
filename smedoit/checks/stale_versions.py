"""Words that look like another release of this product: what a forgotten edit leaves behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from smedoit.config.branding import Versions
from smedoit.config.identity import Identity
from smedoit.errors import VerifyError, grouped
from smedoit.fat import volume
from smedoit.installer import cpio
from smedoit.medium_paths import OVERLAYS
from smedoit.runtime import files, progress
from smedoit.tree import layers

LABEL = r"(?:alpha|beta|rc)[ .]?\d+"


def find(text: str, one: Identity) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, words) for everything in text that names another release of this product."""
    patterns = forms(one)
    for number, line in enumerate(text.splitlines(), 1):
        taken: set[int] = set()
        for pattern in patterns:
            for found in pattern.finditer(line):
                if found.start("version") not in taken and not is_ours(found, one):
                    yield number, found.group().strip()
                taken.add(found.start("version"))


def forms(one: Identity) -> tuple[re.Pattern[str], ...]:
    """Return how a release is spelled: behind the product's name, with a label, and as bare major.minor."""
    names = "|".join(re.escape(name) for name in one.names)
    label = rf"(?:[ .-]?(?P<label>{LABEL}))"
    return (
        re.compile(rf"(?:{names})(?:\s+(?:release|version))?\s+v?(?P<version>\d+(?:\.\d+)*){label}?\b", re.IGNORECASE),
        re.compile(rf"(?<![\w.])(?P<version>{one.major}(?:\.\d+)*){label}\b", re.IGNORECASE),
        re.compile(rf"(?<![\w.:/-])(?P<version>{one.major}\.\d+)(?P<label>)(?![\w-]|\.\d)"),
    )


def is_ours(found: re.Match[str], one: Identity) -> bool:
    """Return whether found words name this release, or no more of it than its major."""
    label = re.sub(r"[ .]", "", found.group("label") or "").lower()
    version = found.group("version")
    return label in ("", one.label) and version in (one.version, str(one.major))


LONGEST = 1 << 20  # a text on the medium that is longer is none that anybody edited by hand
EFI_IMAGE = "images/efiboot.img"


def check(one: Identity, versions: Versions, tree_root: Path, searched: Callable[[str], bool]) -> str:
    """Search the tree for words of another release; refuse them in a final one, count them in a test release.

    Raises VerifyError with file, line and words.
    """
    found: dict[str, list[str]] = {}
    for path, data in texts(tree_root, searched):
        if not versions.excuse(path):
            for number, words in find(data.decode("utf-8", "replace"), one):
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
            members = cpio.members(files.read_bytes(path), str(path))
            yield from ((f"{relative}/{one.name}", one.data) for one in members if is_text(one.data))
        elif relative == EFI_IMAGE:
            yield from ((f"{relative}/{name}", data) for name, data in fat_files(path) if is_text(data))
        elif searched(relative) and path.stat().st_size <= LONGEST and is_text(data := files.read_bytes(path)):
            yield relative, data


def fat_files(image: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of every file inside a FAT image."""
    for name in volume.list_files(image):
        yield name, volume.read_file(image, name)


def is_text(data: bytes) -> bool:
    """Return whether data is text: no program or picture is without a zero byte."""
    return len(data) <= LONGEST and b"\0" not in data
