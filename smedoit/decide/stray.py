"""Words that look like another release of this product: what a forgotten edit leaves behind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smedoit.decide.identity import Identity

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
