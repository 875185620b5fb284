# SPDX-License-Identifier: GPL-3.0-or-later
"""What release.toml says of the words that people read: rules, exceptions, the spec file, release notes.

The settings alone, without what they mean: every run of doit reads them, few need the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from types import MappingProxyType

from smedoit.config.notes import HISTORY
from smedoit.config.schema import SettingsTable, require_value

KINDS = ("buildstamp", "comps", "cpe", "grub", "ini", "keep", "menu", "release", "shell", "template", "text")


class BrandingRule(SettingsTable):
    """One [[rules]] entry: which text shows the release where.

    The usual texts need no entry. The first entry that names a file counts, before the usual rules. Values and
    templates know {product}, {short}, {name}, {version}, {label}, {full}, {display}, {title}, {arch}, {major},
    {date}, {year}, {volume} and {bug_url}, and the older REPLACE_VERSION and its like; REPLACE_DISTVERS is {display},
    REPLACE_DISTNAME {product}.

    files    globs on paths of the content tree, like product/etc/*
    kind     "menu" and "grub" (titles and labels of boot menus), "text" (its title is its first line), "comps" (names),
             "release" and "cpe" (release files), "buildstamp", "ini", "shell", "template" (placeholders anywhere, as in
             "menu", "text" and "comps"), "keep" (copied as it is); what else a text says is prose, and is never changed
    section  of an ini file
    values   of an ini or shell file: key -> text with placeholders
    """

    files: tuple[str, ...]
    kind: str
    section: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    choices = MappingProxyType({"kind": KINDS})

    def __post_init__(self) -> None:
        require_value(self.files, "files", "name at least one file of the content tree, globs allowed")
        require_value(
            self.kind != "ini" or (self.section and self.values),
            "kind",
            "an ini rule needs section and values",
            "section",
            "values",
        )


class StaleVersionSettings(SettingsTable):
    """The [versions] table: where words of another release are right.

    allowed  glob on a path of the tree (inside an image: images/product.img/etc/…) -> why
    """

    allowed: Mapping[str, str] = field(default_factory=lambda: HISTORY)

    def __post_init__(self) -> None:
        for path, reason in self.allowed.items():
            require_value(reason.strip(), ("allowed", path), "say why another release may be named there")

    def allowed_reason(self, path: str) -> str:
        """Return why a path may name another release, "" if it may not."""
        return next((reason for pattern, reason in self.allowed.items() if fnmatchcase(path, pattern)), "")


class SpecSettings(SettingsTable):
    """The [spec] table: the package that carries the version, and the spec file that it is built from.

    package  its name; "" if none does
    path     relative to the root; "" if doit bump is not wanted
    author   "Name <mail>" for the changelog
    """

    package: str = ""
    path: str = ""
    author: str = ""
