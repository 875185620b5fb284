# SPDX-License-Identifier: GPL-3.0-or-later
"""What rpm-rs cannot say in an RPM's header: which source package it comes from, or that it is one.

rpm-rs 0.30 writes "(none)" as the source RPM of every package and knows no source packages, so its
finished bytes are corrected here, before anybody signs them.
Source: rpm, docs/manual/format_v4.md and docs/manual/tags.md
"""

from __future__ import annotations

import struct
from typing import NamedTuple

LEAD = 96  # bytes; a 16 bit number at 6 says 0 for a binary package, 1 for a source package
INTRO = 16  # bytes before a header's index: magic, reserved, number of entries, size of the store
INT32, STRING, BIN, STRING_ARRAY = 4, 6, 7, 8
ALIGNED = {3: 2, 4: 4, 5: 8}  # type -> what its offset must be a multiple of
WIDTH = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, BIN: 1}  # type -> bytes of one value; the others are text
IMMUTABLE, SOURCERPM, PROVIDES, DIRNAMES, SOURCEPACKAGE = 63, 1044, {1047, 1112, 1113}, 1118, 1106
MODULARITYLABEL = 5096


class TagValue(NamedTuple):
    """One tag's value as it lies in the store; number counts the texts or integers in it."""

    kind: int
    number: int
    data: bytes


def with_origin(rpm: bytes, source_rpm: str, module: str = "") -> bytes:
    """Return the unsigned package with the file name of the package it was built from, and its build of a module."""
    said = {SOURCERPM: source_rpm, **({MODULARITYLABEL: module} if module else {})}
    return _replace_tags(rpm, {tag: TagValue(STRING, 1, text.encode() + b"\0") for tag, text in said.items()}, set())


def as_source_package(rpm: bytes) -> bytes:
    """Return the unsigned package as a source package: it says so, provides nothing, its files lie in no directory."""
    news = {SOURCEPACKAGE: TagValue(INT32, 1, struct.pack(">I", 1)), DIRNAMES: TagValue(STRING_ARRAY, 1, b"\0")}
    return rpm[:6] + struct.pack(">H", 1) + _replace_tags(rpm, news, {SOURCERPM, *PROVIDES})[8:]


def _replace_tags(rpm: bytes, news: dict[int, TagValue], gone: set[int]) -> bytes:
    """Return rpm with some tags of its main header replaced, added or gone; its digests no longer match."""
    start = _header_end(rpm, LEAD)
    start += -start % 8
    end = _header_end(rpm, start)
    kept = {tag: value for tag, value in _parse_header(rpm[start:end]).items() if tag not in gone}
    return rpm[:start] + _build_header({**kept, **news}) + rpm[end:]


def _header_end(rpm: bytes, start: int) -> int:
    """Return where the header that begins at start ends, without padding."""
    entries, size = struct.unpack_from(">II", rpm, start + 8)
    return int(start + INTRO + 16 * entries + size)


def _parse_header(header: bytes) -> dict[int, TagValue]:
    """Return tag -> value of a header, without the tag that only spans the others."""
    entries, _ = struct.unpack_from(">II", header, 8)
    store = header[INTRO + 16 * entries :]
    index = (struct.unpack_from(">IIII", header, INTRO + 16 * n) for n in range(entries))
    return {
        tag: TagValue(kind, count, _value_bytes(store, kind, at, count))
        for tag, kind, at, count in index
        if tag != IMMUTABLE
    }


def _value_bytes(store: bytes, kind: int, at: int, count: int) -> bytes:
    """Return the bytes of count values of kind; a text ends with its zero byte."""
    if kind in WIDTH:
        return store[at : at + WIDTH[kind] * count]
    end = at
    for _ in range(count):
        end = store.index(b"\0", end) + 1
    return store[at:end]


def _build_header(values: dict[int, TagValue]) -> bytes:
    """Return a main header that holds values, sorted by tag as rpm sorts them."""
    index, store = b"", b""
    for tag, value in sorted(values.items()):
        store += bytes(-len(store) % ALIGNED.get(value.kind, 1))
        index += struct.pack(">IIII", tag, value.kind, len(store), value.number)
        store += value.data
    entries = len(values) + 1
    index = struct.pack(">IIII", IMMUTABLE, BIN, len(store), 16) + index
    store += struct.pack(">IIiI", IMMUTABLE, BIN, -16 * entries, 16)
    return b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", entries, len(store)) + index + store
