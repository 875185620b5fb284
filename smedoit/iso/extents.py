# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of an ISO: where each file lies on it. Recorded when it is written, read by jigdo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from smedoit.errors import VerifyError

FORMAT = 1


@dataclass(frozen=True)
class FileExtent:
    """One file of an ISO.

    path    on the ISO
    offset  of its first byte, from the beginning of the ISO
    source  the file that it was written from
    stamp   of that file before it was read: size, mtime in nanoseconds, inode
    """

    path: str
    offset: int
    source: str
    stamp: tuple[int, int, int]

    @property
    def size(self) -> int:
        """Its bytes, without what fills up its last sector."""
        return self.stamp[0]


@dataclass(frozen=True)
class IsoLayout:
    """A sealed ISO: file name, bytes, SHA-256, and its files in the order of their offsets."""

    image: str
    size: int
    sha256: str
    extents: tuple[FileExtent, ...]


def format_layout(layout: IsoLayout) -> str:
    """Return a layout as JSON, one file a line."""
    head = {"format": FORMAT, "image": layout.image, "size": layout.size, "sha256": layout.sha256}
    lines = ",\n".join(json.dumps(list(asdict(extent).values())) for extent in layout.extents)
    return f'{json.dumps(head)[:-1]}, "places": [\n{lines}\n]}}\n'


def parse_layout(text: str, file: Path) -> IsoLayout:
    """Return the layout that a file holds. Raises VerifyError if text is none of this format."""
    try:
        found = json.loads(text)
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}")
        extents = [_parse_extent(row) for row in found["places"]]
        return IsoLayout(str(found["image"]), int(found["size"]), str(found["sha256"]), tuple(extents))
    except (ValueError, KeyError, TypeError) as error:
        raise VerifyError(f"{file}: is no layout of an ISO, {error!r}", hint="delete it, doit makes it again") from None


def _parse_extent(row: Sequence[object]) -> FileExtent:
    """Return one file of a layout from its JSON. Raises ValueError, TypeError."""
    path, offset, source, stamp = row
    if not isinstance(stamp, list):
        raise TypeError(f"{stamp!r} is no stamp")
    size, mtime_ns, inode = map(int, stamp)
    return FileExtent(str(path), int(str(offset)), str(source), (size, mtime_ns, inode))
