"""Every RPM of the tiers, read once: what has not changed since is never opened again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smedoit.config.tiers import Tier
from smedoit.errors import PackageError, TreeError, grouped
from smedoit.keys import keyring
from smedoit.keys.keyring import PinnedKey
from smedoit.package import Evr, Package
from smedoit.rpm import reader
from smedoit.runtime import progress, workers
from smedoit.runtime.files import Stamp, real_file, stamp, walk, worded, write


@dataclass(frozen=True)
class Refused:
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
Known = dict[str, tuple[Stamp, Package | Refused]]


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


@dataclass(frozen=True)
class Survey:
    """What lies in the tiers, good or bad.

    packages  tier -> its good packages, sorted by file
    refused   tier -> its other files, sorted by file
    absent    tier -> why nothing of it can be seen, as take() would raise it
    """

    packages: Mapping[str, list[Package]]
    refused: Mapping[str, list[Refused]]
    absent: Mapping[str, TreeError] = field(default_factory=dict)

    def complaints(self, content: Path | None = None) -> Complaints:
        """Return what is wrong with all refused files; of an unknown key, where it comes from and who needs it."""
        needed, words, found = Complaints(), dict[str, str](), Complaints()
        for tier, files in self.refused.items():
            for one in files:
                needed.add(one.reason, tier)
        for one in (one for files in self.refused.values() for one in files):
            if one.reason not in words:
                words[one.reason] = explained(one, needed.found[one.reason], content)
            found.add(words[one.reason], one.file)
        return found


def explained(one: Refused, needed: Sequence[str], content: Path | None) -> str:
    """Return why a file is refused; of an unknown key, also its origin and the tiers that need it.

    needed  the tier of every file that is refused for the same reason
    """
    if not one.keys:
        return one.reason
    origins = [words for key in one.keys if (words := keyring.origin(key, content))]
    counts = ", ".join(f"{needed.count(tier)} of {tier}" for tier in dict.fromkeys(needed))
    return f"{'; '.join([one.reason, *origins])}; needed by {counts}"


def take(
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

    Raises PackageError with all refused files of all tiers, TreeError for a tier that is not there.
    """
    seen = survey(tiers, root, keys, memory, wanted)
    for error in seen.absent.values():
        raise error
    seen.complaints(content).raise_if_any()
    return dict(seen.packages)


def survey(
    tiers: Sequence[Tier],
    root: Path,
    keys: Sequence[PinnedKey],
    memory: Path,
    wanted: Callable[[str], bool] | None = None,
) -> Survey:
    """Return what take() returns, with whatever take() would raise for beside it."""
    listed: dict[str, list[Path]] = {}
    odd: dict[str, list[Refused]] = {}
    absent: dict[str, TreeError] = {}
    for tier in tiers:
        complaints = Complaints()
        try:
            listed[tier.name] = files_of(tier, complaints, wanted)
        except TreeError as error:
            listed[tier.name], absent[tier.name] = [], error
        odd[tier.name] = [Refused(file, reason) for reason, files in complaints.found.items() for file in files]
    known = recall(memory, keys)
    paths = sorted({path for files in listed.values() for path in files})
    current = read_all(paths, root, keys, known)
    remember(memory, current, keys, elsewhere(known, tiers))
    found = {tier: [current[os.fspath(path)][1] for path in files] for tier, files in listed.items()}
    return Survey(
        {tier: [one for one in ones if isinstance(one, Package)] for tier, ones in found.items()},
        {tier: odd[tier] + [one for one in ones if isinstance(one, Refused)] for tier, ones in found.items()},
        absent,
    )


def files_of(tier: Tier, complaints: Complaints, wanted: Callable[[str], bool] | None = None) -> list[Path]:
    """Return the RPM files of a tier, at any depth. Raises TreeError if there is no such tier, or nothing in it."""
    try:
        with worded(tier.path, "read"):
            found = list(walk(tier.path))
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
        return [real_file(root, relative)]
    except TreeError as error:
        complaints.add(str(error).splitlines()[0].partition(": ")[2], os.fspath(root / relative))
        return []


def read_all(paths: Sequence[Path], root: Path, keys: Sequence[PinnedKey], known: Known) -> Known:
    """Return stamp and verdict of every file; only files with another stamp than known are opened."""
    stamps = {os.fspath(path): stamp_of(path) for path in paths}
    current = {file: known[file] for file, stamp in stamps.items() if file in known and known[file][0] == stamp}
    fresh = [path for path in paths if os.fspath(path) not in current]
    if fresh:
        keyring.prepare(keys)
    verdicts = workers.spread(lambda path: examine(path, root, keys), fresh)
    for path, verdict in zip(fresh, progress.track(verdicts, len(fresh), "reading packages"), strict=True):
        current[os.fspath(path)] = stamps[os.fspath(path)], verdict
    return current


def stamp_of(path: Path) -> Stamp:
    """Return the stamp of path. Raises TreeError."""
    with worded(path, "read"):
        return stamp(path)


def examine(path: Path, root: Path, keys: Sequence[PinnedKey]) -> Package | Refused:
    """Return the package at path, or why it is refused."""
    try:
        return reader.read(path, os.fspath(path.relative_to(root) if path.is_relative_to(root) else path), keys)
    except reader.Bad as bad:
        return Refused(os.fspath(path), str(bad), bad.keys, bad.claims, bad.passing)


def recall(memory: Path, keys: Sequence[PinnedKey]) -> Known:
    """Return what was remembered, as far as it still holds; a damaged memory is no memory.

    A good package counts as long as the key that signed it is trusted in the same way, a
    refused one as long as no key is trusted more or less.
    """
    trusted = {key.token for key in keys} | {all_tokens(keys)}
    try:
        entries = json.loads(memory.read_bytes())
        return {file: verdict(file, entry) for file, entry in entries.items() if entry["trust"] in trusted}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def all_tokens(keys: Sequence[PinnedKey]) -> str:
    """Return what a refusal depends on: all keys together."""
    return ", ".join(sorted(key.token for key in keys)) + "."


def verdict(file: str, entry: Mapping[str, Any]) -> tuple[Stamp, Package | Refused]:
    """Return stamp and verdict of an entry of the memory."""
    stamp = Stamp(*entry["stamp"])
    if "refused" not in entry:
        return stamp, package_from(entry, stamp.size)
    claims = package_from(entry["claims"], stamp.size) if entry["claims"] else None
    return stamp, Refused(file, entry["refused"], tuple(entry["keys"]), claims)


def package_from(entry: Mapping[str, Any], size: int) -> Package:
    """Return the package that an entry of the memory describes."""
    evr = Evr(int(entry["epoch"]), entry["version"], entry["release"])
    return Package(evr=evr, size=size, **{key: entry[key] for key in TEXTS})


def elsewhere(known: Known, tiers: Sequence[Tier]) -> Known:
    """Return what is known of files outside of tiers, for whoever asks about others next; what went is left out."""
    places = tuple(f"{tier.path}/" for tier in tiers)
    return {file: one for file, one in known.items() if not file.startswith(places) and os.path.exists(file)}


def remember(memory: Path, current: Known, keys: Sequence[PinnedKey], others: Known) -> None:
    """Write down what is known now, but for files that were changing while they were read."""
    tokens = {key.fingerprint: key.token for key in keys}
    everybody = all_tokens(keys)
    entries: dict[str, object] = {}
    for file, (stamp, one) in sorted({**others, **current}.items()):
        if isinstance(one, Package):
            entries[file] = {"stamp": stamp, "trust": tokens[one.key], **described(one)}
        elif not one.passing:
            claims = described(one.claims) if one.claims else None
            entries[file] = {
                "stamp": stamp, "trust": everybody, "refused": one.reason, "keys": one.keys, "claims": claims,
            }  # fmt: skip
    write(memory, json.dumps(entries, ensure_ascii=False, separators=(",", ":")), durable=False)


def described(package: Package) -> dict[str, object]:
    """Return a package as JSON knows it, without its size, which its stamp says."""
    evr = {"epoch": package.evr.epoch, "version": package.evr.version, "release": package.evr.release}
    return {**evr, **{key: getattr(package, key) for key in TEXTS}}


def proven(memory: Path) -> dict[str, tuple[Stamp, str]]:
    """Return file -> its stamp when it was read, and the SHA-256 that was found, for every good package remembered."""
    try:
        entries = json.loads(memory.read_bytes()).items()
        return {file: (Stamp(*one["stamp"]), one["sha256"]) for file, one in entries if "refused" not in one}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def vouched(memory: Path, keys: Sequence[PinnedKey]) -> dict[Stamp, str]:
    """Return stamp -> fingerprint of the key that was found to have signed it, for every good package remembered.

    keys  only what one of these very keys vouches for counts
    """
    return {stamp: one.key for stamp, one in recall(memory, keys).values() if isinstance(one, Package)}


def staged(tiers: Iterable[Tier]) -> list[Tier]:
    """Return the tiers whose packages may go on the medium, in their order of trust."""
    return [tier for tier in tiers if tier.stage]
