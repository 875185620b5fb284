# SPDX-License-Identifier: GPL-3.0-or-later
"""The next major on another base: its release.toml, its content tree, its packages; and what is left to decide."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.bases.el7 import EL7
from smedoit.bases.el8 import EL8
from smedoit.bases.el9 import EL9
from smedoit.bases.el10 import EL10
from smedoit.bases.enterprise_linux import Base
from smedoit.config.release import Release, load_release
from smedoit.errors import ConfigError
from smedoit.release.new_major import MajorStep, make_new_major
from smedoit.release.next_content import BaseChange, CrossedTree, cross_content_tree
from smedoit.release.next_packages import drop_requirements
from smedoit.sample.content import fill_content_tree
from smedoit.sample.installer import install_class_source
from smedoit.sample.world import make_practice_world
from tests.harness.places import PROJECT

RUN = "product/run/install/product/pyanaconda/installclasses"
SITE = "product/usr/lib64/python2.7/site-packages/pyanaconda/installclasses"
KOOZALI = install_class_source("koozali.py").encode()
LATER = pytest.mark.parametrize("base", [EL8, EL9, EL10], ids=lambda base: base.name)
CONF = "[Product]\nproduct_name = P\n\n[Bootloader]\nefi_dir = rocky\n\n[Storage]\nfile_system_type = ext4\n"


@pytest.fixture
def rel(tmp_path: Path) -> Release:
    shutil.copy(PROJECT / "release.toml", tmp_path)
    rel = load_release(tmp_path / "release.toml")
    fill_content_tree(rel)
    return rel


def crossed(files: Mapping[str, str | bytes], before: Base, after: Base) -> CrossedTree:
    data = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    return cross_content_tree(data, BaseChange(before, after, "Koozali SME Server"))


def test_the_tiers_of_the_next_major_are_as_its_mirrors_have_them(rel: Release) -> None:
    make_new_major(rel, MajorStep(10, 11))
    after = load_release(rel.file.with_name("release-11.toml"))
    assert (after.release.base, after.release.version) == ("el8", "11.0")
    names = [tier.name for tier in after.tiers]
    assert "smeupdates" not in names and "centos" not in names
    assert {"smeos", "smeupdates-testing", "smecontribs-testing", "baseos", "appstream", "powertools"} <= {*names}
    assert not any("centos" in str(path) for path in (after.boot_set.path, *after.updates.mirrors))
    testing = next(tier for tier in after.tiers if tier.name == "smeupdates-testing")
    assert (testing.promote_to, testing.path.parent.name) == ("smeos", "11")


def test_in_a_practice_world_the_next_major_lacks_nothing_but_what_its_content_tree_left_behind(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "release.toml", tmp_path)
    rel = load_release(tmp_path / "release.toml")
    make_practice_world(rel)
    make_new_major(rel, MajorStep(10, 11))
    after = load_release(rel.file.with_name("release-11.toml"))
    lacking = [path for path in make_practice_world(after, dry_run=True) if not path.is_relative_to(after.content.path)]
    assert lacking == []
    assert all(file.is_file() for file in after.quality.verified)


def test_a_tier_of_somebodys_own_and_every_comment_stay(rel: Release) -> None:
    own = '[[tiers]]\nname = "ours"  # of our company\npath = "/srv/ours"\n\n[[keys]]'
    rel.file.write_text(rel.file.read_text().replace("[[keys]]", own, 1))
    make_new_major(load_release(rel.file), MajorStep(10, 11))
    new = rel.file.with_name("release-11.toml")
    assert "ours" in {tier.name for tier in load_release(new).tiers} and "# of our company" in new.read_text()
    lost = {line for line in rel.file.read_text().splitlines() if line.startswith("# ")} - {
        *new.read_text().splitlines()
    }
    assert [line for line in lost if "centos/7" not in line] == ['# base = "el8"' + rel_comment(rel)]


def rel_comment(rel: Release) -> str:
    return next(line for line in rel.file.read_text().splitlines() if line.startswith("# base")).removeprefix(
        '# base = "el8"'
    )


def test_the_major_after_that_follows_from_it(rel: Release) -> None:
    make_new_major(rel, MajorStep(10, 11))
    second = load_release(rel.file.with_name("release-11.toml"))
    notes = make_new_major(second, MajorStep(11, 12))["result"]
    assert "etc/anaconda/product.d is read as before" in notes and "install classes" not in notes
    third = load_release(rel.file.with_name("release-12.toml"))
    assert third.release.base == "el9"
    assert [tier.name for tier in third.tiers if tier.name in ("powertools", "crb")] == ["crb"]
    assert "mirrors/rocky/9/BaseOS" in str(third.boot_set.path)
    assert (third.content.path / "product/etc/anaconda/product.d/koozali.conf").is_file()


@pytest.mark.parametrize(
    ("base", "sentence"),
    [("el6", "--base el6: there is no such base"), ("el7", "is built on el8 already")],
)
def test_a_base_that_cannot_follow_is_refused(rel: Release, base: str, sentence: str) -> None:
    later = replace(rel, release=replace(rel.release, base="el8"))
    with pytest.raises(ConfigError, match=sentence):
        make_new_major(later, MajorStep(10, 11, base=base))


@LATER
def test_what_the_install_class_decided_stands_in_the_configuration_of_the_base(base: Base) -> None:
    tree = crossed({f"{RUN}/koozali.py": KOOZALI, f"{SITE}/koozali.py": KOOZALI, f"{SITE}/centos.py": "x"}, EL7, base)
    [name] = tree.files
    assert name == f"product/etc/anaconda/{base.configuration.value}/koozali.conf"
    assert b"file_system_type = xfs" in tree.files[name] and b"efi_dir = rocky" in tree.files[name]
    listed = [point for point in tree.decisions if "defaultFS = xfs: [Storage] file_system_type" in point]
    assert len(listed) == 1, "both copies of the class are one"


def test_product_d_becomes_profile_d_where_only_that_is_read() -> None:
    place = "product/etc/anaconda/product.d/koozali.conf"
    kept = crossed({place: CONF}, EL8, EL9)
    assert kept.files == {place: CONF.encode()} and kept.decisions == []
    tree = crossed({place: CONF + "\n[Storage]\nnonsense = 1\n".replace("[Storage]\n", "")}, EL9, EL10)
    [name] = tree.files
    assert name == "product/etc/anaconda/profile.d/koozali.conf"
    assert b"file_system_type = ext4" in tree.files[name] and b"profile_id = koozali-sme-server" in tree.files[name]
    assert f"{place}: Enterprise Linux 10 knows no [Storage] nonsense" in tree.decisions


def test_what_lies_where_nobody_looks_any_more_is_moved_or_told() -> None:
    files = {
        "updates/run/install/updates/interactive-defaults.ks": "keyboard us\n",
        "updates/run/install/updates/anaconda-gtk.css": "a {}\n",
        "updates/README.txt": "read me",
        "updates/po/de/LC_MESSAGES/anaconda.mo": b"",
        "updates/70-ours.rules": "x",
        "updates/run/install/updates/pyanaconda/ours.py": "x = 1\n",
        "updates/root/notes": "x",
        "updates/ours.bin": "x",
    }
    tree = crossed(files, EL8, EL9)
    assert {*tree.files} == {
        "product/usr/share/anaconda/interactive-defaults.ks",
        "updates/run/install/updates/anaconda-gtk.css",
        "updates/README.txt",
        "product/usr/share/locale/de/LC_MESSAGES/anaconda.mo",
        "product/etc/udev/rules.d/70-ours.rules",
        "updates/root/notes",
    }
    assert [point for point in tree.decisions if "left behind, it belongs to Python 3.6" in point]
    assert [point for point in tree.decisions if point.startswith("updates/ours.bin: left behind; ")]
    assert {name for name in files if not name.endswith(".py")} <= {*crossed(files, EL7, EL8).files}


def test_python_of_the_old_installer_stays_behind_and_is_told() -> None:
    tree = crossed({"product/usr/lib/python3.6/site-packages/ours.py": "x = 1\n"}, EL8, EL9)
    assert tree.files == {}
    assert tree.decisions == [
        "product/usr/lib/python3.6/site-packages/ours.py: left behind, it belongs to Python 3.6; what Enterprise Linux"
        " 9 still needs of it goes to product/usr/lib64/python3.9/site-packages/"
    ]


def test_the_menu_for_bios_is_made_of_that_for_uefi_where_grub_starts_both() -> None:
    grub = "menuentry 'x' {\n linuxefi /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=L quiet\n initrdefi /i\n}\n"
    files = {
        "isolinux/isolinux.cfg": "x",
        "isolinux/splash.png": b"\x89",
        "netinstall/isolinux/isolinux.cfg": " append inst.stage2=hd:LABEL=L inst.repo=http://m/11 quiet\n",
        "EFI/BOOT/grub.cfg": grub,
    }
    tree = crossed(files, EL9, EL10)
    menus = {"EFI/BOOT/grub.cfg", "boot/grub2/grub.cfg", "netinstall/boot/grub2/grub.cfg"}
    assert {name for name in tree.files if not name.startswith("product/")} == menus
    assert b" linux /images" in tree.files["boot/grub2/grub.cfg"] and b"efi" not in tree.files["boot/grub2/grub.cfg"]
    assert b"inst.stage2=hd:LABEL=L inst.repo=http://m/11 " in tree.files["netinstall/boot/grub2/grub.cfg"]
    assert {*crossed(files, EL8, EL9).files} == {*files}


def test_options_that_count_no_more_without_inst_are_spelled_so() -> None:
    menu = {"isolinux/isolinux.cfg": "  append initrd=initrd.img ks=cdrom:/ks.cfg xdriver=vesa text quiet\n"}
    tree = crossed(menu, EL8, EL9)
    assert tree.files["isolinux/isolinux.cfg"] == (
        b"  append initrd=initrd.img inst.ks=cdrom:/ks.cfg inst.xdriver=vesa inst.text quiet\n"
    )
    assert crossed(menu, EL7, EL8).files["isolinux/isolinux.cfg"] == menu["isolinux/isolinux.cfg"].encode()


def test_each_option_that_the_installer_would_ignore_becomes_what_it_knows_and_no_other() -> None:
    said = " ".join(f"{word}=x" for word in EL9.options.plain)
    menu = {"isolinux/isolinux.cfg": f"  append initrd=initrd.img {said} proxy=p debug quiet\n"}
    known = " ".join(f"{word}=x" for word in EL9.options.plain.values())
    assert crossed(menu, EL7, EL9).files["isolinux/isolinux.cfg"].decode() == (
        f"  append initrd=initrd.img {known} proxy=p debug quiet\n"
    )


@LATER
def test_release_files_say_what_the_medium_stands_on(base: Base) -> None:
    files = {
        "product/etc/os-release": 'NAME="SME Server"\nID="centos"\n',
        "product/etc/centos-release": "SME Server release 10.0\n",
        "product/.buildstamp": "[Main]\nProduct=P\n[Compose]\nLorax=19.6.66-1\n",
    }
    tree = crossed(files, EL7, base)
    said = tree.files["product/etc/os-release"].decode()
    assert f'PLATFORM_ID="platform:{base.name}"' in said and "centos" not in said
    assert "product/etc/rocky-release" in tree.files and "product/etc/centos-release" not in tree.files
    assert tree.files["product/.buildstamp"] == b"[Main]\nProduct=P\n"


def test_comps_goes_without_what_no_tier_has() -> None:
    comps = (
        "<packagelist>\n  <packagereq>bash</packagereq>\n  <packagereq type='default'>yum</packagereq>\n</packagelist>"
    )
    assert drop_requirements(comps, {"yum", "python"}) == (
        "<packagelist>\n  <packagereq>bash</packagereq>\n</packagelist>",
        ["yum"],
    )
