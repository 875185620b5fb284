# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed copies of packages that nobody signed, in a tier of their own; the originals stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.config.packages import matches_package
from smedoit.config.release import Release
from smedoit.config.tiers import Tier
from smedoit.errors import ConfigError, FileError, PackageError, SignError, format_count, format_grouped
from smedoit.keys import gpg, keyring, rpmsign
from smedoit.keys.keyring import PinnedKey
from smedoit.package import Package
from smedoit.packages import scan
from smedoit.packages.explain import TierPackage
from smedoit.packages.scan import RejectedFile
from smedoit.rpm.signatures import UNSIGNED
from smedoit.runtime import progress
from smedoit.runtime.files import copy_file
from smedoit.tiers.route import PromotionContext, PromotionRoute, target_paths

USAGE = "doit sign_packages [NAME…] --from TIER --to TIER [--dry-run]"


def sign_unsigned_packages(
    rel: Release, names: Sequence[str], source: str, target: str, dry_run: bool
) -> Mapping[str, str]:
    """Put copies of a tier's unsigned packages, signed by the key of [signing], into another tier.

    names  of packages, NEVRAs or globs; all unsigned ones if there is none
    """
    pinned, owner = _load_owner(rel)
    route = _signing_route(rel, source, target)
    found = _unsigned_packages(rel, route.source, names, pinned)
    context = PromotionContext(rel.tiers, found, rel.release.arch, rel.root)
    places = {path: copy for copy in found for path in target_paths(context, route, copy)}
    waiting = {path: copy for path, copy in places.items() if not path.exists()}
    _refuse_other_files(rel, places.keys() - waiting.keys(), pinned, owner)
    opening = f"to be signed by {owner}, as copies in {target}; those in {source} stay unsigned:"
    progress.show_report("\n  ".join([opening, *(copy.package.file for copy in waiting.values())]))
    if dry_run:
        return {"did": "dry run: nothing was changed"}
    if waiting:
        _place_signed_copies(rel, waiting, pinned, owner)
    there = f", {len(places) - len(waiting)} were there already" if len(places) > len(waiting) else ""
    count = format_count(len(waiting), "signed copy", "signed copies")
    advice = f"; set stage = false for {route.source.name} in release.toml" if route.source.stage else ""
    return {"did": f"{count} in {route.target.name}{there}; the originals in {route.source.name} are unsigned{advice}"}


def _load_owner(rel: Release) -> tuple[list[PinnedKey], str]:
    """Return the pinned keys, and the fingerprint of the key that signs. Raises SignError unless that is pinned."""
    if not rel.signing.configured:
        raise SignError("release.toml names no key that signs", hint="add [signing], with its key or file")
    owner = gpg.load_signing_certificate(rel.signing, rel.is_practice).fingerprint.lower()
    if owner not in [key.fingerprint for key in rel.keys]:
        raise SignError(
            f"the key {owner} of [signing] is not in [[keys]], so no medium would take what it signs",
            hint="add its public half to [[keys]], where it goes on the medium",
        )
    return keyring.load_pinned_keys(rel.keys), owner


def _signing_route(rel: Release, source: str, target: str) -> PromotionRoute:
    """Return the way of the copies. Raises ConfigError for tiers that are none, FileError for one that is not there."""
    if not source or not target or source == target:
        raise ConfigError("sign_packages needs two tiers, copies go from one to the other", hint=USAGE)
    context = PromotionContext(rel.tiers, (), rel.release.arch, rel.root)
    route = PromotionRoute(context.tier(source, "--from"), context.tier(target, "--to"), copy=True)
    if not route.target.path.is_dir():
        raise FileError(
            f"{route.target.path}: tier {target} is not there",
            hint="correct its path in release.toml, or make the directory",
        )
    return route


def _unsigned_packages(
    rel: Release, tier: Tier, names: Sequence[str], pinned: Sequence[PinnedKey]
) -> list[TierPackage]:
    """Return the packages of a tier that nobody signed. Raises PackageError for words that mean none of them."""
    seen = scan.scan_tiers([tier], rel.root, pinned, rel.fact_cache)
    for error in seen.absent.values():
        raise error
    refused = [(bad.claims, bad.reason) for bad in seen.refused[tier.name] if bad.reason == UNSIGNED and bad.claims]
    unsigned = [claims for claims, _ in refused]
    unmeant = [word for word in names if not any(matches_package(word, claims) for claims in unsigned)]
    if unmeant or not unsigned:
        what = ", ".join(unmeant) or "nothing"
        raise PackageError(
            f"{tier.name}: holds no unsigned package that {what} means" if unmeant else f"{tier.name}: all is signed",
            hint="doit packages names every package that is refused, and why",
        )
    wanted = [claims for claims in unsigned if not names or any(matches_package(word, claims) for word in names)]
    return [TierPackage(claims, tier.name, 0, tier.stage, UNSIGNED) for claims in wanted]


def _refuse_other_files(rel: Release, there: set[Path], pinned: Sequence[PinnedKey], owner: str) -> None:
    """Raise PackageError for files that lie where a copy belongs, and are none that our key signed."""
    verdicts = scan.scan_package_files(there, rel.root, pinned, rel.fact_cache)
    others = [str(path) for path, verdict in verdicts.items() if not _is_signed_by(verdict, owner)]
    if others:
        raise PackageError(
            f"something else lies where signed copies belong\n{format_grouped({'is no copy of ours': others})}",
            hint="look what it is; nothing was changed",
        )


def _is_signed_by(verdict: Package | RejectedFile, owner: str) -> bool:
    return isinstance(verdict, Package) and verdict.key == owner


def _place_signed_copies(
    rel: Release, waiting: Mapping[Path, TierPackage], pinned: Sequence[PinnedKey], owner: str
) -> None:
    """Copy, sign, read back, and only then put the copies into their tier. Raises SignError, PackageError."""
    with TemporaryDirectory(prefix="smedoit-sign-") as beside:
        made: dict[Path, Path] = {}
        complaints = scan.ScanProblems()
        for number, (path, copy) in enumerate(waiting.items()):
            original = rel.root / copy.package.file
            if damage := rpmsign.find_damage(original):
                complaints.add(damage, copy.package.file)
            made[path] = Path(beside) / str(number) / path.name
            copy_file(original, made[path])
        complaints.raise_if_any()
        rpmsign.sign_package_files(list(made.values()), rel.signing, rel.release.epoch)
        verdicts = scan.scan_package_files(made.values(), Path(beside), pinned, Path(beside) / "facts.sqlite")
        for path, file in made.items():
            verdict = verdicts[file]
            if isinstance(verdict, RejectedFile):
                complaints.add(verdict.reason, waiting[path].package.file)
            elif verdict.key != owner:
                complaints.add(f"is signed by {verdict.key}", waiting[path].package.file)
        if complaints.found:
            raise SignError(
                f"the signed copies would be refused, none was placed\n{format_grouped(complaints.found)}",
                hint="practice keys sign packages of doit sample only; others need a key of your own in [signing]",
            )
        for path, file in progress.track_progress(made.items(), len(made), "placing signed copies"):
            copy_file(file, path)
            progress.log_line(f"{path}: signed copy of {waiting[path].package.file}, by {owner}")
