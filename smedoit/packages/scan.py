# SPDX-License-Identifier: GPL-3.0-or-later
"""Every RPM of the tiers, read once: what has not changed since is never opened again."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from smedoit.config.tiers import KeySettings, Tier
from smedoit.errors import FileError, PackageError, format_grouped
from smedoit.keys import keyring, policy
from smedoit.keys.keyring import PinnedKey
from smedoit.package import Evr, Package
from smedoit.rpm import header, reader
from smedoit.rpm.signatures import UNSIGNED
from smedoit.runtime import foreign, progress, workers
from smedoit.runtime.cache import FactCache
from smedoit.runtime.digests import DigestCache, read_stamp
from smedoit.runtime.files import resolve_file_below, walk_linked_files, wrap_os_errors


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


LINK_ELSEWHERE = "is a link to a directory elsewhere, which would be passed over unless pool of its tier names it"
PACKAGES, REFUSALS = "package", "refusal"  # kinds of fact: by content; by content and place, for a name may be wrong
TEXTS = ("name", "arch", "file", "sha256", "key", "source_rpm")  # of a package, as the cache keeps them
Verdicts = dict[Path, Package | RejectedFile]


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
                " release goes into [[keys]] of release.toml, with its fingerprint"
                + ("; doit sign_packages signs copies of what nobody signed" if UNSIGNED in self.found else ""),
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

    root        the build root, to which the files of a lock are relative
    content  the content tree, where the file of a key may lie that nobody has pinned yet
    date     of the release: what goes on its media was signed before
    """

    tiers: Sequence[Tier]
    keys: Sequence[KeySettings]
    root: Path
    content: Path
    date: datetime


@contextmanager
def believed_facts(is_final: bool, fact_cache: Path) -> Iterator[Path]:
    """Yield the cache whose facts count; for a final release it is empty: what is remembered is no proof."""
    if not is_final:
        yield fact_cache
        return
    with TemporaryDirectory(prefix="smedoit-scan-") as place:
        yield Path(place) / fact_cache.name


def load_tier_packages(
    tiers: Sequence[Tier],
    root: Path,
    keys: Sequence[PinnedKey],
    fact_cache: Path,
    wanted: Callable[[str], bool] | None = None,
    content: Path | None = None,
) -> dict[str, list[Package]]:
    """Return the packages of each tier, sorted by file, in the order of the tiers.

    root        the build root: Package.file is relative to it where that is possible
    fact_cache  what was read before; it learns even if packages are refused
    wanted      whether a file of this name is to be read at all; all are, if it is left out
    content     the content tree: key files that lie there are named to whoever needs them

    Raises PackageError with all refused files of all tiers, FileError for a tier that is not there.
    """
    seen = scan_tiers(tiers, root, keys, fact_cache, wanted)
    for error in seen.absent.values():
        raise error
    seen.complaints(content).raise_if_any()
    return dict(seen.packages)


def scan_tiers(
    tiers: Sequence[Tier],
    root: Path,
    keys: Sequence[PinnedKey],
    fact_cache: Path,
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
    paths = sorted({path for files in listed.values() for path in files})
    current = _scan_files(paths, root, keys, fact_cache)
    found = {tier: [current[path] for path in files] for tier, files in listed.items()}
    return ScanResult(
        {tier: [result for result in ones if isinstance(result, Package)] for tier, ones in found.items()},
        {
            tier: odd[tier] + [result for result in ones if isinstance(result, RejectedFile)]
            for tier, ones in found.items()
        },
        absent,
    )


def scan_package_files(paths: Iterable[Path], root: Path, keys: Sequence[PinnedKey], fact_cache: Path) -> Verdicts:
    """Return what single files are, whatever tier they lie in, as scan_tiers reads them. Raises FileError."""
    return _scan_files(sorted(set(paths)), root, keys, fact_cache)


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
            found = list(walk_linked_files(tier.path, tier.link_root))
    except FileError:
        if tier.path.is_dir():
            raise
        raise FileError(
            f"{tier.path}: tier {tier.name} is not there", hint="correct its path in release.toml, or mirror it"
        ) from None
    files = []
    for relative, entry in found:
        if entry.is_symlink() and os.path.isdir(entry.path):
            complaints.add(
                "is a link to a directory elsewhere, which would be passed over unless pool of its tier names it",
                entry.path,
            )
        elif relative.endswith(".rpm") and (wanted is None or wanted(entry.name)):
            files += _resolve_package_file(tier, relative, complaints)
    if not files and not tier.may_be_empty and wanted is None:
        raise FileError(
            f"{tier.path}: tier {tier.name} holds no RPM",
            hint=f"if that is meant, say may_be_empty = true for {tier.name} in release.toml",
        )
    return files


def _resolve_package_file(tier: Tier, relative: str, complaints: ScanProblems) -> list[Path]:
    """Return the one file that relative stands for, or nothing and a complaint."""
    try:
        return [resolve_file_below(tier.path, relative, tier.link_root)]
    except FileError as error:
        complaints.add(str(error).splitlines()[0].partition(": ")[2], os.fspath(tier.path / relative))
        return []


def _scan_files(paths: Sequence[Path], root: Path, keys: Sequence[PinnedKey], fact_cache: Path) -> Verdicts:
    """Return the verdict of every file; only files of which none is known are opened."""
    known, stamps = DigestCache(fact_cache), {path: read_stamp(path) for path in paths}
    current = _known_verdicts(known.known_digests(paths), root, keys, fact_cache)
    fresh = [path for path in paths if path not in current]
    if fresh:
        keyring.prepare_keyrings(keys)
    verdicts = workers.map_parallel(lambda path: _scan_file(path, root, keys), fresh)
    found = dict(zip(fresh, progress.track_progress(verdicts, len(fresh), "reading packages"), strict=True))
    for path, verdict in found.items():
        if isinstance(verdict, Package):
            known.learn(path, stamps[path], sha256=verdict.sha256)
    refused = [path for path, verdict in found.items() if isinstance(verdict, RejectedFile) and not verdict.passing]
    digests = {path: sums["sha256"] for path, sums in known.of_all(refused, "sha256").items()}
    changing = {path for path in refused if read_stamp(path) != stamps[path]}  # which its verdict may not be about
    known.save()
    _save_verdicts(
        {path: verdict for path, verdict in found.items() if path not in changing}, digests, keys, fact_cache
    )
    return {**current, **found}


def _scan_file(path: Path, root: Path, keys: Sequence[PinnedKey]) -> Package | RejectedFile:
    """Return the package at path, or why it is refused."""
    try:
        return reader.read_package(path, _package_file(path, root), keys)
    except header.BadPackageError as bad:
        return RejectedFile(os.fspath(path), str(bad), bad.keys, bad.claims, bad.passing)


def _known_verdicts(digests: Mapping[Path, str], root: Path, keys: Sequence[PinnedKey], fact_cache: Path) -> Verdicts:
    """Return what was found before of files with these digests, as far as it still holds.

    A good package counts as long as the key that signed it is trusted in the same way, a
    refused one as long as no key is trusted more or less.
    """
    trusted, everybody = {key.token for key in keys}, _combined_token(keys)
    with FactCache(fact_cache) as facts:
        good = facts.get_many(PACKAGES, digests.values())
        bad = facts.get_many(REFUSALS, (_refusal_key(path, digest) for path, digest in digests.items()))
    found: Verdicts = {}
    for path, digest in digests.items():
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            if refusal := bad.get(_refusal_key(path, digest)):
                entry = foreign.parse_json(refusal)
                if entry["trust"] == everybody:
                    claims = _package_from_json(entry["claims"]) if entry["claims"] else None
                    found[path] = RejectedFile(os.fspath(path), entry["refused"], tuple(entry["keys"]), claims)
            elif value := good.get(digest):
                entry = foreign.parse_json(value)
                package = _package_from_json({**entry, "file": _package_file(path, root), "sha256": digest})
                if entry["trust"] in trusted and package.filename == path.name:
                    found[path] = package
    return found


def _package_file(path: Path, root: Path) -> str:
    """Return a file as a lock names it: relative to the build root where that is possible."""
    return os.fspath(path.relative_to(root) if path.is_relative_to(root) else path)


def _refusal_key(path: Path, digest: str) -> str:
    """Return what a refusal is found by."""
    return f"{digest} {path}"


def _combined_token(keys: Sequence[PinnedKey]) -> str:
    """Return what a refusal depends on: all keys together."""
    return ", ".join(sorted(key.token for key in keys)) + "."


def _package_from_json(entry: Mapping[str, Any]) -> Package:
    """Return the package that a fact describes."""
    evr = Evr(int(entry["epoch"]), entry["version"], entry["release"])
    return Package(
        evr=evr,
        size=int(entry["size"]),
        signed=int(entry["signed"]),
        module=str(entry.get("module", "")),
        **{key: entry[key] for key in TEXTS},
    )


def _package_to_json(package: Package) -> dict[str, object]:
    """Return a package as JSON knows it."""
    evr = {"epoch": package.evr.epoch, "version": package.evr.version, "release": package.evr.release}
    modular = {"module": package.module} if package.module else {}
    texts = {key: getattr(package, key) for key in TEXTS}
    return {**evr, "size": package.size, "signed": package.signed, **modular, **texts}


def _save_verdicts(found: Verdicts, refused: Mapping[Path, str], keys: Sequence[PinnedKey], fact_cache: Path) -> None:
    """Remember verdicts with whose trust they depend on, but not those about files that were changing.

    refused  digests of the files that are refused for good
    """
    tokens, everybody = {key.fingerprint: key.token for key in keys}, _combined_token(keys)
    with FactCache(fact_cache) as facts:
        for path, verdict in found.items():
            if isinstance(verdict, Package):
                entry = {"trust": tokens[verdict.key], **_package_to_json(verdict)}
                facts.put(PACKAGES, verdict.sha256, path, _format_fact(entry))
            elif path in refused:
                claims = _package_to_json(verdict.claims) if verdict.claims else None
                entry = {"trust": everybody, "refused": verdict.reason, "keys": verdict.keys, "claims": claims}
                facts.put(REFUSALS, _refusal_key(path, refused[path]), path, _format_fact(entry))


def _format_fact(entry: Mapping[str, object]) -> bytes:
    """Return what is remembered of a file as the cache keeps it."""
    return json.dumps(entry, separators=(",", ":")).encode()


def cached_signers(paths: Sequence[Path], keys: Sequence[PinnedKey], fact_cache: Path) -> dict[Path, str]:
    """Return file -> fingerprint of the key that was found to have signed it, for every good package remembered.

    keys  only what one of these very keys vouches for counts
    """
    known = DigestCache(fact_cache)
    verdicts = _known_verdicts(known.known_digests(paths), Path("/"), keys, fact_cache)
    known.save()
    return {path: verdict.key for path, verdict in verdicts.items() if isinstance(verdict, Package)}


def staged_tiers(tiers: Iterable[Tier]) -> list[Tier]:
    """Return the tiers whose packages may go on the medium, in their order of trust."""
    return [tier for tier in tiers if tier.stage]
