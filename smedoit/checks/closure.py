"""What a medium must pass before it is written, by its metadata: closure, and being up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smedoit.checks import solver, unmet
from smedoit.checks.unmet import Hole, Offer
from smedoit.config.checks import Waiver
from smedoit.config.tiers import Tier
from smedoit.errors import PackageError
from smedoit.repodata import comps, read
from smedoit.repodata.read import Source
from smedoit.runtime import progress
from smedoit.runtime.files import read_text

MEDIUM = "the medium"
LEFT_OUT = "which was left out: doit why_package {name}"
NO_TIER = "which no promotion reaches: add that mirror to [[tiers]] with mirror = true"
DEAD_END = "and nothing is promoted from there: say promote_to for that tier in release.toml"
Places = Sequence[tuple[str, Path]]
PRIMARY, WITH_FILES = ("primary",), ("primary", "filelists")


def close(
    tree_root: Path,
    comps_file: Path,
    installer: Sequence[str],
    waivers: Sequence[Waiver],
    tiers: Sequence[Tier],
    mirrors: Places,
    memory: Path,
    arch: str,
) -> Mapping[str, str]:
    """Raise PackageError unless the packages of the tree need nothing from elsewhere.

    tiers, mirrors  where there may be what fills a hole
    """
    installs = comps.installs(read_text(comps_file), comps_file)
    medium = Source(MEDIUM, tree_root, arch)
    pool = loaded(medium, PRIMARY, arch, memory)
    if solver.needs_file_lists(pool):
        pool = loaded(medium, WITH_FILES, arch, memory)
    judgement = unmet.judge(solver.holes(pool, installs, installer), waivers)
    for one in judgement.unused:
        progress.note(f"[[waivers]] {one}: there is no such hole any more")
    if judgement.standing:
        sources = {Source(tier.name, tier.path, arch): obstacle(tier) for tier in tiers}
        sources |= {Source(name, place, arch): NO_TIER for name, place in mirrors}
        raise refusal(judgement.standing, offers(pool, judgement.standing, sources, memory))
    count = sum(1 for _ in solver.installable(pool))
    said = f"{count} packages need nothing from elsewhere, {len(installs)} installations can be begun"
    return {"did": said + counted(judgement), "result": "\n".join([said, *told(judgement)])}


def loaded(source: Source, kinds: Sequence[str], arch: str, memory: Path) -> Any:
    """Return a pool of one source."""
    with read.unpacked(source, kinds, memory) as files:
        return read.pool(arch, {source.name: files})


def obstacle(tier: Tier) -> str:
    """Return why no promotion leads from a tier to the medium, "" if one does."""
    from smedoit.tiers import route

    return LEFT_OUT if tier.stage else "" if route.leads_to(tier) else DEAD_END


def offers(
    pool: Any, standing: Sequence[Hole], sources: Mapping[Source, str], memory: Path
) -> Mapping[str, list[Offer]]:
    """Return who could fill the holes; a source that cannot be read offers nothing, and says so in the log.

    sources  each with the obstacle to a promotion from it
    """
    wanted = {hole.requirement for hole in standing if hole.requirement}
    kinds = WITH_FILES if any("/" in one for one in wanted) else PRIMARY
    for source in sources if wanted else ():
        try:
            with read.unpacked(source, kinds, memory) as files:
                read.load(pool, {source.name: files})
        except PackageError as error:
            progress.note(f"{source.name} is not asked: {error}")
    return solver.offers(pool, MEDIUM, {one.name: words for one, words in sources.items()}, wanted) if wanted else {}


def refusal(standing: Sequence[Hole], offered: Mapping[str, Sequence[Offer]]) -> PackageError:
    """Return the error that tells of the holes."""
    return PackageError(
        f"the medium is not closed, {len(standing)} holes:\n{unmet.report(standing, offered)}",
        hint="promote what is missing, or say in [[waivers]] of release.toml which hole may stay, and why",
    )


def counted(judgement: unmet.Judgement) -> str:
    """Return how many holes are waived and how many waivers are idle, for the end of a sentence."""
    waived = f", {len(judgement.waived)} holes are waived" if judgement.waived else ""
    return waived + (f", {len(judgement.unused)} waivers have no hole any more" if judgement.unused else "")


def told(judgement: unmet.Judgement) -> list[str]:
    """Return the lines about what is waived, and about waivers that can go."""
    waived = [f"waived: {hole}: {waiver.reason}" for hole, waiver in judgement.waived]
    return waived + [f"remove from release.toml: [[waivers]] {one}, there is no such hole" for one in judgement.unused]
