# SPDX-License-Identifier: GPL-3.0-or-later
"""Repodata through createrepo_c: gzip for CentOS 7's yum, times from the release, nothing parsed twice."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from smedoit.errors import FileError, PackageError, SmeError
from smedoit.runtime import foreign, progress, workers
from smedoit.runtime.cache import FactCache
from smedoit.runtime.digests import DigestCache, read_stamp
from smedoit.runtime.files import (
    BESIDE,
    HINTS,
    copy_file,
    make_directory,
    read_file_bytes,
    remove_file,
    walk_files,
    wrap_os_errors,
)

if TYPE_CHECKING:
    from createrepo_c import RepomdRecord

REPODATA = "repodata"  # the kind of fact: XML of all KINDS, by content, epoch and href
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
class RepoExtras:
    """What a repository has besides its packages.

    comps    becomes its group data, plain and gzipped
    modules  becomes its module metadata, gzipped; "" for none
    """

    comps: Path | None = None
    modules: str = ""


NO_EXTRAS = RepoExtras()  # of a repository of sources


def write_repodata(
    packages: Sequence[RepoPackage],
    extras: RepoExtras,
    directory: Path,
    epoch: int,
    fact_cache: Path,
    retain: bool = False,
) -> int:
    """Make directory the repodata of packages, in their order; return how many had to be parsed.

    epoch   the revision, and every time in the metadata
    retain  keep the files of the metadata that is replaced until it is replaced again: where yum
            reads meanwhile, who has the old repomd.xml still finds all that it names

    Readers see the old metadata until repomd.xml is replaced, in one step, and the new one then.
    Raises PackageError if a file is not what packages says, or if metadata lost a package.
    """
    make_directory(fact_cache.parent)
    with FactCache(fact_cache) as facts:
        packages, found = _with_digests(facts, packages, epoch)
        parsed = found + _parse_missing(facts, packages, epoch)
        with TemporaryDirectory(dir=fact_cache.parent, suffix=BESIDE) as beside:
            records = _write_metadata(Path(beside), packages, extras, epoch, facts)
            _install_metadata(records, directory, _referenced_files(directory / "repomd.xml") if retain else set())
    return parsed


def _package_digest(entry: RepoPackage) -> str:
    """Return the SHA-256 of a package's file, "" if nobody has said it yet."""
    return entry.package.sha256 if entry.package else ""


def _cache_key(entry: RepoPackage, epoch: int) -> str:
    """Return what a package's metadata depends on."""
    return f"{_package_digest(entry)} {epoch} {entry.href}"


def _with_digests(facts: FactCache, packages: Sequence[RepoPackage], epoch: int) -> tuple[list[RepoPackage], int]:
    """Return the packages with their digests, and how many files had to be parsed for that.

    A file with the stamp that it had last time is not opened. Raises PackageError with all
    files that are no RPM.
    """
    unknown = {entry.path: entry for entry in packages if entry.package is None}
    if not unknown:
        return list(packages), 0
    known, stamps = DigestCache(facts.path), {path: read_stamp(path) for path in unknown}
    found = known.known_digests(unknown)
    fresh = [entry for path, entry in unknown.items() if path not in found]
    for path, sha256 in _read_new_packages(facts, fresh, epoch):
        known.learn(path, stamps[path], sha256=sha256)
        found[path] = sha256
    known.save()
    return [
        entry if entry.package else replace(entry, package=DigestOnly(found[entry.path])) for entry in packages
    ], len(fresh)


def _read_new_packages(facts: FactCache, fresh: Sequence[RepoPackage], epoch: int) -> Iterator[tuple[Path, str]]:
    """Yield path and digest of every file of which none is known, after parsing it into the cache."""
    bad: list[str] = []
    results = workers.map_parallel(lambda entry: _parse_or_error(entry, epoch), fresh)
    for entry, result in zip(fresh, progress.track_progress(results, len(fresh), "reading packages"), strict=True):
        if isinstance(result, str):
            bad.append(result)
            continue
        sha256, xml = result
        facts.put(REPODATA, _cache_key(replace(entry, package=DigestOnly(sha256)), epoch), entry.path, xml)
        yield entry.path, sha256
    if bad:
        raise PackageError("\n".join(bad), hint="get a good copy of each, or take it away")


def _parse_or_error(entry: RepoPackage, epoch: int) -> tuple[str, bytes] | str:
    """Return digest and XML of a package, or why it cannot be read, with its name."""
    try:
        sha256, xml = _read_rpm_xml(entry, epoch)
        return sha256, json.dumps(xml).encode()
    except SmeError as error:
        return str(error).splitlines()[0]


def _parse_missing(facts: FactCache, packages: Sequence[RepoPackage], epoch: int) -> int:
    """Parse the packages that are not in the cache; return how many."""
    known = facts.known_keys(REPODATA, (_cache_key(entry, epoch) for entry in packages))
    fresh = [entry for entry in packages if _cache_key(entry, epoch) not in known]
    parsed = workers.map_parallel(lambda entry: json.dumps(_read_rpm_xml(entry, epoch)[1]).encode(), fresh)
    for entry, xml in zip(fresh, progress.track_progress(parsed, len(fresh), "parsing packages"), strict=True):
        facts.put(REPODATA, _cache_key(entry, epoch), entry.path, xml)
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
    beside: Path, packages: Sequence[RepoPackage], extras: RepoExtras, epoch: int, facts: FactCache
) -> list[Path]:
    """Write all metadata files and repomd.xml into beside; return them, repomd.xml last."""
    import createrepo_c as cr

    with wrap_library_errors(beside):
        paths = _write_xml(beside, packages, epoch, facts)
        _check_count(paths["primary"], packages)
        repomd = cr.Repomd()
        repomd.set_revision(str(epoch))
        records = *_file_records(paths), *_group_records(beside, extras.comps), *_module_records(beside, extras.modules)
        for record in records:
            record.set_timestamp(epoch)
            record.rename_file()
            repomd.set_record(record)
        repomd.sort_records()
        (beside / "repomd.xml").write_text(repomd.xml_dump(), encoding="utf-8")
        return [*(Path(record.location_real) for record in repomd.records), beside / "repomd.xml"]


@contextmanager
def wrap_library_errors(path: Path) -> Iterator[None]:
    """Turn what createrepo_c raises within into a FileError: it cannot write to path, a full disk most of all."""
    import createrepo_c as cr

    with wrap_os_errors(path, "written"):
        try:
            yield
        except cr.CreaterepoCError as error:
            said = " ".join(str(error).split())
            raise FileError(f"{path}: cannot be written, {said}", hint=HINTS[errno.ENOSPC]) from None


def _write_xml(beside: Path, packages: Sequence[RepoPackage], epoch: int, facts: FactCache) -> dict[str, Path]:
    """Write primary, filelists and other from what was parsed; return their paths."""
    import createrepo_c as cr

    makers = (cr.PrimaryXmlFile, cr.FilelistsXmlFile, cr.OtherXmlFile)
    paths = {kind: beside / f"{kind}.xml.gz" for kind in KINDS}
    files = [maker(str(paths[kind]), cr.GZ_COMPRESSION) for kind, maker in zip(KINDS, makers, strict=True)]
    for file in files:
        file.set_num_of_pkgs(len(packages))
    for entry in packages:
        xml = facts.get(REPODATA, _cache_key(entry, epoch))  # gone if another process started the cache anew
        texts = foreign.parse_json(xml) if xml else _read_rpm_xml(entry, epoch)[1]
        for file, chunk in zip(files, texts, strict=True):
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


def _module_records(beside: Path, modules: str) -> Iterable[RepomdRecord]:
    """Yield the record of the module metadata, if there is any."""
    import createrepo_c as cr

    if modules:
        plain = beside / "modules.yaml"
        plain.write_bytes(modules.encode("utf-8"))
        record = cr.RepomdRecord("modules", str(plain)).compress_and_fill(cr.SHA256, cr.GZ_COMPRESSION)
        record.type = "modules"
        yield record


def _check_count(primary: Path, packages: Sequence[RepoPackage]) -> None:
    """Raise PackageError unless the metadata, read back, holds every package."""
    import createrepo_c as cr

    hrefs: set[str] = set()
    cr.xml_parse_primary(str(primary), pkgcb=lambda found: hrefs.add(found.location_href or ""), do_files=False)
    lost = sorted({entry.href for entry in packages} - hrefs)
    if lost or len(hrefs) != len(packages):
        raise PackageError(
            f"repodata: {len(packages)} packages went in and {len(hrefs)} came out,"
            f" without {progress.join_names(lost, 5)}",
            hint="this is a bug of smedoit or createrepo_c; please send the task's log",
        )


def _referenced_files(repomd: Path) -> set[str]:
    """Return the names of the files that a repomd.xml speaks of; one that cannot be read names none."""
    import createrepo_c as cr

    try:
        return {os.path.basename(record.location_href or "") for record in cr.Repomd(os.fspath(repomd)).records}
    except (OSError, RuntimeError, ValueError, cr.CreaterepoCError):
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
