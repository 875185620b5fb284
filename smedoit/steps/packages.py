"""Tiers to packages.lock, and the lock to Packages/, comps and repodata."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smedoit.decide import comps, lock, rules, stage
from smedoit.decide.config import Groups, Key, Selection, Tier
from smedoit.decide.errors import PackageError, grouped
from smedoit.decide.exclusions import Exclusions
from smedoit.decide.identity import Identity
from smedoit.decide.package import Package
from smedoit.decide.places import Memories
from smedoit.decide.stage import Pick
from smedoit.decide.wording import Rule
from smedoit.do import census, keys, layers, progress, repo, rpms, tree, workers
from smedoit.do.digests import Digests
from smedoit.do.keys import PinnedKey


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
    trusted = keys.load(pinned)
    keys.refuse_stale(pinned, trusted, one.date)
    if selection.lock:
        return choose_again(Path(selection.lock), trusted, root, memories, target)
    found = census.take(census.staged(tiers), root, trusted, memories.census, content=content)
    picks = stage.pick(found, selection, one.arch, without)
    learn(picks, root, memories)
    earlier = write_lock(target, lock.dumps(picks), memories.locks)
    seen = [package for packages in found.values() for package in packages]
    remarks = without.remarks(seen, (pick.package for pick in picks))
    chosen = f"{len(picks)} packages chosen of {len(seen)} in {len(found)} tiers{earlier}"
    return "\n  ".join([chosen, *remarks])


def learn(picks: Iterable[Pick], root: Path, memories: Memories) -> None:
    """Remember the digests that the census found, by the stamps it saw: who links a package need not read it again."""
    known, proven = Digests(memories.digests), census.proven(memories.census)
    for pick in picks:
        path = root / pick.package.file
        if found := proven.get(os.fspath(path)):
            known.learn(path, found[0], sha256=found[1])
    known.save()


def choose_again(earlier: Path, trusted: Sequence[PinnedKey], root: Path, memories: Memories, target: Path) -> str:
    """Take an earlier lock as it stands, if every file of it still is what it was. Raises PackageError."""
    text = tree.read_text(earlier)
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
    if not target.exists() or (before := tree.read_text(target)) == text:
        tree.write(target, text)
        return ""
    copy = kept / f"packages-{hashlib.sha256(before.encode()).hexdigest()[:12]}.lock"
    tree.write(copy, before)
    tree.write(target, text)
    return f"; the lock before is kept as {copy.relative_to(kept.parent)}"


def read_lock(path: Path) -> list[Pick]:
    """Return the picks of a lock. Raises TreeError, PackageError."""
    return lock.loads(tree.read_text(path), path)


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
        tree.link(sources[name], target / name)
    found = {name: (target / name, wanted[name]) for name in (wanted if memory else placed)}
    bad = changed(found, memory).found
    for name in (name for names in bad.values() for name in names):
        tree.remove(target / name)
    for reason, names in bad.items():
        refuse_moved({name: sources[name] for name in names}, reason)
    gone = [name for name in layers.listed(target) if name.endswith(".rpm") and name not in wanted]
    for name in gone:
        tree.remove(target / name)
    return f"{len(wanted)} packages, {len(placed)} new, {len(gone)} removed"


def refuse_moved(files: Mapping[str, Path], reason: str) -> None:
    """Raise PackageError if there are files of the lock that are not what they were."""
    if files:
        raise PackageError(
            f"the tiers changed since the packages were chosen\n{grouped({reason: map(str, files.values())})}",
            hint="run doit again: it chooses from what is there now",
        )


def changed(found: Mapping[str, tuple[Path, Package]], memory: Path | None) -> census.Complaints:
    """Return the names of the files that are gone, or of other content than their package says."""
    known, complaints = Digests(memory or Path(os.devnull)), census.Complaints()
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
    placed = keys.load(replace(key, file=tree_root / key.file.name) for key in pinned)
    paths = [tree_root / "Packages" / pick.package.filename for pick in read_lock(lock_file)]
    complaints, found = census.Complaints(), signers(paths, placed, census.vouched(memory, placed))
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
    paths: Sequence[Path], placed: Sequence[PinnedKey], known: Mapping[tree.Stamp, str]
) -> dict[Path, tuple[str, str]]:
    """Return package -> the key that signed it, or "" and why none did; a file with a known stamp is not opened."""
    found = {path: (known[stamp], "") for path in paths if (stamp := census.stamp_of(path)) in known}
    fresh = [path for path in paths if path not in found]
    keys.prepare(placed if fresh else ())
    return {**found, **dict(zip(fresh, workers.spread(lambda path: vouched(path, placed), fresh), strict=True))}


def vouched(path: Path, placed: Sequence[PinnedKey]) -> tuple[str, str]:
    """Return the key that signed a package, or "" and why none did."""
    try:
        return rpms.signed_by(path, placed), ""
    except rpms.Bad as bad:
        return "", str(bad)


def is_linked(source: Path, target: Path) -> bool:
    """Return whether target already is source."""
    try:
        return os.path.samefile(source, target)
    except OSError:
        return False


def write_comps(
    relative: str,
    own: Sequence[Rule],
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
