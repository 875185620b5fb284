# SPDX-License-Identifier: GPL-3.0-or-later
"""Where packages may be promoted: the tiers, what lies in them, and the way from one to the next."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from smedoit.config.packages import PackageExclusions, matches_package
from smedoit.config.tiers import Tier
from smedoit.errors import ConfigError, PackageError
from smedoit.package import Package
from smedoit.packages.explain import TierPackage, unknown_package

# The wiki's "Rpm update cycle"; where a tier may lead to several, the first one that there is: SME 11 has no smeupdates
CYCLE = {
    "smetest": ("smeupdates-testing",),
    "smeupdates-testing": ("smeupdates", "smeos"),
    "smecontribs-testing": ("smecontribs",),
}
FROM_MIRRORS = ("smeupdates-testing", "smetest")
SOURCES, BINARIES = "SRPMS", "RPMS"
CYCLE_IN_WORDS = (
    "the cycle is smetest, smeupdates-testing, smeupdates (smeos where that is no tier); another tier says promote_to"
    " in release.toml"
)


@dataclass(frozen=True)
class PromotionRoute:
    """Where packages go: nothing is ever taken away from a mirror."""

    source: Tier
    target: Tier
    copy: bool

    def __str__(self) -> str:
        return f"{self.source.name} to {self.target.name}"


@dataclass(frozen=True)
class PromotionContext:
    """All that a plan is made from.

    tiers   of release.toml, in their order
    copies  everything that lies in them, the refused ones by what their headers claim
    arch    of the release
    root    the build root, which Package.file is relative to
    """

    tiers: Sequence[Tier]
    copies: Sequence[TierPackage]
    arch: str
    root: Path
    without: PackageExclusions = field(default_factory=PackageExclusions)

    def tier(self, name: str, option: str) -> Tier:
        """Return a tier by name. Raises ConfigError if there is none."""
        for tier in self.tiers:
            if tier.name == name:
                return tier
        known = ", ".join(tier.name for tier in self.tiers)
        raise ConfigError(f"promote {option} {name}: there is no such tier", hint=f"release.toml has {known}")

    def lying_in(self, tier: Tier) -> list[TierPackage]:
        """Return what lies in a tier."""
        return [copy for copy in self.copies if copy.tier == tier.name]

    def name(self, path: Path) -> str:
        """Return a path as Package.file names it."""
        return os.fspath(path.relative_to(self.root) if path.is_relative_to(self.root) else path)


def promotion_targets(tier: Tier, tiers: Iterable[Tier]) -> tuple[str, ...]:
    """Return the names of the tiers, of all that there are, that one may be promoted to, the usual one first."""
    if tier.promote_to:
        return (tier.promote_to,)
    names = {other.name for other in tiers}
    if tier.mirror:
        return tuple(name for name in FROM_MIRRORS if name in names)
    return tuple(name for name in CYCLE.get(tier.name, ()) if name in names)[:1]


def find_route(world: PromotionContext, words: Sequence[str], source: str, target: str, copy: bool) -> PromotionRoute:
    """Return the way of the packages that words mean. Raises ConfigError, PackageError.

    source, target  names of tiers; "" leaves them to the cycle and to where the packages lie
    """
    start = world.tier(source, "--from") if source else _find_source_tier(world, words, target)
    ways = promotion_targets(start, world.tiers)
    if not ways:
        raise ConfigError(f"nothing is promoted from {start.name}", hint=CYCLE_IN_WORDS)
    end = world.tier(target or ways[0], "--to")
    if end.name not in ways:
        raise ConfigError(
            f"{start.name} leads to {' or '.join(ways)}, not to {end.name}",
            hint=f"one step at a time: {CYCLE_IN_WORDS}",
        )
    return PromotionRoute(start, end, copy or start.mirror)


def _find_source_tier(world: PromotionContext, words: Sequence[str], target: str) -> Tier:
    """Return the one tier that holds what words mean and leads to target. Raises PackageError if it is not one."""
    holders = [tier for tier in world.tiers if any(matching_copies(world.lying_in(tier), words))]
    ways = {tier.name: promotion_targets(tier, world.tiers) for tier in holders}
    able = [tier for tier in holders if ways[tier.name] and (not target or target in ways[tier.name])]
    if len(able) == 1:
        return able[0]
    if able:
        choice = " or ".join(f"--from {tier.name}" for tier in able)
        raise PackageError(f"{', '.join(words)}: lies in more than one tier that leads on", hint=f"say {choice}")
    if holders:
        places, further = ", ".join(tier.name for tier in holders), f" to {target}" if target else ""
        raise PackageError(
            f"{', '.join(words)}: lies in {places}, from which nothing is promoted{further}", hint=CYCLE_IN_WORDS
        )
    raise PackageError(
        "\n".join(unknown_package(word, world.copies) for word in words), hint="doit why_package '*' names all"
    )


def matching_copies(copies: Iterable[TierPackage], words: Sequence[str]) -> Iterator[TierPackage]:
    """Yield the copies that words mean."""
    return (copy for copy in copies if any(matches_package(word, copy.package) for word in words))


def target_paths(world: PromotionContext, route: PromotionRoute, copy: TierPackage) -> list[Path]:
    """Return where a copy belongs in the target tier.

    From one of our tiers it keeps its place below the tier. A mirror or a flat tier is shaped otherwise: there the
    architecture decides, and noarch belongs to all of them. A flat tier has no place but one.
    """
    path, package = world.root / copy.package.file, copy.package
    origin = world.tier(copy.tier, "--from")
    if route.target.flat:
        return [route.target.path / path.name]
    if not origin.is_one_repository and path.is_relative_to(origin.path):
        return [route.target.path / path.relative_to(origin.path)]
    if package.is_source:
        return [route.target.path / SOURCES / path.name]
    return [
        route.target.path / arch / BINARIES / path.name for arch in _target_arches(route.target, package, world.arch)
    ]


def _target_arches(tier: Tier, package: Package, arch: str) -> tuple[str, ...]:
    """Return the architectures of a tier that a binary package belongs to."""
    kept = tier.architectures or (arch,)
    if package.arch == "noarch":
        return kept
    small = package.arch if package.arch in kept else "i386"  # i586 and i686 lie with i386
    is_small = package.arch in kept or (package.arch.startswith("i") and package.arch.endswith("86"))
    return (small,) if is_small and small in kept else (arch if arch in kept else kept[0],)
