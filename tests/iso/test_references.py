# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a medium names only what is on it too, and what its reader can read."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from smedoit.bootfiles.images import STAND_IN
from smedoit.bootfiles.isolinux import read_isolinux_menu
from smedoit.errors import ContentError
from smedoit.installer import cpio
from smedoit.iso import pictures, references
from smedoit.iso.check_menus import MediumFiles
from smedoit.iso.check_references import check_medium_references
from smedoit.medium_paths import GRUB_CFG, ISOLINUX_CFG, TREEINFO
from smedoit.runtime.files import write_file
from smedoit.sample.pictures import striped_png
from tests.harness import practice_menus as menus
from tests.harness.practice_menus import LABEL

NIGHT, SKY = (16, 24, 40), (58, 100, 150)
SPLASH = striped_png(640, 480, NIGHT, SKY)
STYLE = "run/install/product/anaconda-gtk.css"
GOOD = {
    ISOLINUX_CFG: menus.ISOLINUX.encode(),
    GRUB_CFG: menus.GRUB.encode(),
    TREEINFO: b"[stage2]\nmainimage = LiveOS/squashfs.img\n[images-x86_64]\nboot.iso = images/boot.iso\n",
    "LiveOS/squashfs.img": b"s",
    **{f"isolinux/{name}": STAND_IN for name in ("boot.msg", "vesamenu.c32", "vmlinuz", "initrd.img")},
    **{f"images/pxeboot/{name}": STAND_IN for name in ("vmlinuz", "initrd.img")},
    "isolinux/splash.png": SPLASH,
}


def complaints(place: Path, changes: Mapping[str, bytes | None]) -> str:
    """Return what is said of a good medium with changes; None takes a file away."""
    found = {}
    for name, data in {**GOOD, **changes}.items():
        if data is not None:
            write_file(place / name, data, durable=False)
            found[name] = place / name
    try:
        check_medium_references(MediumFiles(found, LABEL, {}), place / "x.iso")
    except ContentError as error:
        return str(error)
    return ""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, channels: int) -> bytes:
    """Return a black PNG."""
    rows = (b"\0" * (-(-width * depth * channels // 8) + 1)) * height
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    palette = chunk(b"PLTE", b"\0" * 3) if colour == pictures.PALETTE else b""
    return (
        pictures.PNG_MAGIC
        + chunk(b"IHDR", header)
        + palette
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def jpeg(marker: int = 0xC0, width: int = 640, components: int = 3) -> bytes:
    """Return the markers of a JPEG."""
    frame = struct.pack(">BHHB", 8, 480, width, components) + b"\0" * 3 * components
    return b"\xff\xd8\xff\xe0\0\4ab\xff" + bytes([marker]) + struct.pack(">H", 2 + len(frame)) + frame + b"\xff\xd9"


def edit(name: str, before: str, after: str) -> bytes:
    text = GOOD[name].decode()
    assert before in text
    return text.replace(before, after).encode()


def overlay(**members: bytes) -> bytes:
    return cpio.build_overlay_image([cpio.CpioMember(name, data) for name, data in members.items()], 0)


BAD: dict[str, tuple[dict[str, bytes | None], str]] = {
    "a background that is gone": (
        {"isolinux/splash.png": None},
        "isolinux/isolinux.cfg, line 8: menu background names isolinux/splash.png, which is not on the medium",
    ),
    "a background that is a web page": ({"isolinux/splash.png": b"<html>"}, "line 8.*neither a PNG nor a JPEG"),
    "a background as large as a television": (
        {"isolinux/splash.png": striped_png(1920, 200, NIGHT, SKY)},
        "line 8.*is 1920x200, and vesamenu.c32 shows 640x480 here",
    ),
    "a background cut in half": ({"isolinux/splash.png": SPLASH[: len(SPLASH) // 2]}, "cut short"),
    "a background with a flipped bit": (
        {"isolinux/splash.png": SPLASH[:900] + bytes([SPLASH[900] ^ 1]) + SPLASH[901:]},
        "a checksum in it is wrong",
    ),
    "a background of grey bits": ({"isolinux/splash.png": png(640, 480, 4, 0, 1)}, "grey with 4 bits"),
    "a progressive JPEG": ({"isolinux/splash.png": jpeg(0xC2)}, "no baseline JPEG"),
    "a menu program that is gone": ({"isolinux/vesamenu.c32": None}, "line 1: default names isolinux/vesamenu.c32"),
    "a kernel that is gone": ({"isolinux/vmlinuz": None}, "kernel names isolinux/vmlinuz"),
    "an initrd that is gone": ({"isolinux/initrd.img": None}, "initrd names isolinux/initrd.img"),
    "a message that is gone": ({"isolinux/boot.msg": None}, "line 4: display names isolinux/boot.msg"),
    "a help page that is gone": ({ISOLINUX_CFG: GOOD[ISOLINUX_CFG] + b"F2 help.txt\n"}, "F2 names isolinux/help.txt"),
    "a label that no entry has": (
        {ISOLINUX_CFG: edit(ISOLINUX_CFG, "timeout 600", "ontimeout lunix")},
        "line 2: ontimeout names isolinux/lunix",
    ),
    "a kernel of GRUB that is gone": (
        {"images/pxeboot/vmlinuz": None},
        "EFI/BOOT/grub.cfg, line 24: linuxefi names images/pxeboot/vmlinuz",
    ),
    "a name of GRUB in other letters": (
        {GRUB_CFG: edit(GRUB_CFG, "initrdefi /images", "initrdefi /IMAGES")},
        "initrdefi names IMAGES/pxeboot/initrd.img",
    ),
    "a background of GRUB": (
        {GRUB_CFG: b"background_image -m stretch /EFI/BOOT/b.png\n", "EFI/BOOT/b.png": b"no"},
        "line 1: background_image names EFI/BOOT/b.png, which is neither",
    ),
    "a font of GRUB": ({GRUB_CFG: b"if loadfont /EFI/BOOT/fonts/u.pf2; then\n"}, "loadfont names EFI/BOOT/fonts/u.pf2"),
    "a stage 2 that is gone": (
        {"LiveOS/squashfs.img": None},
        r".treeinfo, line 2: \[stage2\] mainimage names LiveOS/squashfs.img",
    ),
    "a style's picture": (
        {"images/product.img": overlay(**{STYLE: b"/* url(a) */\n.logo { background: url('pixmaps/logo.png'); }\n"})},
        "images/product.img: run/install/product/anaconda-gtk.css, line 2: url names "
        "run/install/product/pixmaps/logo.png, which neither overlay image has",
    ),
    "a picture of the installer": (
        {"images/product.img": overlay(**{"usr/share/anaconda/pixmaps/sidebar-bg.png": b"no"})},
        "images/product.img: usr/share/anaconda/pixmaps/sidebar-bg.png is neither a PNG nor a JPEG",
    ),
    "a profile's style": (
        {"images/product.img": overlay(**{"etc/anaconda/profile.d/sme.conf": b"[UI]\ncustom_stylesheet = sme.css\n"})},
        "sme.conf, line 2: custom_stylesheet names etc/anaconda/profile.d/sme.css",
    ),
}


def test_a_medium_that_names_what_it_has_passes(tmp_path: Path) -> None:
    assert complaints(tmp_path, {}) == ""


@pytest.mark.parametrize("case", BAD)
def test_what_is_named_in_vain_is_told_with_file_line_and_key(case: str, tmp_path: Path) -> None:
    import re

    changes, sentence = BAD[case]
    assert re.search(sentence, complaints(tmp_path, changes))


GOOD_CHANGES: dict[str, dict[str, bytes | None]] = {
    "a colour": {ISOLINUX_CFG: edit(ISOLINUX_CFG, "splash.png", "#ff00ff00")},
    "a name in capitals": {ISOLINUX_CFG: edit(ISOLINUX_CFG, "kernel vmlinuz", "KERNEL VMLINUZ")},
    "a path from the top": {ISOLINUX_CFG: edit(ISOLINUX_CFG, "kernel vmlinuz", "kernel /isolinux/vmlinuz")},
    "a name without its extension": {ISOLINUX_CFG: edit(ISOLINUX_CFG, "default vesamenu.c32", "ui vesamenu")},
    "a help text that speaks of kernels": {ISOLINUX_CFG: edit(ISOLINUX_CFG, "\tIf the system", "kernel nowhere")},
    "another resolution": {
        ISOLINUX_CFG: edit(ISOLINUX_CFG, "menu vshift 8", "menu resolution 800 600"),
        "isolinux/splash.png": png(800, 600, 8, 2, 3),
    },
    "a baseline JPEG": {"isolinux/splash.png": jpeg()},
    "a JPEG for GRUB": {GRUB_CFG: GOOD[GRUB_CFG] + b"background_image /b.jpg\n", "b.jpg": jpeg(0xC2, 1024)},
    "variables of GRUB": {GRUB_CFG: b"linux $kernel /x\nlinux /$version/vmlinuz\nloadfont unicode\nlinux (hd0)/k\n"},
    "a style's picture that is there": {
        "images/product.img": overlay(
            **{
                STYLE: b"a { b: url(/tmp/product/p.png) } c { d: url(/usr/share/anaconda/pixmaps/stock.png) }",
                "run/install/product/p.png": png(1, 1, 8, 6, 4),
            }
        )
    },
}


@pytest.mark.parametrize("case", GOOD_CHANGES)
def test_what_a_reader_takes_is_not_refused(case: str, tmp_path: Path) -> None:
    assert complaints(tmp_path, GOOD_CHANGES[case]) == ""


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
@pytest.mark.parametrize("depth", [8, 16])
def test_every_colour_of_eight_or_sixteen_bits_is_shown(colour: int, channels: int, depth: int) -> None:
    assert pictures.menu_picture_fault(png(640, 480, depth, colour, channels), (640, 480)) == ""


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_every_palette_is_shown(depth: int) -> None:
    assert pictures.menu_picture_fault(png(640, 480, depth, 3, 1), (640, 480)) == ""


def test_a_picture_that_would_fill_the_memory_is_refused_unpacked() -> None:
    bomb = (
        pictures.PNG_MAGIC
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31, 2**31, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0" * 9))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(ValueError, match="more memory"):
        pictures.parse_picture(bomb)


def test_lines_are_counted_in_the_menu_as_it_is_written() -> None:
    menu = read_isolinux_menu(ISOLINUX_CFG, {ISOLINUX_CFG: "\n\nKERNEL a\n"}.get)
    found = list(references.isolinux_references(menu, ISOLINUX_CFG))
    assert [(one.line, one.key, one.path) for one in found] == [(3, "KERNEL", "isolinux/a")]
