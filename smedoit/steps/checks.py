"""What a medium must pass before it is written, by its metadata: closure, and being up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smedoit.decide import closure, comps, holes
from smedoit.decide import updates as news
from smedoit.decide.config import Tier
from smedoit.decide.errors import PackageError, grouped
from smedoit.decide.gates import Updates
from smedoit.decide.holes import Hole, Offer, Waiver
from smedoit.do import metadata, progress, tree
from smedoit.do.repository import Source

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
    installs = comps.installs(tree.read_text(comps_file), comps_file)
    medium = Source(MEDIUM, tree_root, arch)
    pool = loaded(medium, PRIMARY, arch, memory)
    if closure.needs_file_lists(pool):
        pool = loaded(medium, WITH_FILES, arch, memory)
    judgement = holes.judge(closure.holes(pool, installs, installer), waivers)
    for one in judgement.unused:
        progress.note(f"[[waivers]] {one}: there is no such hole any more")
    if judgement.standing:
        sources = {Source(tier.name, tier.path, arch): obstacle(tier) for tier in tiers}
        sources |= {Source(name, place, arch): NO_TIER for name, place in mirrors}
        raise refusal(judgement.standing, offers(pool, judgement.standing, sources, memory))
    count = sum(1 for _ in closure.installable(pool))
    said = f"{count} packages need nothing from elsewhere, {len(installs)} installations can be begun"
    return {"did": said + counted(judgement), "result": "\n".join([said, *told(judgement)])}


def loaded(source: Source, kinds: Sequence[str], arch: str, memory: Path) -> Any:
    """Return a pool of one source."""
    with metadata.unpacked(source, kinds, memory) as files:
        return metadata.pool(arch, {source.name: files})


def obstacle(tier: Tier) -> str:
    """Return why no promotion leads from a tier to the medium, "" if one does."""
    from smedoit.decide import routes

    return LEFT_OUT if tier.stage else "" if routes.leads_to(tier) else DEAD_END


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
            with metadata.unpacked(source, kinds, memory) as files:
                metadata.load(pool, {source.name: files})
        except PackageError as error:
            progress.note(f"{source.name} is not asked: {error}")
    return closure.offers(pool, MEDIUM, {one.name: words for one, words in sources.items()}, wanted) if wanted else {}


def refusal(standing: Sequence[Hole], offered: Mapping[str, Sequence[Offer]]) -> PackageError:
    """Return the error that tells of the holes."""
    return PackageError(
        f"the medium is not closed, {len(standing)} holes:\n{holes.report(standing, offered)}",
        hint="promote what is missing, or say in [[waivers]] of release.toml which hole may stay, and why",
    )


def counted(judgement: holes.Judgement) -> str:
    """Return how many holes are waived and how many waivers are idle, for the end of a sentence."""
    waived = f", {len(judgement.waived)} holes are waived" if judgement.waived else ""
    return waived + (f", {len(judgement.unused)} waivers have no hole any more" if judgement.unused else "")


def told(judgement: holes.Judgement) -> list[str]:
    """Return the lines about what is waived, and about waivers that can go."""
    waived = [f"waived: {hole}: {waiver.reason}" for hole, waiver in judgement.waived]
    return waived + [f"remove from release.toml: [[waivers]] {one}, there is no such hole" for one in judgement.unused]


def updates(
    tree_root: Path, tiers: Places, mirrors: Places, settings: Updates, is_final: bool, memory: Path, arch: str
) -> Mapping[str, str]:
    """Say what a `yum update` would fetch after the first boot. A final release may refuse what nobody explained.

    tiers    name and directory of those that are not staged; one that is not there is passed over
    mirrors  the same of upstream's

    Raises PackageError for a mirror that cannot be read.
    """
    pool = loaded(Source(MEDIUM, tree_root, arch), PRIMARY, arch, memory)
    present = [(name, place) for name, place in tiers if place.is_dir()]
    for name, place in [*present, *mirrors]:
        with metadata.unpacked(Source(name, place, arch), PRIMARY, memory) as files:
            metadata.load(pool, {name: files})
    judgement = news.judge(news.behind(pool, MEDIUM), settings.explained)
    lines = [f"explained: {one} ({one.source}): {reason}" for one, reason in judgement.explained]
    lines += [
        f"remove from release.toml: [updates] explained {one!r}, nothing answers to it" for one in judgement.unused
    ]
    lines += [f"not looked at: {place}, it is not there" for name, place in tiers if (name, place) not in present]
    return verdict(
        f"{len(judgement.open)} packages of the medium are behind",
        grouped(news.by_source(judgement.open)),
        "promote the newer ones, or say in [updates] explained of release.toml why the medium stays behind",
        refused=bool(judgement.open) and is_final and settings.final == "fail",
        otherwise=f"a yum update after the first boot fetches nothing{but(len(judgement.explained), 'explained')}",
        lines=lines,
    )


def but(count: int, what: str) -> str:
    """Return the exception to a sentence, "" if there is none."""
    return f", but for {count} {what}" if count else ""


def verdict(
    trouble: str, details: str, hint: str, *, refused: bool, otherwise: str, lines: Sequence[str]
) -> Mapping[str, str]:
    """Return what a gate says, in short and whole; raise PackageError if it stays shut.

    details    the trouble in lines; "" if there is none, and then otherwise is what is said
    lines      what else there is to know
    """
    if refused:
        raise PackageError(f"{trouble}:\n{details}", hint=hint)
    for line in lines:
        progress.note(line)
    if not details:
        return {"did": otherwise, "result": "\n".join([otherwise, *lines])}
    progress.note(f"{trouble}:\n{details}")
    whole = "\n".join([f"{trouble}:", details, f"  hint: {hint}", *lines])
    return {"did": f"WARNING: {trouble}, which the log tells", "result": whole}
