"""Every RPM of the tiers, read once: what has not changed since is never opened again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from smedoit import progress, rpms, tree
from smedoit.config import Tier
from smedoit.errors import PackageError, TreeError, grouped
from smedoit.keys import PinnedKey
from smedoit.package import Evr, Package

Known = dict[str, tuple[tree.Stamp, Package]]


@dataclass
class Complaints:
    """What is wrong with the packages of a run: reason -> files, so that one report says it all."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, file: str) -> None:
        """Note that file is refused for reason."""
        self.found.setdefault(reason, []).append(file)

    def raise_if_any(self) -> None:
        """Raise PackageError with every complaint, grouped by reason."""
        count = sum(len(files) for files in self.found.values())
        if count:
            raise PackageError(
                f"{count} of the tiers' files cannot be trusted\n{grouped(self.found)}",
                hint="get a good copy of each, or take it out of the tier; a key that belongs in this"
                " release goes into [[keys]] of release.toml, with its fingerprint",
            )


def take(
    tiers: Sequence[Tier],
    root: Path,
    keys: Sequence[PinnedKey],
    memory: Path,
    wanted: Callable[[str], bool] | None = None,
) -> dict[str, list[Package]]:
    """Return the packages of each tier, sorted by file, in the order of the tiers.

    root    the build root: Package.file is relative to it where that is possible
    memory  where it is remembered what was read; it is rewritten even if packages are refused
    wanted  whether a file name is of interest; all others are not opened, and a tier may have none

    Raises PackageError with all refused files of all tiers, TreeError for a tier that is not there.
    """
    complaints = Complaints()
    listed = {tier.name: files_of(tier, complaints, wanted) for tier in tiers}
    known = recall(memory, {key.fingerprint for key in keys})
    paths = sorted({path for files in listed.values() for path in files})
    current = read_all(paths, root, keys, known, complaints)
    remember(memory, current)
    complaints.raise_if_any()
    return {tier: [current[os.fspath(path)][1] for path in files] for tier, files in listed.items()}


def files_of(tier: Tier, complaints: Complaints, wanted: Callable[[str], bool] | None = None) -> list[Path]:
    """Return the RPM files of a tier, at any depth. Raises TreeError if there is no such tier, or nothing in it."""
    try:
        with tree.worded(tier.path, "read"):
            found = list(tree.walk(tier.path))
    except TreeError:
        if tier.path.is_dir():
            raise
        raise TreeError(
            f"{tier.path}: tier {tier.name} is not there", hint="correct its path in release.toml, or mirror it"
        ) from None
    files = []
    for relative, entry in found:
        if entry.is_symlink() and os.path.isdir(entry.path):
            complaints.add("is a link to a directory; what lies behind it would be passed over", entry.path)
        elif relative.endswith(".rpm") and (wanted is None or wanted(entry.name)):
            files += real_files(tier.path, relative, complaints)
    if not files and not tier.may_be_empty and wanted is None:
        raise TreeError(
            f"{tier.path}: tier {tier.name} holds no RPM",
            hint=f"if that is meant, say may_be_empty = true for {tier.name} in release.toml",
        )
    return files


def real_files(root: Path, relative: str, complaints: Complaints) -> list[Path]:
    """Return the one file that relative stands for, or nothing and a complaint."""
    try:
        return [tree.real_file(root, relative)]
    except TreeError as error:
        complaints.add(str(error).splitlines()[0].partition(": ")[2], os.fspath(root / relative))
        return []


def read_all(
    paths: Sequence[Path], root: Path, keys: Sequence[PinnedKey], known: Known, complaints: Complaints
) -> Known:
    """Return stamp and package of every good file; only files with another stamp than known are opened."""
    from concurrent.futures import ThreadPoolExecutor

    stamps = {os.fspath(path): stamp_of(path) for path in paths}
    current = {file: known[file] for file, stamp in stamps.items() if file in known and known[file][0] == stamp}
    fresh = [path for path in paths if os.fspath(path) not in current]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing leaves the interpreter free for the other reader
        outcomes = pool.map(lambda path: examine(path, root, keys), fresh)
        for path, outcome in zip(fresh, progress.track(outcomes, len(fresh), "reading packages"), strict=True):
            if isinstance(outcome, Package):
                current[os.fspath(path)] = stamps[os.fspath(path)], outcome
            else:
                complaints.add(outcome, os.fspath(path))
    return current


def stamp_of(path: Path) -> tree.Stamp:
    """Return the stamp of path. Raises TreeError."""
    with tree.worded(path, "read"):
        return tree.stamp(path)


def examine(path: Path, root: Path, keys: Sequence[PinnedKey]) -> Package | str:
    """Return the package at path, or why it is refused."""
    try:
        return rpms.read(path, os.fspath(path.relative_to(root) if path.is_relative_to(root) else path), keys)
    except rpms.Bad as bad:
        return str(bad)


def recall(memory: Path, trusted: set[str]) -> Known:
    """Return what was remembered of files whose key is still trusted; a damaged memory is no memory."""
    try:
        entries = json.loads(memory.read_bytes())
        found = {file: (tree.Stamp(*entry["stamp"]), package_from(entry)) for file, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {file: one for file, one in found.items() if one[1].key in trusted}


def package_from(entry: Mapping[str, str]) -> Package:
    """Return the package that an entry of the memory describes."""
    evr = Evr(int(entry["epoch"]), entry["version"], entry["release"])
    texts = {key: entry[key] for key in ("name", "arch", "file", "sha256", "key", "source_rpm")}
    return Package(evr=evr, size=int(entry["stamp"][0]), **texts)


def remember(memory: Path, current: Known) -> None:
    """Write down what is known now."""
    entries = {file: {"stamp": stamp, **described(package)} for file, (stamp, package) in sorted(current.items())}
    tree.write(memory, json.dumps(entries, ensure_ascii=False, separators=(",", ":")))


def described(package: Package) -> dict[str, object]:
    """Return a package as JSON knows it, without its size, which its stamp says."""
    evr = {"epoch": package.evr.epoch, "version": package.evr.version, "release": package.evr.release}
    texts = {key: getattr(package, key) for key in ("name", "arch", "file", "sha256", "key", "source_rpm")}
    return {**evr, **texts}


def staged(tiers: Iterable[Tier]) -> list[Tier]:
    """Return the tiers whose packages may go on the medium, in their order of trust."""
    return [tier for tier in tiers if tier.stage]
