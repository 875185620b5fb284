"""What release.toml says of the words that people read: rules, excuses, the spec file, release notes.

The settings alone, without what they mean: every run of doit reads them, few need the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatchcase

from smedoit.decide.schema import Table, demand

KINDS = ("buildstamp", "cpe", "grub", "ini", "keep", "menu", "release", "shell", "template", "text")
HISTORY = {"README.txt": "release notes speak of earlier releases"}
BUGS = (r"\[SME:?\s*(\d+)\]", r"\[?bug[ #:]*(\d{3,})\]?")


class Rule(Table):
    """One [[rules]] entry.

    files    globs on paths of the content tree, like product/etc/*
    kind     one of KINDS
    section  of an ini file
    values   of an ini or shell file: key -> text with placeholders
    """

    files: tuple[str, ...]
    kind: str
    section: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        demand(self.files, "files", "name at least one file of the content tree, globs allowed")
        demand(self.kind in KINDS, "kind", f"use one of {', '.join(KINDS)}")
        demand(self.kind != "ini" or (self.section and self.values), "kind", "an ini rule needs section and values")


class Versions(Table):
    """The [versions] table: where words of another release are right.

    allowed  glob on a path of the tree (inside an image: images/product.img/etc/…) -> why
    """

    allowed: Mapping[str, str] = field(default_factory=lambda: HISTORY)

    def __post_init__(self) -> None:
        for path, reason in self.allowed.items():
            demand(reason.strip(), f"allowed.{path}", "say why another release may be named there")

    def excuse(self, path: str) -> bool:
        """Return whether a path may speak of another release."""
        return any(fnmatchcase(path, pattern) for pattern in self.allowed)


class Spec(Table):
    """The [spec] table: the package that carries the version, and the spec file that it is built from.

    package  its name; "" if none does
    path     relative to the root; "" if doit bump is not wanted
    author   "Name <mail>" for the changelog
    """

    package: str = ""
    path: str = ""
    author: str = ""


class Notes(Table):
    """The [notes] table: how bug numbers stand in changelogs, and where they lead.

    bugs      regular expressions with one group, the number
    tracker   address of a bug, with {bug} in it
    width     columns of README.txt on the installer's console
    since     what the last release is called in the notes
    anaconda  [EPOCH:]VERSION-RELEASE of the last release's anaconda, where its packages do not tell
    """

    bugs: tuple[str, ...] = BUGS
    tracker: str = ""
    width: int = 76
    since: str = "the last release"
    anaconda: str = ""

    def __post_init__(self) -> None:
        demand(not self.anaconda or is_evr(self.anaconda), "anaconda", "write it like 21.48.22.159-1.el7.centos")
        demand(not self.tracker or "{bug}" in self.tracker, "tracker", "put {bug} where the number goes")
        demand(self.width >= 40, "width", "a console has at least 40 columns")
        for pattern in self.bugs if self.bugs != BUGS else ():
            demand(groups_of(pattern) == 1, "bugs", f"{pattern!r} is no regular expression with exactly one group")


def is_evr(text: str) -> bool:
    """Return whether a text spells [EPOCH:]VERSION-RELEASE."""
    import re

    return re.fullmatch(r"(\d+:)?[^\s:-]+-[^\s:-]+", text) is not None


def groups_of(pattern: str) -> int:
    """Return how many groups a regular expression has, -1 if it is none."""
    import re

    try:
        return re.compile(pattern).groups
    except re.error:
        return -1
