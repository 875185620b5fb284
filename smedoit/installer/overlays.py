# SPDX-License-Identifier: GPL-3.0-or-later
"""Write product.img and updates.img from product/, updates/ and the translations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from smedoit.branding.mentions import render_logged
from smedoit.branding.rules import Branding
from smedoit.config.inputs import PLACES
from smedoit.errors import ContentError, format_size
from smedoit.installer import cpio
from smedoit.keys import key_files
from smedoit.keys.key_files import KeyMaterial
from smedoit.runtime import files
from smedoit.tree import layers


def write_product_img(content: Path, below: str, above: str, branding: Branding, target: Path) -> str:
    """Write product.img from product/ of the content, its release files rendered.

    below  a tree of the last release, whose product/ the content overrides; "" for none
    above  the layer from anaconda's source, which overrides the content; "" for none
    """
    named = (
        ("last release", below and files.resolve_place_below(Path(below), "product")),
        ("content tree", files.resolve_place_below(content, "product")),
        ("anaconda", above),
    )
    stack = [layers.read_layer(name, Path(place), lambda _: True, files.copy_file) for name, place in named if place]
    top = layers.topmost_layers(stack)
    overridden = sum(len(layer.files) for layer in stack) - len(top)
    members = [
        _render_member(_file_member(relative, layer.files[relative]), branding)
        for relative, layer in sorted(top.items())
    ]
    if not any(member.name == ".buildstamp" for member in members):
        raise ContentError(
            f"{content}/product/.buildstamp: is not there; the installer would call itself anaconda bluesky",
            hint="add it to the content tree, with [Main] and its keys",
        )
    hidden = f", {overridden} overridden" if overridden else ""
    return f"{_write_overlay_image(members, branding.identity.epoch, target)}{hidden}"


def write_updates_img(
    content: Path, skipped: Sequence[str], translations: Path, place: str, epoch: int, target: Path
) -> str:
    """Write updates.img from updates/ of the content and the translations."""
    root = files.resolve_place_below(content, "updates")
    own = _directory_members(root, cpio.updates_location, skipped) if root.is_dir() else []
    catalogs = _directory_members(translations, lambda relative: relative, only=".mo")
    cpio.check_catalogs({member.name: member.data for member in catalogs}, str(translations))
    placed = [cpio.CpioMember(cpio.catalog_location(catalog.name, PLACES[place]), catalog.data) for catalog in catalogs]
    return f"{_write_overlay_image([*own, *placed], epoch, target)}, {len(placed)} languages"


def _render_member(member: cpio.CpioMember, branding: Branding) -> cpio.CpioMember:
    """Return a member of product.img rendered if there is a branding rule for it."""
    relative = f"product/{member.name}"
    text = render_logged(branding, relative, member.data.decode("utf-8", "surrogateescape"))
    return cpio.CpioMember(member.name, text.encode("utf-8", "surrogateescape"), member.executable)


def _directory_members(
    root: Path, name: Callable[[str], str], skipped: Iterable[str] = (), only: str = ""
) -> list[cpio.CpioMember]:
    """Return the files below root as members of an image; executables stay executable."""
    everything = layers.read_layer(
        "directory", root, lambda relative: _is_included(relative, skipped, only), files.copy_file
    )
    return [_file_member(name(relative), path) for relative, path in everything.files.items()]


def _file_member(name: str, path: Path) -> cpio.CpioMember:
    """Return a file as a member of an image; an executable stays executable."""
    return cpio.CpioMember(name, files.read_file_bytes(path), os.access(path, os.X_OK))


def _is_included(relative: str, skipped: Iterable[str], only: str) -> bool:
    """Return whether a file goes into an image."""
    return relative.endswith(only) and not any(fnmatchcase(relative, pattern) for pattern in skipped)


def _write_overlay_image(members: Sequence[cpio.CpioMember], epoch: int, target: Path) -> str:
    """Write an image. Raises FileError, ContentError for one that carries a key."""
    for member in members:
        _refuse_overlay_key(target.name, member)
    data = cpio.build_overlay_image(members, epoch)
    files.write_file(target, data)
    return f"{len(members)} files, {format_size(len(data))}"


def _refuse_overlay_key(image: str, member: cpio.CpioMember) -> None:
    """Raise FileError for a secret key, ContentError for a public one: what is trusted is for [[keys]] to say."""
    material, file = key_files.find_key_material(member.name, member.data), f"{member.name} of {image}"
    if material is KeyMaterial.SECRET:
        raise key_files.secret_key_error(file)
    if material is KeyMaterial.PUBLIC:
        raise ContentError(
            f"{file}: holds a public key, and an overlay image carries none",
            hint="take it out of product/ or updates/; the keys of the medium come from [[keys]] of release.toml",
        )
