"""The boot set pinned: what a source has now, after holding it against what upstream says of it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from smedoit.artifacts.checksums import Summed
from smedoit.bootset import sources
from smedoit.bootset.fetch import READERS, refuse_strangers, settle, told_kernel
from smedoit.bootset.pins import (
    ALGORITHMS,
    ENDINGS,
    SUM_FILES,
    TREEINFO,
    Claim,
    check_twins,
    check_whole,
    differences,
    dumps,
    loads,
    sum_file,
    treeinfo_sums,
)
from smedoit.bootset.sources import Disc, Mirror, Origin, Server
from smedoit.config.inputs import BootSet
from smedoit.config.network import Network
from smedoit.config.tiers import Key
from smedoit.errors import ContentError, SmeError, grouped
from smedoit.fetch import crawl
from smedoit.keys import gpgv
from smedoit.runtime import files, progress
from smedoit.runtime.digests import Digests


def pin(
    boot: BootSet, pins_file: Path, trusted: Sequence[Key], network: Network, memory: Path, known: Path
) -> Mapping[str, str]:
    """Write the pins of the boot set that the source has now, if upstream's own checksums do not contradict it."""
    sums, visitor = Digests(known), crawl.visitor(network, memory)
    origins = sources.all_of(boot, visitor)
    chosen, names = first_listing(origins or [Mirror(boot.path)])
    incoming = boot.path.with_name(f".{boot.path.name}.incoming")
    root = incoming if origins else boot.path
    if origins:
        refuse_strangers(boot.path, dict.fromkeys(names))
        names = take_all(chosen, names, incoming)
    check_whole(names, chosen.name)
    pins = {name: Summed(name, (root / name).stat().st_size, sums.sha256(root / name)) for name in names}
    claims = claims_of(chosen, root, incoming.with_name(f".{boot.path.name}.sums"), names, trusted)
    check_claims(claims, chosen, root, sums)
    check_twins({name: one.sha256 for name, one in pins.items()})
    kernel = told_kernel({path: root / path for path in READERS})
    changes = write_pins(pins, kernel, pins_file)
    if origins:
        settle(incoming, boot.path, names, pins)
    sums.save()
    spent = f"; {visitor.totals}" if visitor.totals.requests else ""
    return {
        "did": f"{len(pins)} files pinned, {changes}; {kernel}; {vouched_for(claims, pins)}{spent}",
        "result": str(pins_file),
    }


def first_listing(origins: Sequence[Origin]) -> tuple[Origin, list[str]]:
    """Return the first place that tells what it has, with that. Raises its error if none does."""
    reasons = []
    for one in origins:
        try:
            return one, one.files()
        except SmeError as error:
            if len(origins) == 1:
                raise
            reasons.append(str(error).splitlines()[0])
    raise ContentError(
        f"no source tells which files its boot set has\n{grouped({'asked': reasons})}",
        hint="correct [boot_set], or give it an iso",
    )


def take_all(one: Origin, names: Sequence[str], incoming: Path) -> list[str]:
    """Put every file into incoming; return their paths, .treeinfo among them if there is one."""
    for name in progress.track(names, len(names), "taking the boot set"):
        one.take(name, None, files.place_below(incoming, name))
    if TREEINFO in names:
        return list(names)
    treeinfo = one.beside(TREEINFO, incoming) if isinstance(one, Server) else None
    return sorted([*names, TREEINFO]) if treeinfo else list(names)


def claims_of(one: Origin, root: Path, place: Path, names: Sequence[str], trusted: Sequence[Key]) -> list[Claim]:
    """Return what upstream says of these files, or of the ISO as a whole. Raises SmeError for a bad signature."""
    claims = []
    if TREEINFO in names:
        text = files.read_text(root / TREEINFO)
        claims.append(Claim(TREEINFO, treeinfo_sums(text, root / TREEINFO)).about(names))
    subjects = [one.path.name] if isinstance(one, Disc) else names
    for name in SUM_FILES:
        if file := one.beside(name, place):
            claims += [claim.about(subjects) for claim in claims_in(file, one, place, trusted)]
    shutil.rmtree(place, ignore_errors=True)
    return [claim for claim in claims if claim.digests]


def claims_in(file: Path, one: Origin, place: Path, trusted: Sequence[Key]) -> list[Claim]:
    """Return what a checksum file says, its signature checked if it has one, in itself or beside it."""
    data = files.read_bytes(file)
    if gpgv.is_clearsigned(data):
        data, signer = gpgv.text_of(file, trusted)
        return [Claim(file.name, sum_file(data.decode("utf-8", "replace")), signer)]
    found = sum_file(data.decode("utf-8", "replace"))
    for ending in ENDINGS if found else ():
        signature = one.beside(file.name + ending, place)
        if signature and not gpgv.is_clearsigned(files.read_bytes(signature)):
            return [Claim(file.name, found, gpgv.owner_of(file, signature, trusted))]
    return [Claim(file.name, found)] if found else []


def check_claims(claims: Sequence[Claim], one: Origin, root: Path, sums: Digests) -> None:
    """Raise ContentError for every file that is not what somebody says of it."""
    faults: dict[str, list[str]] = {}
    for claim in claims:
        for path, expected in claim.digests.items():
            file = one.path if isinstance(one, Disc) and path == one.path.name else root / path
            found = digest_of(file, expected, sums)
            if found != expected.lower():
                faults.setdefault(str(claim), []).append(f"{path}: expected {expected}, found {found}")
    if faults:
        raise ContentError(
            f"{one.name}: is not what upstream says of it, so nothing was pinned\n{grouped(faults)}",
            hint="the transfer or the mirror is damaged, or somebody changed files there: use another source",
        )


def digest_of(file: Path, like: str, sums: Digests) -> str:
    """Return the digest of a file by the algorithm that made digests as long as like."""
    algorithm = ALGORITHMS.get(len(like), "")
    if algorithm == "sha256":
        return sums.sha256(file)
    if not algorithm:
        return "no algorithm that makes such a digest"
    state = hashlib.new(algorithm, usedforsecurity=False)
    with files.worded(file, "read"), file.open("rb") as source:
        while block := source.read(files.BLOCK):
            state.update(block)
    return state.hexdigest()


def write_pins(pins: Mapping[str, Summed], kernel: str, file: Path) -> str:
    """Write the pin file; return how it differs from the old one."""
    old = loads(files.read_text(file), file) if file.is_file() else {}
    changes = differences(old, pins)
    for line in changes if old else ():
        progress.note(line)
    files.write(file, dumps(pins.values(), kernel))
    return f"{len(changes)} otherwise than before" if old else "for the first time"


def vouched_for(claims: Sequence[Claim], pins: Mapping[str, Summed]) -> str:
    """Return who vouches for how many files, and how many nobody vouches for."""
    parts = [f"{claim} vouches for {len(claim.digests)}" for claim in claims]
    covered = {path for claim in claims for path in claim.digests}
    bare = 0 if covered - set(pins) else len(set(pins) - covered)
    return ", ".join([*parts, f"nobody vouches for {bare}"] if bare else parts)
