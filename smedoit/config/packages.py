# SPDX-License-Identifier: GPL-3.0-or-later
"""What stays off the medium although a tier has it: [retired] and [excluded], each entry with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from pathlib import Path

from smedoit.config.schema import SettingsTable, require_value
from smedoit.medium_paths import COMPS
from smedoit.package import Package


class PackageSelection(SettingsTable):
    """The [packages] table: which of the tiers' packages may go on the medium.

    secondary  architectures that only multilib packages may come in
    multilib   names (globs allowed) that may also come in an architecture of secondary
    several    name (globs allowed) -> how many of its newest versions are kept
    lock       an earlier packages.lock to build again, instead of choosing from the tiers; "" to choose
    """

    secondary: tuple[str, ...] = ("i686", "i386")
    multilib: tuple[str, ...] = ()
    several: Mapping[str, int] = field(default_factory=dict)
    lock: str = ""

    def __post_init__(self) -> None:
        for name, count in self.several.items():
            require_value(count >= 1, ("several", name), "keep at least one version")


class GroupsSettings(SettingsTable):
    """The [groups] table: comps, and names it may list although no package has them.

    comps          the file of the groups, in the content tree
    allow_missing  package name (globs allowed) -> why its absence is right
    """

    comps: Path = Path(COMPS)
    allow_missing: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, reason in self.allow_missing.items():
            require_value(reason.strip(), ("allow_missing", name), "say why it may be absent")


class RetiredPackage(SettingsTable):
    """One [retired.NAME] entry: a package that is no part of the product any more, in no version.

    NAME is a name, a NEVRA, or a glob on either.

    reason       why it was retired
    replaced_by  name of the package that does its work now
    """

    reason: str
    replaced_by: str = ""

    def __post_init__(self) -> None:
        require_value(self.reason.strip(), "reason", "say why it was retired")


class PackageExclusions(SettingsTable):
    """Both lists. A pattern is a name, a NEVRA, or a glob on either."""

    retired: Mapping[str, RetiredPackage] = field(default_factory=dict)
    excluded: Mapping[str, str] = field(default_factory=dict)

    def rule(self, package: Package) -> str:
        """Return why package must stay away, in words, "" if it need not."""
        for pattern, retired in self.retired.items():
            if matches_package(pattern, package):
                successor = f", replaced by {retired.replaced_by}" if retired.replaced_by else ""
                return f"retired by {pattern!r}: {retired.reason}{successor}"
        for pattern, reason in self.excluded.items():
            if matches_package(pattern, package):
                return f"excluded by {pattern!r}: {reason}"
        return ""

    def remarks(self, seen: Iterable[Package], chosen: Iterable[Package]) -> list[str]:
        """Return a sentence for every entry that does nothing, and for every successor that is absent.

        seen    all packages of the staged tiers
        chosen  the packages of the medium
        """
        packages, names = list(seen), {package.name for package in chosen}
        idle = [
            f"[{table}] {pattern} matches no package of the staged tiers"
            for table, patterns in (("retired", self.retired), ("excluded", self.excluded))
            for pattern in patterns
            if not any(matches_package(pattern, package) for package in packages)
        ]
        orphaned = [
            f"[retired] {pattern} is replaced by {retired.replaced_by}, which is not on the medium"
            for pattern, retired in self.retired.items()
            if retired.replaced_by and retired.replaced_by not in names
        ]
        return idle + orphaned


def matches_package(pattern: str, package: Package) -> bool:
    """Return whether pattern means package: by its name, its NEVRA, or the latter without architecture."""
    words = (package.name, package.nevra, package.nevra.rpartition(".")[0])
    return any(fnmatchcase(word, pattern) for word in words)


def refuse_contradictory_lists(lists: PackageExclusions, wanted: Mapping[str, str]) -> None:
    """Refuse lists that cannot all be meant.

    wanted  name -> the key of release.toml that asks for it
    """
    for pattern, reason in lists.excluded.items():
        path = ("excluded", pattern)
        require_value(reason.strip(), path, "say why it is excluded")
        require_value(pattern not in lists.retired, path, "stands in [retired] too; keep one of the two")
    for pattern, retired in lists.retired.items():
        if retired.replaced_by:
            _check_successor_chain(lists, pattern, retired.replaced_by)
    for name, key in wanted.items():
        for table, patterns in (("retired", lists.retired), ("excluded", lists.excluded)):
            for pattern in patterns:
                require_value(
                    not fnmatchcase(name, pattern), (table, pattern), f"takes away {name}, which {key} asks for"
                )


def _check_successor_chain(lists: PackageExclusions, pattern: str, successor: str) -> None:
    """Refuse a retirement whose chain of successors goes in a circle, or ends in nothing."""
    key, chain, name = ("retired", pattern), [pattern], successor
    while True:
        chain.append(name)
        for other in lists.excluded:
            require_value(
                not fnmatchcase(name, other), key, f"is replaced by {name}, which [excluded] {other!r} takes away"
            )
        following = next((entry for entry in lists.retired if fnmatchcase(name, entry)), None)
        if following is None:
            return
        if not require_value(following not in chain[:-1], key, f"goes in a circle: {' is replaced by '.join(chain)}"):
            return
        if following != name:
            chain[-1] = following
        name = lists.retired[following].replaced_by
        if not require_value(name, key, f"is replaced by {chain[-1]}, which is retired itself"):
            return
