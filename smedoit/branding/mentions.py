# SPDX-License-Identifier: GPL-3.0-or-later
"""Words in a text that name another release of this product; and what rendering a text changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from smedoit.branding.rules import Branding
from smedoit.config.identity import ReleaseIdentity
from smedoit.runtime import progress
from smedoit.runtime.progress import LEFT, RENDERED

LABEL = r"(?:alpha|beta|rc)[ .]?\d+"


def find_stale_versions(text: str, identity: ReleaseIdentity) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, words) for everything in text that names another release of this product."""
    patterns = release_patterns(identity)
    for number, line in enumerate(text.split("\n"), 1):
        taken: set[int] = set()
        for pattern in patterns:
            for found in pattern.finditer(line):
                if found.start("version") not in taken and not _names_this_release(found, identity):
                    yield number, found.group().strip()
                taken.add(found.start("version"))


def release_patterns(identity: ReleaseIdentity) -> tuple[re.Pattern[str], ...]:
    """Return how a release is spelled: behind the product's name, with a label, and as bare major.minor."""
    names = "|".join(re.escape(name) for name in identity.names)
    label = rf"(?:[ .-]?(?P<label>{LABEL}))"
    return (
        re.compile(rf"(?:{names})(?:\s+(?:release|version))?\s+v?(?P<version>\d+(?:\.\d+)*){label}?\b", re.IGNORECASE),
        re.compile(rf"(?<![\w.])(?P<version>{identity.major}(?:\.\d+)*){label}\b", re.IGNORECASE),
        re.compile(rf"(?<![\w.:/-])(?P<version>{identity.major}\.\d+)(?P<label>)(?![\w-]|\.\d)"),
    )


def _names_this_release(found: re.Match[str], identity: ReleaseIdentity) -> bool:
    """Return whether found words name this release, or no more of it than its major."""
    label = re.sub(r"[ .]", "", found.group("label") or "").lower()
    version = found.group("version")
    return label in ("", identity.label) and version in (identity.version, str(identity.major))


def describe_rendering(name: str, before: str, after: str) -> Iterator[str]:
    """Yield a line for every line that rendering changed: where, from what, and to what."""
    old, new = before.split("\n"), after.split("\n")
    for kind, first, last, begin, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for number in range(max(last - first, end - begin)):
            was = old[first + number].strip() if first + number < last else "nothing"
            now = new[begin + number].strip() if begin + number < end else "nothing"
            yield f"{RENDERED}: {name}, line {begin + number + 1}: {was} -> {now}"


def describe_prose(name: str, text: str, identity: ReleaseIdentity) -> Iterator[str]:
    """Yield a line for every word of another release that a rendered text still has: it is prose, and stays."""
    return (f"{LEFT}: {name}, line {number}: {words}" for number, words in find_stale_versions(text, identity))


def render_logged(branding: Branding, relative: str, text: str) -> str:
    """Return a text of the content tree rendered; the log says what changed, and what was left."""
    rendered = branding.render(relative, text)
    for line in (*describe_rendering(relative, text, rendered), *describe_prose(relative, rendered, branding.identity)):
        progress.log_line(line)
    return rendered
