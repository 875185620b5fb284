"""packages.lock to the source packages of its packages: sources.lock, and SRPMS/ with its repodata."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smedoit import census, keys, lock, sources, tree
from smedoit.config import Key, Tier
from smedoit.distribution import Sources
from smedoit.steps import packages


def choose(
    lock_file: Path,
    tiers: Sequence[Tier],
    pinned: Sequence[Key],
    settings: Sources,
    root: Path,
    memory: Path,
    target: Path,
) -> str:
    """Find the SRPM of every package of the lock in any tier, and write sources.lock."""
    picks = packages.read_lock(lock_file)
    needed = sources.wanted(picks, settings.absent)
    there = [tier for tier in tiers if tier.stage or tier.path.is_dir()]
    found = census.take(there, root, keys.load(pinned), memory, needed.__contains__)
    chosen = sources.choose(needed, found)
    tree.write(target, lock.dumps(chosen))
    return f"{len(chosen)} source packages of {len(picks)} packages"


def link(sources_lock: Path, root: Path, target: Path) -> str:
    """Make SRPMS/ hold the packages of sources.lock, as hard links where that is possible, and no other RPM."""
    return packages.link(sources_lock, root, target)
