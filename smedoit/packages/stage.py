# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of the tree, each in its repository: hard links to the tiers, verified by lock and keys."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smedoit.bases.enterprise_linux import BaseRpm
from smedoit.config.tiers import KeySettings
from smedoit.errors import PackageError, format_count, format_grouped
from smedoit.keys import base_rpm, keyring
from smedoit.keys.keyring import PinnedKey
from smedoit.medium_paths import repository_path
from smedoit.package import Package
from smedoit.packages import scan
from smedoit.packages.lock import read_lock
from smedoit.packages.places import MediumLayout, refuse_empty_repositories
from smedoit.rpm import header, reader, signatures
from smedoit.runtime import progress, workers
from smedoit.runtime.digests import DigestCache, read_stamp
from smedoit.runtime.files import link_file, remove_file
from smedoit.tree import layers

KEY_REFUSED = "key that cannot be imported, "  # begins a reason, of keys and not of packages


def link_packages(lock_file: Path, root: Path, target: Path, layout: MediumLayout, fact_cache: Path) -> str:
    """Make the repositories of target hold the packages of the lock, as hard links where possible, and no other RPM.

    fact_cache  what was read when the packages were selected is not read again, if nobody touched it since

    Raises PackageError for all files that are gone, or modified since they were selected, and for a repository that
    would have none.
    """
    picks = read_lock(lock_file)
    refuse_empty_repositories(layout, picks)
    wanted = layout.locate_packages(picks)
    sources = {name: root / package.file for name, package in wanted.items()}
    _refuse_changed_packages(
        {name: sources[name] for name in wanted if not sources[name].is_file()}, "is not there any more"
    )
    placed = [name for name, source in sorted(sources.items()) if not _is_linked(source, target / name)]
    known = DigestCache(fact_cache)
    for name in progress.track_progress(placed, len(placed), "linking packages"):
        before = read_stamp(sources[name])
        link_file(sources[name], target / name)
        known.follow_link(target / name, before)
    bad = modified_files({name: (target / name, package) for name, package in wanted.items()}, known).found
    for name in (name for names in bad.values() for name in names):
        remove_file(target / name)
    for reason, names in bad.items():
        _refuse_changed_packages({name: sources[name] for name in names}, reason)
    there = (
        repository_path(directory, name)
        for directory in map(layout.package_directory, layout.repositories)
        for name in layers.list_tree_files(target / directory)
    )
    unlisted = [name for name in there if name.endswith(".rpm") and name not in wanted]
    for name in unlisted:
        remove_file(target / name)
    return f"{len(wanted)} packages, {len(placed)} new, {len(unlisted)} removed"


def verify_medium_keys(
    pinned: Sequence[KeySettings],
    rpm: BaseRpm,
    lock_file: Path,
    tree_root: Path,
    layout: MediumLayout,
    fact_cache: Path,
) -> str:
    """Verify every package of the tree with the keys of the tree, as we do and as the rpm of the base does.

    rpm         of the base
    fact_cache  what was found signed by a key with the very bytes of the one on the medium need not be tried again

    Raises PackageError.
    """
    placed = keyring.load_pinned_keys(replace(key, file=tree_root / key.file.name) for key in pinned)
    paths = [tree_root / path for path in layout.locate_packages(read_lock(lock_file))]
    complaints, found = (
        scan.ScanProblems(),
        _find_signers(paths, placed, scan.cached_signers(paths, placed, fact_cache)),
    )
    signed = Counter(key for key, _ in found.values())
    flawed = {key.fingerprint: flaw for key in placed if (flaw := base_rpm.find_key_flaw(key.certificate, rpm))}
    for key in placed:
        if key.fingerprint in flawed and signed[key.fingerprint]:
            count = format_count(signed[key.fingerprint], "package")
            complaints.add(f"{KEY_REFUSED}{flawed[key.fingerprint]}", f"{key.name}, which signed {count}")
    good = [path for path, (_, why) in found.items() if not why]
    flaws = workers.map_parallel(lambda path: signatures.find_installer_flaw(path, placed, rpm), good)
    for path, why in [*((path, why) for path, (_, why) in found.items()), *zip(good, flaws, strict=True)]:
        if why:
            complaints.add(why, path.name)
    if complaints.found:
        raise PackageError(
            f"{tree_root}: its keys do not verify its packages\n{format_grouped(complaints.found)}",
            hint="; ".join(dict.fromkeys(_mend_reason(reason, rpm) for reason in complaints.found)),
        )
    counts = ", ".join(f"{key.name} verifies {signed[key.fingerprint]} packages" for key in placed)
    return "; ".join([counts, *_key_remarks(placed, rpm)])


def _mend_reason(reason: str, rpm: BaseRpm) -> str:
    """Return what to do about a reason for which packages do not verify."""
    if reason.startswith(KEY_REFUSED):
        return "ask the owner of the key for a new signature on it, with SHA-256"
    if rpm.name in reason:
        return (
            f"have packages that {rpm.name} refuses built or signed again, with RSA and SHA-256"
            " (doit sign_packages signs copies that nobody signed)"
        )
    return "add the missing key to [[keys]] of release.toml; if a package was changed by hand, run doit again"


def _key_remarks(placed: Sequence[PinnedKey], rpm: BaseRpm) -> list[str]:
    """Return what is to be said of keys of a medium that do no harm."""
    found = (
        (key, base_rpm.find_key_flaw(key.certificate, rpm) or base_rpm.find_key_remark(key.certificate, rpm))
        for key in placed
    )
    return [f"{key.name}: {said}" for key, said in found if said]


def modified_files(found: Mapping[str, tuple[Path, Package]], known: DigestCache) -> scan.ScanProblems:
    """Return the names of the files that are gone, or have another SHA-256 than their package."""
    complaints = scan.ScanProblems()
    there = {name: path for name, (path, _) in found.items() if path.is_file()}
    digests = known.of_all(there.values(), "sha256")
    known.save()
    for name, (path, package) in found.items():
        if name not in there:
            complaints.add("is not there any more", name)
        elif digests[path]["sha256"] != package.sha256:
            complaints.add("was modified since it was selected", name)
    return complaints


def _refuse_changed_packages(files: Mapping[str, Path], reason: str) -> None:
    """Raise PackageError for files of the lock that are gone or modified."""
    if files:
        raise PackageError(
            f"the tiers changed since the packages were selected\n{format_grouped({reason: map(str, files.values())})}",
            hint="run doit again: it selects from what is there now",
        )


def _find_signers(
    paths: Sequence[Path], placed: Sequence[PinnedKey], known: Mapping[Path, str]
) -> dict[Path, tuple[str, str]]:
    """Return package -> the key that signed it, or "" and why none did; of those that are known no file is opened."""
    found = {path: (key, "") for path, key in known.items()}
    unknown = [path for path in paths if path not in found]
    keyring.prepare_keyrings(placed if unknown else ())
    return {
        **found,
        **dict(
            zip(unknown, workers.map_parallel(lambda path: _find_package_signer(path, placed), unknown), strict=True)
        ),
    }


def _find_package_signer(path: Path, placed: Sequence[PinnedKey]) -> tuple[str, str]:
    """Return the key that signed a package, or "" and why none did."""
    try:
        return reader.find_signing_key(path, placed), ""
    except header.BadPackageError as bad:
        return "", str(bad)


def _is_linked(source: Path, target: Path) -> bool:
    """Return whether target already is source."""
    try:
        return os.path.samefile(source, target)
    except OSError:
        return False
