# SPDX-License-Identifier: GPL-3.0-or-later
"""test_menus"""

from __future__ import annotations

from smedoit.boottest import menus
from smedoit.branding import render
from smedoit.medium_paths import ISOLINUX_CFG
from tests.harness.corpus import corpus_dir
from tests.harness.nouns import identity
from tests.harness.practice_menus import GRUB, ISOLINUX, UPSTREAM_GRUB


def test_isolinux_is_known_by_its_title_as_it_is_branded() -> None:
    menu = menus.parse_isolinux_menu(ISOLINUX.replace("10.0 RC1", "10.1 RC2"))
    assert menu.words == "Welcome to SME Server 10.1 RC2"
    assert (menu.opened, menu.start) == ((("tab",),), ("ret",))


def test_a_title_of_a_submenu_is_not_what_the_menu_starts_with() -> None:
    text = "menu title Outer\nmenu begin\n menu title Inner\nmenu end\n"
    assert menus.parse_isolinux_menu(text).words == "Outer"
    assert menus.parse_isolinux_menu("menu begin\nmenu title Inner\nmenu end\n").words == ""


def test_without_a_title_it_is_a_label_as_far_as_it_has_one_colour() -> None:
    assert (
        menus.parse_isolinux_menu("label a\n menu label Install the ^Server for everybody\n").words
        == "erver for everybody"
    )


def test_isolinux_without_a_menu_waits_at_its_prompt_for_the_name_of_an_entry() -> None:
    menu = menus.parse_isolinux_menu("prompt 1\ndisplay boot.msg\nlabel rescue\n kernel a\ndefault linux quiet\n")
    assert (menu.words, menu.opened, menu.start) == ("boot:", (), ("ret",))
    assert menu.typed == "linux"
    assert menus.parse_isolinux_menu("label rescue\n").typed == "rescue"


def test_what_no_font_has_is_not_looked_for() -> None:
    assert menus.parse_isolinux_menu("menu title Bienvenue à SME Server 10.1\n").words == "SME Server 10.1"


def test_the_menu_of_a_real_remastered_centos_has_its_title() -> None:
    found = [
        menus.parse_isolinux_menu(path.read_text(errors="replace"))
        for path in corpus_dir().glob("trees/**/isolinux.cfg")
    ]
    assert {menu.words for menu in found} == {"Snipe-IT"}


def test_grub_is_known_by_its_default_entry_and_opened_at_its_kernel() -> None:
    menu = menus.parse_grub_menu(GRUB)
    assert menu.words == "Test this media & install SME Server 10.0"
    assert menu.opened == (("e",), ("down",), ("down",), ("ctrl", "e"))
    assert menu.start == ("f10",)


def test_upstreams_own_grub_cfg_is_understood() -> None:
    assert menus.parse_grub_menu(UPSTREAM_GRUB).words == "Test this media & install CentOS Linux 7"


def test_the_kernels_line_is_found_below_others() -> None:
    text = "set default=0\nmenuentry 'One' {\n\tload_video\n\techo linux here\n\tlinuxefi /vmlinuz\n}\n"
    assert menus.parse_grub_menu(text).opened == (("e",), *(("down",),) * 4, ("ctrl", "e"))


def test_a_default_may_be_a_title_a_number_or_not_there() -> None:
    entries = "menuentry 'One' {\n\tlinux /a\n}\nmenuentry \"Two\" {\n\tlinux /b\n}\n"
    assert menus.parse_grub_menu(entries).words == "One"
    assert menus.parse_grub_menu(f'set default="1"\n{entries}').words == "Two"
    assert menus.parse_grub_menu(f'set default="Two"\n{entries}').words == "Two"
    assert menus.parse_grub_menu(f'set default="7"\n{entries}').words == "One"
    assert menus.parse_grub_menu("").words == ""


def test_a_branded_menu_has_the_words_of_the_release() -> None:
    words = menus.parse_grub_menu(render.render_grub_cfg(GRUB, identity())).words
    assert words == "Test this media & install SME Server 10.1 RC2"


def bios_entries(text: str, **others: str) -> menus.MenuEntries:
    return menus.list_isolinux_entries(
        {ISOLINUX_CFG: text, **{f"isolinux/{name}": more for name, more in others.items()}}.get
    )


def test_every_entry_of_isolinux_is_reached_from_where_the_cursor_stands() -> None:
    found = bios_entries(ISOLINUX)
    assert {menu.entry: menu.opened for menu in found.tried} == {
        "linux": (("up",), ("tab",)),
        "vesa": (("down",), ("ret",), ("tab",)),
        "rescue": (("down",), ("ret",), ("down",), ("tab",)),
    }
    assert found.left_out == ("local starts no Linux", "returntomain starts no Linux")


LINUX = "kernel vmlinuz\nappend initrd=initrd.img\n"


def test_what_is_hidden_or_cannot_be_chosen_is_no_step_of_the_cursor() -> None:
    text = f"""default c
label a\nmenu disable
label b\nmenu hide\n{LINUX}
menu separator
label c\n{LINUX}
label d\nlocalboot 0
label e\n{LINUX}"""
    found = bios_entries(text)
    assert {menu.entry: menu.opened[:-1] for menu in found.tried} == {"e": (("down",), ("down",))}
    assert "b is hidden, or on the screen of another menu" in found.left_out


def test_an_included_entry_is_on_the_screen_and_another_menu_is_not() -> None:
    text = f"label a\n{LINUX}include more\nlabel m\nkernel menu.c32\nappend other\n"
    found = bios_entries(text, more=f"label b\n{LINUX}", other=f"label c\n{LINUX}")
    assert [menu.entry for menu in found.tried] == ["b"]
    assert found.left_out == ("m starts no Linux", "c is hidden, or on the screen of another menu")


def test_every_entry_of_grub_is_reached_screen_by_screen() -> None:
    found = menus.list_grub_entries(GRUB)
    assert {menu.entry: menu.opened[:-4] for menu in found.tried} == {
        "Install SME Server 10.0": (("home",),),
        "Install SME Server 10.0 in basic graphics mode": (("home",), ("down",), ("down",), ("ret",), ("home",)),
        "Rescue a SME Server system": (("home",), ("down",), ("down",), ("ret",), ("home",), ("down",)),
    }
    assert {menu.opened[-4:] for menu in found.tried} == {(("e",), ("down",), ("down",), ("ctrl", "e"))}


def test_an_entry_of_grub_that_starts_no_linux_is_left_out_with_the_reason() -> None:
    text = "menuentry 'A' {\nlinux /k\ninitrd /i\n}\nmenuentry 'Disk' { exit }\nmenuentry 'Off' {\n}\n"
    assert menus.list_grub_entries(text) == menus.MenuEntries((), ("Disk starts no Linux", "Off starts nothing"))
