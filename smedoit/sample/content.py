# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice content tree, `cdrom.image/smeN`, with every file that the wiki's page names.

Its texts name the last release: the build renders them for this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from smedoit.bases.enterprise_linux import Base
from smedoit.sample import groups, installer, menus, pictures
from smedoit.sample.packages import make_if_missing, write_if_missing

if TYPE_CHECKING:
    from smedoit.config.release import Release

NOTES = """\
Koozali SME Server 10.0 – release notes

This is a practice release: nothing on it is worth installing. Real notes tell here what changed
since the last medium, and thank those who translated it: Jürgen, Françoise, Tomáš, João.

Known troubles
 • none, as it was never installed
"""
LICENSE = """\
The programs on this medium are free software: you can redistribute and modify each under the
terms of its own license, for most the GNU General Public License as published by the Free
Software Foundation, version 2 or (at your option) any later version.

They come WITHOUT ANY WARRANTY, without even the implied warranty of MERCHANTABILITY or FITNESS FOR
A PARTICULAR PURPOSE. A real content tree has the license's whole text here.
"""
FILES = {
    "README.txt": NOTES,
    "GPL": LICENSE,
}
# Where a checkout has its CVS/ directory: nothing of these may ever reach the medium.
CHECKED_OUT = {"": "/GPL/1.1/Mon Mar  2 10:00:00 2020//", "product": "/.buildstamp/1.5/Fri May 21 09:30:00 2021//"}


def fill_content_tree(rel: Release) -> None:
    """Make the files that the content tree of rel lacks."""
    root, base = rel.content.path, rel.release.built_on
    for relative, text in _content_texts(base, rel.release.product):
        write_if_missing(root / relative, partial(str, text))
    for relative, picture in pictures.list_pictures(base).items():
        write_if_missing(root / relative, partial(pictures.striped_png, *picture))
    write_if_missing(rel.groups.comps, partial(groups.practice_comps, rel.release.built_on))
    for relative in installer.old_places(base):
        make_if_missing(root / relative)


def _content_texts(base: Base, product: str) -> Iterator[tuple[str, str]]:
    """Yield (path in the tree, text) of every text file but comps, CVS's own included."""
    yield from FILES.items()
    yield from installer.installer_texts(base, product).items()
    yield from menus.menu_texts(base).items()
    for directory, entry in CHECKED_OUT.items():
        place = Path(directory) / "CVS"
        yield str(place / "Entries"), f"{entry}\nD\n"
        yield str(place / "Root"), ":pserver:anonymous@cvs.example.invalid:/cvs/smeserver\n"
        yield str(place / "Repository"), f"cdrom.image/sme10/{directory}".rstrip("/") + "\n"
