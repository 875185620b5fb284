# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice world of `doit sample`."""

from __future__ import annotations

from pathlib import Path

from smedoit.config.release import Release
from smedoit.config.tiers import Tier
from smedoit.errors import ConfigError
from smedoit.sample import packages
from smedoit.sample.specfile import SPEC


def make_sample(rel: Release) -> str:
    """Create the practice world below the build root; existing files are kept."""
    make_practice_world(rel)
    return f"practice world in {rel.root}"


def make_practice_world(rel: Release) -> None:
    """Create the files of the practice world that are missing.

    Raises ConfigError for a release that trusts no practice key: its tiers are real ones.
    """
    from smedoit.sample import boot

    fill_practice_world(rel)
    if not rel.boot_set.is_fetched:
        boot.make_boot_set(rel)


def fill_practice_world(rel: Release) -> None:
    """Create the practice world without a boot set."""
    from smedoit.sample import content, previous_release, translations

    _refuse_real_keys(rel)
    _fill_tiers(rel)
    _fill_keys(rel)
    content.fill_content_tree(rel)
    translations.fill_translations(rel.translations.path)
    previous_release.fill_previous_release(rel)
    if not any(tier.path.is_relative_to(rel.publish.target) for tier in rel.tiers):
        packages.write_if_missing(rel.publish.target / rel.publish.marker, bytes)
    if rel.spec.path:
        packages.write_if_missing(rel.root / rel.spec.path, SPEC.encode)


def _refuse_real_keys(rel: Release) -> None:
    """Raise ConfigError unless rel trusts at least one practice key."""
    practice = set(packages.FINGERPRINTS.values())
    if not practice & {key.fingerprint for key in rel.keys}:
        raise ConfigError(
            f"{rel.file}: trusts no practice key, so no practice world is created in {rel.root}",
            hint="its packages would lie between real ones; give [paths] root and [[keys]] as the project's own"
            " release.toml does, and name that file in SMEDOIT_RELEASE",
        )


def _fill_tiers(rel: Release) -> None:
    """Build the packages that the tiers of rel lack."""
    from smedoit.sample import catalogue

    for tier in rel.tiers:
        for recipe in catalogue.practice_recipes(tier.name, rel.release):
            place = _tier_directory(tier, rel.release.arch, recipe.is_source)
            if place:
                packages.write_rpm(recipe, place)


def _tier_directory(tier: Tier, arch: str, is_source: bool) -> Path | None:
    """Return where tier keeps such packages; None for sources in the mirror, which are in another place upstream."""
    if tier.name == "centos":
        return None if is_source else tier.path
    return tier.path / ("SRPMS" if is_source else f"{arch}/RPMS")


def _fill_keys(rel: Release) -> None:
    """Put the practice keys where rel expects them: public halves, and a secret one if it signs with a file."""
    for name, fingerprint in packages.FINGERPRINTS.items():
        source = packages.KEYS / f"RPM-GPG-KEY-practice-{name}"
        for key in rel.keys:
            if key.fingerprint == fingerprint:
                packages.write_if_missing(key.file, source.read_bytes)
    if rel.signing.configured and not rel.signing.key:
        packages.write_if_missing(rel.signing.file, (packages.KEYS / "RPM-GPG-KEY-practice-koozali.secret").read_bytes)
