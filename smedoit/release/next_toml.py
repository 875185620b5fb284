# SPDX-License-Identifier: GPL-3.0-or-later
"""The release.toml of the next major, out of that of the last one: text in, text out, comments and order kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from smedoit.config.identity import ReleaseIdentity
from smedoit.config.toml import parse_toml, toml_value
from smedoit.errors import ConfigError
from smedoit.release.majors import MAJORS, MajorTier, ProductMajor, format_modules, format_tier

PATH_LINE = re.compile(
    r"""^([ \t]*(?:path|file|lock|inherit|previous_release|carry_from|pins|records|source|patches)[ \t]*=[ \t]*)"""
    r"""(["'])"""
    r"""((?:(?!://).)*?)\2""",
    re.MULTILINE,
)
KEY_LINE = r"^(\s*{key}\s*=\s*)([^#\n]*?)(\s*(?:#.*)?)$"
TRANSLATIONS = re.compile(r"""^(place[ \t]*=[ \t]*)["']updates["']""", re.MULTILINE)
MIRRORS = "mirrors/"
HEADER = re.compile(r"""^\[\[?[ \t]*([\w."'-]+)[ \t]*\]\]?[ \t]*(?:#.*)?$""")
NOT_TOML = re.compile(r"^\s*(?:#.*)?$")
BOOT_SET_URL = re.compile(r"""^([ \t]*source[ \t]*=[ \t]*)(["'])https?://[^"'\n]*\2""", re.MULTILINE)


@dataclass(frozen=True)
class _TomlTable:
    """A table of the text: its name, and its lines from the heading up to the last one that is no comment."""

    name: str
    first: int
    end: int


def replace_major(path: str, old: int, new: int) -> str:
    """Return a path with the major replaced where it is a directory of its own, or ends a name like sme10."""
    return "/".join(re.sub(rf"^(sme|smeserver-)?{old}$", rf"\g<1>{new}", part) for part in path.split("/"))


def next_release_toml(
    text: str, before: ReleaseIdentity, after: ReleaseIdentity, streams: Mapping[str, str] | None = None
) -> str:
    """Return the text of a release.toml for the next major: version, base, paths, tiers and mirrors, nothing else.

    streams  module streams of a practice world: module -> stream

    Raises ConfigError if the text does not set major, version and label in lines of their own.
    """
    values = {"major": str(after.major), "version": f'"{after.version}"', "label": f'"{after.label}"'}
    for key, value in values.items():
        pattern = re.compile(KEY_LINE.format(key=key), re.MULTILINE)
        if not pattern.search(text):
            raise ConfigError(f"release.toml: {key} is not on a line of its own", hint=f"add {key} = {value}")
        text = _set_first_value(text, pattern, value)
    text = PATH_LINE.sub(
        lambda found: f'{found.group(1)}"{replace_major(found.group(3), before.major, after.major)}"', text
    )
    if after.base == before.base:
        return text
    text = _set_base(text, after.base)
    old, new = MAJORS[before.base], MAJORS[after.base]
    text = _replace_boot_set(_replace_tiers(text, old, new, after.major), new, after.major)
    if not after.built_on.reads_updates:
        text = TRANSLATIONS.sub(r'\1"locale"', text)
    return _set_modules(_move_mirrors(text, old, new), after, format_modules(new, streams or {}))


def _set_first_value(text: str, pattern: re.Pattern[str], value: str) -> str:
    """Return text with another value in the first line that pattern finds, between its first group and its third.

    A comment behind it keeps its column where it can.
    """

    def line(found: re.Match[str]) -> str:
        comment = found.group(3)
        words = comment.lstrip()
        gap = max(1, len(found.group(2)) + len(comment) - len(words) - len(value)) if words else 0
        return f"{found.group(1)}{value}{' ' * gap}{words}"

    return pattern.sub(line, text, count=1)


def _set_base(text: str, base: str) -> str:
    """Return text with [release] base set: where it stands, or in a comment, else behind the version."""
    text = re.sub(r"(?m)^# (base = \S+)", r"\1  ", text, count=1)
    pattern = re.compile(KEY_LINE.format(key="base"), re.MULTILINE)
    if pattern.search(text):
        return _set_first_value(text, pattern, f'"{base}"')
    version = re.compile(KEY_LINE.format(key="version"), re.MULTILINE)
    return version.sub(lambda found: f'{found.group()}\nbase = "{base}"', text, count=1)


def _find_tables(lines: list[str]) -> Iterator[_TomlTable]:
    """Yield the tables of a text in their order; comments behind a table belong to none."""
    headings = [(number, found[1]) for number, line in enumerate(lines) if (found := HEADER.match(line))]
    for (first, name), (following, _) in zip(headings, [*headings[1:], (len(lines), "")], strict=True):
        end = max(number for number in range(first, following) if not NOT_TOML.match(lines[number])) + 1
        yield _TomlTable(name, first, end)


def _replace_tiers(text: str, old: ProductMajor, new: ProductMajor, number: int) -> str:
    """Return text with the tiers that the new major has: its own by the same names, upstream's in place of upstream's.

    Tiers that neither the old nor the new one has by its mirrors are somebody's own, and stay.
    """
    lines = text.split("\n")
    tables = [table for table in _find_tables(lines) if table.name == "tiers"]
    if not tables:
        return text
    said = [_read_tier("\n".join(lines[table.first : table.end])) for table in tables]
    kept = {str(tier.get("name")) for tier in said}
    dropped = {tier.name for tier in old.own} - {tier.name for tier in new.own}
    own = [tier for tier in _moved_tiers(new, number) if tier.name not in kept]
    foreign = [tier for tier in new.foreign if tier.name not in kept - {tier.name for tier in old.foreign}]
    fresh = {tier.name: tier for tier in _moved_tiers(new, number)}
    is_upstream = [bool(tier.get("mirror")) for tier in said]
    place = is_upstream.index(True) if any(is_upstream) else len(tables)
    written: list[str] = lines[: tables[0].first]
    for position, (table, tier) in enumerate(zip(tables, said, strict=True)):
        if position == place:
            written += _format_entries([*own, *foreign])
        name, end = str(tier.get("name")), table.end
        follows = tables[position + 1].first if position + 1 < len(tables) else len(lines)
        if is_upstream[position] or name in dropped:
            while end < follows and not lines[end].strip():
                end += 1
        else:
            written += lines[table.first : end]
            written += _missing_keys(tier, fresh.get(name))
        written += lines[end:follows]
    if place == len(tables):
        at = len(written) - (len(lines) - tables[-1].end)
        written[at:at] = ["", *_format_entries([*own, *foreign])[:-1]]
    return "\n".join(written)


def _read_tier(text: str) -> Mapping[str, object]:
    """Return the keys of one [[tiers]] entry."""
    found = parse_toml(text, Path("release.toml")).get("tiers", [{}])
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}


def _moved_tiers(major: ProductMajor, number: int) -> list[MajorTier]:
    """Return the product's own tiers, where a major of another number has them."""
    return [
        MajorTier(tier.name, replace_major(tier.path, major.major, number), tier.note, tier.more) for tier in major.own
    ]


def _format_entries(tiers: list[MajorTier]) -> list[str]:
    """Return the lines of [[tiers]] entries, a blank one behind each."""
    return [line for tier in tiers for line in (*format_tier(tier), "")]


def _missing_keys(tier: Mapping[str, object], known: MajorTier | None) -> list[str]:
    """Return lines for the keys that a tier has in the new major and has not got yet."""
    more = known.more if known else ()
    return [f"{key} = {toml_value(value, whole=True)}" for key, value in more if key not in tier]


def _replace_boot_set(text: str, new: ProductMajor, number: int) -> str:
    """Return text with the address of the new upstream in [boot_set], and a directory that no other release has."""
    lines = text.split("\n")
    for table in _find_tables(lines):
        if table.name == "boot_set":
            own = "\n".join(lines[table.first : table.end])
            own = BOOT_SET_URL.sub(lambda found: f'{found[1]}"{new.source}"', own)
            own = re.sub(
                r"""^(path[ \t]*=[ \t]*)(["'])(src/[^"'\n]*)\2""",
                lambda found: f'{found[1]}"{_own_path(found[3], number)}"',
                own,
                flags=re.MULTILINE,
            )
            return "\n".join([*lines[: table.first], own, *lines[table.end :]])
    return text


def _set_modules(text: str, after: ReleaseIdentity, entry: list[str]) -> str:
    """Return text with [modules], or without it where the new base has no modules; streams that it names stay."""
    lines = text.split("\n")
    tables = {table.name: table for table in _find_tables(lines)}
    if "modules" in tables and not after.built_on.platform:
        table = tables["modules"]
        return "\n".join(lines[: table.first] + lines[table.end :])
    if "modules" in tables or not after.built_on.platform:
        return text
    place = next((tables[name].first for name in ("groups", "content") if name in tables), len(lines))
    while place and lines[place - 1].startswith("#"):
        place -= 1
    return "\n".join(lines[:place] + entry + lines[place:])


def _own_path(path: str, number: int) -> str:
    """Return a path that names the major."""
    return path if any(part.endswith(str(number)) for part in path.split("/")) else os.path.join(path, f"sme{number}")


def _move_mirrors(text: str, old: ProductMajor, new: ProductMajor) -> str:
    """Return text with the mirrors of the new upstream, wherever the old ones are named; "/mirrors/…" are as well."""
    text = _replace_updates(text, old, new)
    (was, tree), (now, own) = (
        (major.upstream.removeprefix(MIRRORS), major.tree.removeprefix(MIRRORS)) for major in (old, new)
    )
    for before, after in ((tree, own), (was, now)):
        text = re.sub(rf"\b{re.escape(before)}(?=[/\"'])", after, text)
    return text


def _replace_updates(text: str, old: ProductMajor, new: ProductMajor) -> str:
    """Return text with what upstream updates, where that lay in directories of its own before."""
    for path in old.updates:
        if not any(path.endswith(tier.path.removeprefix(old.upstream)) for tier in old.foreign):
            named = re.compile(rf"""(["'])([^"'\n]*){re.escape(path.removeprefix(MIRRORS))}\1""")
            text = named.sub(
                lambda found: ", ".join(f'"{found[2]}{place.removeprefix(MIRRORS)}"' for place in new.updates), text
            )
    return text
