# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what release.toml names is there and is what it should be: paths, key files, the key that signs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from smedoit.config.network import is_http_url
from smedoit.config.release import Release
from smedoit.config.tiers import KeySettings
from smedoit.doctor.requirements import FINE, MISSING, REMARK, DoctorFinding
from smedoit.errors import SmeError
from smedoit.keys import base_rpm, gpg, keyring

BY_HAND = "put it there, or correct the path"


@dataclass(frozen=True)
class NamedPlace:
    """A path that release.toml names: its key, whether it must be a directory, and what would bring it there."""

    key: str
    path: Path
    is_directory: bool
    remedy: str = BY_HAND


def list_named_places(rel: Release) -> Iterator[NamedPlace]:
    """Yield every path of release.toml that a step reads; staged tiers are looked at with their packages."""
    exported = {export.path for export in rel.exported}
    for tier in rel.tiers:
        if not tier.stage:
            yield NamedPlace(f"tier {tier.name}", tier.path, True, "nothing comes from it until it is there")
    yield NamedPlace("[content] path", rel.content.path, True, "doit content" if rel.exported else BY_HAND)
    if rel.content.path.is_dir():
        yield NamedPlace("[groups] comps", rel.groups.comps, False)
        for path in rel.quality.verified:
            yield NamedPlace("[quality] verified", path, False)
    yield NamedPlace(
        "[boot_set] path", rel.boot_set.path, True, "doit boot_set" if rel.boot_set.is_fetched else BY_HAND
    )
    if rel.boot_set.is_managed:
        yield NamedPlace("[boot_set] pins", rel.pins, False, "doit pin_boot_set")
    mirrored = "doit translations" if rel.translations.url else BY_HAND
    yield NamedPlace("[translations] path", rel.translations.path, True, mirrored)
    for export in rel.checkouts:
        yield NamedPlace(f"checkout {export.name}", export.path, True, "doit content")
    for mirror in rel.updates.mirrors:
        yield NamedPlace("[updates] mirrors", mirror, True, "doit updates cannot look there")
    for key, said, is_directory in _optional_places(rel):
        if said and not is_http_url(said):
            remedy = "doit content" if Path(said) in exported else BY_HAND
            yield NamedPlace(key, rel.root / said, is_directory, remedy)


def _optional_places(rel: Release) -> Iterator[tuple[str, str, bool]]:
    """Yield key, path as it is said ("" if it is not) and whether it is a directory."""
    yield "[content] inherit", rel.content.inherit, True
    yield "[boot_set] iso", rel.boot_set.iso, False
    yield "[packages] lock", rel.packages.lock, False
    yield "[anaconda] source", rel.anaconda.source, True
    yield "[anaconda] patches", rel.anaconda.patches, True
    yield "[anaconda] srpm", rel.anaconda.srpm, False
    yield "[spec] path", rel.spec.path, False


def examine_places(rel: Release) -> list[DoctorFinding]:
    """Return what is wrong with the paths of release.toml, or one line that nothing is.

    What is not there is a remark, for a step may bring it; what is of another kind, or cannot be read, is a fault.
    """
    if not rel.root.is_dir():
        text = f"{rel.root} is not there yet: doit sample makes a world there for practice"
        return [DoctorFinding(REMARK, "paths", text)]
    places = list(list_named_places(rel))
    found = [finding for place in places if (finding := _examine_place(place))]
    return [DoctorFinding(FINE, "paths", f"{len(places) - len(found)} of {len(places)} are there"), *found]


def _examine_place(place: NamedPlace) -> DoctorFinding | None:
    """Return what is wrong with a place, None if nothing is."""
    if not os.path.lexists(place.path):
        return DoctorFinding(REMARK, place.key, f"{place.path} is not there: {place.remedy}")
    if place.path.is_dir() != place.is_directory or not place.path.exists():
        kind = "directory" if place.is_directory else "file"
        return DoctorFinding(MISSING, place.key, f"{place.path} is no {kind}: {BY_HAND}")
    if not os.access(place.path, os.R_OK | (os.X_OK if place.is_directory else 0)):
        return DoctorFinding(MISSING, place.key, f"{place.path} cannot be read: let your user read it")
    return None


def examine_keys(rel: Release) -> list[DoctorFinding]:
    """Return a line for every pinned key, and for the key that signs."""
    found = [_examine_key(rel, key) for key in rel.keys]
    if rel.signing.configured:
        found.append(_examine_signing(rel))
    return found


def _examine_key(rel: Release, key: KeySettings) -> DoctorFinding:
    """Return whether a key file is there, holds what is pinned, and counts at the release's date."""
    subject = f"key {key.file.name.removeprefix('RPM-GPG-KEY-')}"
    if not key.file.exists():
        return DoctorFinding(REMARK, subject, f"{key.file} is not there: {BY_HAND}")
    try:
        pinned = keyring.read_pinned_key(key)
        keyring.refuse_expired_keys([key], [pinned], rel.release.date)
    except SmeError as error:
        return DoctorFinding(MISSING, subject, _in_one_line(error))
    if pinned.obstacle and not key.legacy_reason:
        text = f"no signature of it can be checked, {pinned.obstacle}; legacy_reason lets rpm do it"
        return DoctorFinding(REMARK, subject, text)
    rpm = rel.release.built_on.rpm
    if flaw := base_rpm.find_key_flaw(pinned.certificate, rpm):
        text = f"nobody can import it, {flaw}; ask its owner for a new signature on it, with SHA-256"
        return DoctorFinding(REMARK, subject, text)
    if remark := base_rpm.find_key_remark(pinned.certificate, rpm):
        return DoctorFinding(REMARK, subject, remark)
    expires = pinned.certificate.expires
    return DoctorFinding(FINE, subject, f"{key.fingerprint}{f', expires on {expires:%Y-%m-%d}' if expires else ''}")


def _examine_signing(rel: Release) -> DoctorFinding:
    """Return whether the key of [signing] is at hand, with its secret half."""
    if not rel.signing.key and not rel.signing.file.exists():
        return DoctorFinding(REMARK, "[signing] file", f"{rel.signing.file} is not there: {BY_HAND}")
    try:
        owner = gpg.load_signing_certificate(rel.signing, rel.is_practice)
        gpg.require_secret_half(rel.signing)
    except SmeError as error:
        return DoctorFinding(MISSING, "[signing]", _in_one_line(error))
    return DoctorFinding(FINE, "[signing]", owner.fingerprint)


def _in_one_line(error: SmeError) -> str:
    """Return an error and its hint as one line of the report."""
    return "; ".join(line.strip().removeprefix("hint: ").rstrip(":") for line in str(error).splitlines())
