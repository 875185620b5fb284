# SPDX-License-Identifier: GPL-3.0-or-later
"""A foreign medium looked through: of a network medium without packages, its kernel says what it is built on."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.compare.places import DirectoryPlace
from smedoit.errors import ContentError
from smedoit.importing.survey import survey_place
from tests.bootset.test_kernels import bzimage

MENU = "label linux\n  kernel vmlinuz\n  append initrd=initrd.img inst.stage2=hd:LABEL=SME inst.repo=https://mirror.example.invalid/11/x86_64\n"
FILES = ("images/install.img", "images/pxeboot/initrd.img", "isolinux/isolinux.bin", "images/efiboot.img")


def network_tree(place: Path, kernel: bytes) -> DirectoryPlace:
    menus = {"isolinux/isolinux.cfg": MENU.encode(), "EFI/BOOT/grub.cfg": b"menuentry x {\n}\n"}
    for name, data in {**dict.fromkeys(FILES, b"x"), **menus, "images/pxeboot/vmlinuz": kernel}.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return DirectoryPlace(place)


@pytest.mark.parametrize(
    ("kernel", "base"), [("4.18.0-553.el8_10.x86_64", "el8"), ("5.14.0-570.12.1.el9_6.x86_64", "el9")]
)
def test_of_a_network_medium_the_kernel_says_what_it_is_built_on(tmp_path: Path, kernel: str, base: str) -> None:
    assert survey_place(network_tree(tmp_path, bzimage(kernel)), "here").base.name == base


@pytest.mark.parametrize("kernel", [b"x", b"", bzimage("6.1.0-56-amd64")])
def test_where_no_kernel_says_it_the_sentence_tells_what_to_import(tmp_path: Path, kernel: bytes) -> None:
    with pytest.raises(ContentError, match=r"(?s)nothing says which.*hint: import the tree that it installs from"):
        survey_place(network_tree(tmp_path, kernel), "here")
