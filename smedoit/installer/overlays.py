"""product/ and updates/ of the content, and the translations, to the two overlay images."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from smedoit.branding import rules
from smedoit.config.branding import Rule
from smedoit.config.identity import Identity
from smedoit.config.inputs import PLACES
from smedoit.errors import ContentError, human
from smedoit.installer import cpio
from smedoit.runtime import files
from smedoit.tree import layers


def product(content: Path, below: str, above: str, one: Identity, own: Sequence[Rule], target: Path) -> str:
    """Write product.img from product/ of the content, its release files rendered.

    below  a tree of the last release, whose product/ shows where the content has nothing; "" for none
    above  what comes from anaconda's source and hides the content's; "" for none
    """
    named = (
        ("last release", below and f"{below}/product"),
        ("content tree", f"{content}/product"),
        ("anaconda", above),
    )
    stack = [layers.layer(name, Path(place), lambda _: True, files.copy) for name, place in named if place]
    top = layers.topmost(stack)
    overridden = sum(len(layer.files) for layer in stack) - len(top)
    members = [rendered(member(relative, layer.files[relative]), one, own) for relative, layer in sorted(top.items())]
    if not any(member.name == ".buildstamp" for member in members):
        raise ContentError(
            f"{content}/product/.buildstamp: is not there, the installer would call itself anaconda bluesky",
            hint="add it to the content tree, with [Main] and its keys",
        )
    hidden = f", {overridden} overridden" if overridden else ""
    return f"{write_image(members, one.epoch, target)}{hidden}"


def rendered(member: cpio.Member, one: Identity, own: Sequence[Rule]) -> cpio.Member:
    """Return a member of product.img with this version in it, where there is a rule for its file."""
    relative = f"product/{member.name}"
    text = rules.render(relative, member.data.decode("utf-8", "surrogateescape"), one, own)
    return cpio.Member(member.name, text.encode("utf-8", "surrogateescape"), member.executable)


def updates(root: Path, skipped: Sequence[str], translations: Path, place: str, epoch: int, target: Path) -> str:
    """Write updates.img from updates/ and the translations."""
    own = members_below(root, cpio.updates_name, skipped) if root.is_dir() else []
    catalogues = members_below(translations, lambda relative: relative, only=".mo")
    cpio.check_catalogues({member.name: member.data for member in catalogues}, str(translations))
    placed = [cpio.Member(cpio.translation_name(one.name, PLACES[place]), one.data) for one in catalogues]
    return f"{write_image([*own, *placed], epoch, target)}, {len(placed)} languages"


def members_below(
    root: Path, name: Callable[[str], str], skipped: Iterable[str] = (), only: str = ""
) -> list[cpio.Member]:
    """Return the files below root as members of an image; executables stay executable."""
    everything = layers.layer("directory", root, lambda relative: wanted(relative, skipped, only), files.copy)
    return [member(name(relative), path) for relative, path in everything.files.items()]


def member(name: str, path: Path) -> cpio.Member:
    """Return a file as a member of an image; an executable stays executable."""
    return cpio.Member(name, files.read_bytes(path), os.access(path, os.X_OK))


def wanted(relative: str, skipped: Iterable[str], only: str) -> bool:
    """Return whether a file goes into an image."""
    return relative.endswith(only) and not any(fnmatchcase(relative, pattern) for pattern in skipped)


def write_image(members: Sequence[cpio.Member], epoch: int, target: Path) -> str:
    """Write an overlay image."""
    data = cpio.image(members, epoch)
    files.write(target, data)
    return f"{len(members)} files, {human(len(data))}"
