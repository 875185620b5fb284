# SPDX-License-Identifier: GPL-3.0-or-later
"""Spec files: the version, release, displayversion and changelog of smeserver-release, in step; anybody's changelog."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from smedoit.config.identity import ReleaseIdentity
from smedoit.errors import ContentError
from smedoit.rpm.changelog import ChangelogEntry, decode_changelog_text

DEFINE = r"^(?P<head>%(?:define|global)\s+{name}\s+)(?P<value>\S.*?)[ \t]*$"
CHANGELOG = re.compile(r"^%changelog[ \t]*\n", re.MULTILINE)
ENTRY = re.compile(r"^\* (?P<date>\w{3} \w{3} [ \d]?\d \d{4}) (?P<header>.*)$", re.MULTILINE)
SECTION = re.compile(
    r"^%(?:description|prep|build|install|check|clean|files|package|(?:pre|post)(?:un|trans)?|verifyscript|trigger\w*)\b",
    re.MULTILINE,
)
NOON = 12  # the hour that RPM gives to an entry
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # RPM wants English, whatever the locale
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _version_macros(identity: ReleaseIdentity) -> dict[str, str]:
    """Return what the three macros must say: 10.1, 0.rc2 (1 when final), %{version}rc2."""
    return {
        "version": identity.version,
        "release": f"0.{identity.label}" if identity.label else "1",
        "displayversion": f"%{{version}}{identity.label}",
    }


def bump_spec(text: str, identity: ReleaseIdentity, author: str, name: str) -> str:
    """Return the spec for this release, with a changelog entry by author at the release date.

    A spec that says all this already comes back as it is. Raises ContentError for a spec without
    the macros or the changelog, or with a changelog that is newer than the release.
    """
    result = text
    for macro, value in _version_macros(identity).items():
        result = _set_macro(result, macro, value, name)
    if result == text:
        return text
    return _insert_changelog_entry(result, identity, author, name)


def _set_macro(text: str, macro: str, value: str, name: str) -> str:
    """Return the spec with one macro set."""
    pattern = re.compile(DEFINE.format(name=macro), re.MULTILINE)
    if not pattern.search(text):
        raise ContentError(f"{name}: does not define {macro}", hint=f"add a line like: %define {macro} {value}")
    return pattern.sub(lambda found: found.group("head") + value, text, count=1)


def _insert_changelog_entry(text: str, identity: ReleaseIdentity, author: str, name: str) -> str:
    """Return the spec with an entry on top of its changelog."""
    heading = CHANGELOG.search(text)
    if not heading:
        raise ContentError(f"{name}: has no %changelog", hint="add a %changelog section at its end")
    newest = ENTRY.search(text, heading.end())
    if newest and _changelog_date(newest.group("date"), name) > identity.date.replace(tzinfo=None):
        raise ContentError(
            f"{name}: its newest changelog entry is of {newest.group('date')},"
            f" after the release date {_format_changelog_day(identity.date)}",
            hint="set [release] date in release.toml, or correct the entry: RPM requires the newest first",
        )
    evr = f"{identity.version}-{_version_macros(identity)['release']}.sme"
    entry = f"* {_format_changelog_day(identity.date)} {author} {evr}\n- {identity.product} {identity.title}\n\n"
    return text[: heading.end()] + entry + text[heading.end() :]


def spec_changelog(text: str, name: str) -> list[ChangelogEntry]:
    """Return the changelog of a spec, in its order, as rpm would show it of the package.

    Raises ContentError for a date that does not exist; a wrong day of the week is as good as none, upstream has many.
    """
    heading = CHANGELOG.search(text)
    if not heading:
        return []
    end = SECTION.search(text, heading.end())
    body = text[heading.end() : end.start() if end else len(text)]
    found = list(ENTRY.finditer(body))
    ends = [match.start() for match in found[1:]] + [len(body)] * bool(found)
    return [
        _parse_changelog_entry(match, body[match.end() : end], name) for match, end in zip(found, ends, strict=True)
    ]


def _parse_changelog_entry(found: re.Match[str], text: str, name: str) -> ChangelogEntry:
    """Return one entry, from its first line and what stands below it."""
    date = _changelog_date(found.group("date"), name).replace(hour=NOON, tzinfo=timezone.utc)
    author, said = (_own_letters(part).strip() for part in (found.group("header"), text.replace("%%", "%")))
    return ChangelogEntry(author, int(date.timestamp()), said)


def _own_letters(text: str) -> str:
    """Return a text of a spec that may have been read in another encoding than its own."""
    return decode_changelog_text(text.encode("utf-8", "surrogateescape"))


def _format_changelog_day(date: datetime) -> str:
    """Return a date as RPM's changelogs write it: Sun Nov 01 2026."""
    return f"{DAYS[date.weekday()]} {MONTHS[date.month - 1]} {date.day:02} {date.year}"


def _changelog_date(day: str, name: str) -> datetime:
    """Return the date of a changelog entry, whatever day of the week it names. Raises ContentError if there is none."""
    _, month, number, year = day.split()
    try:
        return datetime(int(year), MONTHS.index(month) + 1, int(number))
    except ValueError:
        raise ContentError(f"{name}: {day} in its changelog is not a date", hint="correct that entry") from None


def release_contradiction(version: str, release: str, identity: ReleaseIdentity) -> str:
    """Return how the package smeserver-release contradicts release.toml, "" if it does not."""
    wanted = _version_macros(identity)
    fits = release == wanted["release"] or release.startswith(f"{wanted['release']}.")
    return (
        ""
        if version == wanted["version"] and fits
        else f"says {version}-{release}, not {_version_release_text(wanted)}"
    )


def _version_release_text(wanted: dict[str, str]) -> str:
    """Return version and release as the file name shows them."""
    return f"{wanted['version']}-{wanted['release']}"
