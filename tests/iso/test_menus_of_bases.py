# SPDX-License-Identifier: GPL-3.0-or-later
"""Menus of each base in upstream's manner: nothing is said of good ones, and a sentence of what would not boot."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import Base, Loader
from smedoit.bases.known import BASES
from smedoit.bootfiles import images
from smedoit.branding import render
from smedoit.errors import ContentError
from smedoit.iso.check_menus import MediumFiles
from smedoit.iso.check_references import check_medium_references
from smedoit.medium_paths import EFI_IMAGE, GRUB_CFG
from smedoit.runtime.files import write_file
from smedoit.sample.loaders import GRUB_FOR_BIOS
from smedoit.sample.menus import menu_texts
from tests.harness.nouns import identity
from tests.harness.tools import missing
from tests.iso.test_check_menus import EFI, efiboot, kernel, loader

EACH = pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
NEWER = [base for base in BASES.values() if not base.escaped_labels]
GRUB_BASE = next(base for base in BASES.values() if base.bios.loader is Loader.GRUB)
BIOS_CFG, MODULES = GRUB_BASE.bios.menu, GRUB_BASE.bios.modules
COMMANDS = "*menuentry: normal\nsearch: search\nlinux: linux\ninitrd: linux\ninsmod: minicmd\n"
LABEL = "SME-11"
COM32 = {"el7": (loader("4.05"), images.COM32_OLD + bytes(100))}


def boot_files(base: Base) -> dict[str, bytes]:
    """Return what starts a medium of a base, as its boot set and upstream's manner have it."""
    named = replace(identity(), volume_id=LABEL, base=base.name)
    texts = menu_texts(base)
    efi = render.render_grub_cfg(texts[base.uefi.menu], named).encode()
    found = {
        GRUB_CFG: efi,
        EFI_IMAGE: efiboot({**EFI, GRUB_CFG: efi}),
        base.stage2: b"s",
        "images/pxeboot/vmlinuz": kernel(),
        "images/pxeboot/initrd.img": gzip.compress(b"070701"),
    }
    found |= {path: found[other] for path, other in base.bios.twins.items()}
    if base.bios.loader is Loader.ISOLINUX:
        program, module = COM32.get(base.name, (loader("6.04"), images.COM32_NEW + bytes(100)))
        found |= {base.bios.image: program, "isolinux/boot.msg": b"", "isolinux/vesamenu.c32": module}
        found |= dict.fromkeys(base.bios.needed, module)
        text = texts[base.bios.menu].replace("menu background splash.png\n", "")
        return found | {base.bios.menu: render.render_isolinux_cfg(text, named).encode()}
    found |= {f"{MODULES}/{name}.mod": b"" for name in ("normal", "search", "linux", "relocator")}
    found |= {f"{MODULES}/{name}.mod": b"" for name in ("all_video", "gzio", "part_gpt", "ext2", "minicmd")}
    found |= {f"{MODULES}/command.lst": COMMANDS.encode(), f"{MODULES}/moddep.lst": b"linux: relocator normal\n"}
    found |= {base.bios.image: b"core", base.mbr_image: b"mbr"}
    return found | {base.bios.menu: render.render_grub_cfg(texts[base.bios.menu], named).encode()}


def remarks_of(base: Base, place: Path, changes: Mapping[str, bytes | None]) -> list[str]:
    """Return the remarks on a medium; None takes a file away. Raises ContentError."""
    files = {name: data for name, data in {**boot_files(base), **changes}.items() if data is not None}
    for name, data in files.items():
        write_file(place / name, data, durable=False)
    medium = MediumFiles({name: place / name for name in files}, LABEL, {}, base)
    return check_medium_references(medium, place / "x.iso")


def refusal_of(base: Base, place: Path, changes: Mapping[str, bytes | None]) -> str:
    with pytest.raises(ContentError) as refused:
        remarks_of(base, place, changes)
    return str(refused.value)


def menu_with(base: Base, path: str, before: str, after: str) -> dict[str, bytes | None]:
    text = boot_files(base)[path].decode()
    assert before in text
    return {path: after.join(text.rsplit(before, 1)).encode()}


@EACH
def test_of_menus_in_upstreams_manner_nothing_is_said(base: Base, tmp_path: Path) -> None:
    assert remarks_of(base, tmp_path, {}) == []


def test_of_upstreams_menu_beside_the_modules_of_a_real_grub_nothing_is_said(tmp_path: Path) -> None:
    real = next((Path(place) for place in GRUB_FOR_BIOS if Path(place, "command.lst").is_file()), None)
    if real is None:
        missing("grub-pc-bin")
    lists = {path.name: path.read_bytes() for path in real.glob("*.lst")}
    found = lists | {path.name: b"" for path in real.glob("*.mod")}
    modules = {f"{MODULES}/{name}": data for name, data in found.items()}
    ours = dict.fromkeys(path for path in boot_files(GRUB_BASE) if path.startswith(MODULES))
    drives = "menuentry 'Boot first drive' {\n\tinsmod chain\n\tchainloader (hd0)+1\n}\n"
    text = boot_files(GRUB_BASE)[BIOS_CFG] + drives.encode()
    assert remarks_of(GRUB_BASE, tmp_path, {**ours, **modules, BIOS_CFG: text}) == []


@EACH
def test_the_menu_of_bios_is_read_wherever_the_base_has_it(base: Base, tmp_path: Path) -> None:
    changes = menu_with(base, base.bios.menu, f"LABEL={LABEL}", "LABEL=Other")
    assert f"{base.bios.menu}, line" in refusal_of(base, tmp_path, changes)


@EACH
def test_the_menu_within_efiboot_img_is_read_also_where_no_directory_lists_it(base: Base, tmp_path: Path) -> None:
    text = boot_files(base)[GRUB_CFG].replace(f"LABEL={LABEL}".encode(), b"LABEL=Other")
    said = refusal_of(base, tmp_path, {EFI_IMAGE: efiboot({**EFI, GRUB_CFG: text})})
    assert f"grub.cfg in {EFI_IMAGE}, line" in said and "and the medium is called SME-11" in said


@pytest.mark.parametrize("base", NEWER, ids=lambda base: base.name)
def test_a_checked_medium_that_installs_from_the_network_is_no_fault(base: Base, tmp_path: Path) -> None:
    stage2 = f"inst.stage2=hd:LABEL={LABEL}"
    changes = menu_with(base, base.bios.menu, stage2, f"{stage2} inst.repo=http://mirror.example/11 rd.live.check")
    assert remarks_of(base, tmp_path, changes) == []


@pytest.mark.parametrize("base", NEWER, ids=lambda base: base.name)
def test_an_option_without_inst_is_told_or_refused_with_file_and_line(base: Base, tmp_path: Path) -> None:
    changes = menu_with(base, base.bios.menu, "inst.rescue", "rescue")
    if base.plain_options:
        [said] = remarks_of(base, tmp_path, changes)
        assert said.startswith(f"{base.bios.menu}, line ") and said.endswith("installer warns: write inst.rescue")
    else:
        said = refusal_of(base, tmp_path, changes)
        assert f"has rescue, which the installer of {base.words} ignores: write inst.rescue" in said


def test_linuxefi_is_refused_in_the_menu_that_grub_for_bios_reads(tmp_path: Path) -> None:
    text = boot_files(GRUB_BASE)[BIOS_CFG].decode()
    first = text[: text.index("\tlinux ")].count("\n") + 1
    efi = text.replace("\tlinux ", "\tlinuxefi ").replace("\tinitrd ", "\tinitrdefi ").encode()
    said = refusal_of(GRUB_BASE, tmp_path, {BIOS_CFG: efi})
    assert f"{BIOS_CFG}, line {first}: linuxefi is a command of GRUB for UEFI alone: write linux" in said
    assert f"line {first + 1}: initrdefi is a command of GRUB for UEFI alone: write initrd" in said


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ("linux.mod", "linux needs boot/grub2/i386-pc/linux.mod, which is not on the medium"),
        ("relocator.mod", "linux needs boot/grub2/i386-pc/relocator.mod, which is not on the medium"),
        ("search.mod", "search needs boot/grub2/i386-pc/search.mod, which is not on the medium"),
        ("command.lst", "linux is unknown to GRUB without boot/grub2/i386-pc/command.lst, which is not on the medium"),
    ],
)
def test_a_module_that_a_menu_of_grub_needs_must_be_there(lacks: str, said: str, tmp_path: Path) -> None:
    assert said in refusal_of(GRUB_BASE, tmp_path, {f"{MODULES}/{lacks}": None})


def test_a_module_that_grub_looks_for_in_vain_and_goes_on_without_is_told(tmp_path: Path) -> None:
    assert remarks_of(GRUB_BASE, tmp_path, {f"{MODULES}/ext2.mod": None}) == [
        f"{BIOS_CFG}, line 11: insmod ext2 needs boot/grub2/i386-pc/ext2.mod, which is not on the medium:"
        " GRUB says so, and goes on"
    ]


def test_stand_ins_of_grub_have_every_module(tmp_path: Path) -> None:
    stand_in = {f"{MODULES}/normal.mod": images.STAND_IN + b"a module of GRUB\n", f"{MODULES}/command.lst": None}
    assert remarks_of(GRUB_BASE, tmp_path, stand_in) == []


def test_grub_for_bios_starts_on_the_medium_and_needs_no_search(tmp_path: Path) -> None:
    changes = menu_with(GRUB_BASE, BIOS_CFG, f"search --no-floppy --set=root -l '{LABEL}'\n", "")
    assert remarks_of(GRUB_BASE, tmp_path, changes) == []
    assert "no search before it finds the medium" in refusal_of(
        GRUB_BASE, tmp_path, menu_with(GRUB_BASE, GRUB_CFG, f"search --no-floppy --set=root -l '{LABEL}'\n", "")
    )


@pytest.mark.parametrize("line", ["loadfont /boot/grub2/fonts/unicode.pf2", "background_image /boot/grub2/sme.png"])
def test_a_font_or_background_that_grub_names_must_be_there(line: str, tmp_path: Path) -> None:
    said = refusal_of(
        GRUB_BASE, tmp_path, menu_with(GRUB_BASE, BIOS_CFG, "load_video\nset", f"{line}\nload_video\nset")
    )
    assert f"{BIOS_CFG}, line 7: {line.replace(' /', ' names ')}, which is not on the medium" in said


def test_what_no_directory_lists_is_not_there_for_a_menu(tmp_path: Path) -> None:
    changes = menu_with(GRUB_BASE, BIOS_CFG, "load_video\nset", f"loadfont /{EFI_IMAGE}\nload_video\nset")
    assert f"loadfont names {EFI_IMAGE}, which is not on the medium" in refusal_of(GRUB_BASE, tmp_path, changes)


@pytest.mark.parametrize("base", [base for base in NEWER if base.bios.loader is Loader.ISOLINUX])
@pytest.mark.parametrize("library", ["ldlinux", "libcom32", "libutil"])
def test_isolinux_6_needs_the_libraries_of_its_menu(base: Base, library: str, tmp_path: Path) -> None:
    menu = images.COM32_NEW + b"\0libcom32.c32\0libutil.c32\0"
    changes = {"isolinux/vesamenu.c32": menu, f"isolinux/{library}.c32": None}
    assert f"needs isolinux/{library}.c32, which is not on the medium" in refusal_of(base, tmp_path, changes)
