# SPDX-License-Identifier: GPL-3.0-or-later
"""Which layer a file came from, and what an image was made of."""

from __future__ import annotations

import pytest

from smedoit.bases.el7 import EL7
from smedoit.bases.el8 import EL8
from smedoit.bases.el9 import EL9
from smedoit.bases.el10 import EL10
from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES
from smedoit.config.identity import ALL_FIRMWARE as ALL
from smedoit.importing.apart import split_updates
from smedoit.importing.layout import (
    Layer,
    choose_comps,
    detect_base,
    find_layer,
    find_module_metadata,
    list_firmware,
    list_missing_parts,
)
from smedoit.installer.cpio import CpioMember, updates_location
from smedoit.sample.translations import practice_catalog

CATALOG = practice_catalog("de")


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("Packages/a-1-1.noarch.rpm", Layer.PACKAGE),
        ("extra/b/a-1-1.noarch.rpm", Layer.PACKAGE),
        ("images/pxeboot/vmlinuz", Layer.BOOT),
        ("isolinux/isolinux.bin", Layer.BOOT),
        ("isolinux/grub.conf", Layer.BOOT),
        ("isolinux/isolinux.cfg", Layer.BOTH),
        ("isolinux/splash.png", Layer.BOTH),
        ("EFI/BOOT/grub.cfg", Layer.BOTH),
        ("images/product.img", Layer.OVERLAY),
        ("images/boot.iso", Layer.NETINSTALL),
        ("RPM-GPG-KEY-CentOS-7", Layer.KEY),
        ("Packages/base/comps.xml", Layer.CONTENT),
        ("README.txt", Layer.CONTENT),
        (".treeinfo", Layer.MADE),
        ("repodata/repomd.xml", Layer.MADE),
        ("isolinux/boot.cat", Layer.MADE),
        ("isolinux/TRANS.TBL", Layer.LEFT),
        ("Packages/TRANS.TBL", Layer.LEFT),
        ("product/.buildstamp", Layer.LEFT),
        ("isolinux/CVS/Entries", Layer.LEFT),
    ],
)
def test_a_file_of_a_medium_has_its_layer(name: str, layer: Layer) -> None:
    found, reason = find_layer(name)
    assert found is layer
    assert bool(reason) is (layer in (Layer.LEFT, Layer.MADE))


def test_the_base_is_what_the_packages_say_whatever_the_product_is_called() -> None:
    sme = "[release]\nversion = 10.1\n[stage2]\nmainimage = LiveOS/squashfs.img\n"
    assert detect_base([], sme, ["6.el7.sme", "1160.el7", "0.rc2"]) is EL7
    assert detect_base([], sme, ["6.el8", "1.el8_4", "1.el7"]) is EL8
    assert detect_base([], sme, ["6.el6", "1.el6_4"]) == "Enterprise Linux 6 (2 of its packages say .el6)"
    assert detect_base([], "", []) is EL7


def test_without_packages_the_base_is_what_a_distributor_or_the_boot_files_say() -> None:
    rocky = "[general]\nfamily = Rocky Linux\nversion = 9.6\n[stage2]\nmainimage = images/install.img\n"
    assert detect_base([], rocky, []) is EL9
    assert detect_base([], rocky.replace("9.6", "11"), []) == "Enterprise Linux 11 (its .treeinfo says so)"
    assert detect_base(["images/install.img", "images/eltorito.img"], "", []) is EL10
    assert "nothing says which" in str(detect_base(["images/install.img", "isolinux/isolinux.bin"], "", []))
    assert "nothing says which" in str(detect_base(["AppStream/x"], "", []))


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("BaseOS/Packages/a-1-1.noarch.rpm", Layer.PACKAGE),
        ("AppStream/repodata/repomd.xml", Layer.MADE),
        ("BaseOS/oddity", Layer.LEFT),
        ("images/install.img", Layer.BOOT),
        ("boot/grub2/grub.cfg", Layer.BOTH),
        ("boot/grub2/i386-pc/normal.mod", Layer.BOOT),
    ],
)
def test_a_file_of_a_medium_of_a_later_base_has_its_layer(name: str, layer: Layer) -> None:
    assert find_layer(name, EL10)[0] is layer


WHOLE = {"images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", "LiveOS/squashfs.img", "Packages/base/comps.xml"}
OF_BIOS = {"isolinux/isolinux.bin", "isolinux/isolinux.cfg"}
OF_UEFI = {"images/efiboot.img", "EFI/BOOT/grub.cfg"}


@pytest.mark.parametrize(("own", "firmware"), [(OF_BIOS, ("bios",)), (OF_UEFI, ("uefi",)), (OF_BIOS | OF_UEFI, ALL)])
def test_a_medium_of_one_firmware_is_whole_and_lacks_nothing_of_the_other(
    own: set[str], firmware: tuple[str, ...]
) -> None:
    assert list_firmware(WHOLE | own) == firmware
    assert list_missing_parts(WHOLE | own, 1, ()) == {}


def test_a_medium_that_lost_a_boot_file_is_told_so_and_not_taken_for_one_of_the_other_firmware() -> None:
    lost = list_missing_parts(WHOLE | OF_BIOS | {"EFI/BOOT/grub.cfg"}, 1, ())
    assert lost == {"it has no": ["images/efiboot.img, what UEFI starts from CD"]}
    none = list_missing_parts(WHOLE, 1, ())["it has no"]
    assert {line.partition(",")[0] for line in none} == OF_BIOS | OF_UEFI


def test_comps_is_the_trees_own_before_that_of_the_repodata() -> None:
    packed, plain = "repodata/ab-c7-comps.xml.gz", "repodata/ab-c7-comps.xml"
    assert choose_comps([packed, plain, "Packages/base/comps.xml"]) == "Packages/base/comps.xml"
    assert choose_comps([packed, plain]) == plain
    assert choose_comps(["x"]) == ""


def test_updates_img_is_made_again_of_the_same_names() -> None:
    names = [
        "run/install/updates/gtk.css",
        "run/install/updates/README.txt",
        "run/install/updates/usr/odd",
        "usr/lib/x.py",
        "usr/share/locale/de/LC_MESSAGES/anaconda.mo",
        "run/install/updates/po/fr/LC_MESSAGES/anaconda.mo",
        "usr/share/locale/it/LC_MESSAGES/anaconda.mo",
    ]
    parts = split_updates({name: CpioMember(name, CATALOG) for name in names}, EL7)
    assert sorted(parts.catalogs) == ["de/LC_MESSAGES/anaconda.mo", "it/LC_MESSAGES/anaconda.mo"]
    assert (parts.place, parts.lost) == ("locale", [])
    assert sorted(updates_location(name, EL7) for name in parts.own) == sorted(set(names) - {names[4], names[6]})
    assert {"gtk.css", "run/install/updates/README.txt"} <= set(parts.own)


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_of_updates_of_any_base_the_same_image_is_made_again(base: Base) -> None:
    names = [
        "run/install/updates/pyanaconda/ui.py",
        "run/install/updates/interactive-defaults.ks",
        "run/install/updates/70-ours.rules",
        f"{base.python.site}/pyanaconda/ours.py",
    ]
    parts = split_updates({name: CpioMember(name, b"x") for name in names}, base)
    assert parts.lost == []
    assert sorted(updates_location(name, base) for name in parts.own) == sorted(names)


def test_what_updates_could_not_bring_to_its_place_is_lost_and_named() -> None:
    assert split_updates({"opt/x": CpioMember("opt/x", b"")}, EL7).lost == ["opt/x"]


def test_a_translation_that_is_none_stays_a_file_of_updates() -> None:
    name = "usr/share/locale/de/LC_MESSAGES/anaconda.mo"
    parts = split_updates({name: CpioMember(name, b"no catalog")}, EL7)
    assert (list(parts.own), list(parts.catalogs)) == ([name], [])


def test_module_metadata_and_groups_are_found_however_they_are_packed() -> None:
    for end in ("", ".gz", ".xz", ".zst"):
        assert find_module_metadata(["a", f"AppStream/repodata/ab-modules.yaml{end}"]).endswith(end or ".yaml")
        assert choose_comps([f"BaseOS/repodata/ab-comps-BaseOS.x86_64.xml{end}"]).endswith(end or ".xml")
    assert choose_comps(["repodata/a-comps.xml.gz", "repodata/b-comps.xml"]) == "repodata/b-comps.xml"
