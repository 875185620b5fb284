"""Tiers to packages.lock, and the lock to Packages/, comps and repodata."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from smedoit import census, comps, keys, layers, lock, progress, repo, rules, stage, tree
from smedoit.config import Groups, Key, Selection, Tier
from smedoit.identity import Identity
from smedoit.stage import Pick


def choose(
    tiers: Sequence[Tier],
    pinned: Sequence[Key],
    selection: Selection,
    arch: str,
    root: Path,
    memory: Path,
    target: Path,
) -> str:
    """Read the staged tiers, choose, and write packages.lock."""
    found = census.take(census.staged(tiers), root, keys.load(pinned), memory)
    picks = stage.pick(found, selection, arch)
    tree.write(target, lock.dumps(picks))
    seen = sum(len(packages) for packages in found.values())
    return f"{len(picks)} packages chosen of {seen} in {len(found)} tiers"


def read_lock(path: Path) -> list[Pick]:
    """Return the picks of a lock. Raises TreeError, PackageError."""
    return lock.loads(tree.read_text(path), path)


def link(lock_file: Path, root: Path, target: Path) -> str:
    """Make target hold the packages of the lock, as hard links where that is possible, and no other RPM."""
    wanted = {pick.package.filename: root / pick.package.file for pick in read_lock(lock_file)}
    placed = [name for name, source in sorted(wanted.items()) if not is_linked(source, target / name)]
    for name in progress.track(placed, len(placed), "linking packages"):
        tree.link(wanted[name], target / name)
    gone = [name for name in layers.listed(target) if name.endswith(".rpm") and name not in wanted]
    for name in gone:
        tree.remove(target / name)
    return f"{len(wanted)} packages, {len(placed)} new, {len(gone)} removed"


def is_linked(source: Path, target: Path) -> bool:
    """Return whether target already is source."""
    try:
        return os.path.samefile(source, target)
    except OSError:
        return False


def write_comps(
    relative: str,
    own: Sequence[rules.Rule],
    source: Path,
    lock_file: Path,
    groups: Groups,
    one: Identity,
    target: Path,
) -> str:
    """Write comps.xml with this version, after holding it against the packages of the lock."""
    text = rules.render(relative, tree.read_text(source), one, own)
    parsed = comps.parse(text, source)
    comps.check(parsed, {pick.package.name for pick in read_lock(lock_file)}, set(groups.absent), source)
    tree.write(target, text)
    return f"{len(parsed.groups)} groups, {len(parsed.environments)} environments"


def describe(lock_file: Path, comps_file: Path, tree_root: Path, epoch: int, memory: Path) -> str:
    """Write repodata/ for the packages of the lock."""
    packages = [
        repo.Located(pick.package, tree_root / "Packages" / pick.package.filename, f"Packages/{pick.package.filename}")
        for pick in read_lock(lock_file)
    ]
    parsed = repo.make(packages, comps_file, tree_root / "repodata", epoch, memory)
    return f"{len(packages)} packages, {parsed} of them parsed now"
