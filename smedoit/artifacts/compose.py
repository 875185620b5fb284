# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifests that composes of Fedora and CentOS carry, as productmd writes and reads them.

Paths are those of a release directory on the mirrors: iso/ARCH/…, smeos/ARCH/….
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timezone
from typing import Any

from smedoit.config.identity import ReleaseIdentity
from smedoit.medium_paths import PACKAGES
from smedoit.package import Package
from smedoit.packages.places import SOURCES, MediumLayout
from smedoit.packages.select import SelectedPackage
from smedoit.tree.treeinfo import variant_places

COMPOSEINFO, RPMS, IMAGES = "composeinfo.json", "rpms.json", "images.json"
NAMES = (COMPOSEINFO, RPMS, IMAGES)
MILESTONES = {"alpha": "Alpha", "beta": "Beta", "rc": "RC"}
SHORT_KEY = 8  # digits of a fingerprint by which such manifests name a key
PUBLISHED_ISOS, PUBLISHED_TREE = "iso", "smeos"


@dataclass(frozen=True)
class ComposeMedium:
    """A finished medium.

    path         on the mirrors
    kind         dvd, or netinst for one without packages
    arch         src for sources
    implanted    the media check's MD5
    number, count  which disc it is, of how many
    """

    path: str
    kind: str
    arch: str
    size: int
    sha256: str
    md5: str
    volume: str
    implanted: str
    bootable: bool
    number: int = 1
    count: int = 1


@dataclass(frozen=True)
class LocatedPackages:
    """The packages of a release, and the sources of them, as far as they are at hand.

    layout  where the former lie
    """

    picks: Sequence[SelectedPackage]
    sources: Sequence[SelectedPackage]
    layout: MediumLayout

    def published_packages(self, arch: str) -> dict[str, Package]:
        """Return path in the release -> package."""
        trees = {
            f"{PUBLISHED_TREE}/{arch}": self.layout.locate_packages(self.picks),
            PUBLISHED_TREE: SOURCES.locate_packages(self.sources),
        }
        return {f"{tree}/{path}": package for tree, found in trees.items() for path, package in found.items()}


def main_variant(identity: ReleaseIdentity) -> str:
    """Return the name of the variant that has the media: the only one, or that of the installer's base."""
    return next(iter(variant_places(identity)))


def format_manifests(
    identity: ReleaseIdentity,
    discs: Iterable[ComposeMedium],
    packages: LocatedPackages,
) -> dict[str, str]:
    """Return the name of each manifest -> its text."""
    all_discs = list(discs)
    return {
        COMPOSEINFO: _composeinfo_json(identity, all_discs),
        RPMS: _rpms_json(identity, packages),
        IMAGES: _images_json(identity, all_discs),
    }


def _composeinfo_json(identity: ReleaseIdentity, discs: Iterable[ComposeMedium]) -> str:
    """Return composeinfo.json: what this release is, and where its parts lie."""
    from productmd.composeinfo import ComposeInfo, Variant

    info = ComposeInfo()
    info.release.name, info.release.short, info.release.version = identity.product, identity.short, identity.version
    info.release.type = "ga"
    _describe_compose(info.compose, identity)
    arches = {disc.arch for disc in discs}
    for name, place in variant_places(identity).items():
        variant = Variant(info)
        variant.id = variant.uid = variant.name = name
        variant.type, variant.arches = "variant", {identity.arch}
        for field, path in _variant_paths(identity, place, arches if name == main_variant(identity) else ()).items():
            getattr(variant.paths, field)[identity.arch] = path
        info.variants.add(variant)
    return _dump_manifest(info)


def _variant_paths(identity: ReleaseIdentity, place: str, arches: Collection[str]) -> dict[str, str]:
    """Return where the parts of a variant lie, by productmd's names.

    place   of its repository in the tree
    arches  of its media, none where another variant has these
    """
    tree, isos = f"{PUBLISHED_TREE}/{identity.arch}", f"{PUBLISHED_ISOS}/{identity.arch}"
    repository = f"{tree}/{place}".rstrip("/")
    found = {"os_tree": tree, "packages": f"{repository}/{PACKAGES}", "repository": repository}
    if arches:
        found |= {"isos": isos, "jigdos": isos}
    if "src" in arches:
        sources, discs = f"{PUBLISHED_TREE}/SRPMS", f"{PUBLISHED_ISOS}/source"
        found |= {"source_tree": sources, "source_packages": sources, "source_repository": sources}
        found |= {"source_isos": discs, "source_jigdos": discs}
    return found


def _describe_compose(compose: Any, identity: ReleaseIdentity) -> None:
    """Say in productmd's terms which release this is: rc2 is the milestone RC-2.0."""
    compose.date = f"{identity.date.astimezone(timezone.utc):%Y%m%d}"
    compose.id = f"{identity.short}-{identity.version}-{compose.date}.0"
    compose.type, compose.respin = "production", 0
    stage = re.fullmatch(r"([a-z]+)([0-9]+)", identity.label)
    if stage:
        compose.label, compose.final = f"{MILESTONES[stage.group(1)]}-{stage.group(2)}.0", False


def _rpms_json(identity: ReleaseIdentity, packages: LocatedPackages) -> str:
    """Return rpms.json: every package in the variant that has it, below the source package that it was built from."""
    from productmd.rpms import Rpms

    found, main = Rpms(), main_variant(identity)
    _describe_compose(found.compose, identity)
    known = {pick.package.filename: pick.package for pick in packages.sources}
    variants = {place: name for name, place in variant_places(identity).items()}
    users: dict[str, set[str]] = {}
    for pick in sorted(packages.picks, key=lambda pick: pick.package.nevra):
        package, name = pick.package, variants[packages.layout.package_repository(pick)]
        users.setdefault(package.source_rpm, set()).add(name)
        path = f"{PUBLISHED_TREE}/{identity.arch}/{packages.layout.package_path(pick)}"
        category = "debug" if package.name.endswith(("-debuginfo", "-debugsource")) else "binary"
        found.add(
            name,
            identity.arch,
            manifest_nevra(package),
            path,
            signing_key_id(package),
            category,
            _find_source(package, known),
        )
    for path, source in SOURCES.locate_packages(packages.sources).items():
        place = f"{PUBLISHED_TREE}/{path}"
        for name in sorted(users.get(source.filename, {main})):
            found.add(name, identity.arch, manifest_nevra(source), place, signing_key_id(source), "source")
    return _dump_manifest(found)


def manifest_nevra(package: Package) -> str:
    """Return name-epoch:version-release.arch; the epoch stands there even if it is 0."""
    return f"{package.name}-{package.evr.epoch}:{package.evr.version}-{package.evr.release}.{package.arch}"


def signing_key_id(package: Package) -> str:
    """Return the key that signed a package, as such manifests name it."""
    return package.key[-SHORT_KEY:]


def _find_source(package: Package, known: Mapping[str, Package]) -> str:
    """Return the source package of a package; where it is not at hand, its file name without an epoch must do."""
    if package.source_rpm in known:
        return manifest_nevra(known[package.source_rpm])
    own = f"{package.name}-{package.evr.version}-{package.evr.release}.src.rpm"
    name, version, release = (package.source_rpm or own).removesuffix(".rpm").rsplit("-", 2)
    return f"{name}-0:{version}-{release}"


def _images_json(identity: ReleaseIdentity, discs: Iterable[ComposeMedium]) -> str:
    """Return images.json: every medium with its size, sums and label."""
    from productmd.images import Image, Images

    found, name = Images(), main_variant(identity)
    _describe_compose(found.compose, identity)
    for disc in discs:
        image = Image(found)
        image.path, image.size, image.mtime = disc.path, disc.size, identity.epoch
        image.type, image.format, image.arch = disc.kind, "iso", disc.arch
        image.volume_id, image.implant_md5, image.bootable = disc.volume, disc.implanted, disc.bootable
        image.disc_number, image.disc_count, image.subvariant = disc.number, disc.count, name
        image.checksums = {"md5": disc.md5, "sha256": disc.sha256}
        found.add(name, identity.arch, image)
    return _dump_manifest(found)


def _dump_manifest(document: Any) -> str:
    """Return a manifest as productmd writes it."""
    text = io.StringIO()
    document.dump(text)
    return text.getvalue()
