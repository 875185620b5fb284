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

from smedoit.errors import human
from smedoit.package import Evr

LATEST = 30  # packages of the feed and of the front page
PLAIN = re.compile(r"[A-Za-z0-9+_-][A-Za-z0-9+._-]*")
LONG = 150  # characters of a file name, of which file systems allow 255
FORBIDDEN = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0001fffd]")
TEMPLATES = ("base.html", "index.html", "latest.xml", "list.html", "package.html", "rows.html", "style.css")


@dataclass(frozen=True)
class Change:
    """One changelog entry; when is in seconds since 1970 UTC."""

    author: str
    when: int
    text: str

    @property
    def day(self) -> str:
        """The date as 2026-11-01."""
        return day(self.when)


@dataclass(frozen=True)
class Copy:
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
    changelog: tuple[Change, ...] = ()

    @property
    def day(self) -> str:
        """The date on which it was built."""
        return day(self.built)

    @property
    def moment(self) -> str:
        """The time at which it was built, as Atom wants it."""
        return moment(self.built)

    @property
    def human(self) -> str:
        """Its size as people read it."""
        return human(self.size)

    @property
    def link(self) -> str:
        """Its home page if that is an address of the web, else nothing."""
        return self.url if re.fullmatch(r"(https?|ftp)://[^\s\"<>]+", self.url) else ""

    @property
    def id(self) -> str:
        """What a feed knows it by: the same for the same bytes, everywhere."""
        return uuid.uuid5(uuid.NAMESPACE_OID, self.digest).urn


@dataclass(frozen=True)
class Package:
    """All copies of one name, the newest first."""

    name: str
    copies: tuple[Copy, ...]

    @property
    def newest(self) -> Copy:
        """The copy that speaks for the package."""
        return self.copies[0]

    @property
    def href(self) -> str:
        """Its page."""
        return f"packages/{page_name(self.name)}"


@dataclass(frozen=True)
class Group:
    """Packages that stand on one page: those of a group, or of a letter."""

    name: str
    href: str
    packages: tuple[Package, ...]
    description: str = ""


@dataclass(frozen=True)
class Page:
    """One file of the site: its path, what it depends on as a digest, and how to get its text."""

    path: str
    key: str
    text: Callable[[], str]


@dataclass(frozen=True)
class Site:
    """All that is shown of a repository."""

    title: str
    author: str
    packages: tuple[Package, ...]
    groups: tuple[Group, ...] = ()
    letters: tuple[Group, ...] = ()
    member_of: Mapping[str, tuple[Group, ...]] = field(default_factory=dict)

    @property
    def latest(self) -> tuple[Package, ...]:
        """The packages that were built last, the latest first."""
        return tuple(sorted(self.packages, key=lambda one: (-one.newest.built, one.name))[:LATEST])


def clean(text: str | None) -> str:
    """Return text without what neither HTML nor XML may hold."""
    return FORBIDDEN.sub("\ufffd", (text or "").replace("\r\n", "\n").replace("\r", "\n"))


def day(when: int) -> str:
    """Return a date as 2026-11-01; a time that no calendar has is none."""
    return moment(when)[:10]


def moment(when: int) -> str:
    """Return a time as 2026-11-01T12:00:00Z."""
    try:
        return f"{datetime.fromtimestamp(when, timezone.utc):%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")
    except (ValueError, OverflowError, OSError):
        return "1970-01-01T00:00:00Z"


def page_name(name: str) -> str:
    """Return the file name of a package's or group's page; no two names share one, none leaves its directory."""
    slug = name if PLAIN.fullmatch(name) else "".join(map(spelled, name)) or "=empty"
    if len(slug) > LONG:
        slug = f"{slug[:LONG]}={hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return f"{slug}.html"


def spelled(character: str) -> str:
    """Return a character as it may stand in a file name."""
    if re.fullmatch(r"[A-Za-z0-9+_-]", character):
        return character
    return "".join(f"={byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def address(up: str, href: str) -> str:
    """Return a path below the repository as a link; up leads there from the root of the pages."""
    return up + quote(href, safe="/")


def site(
    title: str, author: str, copies: Iterable[Copy], groups: Sequence[tuple[str, str, str, Sequence[str]]]
) -> Site:
    """Return the site of a repository.

    groups  (id, name, description, names of packages); what is not in the repository does not show,
            and what is in none of them goes by the group in its header
    """
    packages = gathered(copies)
    by_name = {one.name: one for one in packages}
    shown = []
    for id, name, description, names in groups:
        members = tuple(by_name[one] for one in sorted(set(names)) if one in by_name)
        if members:
            shown.append(Group(clean(name), f"groups/{page_name(id)}", members, clean(description)))
    placed = {one.name for group in shown for one in group.packages}
    shown += others(one for one in packages if one.name not in placed)
    member_of: dict[str, tuple[Group, ...]] = {}
    for group in shown:
        for one in group.packages:
            member_of[one.name] = (*member_of.get(one.name, ()), group)
    return Site(title, author, packages, tuple(shown), tuple(by_letter(packages)), member_of)


def gathered(copies: Iterable[Copy]) -> tuple[Package, ...]:
    """Return the copies by name, sorted; those of one name the newest first."""
    by_name: dict[str, list[Copy]] = {}
    for one in copies:
        by_name.setdefault(one.name, []).append(one)
    order = functools.cmp_to_key(newest_first)
    return tuple(
        Package(name, tuple(sorted(several, key=order) if len(several) > 1 else several))
        for name, several in sorted(by_name.items())
    )


def newest_first(left: Copy, right: Copy) -> int:
    """Order copies by version, the newest first, then by architecture and file."""
    ours, theirs = (left.arch, left.filename), (right.arch, right.filename)
    return right.evr.compare(left.evr) or (ours > theirs) - (ours < theirs)


def others(packages: Iterable[Package]) -> Iterator[Group]:
    """Yield a group for each group that the headers of packages name."""
    found: dict[str, list[Package]] = {}
    for one in packages:
        found.setdefault(one.newest.group or "Unspecified", []).append(one)
    for name, members in sorted(found.items()):
        yield Group(name, f"rpm-groups/{page_name(name)}", tuple(members))


def by_letter(packages: Iterable[Package]) -> Iterator[Group]:
    """Yield a group for each letter that a name begins with; digits and all other signs share one each."""
    found: dict[str, list[Package]] = {}
    for one in packages:
        start = one.name[:1].upper()
        letter = start if re.fullmatch("[A-Z]", start) else "0-9" if re.fullmatch("[0-9]", start) else "other"
        found.setdefault(letter, []).append(one)
    for letter, members in sorted(found.items()):
        yield Group(letter, f"letters/{letter}.html", tuple(members))


def pages(whole: Site, with_changelog: Callable[[Package], Package]) -> Iterator[Page]:
    """Yield every page of a site.

    with_changelog  adds the changelog to a package; it is asked only when a page's text is
    """
    base = {"title": whole.title}
    texts = digest_of_templates()
    for one in whole.packages:
        groups = whole.member_of.get(one.name, ())
        known = [(copy.digest, copy.filename, copy.address) for copy in one.copies]
        key = digest(texts, whole.title, known, [(group.name, group.href) for group in groups])
        facts = {**base, "up": "../", "groups": groups}
        yield Page(one.href, key, functools.partial(package_text, one, with_changelog, facts))
    for group in (*whole.groups, *whole.letters):
        listed = {"heading": group.name, "description": group.description, "packages": group.packages}
        yield listing(group.href, "list.html", {**base, "up": "../", **listed}, [group])
    front = {"count": len(whole.packages), "groups": whole.groups, "letters": whole.letters, "latest": whole.latest}
    yield listing("index.html", "index.html", {**base, "up": "", **front}, [*whole.groups, *whole.letters])
    yield listing("latest.xml", "latest.xml", {**base, **feed(whole)}, [])
    yield Page("style.css", texts, lambda: render("style.css"))


def package_text(one: Package, with_changelog: Callable[[Package], Package], facts: Mapping[str, object]) -> str:
    """Return the page of a package."""
    return render("package.html", package=with_changelog(one), **facts)


def listing(path: str, template: str, facts: Mapping[str, Any], groups: Sequence[Group]) -> Page:
    """Return a page that lists packages; its key is made of what it shows of them."""
    listed = (*(one for group in groups for one in group.packages), *facts.get("latest", ()))
    rows = [(one.href, one.newest.digest) for one in listed]
    shown = [(group.name, group.href, group.description) for group in groups]
    key = digest(digest_of_templates(), path, facts["title"], rows, shown)
    return Page(path, key, lambda: render(template, **facts))


def feed(whole: Site) -> dict[str, object]:
    """Return what the feed says of itself: no clock, so it changes only with the packages."""
    latest = whole.latest
    return {
        "id": uuid.uuid5(uuid.NAMESPACE_OID, whole.title).urn,
        "updated": latest[0].newest.moment if latest else moment(0),
        "author": whole.author,
        "latest": latest,
    }


def digest(*facts: object) -> str:
    """Return a digest of plain values."""
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()


@functools.cache
def digest_of_templates() -> str:
    """Return a digest of all templates, and of their language."""
    from importlib.metadata import version
    from importlib.resources import files

    texts = [(files("smedoit") / "templates" / name).read_text(encoding="utf-8") for name in TEMPLATES]
    return digest(version("jinja2"), texts)


@functools.cache
def environment() -> Any:
    """Return jinja2 with our templates: everything is escaped, and what a template misspells is an error."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("smedoit", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, **facts: object) -> str:
    """Return the text of a page."""
    return str(environment().get_template(template).render(**facts))


def newest_changelog(one: Package, changes: Iterable[Change]) -> Package:
    """Return a package with the changelog of its newest copy, the newest entry first."""
    ordered = tuple(sorted(changes, key=lambda change: -change.when))
    return replace(one, copies=(replace(one.newest, changelog=ordered), *one.copies[1:]))
