# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that lies at an address, brought here: an ISO as one file, a tree file by file."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from smedoit.config.network import NetworkSettings
from smedoit.errors import ConfigError
from smedoit.fetch import client, crawl, index_pages
from smedoit.fetch.http import HttpStatusError
from smedoit.fetch.response import DownloadRequest
from smedoit.importing.world import SOURCES
from smedoit.medium_paths import DISCINFO, TREEINFO
from smedoit.runtime import progress
from smedoit.runtime.files import make_directory, remove_file, resolve_path_below
from smedoit.tree import layers

PURPOSE, TREE = "the import", "tree"
LARGEST_ISO = 1 << 34  # bytes; a double layered DVD has half of that
HIDDEN = (TREEINFO, DISCINFO)  # which index pages do not list


def fetch_place(url: str, place: Path, network: NetworkSettings) -> Path:
    """Return the file or directory that an address was brought to, at or below place. Raises SmeError."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ConfigError(f"{url}: only http:// and https:// can be fetched", hint="fetch it first, and name the copy")
    visitor = crawl.caching_fetcher(network, place.with_suffix(".json"))
    name = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    if name.endswith(".iso") and not index_pages.path_danger(name):
        make_directory(place)
        target = resolve_path_below(place, name)
        got = visitor.file(DownloadRequest(url, PURPOSE, limit=LARGEST_ISO), target, target)
        visitor.memory.save()
        return got
    _fetch_files(crawl.directory_url(url), place / TREE, visitor)
    _fetch_sources(f"{url.rstrip('/').rpartition('/')[0]}/{SOURCES}/", place / SOURCES, visitor)
    visitor.memory.save()
    return place / TREE


def _fetch_files(url: str, place: Path, visitor: client.Fetcher) -> None:
    """Make place hold all files below an index page, those that it hides among them, and no others."""
    listed = crawl.list_remote_files(visitor, url, PURPOSE, lambda _: True, lambda _: True)
    for relative in progress.track_progress(list(listed), len(listed), "fetching files", slow=True):
        _fetch_file(listed[relative], place, relative, visitor)
    for name in HIDDEN:
        if name not in listed:
            try:
                _fetch_file(url + name, place, name, visitor)
                listed[name] = url + name
            except HttpStatusError as error:
                if not error.is_absent:
                    raise
    for name in [name for name in layers.list_tree_files(place) if name not in listed]:
        remove_file(place / name)  # of an earlier try


def _fetch_sources(url: str, place: Path, visitor: client.Fetcher) -> None:
    """Bring the source packages here that lie beside a tree, if they do."""
    try:
        listed = crawl.list_remote_files(visitor, url, PURPOSE, lambda name: name.endswith(".rpm"), lambda _: False)
    except HttpStatusError as error:
        if not error.is_absent:
            raise
        return
    for relative in progress.track_progress(list(listed), len(listed), "fetching source packages", slow=True):
        _fetch_file(listed[relative], place, relative, visitor)


def _fetch_file(url: str, place: Path, relative: str, visitor: client.Fetcher) -> None:
    """Fetch one file to its place, unless it is there as the server has it."""
    target = resolve_path_below(place, relative)
    make_directory(target.parent)
    visitor.file(DownloadRequest(url, PURPOSE), target, target)
