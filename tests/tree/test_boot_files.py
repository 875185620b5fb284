# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a boot set reach the tree, and what is said when it is of another base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import ALL_FIRMWARE, Base
from smedoit.bases.known import BASES
from smedoit.bootfiles.images import STAND_IN
from smedoit.branding.rules import Branding
from smedoit.config.release import Release, load_release
from smedoit.errors import ContentError
from smedoit.runtime.files import write_file
from smedoit.runtime.filesets import matches_patterns
from smedoit.sample import packages
from smedoit.sample.menus import menu_texts
from smedoit.tree import fill, tasks
from smedoit.tree.boot_files import check_kernel_copies, describe_missing_files
from smedoit.tree.layers import list_tree_files
from tests.harness.places import PROJECT

EACH = pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))


@pytest.fixture
def rel(tmp_path: Path) -> Release:
    write_file(tmp_path / "release.toml", (PROJECT / "release.toml").read_bytes())
    return load_release(tmp_path / "release.toml")


def built_on(rel: Release, base: Base) -> Release:
    return replace(rel, release=replace(rel.release, base=base.name))


def fill_small_world(rel: Release, *more: str) -> None:
    """Give a release a boot set of stand-ins, and the menus of its base."""
    base = rel.release.built_on
    for name in (*base.required_files(ALL_FIRMWARE), *base.bios.twins, *more):
        write_file(rel.boot_set.path / name, STAND_IN)
    for name, text in menu_texts(base).items():
        write_file(rel.content.path / name, text)
    for name, fingerprint in packages.FINGERPRINTS.items():
        for key in rel.keys:
            if key.fingerprint == fingerprint:
                write_file(key.file, (packages.KEYS / f"RPM-GPG-KEY-practice-{name}").read_bytes())


@EACH
def test_the_tree_has_what_the_boot_set_of_its_base_has(rel: Release, base: Base) -> None:
    rel = built_on(rel, base)
    fill_small_world(rel)
    tasks.tree(rel).run()
    tasks.isolinux(rel).run()
    late = {base.uefi.image, base.uefi.menu}  # by the task grub
    assert all((rel.tree / name).is_file() for name in {*base.required_files(ALL_FIRMWARE), *base.bios.twins} - late)
    menu = (rel.tree / base.bios.menu).read_text()
    assert f"LABEL={rel.release.volume} " in menu
    assert "10.1 RC2" in menu


@EACH
def test_what_only_bios_reads_is_left_out_without_bios(rel: Release, base: Base) -> None:
    rel = built_on(rel, base)
    rel = replace(rel, release=replace(rel.release, firmware=("uefi",)))
    fill_small_world(rel)
    tasks.tree(rel).run()
    found = list_tree_files(rel.tree)
    assert [name for name in found if matches_patterns(name, base.bios.patterns)] == []


@EACH
def test_a_boot_set_of_another_base_is_refused_and_named(rel: Release, base: Base) -> None:
    for other in BASES.values():
        if other.stage2 == base.stage2:
            continue
        trial = built_on(rel, base)
        fill_small_world(built_on(rel, other))
        with pytest.raises(ContentError, match=f"the boot set lacks .*it has {other.stage2}, as .*{other.words}"):
            tasks.tree(trial).run()
        return


def test_a_boot_set_with_isolinux_does_not_do_for_a_base_that_has_grub(rel: Release) -> None:
    fill_small_world(built_on(rel, BASES["el9"]))
    with pytest.raises(
        ContentError, match=r"lacks boot/grub2/i386-pc/normal\.mod, .*images/eltorito\.img; it has isol"
    ):
        tasks.tree(built_on(rel, BASES["el10"])).run()


def test_a_menu_for_isolinux_in_the_content_of_a_base_with_grub_is_left_out_and_told(rel: Release) -> None:
    rel = built_on(rel, BASES["el10"])
    fill_small_world(rel)
    write_file(rel.content.path / "isolinux/isolinux.cfg", "menu title Welcome to SME Server 9.2\n")
    said = str(tasks.tree(rel).run())
    assert "isolinux/ of the content tree is left out, BIOS reads boot/grub2/grub.cfg on Enterprise Linux 10" in said
    assert not (rel.tree / "isolinux").exists()


def test_letters_that_grub_cannot_draw_are_told(rel: Release) -> None:
    rel = built_on(rel, BASES["el10"])
    fill_small_world(rel)
    menu = rel.content.path / "boot/grub2/grub.cfg"
    write_file(menu, menu.read_text().replace("Rescue a", "Rettung für ein"))
    said = fill.write_bios_menu(tasks.tree_sources(rel), Branding(rel.release), rel.tree)
    assert "GRUB for BIOS shows other signs in the place of letters beyond ASCII" in said


def test_nothing_is_said_of_a_boot_set_that_is_whole() -> None:
    for base in BASES.values():
        needed = base.required_files(ALL_FIRMWARE)
        assert describe_missing_files(base, needed, needed) == ""


def test_a_kernel_beside_isolinux_that_differs_is_refused() -> None:
    with pytest.raises(ContentError, match="isolinux/vmlinuz: is not the same file as images/pxeboot/vmlinuz"):
        check_kernel_copies(BASES["el8"], {"isolinux/vmlinuz": "a", "images/pxeboot/vmlinuz": "b"})
    check_kernel_copies(BASES["el10"], {"isolinux/vmlinuz": "a", "images/pxeboot/vmlinuz": "b"})


def test_the_code_of_the_mbr_comes_from_the_network_install_iso_where_the_boot_set_has_no_file_of_it(
    rel: Release,
) -> None:
    rel = built_on(rel, BASES["el10"])
    fill_small_world(rel)
    (rel.boot_set.path / "images/boot_hybrid.img").unlink()
    code = b"\xeb\x63GRUB ".ljust(0x1B0, b"\x90")
    medium = (code + b"\x60\x01" + bytes(6) + bytes(32)).ljust(510, b"\xee") + b"\x55\xaa" + bytes(4096)
    write_file(rel.boot_set.path / "images/boot.iso", medium)
    tasks.tree(rel).run()
    assert (rel.tree / "images/boot_hybrid.img").read_bytes() == (code + b"\1").ljust(510, b"\0") + b"\x55\xaa"
    write_file(rel.boot_set.path / "images/boot.iso", bytes(4096))
    with pytest.raises(ContentError, match=r"the boot set lacks images/boot_hybrid\.img"):
        tasks.tree(rel).run()
