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
from smedoit.medium_paths import DISCINFO, TREEINFO
from smedoit.runtime import progress
from smedoit.runtime.files import make_directory, resolve_path_below

PURPOSE = "the import"
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
        got = visitor.file(DownloadRequest(url, PURPOSE, limit=LARGEST_ISO), resolve_path_below(place, name))
        visitor.memory.save()
        return got
    return _fetch_tree(crawl.directory_url(url), place, visitor)


def _fetch_tree(url: str, place: Path, visitor: client.Fetcher) -> Path:
    """Bring all files below an index page here, and those that it hides."""
    listed = crawl.list_remote_files(visitor, url, PURPOSE, lambda _: True, lambda _: True)
    for relative in progress.track_progress(list(listed), len(listed), "fetching the tree", slow=True):
        target = resolve_path_below(place, relative)
        make_directory(target.parent)
        visitor.file(DownloadRequest(listed[relative], PURPOSE), target)
    for name in HIDDEN:
        if name not in listed:
            try:
                visitor.file(DownloadRequest(url + name, PURPOSE), resolve_path_below(place, name))
            except HttpStatusError as error:
                if not error.is_absent:
                    raise
    visitor.memory.save()
    return place
