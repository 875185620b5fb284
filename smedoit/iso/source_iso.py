# SPDX-License-Identifier: GPL-3.0-or-later
"""The source ISO, or its discs: which source package goes on which, written and sealed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from smedoit.config.identity import ReleaseIdentity
from smedoit.config.media import SourceIsoSettings
from smedoit.errors import ContentError, format_grouped, format_size
from smedoit.iso.build import IsoTarget, finish_medium
from smedoit.iso.medium import IsoMedium
from smedoit.package import Package
from smedoit.packages import lock
from smedoit.packages.places import SOURCES
from smedoit.packages.select import SelectedPackage
from smedoit.packages.sources import repo_packages
from smedoit.repodata import write
from smedoit.runtime import files
from smedoit.tree import layers

SECTOR = 2048
FILE_OVERHEAD = 4096  # bytes a package needs besides its own: names, twice, and its part of the repodata
DISC_OVERHEAD = 1 << 19  # bytes a disc needs besides its packages: headers, keys, the rest of repodata, padding


@dataclass(frozen=True)
class SourceDisc:
    """One source ISO; number 0 is the only one."""

    number: int
    name: str
    volume: str
    picks: tuple[SelectedPackage, ...]


@dataclass(frozen=True)
class SourceTree:
    """The source packages of a release as they are staged.

    lock   sources.lock
    srpms  SRPMS/ of the stage, with repodata/
    keys   files of the keys that they are signed with
    own    directory for the repodata of single discs
    """

    lock: Path
    srpms: Path
    keys: Sequence[Path]
    own: Path


def write_source_iso(
    identity: ReleaseIdentity, settings: SourceIsoSettings, tree: SourceTree, target: IsoTarget
) -> Mapping[str, str]:
    """Write the source ISO, or its discs, and remove discs of an earlier run that are not needed any more."""
    srpms, own = tree.srpms, tree.own
    picks = lock.read_lock(tree.lock)
    every = plan_source_discs(picks, settings, identity, target.path.name)
    results = []
    for disc in every:
        if disc.number:
            place = _disc_repodata(disc, own, srpms)
            write.write_repodata(
                repo_packages(srpms, disc.picks), write.NO_EXTRAS, place, identity.epoch, target.fact_cache
            )
        title = f"{identity.product} {identity.title} sources"
        medium = IsoMedium(
            volume=disc.volume,
            publisher=identity.product,
            application=title,
            epoch=identity.epoch,
            files=source_disc_files(disc, srpms, tree.keys, own),
            firmware=(),
            base=identity.built_on,
            sha256={path: package.sha256 for path, package in SOURCES.locate_packages(disc.picks).items()},
        )
        path = target.path.with_name(disc.name)
        results.append(finish_medium(medium, replace(target, path=path)))
        _check_disc_size(path, settings.disc_size)
    _remove_stale_discs(target.path, target.layouts, {disc.name for disc in every})
    return {key: "\n".join(result[key] for result in results) for key in ("did", "result")}


def plan_source_discs(
    picks: Sequence[SelectedPackage], settings: SourceIsoSettings, identity: ReleaseIdentity, name: str
) -> list[SourceDisc]:
    """Return the discs that source packages go on; a single one bears name, several NAME-disc1 and so on.

    Raises ContentError if a disc is too small for a package.
    """
    by_name = {pick.package.filename: pick for pick in picks}
    sizes = {name: _disc_footprint(pick.package) for name, pick in by_name.items()}
    groups = assign_discs(sizes, max(1, settings.disc_size - DISC_OVERHEAD) if settings.disc_size else 0)
    if len(groups) == 1:
        return [SourceDisc(0, name, settings.volume(identity), tuple(picks))]
    stem = name.removesuffix(".iso")
    return [
        SourceDisc(n, f"{stem}-disc{n}.iso", settings.volume(identity, n), tuple(by_name[name] for name in names))
        for n, names in enumerate(groups, 1)
    ]


def assign_discs(sizes: Mapping[str, int], room: int) -> list[list[str]]:
    """Return which names go on which disc: in sorted order, each on the first disc with room for it.

    sizes  name -> bytes that it takes on a disc
    room   bytes of a disc; 0 puts everything on one

    Raises ContentError for names that no disc could hold.
    """
    too_large = [f"{name}, {format_size(size)}" for name, size in sizes.items() if room and size > room]
    if too_large:
        listed = format_grouped({"too large": too_large})
        raise ContentError(
            f"[sources] disc_size leaves {format_size(room)} a disc for packages\n{listed}",
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


def source_disc_files(disc: SourceDisc, srpms: Path, pinned: Iterable[Path], own: Path) -> dict[str, Path]:
    """Return what goes on a disc: its packages with their repodata, and the keys that they are signed with."""
    repodata = _disc_repodata(disc, own, srpms)
    return {
        **{f"SRPMS/{name}": srpms / name for name in (pick.package.filename for pick in disc.picks)},
        **{f"SRPMS/repodata/{name}": repodata / name for name in layers.list_tree_files(repodata)},
        **{path.name: path for path in pinned},
    }


def _disc_footprint(package: Package) -> int:
    """Return the bytes of a disc that a package needs."""
    return -(-package.size // SECTOR) * SECTOR + FILE_OVERHEAD


def _disc_repodata(disc: SourceDisc, own: Path, srpms: Path) -> Path:
    """Return where the repodata of a disc lies: that of all packages, if they are all on it."""
    return own / str(disc.number) if disc.number else srpms / "repodata"


def _check_disc_size(path: Path, limit: int) -> None:
    """Raise ContentError if an ISO became larger than a disc."""
    size = path.stat().st_size
    if limit and size > limit:
        raise ContentError(
            f"{path}: has {size} bytes, more than [sources] disc_size allows",
            hint="give release.toml a smaller disc_size",
        )


def _remove_stale_discs(target: Path, layouts: Path, names: set[str]) -> None:
    """Remove source ISOs of this release that were not written, with all that lies beside them."""
    for stale in (*target.parent.glob(f"{target.stem}*"), *layouts.glob(f"{target.stem}*")):
        stem = re.sub(r"\.(iso|iso\.sha256|files|jigdo|template|json)$", "", stale.name)
        if f"{stem}.iso" not in names:
            files.remove_file(stale)
