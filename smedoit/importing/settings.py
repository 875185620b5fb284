# SPDX-License-Identifier: GPL-3.0-or-later
"""The release.toml of an imported world: what was found, table by table, for a person to go on with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smedoit.config.packages import PackageSelection
from smedoit.importing.excuses import REASON, ImportExcuses
from smedoit.importing.facts import ImportedIdentity
from smedoit.medium_paths import COMPS
from smedoit.package import Package, native_architectures
from smedoit.runtime.terminal import escape_line

UNVERIFIED = "unverified"  # the tier of packages that nobody vouches for: it never goes on a medium
MODULES = "src/modules.yaml"  # what the medium said of its module streams
HEADING = """\
# Made by doit import, of {place}.
# Paths are relative to [paths] root, root is relative to this file. The handbook explains every key.
"""
COMMENTS = {
    "tiers": "The most trusted first: on equal versions the earlier tier wins.",
    "keys": "A signature counts only if its key is one of these; their fingerprints were confirmed when they came.",
    "packages": "Which packages may go on the medium, so that exactly those are chosen that were on it.",
    "modules": "The streams that were on the medium; src/modules.yaml is what it said of them.",
    "groups": "Names that comps lists although the medium has no such package.",
    "closure": "What the medium lacks, and lacked before: doit closure names it.",
    "updates": "Newer packages in the other tiers are told: whether a final release needs them is for you to say.",
    "boot_set": "Kernel, initrd, stage 2 and boot loaders as they were on the medium, pinned in boot_set.sha256.",
}


@dataclass(frozen=True)
class WorldPlaces:
    """Where things of an imported world lie, relative to its root.

    tier        the packages of the medium
    unverified  those that nobody vouches for
    others      further repositories of the medium -> the packages in them
    """

    content: str
    translations: str
    boot_set: str
    tier: str
    unverified: str
    others: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_release(cls, release: Mapping[str, object], repositories: Sequence[str] = ()) -> WorldPlaces:
        """Return the places of a release, as the wiki has them.

        repositories  of the medium besides its first one
        """
        short, major = f"{str(release['short']).lower()}{release['major']}", release["major"]
        return cls(
            content=f"src/cdrom.image/{short}",
            translations=f"src/anaconda-po/{short}",
            boot_set="src/boot-set",
            tier=f"repo/{major}/smeos",
            unverified=f"repo/{major}/{UNVERIFIED}",
            others={name: f"repo/{major}/{name.lower()}" for name in repositories},
        )

    def package_tier(self, name: str) -> str:
        """Return the tier of a package by its path on the medium."""
        return self.others.get(name.partition("/")[0], self.tier)


@dataclass(frozen=True)
class WorldKey:
    """A key of the world: the name of its file, its fingerprint, and reasons that it needs to count."""

    name: str
    fingerprint: str
    legacy_reason: str = ""
    expired_reason: str = ""


@dataclass(frozen=True)
class WorldSettings:
    """What decides about a world besides what it is called.

    unverified  whether there are packages that nobody vouches for
    excuses     what the medium lacked already
    neighbours  name -> directory of the other tiers of a published release, which stay where they are
    streams     module -> the stream of it that is on the medium
    """

    keys: Sequence[WorldKey]
    selection: PackageSelection
    has_packages: bool = True
    unverified: bool = False
    excuses: ImportExcuses = field(default_factory=ImportExcuses)
    neighbours: Mapping[str, str] = field(default_factory=dict)
    translations: str = "locale"
    place: str = ""
    streams: Mapping[str, str] = field(default_factory=dict)
    places: WorldPlaces = field(default=WorldPlaces("", "", "", "", ""))


def format_release_toml(identity: ImportedIdentity, world: WorldSettings) -> str:
    """Return the text of release.toml."""
    parts = [HEADING.format(place=escape_line(world.place))]
    for name, table in _release_tables(identity, world).items():
        comment = f"# {COMMENTS[name]}\n" if name in COMMENTS else ""
        parts.append(comment + _format_table(name, table))
    return "\n".join(parts)


def _release_tables(identity: ImportedIdentity, world: WorldSettings) -> dict[str, Any]:
    """Return the tables in their order, without what is as it would be anyway."""
    places = world.places
    tiers: list[dict[str, object]] = [{"name": "smeos", "path": places.tier}]
    tiers += [{"name": Path(path).name, "path": path, "repository": name} for name, path in places.others.items()]
    if not world.has_packages:
        tiers = [{**tier, "may_be_empty": True} for tier in tiers]
    if world.unverified:
        tiers.append({"name": UNVERIFIED, "path": places.unverified, "stage": False})
    for name, path in world.neighbours.items():  # as mirrors: nothing is ever taken away from them, or written there
        tiers.append({"name": name, "path": path, "stage": False, "mirror": True, "repodata": False})
    keys = [
        {
            "file": f"{places.content}/{key.name}",
            **{name: value for name, value in vars(key).items() if name != "name" and value},
        }
        for key in world.keys
    ]
    excuses, groups = world.excuses, {"comps": COMPS}
    closure = {"allow_missing": dict.fromkeys(excuses.installer, REASON), "waivers": list(excuses.waivers)}
    tables: dict[str, Any] = {
        "release": {key: value for key, value in identity.release.items() if value not in ("", [])},
        "paths": {"root": "build"},
        "tiers": tiers,
        "keys": keys,
        "packages": _selection_table(world.selection),
        "modules": {"sources": [MODULES], "enabled": dict(world.streams)} if world.streams else {},
        "groups": {**groups, "allow_missing": dict.fromkeys(excuses.missing, REASON)} if excuses.missing else {},
        "closure": {key: value for key, value in closure.items() if value},
        "updates": {"final": "warn"} if world.neighbours else {},
        "boot_set": {"path": places.boot_set, "pins": "boot_set.sha256"},
        "content": {"path": places.content},
        "translations": {"path": places.translations, "place": world.translations},
        "spec": {"package": identity.spec} if identity.spec else {},
        "release_urls": {"urls": list(identity.urls)} if identity.urls else {},
        "netinstall": dict(identity.network),
    }
    return {name: table for name, table in tables.items() if table}


def _selection_table(selection: PackageSelection) -> dict[str, object]:
    """Return the keys of [packages] that say something."""
    usual = PackageSelection()
    found = {
        "secondary": list(selection.secondary),
        "multilib": list(selection.multilib),
        "several": dict(selection.several),
    }
    same = {"secondary": list(usual.secondary), "multilib": [], "several": {}}
    return {key: value for key, value in found.items() if value != same[key]}


def _format_table(name: str, table: Any) -> str:
    """Return a table, or an array of tables, as TOML."""
    import tomli_w

    if isinstance(table, list):
        return "\n".join(f"[[{name}]]\n{tomli_w.dumps(entry)}" for entry in table)
    return tomli_w.dumps({name: table})


def selection_of(packages: Iterable[Package], arch: str) -> PackageSelection:
    """Return the rules by which exactly these packages would be chosen."""
    usual = PackageSelection().secondary
    native = (*native_architectures(arch), "noarch")
    others = sorted({(package.name, package.arch) for package in packages if package.arch not in native})
    slots: dict[tuple[str, str], set[str]] = {}
    for package in packages:
        slot = arch if package.arch == "noarch" else package.arch
        slots.setdefault((package.name, slot), set()).add(str(package.evr))
    several: dict[str, int] = {}
    for (name, _), versions in sorted(slots.items()):
        if len(versions) > 1:
            several[name] = max(several.get(name, 0), len(versions))
    architectures = {found for _, found in others}
    return PackageSelection(
        secondary=usual if architectures <= set(usual) else tuple(sorted({*usual, *architectures})),
        multilib=tuple(dict.fromkeys(name for name, _ in others)),
        several=several,
    )
