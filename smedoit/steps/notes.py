"""Release notes: this lock against the last release, whatever of it is at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit import comps, isoimage, metadata, notepages, notes, tree
from smedoit.answers import Want
from smedoit.errors import ConfigError, PackageError
from smedoit.identity import Identity
from smedoit.network import Network
from smedoit.notes import Report
from smedoit.package import Evr, Package
from smedoit.steps import gates, remote
from smedoit.steps.packages import read_lock
from smedoit.wording import Notes

PAGES: Mapping[str, Callable[[Report, Identity, str, Notes], str]] = {
    "README.txt": notepages.text,
    "ReleaseNotes.md": notepages.markdown,
    "ReleaseNotes.html": notepages.page,
}


def write(
    lock_file: Path,
    root: Path,
    previous: str,
    comps_file: Path,
    one: Identity,
    settings: Notes,
    network: Network,
    cache: Path,
    target: Path,
    content: Path,
    into_content: bool,
) -> Mapping[str, str]:
    """Write the release notes in three forms; into_content also makes them the content tree's README.txt.

    previous  a packages.lock, a directory or address with repodata/, or an ISO

    Raises ConfigError without a previous release, PackageError or TreeError if it cannot be read.
    """
    if not previous:
        raise ConfigError("doit notes: there is no release to compare with", hint="name it in [quality] previous")
    with at_hand(previous, network, cache) as place:
        before = newest(gates.previous(place, one.arch, cache / "metadata.sqlite"))
    packages = {pick.package.name: pick.package for pick in reversed(read_lock(lock_file))}
    after = {name: package.evr for name, package in packages.items()}
    groups = comps.parse(tree.read_text(comps_file), comps_file).groups
    changelogs = {
        name: tuple(gates.changelog(root / packages[name].file))
        for name, kind in notes.changed(before, after).items()
        if kind == "updated"
    }
    report = notes.report(before, after, changelogs, groups, settings.bugs)
    for name, made in PAGES.items():
        tree.write(target / name, made(report, one, settings.since, settings))
    if into_content:
        tree.copy(target / "README.txt", content / "README.txt")
    return {"did": f"since {settings.since}: {notepages.summary(report)}", "result": os.fspath(target / "README.txt")}


def newest(packages: Iterable[Package]) -> dict[str, Evr]:
    """Return name -> newest version, sources left out."""
    found: dict[str, Evr] = {}
    for package in packages:
        if not package.is_source:
            found[package.name] = max(found.get(package.name, package.evr), package.evr)
    return found


@contextmanager
def at_hand(previous: str, network: Network, cache: Path) -> Iterator[Path]:
    """Yield the last release as a lock or a directory with repodata, taken out of an ISO or fetched if need be."""
    if "://" in previous:
        yield fetched(previous, network, cache)
    elif previous.endswith(".iso"):
        with TemporaryDirectory() as directory:
            take_out(Path(previous), Path(directory))
            yield Path(directory)
    else:
        yield Path(previous)


def take_out(path: Path, directory: Path) -> None:
    """Put an ISO's repodata into directory. Raises TreeError, VerifyError, PackageError."""
    with tree.worded(path, "read"):
        image = isoimage.Image(path)
    names = [name for name in image.records if name.startswith("repodata/") and name.count("/") == 1]
    if not names:
        raise PackageError(f"{path}: has no repodata", hint="name an installation ISO in [quality] previous")
    for name in names:
        tree.write(directory / name, image.read(name), durable=False)


def fetched(url: str, network: Network, cache: Path) -> Path:
    """Return a directory with the repodata of an address, fetched only where it has changed. Raises NetworkError."""
    directory = cache / "previous"
    visitor = remote.visitor(network, cache / "previous.json")
    base, purpose = remote.base(url), "the last release, for the release notes"
    place = directory / metadata.REPOMD
    tree.make_directory(place.parent)
    got = visitor.file(Want(f"{base}{metadata.REPOMD.as_posix()}", purpose), place, place)
    primary = metadata.records_of(got)["primary"]
    target = tree.place_below(directory, primary.location_href)
    tree.make_directory(target.parent)
    visitor.file(Want(f"{base}{primary.location_href}", purpose, sha256=primary.checksum), target, target)
    visitor.memory.save()
    return directory
