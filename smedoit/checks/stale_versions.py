# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of another release of this product, which a forgotten edit left in the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from smedoit.branding.mentions import find_stale_versions, release_patterns
from smedoit.branding.rules import find_unrendered_words
from smedoit.checks.result import CheckResult, report_check
from smedoit.config.branding import StaleVersionSettings
from smedoit.config.identity import ReleaseIdentity
from smedoit.errors import format_count, format_grouped
from smedoit.fat import volume
from smedoit.installer import cpio
from smedoit.medium_paths import EFI_IMAGE, OVERLAYS, RELEASE_NOTES
from smedoit.runtime import files
from smedoit.tree import layers


def find_foreign_title(text: str, identity: ReleaseIdentity) -> tuple[int, str] | None:
    """Return (line number from 1, words) where release notes first name a release, if it is not this one."""
    named, others = release_patterns(identity)[0], dict(find_stale_versions(text, identity))
    for number, line in enumerate(text.splitlines(), 1):
        if named.search(line):
            return (number, others[number]) if number in others else None
    return None


LONGEST = 1 << 20  # a text on the medium that is longer is none that anybody edited by hand


def check_stale_versions(
    identity: ReleaseIdentity,
    versions: StaleVersionSettings,
    tree_root: Path,
    searched: Callable[[str], bool],
    beside: Mapping[str, Path],
) -> Mapping[str, str]:
    """Search the tree for words of another release, and name file, line and words.

    beside  what people call a text -> a file that is not searched for in the tree

    Raises CheckError for a final release that has them; a test release is warned.
    """
    found: dict[str, list[str]] = {}
    allowed: dict[str, str] = {}
    doubts: list[str] = []
    named = ((name, files.read_file_bytes(path)) for name, path in beside.items())
    for path, data in (*named, *read_tree_texts(tree_root, searched)):
        reason, text = versions.allowed_reason(path), data.decode("utf-8", "replace")
        title = find_foreign_title(text, identity) if path == RELEASE_NOTES else None
        for number, words in find_stale_versions(text, identity):
            if title == (number, words):
                found.setdefault(f"{words}, which the release notes are of", []).append(f"{path}, line {number}")
            elif reason:
                allowed[path] = reason
            else:
                found.setdefault(words, []).append(f"{path}, line {number}")
        for number, word, is_ours in find_unrendered_words(text, identity):
            if reason:
                allowed[path] = reason
            elif is_ours:
                found.setdefault(f"{word}, which no rule renders", []).append(f"{path}, line {number}")
            else:
                doubts.append(f"{path}, line {number}: {word}: no release renders it, if it is meant as a template")
    failures = tuple(f"{place}: {words}" for words, places in found.items() for place in places)
    result = CheckResult(
        name="check_versions",
        summary=f"{format_count(len(failures), 'stale version')}, not {identity.title}"
        if failures
        else "no stale versions",
        failures=failures,
        fix="correct them in the content tree (doit notes --content writes the release notes), give the file a rule in"
        " [[rules]], or allow it in [versions] allowed",
        notes=(*doubts, *(f"allowed: {path}: {reason}" for path, reason in allowed.items())),
        details=format_grouped(found),
    )
    return report_check(result, blocks=identity.is_final)


def read_tree_texts(tree_root: Path, searched: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of every text: files of the tree, and those inside its three images."""
    for relative in layers.list_tree_files(tree_root):
        path = tree_root / relative
        if relative in OVERLAYS:
            members = cpio.parse_overlay_image(files.read_file_bytes(path), str(path))
            yield from ((f"{relative}/{member.name}", member.data) for member in members if is_text(member.data))
        elif relative == EFI_IMAGE:
            yield from ((f"{relative}/{name}", data) for name, data in _fat_files(path) if is_text(data))
        elif searched(relative) and path.stat().st_size <= LONGEST and is_text(data := files.read_file_bytes(path)):
            yield relative, data


def _fat_files(image: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of every file inside a FAT image."""
    for name in volume.list_fat_files(image):
        yield name, volume.read_fat_file(image, name)


def is_text(data: bytes) -> bool:
    """Return whether data is text: no program or picture is without a zero byte."""
    return len(data) <= LONGEST and b"\0" not in data
