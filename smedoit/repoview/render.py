# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository as web pages: groups, letters, a page for each package with its changelog, a feed of the latest.

Everything that comes from a package is hostile until it is escaped: names become file names, texts
become HTML, addresses become links.
"""

from __future__ import annotations

import functools
import hashlib
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from smedoit.errors import format_size
from smedoit.package import Evr

LATEST = 30  # packages of the feed and of the front page
PLAIN = re.compile(r"[A-Za-z0-9+_-][A-Za-z0-9+._-]*")
LONG = 150  # characters of a file name, of which file systems allow 255
FORBIDDEN = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0001fffd]")
TEMPLATES = ("base.html", "index.html", "latest.xml", "list.html", "package.html", "rows.html", "style.css")


@dataclass(frozen=True)
class ChangelogItem:
    """One changelog entry; when is in seconds since 1970 UTC."""

    author: str
    when: int
    text: str

    @property
    def day(self) -> str:
        """The date as 2026-11-01."""
        return _format_day(self.when)


@dataclass(frozen=True)
class RepositoryPackage:
    """One RPM of a repository, every text of it clean.

    address  the file as a link from the root of the pages; "" if it does not lie there
    built    seconds since 1970 UTC
    """

    digest: str
    name: str
    evr: Evr
    arch: str
    summary: str
    description: str
    license: str
    url: str
    group: str
    source: str
    size: int
    built: int
    filename: str
    address: str = ""
    changelog: tuple[ChangelogItem, ...] = ()

    @property
    def day(self) -> str:
        """The date on which it was built."""
        return _format_day(self.built)

    @property
    def moment(self) -> str:
        """The time at which it was built, as Atom wants it."""
        return format_atom_time(self.built)

    @property
    def human(self) -> str:
        """Its size as people read it."""
        return format_size(self.size)

    @property
    def link(self) -> str:
        """Its home page if that is an address of the web, else nothing."""
        return self.url if re.fullmatch(r"(https?|ftp)://[^\s\"<>]+", self.url) else ""

    @property
    def id(self) -> str:
        """What a feed knows it by: the same for the same bytes, everywhere."""
        return uuid.uuid5(uuid.NAMESPACE_OID, self.digest).urn


@dataclass(frozen=True)
class PackagePage:
    """All copies of one name, the newest first."""

    name: str
    copies: tuple[RepositoryPackage, ...]

    @property
    def newest(self) -> RepositoryPackage:
        """The copy that speaks for the package."""
        return self.copies[0]

    @property
    def href(self) -> str:
        """Its page."""
        return f"packages/{page_filename(self.name)}"


@dataclass(frozen=True)
class PageGroup:
    """Packages that stand on one page: those of a group, or of a letter."""

    name: str
    href: str
    packages: tuple[PackagePage, ...]
    description: str = ""


@dataclass(frozen=True)
class SitePage:
    """One file of the site: its path, what it depends on as a digest, and how to get its text."""

    path: str
    key: str
    text: Callable[[], str]


@dataclass(frozen=True)
class RepositorySite:
    """All that is shown of a repository."""

    title: str
    author: str
    packages: tuple[PackagePage, ...]
    groups: tuple[PageGroup, ...] = ()
    letters: tuple[PageGroup, ...] = ()
    member_of: Mapping[str, tuple[PageGroup, ...]] = field(default_factory=dict)

    @property
    def latest(self) -> tuple[PackagePage, ...]:
        """The packages that were built last, the latest first."""
        return tuple(sorted(self.packages, key=lambda package: (-package.newest.built, package.name))[:LATEST])


def clean_text(text: str | None) -> str:
    """Return text without what neither HTML nor XML may hold."""
    return FORBIDDEN.sub("\ufffd", (text or "").replace("\r\n", "\n").replace("\r", "\n"))


def _format_day(when: int) -> str:
    """Return a date as 2026-11-01; a time that no calendar has is none."""
    return format_atom_time(when)[:10]


def format_atom_time(when: int) -> str:
    """Return a time as 2026-11-01T12:00:00Z."""
    try:
        return f"{datetime.fromtimestamp(when, timezone.utc):%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")
    except (ValueError, OverflowError, OSError):
        return "1970-01-01T00:00:00Z"


def page_filename(name: str) -> str:
    """Return the file name of a package's or group's page; no two names share one, none leaves its directory."""
    slug = name if PLAIN.fullmatch(name) else "".join(map(_encode_character, name)) or "=empty"
    if len(slug) > LONG:
        slug = f"{slug[:LONG]}={hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return f"{slug}.html"


def _encode_character(character: str) -> str:
    """Return a character as it may stand in a file name."""
    if re.fullmatch(r"[A-Za-z0-9+_-]", character):
        return character
    return "".join(f"={byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def page_link(up: str, href: str) -> str:
    """Return a path below the repository as a link; up leads there from the root of the pages."""
    return up + quote(href, safe="/")


def build_site(
    title: str, author: str, copies: Iterable[RepositoryPackage], groups: Sequence[tuple[str, str, str, Sequence[str]]]
) -> RepositorySite:
    """Return the site of a repository.

    groups  (id, name, description, names of packages); what is not in the repository does not show,
            and what is in none of them goes by the group in its header
    """
    packages = _group_by_name(copies)
    by_name = {package.name: package for package in packages}
    shown = []
    for id, name, description, names in groups:
        members = tuple(by_name[member] for member in sorted(set(names)) if member in by_name)
        if members:
            shown.append(PageGroup(clean_text(name), f"groups/{page_filename(id)}", members, clean_text(description)))
    placed = {package.name for group in shown for package in group.packages}
    shown += _groups_by_header(package for package in packages if package.name not in placed)
    member_of: dict[str, tuple[PageGroup, ...]] = {}
    for group in shown:
        for package in group.packages:
            member_of[package.name] = (*member_of.get(package.name, ()), group)
    return RepositorySite(title, author, packages, tuple(shown), tuple(_groups_by_letter(packages)), member_of)


def _group_by_name(copies: Iterable[RepositoryPackage]) -> tuple[PackagePage, ...]:
    """Return the copies by name, sorted; those of one name the newest first."""
    by_name: dict[str, list[RepositoryPackage]] = {}
    for copy in copies:
        by_name.setdefault(copy.name, []).append(copy)
    order = functools.cmp_to_key(_compare_copies)
    return tuple(
        PackagePage(name, tuple(sorted(several, key=order) if len(several) > 1 else several))
        for name, several in sorted(by_name.items())
    )


def _compare_copies(left: RepositoryPackage, right: RepositoryPackage) -> int:
    """Order copies by version, the newest first, then by architecture and file."""
    ours, theirs = (left.arch, left.filename), (right.arch, right.filename)
    return right.evr.compare(left.evr) or (ours > theirs) - (ours < theirs)


def _groups_by_header(packages: Iterable[PackagePage]) -> Iterator[PageGroup]:
    """Yield a group for each group that the headers of packages name."""
    found: dict[str, list[PackagePage]] = {}
    for package in packages:
        found.setdefault(package.newest.group or "Unspecified", []).append(package)
    for name, members in sorted(found.items()):
        yield PageGroup(name, f"rpm-groups/{page_filename(name)}", tuple(members))


def _groups_by_letter(packages: Iterable[PackagePage]) -> Iterator[PageGroup]:
    """Yield a group for each letter that a name begins with; digits and all other signs share one each."""
    found: dict[str, list[PackagePage]] = {}
    for package in packages:
        start = package.name[:1].upper()
        letter = start if re.fullmatch("[A-Z]", start) else "0-9" if re.fullmatch("[0-9]", start) else "other"
        found.setdefault(letter, []).append(package)
    for letter, members in sorted(found.items()):
        yield PageGroup(letter, f"letters/{letter}.html", tuple(members))


def site_pages(whole: RepositorySite, with_changelog: Callable[[PackagePage], PackagePage]) -> Iterator[SitePage]:
    """Yield every page of a site.

    with_changelog  adds the changelog to a package; it is asked only when a page's text is
    """
    base = {"title": whole.title}
    texts = _templates_digest()
    for package in whole.packages:
        groups = whole.member_of.get(package.name, ())
        known = [(copy.digest, copy.filename, copy.address) for copy in package.copies]
        key = _digest_of_facts(texts, whole.title, known, [(group.name, group.href) for group in groups])
        facts = {**base, "up": "../", "groups": groups}
        yield SitePage(package.href, key, functools.partial(_render_package, package, with_changelog, facts))
    for group in (*whole.groups, *whole.letters):
        listed = {"heading": group.name, "description": group.description, "packages": group.packages}
        yield _package_list_page(group.href, "list.html", {**base, "up": "../", **listed}, [group])
    front = {"count": len(whole.packages), "groups": whole.groups, "letters": whole.letters, "latest": whole.latest}
    yield _package_list_page("index.html", "index.html", {**base, "up": "", **front}, [*whole.groups, *whole.letters])
    yield _package_list_page("latest.xml", "latest.xml", {**base, **_feed_facts(whole)}, [])
    yield SitePage("style.css", texts, lambda: _render_template("style.css"))


def _render_package(
    package: PackagePage, with_changelog: Callable[[PackagePage], PackagePage], facts: Mapping[str, object]
) -> str:
    """Return the page of a package."""
    return _render_template("package.html", package=with_changelog(package), **facts)


def _package_list_page(path: str, template: str, facts: Mapping[str, Any], groups: Sequence[PageGroup]) -> SitePage:
    """Return a page that lists packages; its key is made of what it shows of them."""
    listed = (*(package for group in groups for package in group.packages), *facts.get("latest", ()))
    rows = [(package.href, package.newest.digest) for package in listed]
    shown = [(group.name, group.href, group.description) for group in groups]
    key = _digest_of_facts(_templates_digest(), path, facts["title"], rows, shown)
    return SitePage(path, key, lambda: _render_template(template, **facts))


def _feed_facts(whole: RepositorySite) -> dict[str, object]:
    """Return what the feed says of itself: no clock, so it changes only with the packages."""
    latest = whole.latest
    return {
        "id": uuid.uuid5(uuid.NAMESPACE_OID, whole.title).urn,
        "updated": latest[0].newest.moment if latest else format_atom_time(0),
        "author": whole.author,
        "latest": latest,
    }


def _digest_of_facts(*facts: object) -> str:
    """Return a digest of plain values."""
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()


@functools.cache
def _templates_digest() -> str:
    """Return a digest of all templates, and of their language."""
    from importlib.metadata import version
    from importlib.resources import files

    texts = [(files("smedoit.repoview") / "templates" / name).read_text(encoding="utf-8") for name in TEMPLATES]
    return _digest_of_facts(version("jinja2"), texts)


@functools.cache
def _jinja_environment() -> Any:
    """Return jinja2 with our templates: everything is escaped, and what a template misspells is an error."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("smedoit.repoview", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def _render_template(template: str, **facts: object) -> str:
    """Return the text of a page."""
    return str(_jinja_environment().get_template(template).render(**facts))


def attach_changelog(package: PackagePage, changes: Iterable[ChangelogItem]) -> PackagePage:
    """Return a package with the changelog of its newest copy, the newest entry first."""
    ordered = tuple(sorted(changes, key=lambda change: -change.when))
    return replace(package, copies=(replace(package.newest, changelog=ordered), *package.copies[1:]))
