# SPDX-License-Identifier: GPL-3.0-or-later
"""The index pages of Apache, nginx and lighttpd: HTML in, names that stay in their directory out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from smedoit.errors import ContentError, format_grouped

TITLE = "Index of "  # how all three begin the title of an index page
LONGEST = 255  # bytes of a name that every file system takes
SHOWN = 60  # characters of a refused name that its sentence carries
CONTROLS = frozenset(map(chr, (*range(32), *range(127, 160))))


@dataclass(frozen=True)
class IndexListing:
    """What a directory holds, sorted.

    elsewhere  links that lead out of it: to its parent, to a footer's home page; nobody follows them
    """

    directories: tuple[str, ...]
    files: tuple[str, ...]
    elsewhere: tuple[str, ...]


class LinkParser(HTMLParser):
    """Collects the title and every link of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.titles: list[str] = []
        self.links: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link, or that a heading begins."""
        self.inside = tag in ("title", "h1", "h2")
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]

    def handle_data(self, data: str) -> None:
        """Note the words of a heading."""
        if self.inside:
            self.titles.append(data.strip())

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        """A heading ends."""
        self.inside = False


def parse_index(html: str, url: str) -> IndexListing:
    """Return what an index page lists; url is its own address, with a slash at the end.

    Raises ContentError for a page that is no index page of a known kind, and for one with
    names that would lead out of their directory: then none of its names is used.
    """
    page = LinkParser()
    page.feed(html)
    page.close()
    if not any(f"{title} ".startswith(TITLE) for title in page.titles):
        raise ContentError(
            f"{url}: is no index page of Apache, nginx or lighttpd",
            hint="open the address in a browser: it must list files below the heading 'Index of …'",
        )
    return sort_links(page.links, url)


def sort_links(links: Iterable[str], url: str) -> IndexListing:
    """Return the children among the links. Raises ContentError for names that must not be used."""
    directories: set[str] = set()
    files: set[str] = set()
    elsewhere: set[str] = set()
    hostile: dict[str, set[str]] = {}
    for link in links:
        name, is_directory = _direct_child(link, url)
        if name is None:
            elsewhere.add(link)
        elif reason := name_danger(name):
            hostile.setdefault(reason, set()).add(shorten_link(link))
        elif name:
            (directories if is_directory else files).add(name)
    if both := directories & files:
        hostile["both a file and a directory"] = set(map(shorten_link, both))
    if hostile:
        raise ContentError(
            f"{url}: lists names that are not safe, so none of them is used\n{format_grouped(hostile)}",
            hint="report it to the server's administrators; existing files are kept",
        )
    return IndexListing(tuple(sorted(directories)), tuple(sorted(files)), tuple(sorted(elsewhere)))


def _direct_child(link: str, url: str) -> tuple[str | None, bool]:
    """Return (decoded name, whether it is a directory) of a direct child of url.

    The name is None for a link that leads elsewhere, "" for one to the page itself.
    """
    try:
        parts, base = urlsplit(link), urlsplit(url)
    except ValueError:
        return None, False
    if (parts.scheme and parts.scheme != base.scheme) or (parts.netloc and parts.netloc != base.netloc):
        return None, False
    path = parts.path.removeprefix("./")
    if path.startswith("/") or parts.netloc:
        above, below = _split_path(path, base.path.count("/"))
        if unquote(above) != unquote(base.path):
            return None, False
        path = below
    name, slash, rest = path.partition("/")
    if parts.query or rest or name == "..":
        return ("" if not path else None), False
    return _decode_name(name), bool(slash)


def _split_path(path: str, slashes: int) -> tuple[str, str]:
    """Return what stands up to and behind that many slashes of a path."""
    parts = path.split("/")
    return "/".join([*parts[:slashes], ""]), "/".join(parts[slashes:])


def _decode_name(name: str) -> str:
    """Return a name without its percent signs; bytes that are no UTF-8 stay recognisable as such."""
    return unquote(name, errors="surrogateescape")


def name_danger(name: str) -> str:
    """Return why a name must not become a file here, "" if it may; "" itself is no name and no danger."""
    if name in (".", ".."):
        return "leads out of its directory"
    if "/" in name or "\\" in name:
        return "holds a slash or backslash"
    if CONTROLS & set(name):
        return "holds a control character"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "is not UTF-8"
    if "%" in name:
        return "is encoded twice"
    if len(name.encode()) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    return ""


def path_danger(relative: str) -> str:
    """Return why a path with slashes must not be used below a directory of ours, "" if it may."""
    if not relative or relative.startswith("/"):
        return "is no relative path"
    parts = relative.split("/")
    return next(filter(None, map(name_danger, parts)), "" if all(parts) else "holds an empty part")


def shorten_link(link: str) -> str:
    """Return a link as a sentence can show it: printable, and not endless."""
    text = link if len(link) <= SHOWN else f"{link[:SHOWN]}… ({len(link)} characters)"
    return text if text.isprintable() else ascii(text)
