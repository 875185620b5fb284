# SPDX-License-Identifier: GPL-3.0-or-later
"""The tiers: repodata for each of their repositories, and the rule that decided about every copy of a package."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from smedoit.config.release import Release
from smedoit.config.tiers import Tier
from smedoit.errors import FileError, PackageError, format_grouped
from smedoit.keys import keyring
from smedoit.medium_paths import REPODATA, REPOMD
from smedoit.modularity.documents import parse_module_metadata
from smedoit.modularity.sources import MODULES, load_modular_rules
from smedoit.packages import explain, scan, select
from smedoit.packages.explain import TierPackage
from smedoit.repodata import write
from smedoit.repodata.read import read_metadata_record
from smedoit.runtime.files import resolve_file_below, walk_files, walk_linked_files, wrap_os_errors


def write_tier_repodata(tier: Tier, directory: Path, known: Sequence[str], epoch: int, fact_cache: Path) -> str:
    """Write the repodata of one repository of a tier, for everything that lies in it.

    directory  the repository: tier.path itself for a mirror, else a directory in it
    known      names of all directories of the tier that are repositories
    """
    if not tier.path.is_dir():
        raise FileError(
            f"{tier.path}: tier {tier.name} is not there", hint="correct its path in release.toml, or mirror it"
        )
    _refuse_misplaced(tier, known)
    if not directory.is_dir():
        return f"nothing to do, {tier.name} has no {directory.name}"
    if not os.access(directory, os.W_OK):
        raise FileError(
            f"{directory}: is read-only for you, so its repodata cannot be written",
            hint=f"set repodata = false for the tier {tier.name} in release.toml if its repodata comes from elsewhere,"
            " or let your user write there",
        )
    located = [
        write.RepoPackage(None, path, href) for href, path in _repository_rpms(directory, tier.link_root).items()
    ]
    extras = write.RepoExtras(modules=_kept_modules(directory))
    parsed = write.write_repodata(located, extras, directory / "repodata", epoch, fact_cache, retain=True)
    return f"{len(located)} packages, {parsed} of them parsed now"


def _kept_modules(directory: Path) -> str:
    """Return the module metadata that a repository has: without it, dnf would take modular packages for plain ones.

    Raises PackageError for what is damaged: nobody else has it.
    """
    repomd = directory / REPOMD
    try:
        data = read_metadata_record(repomd, MODULES) if repomd.is_file() else None
        if data:
            parse_module_metadata(data, str(repomd))
    except PackageError as error:
        hint = "and it is written anew; module metadata in it must come from its mirror again"
        raise PackageError(str(error).splitlines()[0], hint=f"remove {directory / REPODATA}, {hint}") from None
    return (data or b"").decode()


def _repository_rpms(directory: Path, pool: Path) -> dict[str, Path]:
    """Return href -> path of every RPM of a repository, sorted. Raises PackageError for links that lead astray."""
    complaints, files = scan.ScanProblems(), {}
    with wrap_os_errors(directory, "read"):
        listed = [relative for relative, _ in walk_linked_files(directory, pool) if relative.endswith(".rpm")]
    for relative in listed:
        try:
            files[relative] = resolve_file_below(directory, relative, pool)
        except FileError as error:
            complaints.add(str(error).splitlines()[0].partition(": ")[2], relative)
    if complaints.found:
        raise PackageError(
            f"{directory}: holds what yum could not read\n{format_grouped(complaints.found)}",
            hint="put the files themselves there, or take them out of the tier",
        )
    return files


def _refuse_misplaced(tier: Tier, known: Sequence[str]) -> None:
    """Raise PackageError for RPMs of a tier that lie outside of its repositories: no yum would ever see them."""
    if tier.is_one_repository:
        return
    with wrap_os_errors(tier.path, "read"):
        misplaced = [relative for relative, _ in walk_files(tier.path) if _is_misplaced(relative, known)]
    if misplaced:
        places = ", ".join(f"{name}/" for name in known)
        raise PackageError(
            f"{tier.path}: has packages where no repository is\n{format_grouped({f'not below {places}': misplaced})}",
            hint=f"move them, or name their directory in architectures of the tier {tier.name} in release.toml;"
            " a tier that is one repository as a whole says flat = true",
        )


def _is_misplaced(relative: str, known: Sequence[str]) -> bool:
    """Return whether a file of a tier is an RPM outside of the directories known."""
    return relative.endswith(".rpm") and relative.partition("/")[0] not in known


def explain_packages(rel: Release, names: Sequence[str] = ()) -> dict[str, str]:
    """Say of every copy of the packages named (names, NEVRAs or globs) which rule decided about it."""
    if not names:
        raise PackageError("why_package: needs a package", hint="doit why_package NAME, where NAME may be a glob")
    seen = scan.scan_tiers(rel.tiers, rel.root, keyring.load_pinned_keys(rel.keys), rel.fact_cache)
    copies = scanned_copies(rel.tiers, seen)
    found = explain.find_copies(copies, names)
    staged = {tier.name: seen.packages[tier.name] for tier in scan.staged_tiers(rel.tiers)}
    arch = rel.release.arch
    rules = load_modular_rules(rel.modules, rel.release.built_on, arch)
    picks = select.select_newest(staged, rel.packages, arch, rel.exclusions, rules)
    winners = explain.selected_by_slot(picks, arch)
    judged = [explain.explain_copy(each, winners, rel.packages, arch, rel.exclusions, rules) for each in found]
    lines = [explain.unknown_package(word, copies) for word in names if not explain.find_copies(copies, [word])]
    lines += [str(error).splitlines()[0] for error in seen.absent.values()]
    if not found:
        raise PackageError("\n".join(lines), hint="doit why_package '*' names them all")
    if rel.packages.lock:
        lines.append(f"release.toml pins the lock {rel.packages.lock}: the medium holds what that says")
    return {"did": f"{len(judged)} copies", "result": "\n".join([explain.format_verdicts(judged), *lines])}


def scanned_copies(tiers: Sequence[Tier], seen: scan.ScanResult) -> list[TierPackage]:
    """Return every copy that a survey found, the refused ones by what their headers claim."""
    copies = []
    for rank, tier in enumerate(tiers):
        copies += [TierPackage(package, tier.name, rank, tier.stage) for package in seen.packages[tier.name]]
        for bad in seen.refused[tier.name]:
            if bad.claims:
                copies.append(TierPackage(bad.claims, tier.name, rank, tier.stage, bad.reason))
    return copies
