# SPDX-License-Identifier: GPL-3.0-or-later
"""What steps that fetch have in common: a visitor, and the files below an index page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from smedoit.config.network import NetworkSettings
from smedoit.errors import NetworkError
from smedoit.fetch import cache, client, index_pages
from smedoit.runtime import progress

DEEPEST = 6  # directories below each other; a link upstream that leads back to itself ends here
MOST = 20_000  # files of one mirror


def caching_fetcher(network: NetworkSettings, downloads: Path) -> client.Fetcher:
    """Return a polite visitor that remembers in downloads what it was given."""
    return client.Fetcher(network, cache.DownloadCache(downloads))


def directory_url(url: str) -> str:
    """Return the address of a directory as its index page has it."""
    return url if url.endswith("/") else f"{url}/"


def list_remote_files(
    fetcher: client.Fetcher,
    url: str,
    purpose: str,
    wanted: Callable[[str], bool],
    enters: Callable[[str], bool],
    most: int = MOST,
) -> dict[str, str]:
    """Return path -> address of the wanted files below an index page, sorted by path.

    wanted, enters  of a path relative to url, a directory's without its slash

    Raises NetworkError, and ContentError for a page that is no index or has unsafe names.
    """
    found: dict[str, str] = {}
    for relative in _walk_index(fetcher, directory_url(url), purpose, enters, ""):
        if wanted(relative):
            found[relative] = directory_url(url) + quote(relative)
        if len(found) > most:
            raise NetworkError(f"{url}: lists more than {most} files", hint="is this the right address?")
    return dict(sorted(found.items()))


def _walk_index(
    fetcher: client.Fetcher, url: str, purpose: str, enters: Callable[[str], bool], above: str
) -> Iterator[str]:
    """Yield the path of every file below url + above."""
    page = url + quote(above)
    if above.count("/") > DEEPEST:
        raise NetworkError(f"{page}: is {DEEPEST} directories deep, does a link there lead back to itself?")
    listing = index_pages.parse_index(fetcher.page(page, purpose), page)
    for link in listing.elsewhere:
        progress.log_line(f"{page}: the link {index_pages.shorten_link(link)} leads elsewhere, not followed")
    yield from (above + name for name in listing.files)
    for name in listing.directories:
        if enters(above + name):
            yield from _walk_index(fetcher, url, purpose, enters, f"{above}{name}/")
