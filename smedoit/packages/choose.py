# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the packages of the medium: packages.lock from the staged tiers, or from an earlier lock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from smedoit.config.identity import ReleaseIdentity
from smedoit.config.modules import ModulesSettings
from smedoit.config.packages import PackageExclusions, PackageSelection
from smedoit.config.tiers import Tier
from smedoit.errors import Findings, PackageError, format_count, format_grouped
from smedoit.keys import keyring
from smedoit.keys.keyring import PinnedKey
from smedoit.modularity.medium import ModularRules, filter_streams, make_modular_rules
from smedoit.modularity.sources import load_medium_streams
from smedoit.package import Package
from smedoit.packages import lock, scan, select
from smedoit.packages.scan import PackageSources, RejectedFile
from smedoit.packages.select import SelectedPackage
from smedoit.runtime import progress
from smedoit.runtime.files import read_file_text, write_file

NO_STREAMS = ModulesSettings()
NAMED = 5  # packages of other machines that a remark names before it only counts them; the log has all


@dataclass(frozen=True)
class SelectionRules:
    """What decides among the packages that the tiers have."""

    selection: PackageSelection
    exclusions: PackageExclusions
    identity: ReleaseIdentity
    modules: ModulesSettings = NO_STREAMS


def choose_packages(
    sources: PackageSources, chosen_by: SelectionRules, target: Path, earlier_locks: Path, fact_cache: Path
) -> str:
    """Write packages.lock: the newest packages of the staged tiers, or the earlier lock that release.toml pins.

    earlier_locks  the directory that keeps a lock which is replaced, for [packages] lock to name it again
    """
    selection, exclusions, root = chosen_by.selection, chosen_by.exclusions, sources.root
    trusted = keyring.load_pinned_keys(sources.keys)
    keyring.refuse_expired_keys(sources.keys, trusted, sources.date)
    arch, base = chosen_by.identity.arch, chosen_by.identity.built_on
    streams = load_medium_streams(chosen_by.modules, base, arch) if base.platform else None
    rules = make_modular_rules(streams) if streams else select.NO_MODULES
    if selection.lock:
        picks = _read_earlier_lock(Path(selection.lock), trusted, sources, fact_cache)
        _refuse_other_modules(picks, rules, selection.lock)
        if len(chosen_by.identity.repository_places) > 1:
            _refuse_unknown_tiers(picks, sources.tiers, selection.lock)
        kept = _write_lock(target, read_file_text(Path(selection.lock)), earlier_locks)
        return f"{len(picks)} packages of the lock {selection.lock}{kept}"
    found = scan.load_tier_packages(
        scan.staged_tiers(sources.tiers), root, trusted, fact_cache, content=sources.content
    )
    picks = select.select_newest(found, selection, arch, exclusions, rules)
    if streams:
        filter_streams(streams.active, {pick.package.nevra for pick in picks})  # which refuses one without packages
    scan.refuse_later_signatures((pick.package for pick in picks), sources.date)
    kept = _write_lock(target, lock.format_lock(picks), earlier_locks)
    seen = [package for packages in found.values() for package in packages]
    remarks = [*exclusions.remarks(seen, (pick.package for pick in picks)), *_other_streams(seen, rules)]
    for other, names in select.foreign_packages(seen, selection, arch).items():
        count = format_count(len(names), "package")
        remarks.append(f"{count} left out, {other} is neither {arch} nor noarch: {progress.join_names(names, NAMED)}")
    for tag, names in select.other_dists((pick.package for pick in picks), base.dist).items():
        count = format_count(len(names), "package")
        remarks.append(f"{count} built for {tag}, on a medium of {base.words}: {progress.join_names(names, NAMED)}")
    chosen = f"{len(picks)} packages chosen of {len(seen)} in {len(found)} tiers{kept}"
    return "\n  ".join([chosen, *remarks])


def _other_streams(seen: Iterable[Package], rules: ModularRules) -> list[str]:
    """Return a sentence about the packages of module streams that are not on the medium."""
    names = sorted({rules.stream_of(package) for package in seen if rules.is_foreign(package)})
    return [f"passed over, for [modules] enabled does not name them: {progress.join_names(names, NAMED)}"] * bool(names)


def _refuse_other_modules(picks: Iterable[SelectedPackage], rules: ModularRules, earlier: str) -> None:
    """Raise PackageError for packages of an earlier lock that dnf would hide, or take for plain ones."""
    wrong = Findings()
    for pick in picks:
        if rule := rules.rule(pick.package):
            wrong.add(rule, pick.package.nevra)
        elif pick.module != rules.module_of(pick.package):
            of = rules.module_of(pick.package) or "no stream that [modules] enables"
            wrong.add(
                f"the lock says that it is of {pick.module or 'no module'}, and it is of {of}", pick.package.nevra
            )
    if wrong.found:
        raise PackageError(
            f"{earlier}: was chosen with other modules\n{format_grouped(wrong.found)}",
            hint="correct [modules] in release.toml, or remove [packages] lock to select from the tiers",
        )


def _refuse_unknown_tiers(picks: Iterable[SelectedPackage], tiers: Iterable[Tier], earlier: str) -> None:
    """Raise PackageError for plain packages of tiers that nobody describes: those say where a package lies."""
    names, lost = {tier.name for tier in tiers}, Findings()
    for pick in picks:
        lost.check(bool(pick.module) or pick.tier in names, pick.tier, pick.package.nevra)
    if lost.found:
        raise PackageError(
            f"{earlier}: has packages of tiers that are not in release.toml, so nothing says in which repository they"
            f" lie\n{format_grouped(lost.found)}",
            hint="add the tiers to [[tiers]] of release.toml, with their repository, or remove [packages] lock to"
            " select from those that are there",
        )


def _read_earlier_lock(
    earlier: Path, trusted: Sequence[PinnedKey], sources: PackageSources, fact_cache: Path
) -> list[SelectedPackage]:
    """Return the packages of an earlier lock, if every file is verified and what the lock says. Raises PackageError.

    A lock is a choice and no proof: each package is read like any other of the tiers.
    """
    picks = lock.parse_lock(
        read_file_text(earlier), earlier, mend="get a good copy of it, or take lock out of [packages] in release.toml"
    )
    paths = {pick.package.file: sources.root / pick.package.file for pick in picks}
    there = [path for path in paths.values() if path.is_file()]
    read = scan.scan_package_files(there, sources.root, trusted, fact_cache)
    complaints = scan.ScanProblems()
    for pick in picks:
        if reason := _lock_mismatch(pick.package, read.get(paths[pick.package.file])):
            complaints.add(reason, pick.package.file)
    if complaints.found:
        raise PackageError(
            f"{earlier}: cannot be used again\n{format_grouped(complaints.found)}",
            hint="restore those files, or remove [packages] lock from release.toml to select from the tiers",
        )
    scan.refuse_later_signatures((found for found in read.values() if isinstance(found, Package)), sources.date)
    return picks


def _lock_mismatch(expected: Package, found: Package | RejectedFile | None) -> str:
    """Return why a file is not the package that a lock names, "" if it is."""
    if found is None:
        return "is not there any more"
    if isinstance(found, RejectedFile):
        return found.reason
    if found.sha256 != expected.sha256:
        return "was modified since it was selected"
    return "" if found == expected else "is not the package that the lock describes"


def _write_lock(target: Path, text: str, earlier_locks: Path) -> str:
    """Write packages.lock; return a note of where the lock that it replaces is kept, "" if it replaces none."""
    if not target.exists() or (before := read_file_text(target)) == text:
        write_file(target, text)
        return ""
    copy = earlier_locks / f"packages-{hashlib.sha256(before.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}.lock"
    write_file(copy, before)
    write_file(target, text)
    return f"; previous lock kept as {copy.relative_to(earlier_locks.parent)}"
