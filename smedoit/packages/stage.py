"""stage"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smedoit.config.tiers import Key
from smedoit.errors import PackageError, grouped
from smedoit.keys import keyring
from smedoit.keys.keyring import PinnedKey
from smedoit.package import Package
from smedoit.packages import scan
from smedoit.packages.choose import read_lock
from smedoit.rpm import reader
from smedoit.runtime import progress, workers
from smedoit.runtime.digests import Digests
from smedoit.runtime.files import Stamp, remove
from smedoit.runtime.files import link as files_link
from smedoit.tree import layers


def link(lock_file: Path, root: Path, target: Path, memory: Path | None = None) -> str:
    """Make target hold the packages of the lock, as hard links where that is possible, and no other RPM.

    memory  digests of files: what the census has read is not read again, if nobody touched it
            since; without it only what is new in target is read

    Raises PackageError for all files that are gone, or not what they were when they were chosen.
    """
    wanted = {pick.package.filename: pick.package for pick in read_lock(lock_file)}
    sources = {name: root / package.file for name, package in wanted.items()}
    refuse_moved({name: sources[name] for name in wanted if not sources[name].is_file()}, "is not there any more")
    placed = [name for name, source in sorted(sources.items()) if not is_linked(source, target / name)]
    for name in progress.track(placed, len(placed), "linking packages"):
        files_link(sources[name], target / name)
    found = {name: (target / name, wanted[name]) for name in (wanted if memory else placed)}
    bad = changed(found, memory).found
    for name in (name for names in bad.values() for name in names):
        remove(target / name)
    for reason, names in bad.items():
        refuse_moved({name: sources[name] for name in names}, reason)
    gone = [name for name in layers.listed(target) if name.endswith(".rpm") and name not in wanted]
    for name in gone:
        remove(target / name)
    return f"{len(wanted)} packages, {len(placed)} new, {len(gone)} removed"


def refuse_moved(files: Mapping[str, Path], reason: str) -> None:
    """Raise PackageError if there are files of the lock that are not what they were."""
    if files:
        raise PackageError(
            f"the tiers changed since the packages were chosen\n{grouped({reason: map(str, files.values())})}",
            hint="run doit again: it chooses from what is there now",
        )


def changed(found: Mapping[str, tuple[Path, Package]], memory: Path | None) -> scan.Complaints:
    """Return the names of the files that are gone, or of other content than their package says."""
    known, complaints = Digests(memory or Path(os.devnull)), scan.Complaints()
    there = {name: path for name, (path, _) in found.items() if path.is_file()}
    digests = known.of_all(there.values(), "sha256")
    if memory:
        known.save()
    for name, (path, package) in found.items():
        if name not in there:
            complaints.add("is not there any more", name)
        elif digests[path]["sha256"] != package.sha256:
            complaints.add("has other content than when it was chosen", name)
    return complaints


def prove_keys(pinned: Sequence[Key], lock_file: Path, tree_root: Path, memory: Path) -> str:
    """Show that the keys as they lie on the medium verify every package as it lies there.

    memory  of the census: what it found signed by a key with the very bytes of the one on the medium need not be
            tried again, if the package is still the same file

    Raises PackageError.
    """
    placed = keyring.load(replace(key, file=tree_root / key.file.name) for key in pinned)
    paths = [tree_root / "Packages" / pick.package.filename for pick in read_lock(lock_file)]
    complaints, found = scan.Complaints(), signers(paths, placed, scan.vouched(memory, placed))
    for path, (_, why) in found.items():
        if why:
            complaints.add(why, path.name)
    if complaints.found:
        raise PackageError(
            f"{tree_root}: its keys do not verify its packages\n{grouped(complaints.found)}",
            hint="add the missing key to [[keys]] of release.toml; if a package was changed by hand, run doit again",
        )
    signed = Counter(key for key, _ in found.values())
    return ", ".join(f"{one.name} verifies {signed[one.fingerprint]} packages" for one in placed)


def signers(
    paths: Sequence[Path], placed: Sequence[PinnedKey], known: Mapping[Stamp, str]
) -> dict[Path, tuple[str, str]]:
    """Return package -> the key that signed it, or "" and why none did; a file with a known stamp is not opened."""
    found = {path: (known[stamp], "") for path in paths if (stamp := scan.stamp_of(path)) in known}
    fresh = [path for path in paths if path not in found]
    keyring.prepare(placed if fresh else ())
    return {**found, **dict(zip(fresh, workers.spread(lambda path: vouched(path, placed), fresh), strict=True))}


def vouched(path: Path, placed: Sequence[PinnedKey]) -> tuple[str, str]:
    """Return the key that signed a package, or "" and why none did."""
    try:
        return reader.signed_by(path, placed), ""
    except reader.Bad as bad:
        return "", str(bad)


def is_linked(source: Path, target: Path) -> bool:
    """Return whether target already is source."""
    try:
        return os.path.samefile(source, target)
    except OSError:
        return False
