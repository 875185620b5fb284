# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build record may say: it comes from outside, and nothing in it runs a program, fetches, signs or publishes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from smedoit.artifacts.build_record import BuildRecord
from smedoit.config.network import is_http_url
from smedoit.config.release import Release
from smedoit.config.tables import build_table
from smedoit.config.toml import parse_toml
from smedoit.errors import ConfigError, VerifyError, format_grouped
from smedoit.packages import lock
from smedoit.packages.select import SelectedPackage
from smedoit.runtime import foreign

CONFIGURATION, LOCK = "release.toml", "packages.lock"
MARKER = ".smedoit-rebuild"  # says that a directory is ours to remove
BESIDE = "./"  # begins the path of what lies beside release.toml
OURS = (CONFIGURATION, LOCK, MARKER)  # what a rebuild writes itself, at the top of its directory

# Table -> the keys of it that count, ALL for every key. What decides about bytes of the release is here; all else is
# as if it was not said: what runs programs (mock, installer, boot_test), fetches (sources, mirrors, addresses),
# signs or publishes, and the checks that ask somebody else. A table that is new counts once somebody puts it here.
ALL = ("*",)
COUNTED: Mapping[str, tuple[str, ...]] = {
    "release": ALL,
    "tiers": ALL,
    "keys": ALL,
    "content": ("path", "inherit"),
    "boot_set": ("path",),
    "translations": ("path", "place"),
    "packages": ("secondary", "multilib", "several"),
    "modules": ALL,
    "groups": ALL,
    "release_urls": ALL,
    "netinstall": ALL,
    "sources": ALL,
    "retired": ALL,
    "excluded": ALL,
    "rules": ALL,
    "spec": ("package",),
    "versions": ALL,
    "closure": ALL,
    "anaconda": ("srpm", "patches", "source"),
}


def counted_tables(record: BuildRecord, file: Path) -> dict[str, Any]:
    """Return the tables of a record's release.toml that count. Raises ConfigError if they are of another release."""
    said = parse_toml(record.configuration, file)
    tables = {name: _counted_keys(said[name], keys) for name, keys in COUNTED.items() if name in said}
    built = build_table(Release, tables, file, given={"file": file})
    if built.release.full != record.release:
        raise ConfigError(
            f"{file}: is no build record, it says {record.release!r} and its configuration {built.release.full}",
            hint="take another copy of it: doit record writes both from one release.toml",
        )
    return {**tables, "anaconda": _local_anaconda(tables.get("anaconda", {}))}


def _counted_keys(table: Any, keys: tuple[str, ...]) -> Any:
    """Return a table with the keys that count; what is no table is for the schema to refuse."""
    if keys == ALL or not isinstance(table, dict):
        return table
    return {key: value for key, value in table.items() if key in keys}


def _local_anaconda(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return [anaconda] with its source package as the file that it was fetched to, or nothing if it names none."""
    srpm = table.get("srpm", "")
    if not srpm:
        return {}
    return {**table, "srpm": f"src/upstream/{srpm.rpartition('/')[2]}"} if is_http_url(srpm) else dict(table)


def recorded_lock(record: BuildRecord, file: Path) -> list[SelectedPackage]:
    """Return the packages of a record's lock. Raises ConfigError if it has none."""
    try:
        return [lock.parse_lock_entry(entry) for entry in record.locks[LOCK]["picks"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{file}: is no build record, {LOCK}: {foreign.describe_damage(error)}", hint="doit record writes one"
        ) from None


def resolve_recorded(rel: Release, path: str) -> Path:
    """Return where a path that a record carries lies: an absolute one, from release.toml after ./, or from the root."""
    top = rel.file.parent if path.startswith(BESIDE) else rel.root
    return top / path


def is_relocated(path: str) -> bool:
    """Return whether a path of a record has a place in the directory of the rebuild; others are read where they are."""
    return not os.path.isabs(path)


def rebuilt_place(path: str, place: Path, root: str) -> Path:
    """Return where an input of a record lies in the directory of the rebuild, whose build root is place/root."""
    return Path(os.path.normpath(place / path if path.startswith(BESIDE) else place / root / path))


def refuse_outside_inputs(rel: Release, record: BuildRecord, picks: Iterable[SelectedPackage], file: Path) -> None:
    """Raise VerifyError for inputs that lie neither with this release's files nor where its release.toml says."""
    places = list(_own_places(rel))
    names = {*record.inputs, *(pick.package.file for pick in picks)}
    odd = [path for path in names if "\0" in path or not _is_below(resolve_recorded(rel, path), places)]
    _refuse_outside(file, odd, rel)


def refuse_taken_places(paths: Iterable[str], place: Path, root: str, file: Path) -> None:
    """Raise VerifyError for inputs that would lie outside of a rebuild's directory, or over what it makes itself."""
    taken = [*(place / name for name in OURS), place / root / "stage"]
    found = {path: rebuilt_place(path, place, root) for path in paths}
    bad = [path for path, target in found.items() if target == place or not target.is_relative_to(place)]
    over = [path for path, target in found.items() if _is_below(target, taken)]
    if bad or over:
        reasons = {"leads out of the directory": bad, "is what a rebuild makes itself": over}
        shown = format_grouped({reason: odd for reason, odd in reasons.items() if odd})
        raise VerifyError(
            f"{file}: cannot be rebuilt in {place}\n{shown}",
            hint="somebody edited this record; take another copy of it",
        )


def refuse_outside_settings(rel: Release, again: Release, place: Path, file: Path) -> None:
    """Raise VerifyError for paths in a record's configuration that lead out of the rebuild to where nobody sent it.

    again  the release that is built from the record, in place
    """
    places = list(_own_places(rel))
    odd = [
        f"{key} = {path}"
        for key, path in _named_places(again)
        if not Path(os.path.normpath(path)).is_relative_to(place) and not _is_below(path, places)
    ]
    _refuse_outside(file, odd, rel)


def _refuse_outside(file: Path, odd: Iterable[str], rel: Release) -> None:
    """Raise VerifyError for what lies outside."""
    if shown := list(odd):
        raise VerifyError(
            f"{file}: names files outside of {rel.root}\n{format_grouped({'leads out': shown})}",
            hint="a record may name what lies below [paths] root, beside release.toml, or where your release.toml says",
        )


def _own_places(rel: Release) -> Iterator[Path]:
    """Yield the places whose files a record may name: those that our own release.toml names."""
    yield rel.root
    yield rel.file.parent
    yield from (path for _, path in _named_places(rel))


def _named_places(rel: Release) -> Iterator[tuple[str, Path]]:
    """Yield (key, path) of every setting that counts in a record and names a place."""
    for tier in rel.tiers:
        yield f"[[tiers]] {tier.name} path", tier.path
    for key in rel.keys:
        yield "[[keys]] file", key.file
    for source in rel.modules.sources:
        yield "[modules] sources", source
    yield "[content] path", rel.content.path
    yield "[boot_set] path", rel.boot_set.path
    yield "[translations] path", rel.translations.path
    texts = {
        "[content] inherit": rel.content.inherit,
        "[anaconda] srpm": os.fspath(rel.anaconda.package(rel.root)) if rel.anaconda.srpm else "",
        "[anaconda] patches": rel.anaconda.patches,
        "[anaconda] source": rel.anaconda.source,
    }
    yield from ((key, Path(text)) for key, text in texts.items() if text)


def _is_below(path: Path, places: Iterable[Path]) -> bool:
    """Return whether a path is one of places, or lies below one and does not climb out again."""
    return any(path.is_relative_to(top) and ".." not in path.relative_to(top).parts for top in places)
