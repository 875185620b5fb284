"""jigdo: an image told as files that mirrors have, and a template with the rest.

The template holds, compressed, whatever no mirror has, and at its end a description that says
in which order rest and files make the image. Who downloads with jigdo needs the small template
and takes the files from any mirror. We know where every file lies, so nothing is searched.

Source: TechDetails.txt of jigdo-file, "File format of .template and .tmp files"
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from smedoit import __version__

FORMAT = "1.1"  # MD5 and zlib: jigdo-file from 0.6.3 on, jigit and all that came later read it
GENERATOR = f"smedoit/{__version__}"
COMMENT = "Give the .jigdo file that lies beside this one to jigdo-lite; see http://atterer.org/jigdo/"
BLOCK = 1024  # bytes at the beginning of a file that the rolling sum covers; no part may be shorter
SMALLEST = 4096  # a smaller file costs whoever downloads more as a request of its own than in the template
LABEL = "smeos"  # stands for the directory smeos/ of a release on the mirrors
NAME = re.compile(r"[A-Za-z0-9._+~^@,/-]+")  # what no reader of [Parts] and no URL takes for anything else

ENCODED = re.compile(r"[A-Za-z0-9_-]{22}")

LITERAL, IMAGE, FILE = 2, 5, 6  # types of entry in the description
LENGTHS = {LITERAL: 7, IMAGE: 27, FILE: 31}  # bytes of an entry, its type included
HEADER = re.compile(rb"JigsawDownload template (\d+)\.\d+ [^\r\n]*\r\n[^\r\n]*\r\n\r\n")
DATA, DESCRIPTION = b"DATA", b"DESC"

# The table of jigdo's own rolling sum. Its author, Richard Atterer, claims no copyright for the numbers.
TABLE: tuple[int, ...] = struct.unpack(
    ">256I",
    bytes.fromhex("""
        51d65c0f 083cd94b 77f73dd8 a0187d36 29803d07 7ea8ac0e ea4c16c9 fc576443 6213df29 1c012392 b38946ae 2e20ca31
        e4dc532f cb281c47 8508b6a5 b93c210d ef02b5f3 66548c74 9ae2deab 3b59f472 4e546447 45232d1f 0ac0a4b1 6c4c264b
        5d24ce84 0f2752cc a35c7ac7 3e31af51 79675a59 581f0e81 49053122 7339c9d8 f9833565 a3dbe5b3 cc06eeb9 92d0671c
        3eb220a7 64864eae ca100872 c50977a1 d90378e1 7a36cab9 15c15f4b 8b9ef749 cc1432dc 1ec578ed 27e6e092 bb06db8f
        67f661ac 8dd1a3db 2a0ca16b b229ab84 127a3337 347d846f e1ea4b50 008dbb91 414c1426 d2be76f0 08789a39 b4d93e30
        61667760 8871bee9 ab7da12d e3c58620 e9fdfbbe 64fb04f7 8cc5bbf0 f5272d30 8f161b50 11122b05 7695e72e a1c5d169
        1bfd0e20 ef7e6169 f652d08e a9d0f139 2f70aa04 ae2c7d6d a3cb9241 3ae7d364 348788f8 f483b8f1 55a011da 189719dc
        b0c5d723 8b344e33 300d46eb d44fe34f 1a2016c1 66ce4cd7 a45ea5e3 55cb708a bce430df b01ae6e0 3551163b 2c5b157a
        574c4209 430fd0e4 3387e4a5 ee1d7451 a9635623 873ab89b b96bc6aa 59898937 e646c6e7 b79f8792 3f3235d8 ef1b5acf
        d975b22b 427acce6 e47a2411 75f8c1e8 a63f799d 53886ad8 9b2d6d32 ea822016 cdee2254 d98bcd98 2933a544 961f379f
        49219792 c61c360f 77cc0c64 7b872046 b91c7c12 7577154b 196573be f788813f 41e2e56a ec3cd244 8c7401f1 c2e805fe
        e8872fbe 9e2faf7d 6766456b 888e2197 28535c6d 2ce45f3f 24261d2a d6faab8b 7a7b42b8 15f0f6fa fe1711df 7e5685a6
        00930268 74755331 1998912c 7b60498b 501a5786 92ace0f6 1d9752fe 5a731add 5b3b44fc 473673f9 a42c0321 d82f9f18
        b4b225da fc89ece2 072e1130 5772aae3 29010857 542c970c 94f67fe5 71209e9b db97ea39 2689b41b ae815804 fc5e2651
        d4521674 48ed979a 2f617da3 c350353d c3accd94 bd8d313a c61a8e77 f34940a4 8d2c6b0f 0f0e7225 39e183db d19ebba9
        6a0f37b9 d18922f3 106420c5 aa5a640b 7cf0d273 cf3238a7 3b33204f 476be7bb 09d23bca be84b2f7 b7a3bace 2528cee1
        3dcaa1dd 900ad31a f21dea6d 9ce51463 f1540bba 0fab1bdd 89cfb79a 01a2a6e6 6f85d67c d1669ec4 355db722 00ebd5c4
        926eb385 69ead869 0da2b122 402779fe daed92d0 57e9aabb 3df64854 fcc774b5 2e1740ed a615e024 f7bac938 377dfd1a
        d0559d66 25499be8 2d8f2006 faa9e486 95e980e7 82aeba67 5a7f2561 bc60dff6 6c8739a2 7ec59a8b 9998f265 dfe37e5e
        b47cee1e 4dd8bc9e 35c57e09 07850b63 06eadbcb 6c1f2956 01685c2c f5725eef f13b98b5 aab739c2 200b1da2 a716b98b
        d9ee3058 76acf20b 2f259e04 ed11658b 1532b331 0ab43204 f0beb023 b1685483 58cbdc4f 079384d3 049b141c c38184b9
        af551d9a 66222560 059deeca 535f99e2
    """),
)


@dataclass(frozen=True)
class FileRegion:
    """A stretch of an image that is one whole file of the mirrors.

    path     on the mirrors, below smeos/
    md5      of the file, in hexadecimal, and its rolling sum
    """

    offset: int
    size: int
    path: str
    md5: str
    rsync64: int


@dataclass(frozen=True)
class LiteralRegion:
    """A stretch of an image that no mirror has."""

    offset: int
    size: int


@dataclass(frozen=True)
class TemplateDescription:
    """What a template says of its image; the parts in it have no path."""

    size: int
    md5: str
    regions: tuple[FileRegion | LiteralRegion, ...]


class JigdoError(ValueError):
    """A template or .jigdo file that no reader would take; its text says why."""


def rsync64_sum(data: bytes) -> int:
    """Return jigdo's rolling sum of data: 32 bits of plain sum, and above them 32 of the sum of all sums."""
    sums = list(accumulate(map(TABLE.__getitem__, data)))
    return (sum(sums) & 0xFFFFFFFF) << 32 | (sums[-1] & 0xFFFFFFFF) if sums else 0


def may_be_fetched(path: str, size: int) -> bool:
    """Return whether a file may be fetched from a mirror: large enough, and with a name that survives all readers."""
    return size >= SMALLEST and NAME.fullmatch(path) is not None


def image_regions(parts: Iterable[FileRegion], size: int) -> list[FileRegion | LiteralRegion]:
    """Return an image of size bytes from end to end: the parts, and literals wherever there is none.

    Of several parts in one place (hard links) the first by path is taken. Raises ValueError if parts overlap.
    """
    found: list[FileRegion | LiteralRegion] = []
    reached = 0
    for part in sorted(parts, key=lambda region: (region.offset, region.path)):
        if found and part.offset == found[-1].offset and part.size == found[-1].size:
            continue
        if part.offset < reached or part.offset + part.size > size:
            raise ValueError(f"{part.path} at {part.offset} overlaps what lies before it")
        if part.offset > reached:
            found.append(LiteralRegion(reached, part.offset - reached))
        found.append(part)
        reached = part.offset + part.size
    return [*found, LiteralRegion(reached, size - reached)] if reached < size else found


def template_header() -> bytes:
    """Return the beginning of a template."""
    return f"JigsawDownload template {FORMAT} {GENERATOR} \r\n{COMMENT} \r\n\r\n".encode("ascii")


def data_part_header(compressed: int, plain: int) -> bytes:
    """Return what stands before a piece of zlib's output; both sizes in bytes."""
    return DATA + _le48(compressed + 16) + _le48(plain)


def format_description(every: Iterable[FileRegion | LiteralRegion], size: int, md5: str) -> bytes:
    """Return the end of a template: every region of the image, then its size and MD5."""
    entries = b"".join(_region_entry(region) for region in every)
    image = bytes([IMAGE]) + _le48(size) + bytes.fromhex(md5) + struct.pack("<I", BLOCK)
    length = _le48(len(DESCRIPTION) + 6 + len(entries) + len(image) + 6)
    return DESCRIPTION + length + entries + image + length


def _region_entry(region: FileRegion | LiteralRegion) -> bytes:
    """Return the description's entry for one region."""
    if isinstance(region, LiteralRegion):
        return bytes([LITERAL]) + _le48(region.size)
    return bytes([FILE]) + _le48(region.size) + struct.pack("<Q", region.rsync64) + bytes.fromhex(region.md5)


def _le48(number: int) -> bytes:
    """Return a number as six bytes, the lowest first."""
    return number.to_bytes(6, "little")


def parse_description(data: bytes) -> TemplateDescription:
    """Return what the end of a template says; data is the whole DESC part. Raises JigdoError."""
    if data[:4] != DESCRIPTION or data[4:10] != _le48(len(data)) or data[-6:] != data[4:10]:
        raise JigdoError("its description is damaged")
    at, offset, end = 10, 0, len(data) - 6
    found: list[FileRegion | LiteralRegion] = []
    while at < end:
        kind = data[at]
        if kind not in LENGTHS or at + LENGTHS[kind] > end:
            raise JigdoError(f"its description has an entry of type {kind}, which is none of ours, or is cut short")
        size = int.from_bytes(data[at + 1 : at + 7], "little")
        if kind == IMAGE:
            if size != offset or at + LENGTHS[kind] != end:
                raise JigdoError(f"its parts make {offset} bytes, its image has {size}")
            return TemplateDescription(size, data[at + 7 : at + 23].hex(), tuple(found))
        found.append(LiteralRegion(offset, size) if kind == LITERAL else _parse_region(data, at, offset, size))
        at, offset = at + LENGTHS[kind], offset + size
    raise JigdoError("its description says nothing of the image")


def _parse_region(data: bytes, at: int, offset: int, size: int) -> FileRegion:
    """Return the part that an entry describes."""
    (rolling,) = struct.unpack_from("<Q", data, at + 7)
    return FileRegion(offset, size, "", data[at + 15 : at + 31].hex(), int(rolling))


def encode_md5(md5: str) -> str:
    """Return an MD5 as .jigdo files spell it: base64 that suits file names, without its padding."""
    return base64.urlsafe_b64encode(bytes.fromhex(md5)).decode("ascii").rstrip("=")


def decode_md5(word: str) -> str:
    """Return the MD5, in hexadecimal, that a .jigdo file spells. Raises JigdoError."""
    if not ENCODED.fullmatch(word):
        raise JigdoError(f"{word} is no MD5 in base64")
    return base64.urlsafe_b64decode(f"{word}==").hex()


def format_jigdo(
    image: str,
    sums: Mapping[str, str],
    size: int,
    template_md5: str,
    parts: Sequence[FileRegion],
    mirrors: Iterable[str],
) -> str:
    """Return a .jigdo file.

    image    file name of the ISO; its template bears the same name
    sums     its digests by kind, for people
    mirrors  base URLs, each with smeos/ below it
    """
    unique = {part.md5: part.path for part in reversed(parts)}
    lines = [
        "# JigsawDownload",
        "# Give this file, or its URL, to jigdo-lite: it fetches what it names and makes the image.",
        "",
        "[Jigdo]",
        f"Version={FORMAT}",
        f"Generator={GENERATOR}",
        "",
        "[Image]",
        f"Filename={image}",
        f"Template={template_name(image)}",
        f"Template-MD5Sum={encode_md5(template_md5)}",
        f"# Image size {size} bytes",
        *(f"# Image {kind} {digest}" for kind, digest in sorted(sums.items())),
        "",
        "[Parts]",
        *(f"{encode_md5(part.md5)}={LABEL}:{part.path}" for part in parts if unique[part.md5] == part.path),
        "",
        "[Servers]",
        *(f"{LABEL}={jigdo_server(mirror)}" for mirror in mirrors),
        "",
    ]
    return "\n".join(lines)


def jigdo_server(mirror: str) -> str:
    """Return what the label stands for on a mirror."""
    return f"{mirror.rstrip('/')}/{LABEL}/"


def template_name(image: str) -> str:
    """Return the file name of an image's template."""
    return f"{image.removesuffix('.iso')}.template"


def jigdo_name(image: str) -> str:
    """Return the file name of an image's .jigdo file."""
    return f"{image.removesuffix('.iso')}.jigdo"


@dataclass(frozen=True)
class JigdoFile:
    """What a .jigdo file says.

    parts    MD5 in hexadecimal -> path below the label
    servers  URLs of the label, in order
    """

    image: str
    template: str
    template_md5: str
    parts: Mapping[str, str]
    servers: tuple[str, ...]


def parse_jigdo(text: str) -> JigdoFile:
    """Return what a .jigdo file of ours says. Raises JigdoError."""
    sections: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            current.append((key, value))
    image = dict(sections.get("Image", ()))
    try:
        md5 = decode_md5(image["Template-MD5Sum"])
        parts = {decode_md5(key): value.removeprefix(f"{LABEL}:") for key, value in sections["Parts"]}
        servers = tuple(value for key, value in sections["Servers"] if key == LABEL)
        return JigdoFile(image["Filename"], image["Template"], md5, parts, servers)
    except KeyError as error:
        raise JigdoError(f"it does not say its {error.args[0]}") from None
