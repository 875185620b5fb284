# SPDX-License-Identifier: GPL-3.0-or-later
"""What packages say of themselves, read from a repository's metadata: one small file instead of 1,500 headers."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from smedoit.errors import PackageError, VerifyError
from smedoit.medium_paths import REPOMD
from smedoit.repodata import write
from smedoit.repodata.inputs import RepoSource
from smedoit.runtime import foreign, progress
from smedoit.runtime.cache import FactCache
from smedoit.runtime.digests import DigestCache, algorithm_name, read_stamp, sha256_file
from smedoit.runtime.files import BESIDE, BLOCK, make_directory, open_regular_file, read_file_bytes, wrap_os_errors

if TYPE_CHECKING:
    import createrepo_c

HEADERS = "headers"  # the kind of fact: XML of all KINDS, by content and href
KINDS = write.KINDS
ENDS = {"primary": b"</metadata>", "filelists": b"</filelists>", "other": b"</otherdata>"}
CHANGELOGS = 50  # entries a package that are kept of an RPM without repodata
MACHINES = {"i386": "i686"}  # what yum calls its base architecture -> what its machines can run
UNREADABLE = "cannot be unpacked: its compression is one that cannot be read here, or it is damaged"
UNPACKED = "make it again with gzip, as createrepo_c --general-compress-type=gz does"
AGAIN = "mirror it again, or create its repodata again"


@dataclass(frozen=True)
class SpdxPackage:
    """A package as its header describes it.

    evr         [epoch:]version-release
    source_rpm  file name of the source package, "" if it does not say
    """

    name: str
    evr: str
    arch: str
    file: str
    sha256: str
    license: str
    vendor: str
    url: str
    summary: str
    source_rpm: str

    @property
    def nevra(self) -> str:
        """name-[epoch:]version-release.arch"""
        return f"{self.name}-{self.evr}.{self.arch}"


def read_package_descriptions(repodata: Path) -> list[SpdxPackage]:
    """Return the packages of a repository, sorted by NEVRA. Raises FileError, VerifyError for broken metadata."""
    import createrepo_c as cr

    with wrap_os_errors(repodata / "repomd.xml", "read"):
        (repodata / "repomd.xml").stat()
    found: list[createrepo_c.Package] = []
    try:
        records = {record.type: record.location_href for record in cr.Repomd(str(repodata / "repomd.xml")).records}
        primary = repodata / Path(records["primary"] or "").name
        with TemporaryDirectory() as beside:
            plain = Path(beside) / "primary.xml"
            unpack_metadata(primary, plain)
            cr.xml_parse_primary(str(plain), pkgcb=found.append, do_files=False)
    except (cr.CreaterepoCError, OSError, RuntimeError, ValueError, KeyError) as error:
        again = "delete it, doit makes it again"
        raise VerifyError(f"{repodata}: cannot be read as repodata, {library_message(error)}", hint=again) from None
    return sorted(map(_parse_package, found), key=lambda package: package.nevra)


def _parse_package(package: createrepo_c.Package) -> SpdxPackage:
    """Return a package as createrepo_c read it."""
    short = f"{package.version}-{package.release}"
    return SpdxPackage(
        name=package.name or "",
        evr=short if package.epoch in ("", "0", None) else f"{package.epoch}:{short}",
        arch=package.arch or "",
        file=Path(package.location_href or "").name,
        sha256=package.pkgId,
        license=package.rpm_license or "",
        vendor=package.rpm_vendor or "",
        url=package.url or "",
        summary=package.summary or "",
        source_rpm=package.rpm_sourcerpm or "",
    )


@contextmanager
def plain_metadata(source: RepoSource, kinds: Sequence[str], fact_cache: Path) -> Iterator[dict[str, Path]]:
    """Yield kind -> plain XML file of a source's metadata; the files are gone afterwards.

    fact_cache  knows what was read before of the RPMs of a source without repodata

    Raises PackageError for metadata that is missing, damaged, or in a compression that cannot be read.
    """
    make_directory(fact_cache.parent)
    with TemporaryDirectory(dir=fact_cache.parent, suffix=BESIDE) as directory:
        repomd = source.repomd
        beside = Path(directory)
        yield (
            _extract_metadata(repomd, kinds, beside)
            if repomd
            else _generate_metadata(source, kinds, fact_cache, beside)
        )


def _extract_metadata(repomd: Path, kinds: Sequence[str], beside: Path) -> dict[str, Path]:
    """Return the plain XML of a repository's own metadata, unpacked into beside. Raises PackageError."""
    records = read_repomd_records(repomd)
    lacking = [kind for kind in kinds if kind not in records]
    if lacking:
        raise PackageError(f"{repomd}: names no {' and no '.join(lacking)} metadata", hint=AGAIN)
    return {
        kind: _decompress_record(repomd.parent.parent, records[kind], kind, beside / f"{kind}.xml") for kind in kinds
    }


@dataclass(frozen=True)
class RepomdEntry:
    """What a repomd.xml says of one metadata file: where it lies, and its checksums, packed and plain; "" if nothing.

    The names are those of createrepo_c.
    """

    location_href: str
    checksum_type: str
    checksum: str
    checksum_open_type: str
    checksum_open: str


def read_repomd_records(repomd: Path) -> dict[str, RepomdEntry]:
    """Return type -> record of a repomd.xml. Raises PackageError if it is none, or does not say where a file lies."""
    import createrepo_c as cr

    try:
        records = {record.type: _repomd_entry(record) for record in cr.Repomd(os.fspath(repomd)).records}
    except (OSError, RuntimeError, ValueError, cr.CreaterepoCError) as error:
        raise PackageError(f"{repomd}: is no repomd.xml, {library_message(error)}", hint=AGAIN) from None
    placeless = sorted(kind for kind, record in records.items() if not record.location_href)
    if placeless:
        raise PackageError(f"{repomd}: does not say where its {' and '.join(placeless)} metadata lies", hint=AGAIN)
    return records


def _repomd_entry(record: createrepo_c.RepomdRecord) -> RepomdEntry:
    """Return a record as createrepo_c read it."""
    return RepomdEntry(
        record.location_href or "",
        record.checksum_type or "",
        record.checksum or "",
        record.checksum_open_type or "",
        record.checksum_open or "",
    )


def read_metadata_record(repomd: Path, kind: str) -> bytes | None:
    """Return what a metadata file of a repository holds that is no XML; None if its repomd.xml names none of the kind.

    Raises PackageError, FileError.
    """
    record = read_repomd_records(repomd).get(kind)
    if record is None:
        return None
    with TemporaryDirectory() as beside:
        plain = Path(beside) / kind
        _unpack_record(repomd.parent.parent, record, plain)
        return read_file_bytes(plain)


def _decompress_record(root: Path, record: RepomdEntry, kind: str, target: Path) -> Path:
    """Write one metadata file of the repository at root to target, as plain XML, and return it."""
    path = _unpack_record(root, record, target)
    if not _has_closing_tag(target, ENDS[kind]):
        raise PackageError(f"{path}: {UNREADABLE}", hint=UNPACKED)
    return target


def _unpack_record(root: Path, record: RepomdEntry, target: Path) -> Path:
    """Write what one metadata file of the repository at root holds to target, and return where the file lies."""
    path = Path(os.path.normpath(root / record.location_href))
    if not path.is_relative_to(root):
        raise PackageError(f"{root / REPOMD}: names {record.location_href}, which lies outside", hint=AGAIN)
    with wrap_os_errors(path, "read"):
        if not path.is_file():
            raise PackageError(f"{path}: is not there, although repomd.xml names it", hint=AGAIN)
        whole = metadata_checksum(path, record.checksum_type)
    if whole and whole != record.checksum:
        raise PackageError(f"{path}: is damaged or cut short, its checksum is not that of repomd.xml", hint=AGAIN)
    unpack_metadata(path, target)
    plain = metadata_checksum(target, record.checksum_open_type) if record.checksum_open else ""
    if plain != record.checksum_open:
        raise PackageError(f"{path}: {UNREADABLE}", hint=UNPACKED)
    return path


def unpack_metadata(path: Path, target: Path) -> None:
    """Write what a metadata file holds to target, unpacked. Raises PackageError, FileError."""
    import createrepo_c as cr

    with wrap_os_errors(path, "unpacked"):
        try:
            with open_regular_file(path) as file:
                is_zstd = file.read(4) == foreign.ZSTD_MAGIC
            if not is_zstd:
                foreign.unpack_file(path, target)
                return
            foreign.check_zstd_size(path)
            cr.decompress_file(os.fspath(path), os.fspath(target), cr.AUTO_DETECT_COMPRESSION)
        except (ValueError, RuntimeError, cr.CreaterepoCError) as error:
            raise PackageError(f"{path}: {UNREADABLE} ({library_message(error)})", hint=UNPACKED) from None


def metadata_checksum(path: Path, kind: str) -> str:
    """Return a file's checksum, "" for an algorithm that nobody makes metadata with. Raises OSError."""
    name = algorithm_name(kind)
    if not name:
        return ""
    state = hashlib.new(name, usedforsecurity=False)
    with open_regular_file(path) as file:
        while block := file.read(BLOCK):
            state.update(block)
    return state.hexdigest()


def _has_closing_tag(path: Path, end: bytes) -> bool:
    """Return whether an XML file ends with its closing tag."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 200))
        return file.read().rstrip().endswith(end) or _is_empty_element(path)


def _is_empty_element(path: Path) -> bool:
    """Return whether an XML file is one empty element, as a repository without packages may have it."""
    return path.stat().st_size < 1000 and path.read_bytes().rstrip().endswith(b"/>")


def _generate_metadata(source: RepoSource, kinds: Sequence[str], fact_cache: Path, beside: Path) -> dict[str, Path]:
    """Return plain XML metadata of a source's RPMs; what cannot be read as an RPM is left out and noted."""
    with FactCache(fact_cache) as facts:
        found = list(_package_xml(source.rpms(), facts, source.place))
    return {
        kind: _write_plain_xml(beside / f"{kind}.xml", kind, [xml[KINDS.index(kind)] for xml in found])
        for kind in kinds
    }


def _package_xml(paths: Sequence[Path], facts: FactCache, root: Path) -> Iterator[Sequence[str]]:
    """Yield the XML of every RPM below root; only those of which none is known are parsed."""
    known, stamps = DigestCache(facts.path), {path: read_stamp(path) for path in paths}
    digests = known.known_digests(paths)
    for path in progress.track_progress(paths, len(paths), "reading headers"):
        href = os.fspath(path.relative_to(root))
        value = facts.get(HEADERS, f"{digests[path]} {href}") if path in digests else None
        if value is None:
            digest, xml = parse_rpm(path, href)
            digest = digest or sha256_file(path)
            known.learn(path, stamps[path], sha256=digest)
            value = json.dumps(xml).encode()
            facts.put(HEADERS, f"{digest} {href}", path, value)
        if found := foreign.parse_json(value):
            yield found
    known.save()


def parse_rpm(path: Path, href: str) -> tuple[str, Sequence[str]]:
    """Return an RPM's SHA-256, and its XML for each of KINDS; "" and nothing for a file that is no RPM."""
    import createrepo_c as cr

    try:
        found = cr.package_from_rpm(
            os.fspath(path), checksum_type=cr.SHA256, location_href=href, changelog_limit=CHANGELOGS
        )
        return found.pkgId, tuple(cr.xml_dump(found))  # which refuses texts that no XML can hold
    except (OSError, RuntimeError, ValueError, cr.CreaterepoCError) as error:
        progress.log_line(f"{path}: passed over, {library_message(error)}")
        return "", ()


def _write_plain_xml(path: Path, kind: str, chunks: Sequence[str]) -> Path:
    """Write plain metadata of one kind, and return its path."""
    import createrepo_c as cr

    maker = {"primary": cr.PrimaryXmlFile, "filelists": cr.FilelistsXmlFile, "other": cr.OtherXmlFile}[kind]
    with write.wrap_library_errors(path), closing(maker(os.fspath(path), cr.NO_COMPRESSION)) as file:
        file.set_num_of_pkgs(len(chunks))
        for chunk in chunks:
            file.add_chunk(chunk)
    return path


def create_solver_pool(arch: str, loaded: Mapping[str, Mapping[str, Path]]) -> Any:
    """Return a libsolv pool for arch that holds repositories: name -> kind -> plain XML. Raises PackageError.

    "primary" must be there; "filelists" adds the files that primary leaves out.
    """
    import solv

    found = solv.Pool()
    found.setdisttype(solv.Pool.DISTTYPE_RPM)
    found.setarch(MACHINES.get(arch, arch))
    found.set_flag(solv.Pool.POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS, 1)  # glibc.i686 and glibc.x86_64 stand side by side
    load_repositories(found, loaded)
    return found


def load_repositories(pool: Any, loaded: Mapping[str, Mapping[str, Path]]) -> None:
    """Add repositories to a pool, which may be in use; those of one name are one to it. Raises PackageError."""
    import solv

    for name, files in loaded.items():
        repository = next((known for known in pool.repos_iter() if known.name == name), None) or pool.add_repo(name)
        _add_xml(pool, repository, files["primary"], 0)
        if "filelists" in files:
            _add_xml(pool, repository, files["filelists"], solv.Repo.REPO_EXTEND_SOLVABLES)
    pool.addfileprovides()
    pool.createwhatprovides()


def _add_xml(found: Any, repository: Any, path: Path, flags: int) -> None:
    """Load one plain XML file into a repository of the pool. Raises PackageError for what libsolv refuses."""
    import solv

    if not path.is_file():  # libsolv would take the interpreter with it
        raise PackageError(f"{path}: is not there", hint=AGAIN)
    file = solv.xfopen(os.fspath(path))
    try:
        if not file or not repository.add_rpmmd(file, None, flags):
            raise PackageError(f"{repository.name}: its metadata is damaged, {found.errstr}", hint=AGAIN)
    finally:
        if file:
            file.close()


def library_message(error: BaseException) -> str:
    """Return a library's message on one line, with a small letter first."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[0].lower() + text[1:]
