# SPDX-License-Identifier: GPL-3.0-or-later
"""Write product.img and updates.img from product/, updates/ and the translations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath

from smedoit.bases.enterprise_linux import STAMP_NAME, Base
from smedoit.branding.buildstamp import READ_PLACES, find_stamp_faults
from smedoit.branding.mentions import render_logged
from smedoit.branding.rules import Branding
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.inputs import PLACES, ContentSettings
from smedoit.errors import ContentError, format_grouped, format_size
from smedoit.installer import cpio
from smedoit.installer.gettext_catalog import is_installer_catalog
from smedoit.installer.overlay_files import check_overlay_files
from smedoit.keys import key_files
from smedoit.keys.key_files import KeyMaterial
from smedoit.runtime import files
from smedoit.tree import layers

README = "README.txt"  # of updates/, for readers of the content tree


def write_product_img(content: ContentSettings, below: str, above: str, branding: Branding, target: Path) -> str:
    """Write product.img from product/ of the content, its release files rendered.

    below  a tree of the last release, whose product/ the content overrides; "" for none
    above  the layer from anaconda's source, which overrides the content; "" for none
    """
    named = (
        ("last release", below and files.resolve_place_below(Path(below), "product")),
        ("content tree", files.resolve_place_below(content.path, "product")),
        ("anaconda", above),
    )
    stack = [
        layers.read_layer(name, Path(place), lambda _: True, files.copy_file, content.names)
        for name, place in named
        if place
    ]
    top = layers.topmost_layers(stack)
    overridden = sum(len(layer.files) for layer in stack) - len(top)
    members = [
        _render_member(_file_member(relative, layer.files[relative]), branding)
        for relative, layer in sorted(top.items())
    ]
    if not any(member.name == STAMP_NAME for member in members):
        raise ContentError(
            f"{content.path}/product/.buildstamp: is not there; the installer would call itself anaconda bluesky",
            hint="add it to the content tree, with [Main] and its keys",
        )
    unread = _check_stamps(members, branding.identity.built_on)
    hidden = f", {overridden} overridden" if overridden else ""
    return _write_overlay_image(members, branding.identity, target, hidden) + unread


def write_updates_img(
    content: ContentSettings,
    skipped: Sequence[str],
    translations: Path,
    place: str,
    identity: ReleaseIdentity,
    target: Path,
) -> str:
    """Write updates.img from updates/ of the content and the translations."""
    base = identity.built_on
    root = files.resolve_place_below(content.path, "updates")
    locate = partial(cpio.updates_location, base=base)
    own = _directory_members(root, locate, skipped, names=content.names) if root.is_dir() else []
    catalogs = _directory_members(translations, lambda relative: relative, only=".mo")
    _check_catalog_names(catalogs)
    placed = [replace(catalog, name=cpio.catalog_location(catalog.name, PLACES[place])) for catalog in catalogs]
    _refuse_unread_catalogs(root, base)
    left_out = [
        f"{root / relative} goes into no image: translations come from [translations] path, {translations}"
        for relative in (layers.list_tree_files(root) if root.is_dir() else ())
        if relative != README and not _is_included(relative, skipped, "")
    ]
    if taken := [member.name for member in own if member.name in READ_PLACES]:
        raise ContentError(
            f"{root}/{taken[0]}: the installer reads it after all others, and no release is rendered into it",
            hint="move it to product/ of the content tree, or remove it",
        )
    said = _write_overlay_image([*own, *placed], identity, target, f", {len(placed)} languages")
    said += _check_stamps(own, base)
    return "\n  ".join([said, *left_out])


def _refuse_unread_catalogs(root: Path, base: Base) -> None:
    """Raise ContentError for translations in updates/po, where a base's installer looks for none."""
    found = [] if base.reads_updates or not (root / "po").is_dir() else layers.list_tree_files(root / "po")
    if found := [relative for relative in found if relative.endswith((".mo", ".po"))]:
        raise ContentError(
            f"{root}/po/{found[0]}: the installer of {base.words} reads no run/install/updates/po",
            hint="translations come from [translations] path, and go to usr/share/locale; remove updates/po",
        )


def _check_catalog_names(catalogs: Iterable[cpio.CpioMember]) -> None:
    """Raise ContentError for translations that are not LANG/LC_MESSAGES/anaconda.mo."""
    if wrong := [catalog.origin for catalog in catalogs if not is_installer_catalog(catalog.name)]:
        kind = "the installer reads LANG/LC_MESSAGES/anaconda.mo only, not"
        raise ContentError(
            f"the translations have files at the wrong place\n{format_grouped({kind: wrong})}",
            hint="move or remove them",
        )


def _check_stamps(members: Sequence[cpio.CpioMember], base: Base) -> str:
    """Return a remark about every .buildstamp that nobody reads. Raises ContentError for what the others would do."""
    stamps = {member.name: member for member in members if PurePosixPath(member.name).name.lower() == STAMP_NAME}
    read = {
        f"product/{name}": stamps[name].data.decode("utf-8", "surrogateescape")
        for name in base.stamp.places
        if name in stamps
    }
    if faults := find_stamp_faults(read, base=base) if read else []:
        raise ContentError("\n  ".join(faults), hint="correct it in the content tree, or take it out of [[rules]]")
    unread = sorted(stamps.keys() - {*base.stamp.places})
    return f"\n  no installer reads {', '.join(unread)}; it reads {' and '.join(base.stamp.places)}" if unread else ""


def _render_member(member: cpio.CpioMember, branding: Branding) -> cpio.CpioMember:
    """Return a member of product.img rendered if there is a branding rule for it."""
    relative = f"product/{member.name}"
    text = render_logged(branding, relative, member.data.decode("utf-8", "surrogateescape"))
    return replace(member, data=text.encode("utf-8", "surrogateescape"))


def _directory_members(
    root: Path, name: Callable[[str], str], skipped: Iterable[str] = (), only: str = "", names: str = ""
) -> list[cpio.CpioMember]:
    """Return the files below root as members of an image; executables stay executable."""
    everything = layers.read_layer(
        "directory", root, lambda relative: _is_included(relative, skipped, only), files.copy_file, names
    )
    return [_file_member(name(relative), path) for relative, path in everything.files.items()]


def _file_member(name: str, path: Path) -> cpio.CpioMember:
    """Return a file as a member of an image; an executable stays executable."""
    return cpio.CpioMember(name, files.read_file_bytes(path), os.access(path, os.X_OK), str(path))


def _is_included(relative: str, skipped: Iterable[str], only: str) -> bool:
    """Return whether a file goes into an image."""
    return relative.endswith(only) and not any(fnmatchcase(relative, pattern) for pattern in skipped)


def _write_overlay_image(members: Sequence[cpio.CpioMember], identity: ReleaseIdentity, target: Path, more: str) -> str:
    """Write an image; return what it holds, more behind it, and remarks on its files.

    Raises FileError, ContentError for one that carries a key, or what the installer would choke on.
    """
    for member in members:
        _refuse_overlay_key(target.name, member)
    remarks = check_overlay_files(members, target.name, identity.built_on)
    data = cpio.build_overlay_image(members, identity.epoch)
    files.write_file(target, data)
    return "\n  ".join([f"{len(members)} files, {format_size(len(data))}{more}", *remarks])


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
