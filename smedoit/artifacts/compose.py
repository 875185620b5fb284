"""The manifests that composes of Fedora and CentOS carry, as productmd writes and reads them.

Paths are those of a release directory on the mirrors: iso/ARCH/…, smeos/ARCH/….
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timezone
from typing import Any

from smedoit.config.identity import Identity
from smedoit.package import Package
from smedoit.packages.select import Pick

COMPOSEINFO, RPMS, IMAGES = "composeinfo.json", "rpms.json", "images.json"
NAMES = (COMPOSEINFO, RPMS, IMAGES)
MILESTONES = {"alpha": "Alpha", "beta": "Beta", "rc": "RC"}
SHORT_KEY = 8  # digits of a fingerprint by which such manifests name a key
PUBLISHED_ISOS, PUBLISHED_TREE = "iso", "smeos"


@dataclass(frozen=True)
class Disc:
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


def variant(one: Identity) -> str:
    """Return the name of the only variant, as .treeinfo has it."""
    return re.sub(r"[^A-Za-z0-9]", "", one.short)


def texts(one: Identity, discs: Iterable[Disc], picks: Iterable[Pick], sources: Iterable[Pick]) -> dict[str, str]:
    """Return the name of each manifest -> its text."""
    all_discs, all_sources = list(discs), list(sources)
    return {
        COMPOSEINFO: composeinfo(one, all_discs),
        RPMS: rpms(one, picks, all_sources),
        IMAGES: images(one, all_discs),
    }


def composeinfo(one: Identity, discs: Iterable[Disc]) -> str:
    """Return composeinfo.json: what this release is, and where its parts lie."""
    from productmd.composeinfo import ComposeInfo, Variant

    info = ComposeInfo()
    info.release.name, info.release.short, info.release.version = one.product, one.short, one.version
    info.release.type = "ga"
    describe_compose(info.compose, one)
    only = Variant(info)
    only.id = only.uid = only.name = variant(one)
    only.type, only.arches = "variant", {one.arch}
    for field, path in places(one, {disc.arch for disc in discs}).items():
        getattr(only.paths, field)[one.arch] = path
    info.variants.add(only)
    return dumped(info)


def places(one: Identity, arches: set[str]) -> dict[str, str]:
    """Return where the parts of a release lie, by productmd's names."""
    tree, isos = f"{PUBLISHED_TREE}/{one.arch}", f"{PUBLISHED_ISOS}/{one.arch}"
    found = {"os_tree": tree, "packages": f"{tree}/Packages", "repository": tree, "isos": isos, "jigdos": isos}
    if "src" in arches:
        sources, discs = f"{PUBLISHED_TREE}/SRPMS", f"{PUBLISHED_ISOS}/source"
        found |= {"source_tree": sources, "source_packages": sources, "source_repository": sources}
        found |= {"source_isos": discs, "source_jigdos": discs}
    return found


def describe_compose(compose: Any, one: Identity) -> None:
    """Say in productmd's terms which release this is: rc2 is the milestone RC-2.0."""
    compose.date = f"{one.date.astimezone(timezone.utc):%Y%m%d}"
    compose.id = f"{one.short}-{one.version}-{compose.date}.0"
    compose.type, compose.respin = "production", 0
    stage = re.fullmatch(r"([a-z]+)([0-9]+)", one.label)
    if stage:
        compose.label, compose.final = f"{MILESTONES[stage.group(1)]}-{stage.group(2)}.0", False


def rpms(one: Identity, picks: Iterable[Pick], sources: Iterable[Pick]) -> str:
    """Return rpms.json: every package below the source package that it was built from."""
    from productmd.rpms import Rpms

    found, name = Rpms(), variant(one)
    describe_compose(found.compose, one)
    known = {pick.package.filename: pick.package for pick in sources}
    for pick in sorted(picks, key=lambda pick: pick.package.nevra):
        package = pick.package
        path = f"{PUBLISHED_TREE}/{one.arch}/Packages/{package.filename}"
        category = "debug" if package.name.endswith(("-debuginfo", "-debugsource")) else "binary"
        found.add(name, one.arch, nevra(package), path, sigkey(package), category, source_of(package, known))
    for source in known.values():
        path = f"{PUBLISHED_TREE}/SRPMS/{source.filename}"
        found.add(name, one.arch, nevra(source), path, sigkey(source), "source")
    return dumped(found)


def nevra(package: Package) -> str:
    """Return name-epoch:version-release.arch; the epoch stands there even if it is 0."""
    return f"{package.name}-{package.evr.epoch}:{package.evr.version}-{package.evr.release}.{package.arch}"


def sigkey(package: Package) -> str:
    """Return the key that signed a package, as such manifests name it."""
    return package.key[-SHORT_KEY:]


def source_of(package: Package, known: Mapping[str, Package]) -> str:
    """Return the source package of a package; where it is not at hand, its file name without an epoch must do."""
    if package.source_rpm in known:
        return nevra(known[package.source_rpm])
    own = f"{package.name}-{package.evr.version}-{package.evr.release}.src.rpm"
    name, version, release = (package.source_rpm or own).removesuffix(".rpm").rsplit("-", 2)
    return f"{name}-0:{version}-{release}"


def images(one: Identity, discs: Iterable[Disc]) -> str:
    """Return images.json: every medium with its size, sums and label."""
    from productmd.images import Image, Images

    found, name = Images(), variant(one)
    describe_compose(found.compose, one)
    for disc in discs:
        image = Image(found)
        image.path, image.size, image.mtime = disc.path, disc.size, one.epoch
        image.type, image.format, image.arch = disc.kind, "iso", disc.arch
        image.volume_id, image.implant_md5, image.bootable = disc.volume, disc.implanted, disc.bootable
        image.disc_number, image.disc_count, image.subvariant = disc.number, disc.count, name
        image.checksums = {"md5": disc.md5, "sha256": disc.sha256}
        found.add(name, one.arch, image)
    return dumped(found)


def dumped(document: Any) -> str:
    """Return a manifest as productmd writes it."""
    text = io.StringIO()
    document.dump(text)
    return text.getvalue()
