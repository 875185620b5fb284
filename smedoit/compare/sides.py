# SPDX-License-Identifier: GPL-3.0-or-later
"""One side of a comparison, read: packages by their headers, files by SHA-256, images by what is in them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from smedoit.bases.known import BASES
from smedoit.branding import render
from smedoit.compare import places
from smedoit.compare.differences import ComparedPackage, ComparedSide
from smedoit.compare.places import BIOS_MENUS, ISO, IsoPlace, ReleasePlace
from smedoit.errors import ContentError, VerifyError
from smedoit.fat.volume import FatVolume
from smedoit.installer import cpio
from smedoit.iso import boot_images, boot_records, media_check
from smedoit.iso.boot_records import BLOCK, SECTOR, BootRecordError
from smedoit.iso.read import IsoImage
from smedoit.medium_paths import EFI_IMAGE, OVERLAYS
from smedoit.package import Package
from smedoit.packages import lock
from smedoit.rpm import header, reader
from smedoit.rpm.header import BadPackageError
from smedoit.runtime import digests, files, progress

if TYPE_CHECKING:
    from rpm_rs import PackageMetadata

MBR_IMAGES = {base.mbr_image for base in BASES.values()}  # whose code is on a medium, and no file of it
BOOT_CATALOGS = {base.boot_catalog for base in BASES.values()}
LOCK = "lock"
LARGEST_IMAGE = 512 << 20  # bytes of an overlay image or of efiboot.img; CentOS's have 9 MB
LARGEST_MENU = 1 << 20
DIGEST_PREFIX = re.compile(r"(?<=repodata/)[0-9a-f]{32,128}-")
FIRMWARE = {boot_records.BIOS: "BIOS", boot_records.EFI: "UEFI"}


def read_compared_side(path: Path, on_medium: Callable[[str], bool]) -> ComparedSide:
    """Return what lies at a place: a packages.lock, a tree or published directory, or an ISO.

    on_medium  whether a file of a tree goes on a medium; the others are marked, an ISO cannot have them

    Raises FileError, PackageError, VerifyError.
    """
    if path.is_file() and _is_lock(path):
        return _read_lock_side(path)
    return read_place_side(places.open_release_place(path), on_medium)


def read_place_side(place: ReleasePlace, on_medium: Callable[[str], bool]) -> ComparedSide:
    """Return what lies in a place that is open, as read_compared_side does. Raises FileError, VerifyError."""
    packages, plain = dict[str, ComparedPackage](), list[str]()
    names = place.names()
    for name in progress.track_progress(names, len(names), f"reading {place.path}"):
        package = _compared_package(place, name) if name.endswith(".rpm") else None
        if package:
            packages[name] = package
        else:
            plain.append(name)
    sums = {name: _file_digest(place, name) for name in plain if name not in BOOT_CATALOGS}
    return ComparedSide(
        name=str(place.path),
        kind=place.kind,
        packages=tuple(packages.values()),
        files={DIGEST_PREFIX.sub("", name): digest for name, digest in {**sums, **place.odd}.items()},
        off_medium=frozenset(name for name in sums if not on_medium(name) or name in MBR_IMAGES),
        images={name: held for name in plain if (held := read_image_files(place, name)) is not None},
        boot=_describe_boot_records(place.image) if isinstance(place, IsoPlace) else None,
        label=_medium_label(place),
        digest=digests.sha256_file(place.path) if place.kind == ISO else "",
    )


def _is_lock(path: Path) -> bool:
    """Return whether a file begins as a lock does. Raises FileError."""
    with files.wrap_os_errors(path, "read"), files.open_regular_file(path) as file:
        return file.read(64).lstrip().startswith(b"{")


def _read_lock_side(path: Path) -> ComparedSide:
    """Return what a lock tells. Raises FileError, PackageError."""
    picks = lock.parse_lock(files.read_file_text(path), path, mend="name a packages.lock, a tree or an ISO")
    found = tuple(_as_compared(pick.package, pick.package.sha256) for pick in picks)
    return ComparedSide(name=str(path), kind=LOCK, packages=found)


def _as_compared(package: Package, sha256: str) -> ComparedPackage:
    """Return a package as a comparison sees it."""
    return ComparedPackage(package.name, package.evr, package.arch, sha256)


def open_place_header(place: ReleasePlace, name: str) -> PackageMetadata | None:
    """Return the header of a package of a place, None for a file that is no package. Raises FileError, VerifyError."""
    try:
        if place.kind != ISO:
            return header.open_header(place.path / name)
        with TemporaryDirectory() as directory:
            head = Path(directory) / "head.rpm"
            head.write_bytes(place.part(name, 0, header.headers_length(lambda at, count: place.part(name, at, count))))
            return header.open_header(head)
    except BadPackageError:
        return None
    except OSError as error:
        raise files.explain_os_error(error, place.path / name, "read") from None


def _compared_package(place: ReleasePlace, name: str) -> ComparedPackage | None:
    """Return a package of a place, None for a file that is none. Raises FileError."""
    meta = open_place_header(place, name)
    package = reader.read_unverified_header(meta, name, place.size(name)) if meta else None
    return _as_compared(package, _file_digest(place, name)) if package else None


def _file_digest(place: ReleasePlace, name: str) -> str:
    """Return the SHA-256 of a file; of what BIOS starts without what whoever writes a medium fills in."""
    state = hashlib.sha256()
    if name in boot_images.BIOS_LOADERS:
        state.update(boot_images.blank_loader_info(name, places.read_place_file(place, name, LARGEST_IMAGE)))
    else:
        for block in place.blocks(name):
            state.update(block)
    return state.hexdigest()


def read_image_files(place: ReleasePlace, name: str) -> dict[str, str] | None:
    """Return path in an image -> SHA-256 of what it holds; None for what is no image that can be looked into."""
    if not name.endswith((*OVERLAYS, EFI_IMAGE)) or place.size(name) > LARGEST_IMAGE:
        return None
    data = places.read_place_file(place, name, LARGEST_IMAGE)
    try:
        held = _fat_contents(data, name) if name.endswith(EFI_IMAGE) else _overlay_contents(data, name)
    except (ContentError, RecursionError) as error:
        reason = (str(error).splitlines() or ["it cannot be read"])[0]
        progress.log_line(f"{place.path}: {name} is not looked into, {reason}")
        return None
    return {inner: hashlib.sha256(content).hexdigest() for inner, content in held.items()}


def _overlay_contents(data: bytes, name: str) -> dict[str, bytes]:
    """Return path in the installer -> content; an executable has its mode before it."""
    return {
        member.name.removeprefix("./"): (b"x" if member.executable else b"-") + member.data
        for member in cpio.parse_overlay_image(data, name)
    }


def _fat_contents(data: bytes, name: str) -> dict[str, bytes]:
    """Return path in efiboot.img -> content. Raises ContentError."""
    volume = FatVolume(data, Path(name))
    return {inner: volume.content(volume.find(inner)) for inner in volume.files()}


def _medium_label(place: ReleasePlace) -> str:
    """Return the volume id of an ISO; of a tree what its boot menu looks for, "" without one."""
    if isinstance(place, IsoPlace):
        return volume_label(place.image)
    there = set(place.names())
    found = set[str]()
    for name in BIOS_MENUS:
        if name in there:
            text = places.read_place_file(place, name, LARGEST_MENU).decode("utf-8", "replace")
            found |= render.menu_labels(text)
    return ", ".join(sorted(found))


def volume_label(image: IsoImage) -> str:
    """Return the volume id of an ISO."""
    return image.at(16 * SECTOR + 40, 32).decode("ascii", "replace").rstrip(" \0")


def _describe_boot_records(image: IsoImage) -> Mapping[str, str]:
    """Return what firmware finds on an ISO, in words that stay the same when its files move."""
    starts = {int(record.extent_location()): name for name, record in image.records.items()}
    if image.efi_partition:
        starts[image.efi_partition[0] // SECTOR] = "a partition of its own"
    found = {"media check": "an implanted MD5" if _has_implanted_sum(image.path) else "none"}
    try:
        catalog = boot_records.boot_catalog_sector(image.at(16 * SECTOR, 16 * SECTOR)) * SECTOR
        for entry in boot_records.parse_boot_catalog(image.at(catalog, SECTOR)):
            firmware = FIRMWARE.get(entry.platform, f"platform {entry.platform:#x}")
            found[f"El Torito, {firmware}"] = starts.get(entry.sector, "a place where no file begins")
    except BootRecordError as error:
        found["El Torito"] = str(error)
    try:
        for number, part in enumerate(boot_records.parse_mbr(image.at(0, BLOCK)), 1):
            what = starts.get(part.first * BLOCK // SECTOR, "all of it") if part.first else "all of it"
            found[f"MBR, partition {number}"] = f"type {part.kind:#04x}, {what}"
    except BootRecordError as error:
        found["MBR"] = str(error)
    found["GPT"] = "yes" if image.at(BLOCK, 8) == boot_records.GPT_SIGNATURE else "none"
    found["Joliet"] = "yes" if image.iso.joliet_vd is not None else "none"
    return found


def _has_implanted_sum(path: Path) -> bool:
    """Return whether an ISO says what its MD5 is."""
    try:
        return bool(media_check.read_implanted_md5(path))
    except VerifyError:
        return False
