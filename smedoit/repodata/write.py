# SPDX-License-Identifier: GPL-3.0-or-later
"""Repodata through createrepo_c: gzip for CentOS 7's yum, times from the release, nothing parsed twice."""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from smedoit.errors import PackageError, SmeError
from smedoit.runtime import progress, workers
from smedoit.runtime.files import (
    BESIDE,
    copy_file,
    make_directory,
    read_file_bytes,
    remove_file,
    stamp_file,
    walk_files,
    wrap_os_errors,
)

if TYPE_CHECKING:
    from createrepo_c import RepomdRecord

KINDS = ("primary", "filelists", "other")
CHANGELOGS = 10  # entries a package, as createrepo_c has it


class HasDigest(Protocol):
    """Whatever knows the SHA-256 of a package's file; a Package does."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the whole file, in hexadecimal."""


@dataclass(frozen=True)
class DigestOnly:
    """The SHA-256 of a file of which nothing else is known."""

    sha256: str


@dataclass(frozen=True)
class RepoPackage:
    """A package and where it lies: path in our tree, href in the repository.

    package  None where nobody vouches for its content: what lies there is described, whatever it is
    """

    package: HasDigest | None
    path: Path
    href: str


@dataclass(frozen=True)
class RepodataCache:
    """A database of what was parsed of packages before, by their content.

    others  packages of other repositories that share it
    """

    file: Path
    others: Sequence[RepoPackage] = ()


def write_repodata(
    packages: Sequence[RepoPackage],
    comps: Path | None,
    directory: Path,
    epoch: int,
    cache: RepodataCache,
    retain: bool = False,
) -> int:
    """Make directory the repodata of packages, in their order; return how many had to be parsed.

    comps   becomes the repository's group data, plain and gzipped; a repository of sources has none
    epoch   the revision, and every time in the metadata
    retain  keep the files of the metadata that is replaced until it is replaced again: where yum
            reads meanwhile, who has the old repomd.xml still finds all that it names

    Readers see the old metadata until repomd.xml is replaced, in one step, and the new one then.
    Raises PackageError if a file is not what packages says, or if metadata lost a package.
    """
    memory = cache.file
    with open_package_cache(memory) as chunks:
        packages, found = _with_digests(chunks, packages, epoch)
        parsed = found + _fill_cache(chunks, packages, epoch)
        with TemporaryDirectory(dir=memory.parent, suffix=BESIDE) as beside:
            records = _write_metadata(Path(beside), packages, comps, epoch, chunks)
            _install_metadata(records, directory, _referenced_files(directory / "repomd.xml") if retain else set())
        _prune_cache(chunks, [*packages, *cache.others])
    return parsed


@contextmanager
def open_package_cache(memory: Path) -> Iterator[Any]:
    """Yield the database of parsed packages; one that cannot be used is started again."""
    import sqlite3

    make_directory(memory.parent)
    try:
        database = _connect_database(memory)
    except sqlite3.DatabaseError:
        remove_file(memory)
        database = _connect_database(memory)
    with closing(database):
        yield database
        database.commit()


def _connect_database(memory: Path) -> Any:
    """Return the database, with its one table. Raises sqlite3.DatabaseError if it is none of ours."""
    import sqlite3

    database = sqlite3.connect(memory)
    database.execute("PRAGMA synchronous = OFF")  # a lost memory costs time, nothing else
    database.execute("CREATE TABLE IF NOT EXISTS chunk (key TEXT PRIMARY KEY, xml TEXT NOT NULL)")
    database.execute(
        "CREATE TABLE IF NOT EXISTS seen (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, sha256 TEXT NOT NULL)"
    )
    return database


def _package_digest(entry: RepoPackage) -> str:
    """Return the SHA-256 of a package's file, "" if nobody has said it yet."""
    return entry.package.sha256 if entry.package else ""


def _cache_key(entry: RepoPackage, epoch: int) -> str:
    """Return what a package's metadata depends on."""
    return f"{_package_digest(entry)} {epoch} {entry.href}"


def _with_digests(chunks: Any, packages: Sequence[RepoPackage], epoch: int) -> tuple[list[RepoPackage], int]:
    """Return the packages with their digests, and how many files had to be parsed for that.

    A file with the stamp that it had last time is not opened. Raises PackageError with all
    files that are no RPM.
    """
    known = {path: (stamp, sha256) for path, stamp, sha256 in chunks.execute("SELECT path, stamp, sha256 FROM seen")}
    found, fresh = {}, {}
    for entry in (entry for entry in packages if entry.package is None):
        with wrap_os_errors(entry.path, "read"):
            stamp = " ".join(map(str, stamp_file(entry.path)))
        before, sha256 = known.get(os.fspath(entry.path), ("", ""))
        if stamp == before:
            found[entry.path] = sha256
        else:
            fresh[entry] = stamp
    found.update(_read_new_packages(chunks, fresh, epoch))
    return [
        entry if entry.package else replace(entry, package=DigestOnly(found[entry.path])) for entry in packages
    ], len(fresh)


def _read_new_packages(chunks: Any, fresh: Mapping[RepoPackage, str], epoch: int) -> Iterator[tuple[Path, str]]:
    """Yield path and digest of every file with a new stamp, after parsing it into chunks."""
    bad: list[str] = []
    results = workers.map_parallel(lambda entry: _parse_or_error(entry, epoch), list(fresh))
    for (entry, stamp), result in zip(
        fresh.items(), progress.track_progress(results, len(fresh), "reading packages"), strict=True
    ):
        if isinstance(result, str):
            bad.append(result)
            continue
        sha256, xml = result
        key = _cache_key(replace(entry, package=DigestOnly(sha256)), epoch)
        chunks.execute("INSERT OR REPLACE INTO chunk VALUES (?, ?)", (key, xml))
        chunks.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", (os.fspath(entry.path), stamp, sha256))
        yield entry.path, sha256
    if bad:
        raise PackageError("\n".join(bad), hint="get a good copy of each, or take it away")


def _parse_or_error(entry: RepoPackage, epoch: int) -> tuple[str, str] | str:
    """Return digest and XML of a package, or why it cannot be read, with its name."""
    try:
        sha256, xml = _read_rpm_xml(entry, epoch)
        return sha256, json.dumps(xml)
    except SmeError as error:
        return str(error).splitlines()[0]


def _fill_cache(chunks: Any, packages: Sequence[RepoPackage], epoch: int) -> int:
    """Parse the packages that are not in chunks; return how many."""
    known = {key for (key,) in chunks.execute("SELECT key FROM chunk")}
    fresh = [entry for entry in packages if _cache_key(entry, epoch) not in known]
    parsed = workers.map_parallel(lambda entry: json.dumps(_read_rpm_xml(entry, epoch)[1]), fresh)
    for entry, xml in zip(fresh, progress.track_progress(parsed, len(fresh), "parsing packages"), strict=True):
        chunks.execute("INSERT INTO chunk VALUES (?, ?)", (_cache_key(entry, epoch), xml))
    return len(fresh)


def _read_rpm_xml(entry: RepoPackage, epoch: int) -> tuple[str, Sequence[str]]:
    """Return a package's SHA-256, and its XML for primary, filelists and other.

    Raises PackageError if its content is not what the lock says, FileError if it is no package.
    """
    import createrepo_c as cr

    with wrap_os_errors(entry.path, "read"):
        os.stat(entry.path)
        found = cr.package_from_rpm(
            str(entry.path), checksum_type=cr.SHA256, location_href=entry.href, changelog_limit=CHANGELOGS
        )
    if entry.package and found.pkgId != entry.package.sha256:
        raise PackageError(f"{entry.path}: changed since packages.lock was written", hint="run doit again")
    found.time_file = epoch
    return found.pkgId, tuple(cr.xml_dump(found))


def _write_metadata(
    beside: Path, packages: Sequence[RepoPackage], comps: Path | None, epoch: int, chunks: Any
) -> list[Path]:
    """Write all metadata files and repomd.xml into beside; return them, repomd.xml last."""
    import createrepo_c as cr

    paths = _write_xml(beside, packages, epoch, chunks)
    _check_count(paths["primary"], packages)
    repomd = cr.Repomd()
    repomd.set_revision(str(epoch))
    for record in (*_file_records(paths), *_group_records(beside, comps)):
        record.set_timestamp(epoch)
        record.rename_file()
        repomd.set_record(record)
    repomd.sort_records()
    (beside / "repomd.xml").write_text(repomd.xml_dump(), encoding="utf-8")
    return [*(Path(record.location_real) for record in repomd.records), beside / "repomd.xml"]


def _write_xml(beside: Path, packages: Sequence[RepoPackage], epoch: int, chunks: Any) -> dict[str, Path]:
    """Write primary, filelists and other from the chunks; return their paths."""
    import createrepo_c as cr

    makers = (cr.PrimaryXmlFile, cr.FilelistsXmlFile, cr.OtherXmlFile)
    paths = {kind: beside / f"{kind}.xml.gz" for kind in KINDS}
    files = [maker(str(paths[kind]), cr.GZ_COMPRESSION) for kind, maker in zip(KINDS, makers, strict=True)]
    for file in files:
        file.set_num_of_pkgs(len(packages))
    for entry in packages:
        (xml,) = chunks.execute("SELECT xml FROM chunk WHERE key = ?", (_cache_key(entry, epoch),)).fetchone()
        for file, chunk in zip(files, json.loads(xml), strict=True):
            file.add_chunk(chunk)
    for file in files:
        file.close()
    return paths


def _file_records(paths: dict[str, Path]) -> Iterable[RepomdRecord]:
    """Yield the records of primary, filelists and other, with their digests."""
    import createrepo_c as cr

    for kind, path in paths.items():
        record = cr.RepomdRecord(kind, str(path))
        record.fill(cr.SHA256)
        yield record


def _group_records(beside: Path, comps: Path | None) -> Iterable[RepomdRecord]:
    """Yield the records of the group data, group and group_gz, if there is any."""
    import createrepo_c as cr

    if comps:
        group = beside / "comps.xml"
        group.write_bytes(read_file_bytes(comps))
        plain = cr.RepomdRecord("group", str(group))
        zipped = plain.compress_and_fill(cr.SHA256, cr.GZ_COMPRESSION)
        zipped.type = "group_gz"
        plain.fill(cr.SHA256)
        yield from (plain, zipped)


def _check_count(primary: Path, packages: Sequence[RepoPackage]) -> None:
    """Raise PackageError unless the metadata, read back, holds every package."""
    import createrepo_c as cr

    hrefs: set[str] = set()
    cr.xml_parse_primary(str(primary), pkgcb=lambda found: hrefs.add(found.location_href or ""), do_files=False)
    lost = sorted({entry.href for entry in packages} - hrefs)
    if lost or len(hrefs) != len(packages):
        raise PackageError(
            f"repodata: {len(packages)} packages went in and {len(hrefs)} came out, without {', '.join(lost[:5])}",
            hint="this is a bug of smedoit or createrepo_c; please send the task's log",
        )


def _referenced_files(repomd: Path) -> set[str]:
    """Return the names of the files that a repomd.xml speaks of; one that cannot be read names none."""
    import createrepo_c as cr

    try:
        return {os.path.basename(record.location_href or "") for record in cr.Repomd(os.fspath(repomd)).records}
    except (OSError, cr.CreaterepoCError):
        return set()


def _install_metadata(made: Sequence[Path], directory: Path, kept: Container[str] = ()) -> None:
    """Put the files into directory: data under names of their own, then repomd.xml, then the old files go.

    kept  names of old files that stay all the same
    """
    for path in made:
        copy_file(path, directory / path.name)
    wanted = {path.name for path in made}
    for _, entry in list(walk_files(directory)):
        if (name := os.path.relpath(entry.path, directory)) not in wanted and name not in kept:
            remove_file(Path(entry.path))


def _prune_cache(chunks: Any, packages: Sequence[RepoPackage]) -> None:
    """Drop from the memory what no package of this repository needs."""
    used = {_package_digest(entry) for entry in packages}
    keys = [key for (key,) in chunks.execute("SELECT key FROM chunk") if key.split(" ", 1)[0] not in used]
    chunks.executemany("DELETE FROM chunk WHERE key = ?", [(key,) for key in keys])
    there = {os.fspath(entry.path) for entry in packages}
    gone = [path for (path,) in chunks.execute("SELECT path FROM seen") if path not in there]
    chunks.executemany("DELETE FROM seen WHERE path = ?", [(path,) for path in gone])
