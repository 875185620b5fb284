# SPDX-License-Identifier: GPL-3.0-or-later
"""A foreign medium looked through: of a network medium without packages, its kernel says what it is built on."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.bases.el10 import EL10
from smedoit.compare.places import DirectoryPlace, IsoPlace
from smedoit.errors import ContentError
from smedoit.importing.facts import ImportedIdentity
from smedoit.importing.survey import MediumSurvey, survey_place
from smedoit.importing.world import ImportedWorld, write_world
from smedoit.iso import write
from tests.bootset.test_kernels import bzimage
from tests.harness.tools import missing, need
from tests.iso.test_appended import BOOTS, appended_medium

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


HYBRID = Path("/usr/lib/grub/i386-pc/boot_hybrid.img")
RELEASE = {
    "product": "Koozali SME Server", "short": "SME", "major": 13, "version": "13.0", "label": "", "arch": "x86_64",
    "bug_url": "",
}  # fmt: skip


def medium_with_code(place: Path, code: bytes) -> Path:
    """Return a medium of EL 10 that has this code in its MBR."""
    need("xorriso")
    write.write_iso(appended_medium(place / "tree", {EL10.mbr_image: code}), place / "medium.iso")
    return place / "medium.iso"


def imported(iso: Path) -> ImportedWorld:
    return write_world(iso.parent / "world", MediumSurvey(IsoPlace(iso), EL10), ImportedIdentity(RELEASE), ())


def test_the_code_of_an_mbr_is_taken_as_upstream_has_it(tmp_path: Path) -> None:
    if not HYBRID.is_file():
        missing(f"{HYBRID}, of Debian's grub-pc-bin")
    world = imported(medium_with_code(tmp_path, HYBRID.read_bytes()))
    assert (world.root / world.places.boot_set / EL10.mbr_image).read_bytes() == HYBRID.read_bytes()


def test_the_code_of_another_loaders_mbr_is_left_and_told(tmp_path: Path) -> None:
    iso = medium_with_code(tmp_path, BOOTS[EL10.mbr_image])
    with iso.open("r+b") as image:
        image.write(bytes(432))
    world = imported(iso)
    assert not (world.root / world.places.boot_set / EL10.mbr_image).exists()
    assert f"the code of its MBR is not GRUB's: doit iso needs {EL10.mbr_image} in src/boot-set" in world.remarks
