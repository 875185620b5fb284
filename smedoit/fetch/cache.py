# SPDX-License-Identifier: GPL-3.0-or-later
"""What was fetched from where: what makes the next request conditional.

That is no fact about a file but about an address, which only its server can confirm; so it stands beside
the cache of facts, one small file for each of those who fetch.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from smedoit.errors import FileError
from smedoit.runtime import digests, files, foreign


@dataclass(frozen=True)
class CachedResponse:
    """What one address gave last.

    etag, modified  its validators, as headers spell them
    sha256, stamp   the file that came, by content and as it lay there
    text            the page that came instead of a file
    part            the validator of a file that has come in part, "" if none has
    """

    etag: str = ""
    modified: str = ""
    sha256: str = ""
    stamp: tuple[int, ...] = ()
    text: str = ""
    part: str = ""

    def conditions(self) -> dict[str, str]:
        """Return the headers that ask for an answer only if something has changed."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in pairs.items() if value}


class DownloadCache:
    """Address -> what it gave, in one JSON file; losing it costs a transfer, nothing else."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known: dict[str, CachedResponse] = {}
        self.changed = False
        try:
            for url, entry in foreign.parse_json(files.read_file_bytes(file)).items():
                self.known[url] = CachedResponse(**{**entry, "stamp": tuple(entry.get("stamp", ()))})
        except (FileError, ValueError, TypeError, AttributeError):
            self.known = {}

    def of(self, url: str) -> CachedResponse:
        """Return what is known of an address; of a new one that is nothing."""
        return self.known.get(url, CachedResponse())

    def learn(self, url: str, known: CachedResponse) -> None:
        """Remember what an address gave, on disk and now."""
        if self.known.get(url) != known:
            self.known[url] = known
            self.changed = True
            self.save()

    def forget(self, url: str) -> None:
        """Forget an address, on disk and now."""
        if self.known.pop(url, None) is not None:
            self.changed = True
            self.save()

    def save(self) -> None:
        """Write it down if it has changed."""
        if self.changed:
            entries = {
                url: {key: value for key, value in asdict(entry).items() if value} for url, entry in self.known.items()
            }
            files.write_file(self.file, json.dumps(entries, sort_keys=True, separators=(",", ":")), durable=False)
            self.changed = False


def matches_cached(known: CachedResponse, path: Path) -> bool:
    """Return whether path holds what is known, by its stamp, else by its content."""
    if not known.sha256:
        return False
    try:
        return tuple(files.stamp_file(path)) == known.stamp or digests.sha256_file(path) == known.sha256
    except (OSError, FileError):
        return False


def _entry_to_json(known: CachedResponse) -> dict[str, object]:
    """Return what is known as JSON knows it, without what is empty."""
    return {key: value for key, value in asdict(known).items() if value}
