"""packages.lock to the source packages of its packages: sources.lock, and SRPMS/ with its repodata."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from smedoit.decide import lock, sources
from smedoit.decide.config import Key, Tier
from smedoit.decide.distribution import Sources
from smedoit.decide.errors import ContentError
from smedoit.decide.identity import Identity
from smedoit.decide.sources import Disc
from smedoit.decide.stage import Pick
from smedoit.do import census, iso, keys, layers, repo, tree
from smedoit.steps import packages
from smedoit.steps.medium import finish


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


def describe(sources_lock: Path, target: Path, epoch: int, memory: Path) -> str:
    """Write repodata/ of SRPMS/."""
    located = packages_in(target, packages.read_lock(sources_lock))
    parsed = repo.make(located, None, target / "repodata", epoch, memory)
    return f"{len(located)} source packages, {parsed} of them parsed now"


def packages_in(directory: Path, picks: Iterable[Pick]) -> list[repo.Located]:
    """Return source packages as a repository at directory has them."""
    return [repo.Located(pick.package, directory / pick.package.filename, pick.package.filename) for pick in picks]


def write(
    one: Identity,
    settings: Sources,
    sources_lock: Path,
    srpms: Path,
    pinned: Sequence[Path],
    own: Path,
    target: Path,
    memories: tuple[Path, Path],
    layouts: Path,
) -> Mapping[str, str]:
    """Write the source ISO, or the discs of it, and remove those that are no more.

    own       directory for the repodata of single discs
    memories  of parsed packages, and of digests
    """
    picks = packages.read_lock(sources_lock)
    every = sources.plan(picks, settings, one, target.name)
    results = []
    for disc in every:
        if disc.number:
            place, everything = repodata_of(disc, own, srpms), packages_in(srpms, picks)
            repo.make(packages_in(srpms, disc.picks), None, place, one.epoch, memories[0], everything)
        title = f"{one.product} {one.title} sources"
        medium = iso.Medium(disc.volume, one.product, title, one.epoch, files(disc, srpms, pinned, own), False)
        path = target.with_name(disc.name)
        results.append(finish(medium, path, memories[1], layouts / f"{path.stem}.json"))
        check_size(path, settings.disc_size)
    remove_others(target, layouts, {disc.name for disc in every})
    return {key: "\n".join(result[key] for result in results) for key in ("did", "result")}


def files(disc: Disc, srpms: Path, pinned: Iterable[Path], own: Path) -> dict[str, Path]:
    """Return what goes on a disc: its packages with their repodata, and the keys that they are signed with."""
    repodata = repodata_of(disc, own, srpms)
    return {
        **{f"SRPMS/{name}": srpms / name for name in (pick.package.filename for pick in disc.picks)},
        **{f"SRPMS/repodata/{name}": repodata / name for name in layers.listed(repodata)},
        **{path.name: path for path in pinned},
    }


def repodata_of(disc: Disc, own: Path, srpms: Path) -> Path:
    """Return where the repodata of a disc lies: that of all packages, if they are all on it."""
    return own / str(disc.number) if disc.number else srpms / "repodata"


def check_size(path: Path, limit: int) -> None:
    """Raise ContentError if an ISO became larger than a disc."""
    size = path.stat().st_size
    if limit and size > limit:
        raise ContentError(
            f"{path}: has {size} bytes, more than [sources] disc_size allows",
            hint="give release.toml a smaller disc_size",
        )


def remove_others(target: Path, layouts: Path, names: set[str]) -> None:
    """Remove source ISOs of this release that were not written, with all that lies beside them."""
    for stale in (*target.parent.glob(f"{target.stem}*"), *layouts.glob(f"{target.stem}*")):
        stem = re.sub(r"\.(iso|iso\.sha256|files|jigdo|template|json)$", "", stale.name)
        if f"{stem}.iso" not in names:
            tree.remove(stale)
