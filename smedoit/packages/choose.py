"""Tiers to packages.lock, and the lock to Packages/, comps and repodata."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from smedoit.config.identity import Identity
from smedoit.config.packages import Exclusions, Selection
from smedoit.config.places import Memories
from smedoit.config.tiers import Key, Tier
from smedoit.errors import PackageError, grouped
from smedoit.keys import keyring
from smedoit.keys.keyring import PinnedKey
from smedoit.packages import lock, scan, select
from smedoit.packages.select import Pick
from smedoit.packages.stage import changed
from smedoit.runtime.digests import Digests
from smedoit.runtime.files import read_text, write


def choose(
    tiers: Sequence[Tier],
    pinned: Sequence[Key],
    selection: Selection,
    without: Exclusions,
    one: Identity,
    root: Path,
    content: Path,
    memories: Memories,
    target: Path,
) -> str:
    """Read the staged tiers, choose, and write packages.lock; or take the earlier lock that release.toml pins."""
    trusted = keyring.load(pinned)
    keyring.refuse_stale(pinned, trusted, one.date)
    if selection.lock:
        return choose_again(Path(selection.lock), trusted, root, memories, target)
    found = scan.take(scan.staged(tiers), root, trusted, memories.census, content=content)
    picks = select.pick(found, selection, one.arch, without)
    learn(picks, root, memories)
    earlier = write_lock(target, lock.dumps(picks), memories.locks)
    seen = [package for packages in found.values() for package in packages]
    remarks = without.remarks(seen, (pick.package for pick in picks))
    chosen = f"{len(picks)} packages chosen of {len(seen)} in {len(found)} tiers{earlier}"
    return "\n  ".join([chosen, *remarks])


def learn(picks: Iterable[Pick], root: Path, memories: Memories) -> None:
    """Remember the digests that the census found, by the stamps it saw: who links a package need not read it again."""
    known, proven = Digests(memories.digests), scan.proven(memories.census)
    for pick in picks:
        path = root / pick.package.file
        if found := proven.get(os.fspath(path)):
            known.learn(path, found[0], sha256=found[1])
    known.save()


def choose_again(earlier: Path, trusted: Sequence[PinnedKey], root: Path, memories: Memories, target: Path) -> str:
    """Take an earlier lock as it stands, if every file of it still is what it was. Raises PackageError."""
    text = read_text(earlier)
    picks = lock.loads(text, earlier)
    fingerprints = {key.fingerprint for key in trusted}
    unsure = [pick for pick in picks if pick.package.key not in fingerprints]
    complaints = changed(
        {pick.package.file: (root / pick.package.file, pick.package) for pick in picks}, memories.digests
    )
    for pick in unsure:
        complaints.add(f"signed by key {pick.package.key}, which release.toml does not trust", pick.package.file)
    if complaints.found:
        raise PackageError(
            f"{earlier}: cannot be built again\n{grouped(complaints.found)}",
            hint="put those files back as they were, or take [packages] lock out of release.toml to choose anew",
        )
    replaced = write_lock(target, text, memories.locks)
    return f"{len(picks)} packages of the lock {earlier}{replaced}"


def write_lock(target: Path, text: str, kept: Path) -> str:
    """Write packages.lock; return words about the one it replaces, which is kept to be built again."""
    if not target.exists() or (before := read_text(target)) == text:
        write(target, text)
        return ""
    copy = kept / f"packages-{hashlib.sha256(before.encode()).hexdigest()[:12]}.lock"
    write(copy, before)
    write(target, text)
    return f"; the lock before is kept as {copy.relative_to(kept.parent)}"


def read_lock(path: Path) -> list[Pick]:
    """Return the picks of a lock. Raises TreeError, PackageError."""
    return lock.loads(read_text(path), path)
