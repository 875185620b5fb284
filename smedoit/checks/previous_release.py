# SPDX-License-Identifier: GPL-3.0-or-later
"""Locate the previous release: its lock, its tree with repodata, an address of that, or its ISO."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from smedoit.bases.known import PLACES
from smedoit.checks.closure import PRIMARY
from smedoit.config.network import NetworkSettings, is_http_url
from smedoit.errors import FileError, PackageError
from smedoit.fetch import crawl
from smedoit.fetch.http import HttpStatusError
from smedoit.fetch.response import DownloadRequest
from smedoit.iso import read
from smedoit.medium_paths import REPODATA, REPOMD, below_repositories, repository_path
from smedoit.package import Evr, Package
from smedoit.packages import lock
from smedoit.repodata.inputs import RepoReader, RepoSource, find_installation_tree, tree_repositories
from smedoit.repodata.read import AGAIN, create_solver_pool, plain_metadata, read_repomd_records
from smedoit.repodata.requirements import package_sha256
from smedoit.runtime.files import (
    make_directory,
    read_file_text,
    remove_file,
    resolve_path_below,
    wrap_os_errors,
    write_file,
)

ANOTHER_COPY = "get another copy of it, or correct [quality] previous_release in release.toml"


@dataclass(frozen=True)
class PreviousRelease:
    """The release before this one: a packages.lock, a directory or address with repodata/, or an ISO.

    place    which of them, "" if release.toml names none
    reader   its tree may lie in a directory of the architecture
    fetched  the directory that keeps what comes from an address; no two tasks share one, for doit -n
    """

    place: str
    reader: RepoReader
    network: NetworkSettings
    fetched: Path


@dataclass(frozen=True)
class ReleaseComparison:
    """This release and the one before it.

    root  the build root, to which the files of the lock are relative
    lock  packages.lock of this release
    """

    root: Path
    lock: Path
    previous: PreviousRelease


@contextmanager
def open_previous_release(release: PreviousRelease, more: Sequence[str] = ()) -> Iterator[Path]:
    """Yield the previous release as a lock or as its tree, taken out of an ISO or fetched if need be.

    more  further files of the release that are wanted where it has them
    """
    previous, network = release.place, release.network
    if is_http_url(previous):
        yield _fetch_previous_release(previous, network, release.fetched, more)
    elif previous.endswith(".iso"):
        with TemporaryDirectory() as directory:
            _extract_from_iso(Path(previous), Path(directory), more)
            yield Path(directory)
    else:
        yield find_installation_tree(Path(previous), release.reader.arch) or Path(previous)


def _extract_from_iso(path: Path, directory: Path, more: Sequence[str]) -> None:
    """Put an ISO's repodata, and more of it, into directory. Raises FileError, VerifyError, PackageError."""
    with wrap_os_errors(path, "read"):
        image = read.IsoImage(path, mend=ANOTHER_COPY)
    wanted = below_repositories(PLACES, REPODATA)
    names = [name for name in image.records if posixpath.dirname(name) in wanted]
    if not names:
        raise PackageError(f"{path}: has no repodata", hint="name an installation ISO in [quality] previous_release")
    for name in (*names, *(name for name in more if name in image.records)):
        write_file(directory / name, image.read(name), durable=False)


def _fetch_previous_release(url: str, network: NetworkSettings, place: Path, more: Sequence[str]) -> Path:
    """Return a directory with the repodata, and more, of an address. Raises NetworkError.

    Only what has changed is fetched again; offline, what is there from before will do.
    """
    directory = place / hashlib.sha256(url.encode()).hexdigest()[:12]
    if network.offline and find_installation_tree(directory, ""):
        return directory
    visitor = crawl.caching_fetcher(network, directory.with_suffix(".json"))
    base, purpose = crawl.directory_url(url), "the last release"

    def got(relative: str, sha256: str = "") -> Path:
        target = resolve_path_below(directory, relative)
        make_directory(target.parent)
        return visitor.file(DownloadRequest(f"{base}{relative}", purpose, sha256=sha256), target, target)

    def has(relative: str) -> bool:
        try:
            got(relative)
        except HttpStatusError as error:
            if not error.is_absent:
                raise
            remove_file(directory / relative)
            return False
        return True

    _fetch_repodata(got, has)
    for name in more:
        has(name)
    visitor.memory.save()
    return directory


def _fetch_repodata(got: Callable[..., Path], has: Callable[[str], bool]) -> None:
    """Fetch the repodata of a tree: of the repository at its top, else of those below. Raises NetworkError.

    got  returns where a file is now, by its path and its SHA-256
    has  fetches a file, and returns whether there is one
    """
    top, *below = PLACES
    found = (
        [place for place in below if has(repository_path(place, REPOMD))]
        if not has(repository_path(top, REPOMD))
        else [top]
    )
    for place in found or [top]:  # of which it is said that it is not there
        primary = read_repomd_records(got(repository_path(place, REPOMD)))["primary"]
        got(repository_path(place, primary.location_href), primary.checksum)


def previous_release_packages(place: Path, reader: RepoReader) -> list[Package]:
    """Return the packages of the last release, by its lock or its repodata. Raises PackageError, FileError."""
    if place.is_dir():
        top = find_installation_tree(place, reader.arch)
        if top is None:
            raise PackageError(
                f"{place}: has no repodata",
                hint="name the release's packages.lock or its tree in [quality] previous_release",
            )
        return list_repo_packages(tree_repositories("the last release", top, reader.arch), reader)
    if not place.exists():
        raise FileError(
            f"{place}: the last release is not there",
            hint="correct [quality] previous_release in release.toml, or leave it out",
        )
    return [pick.package for pick in lock.parse_lock(read_file_text(place), place, mend=ANOTHER_COPY)]


def list_repo_packages(sources: Iterable[RepoSource], reader: RepoReader) -> list[Package]:
    """Return the packages that metadata tells of, as far as it does: nobody has verified them."""
    found = []
    for source in sources:
        with plain_metadata(source, PRIMARY, reader.fact_cache) as files:
            pool = create_solver_pool(reader.arch, {source.name: files})
            found += [_package_from_solvable(solvable) for solvable in pool.solvables_iter()]
    return found


def _package_from_solvable(solvable: Any) -> Package:
    """Return the package that a solvable stands for."""
    try:
        evr, digest = Evr.parse(solvable.evr), package_sha256(solvable)
    except ValueError:
        raise PackageError(
            f"{solvable.repo.name}: its metadata lists {solvable}, whose epoch is no number", hint=AGAIN
        ) from None
    return Package(solvable.name, evr, solvable.arch, "", 0, digest, "", solvable.lookup_sourcepkg() or "")
