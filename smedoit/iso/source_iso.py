"""source_iso"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from smedoit.config.identity import Identity
from smedoit.config.media import Sources
from smedoit.errors import ContentError, grouped, human
from smedoit.iso.build import finish
from smedoit.iso.write import Medium
from smedoit.package import Package
from smedoit.packages import choose
from smedoit.packages.select import Pick
from smedoit.packages.sources import packages_in
from smedoit.repodata.write import make
from smedoit.runtime.files import remove
from smedoit.tree import layers

SECTOR = 2048
A_FILE = 4096  # bytes of a disc that a package needs besides its own: names, twice, and its part of the repodata
A_DISC = 2 << 20  # and a disc besides its files: headers, keys, what of repodata has no package, and what fills it up


@dataclass(frozen=True)
class Disc:
    """One source ISO; number 0 is the only one."""

    number: int
    name: str
    volume: str
    picks: tuple[Pick, ...]


def discs(sizes: Mapping[str, int], room: int) -> list[list[str]]:
    """Return which names go on which disc: in sorted order, each on the first disc with room for it.

    sizes  name -> bytes that it takes on a disc
    room   bytes of a disc; 0 puts everything on one

    Raises ContentError for names that no disc could hold.
    """
    too_large = [f"{name}, {human(size)}" for name, size in sizes.items() if room and size > room]
    if too_large:
        raise ContentError(
            f"[sources] disc_size leaves {human(room)} a disc for packages\n{grouped({'too large': too_large})}",
            hint="give release.toml a larger disc_size, or 0 for a single source ISO",
        )
    filled: list[tuple[int, list[str]]] = [(0, [])]
    for name, size in sorted(sizes.items()):
        number = next((n for n, (used, _) in enumerate(filled) if not room or used + size <= room), len(filled))
        if number == len(filled):
            filled.append((0, []))
        used, names = filled[number]
        filled[number] = used + size, [*names, name]
    return [names for _, names in filled]


def plan(picks: Sequence[Pick], settings: Sources, one: Identity, name: str) -> list[Disc]:
    """Return the discs that source packages go on; a single one bears name, several NAME-disc1 and so on.

    Raises ContentError if a disc is too small for a package.
    """
    by_name = {pick.package.filename: pick for pick in picks}
    sizes = {name: footprint(pick.package) for name, pick in by_name.items()}
    groups = discs(sizes, max(1, settings.disc_size - A_DISC) if settings.disc_size else 0)
    if len(groups) == 1:
        return [Disc(0, name, settings.volume(one), tuple(picks))]
    stem = name.removesuffix(".iso")
    return [
        Disc(n, f"{stem}-disc{n}.iso", settings.volume(one, n), tuple(by_name[name] for name in names))
        for n, names in enumerate(groups, 1)
    ]


def footprint(package: Package) -> int:
    """Return the bytes of a disc that a package needs."""
    return -(-package.size // SECTOR) * SECTOR + A_FILE


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
    picks = choose.read_lock(sources_lock)
    every = plan(picks, settings, one, target.name)
    results = []
    for disc in every:
        if disc.number:
            place, everything = repodata_of(disc, own, srpms), packages_in(srpms, picks)
            make(packages_in(srpms, disc.picks), None, place, one.epoch, memories[0], everything)
        title = f"{one.product} {one.title} sources"
        medium = Medium(disc.volume, one.product, title, one.epoch, files(disc, srpms, pinned, own), False)
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
            remove(stale)
