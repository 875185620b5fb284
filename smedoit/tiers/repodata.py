"""The tiers: repodata for each of their repositories, and the rule that decided about every copy of a package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smedoit.config.release import Release
from smedoit.config.tiers import Tier
from smedoit.errors import PackageError, TreeError, grouped
from smedoit.keys import keyring
from smedoit.packages import explain, scan, select
from smedoit.packages.explain import Copy
from smedoit.repodata import write
from smedoit.runtime.files import real_file, walk, worded


def describe(tier: Tier, directory: Path, known: Sequence[str], epoch: int, memory: Path) -> str:
    """Write the repodata of one repository of a tier, for everything that lies in it.

    directory  the repository: tier.path itself for a mirror, else a directory in it
    known      names of all directories of the tier that are repositories
    memory     a database of what was parsed before
    """
    if not tier.path.is_dir():
        raise TreeError(
            f"{tier.path}: tier {tier.name} is not there", hint="correct its path in release.toml, or mirror it"
        )
    refuse_stray(tier, known)
    if not directory.is_dir():
        return f"nothing to do, {tier.name} has no {directory.name}"
    located = [write.Located(None, path, href) for href, path in files_of(directory).items()]
    parsed = write.make(located, None, directory / "repodata", epoch, memory, retain=True)
    return f"{len(located)} packages, {parsed} of them parsed now"


def files_of(directory: Path) -> dict[str, Path]:
    """Return href -> path of every RPM of a repository, sorted. Raises PackageError for links that lead astray."""
    complaints, files = scan.Complaints(), {}
    with worded(directory, "read"):
        listed = [relative for relative, _ in walk(directory) if relative.endswith(".rpm")]
    for relative in listed:
        try:
            files[relative] = real_file(directory, relative)
        except TreeError as error:
            complaints.add(str(error).splitlines()[0].partition(": ")[2], relative)
    if complaints.found:
        raise PackageError(
            f"{directory}: holds what yum could not read\n{grouped(complaints.found)}",
            hint="put the files themselves there, or take them out of the tier",
        )
    return files


def refuse_stray(tier: Tier, known: Sequence[str]) -> None:
    """Raise PackageError for RPMs of a tier that lie outside of its repositories: no yum would ever see them."""
    if tier.mirror:
        return
    with worded(tier.path, "read"):
        stray = [relative for relative, _ in walk(tier.path) if is_stray(relative, known)]
    if stray:
        places = ", ".join(f"{name}/" for name in known)
        raise PackageError(
            f"{tier.path}: has packages where no repository is\n{grouped({f'not below {places}': stray})}",
            hint=f"move them, or name their directory in architectures of the tier {tier.name} in release.toml;"
            " a tier that is one repository as a whole says mirror = true",
        )


def is_stray(relative: str, known: Sequence[str]) -> bool:
    """Return whether a file of a tier is an RPM outside of the directories known."""
    return relative.endswith(".rpm") and relative.partition("/")[0] not in known


def why_package(rel: Release, memory: Path, names: Sequence[str] = ()) -> dict[str, str]:
    """Say of every copy of the packages named (names, NEVRAs or globs) which rule decided about it."""
    if not names:
        raise PackageError("why_package: needs a package", hint="doit why_package NAME, where NAME may be a glob")
    seen = scan.survey(rel.tiers, rel.root, keyring.load(rel.keys), memory)
    copies = copies_of(rel.tiers, seen)
    found = explain.selected(copies, names)
    staged = {tier.name: seen.packages[tier.name] for tier in scan.staged(rel.tiers)}
    arch = rel.release.arch
    winners = explain.by_slot(select.pick(staged, rel.packages, arch, rel.exclusions), arch)
    judged = [explain.judge(one, winners, rel.packages, arch, rel.exclusions) for one in found]
    lines = [explain.unknown(word, copies) for word in names if not explain.selected(copies, [word])]
    lines += [str(error).splitlines()[0] for error in seen.absent.values()]
    if not found:
        raise PackageError("\n".join(lines), hint="doit why_package '*' names them all")
    if rel.packages.lock:
        lines.append(f"release.toml pins the lock {rel.packages.lock}: the medium holds what that says")
    return {"did": f"{len(judged)} copies", "result": "\n".join([explain.report(judged), *lines])}


def copies_of(tiers: Sequence[Tier], seen: scan.Survey) -> list[Copy]:
    """Return every copy that a survey found, the refused ones by what their headers claim."""
    copies = []
    for rank, tier in enumerate(tiers):
        copies += [Copy(one, tier.name, rank, tier.stage) for one in seen.packages[tier.name]]
        for bad in seen.refused[tier.name]:
            if bad.claims:
                copies.append(Copy(bad.claims, tier.name, rank, tier.stage, bad.reason))
    return copies
