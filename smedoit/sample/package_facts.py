# SPDX-License-Identifier: GPL-3.0-or-later
"""What the practice packages of one base are: which there are, in which tiers, and what holds for every version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

History = tuple[tuple[str, str, str, str], ...]
LIBC = "libc.so.6()(64bit)"
ADA, BEN, UPSTREAM = (
    "Ada Practice <ada@example.invalid>",
    "Ben Probe <ben@example.invalid>",
    "CentOS Practice <centos@example.invalid>",
)


@dataclass(frozen=True)
class PackageFacts:
    """What holds for every version of a package; comma-separated, {evr} is the version at hand.

    source  name of its source package, if that is another
    """

    requires: str = "/bin/sh"
    provides: str = ""
    files: str = ""
    obsoletes: str = ""
    conflicts: str = ""
    recommends: str = ""
    source: str = ""


@dataclass(frozen=True)
class CompsGroup:
    """One group: what an installer shows of it, and package names by kind."""

    id: str
    name: str
    description: str
    visible: bool
    mandatory: str
    default: str = ""
    optional: str = ""


@dataclass(frozen=True)
class Catalogue:
    """All practice packages of one base.

    before       version of the release before, which its texts speak of
    tiers        tier -> what lies in it, as [EPOCH:]NAME-VERSION-RELEASE.ARCH; its source packages follow from it
    facts        name -> what holds for every version
    history      source package -> its changelog, newest first: day, author, version-release, text
    groups       of comps.xml
    previous     the tiers that the release before consisted of
    compression  of the payload of what is no noarch package
    mirrors      tiers that are upstream's, and have no source packages
    respelled    words in the texts of SME Server 10's practice world -> how they read here
    modules      NAME-VERSION -> which build of a module a package belongs to, as NAME:STREAM:VERSION:CONTEXT
    sources      tier of source packages alone -> the mirror whose they are
    """

    before: str
    tiers: Mapping[str, str]
    facts: Mapping[str, PackageFacts]
    history: Mapping[str, History]
    groups: tuple[CompsGroup, ...]
    previous: tuple[str, ...]
    compression: str
    mirrors: tuple[str, ...]
    respelled: Mapping[str, str]
    modules: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def respell(self, text: str) -> str:
        """Return a text of SME Server 10's practice world as it reads here."""
        for old, new in self.respelled.items():
            text = text.replace(old, new)
        return text
