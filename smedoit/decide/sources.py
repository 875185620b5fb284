"""The source packages of a medium: which SRPMs belong to its packages, and on which disc each goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from smedoit.decide.distribution import Sources
from smedoit.decide.errors import ContentError, PackageError, grouped, human
from smedoit.decide.identity import Identity
from smedoit.decide.package import Package
from smedoit.decide.stage import Pick

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


def wanted(picks: Iterable[Pick], absent: Mapping[str, str]) -> dict[str, list[str]]:
    """Return file name of an SRPM -> NEVRAs of the packages that were built from it, both sorted.

    absent  file name of an SRPM (globs allowed) -> why it need not be there
    """
    found: dict[str, list[str]] = {}
    for pick in picks:
        name = pick.package.source_rpm
        if not any(fnmatchcase(name, pattern) for pattern in absent):
            found.setdefault(name, []).append(pick.package.nevra)
    return {name: sorted(found[name]) for name in sorted(found)}


def choose(needed: Mapping[str, Sequence[str]], tiers: Mapping[str, Iterable[Package]]) -> list[Pick]:
    """Return the source package of every file name needed, sorted by it.

    needed  as wanted() returns it
    tiers   source packages by tier, the most trusted first: the first one that has a file gives it

    Raises PackageError with every SRPM that no tier has, and with those that tiers have with different bytes.
    """
    found: dict[str, list[Pick]] = {}
    for tier, packages in tiers.items():
        for package in packages:
            if package.filename in needed:
                found.setdefault(package.filename, []).append(Pick(package, tier))
    refuse_missing({name: users for name, users in needed.items() if name not in found})
    refuse_ambiguous(found)
    return [found[name][0] for name in sorted(found)]


def refuse_missing(missing: Mapping[str, Sequence[str]]) -> None:
    """Raise PackageError for SRPMs that no tier has."""
    if missing:
        complaints = {f"{name or 'packages that name no SRPM'}, for": users for name, users in missing.items()}
        raise PackageError(
            f"{len(missing)} source packages of the medium are in no tier\n{grouped(complaints)}",
            hint="put each into a tier; what need not be there goes into [sources] absent, with a reason",
        )


def refuse_ambiguous(found: Mapping[str, Sequence[Pick]]) -> None:
    """Raise PackageError for SRPMs of the same name with different bytes: no rule could choose between them."""
    complaints = {
        name: [f"{pick.package.file} ({pick.tier})" for pick in picks]
        for name, picks in found.items()
        if len({pick.package.sha256 for pick in picks}) > 1
    }
    if complaints:
        raise PackageError(
            f"the same source package stands in the tiers with different bytes\n{grouped(complaints)}",
            hint="remove the wrong copy",
        )


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
