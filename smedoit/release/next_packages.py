# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages of a release the tiers of the next major have no more, and its comps.xml without them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from smedoit.config.release import Release
from smedoit.config.tiers import Tier
from smedoit.packages.lock import read_lock
from smedoit.runtime.files import walk_files

REQUIREMENT = re.compile(r"^[ \t]*<packagereq\b[^>]*>(?P<name>[^<]*)</packagereq>[ \t]*\n?", re.MULTILINE)


def medium_names(rel: Release) -> set[str]:
    """Return the names of the packages on the medium, or in its staged tiers before there is one."""
    if rel.lock.is_file():
        return {pick.package.name for pick in read_lock(rel.lock)}
    return tier_names(tier for tier in rel.tiers if tier.stage)


def tier_names(tiers: Iterable[Tier]) -> set[str]:
    """Return the names of the binary packages in tiers, by what their files are called. Raises OSError."""
    return {
        name.rpartition("/")[2].rsplit("-", 2)[0]
        for tier in tiers
        if tier.path.is_dir()
        for name, _ in walk_files(tier.path)
        if name.endswith(".rpm") and not name.endswith(".src.rpm")
    }


def drop_requirements(comps: str, absent: Collection[str]) -> tuple[str, list[str]]:
    """Return comps.xml without packages that are absent, and which of them it listed."""
    listed = {found["name"].strip() for found in REQUIREMENT.finditer(comps)} & {*absent}
    text = REQUIREMENT.sub(lambda found: "" if found["name"].strip() in listed else found.group(), comps)
    return text, sorted(listed)
