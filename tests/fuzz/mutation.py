# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody meant, made of what somebody did: bytes, lines, JSON, XML, and what is packed in gzip or xz.

The same generator of random numbers gives the same input, on every machine.
"""

from __future__ import annotations

import bz2
import functools
import gzip
import json
import lzma
import re
import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

LARGEST = 1 << 20  # bytes of an input; what is larger finds nothing that this does not
NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    15,
    16,
    31,
    32,
    63,
    64,
    127,
    128,
    255,
    256,
    4095,
    32767,
    32768,
    65535,
    65536,
    1 << 20,
    (1 << 24) - 1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
)
TOKENS = (
    b"\0",
    b"\xff" * 8,
    b"../../etc/passwd",
    b"%s%n",
    b"\xc2\xb2",
    b"\xed\xa0\x80",
    b"\x1b]0;x\x07",
    b"\r\n",
    b"1e999",
    b"-1",
    b"9" * 5000,
    b"{" * 2000,
    b"[" * 3000,
    b"<a>" * 2000,
    b"<!--" * 500,
    b"&a;",
    b"NaN",
    b"0x",
    b"\xe2\x80\xae",
    b"TRAILER!!!",
    b"//",
    b"\n\n",
    b"=",
    b":",
    b"",
    b"{full:9999}",
    b"\xef\xbb\xbf",
    b"99999999999999999999",
    b"\xd9\xa3",
    b"--",
    b"@" * 300,
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1 << 70,
    1e308,
    float("inf"),
    float("nan"),
    "",
    "\ud800",
    "../x",
    "\0",
    [],
    {},
    [[]],
    {"": None},
    "9" * 30,
    [None],
    10**400,
    "/etc/passwd",
    0.5,
)


def mutate_bytes(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return data with one to six faults in it."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        data = random.choice(BYTE_FAULTS)(random, data, others)
    return data[:LARGEST]


def _place(random: Random, data: bytes) -> int:
    """Return a place in data: anywhere, but often in its head, where headers are."""
    limit = len(data) if random.random() < 0.6 else min(len(data), 512)
    return random.randrange(limit + 1)


def _flip_bit(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = min(_place(random, data), len(data) - 1)
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :] if data else b"\1"


def _set_byte(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = _place(random, data)
    return data[:at] + bytes([random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))]) + data[at + 1 :]


def _set_number(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at, width = _place(random, data), random.choice("HIQ")
    number = random.choice(NUMBERS) & (1 << 8 * struct.calcsize(width)) - 1
    packed = struct.pack(random.choice("<>") + width, number)
    return data[:at] + packed + data[at + len(packed) :]


def _cut_out(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = _place(random, data)
    return data[:at] + data[at + random.choice((1, 2, 4, 16, 100, 1000)) :]


def _cut_short(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    return data[: _place(random, data)]


def _repeat_part(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at, size = _place(random, data), random.choice((1, 4, 16, 100, 1000))
    return data[:at] + data[at : at + size] * random.choice((1, 2, 50, 2000)) + data[at:]


def _move_part(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at, size, to = _place(random, data), random.choice((4, 16, 100)), _place(random, data)
    part, rest = data[at : at + size], data[:at] + data[at + size :]
    return rest[:to] + part + rest[to:]


def _insert_token(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = _place(random, data)
    return data[:at] + random.choice(TOKENS) + data[at + random.choice((0, 0, 1, 4)) :]


def _splice_other(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = random.choice(others)
    at = _place(random, other)
    return data[: _place(random, data)] + other[at : at + random.choice((16, 1000, LARGEST))]


def _insert_noise(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = _place(random, data)
    return data[:at] + random.randbytes(random.choice((1, 4, 64))) + data[at:]


def _change_line(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    lines[at : at + random.choice((0, 1, 1))] = random.choice(
        ([], [lines[at]] * random.choice((2, 500)), [lines[at][::-1]], [random.choice(lines)], [b" " + lines[at]])
    )
    return b"\n".join(lines)


def _change_digits(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Put another number in the place of one that is written in digits."""
    found = [*re.finditer(rb"\d+", data[: 1 << 16])]
    if not found:
        return data
    at = random.choice(found)
    other = random.choice(
        (b"-1", b"0", b"4294967296", b"9" * 25, b"9" * 5000, b"1.5", b"\xc2\xb2", b"", b"1e9", b"000")
    )
    return data[: at.start()] + other + data[at.end() :]


Fault = Callable[[Random, bytes, Sequence[bytes]], bytes]
BYTE_FAULTS: tuple[Fault, ...] = (
    _flip_bit,
    _flip_bit,
    _set_byte,
    _set_number,
    _set_number,
    _cut_out,
    _cut_short,
    _repeat_part,
    _move_part,
    _insert_token,
    _splice_other,
    _insert_noise,
    _change_line,
    _change_digits,
)


def mutate_json(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return JSON in which values have other types and sizes; now and then bytes that are no JSON."""
    if random.random() < 0.3:
        return mutate_bytes(random, data, others)
    document = json.loads(data)
    for _ in range(random.choice((1, 1, 2, 4))):
        document = _change_value(random, document)
    text = json.dumps(document)
    if random.random() < 0.05:
        text = "[" * 50000 + text
    return text.encode("utf-8", "surrogatepass")[:LARGEST]


def _change_value(random: Random, value: Any) -> Any:
    """Return a document in which one value, anywhere, is another one."""
    if isinstance(value, dict) and value and random.random() < 0.85:
        key = random.choice(list(value))
        deed = random.random()
        if deed < 0.1:
            return {other: held for other, held in value.items() if other != key}
        if deed < 0.2:
            return {**value, random.choice(("", "../x", "\ud800", "x", f"{key}x")): value[key]}
        return {**value, key: _change_value(random, value[key])}
    if isinstance(value, list) and value and random.random() < 0.85:
        at = random.randrange(len(value))
        return [*value[:at], _change_value(random, value[at]), *value[at + random.choice((0, 1, 1, 1)) :]]
    return random.choice(VALUES)


TAG = re.compile(rb"<[^<>]*>")


def mutate_xml(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return XML with elements gone, doubled, emptied or nested; now and then bytes that are no XML."""
    if random.random() < 0.3:
        return mutate_bytes(random, data, others)
    for _ in range(random.choice((1, 1, 2, 4))):
        tags = [*TAG.finditer(data[:LARGEST])]
        if not tags:
            return data
        first = random.choice(tags)
        second = random.choice([tag for tag in tags if tag.start() >= first.start()][:40])
        part = data[first.start() : second.end()]
        name = re.match(rb"</?([\w:-]*)", first.group())
        word = name[1] if name else b"x"
        data = (
            data[: first.start()]
            + random.choice(
                (
                    b"",
                    part * 2,
                    part * 200,
                    first.group() + second.group(),
                    b"<%s/>" % word,
                    b"<%s>" % word + part,
                    (b"<%s>" % word) * 300 + part + (b"</%s>" % word) * 300,
                    b"<%s></%s>" % (word, word),
                    b'<%s type="x" name="">\xc2\xb2</%s>' % (word, word),
                    b"<%s>%s</%s>" % (word, b"9" * 5000, word),
                    b"<![CDATA[" + part + b"]]>",
                    b"<!--" + part + b"-->",
                    (b"<%s>" % word) * 20000 + part + (b"</%s>" % word) * 20000,
                )
            )
            + data[second.end() :]
        )
    if random.random() < 0.05:
        entities = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
        data = data.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY a0 "ha">%s]>' % entities, 1)
        data = data.replace(b"</", b"&a11;</", 1)
    return data[:LARGEST]


def packed_mutation(inner: Fault) -> Fault:
    """Return a mutation of what is packed: of its content, packed again, of its bytes, or a bomb."""

    def mutate(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
        deed = random.random()
        if deed < 0.4:
            return mutate_bytes(random, data, others)
        if deed < 0.41:
            return random.choice(zero_bombs())
        plain = inner(random, unpack_seed(data), [unpack_seed(other) for other in others[:4]])
        return gzip.compress(plain, 1, mtime=0) if deed < 0.85 else lzma.compress(plain, preset=0)

    return mutate


def unpack_seed(data: bytes) -> bytes:
    """Return what a seed holds, itself if it is not packed."""
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:6] == b"\xfd7zXZ\0":
        return lzma.decompress(data)
    return data


@functools.cache
def zero_bombs() -> tuple[bytes, ...]:
    """Return small archives of a GiB of zeros and more, in gzip, xz, bzip2 and zstd."""
    block = bytes(1 << 20)
    rle_block = ((1 << 17) << 3 | 1 << 1).to_bytes(3, "little") + b"\0"  # RFC 8878, 3.1.1.2: 128 KiB of one byte
    return (
        gzip.compress(block, 9, mtime=0) * (1 << 10),
        lzma.compress(block) * (1 << 11),
        bz2.compress(block) * (1 << 12),
        b"\x28\xb5\x2f\xfd\x00\x68" + rle_block * (1 << 13),
    )
