"""What people must have done before a medium is written: packages verified, upstream's anaconda followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from smedoit.decide import lock, notes, quality, upstream, verified
from smedoit.decide.errors import ContentError, grouped
from smedoit.decide.gates import Anaconda, Quality
from smedoit.decide.network import Network
from smedoit.decide.package import Evr, Package
from smedoit.decide.stage import Pick
from smedoit.decide.upstream import Found
from smedoit.do import rpms, tree
from smedoit.do.repository import Source
from smedoit.steps import lastrelease
from smedoit.steps.checks import Places, but, verdict
from smedoit.steps.lastrelease import listed

HINT_LISTS = (
    "verify them in smeupdates-testing and add them to a list of [quality] verified, or waive them with a reason"
)


def verify(
    lock_file: Path,
    root: Path,
    settings: Quality,
    bugs: Sequence[str],
    tiers: Places,
    is_final: bool,
    network: Network,
    memory: Path,
    arch: str,
) -> Mapping[str, str]:
    """Say which packages changed since the last release and who verified them; a final release refuses the others.

    bugs   regular expressions with one group, the number of a bug in a changelog
    tiers  where a package that a list names may be, if not on the medium

    Raises ContentError for a list that names a package which does not exist.
    """
    if not settings.previous:
        return {"did": "release.toml names no previous release in [quality], so nothing is asked"}
    picks = lock.loads(tree.read_text(lock_file), lock_file)
    with lastrelease.at_hand(settings.previous, arch, network, memory) as last:
        before = lastrelease.packages(last, arch, memory)
    lists = verified.lists({file: tree.read_text(file) for file in settings.verified})
    refuse_strangers(lists, [*(pick.package for pick in picks), *before], tiers, memory, arch)
    changed = quality.changed(picks, {one.nevra: one.sha256 for one in before})
    found = quality.gate(changed, lists, settings.waived, named_bugs(changed, before, root, bugs) if lists.bugs else {})
    lines = [f"verified: {nevra}: {words}" for nevra, words in found.verified]
    lines += [f"waived: {nevra}: {reason}" for nevra, reason in found.waived]
    lines += [f"[[quality.waived]] {one}: excuses nothing now" for one in found.unused]
    return verdict(
        f"{len(found.open)} of {len(changed)} packages that changed are not verified",
        grouped(by_reason(found.open)),
        HINT_LISTS,
        refused=bool(found.open) and is_final,
        otherwise=f"{len(changed)} packages changed, all verified{but(len(found.waived), 'waived')}",
        lines=lines,
    )


def by_reason(entries: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return reason -> NEVRAs."""
    found: dict[str, list[str]] = {}
    for nevra, reason in entries:
        found.setdefault(reason, []).append(nevra)
    return found


def refuse_strangers(lists: quality.Lists, known: Sequence[Package], tiers: Places, memory: Path, arch: str) -> None:
    """Raise ContentError if a list names what neither the medium, the last release nor any tier has."""
    if not quality.strangers(lists, known):
        return
    elsewhere = listed([Source(name, place, arch) for name, place in tiers if place.is_dir()], memory, arch)
    if complaints := quality.strangers(lists, [*known, *elsewhere]):
        raise ContentError(
            f"the lists of [quality] verified cannot be meant: entries that\n{grouped(complaints)}",
            hint="write NAME-VERSION-RELEASE as rpm -qp shows it",
        )


def named_bugs(
    changed: Iterable[Pick], before: Sequence[Package], root: Path, patterns: Sequence[str]
) -> dict[str, set[int]]:
    """Return NEVRA -> bugs that the changelog names since the last release; all of it, for a new package."""
    held: dict[str, Evr] = {}
    for package in before:
        held[package.name] = max(held.get(package.name, package.evr), package.evr)
    found = {}
    for package in (pick.package for pick in changed):
        entries = list(changelog(root / package.file))
        since = held.get(package.name)
        fresh = notes.between(entries, since)[0] if since is not None else entries
        found[package.nevra] = notes.bugs_in("\n".join(entry.text for entry in fresh), patterns)
    return found


def changelog(path: Path) -> Iterator[notes.Entry]:
    """Yield the changelog of an RPM, newest first; a header that cannot be read tells nothing."""
    try:
        meta = rpms.open_header(path)
    except (rpms.Bad, OSError):
        return
    for one in meta.changelog_entries():
        yield notes.Entry(one.name, int(one.timestamp), one.description)


def follow(
    settings: Anaconda, mirrors: Places, tiers: Mapping[str, Path], is_final: bool, memory: Path, arch: str
) -> Mapping[str, str]:
    """Say whether our anaconda is upstream's and is the one of the extras tier; a final release refuses to differ.

    mirrors  name and directory of upstream's repositories
    """
    if not settings.source:
        return {"did": "release.toml names no source in [anaconda], so nothing is compared"}
    ours = own(Path(settings.source), settings.dist, memory, arch)
    theirs = upstream.newest([one for name, place in mirrors for one in anacondas(name, place, memory, arch)])
    place = tiers.get(settings.extras)
    if place is None:
        raise ContentError(
            f"[anaconda] extras = {settings.extras!r}: there is no such tier",
            hint="add it to [[tiers]] with stage = false, or name another one",
        )
    extras = upstream.newest(anacondas(settings.extras, place, memory, arch))
    trouble = upstream.disagreements(ours, theirs, extras, settings.extras)
    return verdict(
        "the anacondas do not agree",
        "\n".join(f"  {one}" for one in trouble),
        "doit anaconda_version says so again, once you have",
        refused=bool(trouble) and is_final,
        otherwise=f"{ours}, {extras} and upstream's {theirs} agree",
        lines=[],
    )


def own(place: Path, dist: str, memory: Path, arch: str) -> Found:
    """Return our own anaconda, by its spec file, else by the newest source package beside it."""
    spec = place / "anaconda.spec"
    if spec.is_file():
        return Found(upstream.of_spec(tree.read_text(spec), str(spec), dist), "anaconda.spec")
    found = upstream.newest(anacondas("our source package", place, memory, arch)) if place.is_dir() else None
    if found is None:
        raise ContentError(
            f"{place}: has no anaconda.spec and no source package of anaconda",
            hint="check it out again, or correct [anaconda] source in release.toml",
        )
    return found


def anacondas(name: str, place: Path, memory: Path, arch: str) -> list[Found]:
    """Return every anaconda of a repository, binary or source. Raises PackageError if it cannot be read."""
    return [
        Found(one.evr, name) for one in listed([Source(name, place, arch)], memory, arch) if one.name == upstream.NAME
    ]
