# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of an ISO: where each file lies on it, and what lies there. Recorded when it is written, read by jigdo."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from smedoit.errors import VerifyError
from smedoit.runtime import foreign
from smedoit.runtime.files import BLOCK, FileStamp, wrap_os_errors

FORMAT = 2


@dataclass(frozen=True)
class FileExtent:
    """One file of an ISO.

    path    on the ISO
    offset  of its first byte, from the beginning of the ISO
    source  the file that it was written from
    stamp   of that file before it was read
    """

    path: str
    offset: int
    source: str
    stamp: FileStamp

    @property
    def size(self) -> int:
        """Its bytes, without what fills up its last sector."""
        return self.stamp.size


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
        found = foreign.parse_json(text)
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}")
        extents = [_parse_extent(row) for row in found["places"]]
        return IsoLayout(str(found["image"]), int(found["size"]), str(found["sha256"]), tuple(extents))
    except (ValueError, KeyError, TypeError) as error:
        raise VerifyError(
            f"{file}: is no layout of an ISO, {foreign.describe_damage(error)}", hint="delete it, doit makes it again"
        ) from None


def _parse_extent(row: Sequence[object]) -> FileExtent:
    """Return one file of a layout from its JSON. Raises ValueError, TypeError."""
    path, offset, source, stamp = row
    if not isinstance(stamp, list):
        raise TypeError(f"{stamp!r} is no stamp")
    return FileExtent(str(path), int(str(offset)), str(source), FileStamp(*map(int, stamp)))


def digest_spans(image: Path, spans: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """Return the SHA-256 of parts of an image, by their name; as many at once as there are processors.

    spans  name -> (offset, bytes) of a part

    Raises FileError.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing leaves the interpreter free for the others
        found = pool.map(lambda span: _digest_span(image, *span), spans.values())
        return dict(zip(spans, found, strict=True))


def _digest_span(image: Path, offset: int, size: int) -> str:
    """Return the SHA-256 of a part of an image. Raises FileError."""
    state = hashlib.sha256()
    for data in read_span(image, offset, size):
        state.update(data)
    return state.hexdigest()


def read_span(image: Path, offset: int, size: int) -> Iterator[bytes]:
    """Yield a part of an image, block by block. Raises FileError."""
    with wrap_os_errors(image, "read"), image.open("rb", buffering=0) as file:
        file.seek(offset)
        while size and (data := file.read(min(BLOCK, size))):
            yield data
            size -= len(data)


def holds_content(image: Path, extent: FileExtent, source: Path) -> bool:
    """Return whether a file of an image is, byte by byte, what source holds now. Raises FileError."""
    with wrap_os_errors(source, "read"), source.open("rb") as file:
        equal = all(file.read(len(data)) == data for data in read_span(image, extent.offset, extent.size))
        return equal and not file.read(1)
