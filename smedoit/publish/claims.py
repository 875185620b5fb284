# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of the files of a published tree: by the record of its publish, and by the tree's own metadata."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from smedoit.bootset.pins import parse_upstream_sums, treeinfo_checksums
from smedoit.config.identity import CHANNELS as DIRECTORIES
from smedoit.errors import ContentError, PackageError, format_size
from smedoit.jigdo.format import JigdoError, parse_jigdo
from smedoit.medium_paths import REPOMD, TREEINFO
from smedoit.publish.records import PublishRecord
from smedoit.repodata.parse import list_packages
from smedoit.repodata.read import read_repomd_records
from smedoit.runtime import checksums
from smedoit.runtime.digests import algorithm_name
from smedoit.runtime.files import read_file_text, wrap_os_errors
from smedoit.runtime.journal import DONE
from smedoit.runtime.steps import MovePath

KINDS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}  # by the digits of a checksum
SUMS = re.compile(r"(?i)(.*-)?(md5|sha1|sha256|sha512)sums?(\.txt)?|(.*[-_])?CHECKSUM|.*\.(sha256|sha512|md5)")
TREEINFOS = (TREEINFO, "treeinfo")
LARGEST_LIST = 64 << 20  # bytes of a checksum file, .treeinfo, .jigdo or signature; 200,000 files need half of that
JIGDO_TOP = "../.."  # from iso/ARCH, where .jigdo files lie, to the release that has smeos/


@dataclass(frozen=True)
class FileClaim:
    """What somebody says of a file.

    path      in the published tree
    by        who says so: a path in the tree, or the name of a record
    kind      the algorithm, as hashlib calls it; "" where nothing that can be computed is said of the bytes
    checksum  in hexadecimal
    size      in bytes, None where nothing is said of it
    """

    path: str
    by: str
    kind: str = ""
    checksum: str = ""
    size: int | None = None


@dataclass(frozen=True)
class RecordedPlace:
    """The record of what was published, and which part of it is looked at.

    inside  from the release to what is looked at, "" for all of it
    live    the tiers in which packages come and go without a publish: they lie in the published tree itself
    """

    record: PublishRecord
    inside: str = ""
    live: tuple[str, ...] = ()

    def claims(self) -> Iterator[FileClaim]:
        """Yield what the record says of the files that are looked at."""
        head = f"{self.inside}/" if self.inside else ""
        for path, file in self.record.files.items():
            if path.startswith(head) and not self.is_live(path.removeprefix(head)):
                size = file.get("size")
                yield FileClaim(path.removeprefix(head), self.record.name, "sha256", file["sha256"], size)

    def is_live(self, path: str) -> bool:
        """Return whether a path that is looked at lies in a tier that lives."""
        return posixpath.join(self.inside, path).partition("/")[0] in self.live


def find_place_record(closed: Iterable[PublishRecord], place: str) -> PublishRecord | None:
    """Return the record that says what lies at a place, None if there is none; a retired release is looked for
    where it was published.

    closed  all records, the newest first
    """
    wanted = place
    for record in closed:
        if record.state != DONE:
            continue
        if record.place == wanted and record.files:
            return record
        if any(isinstance(step, MovePath) and step.target == wanted for step in record.steps):
            wanted = record.place
    return None


def split_place(address: str, places: Iterable[str]) -> tuple[str, str]:
    """Return (place, what is inside of it) of the path or address of something published, ("", "") if it is no place.

    places  below the tree that mirrors replicate, as "testing/10.1.rc2"; the longest that fits is meant
    """
    whole = f"/{address.strip('/')}/"
    tops = tuple(f"/{top}" for top in DIRECTORIES.values() if top)
    for place in sorted(places, key=len, reverse=True):
        before, found, inside = whole.rpartition(f"/{place}/")
        if found and not before.endswith(tops):
            return place, inside.strip("/")
    return "", ""


def makes_claims(path: str) -> bool:
    """Return whether a file says something of others: metadata, a checksum file, .treeinfo or .jigdo."""
    name = PurePosixPath(path).name
    return (
        f"/{path}".endswith(f"/{REPOMD}") or name in TREEINFOS or name.endswith(".jigdo") or bool(SUMS.fullmatch(name))
    )


def claims_of_file(path: str, read: Callable[[str], Path]) -> Iterator[FileClaim]:
    """Yield what one file of a tree says of others; path is one for which makes_claims.

    read  returns where the content of a file of the tree lies here

    Raises SmeError, also for what is no such file; UnknownFormatError for what others may write otherwise than we.
    """
    directory, name = posixpath.split(path)
    if f"/{path}".endswith(f"/{REPOMD}"):
        yield from _repodata_claims(path, read)
    elif name in TREEINFOS:
        yield from _sum_claims(directory, treeinfo_checksums(_read_list(path, read), path), path)
    elif name.endswith(".jigdo"):
        yield from _jigdo_claims(path, _read_list(path, read))
    else:
        text = _read_list(path, read)
        sizes = checksums.parse_sizes(text)
        for claim in _sum_claims(directory, parse_upstream_sums(text), path):
            yield FileClaim(claim.path, path, claim.kind, claim.checksum, sizes.get(posixpath.basename(claim.path)))


def refuse_large_list(path: str, place: Path) -> None:
    """Raise ContentError for a file that is larger than any list or signature: it would fill our memory."""
    with wrap_os_errors(place, "read"):
        size = place.stat().st_size
    if size > LARGEST_LIST:
        raise ContentError(f"{path}: has {format_size(size)}, more than any such file", hint="get another copy of it")


def _read_list(path: str, read: Callable[[str], Path]) -> str:
    """Return the text of a file that says something of others. Raises SmeError."""
    place = read(path)
    refuse_large_list(path, place)
    return read_file_text(place)


class UnknownFormatError(PackageError):
    """A file of others that cannot be read here, and need not be."""


def _repodata_claims(path: str, read: Callable[[str], Path]) -> Iterator[FileClaim]:
    """Yield the files that a repomd.xml names, then the packages that its metadata names."""
    base = f"{path}/../.."
    records = read_repomd_records(read(path))
    for record in records.values():
        yield FileClaim(
            _join_path(base, record.location_href), path, algorithm_name(record.checksum_type), record.checksum
        )
    if "primary" not in records:
        raise PackageError(f"{path}: names no primary metadata")
    primary = _join_path(base, records["primary"].location_href)
    if is_outside(primary):
        raise PackageError(f"{path}: names primary metadata that lies elsewhere, {primary}")
    for package in list_packages(read(primary)):
        yield FileClaim(_join_path(base, package.href), primary, algorithm_name(package.kind), package.checksum)


def _sum_claims(directory: str, sums: dict[str, str], by: str) -> Iterator[FileClaim]:
    """Yield what a list of checksums says of the files beside it and below."""
    for name, checksum in sums.items():
        yield FileClaim(_join_path(directory, name), by, KINDS.get(len(checksum), ""), checksum)


def _jigdo_claims(path: str, text: str) -> Iterator[FileClaim]:
    """Yield the template and the files of mirrors that a .jigdo names. Raises UnknownFormatError for others' labels."""
    directory = posixpath.dirname(path)
    try:
        listing = parse_jigdo(text)
    except JigdoError as error:
        raise UnknownFormatError(f"{path}: is no .jigdo file of ours, {error}") from None
    yield FileClaim(_join_path(directory, listing.template), path, "md5", listing.template_md5)
    for md5, part in listing.parts.items():
        yield FileClaim(_join_path(directory, f"{JIGDO_TOP}/smeos/{part}"), path, "md5", md5)


def _join_path(directory: str, name: str) -> str:
    """Return the path in the tree of what a file names; is_outside knows one that lies elsewhere."""
    return name if "://" in name else posixpath.normpath(posixpath.join(directory, name))


def is_outside(path: str) -> bool:
    """Return whether a path leads out of the tree."""
    return path.startswith(("/", "../")) or path == ".." or "://" in path
