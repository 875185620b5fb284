# SPDX-License-Identifier: GPL-3.0-or-later
"""The index pages of Apache, nginx and lighttpd: HTML in, names that stay in their directory out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote, urlsplit

from smedoit.errors import ContentError, format_grouped

TITLE = "Index of "  # how all three begin the title of an index page
LONGEST = 255  # bytes of a name that every file system takes
SHOWN = 60  # characters of a refused name that its sentence carries
TAG = re.compile(r"<([A-Za-z][A-Za-z0-9]{0,20})(?=[\s/>])((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>")
HREF = re.compile(r"(?:^|[\s\"'/])href\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']+))", re.IGNORECASE)
CONTROLS = frozenset(map(chr, (*range(32), *range(127, 160))))


@dataclass(frozen=True)
class IndexListing:
    """What a directory holds, sorted.

    elsewhere  links that lead out of it: to its parent, to a footer's home page; nobody follows them
    """

    directories: tuple[str, ...]
    files: tuple[str, ...]
    elsewhere: tuple[str, ...]


def _page_tags(html: str) -> Iterator[tuple[str, str, str]]:
    """Yield (name, attributes, the text up to the next tag) of every tag that begins an element.

    Each byte is looked at once or twice, whatever the page holds: Python's own HTMLParser takes hours for 4 MiB of
    tags that do not end.
    """
    at = 0
    while (at := html.find("<", at)) >= 0:
        if html.startswith("<!--", at):
            end = html.find("-->", at + 4)
            at = end + 3 if end >= 0 else len(html)
        elif tag := TAG.match(html, at):
            name, at = tag.group(1).lower(), tag.end()
            if name in ("script", "style"):
                end = html.find("</", at)
                at = end if end >= 0 else len(html)
                continue
            end = html.find("<", at)
            yield name, tag.group(2), html[at : end if end >= 0 else len(html)]
        else:
            at += 1


def parse_index(html: str, url: str) -> IndexListing:
    """Return what an index page lists; url is its own address, with a slash at the end.

    Raises ContentError for a page that is no index page of a known kind, and for one with
    names that would lead out of their directory: then none of its names is used.
    """
    titles, links = list[str](), list[str]()
    for name, attributes, text in _page_tags(html):
        if name in ("title", "h1", "h2"):
            titles.append(unescape(text).strip())
        elif name == "a" and (found := HREF.search(attributes)):
            links.append(unescape("".join(filter(None, found.groups()))).strip())
    if not any(f"{title} ".startswith(TITLE) for title in titles):
        raise ContentError(
            f"{url}: is no index page of Apache, nginx or lighttpd",
            hint="open the address in a browser: it must list files below the heading 'Index of …'",
        )
    return sort_links(filter(None, links), url)


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
