# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot menus of the network install medium: every entry that starts the installer says where from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES
from smedoit.bootfiles.arguments import BootMedium, argument_faults, argument_remarks
from smedoit.bootfiles.entries import BootEntry
from smedoit.bootfiles.grub import read_grub_menu
from smedoit.bootfiles.isolinux import read_isolinux_menu
from smedoit.branding import render
from smedoit.config.media import NetinstallSettings
from smedoit.iso import netinstall
from smedoit.runtime.files import write_file
from smedoit.sample.menus import menu_texts
from tests.harness.nouns import identity

URL = "http://mirror.example/releases/10.1/smeos/x86_64"
MENU = """\
label linux
  append initrd=initrd.img inst.stage2=hd:LABEL=SME-net quiet
label other
  append initrd=initrd.img inst.stage2=hd:LABEL=SME-net inst.repo=http://old.example/7 quiet
label local
  localboot 0xffff
"""


def test_every_entry_of_the_installer_installs_from_the_url() -> None:
    text = netinstall.set_install_url(MENU, URL)
    assert text.count(f"inst.stage2=hd:LABEL=SME-net inst.repo={URL} quiet\n") == 2
    assert netinstall.install_urls(text) == {URL}


def test_other_entries_stay_as_they_are() -> None:
    assert netinstall.set_install_url(MENU, URL).splitlines()[-2:] == MENU.splitlines()[-2:]


def test_doing_it_twice_changes_nothing_more() -> None:
    once = netinstall.set_install_url(MENU, URL)
    assert netinstall.set_install_url(once, URL) == once


def test_a_placeholder_in_the_content_becomes_the_url() -> None:
    assert netinstall.install_urls(netinstall.set_install_url("x inst.stage2=hd:LABEL=A inst.repo={url}", URL)) == {URL}


@pytest.mark.parametrize(("menu", "found"), [(MENU, {"", "http://old.example/7"}), ("label local", set())])
def test_what_a_menu_installs_from_is_read_back(menu: str, found: set[str]) -> None:
    assert netinstall.install_urls(menu) == found


@pytest.mark.parametrize("base_name", BASES)
def test_it_has_of_the_tree_what_an_installation_begins_with_and_no_packages(tmp_path: Path, base_name: str) -> None:
    base = BASES[base_name]
    begins = {base.bios.image, base.bios.menu, base.uefi.image, base.uefi.menu, base.stage2, *base.unlisted}
    begins |= {"images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", "images/product.img", "EFI/BOOT/BOOTX64.EFI"}
    others = {f"{place}/Packages/a.rpm".lstrip("/") for place in base.repositories} | {".treeinfo", ".discinfo"}
    for name in begins | others:
        write_file(tmp_path / "tree" / name, b"x", durable=False)
    write_file(tmp_path / "own/.treeinfo", b"own", durable=False)
    found = netinstall.netinstall_files(base, tmp_path / "tree", tmp_path / "own")
    assert set(found) == {*begins, ".treeinfo"}
    assert found[".treeinfo"].read_bytes() == b"own"


def rendered_entries(base: Base, path: str) -> list[BootEntry]:
    """Return the entries of a practice menu, as the network install medium of a base has it."""
    named = identity(base=base.name)
    named = replace(named, volume_id=NetinstallSettings().volume(named))
    kind = render.render_grub_cfg if path.endswith("grub.cfg") else render.render_isolinux_cfg
    text = netinstall.set_install_url(kind(menu_texts(base)[path], named), URL)
    load = {path: text}.get
    return read_grub_menu(path, load).entries if path.endswith("grub.cfg") else read_isolinux_menu(path, load).entries


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_each_menu_of_each_base_installs_from_the_url_and_says_what_its_installer_knows(base: Base) -> None:
    label = NetinstallSettings().volume(identity(base=base.name))
    medium = BootMedium(label, render.escape_label(label), lambda path: path == base.stage2, base)
    for path in (base.uefi.menu, f"netinstall/{base.bios.menu}"):
        entries = [entry for entry in rendered_entries(base, path) if entry.starts_linux]
        assert entries
        for entry in entries:
            assert [word.text for word in entry.arguments if word.text.startswith("inst.repo=")] == [f"inst.repo={URL}"]
            assert list(argument_faults(entry, medium)) == []
            assert list(argument_remarks(entry, medium)) == []
