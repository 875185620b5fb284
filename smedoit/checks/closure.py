# SPDX-License-Identifier: GPL-3.0-or-later
"""What a medium must pass before it is written, by its metadata: closure, and being up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smedoit.checks import solver, unmet
from smedoit.checks.unmet import Provider, UnmetDependency
from smedoit.config.checks import ClosureSettings
from smedoit.config.tiers import Tier
from smedoit.errors import PackageError
from smedoit.repodata import comps, read, requirements
from smedoit.repodata.inputs import RepoReader, RepoSource
from smedoit.runtime import progress
from smedoit.runtime.files import read_file_text

MEDIUM = "the medium"
LEFT_OUT = "which was left out: doit why_package {name}"
NO_TIER = "which no promotion reaches: add that mirror to [[tiers]] with mirror = true"
DEAD_END = "and nothing is promoted from there: say promote_to for that tier in release.toml"
Places = Sequence[tuple[str, Path]]
PRIMARY, WITH_FILES = ("primary",), ("primary", "filelists")


def check_closure(
    tree_root: Path,
    comps_file: Path,
    settings: ClosureSettings,
    tiers: Sequence[Tier],
    mirrors: Places,
    reader: RepoReader,
) -> Mapping[str, str]:
    """Raise PackageError unless the packages of the tree need nothing from elsewhere.

    tiers, mirrors  where there may be what fills a hole
    """
    arch, memory = reader.arch, reader.memory
    installs = comps.list_install_sets(read_file_text(comps_file), comps_file)
    medium = RepoSource(MEDIUM, tree_root, arch)
    pool = load_pool(medium, PRIMARY, arch, memory)
    if requirements.needs_filelists(pool):
        pool = load_pool(medium, WITH_FILES, arch, memory)
    judgement = unmet.apply_waivers(solver.find_unmet(pool, installs, settings.installer), settings.waivers)
    for waiver in judgement.unused:
        progress.log_line(f"[[closure.waivers]] {waiver}: there is no such hole any more")
    if judgement.standing:
        sources = {RepoSource(tier.name, tier.path, arch): _promotion_obstacle(tier) for tier in tiers}
        sources |= {RepoSource(name, place, arch): NO_TIER for name, place in mirrors}
        raise _unmet_error(judgement.standing, _providers_of_unmet(pool, judgement.standing, sources, memory))
    count = sum(1 for _ in requirements.installable_packages(pool))
    said = f"{count} packages need nothing from elsewhere, {len(installs)} installations can be begun"
    return {"did": said + _waiver_counts(judgement), "result": "\n".join([said, *_waiver_lines(judgement)])}


def load_pool(source: RepoSource, kinds: Sequence[str], arch: str, memory: Path) -> Any:
    """Return a pool of one source."""
    with read.plain_metadata(source, kinds, memory) as files:
        return read.create_solver_pool(arch, {source.name: files})


def _promotion_obstacle(tier: Tier) -> str:
    """Return why no promotion leads from a tier to the medium, "" if one does."""
    from smedoit.tiers import route

    return LEFT_OUT if tier.stage else "" if route.promotion_targets(tier) else DEAD_END


def _providers_of_unmet(
    pool: Any, standing: Sequence[UnmetDependency], sources: Mapping[RepoSource, str], memory: Path
) -> Mapping[str, list[Provider]]:
    """Return who could fill the holes; a source that cannot be read offers nothing, and says so in the log.

    sources  each with the obstacle to a promotion from it
    """
    wanted = {hole.requirement for hole in standing if hole.requirement}
    kinds = WITH_FILES if any("/" in requirement for requirement in wanted) else PRIMARY
    for source in sources if wanted else ():
        try:
            with read.plain_metadata(source, kinds, memory) as files:
                read.load_repositories(pool, {source.name: files})
        except PackageError as error:
            progress.log_line(f"{source.name} is not asked: {error}")
    return (
        solver.find_providers(pool, MEDIUM, {repository.name: words for repository, words in sources.items()}, wanted)
        if wanted
        else {}
    )


def _unmet_error(standing: Sequence[UnmetDependency], offered: Mapping[str, Sequence[Provider]]) -> PackageError:
    """Return the error that tells of the holes."""
    return PackageError(
        f"the medium is not closed, {len(standing)} holes:\n{unmet.format_unmet(standing, offered)}",
        hint="promote what is missing, or say in [[closure.waivers]] of release.toml which hole may stay, and why",
    )


def _waiver_counts(judgement: unmet.ClosureResult) -> str:
    """Return how many holes are waived and how many waivers are idle, for the end of a sentence."""
    waived = f", {len(judgement.waived)} holes are waived" if judgement.waived else ""
    return waived + (f", {len(judgement.unused)} waivers have no hole any more" if judgement.unused else "")


def _waiver_lines(judgement: unmet.ClosureResult) -> list[str]:
    """Return the lines about what is waived, and about waivers that can go."""
    waived = [f"waived: {hole}: {waiver.reason}" for hole, waiver in judgement.waived]
    return waived + [
        f"remove from release.toml: [[closure.waivers]] {unused_waiver}, there is no such hole"
        for unused_waiver in judgement.unused
    ]
