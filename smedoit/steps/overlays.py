"""product/ and updates/ of the content, and the translations, to the two overlay images."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from smedoit.decide import images, rules
from smedoit.decide.errors import ContentError, human
from smedoit.decide.identity import Identity
from smedoit.decide.origins import PLACES
from smedoit.decide.wording import Rule
from smedoit.do import layers, tree


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
    stack = [layers.layer(name, Path(place), lambda _: True, tree.copy) for name, place in named if place]
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


def rendered(member: images.Member, one: Identity, own: Sequence[Rule]) -> images.Member:
    """Return a member of product.img with this version in it, where there is a rule for its file."""
    relative = f"product/{member.name}"
    text = rules.render(relative, member.data.decode("utf-8", "surrogateescape"), one, own)
    return images.Member(member.name, text.encode("utf-8", "surrogateescape"), member.executable)


def updates(root: Path, skipped: Sequence[str], translations: Path, place: str, epoch: int, target: Path) -> str:
    """Write updates.img from updates/ and the translations."""
    own = members_below(root, images.updates_name, skipped) if root.is_dir() else []
    catalogues = members_below(translations, lambda relative: relative, only=".mo")
    images.check_catalogues({member.name: member.data for member in catalogues}, str(translations))
    placed = [images.Member(images.translation_name(one.name, PLACES[place]), one.data) for one in catalogues]
    return f"{write_image([*own, *placed], epoch, target)}, {len(placed)} languages"


def members_below(
    root: Path, name: Callable[[str], str], skipped: Iterable[str] = (), only: str = ""
) -> list[images.Member]:
    """Return the files below root as members of an image; executables stay executable."""
    everything = layers.layer("directory", root, lambda relative: wanted(relative, skipped, only), tree.copy)
    return [member(name(relative), path) for relative, path in everything.files.items()]


def member(name: str, path: Path) -> images.Member:
    """Return a file as a member of an image; an executable stays executable."""
    return images.Member(name, tree.read_bytes(path), os.access(path, os.X_OK))


def wanted(relative: str, skipped: Iterable[str], only: str) -> bool:
    """Return whether a file goes into an image."""
    return relative.endswith(only) and not any(fnmatchcase(relative, pattern) for pattern in skipped)


def write_image(members: Sequence[images.Member], epoch: int, target: Path) -> str:
    """Write an overlay image."""
    data = images.image(members, epoch)
    tree.write(target, data)
    return f"{len(members)} files, {human(len(data))}"
