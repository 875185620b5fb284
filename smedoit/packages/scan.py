# SPDX-License-Identifier: GPL-3.0-or-later
"""Every RPM of the tiers, read once: what has not changed since is never opened again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from smedoit.config.tiers import KeySettings, Tier
from smedoit.errors import FileError, PackageError, format_grouped
from smedoit.keys import keyring, policy
from smedoit.keys.keyring import PinnedKey
from smedoit.package import Evr, Package
from smedoit.rpm import header, reader
from smedoit.runtime import progress, workers
from smedoit.runtime.files import FileStamp, resolve_file_below, stamp_file, walk_files, wrap_os_errors, write_file


@dataclass(frozen=True)
class RejectedFile:
    """A file that must not go on a medium.

    keys    ids of the keys that would have to be trusted, where nothing else is wrong
    claims  what its header says, unverified; None where it says nothing
    passing whether the next reading may find it better
    """

    file: str
    reason: str
    keys: tuple[str, ...] = ()
    claims: Package | None = None
    passing: bool = False


TEXTS = ("name", "arch", "file", "sha256", "key", "source_rpm")  # of a package, as the memory keeps them
Known = dict[str, tuple[FileStamp, Package | RejectedFile]]


@dataclass
class ScanProblems:
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
                f"{count} of the tiers' files cannot be trusted\n{format_grouped(self.found)}",
                hint="get a good copy of each, or take it out of the tier; a key that belongs in this"
                " release goes into [[keys]] of release.toml, with its fingerprint",
            )


@dataclass(frozen=True)
class ScanResult:
    """What lies in the tiers, good or bad.

    packages  tier -> its good packages, sorted by file
    refused   tier -> its other files, sorted by file
    absent    tier -> why nothing of it can be seen, as take() would raise it
    """

    packages: Mapping[str, list[Package]]
    refused: Mapping[str, list[RejectedFile]]
    absent: Mapping[str, FileError] = field(default_factory=dict)

    def complaints(self, content: Path | None = None) -> ScanProblems:
        """Return what is wrong with all refused files; of an unknown key, where it comes from and who needs it."""
        needed, words, found = ScanProblems(), dict[str, str](), ScanProblems()
        for tier, files in self.refused.items():
            for rejected in files:
                needed.add(rejected.reason, tier)
        for rejected in (rejected for files in self.refused.values() for rejected in files):
            if rejected.reason not in words:
                words[rejected.reason] = _explain_rejection(rejected, needed.found[rejected.reason], content)
            found.add(words[rejected.reason], rejected.file)
        return found


def _explain_rejection(rejected: RejectedFile, needed: Sequence[str], content: Path | None) -> str:
    """Return why a file is refused; of an unknown key, also its origin and the tiers that need it.

    needed  the tier of every file that is refused for the same reason
    """
    if not rejected.keys:
        return rejected.reason
    origins = [words for key in rejected.keys if (words := keyring.key_origin(key, content))]
    counts = ", ".join(f"{needed.count(tier)} of {tier}" for tier in dict.fromkeys(needed))
    return f"{'; '.join([rejected.reason, *origins])}; needed by {counts}"


@dataclass(frozen=True)
class PackageSources:
    """Where packages come from, and whose signature counts.

    root     the build root, to which the files of a lock are relative
    content  the content tree, where the file of a key may lie that nobody has pinned yet
    date     of the release: what goes on its media was signed before
    """

    tiers: Sequence[Tier]
    keys: Sequence[KeySettings]
    root: Path
    content: Path
    date: datetime


def load_tier_packages(
    tiers: Sequence[Tier],
    root: Path,
    keys: Sequence[PinnedKey],
    memory: Path,
    wanted: Callable[[str], bool] | None = None,
    content: Path | None = None,
) -> dict[str, list[Package]]:
    """Return the packages of each tier, sorted by file, in the order of the tiers.

    root     the build root: Package.file is relative to it where that is possible
    memory   where it is remembered what was read; it is rewritten even if packages are refused
    wanted   whether a file of this name is to be read at all; all are, if it is left out
    content  the content tree: key files that lie there are named to whoever needs them

    Raises PackageError with all refused files of all tiers, FileError for a tier that is not there.
    """
    seen = scan_tiers(tiers, root, keys, memory, wanted)
    for error in seen.absent.values():
        raise error
    seen.complaints(content).raise_if_any()
    return dict(seen.packages)


def scan_tiers(
    tiers: Sequence[Tier],
    root: Path,
    keys: Sequence[PinnedKey],
    memory: Path,
    wanted: Callable[[str], bool] | None = None,
) -> ScanResult:
    """Return what take() returns, with whatever take() would raise for beside it."""
    listed: dict[str, list[Path]] = {}
    odd: dict[str, list[RejectedFile]] = {}
    absent: dict[str, FileError] = {}
    for tier in tiers:
        complaints = ScanProblems()
        try:
            listed[tier.name] = _tier_files(tier, complaints, wanted)
        except FileError as error:
            listed[tier.name], absent[tier.name] = [], error
        odd[tier.name] = [RejectedFile(file, reason) for reason, files in complaints.found.items() for file in files]
    known = _load_cache(memory, keys)
    paths = sorted({path for files in listed.values() for path in files})
    current = _scan_files(paths, root, keys, known)
    _save_cache(memory, current, keys, _other_entries(known, tiers))
    found = {tier: [current[os.fspath(path)][1] for path in files] for tier, files in listed.items()}
    return ScanResult(
        {tier: [result for result in ones if isinstance(result, Package)] for tier, ones in found.items()},
        {
            tier: odd[tier] + [result for result in ones if isinstance(result, RejectedFile)]
            for tier, ones in found.items()
        },
        absent,
    )


def scan_package_files(
    paths: Iterable[Path], root: Path, keys: Sequence[PinnedKey], memory: Path
) -> dict[Path, Package | RejectedFile]:
    """Return what single files are, whatever tier they lie in, as scan_tiers reads them. Raises FileError."""
    known, wanted = _load_cache(memory, keys), sorted(set(paths))
    current = _scan_files(wanted, root, keys, known)
    _save_cache(memory, current, keys, known)
    return {path: current[os.fspath(path)][1] for path in wanted}


def refuse_later_signatures(packages: Iterable[Package], date: datetime) -> None:
    """Raise PackageError for packages that were signed after the date of the release."""
    complaints = ScanProblems()
    for package in packages:
        created = datetime.fromtimestamp(package.signed, timezone.utc)
        if policy.is_signed_after(created, date):
            complaints.add(f"signed on {created:%Y-%m-%d}", package.file)
    if complaints.found:
        raise PackageError(
            f"packages were signed after [release] date, {date:%Y-%m-%d}\n{format_grouped(complaints.found)}",
            hint="set [release] date to when this release is made; a signature of the future is a forged one",
        )


def _tier_files(tier: Tier, complaints: ScanProblems, wanted: Callable[[str], bool] | None = None) -> list[Path]:
    """Return the RPM files of a tier, at any depth. Raises FileError if there is no such tier, or nothing in it."""
    try:
        with wrap_os_errors(tier.path, "read"):
            found = list(walk_files(tier.path))
    except FileError:
        if tier.path.is_dir():
            raise
        raise FileError(
            f"{tier.path}: tier {tier.name} is not there", hint="correct its path in release.toml, or mirror it"
        ) from None
    files = []
    for relative, entry in found:
        if entry.is_symlink() and os.path.isdir(entry.path):
            complaints.add("is a link to a directory; what lies behind it would be passed over", entry.path)
        elif relative.endswith(".rpm") and (wanted is None or wanted(entry.name)):
            files += _resolve_package_file(tier.path, relative, complaints)
    if not files and not tier.may_be_empty and wanted is None:
        raise FileError(
            f"{tier.path}: tier {tier.name} holds no RPM",
            hint=f"if that is meant, say may_be_empty = true for {tier.name} in release.toml",
        )
    return files


def _resolve_package_file(root: Path, relative: str, complaints: ScanProblems) -> list[Path]:
    """Return the one file that relative stands for, or nothing and a complaint."""
    try:
        return [resolve_file_below(root, relative)]
    except FileError as error:
        complaints.add(str(error).splitlines()[0].partition(": ")[2], os.fspath(root / relative))
        return []


def _scan_files(paths: Sequence[Path], root: Path, keys: Sequence[PinnedKey], known: Known) -> Known:
    """Return stamp and verdict of every file; only files with another stamp than known are opened."""
    stamps = {os.fspath(path): read_file_stamp(path) for path in paths}
    current = {file: known[file] for file, stamp in stamps.items() if file in known and known[file][0] == stamp}
    fresh = [path for path in paths if os.fspath(path) not in current]
    if fresh:
        keyring.prepare_keyrings(keys)
    verdicts = workers.map_parallel(lambda path: _scan_file(path, root, keys), fresh)
    for path, verdict in zip(fresh, progress.track_progress(verdicts, len(fresh), "reading packages"), strict=True):
        current[os.fspath(path)] = stamps[os.fspath(path)], verdict
    return current


def read_file_stamp(path: Path) -> FileStamp:
    """Return the stamp of path. Raises FileError."""
    with wrap_os_errors(path, "read"):
        return stamp_file(path)


def _scan_file(path: Path, root: Path, keys: Sequence[PinnedKey]) -> Package | RejectedFile:
    """Return the package at path, or why it is refused."""
    try:
        return reader.read_package(path, os.fspath(path.relative_to(root) if path.is_relative_to(root) else path), keys)
    except header.BadPackageError as bad:
        return RejectedFile(os.fspath(path), str(bad), bad.keys, bad.claims, bad.passing)


def _load_cache(memory: Path, keys: Sequence[PinnedKey]) -> Known:
    """Return what was remembered, as far as it still holds; a damaged memory is no memory.

    A good package counts as long as the key that signed it is trusted in the same way, a
    refused one as long as no key is trusted more or less.
    """
    trusted = {key.token for key in keys} | {_combined_token(keys)}
    try:
        entries = json.loads(memory.read_bytes())
        return {file: _parse_cache_entry(file, entry) for file, entry in entries.items() if entry["trust"] in trusted}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _combined_token(keys: Sequence[PinnedKey]) -> str:
    """Return what a refusal depends on: all keys together."""
    return ", ".join(sorted(key.token for key in keys)) + "."


def _parse_cache_entry(file: str, entry: Mapping[str, Any]) -> tuple[FileStamp, Package | RejectedFile]:
    """Return stamp and verdict of an entry of the memory."""
    stamp = FileStamp(*entry["stamp"])
    if "refused" not in entry:
        return stamp, _package_from_json(entry, stamp.size)
    claims = _package_from_json(entry["claims"], stamp.size) if entry["claims"] else None
    return stamp, RejectedFile(file, entry["refused"], tuple(entry["keys"]), claims)


def _package_from_json(entry: Mapping[str, Any], size: int) -> Package:
    """Return the package that an entry of the memory describes."""
    evr = Evr(int(entry["epoch"]), entry["version"], entry["release"])
    return Package(evr=evr, size=size, signed=int(entry["signed"]), **{key: entry[key] for key in TEXTS})


def _other_entries(known: Known, tiers: Sequence[Tier]) -> Known:
    """Return what is known of files outside of tiers, for whoever asks about others next; what went is left out."""
    places = tuple(f"{tier.path}/" for tier in tiers)
    return {file: entry for file, entry in known.items() if not file.startswith(places) and os.path.exists(file)}


def _save_cache(memory: Path, current: Known, keys: Sequence[PinnedKey], others: Known) -> None:
    """Write down what is known now, but for files that were changing while they were read."""
    tokens = {key.fingerprint: key.token for key in keys}
    everybody = _combined_token(keys)
    entries: dict[str, object] = {}
    for file, (stamp, result) in sorted({**others, **current}.items()):
        if isinstance(result, Package):
            entries[file] = {"stamp": stamp, "trust": tokens[result.key], **_package_to_json(result)}
        elif not result.passing:
            claims = _package_to_json(result.claims) if result.claims else None
            entries[file] = {
                "stamp": stamp, "trust": everybody, "refused": result.reason, "keys": result.keys, "claims": claims,
            }  # fmt: skip
    write_file(memory, json.dumps(entries, ensure_ascii=False, separators=(",", ":")), durable=False)


def _package_to_json(package: Package) -> dict[str, object]:
    """Return a package as JSON knows it, without its size, which its stamp says."""
    evr = {"epoch": package.evr.epoch, "version": package.evr.version, "release": package.evr.release}
    return {**evr, "signed": package.signed, **{key: getattr(package, key) for key in TEXTS}}


def cached_digests(memory: Path) -> dict[str, tuple[FileStamp, str]]:
    """Return file -> its stamp when it was read, and the SHA-256 that was found, for every good package remembered."""
    try:
        entries = json.loads(memory.read_bytes()).items()
        return {
            file: (FileStamp(*entry["stamp"]), entry["sha256"]) for file, entry in entries if "refused" not in entry
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def cached_signers(memory: Path, keys: Sequence[PinnedKey]) -> dict[FileStamp, str]:
    """Return stamp -> fingerprint of the key that was found to have signed it, for every good package remembered.

    keys  only what one of these very keys vouches for counts
    """
    return {stamp: result.key for stamp, result in _load_cache(memory, keys).values() if isinstance(result, Package)}


def staged_tiers(tiers: Iterable[Tier]) -> list[Tier]:
    """Return the tiers whose packages may go on the medium, in their order of trust."""
    return [tier for tier in tiers if tier.stage]
