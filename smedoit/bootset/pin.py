# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot set pinned: what a source has now, after holding it against what upstream says of it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from smedoit.bootset import sources
from smedoit.bootset.fetch import describe_boot_kernel, install_boot_set, refuse_unknown_files
from smedoit.bootset.pins import (
    ALGORITHMS,
    ENDINGS,
    SUM_FILES,
    ChecksumClaim,
    PinFile,
    check_required_files,
    format_pins,
    parse_pins,
    parse_upstream_sums,
    pin_differences,
    treeinfo_checksums,
)
from smedoit.bootset.sources import BootSetOrigin, DirectoryOrigin, HttpOrigin, IsoOrigin
from smedoit.config.inputs import BootSetSettings
from smedoit.config.network import NetworkSettings
from smedoit.config.tiers import KeySettings
from smedoit.errors import ContentError, SmeError, format_grouped
from smedoit.fetch import crawl
from smedoit.keys import gpgv
from smedoit.medium_paths import TREEINFO
from smedoit.runtime import files, progress
from smedoit.runtime.checksums import ChecksummedFile
from smedoit.runtime.digests import DigestCache
from smedoit.tree.boot_files import check_kernel_copies


def update_boot_pins(
    boot: BootSetSettings,
    pins: PinFile,
    trusted: Sequence[KeySettings],
    network: NetworkSettings,
    downloads: Path,
    fact_cache: Path,
) -> Mapping[str, str]:
    """Write the pins of the boot set that the source has now, if upstream's own checksums do not contradict it."""
    sums, visitor = DigestCache(fact_cache), crawl.caching_fetcher(network, downloads)
    origins = sources.boot_set_origins(boot, visitor, pins.base)
    chosen, names = _first_listing(origins or [DirectoryOrigin(boot.path, pins.base)])
    incoming = boot.path.with_name(f".{boot.path.name}.incoming")
    root = incoming if origins else boot.path
    if origins:
        refuse_unknown_files(boot.path, dict.fromkeys(names))
        names = _fetch_files(chosen, names, incoming)
    check_required_files(names, chosen.name, pins)
    pinned = {name: ChecksummedFile(name, (root / name).stat().st_size, sums.sha256(root / name)) for name in names}
    claims = _collect_claims(chosen, root, incoming.with_name(f".{boot.path.name}.sums"), names, trusted)
    _check_claims(claims, chosen, root, sums)
    check_kernel_copies(pins.base, {name: pin.sha256 for name, pin in pinned.items()})
    kernel = describe_boot_kernel(pins.base, {name: root / name for name in names})
    changes = _write_pins(pinned, kernel, pins.path)
    if origins:
        install_boot_set(incoming, boot.path, names, pinned)
    sums.save()
    spent = f"; {visitor.totals}" if visitor.totals.requests else ""
    return {
        "did": f"{len(pinned)} files pinned, {changes}; {kernel}; {_count_verified(claims, pinned)}{spent}",
        "result": str(pins.path),
    }


def _first_listing(origins: Sequence[BootSetOrigin]) -> tuple[BootSetOrigin, list[str]]:
    """Return the first place that tells what it has, with that. Raises its error if none does."""
    reasons = []
    for source in origins:
        try:
            return source, source.files()
        except SmeError as error:
            if len(origins) == 1:
                raise
            reasons.append(str(error).splitlines()[0])
    raise ContentError(
        f"no source lists the files of its boot set\n{format_grouped({'asked': reasons})}",
        hint="correct [boot_set], or give it an iso",
    )


def _fetch_files(source: BootSetOrigin, names: Sequence[str], incoming: Path) -> list[str]:
    """Put every file into incoming; return their paths, .treeinfo among them if there is one."""
    for name in progress.track_progress(names, len(names), "taking the boot set", slow=True):
        source.take(name, None, files.resolve_path_below(incoming, name))
    if TREEINFO in names:
        return list(names)
    treeinfo = source.beside(TREEINFO, incoming) if isinstance(source, HttpOrigin) else None
    return sorted([*names, TREEINFO]) if treeinfo else list(names)


def _collect_claims(
    source: BootSetOrigin, root: Path, place: Path, names: Sequence[str], trusted: Sequence[KeySettings]
) -> list[ChecksumClaim]:
    """Return what upstream says of these files, or of the ISO as a whole. Raises SmeError for a bad signature."""
    claims = []
    if TREEINFO in names:
        text = files.read_file_text(root / TREEINFO)
        claims.append(ChecksumClaim(TREEINFO, treeinfo_checksums(text, root / TREEINFO)).about(names))
    subjects = [source.path.name] if isinstance(source, IsoOrigin) else names
    for name in SUM_FILES:
        if file := source.beside(name, place):
            claims += [claim.about(subjects) for claim in _read_claims(file, source, place, trusted)]
    shutil.rmtree(place, ignore_errors=True)
    return [claim for claim in claims if claim.digests]


def _read_claims(file: Path, source: BootSetOrigin, place: Path, trusted: Sequence[KeySettings]) -> list[ChecksumClaim]:
    """Return what a checksum file says, its signature checked if it has one, in itself or beside it."""
    data = files.read_file_bytes(file)
    if gpgv.is_clearsigned(data):
        data, signer = gpgv.verify_clearsigned(file, trusted)
        return [ChecksumClaim(file.name, parse_upstream_sums(data.decode("utf-8", "replace")), signer)]
    found = parse_upstream_sums(data.decode("utf-8", "replace"))
    for ending in ENDINGS if found else ():
        signature = source.beside(file.name + ending, place)
        if signature and not gpgv.is_clearsigned(files.read_file_bytes(signature)):
            return [ChecksumClaim(file.name, found, gpgv.verify_detached(file, signature, trusted))]
    return [ChecksumClaim(file.name, found)] if found else []


def _check_claims(claims: Sequence[ChecksumClaim], source: BootSetOrigin, root: Path, sums: DigestCache) -> None:
    """Raise ContentError for every file that is not what somebody says of it."""
    faults: dict[str, list[str]] = {}
    for claim in claims:
        for path, expected in claim.digests.items():
            file = source.path if isinstance(source, IsoOrigin) and path == source.path.name else root / path
            found = _digest_like(file, expected, sums)
            if found != expected.lower():
                faults.setdefault(str(claim), []).append(f"{path}: expected {expected}, found {found}")
    if faults:
        raise ContentError(
            f"{source.name}: is not what upstream says of it, so nothing was pinned\n{format_grouped(faults)}",
            hint="the transfer or the mirror is damaged, or files there were replaced: use another source",
        )


def _digest_like(file: Path, like: str, sums: DigestCache) -> str:
    """Return the digest of a file by the algorithm that made digests as long as like."""
    algorithm = ALGORITHMS.get(len(like), "")
    if algorithm == "sha256":
        return sums.sha256(file)
    if not algorithm:
        return "no algorithm that makes such a digest"
    state = hashlib.new(algorithm, usedforsecurity=False)
    with files.wrap_os_errors(file, "read"), file.open("rb") as source:
        while block := source.read(files.BLOCK):
            state.update(block)
    return state.hexdigest()


def _write_pins(pins: Mapping[str, ChecksummedFile], kernel: str, file: Path) -> str:
    """Write the pin file; return how it differs from the old one."""
    old = parse_pins(files.read_file_text(file), file) if file.is_file() else {}
    changes = pin_differences(old, pins)
    for line in changes if old else ():
        progress.log_line(line)
    files.write_file(file, format_pins(pins.values(), kernel))
    return f"{len(changes)} otherwise than before" if old else "for the first time"


def _count_verified(claims: Sequence[ChecksumClaim], pins: Mapping[str, ChecksummedFile]) -> str:
    """Return how many files each signed list covers, and how many none covers."""
    parts = [f"{claim} lists {len(claim.digests)}" for claim in claims]
    covered = {path for claim in claims for path in claim.digests}
    bare = 0 if covered - set(pins) else len(set(pins) - covered)
    return ", ".join([*parts, f"{bare} unlisted"] if bare else parts)
