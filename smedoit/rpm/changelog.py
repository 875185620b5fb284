# SPDX-License-Identifier: GPL-3.0-or-later
"""Changelogs of packages: their entries, and the bugs that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from smedoit.package import Evr
from smedoit.rpm import header
from smedoit.runtime import foreign

TRAILING_EVR = re.compile(r"(?:^|[\s>-])\[?(?P<evr>(?:[0-9]{1,9}:)?[A-Za-z0-9.+~^_]+-[A-Za-z0-9.+~^_]+)\]?\s*$")
DIST = re.compile(r"\.(?:el|fc|sme|centos)\w*(?:\.\w+)*$")
TIMES, NAMES, TEXTS = 1080, 1081, 1082  # tags of a changelog; source: rpm, include/rpm/rpmtag.h
LONGEST = 500  # characters of a header that are looked at for its author and version
AUTHOR = re.compile(r"^(?P<author>.*?)\s*(?:<[^>]*>.*|-?\s*(?:\d+:)?\S+-\S+)?$")


@dataclass(frozen=True)
class ChangelogEntry:
    """One changelog entry: who, when (seconds since 1970 UTC), for which version, and what; newest first in a list."""

    header: str
    time: int
    text: str

    @property
    def author(self) -> str:
        """The name in front of the mail address."""
        found = AUTHOR.match(self.header[:LONGEST])
        return found.group("author") if found else self.header

    @property
    def day(self) -> str:
        """The date as 2026-11-01; changelogs know no time of day."""
        return f"{datetime.fromtimestamp(self.time, timezone.utc):%Y-%m-%d}"

    @property
    def evr(self) -> Evr | None:
        """The version that stands at the end of its header, without a dist tag; None if none does."""
        found = TRAILING_EVR.search(self.header[-LONGEST:])
        return strip_dist_tag(Evr.parse(found.group("evr"))) if found else None


def bug_numbers(text: str, patterns: Sequence[str]) -> set[int]:
    """Return the bug numbers in a text."""
    found = (match.group(1) or "" for pattern in patterns for match in re.finditer(pattern, text, re.IGNORECASE))
    return {number for digits in found if (number := foreign.parse_decimal(digits)) is not None}


def rpm_changelog(path: Path) -> Iterator[ChangelogEntry]:
    """Yield the changelog of an RPM, newest first; a header that cannot be read yields none."""
    try:
        with foreign.translate_panics():
            values = header.read_header_values(bytes(header.open_header(path).header_bytes()))
    except (header.BadPackageError, *header.LIBRARY_ERRORS):
        return
    for time, name, text in zip(*(values.get(tag, ()) for tag in (TIMES, NAMES, TEXTS)), strict=False):
        if isinstance(time, int) and isinstance(name, bytes) and isinstance(text, bytes):
            yield ChangelogEntry(decode_changelog_text(name), time, decode_changelog_text(text))


def decode_changelog_text(data: bytes) -> str:
    """Return a text of a changelog: UTF-8, else Latin-1, which nearly all that is older is in."""
    try:
        return data.decode("utf-8")
    except UnicodeError:
        return data.decode("latin-1")


def strip_dist_tag(evr: Evr) -> Evr:
    """Return evr without the dist tag of its release."""
    return Evr(evr.epoch, evr.version, DIST.sub("", evr.release))
