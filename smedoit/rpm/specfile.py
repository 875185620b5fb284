"""Spec files: the version, release, displayversion and changelog of smeserver-release, in step; anybody's changelog."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from smedoit.config.identity import Identity
from smedoit.errors import ContentError
from smedoit.rpm.changelog import Entry

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


def macros(one: Identity) -> dict[str, str]:
    """Return what the three macros must say: 10.1, 0.rc2 (1 when final), %{version}rc2."""
    return {
        "version": one.version,
        "release": f"0.{one.label}" if one.label else "1",
        "displayversion": f"%{{version}}{one.label}",
    }


def bumped(text: str, one: Identity, author: str, name: str) -> str:
    """Return the spec for this release, with a changelog entry by author at the release date.

    A spec that says all this already comes back as it is. Raises ContentError for a spec without
    the macros or the changelog, or with a changelog that is newer than the release.
    """
    result = text
    for macro, value in macros(one).items():
        result = with_macro(result, macro, value, name)
    if result == text:
        return text
    return with_entry(result, one, author, name)


def with_macro(text: str, macro: str, value: str, name: str) -> str:
    """Return the spec with one macro set."""
    pattern = re.compile(DEFINE.format(name=macro), re.MULTILINE)
    if not pattern.search(text):
        raise ContentError(f"{name}: does not define {macro}", hint=f"add a line like: %define {macro} {value}")
    return pattern.sub(lambda found: found.group("head") + value, text, count=1)


def with_entry(text: str, one: Identity, author: str, name: str) -> str:
    """Return the spec with an entry on top of its changelog."""
    heading = CHANGELOG.search(text)
    if not heading:
        raise ContentError(f"{name}: has no %changelog", hint="add one as its last section")
    newest = ENTRY.search(text, heading.end())
    if newest and parsed(newest.group("date"), name) > one.date.replace(tzinfo=None):
        raise ContentError(
            f"{name}: its newest changelog entry is of {newest.group('date')}, after the release date {day(one.date)}",
            hint="set [release] date in release.toml, or mend the entry: RPM wants the newest first",
        )
    entry = f"* {day(one.date)} {author} {one.version}-{macros(one)['release']}.sme\n- {one.product} {one.title}\n\n"
    return text[: heading.end()] + entry + text[heading.end() :]


def changelog(text: str, name: str) -> list[Entry]:
    """Return the changelog of a spec, in its order, as rpm would show it of the package.

    Raises ContentError for a date that does not exist; a wrong day of the week is as good as none, upstream has many.
    """
    heading = CHANGELOG.search(text)
    if not heading:
        return []
    end = SECTION.search(text, heading.end())
    body = text[heading.end() : end.start() if end else len(text)]
    found = list(ENTRY.finditer(body))
    ends = [*(one.start() for one in found[1:]), len(body)]
    return [entry(one, body[one.end() : end], name) for one, end in zip(found, ends, strict=True)]


def entry(found: re.Match[str], text: str, name: str) -> Entry:
    """Return one entry, from its first line and what stands below it."""
    date = date_of(found.group("date"), name).replace(hour=NOON, tzinfo=timezone.utc)
    return Entry(found.group("header").strip(), int(date.timestamp()), text.replace("%%", "%").strip())


def day(date: datetime) -> str:
    """Return a date as RPM's changelogs write it: Sun Nov 01 2026."""
    return f"{DAYS[date.weekday()]} {MONTHS[date.month - 1]} {date.day:02} {date.year}"


def parsed(words: str, name: str) -> datetime:
    """Return the date of a changelog entry. Raises ContentError if it is no such day of the week."""
    date, weekday = date_of(words, name), words[:3]
    if DAYS[date.weekday()] != weekday:
        right = day(date)
        raise ContentError(f"{name}: {words} of its changelog was a {right[:3]}", hint=f"write {right}")
    return date


def date_of(words: str, name: str) -> datetime:
    """Return the date of a changelog entry, whatever day of the week it names. Raises ContentError if there is none."""
    _, month, number, year = words.split()
    try:
        return datetime(int(year), MONTHS.index(month) + 1, int(number))
    except ValueError:
        raise ContentError(f"{name}: there is no {words}, a date of its changelog", hint="mend that entry") from None


def contradiction(version: str, release: str, one: Identity) -> str:
    """Return how the package smeserver-release contradicts release.toml, "" if it does not."""
    wanted = macros(one)
    fits = release == wanted["release"] or release.startswith(f"{wanted['release']}.")
    return "" if version == wanted["version"] and fits else f"says {version}-{release}, not {version_words(wanted)}"


def version_words(wanted: dict[str, str]) -> str:
    """Return version and release as the file name shows them."""
    return f"{wanted['version']}-{wanted['release']}"
