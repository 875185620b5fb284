# SPDX-License-Identifier: GPL-3.0-or-later
"""Every entry of every boot menu can be started, or the medium is not written."""

from __future__ import annotations

import gzip
import re
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest

from smedoit.bootfiles import images
from smedoit.branding import render
from smedoit.errors import ContentError, Findings
from smedoit.fat import format
from smedoit.iso import check_menus
from smedoit.iso.check_menus import MediumFiles
from smedoit.iso.check_references import check_medium_references
from smedoit.medium_paths import EFI_IMAGE, GRUB_CFG, ISOLINUX_CFG
from smedoit.runtime.files import write_file
from smedoit.sample.pictures import striped_png
from tests.harness import practice_menus as menus
from tests.harness.corpus import corpus_dir
from tests.harness.nouns import EPOCH, identity
from tests.harness.tools import need

LABEL = identity().volume
ISOLINUX = render.render_isolinux_cfg(menus.ISOLINUX, identity())
GRUB = render.render_grub_cfg(menus.GRUB, identity())
STAGE2 = f"inst.stage2=hd:LABEL={LABEL}"


def kernel(blocks: int = 4) -> bytes:
    """Return a bzImage of nothing, with its header."""
    data = bytearray(512 * blocks)
    data[0x1F1], data[0x1FE:0x200], data[0x202:0x206] = 1, b"\x55\xaa", b"HdrS"
    struct.pack_into("<I", data, 0x1F4, (blocks - 2) * 32)
    return bytes(data)


def program(machine: int = 0x8664, more: bytes = b"") -> bytes:
    """Return an EFI program with one section."""
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, 0, 0)
    section = b".text".ljust(8, b"\0") + struct.pack("<IIII", 64, 0x1000, 64 + len(more), 256) + bytes(16)
    return (head + coff + section).ljust(256, b"\0") + bytes(64) + more


def loader(version: str) -> bytes:
    """Return an isolinux.bin that only says its version."""
    return f"ISOLINUX {version} ".encode().ljust(2048, b"\0")


def efiboot(files: Mapping[str, bytes]) -> bytes:
    return format.build_fat_image(Path("efiboot.img"), dict(files), "ANACONDA", EPOCH)


EFI = {"EFI/BOOT/BOOTX64.EFI": program(), "EFI/BOOT/grub.cfg": GRUB.encode()}
GOOD: dict[str, bytes] = {
    ISOLINUX_CFG: ISOLINUX.encode(),
    GRUB_CFG: GRUB.encode(),
    EFI_IMAGE: efiboot(EFI),
    "isolinux/isolinux.bin": loader("4.05"),
    "isolinux/vesamenu.c32": images.COM32_OLD + bytes(100),
    "isolinux/boot.msg": b"",
    "isolinux/splash.png": striped_png(640, 480, (16, 24, 40), (58, 100, 150)),
    "LiveOS/squashfs.img": b"s",
    "repodata/repomd.xml": b"<r/>",
    **{f"{place}/vmlinuz": kernel() for place in ("isolinux", "images/pxeboot")},
    **{f"{place}/initrd.img": gzip.compress(b"070701") for place in ("isolinux", "images/pxeboot")},
}
NEW = images.COM32_NEW + bytes(20)


def told(place: Path, changes: Mapping[str, bytes | None], names: Mapping[str, str] | None = None) -> str:
    """Return what is said of a good medium with changes; None takes a file away."""
    found = {}
    for name, data in {**GOOD, **changes}.items():
        if data is not None:
            write_file(place / name, data, durable=False)
            found[name] = place / name
    try:
        check_medium_references(MediumFiles(found, LABEL, names or {}), place / "x.iso")
    except ContentError as error:
        return str(error)
    return ""


def bios(before: str, after: str, **files: bytes) -> dict[str, bytes | None]:
    """Return a medium whose isolinux.cfg says something else, at the last place where it says it."""
    assert before in ISOLINUX
    return {ISOLINUX_CFG: after.join(ISOLINUX.rsplit(before, 1)).encode(), **files}


def both(text: str) -> dict[str, bytes | None]:
    return {GRUB_CFG: text.encode(), EFI_IMAGE: efiboot({**EFI, GRUB_CFG: text.encode()})}


def uefi(before: str, after: str) -> dict[str, bytes | None]:
    """Return a medium whose two grub.cfg say something else, at the last place where they say it."""
    assert before in GRUB
    return both(after.join(GRUB.rsplit(before, 1)))


RESCUE = f"{STAGE2} rescue"
BAD: dict[str, tuple[dict[str, bytes | None], str]] = {
    "an old spelling of stage 2": (
        bios(RESCUE, f"stage2=hd:LABEL={LABEL} rescue"),
        f"line 71: append has stage2=hd:LABEL={LABEL}, the spelling of EL 6: write inst.stage2=",
    ),
    "an old spelling of the repository": (uefi("rescue", "repo=cdrom"), "linuxefi has repo=cdrom, the spelling of"),
    "method": (uefi("rescue", "method=cdrom"), "linuxefi has method=cdrom, the spelling of EL 6: write inst.repo="),
    "a live system": (
        bios(RESCUE, f"root=live:CDLABEL={LABEL}"),
        "has root=live:.*, and then looks for no stage 2: write inst.stage2=",
    ),
    "a UUID": (
        uefi(f"{STAGE2} rescue", "inst.stage2=hd:UUID=2026-11-01-12-00-00-00"),
        f"line 37: linuxefi has inst.stage2=hd:UUID=.*, which names the medium otherwise than by its label: .*{LABEL}",
    ),
    "a device": (bios(RESCUE, "inst.stage2=hd:sda1"), "has inst.stage2=hd:sda1, which names the medium otherwise"),
    "a spelling that nobody knows": (bios(RESCUE, "inst.stage2=LABEL=x"), "which is none of hd:LABEL=, cdrom, http"),
    "another label": (
        bios(RESCUE, "inst.stage2=hd:LABEL=Other"),
        f"inst.stage2=hd:LABEL=Other, and the medium is called {LABEL}",
    ),
    "upstream's mirror": (
        bios("rescue quiet", "inst.repo=http://vault.centos.org/7.9.2009/os/x86_64 quiet"),
        "line 71: append has inst.repo=http://vault.*, an address of upstream, centos.org",
    ),
    "no stage 2 at all": (uefi(f"{STAGE2} rescue", "rescue"), "line 37: linuxefi has no inst.stage2=hd:LABEL="),
    "a misspelt argument": (
        bios(RESCUE, f"inst.stag2=hd:LABEL={LABEL}"),
        "has inst.stag2=.*, which the installer does not know; did you mean inst.stage2?",
    ),
    "a kickstart file that is not there": (
        bios("rescue quiet", f"inst.ks=hd:LABEL={LABEL}:/ks/sme.cfg"),
        "line 71: append has inst.ks=.*, and the medium has no ks/sme.cfg",
    ),
    "a kickstart file on the CD that is not there": (
        uefi("rescue", "ks=cdrom:/ks.cfg"),
        "linuxefi has ks=cdrom:/ks.cfg, and the medium has no ks.cfg",
    ),
    "a repository that is not there": (bios("rescue quiet", "inst.repo=cdrom") | {"repodata/repomd.xml": None},
        "has inst.repo=cdrom, and the medium has no repodata/repomd.xml",
    ),
    "a boot line longer than Linux reads": (bios("rescue quiet", "x=" + "y" * 2100), r"is 21\d\d characters long"),
    "a label without a kernel": (
        bios("  kernel vmlinuz\n", "  kernal vmlinuz\n"),
        r"line 63: label rescue starts nothing, it has no kernel(.|\n)*line 70: kernal is no word",
    ),
    "a kernel without an initrd": (
        bios("append initrd=initrd.img ", "append "),
        "line 70: kernel starts the installer's kernel, and the entry has no initrd",
    ),
    "an initrd without a name": (
        bios("append initrd=initrd.img ", "append initrd=,, "),
        "line 70: kernel starts the installer's kernel, and the entry has no initrd",
    ),
    "kernel and initrd exchanged": (
        bios(
            f"kernel vmlinuz\n  append initrd=initrd.img {RESCUE}",
            f"kernel initrd.img\n  append initrd=vmlinuz {RESCUE}",
        ),
        r"kernel names isolinux/initrd.img, which is no Linux(.|\n)*initrd names isolinux/vmlinuz, which is no cpio",
    ),
    "a kernel cut short": (
        {"images/pxeboot/vmlinuz": kernel()[:1500]},
        "linuxefi names images/pxeboot/vmlinuz, which is cut short, its header says 2048 bytes and 1500 are there",
    ),
    "an initrd that is a page": ({"isolinux/initrd.img": b"<html>"}, "initrd names isolinux/initrd.img, which is no"),
    "an initrd of nothing": ({"images/pxeboot/initrd.img": b""}, "initrdefi names .*, which is empty"),
    "an included menu": (
        bios("menu end\n", "menu end\ninclude more.cfg\n", **{"isolinux/more.cfg": b"label x\nkernel nowhere\n"}),
        "isolinux/more.cfg, line 2: kernel names isolinux/nowhere",
    ),
    "an included menu with another label": (
        bios(
            "menu end\n",
            "menu end\nmenu include more.cfg\n",
            **{"isolinux/more.cfg": b"label x\nkernel vmlinuz\nappend initrd=initrd.img inst.stage2=hd:LABEL=CentOS\n"},
        ),
        "isolinux/more.cfg, line 3: append has inst.stage2=hd:LABEL=CentOS, and the medium is called",
    ),
    "an included menu that is not there": (bios("menu end\n", "include m.cfg\n"), "include names isolinux/m.cfg"),
    "a menu of its own": (
        bios("menu end\n", "label x\nkernel vesamenu.c32\nappend x.cfg\n", **{"isolinux/x.cfg": b"defualt x\n"}),
        "isolinux/x.cfg, line 1: defualt is no word",
    ),
    "a help text without an end": (bios("  endtext\n", ""), "line 66: text help has no endtext"),
    "a timeout in words": (bios("timeout 600", "timeout never"), "line 2: timeout wants a number"),
    "a module of another syslinux": (
        {"isolinux/vesamenu.c32": NEW},
        "isolinux/vesamenu.c32 is a module of another syslinux, and isolinux.bin is 4.05",
    ),
    "no ldlinux.c32": (
        {"isolinux/isolinux.bin": loader("6.03"), "isolinux/vesamenu.c32": NEW},
        "isolinux 6.03 needs isolinux/ldlinux.c32, which is not on the medium",
    ),
    "a library of a module": (
        {
            "isolinux/isolinux.bin": loader("6.03"),
            "isolinux/ldlinux.c32": NEW,
            "isolinux/vesamenu.c32": NEW + b"\0libutil.c32\0",
        },
        "isolinux/vesamenu.c32: isolinux 6.03 needs isolinux/libutil.c32",
    ),
    "a loader cut short": ({"isolinux/isolinux.bin": loader("4.05") + b"x"}, "isolinux.bin: is cut short"),
    "a menu of nothing": ({ISOLINUX_CFG: b"# nothing\n"}, "has no label and no default"),
    "a blank that does not break": (bios(" rescue quiet", "\u00a0rescue quiet"), "line 71.* and the medium is"),
    "a blank that is a word": ({ISOLINUX_CFG: b"\x0b\n"}, "line 1: .* is no word"),
    "an include of a kernel": (
        bios("menu end\n", "menu end\ninclude big\n", **{"isolinux/big": b"x\n" * 200_000}),
        "isolinux/big: has 390.6 KiB, and no boot menu is as large",
    ),
    "a byte order mark": (both(f"\ufeff{GRUB}"), "line 1: begins with a byte order mark"),
    "another encoding": (
        {GRUB_CFG: GRUB.encode("utf-16-le"), EFI_IMAGE: efiboot({**EFI, GRUB_CFG: GRUB.encode("utf-16-le")})},
        "line 1: is no text",
    ),
    "a grub.cfg of nothing": (both("# nothing\n"), "has no menuentry"),
    "a path of GRUB that begins nowhere": (
        uefi("initrdefi /images", "initrdefi images"),
        "line 38: initrdefi names images/pxeboot/initrd.img, and GRUB wants a path with a slash",
    ),
    "a misspelt check of the medium": (uefi("rd.live.check", "rd.live.chek"), "did you mean rd.live.check?"),
    "no grub.cfg inside": (
        {EFI_IMAGE: efiboot({"EFI/BOOT/BOOTX64.EFI": program()})},
        "images/efiboot.img: holds no EFI/BOOT/grub.cfg",
    ),
    "a brace too few": (uefi("\t}\n}", "\t}\n"), r"line 31: { is not closed by a }"),
    "a brace too many": (uefi("\t}\n}", "\t}\n}\n}"), r"line 41: } closes no {"),
    "a quote": (uefi("'Rescue a SME Server system'", "'Rescue a SME Server system"), "' is not closed"),
    "an if without fi": (uefi("load_video\nset", "if true; then load_video\nset"), "line 11: if has no fi"),
    "a default that no entry has": (uefi('default="1"', 'default="3"'), "line 1: default names 3, which no entry is"),
    "a default by another title": (uefi('default="1"', 'default="Linux"'), "line 1: default names Linux, which no"),
    "another label to search for": (
        uefi(f"-l '{LABEL}'", "-l 'SME'"),
        f"line 20: search looks for SME, and the medium is called {LABEL}",
    ),
    "a search by UUID": (uefi(f"-l '{LABEL}'", "-u 2026-11-01"), "line 20: search looks for 2026-11-01, which"),
    "a search for a file": (uefi(f"-l '{LABEL}'", "-f /.sme"), "line 20: search looks for /.sme, which does not find"),
    "no search": (
        uefi(f"search --no-floppy --set=root -l '{LABEL}'", ""),
        "line 24: linuxefi names images/pxeboot/vmlinuz, and no search before it finds the medium",
    ),
    "a disk": (uefi("### BEGIN", "set root=(hd0,msdos1)\n### BEGIN"), "line 22: set names a device"),
    "an entry of GRUB that starts nothing": (
        uefi("linuxefi /images/pxeboot/vmlinuz", "linuxfi /images/pxeboot/vmlinuz"),
        "line 36: menuentry 'Rescue a SME Server system' starts nothing, it has no linux",
    ),
    "an initrd of another command": (uefi("initrdefi", "initrd"), "line 38: initrd goes with linux, and the entry has"),
    "another file that GRUB reads": (
        both(f"{GRUB}\nsource /EFI/BOOT/more.cfg\n") | {"EFI/BOOT/more.cfg": b"menuentry x {\nlinuxefi /k\n}\n"},
        "EFI/BOOT/more.cfg, line 2: linuxefi names k, which is not on the medium",
    ),
    "a grub.cfg inside that is another": (
        {EFI_IMAGE: efiboot({**EFI, GRUB_CFG: GRUB.replace(LABEL, "CentOS").encode()})},
        r"grub.cfg in images/efiboot.img, line 20: search looks for CentOS",
    ),
    "no program for the firmware": (
        {EFI_IMAGE: efiboot({GRUB_CFG: GRUB.encode()})},
        "images/efiboot.img: holds no EFI/BOOT/BOOTX64.EFI, which the firmware starts",
    ),
    "a program for another machine": (
        {EFI_IMAGE: efiboot({**EFI, "EFI/BOOT/BOOTX64.EFI": program(0x14C)})},
        "EFI/BOOT/BOOTX64.EFI is an EFI program for another machine than X64",
    ),
    "a program cut short": (
        {EFI_IMAGE: efiboot({**EFI, "EFI/BOOT/BOOTX64.EFI": program()[:-1]})},
        "EFI/BOOT/BOOTX64.EFI is cut short, its sections end at 320 and it has 319 bytes",
    ),
    "a page for a program": ({EFI_IMAGE: efiboot({**EFI, "EFI/BOOT/BOOTX64.EFI": b"<html>"})}, "is no EFI program"),
    "a shim without its GRUB": (
        {EFI_IMAGE: efiboot({**EFI, "EFI/BOOT/BOOTX64.EFI": program(more="\\grubx64.efi".encode("utf-16-le"))})},
        "EFI/BOOT/BOOTX64.EFI starts EFI/BOOT/grubx64.efi, which is not there",
    ),
}  # fmt: skip


def test_a_medium_as_upstream_makes_it_passes(tmp_path: Path) -> None:
    assert told(tmp_path, {}) == ""


@pytest.mark.parametrize("case", BAD)
def test_what_would_not_boot_is_told_with_file_line_and_key(case: str, tmp_path: Path) -> None:
    changes, sentence = BAD[case]
    assert re.search(sentence, told(tmp_path, changes))


def test_faults_of_both_menus_are_told_together(tmp_path: Path) -> None:
    said = told(tmp_path, bios(RESCUE, "repo=cdrom") | uefi('default="1"', 'default="9"'))
    assert "append has repo=cdrom" in said
    assert "default names 9" in said


def test_a_menu_of_the_network_install_medium_is_called_as_in_the_content_tree(tmp_path: Path) -> None:
    said = told(tmp_path, bios(RESCUE, "repo=cdrom"), {ISOLINUX_CFG: f"netinstall/{ISOLINUX_CFG}"})
    assert "    netinstall/isolinux/isolinux.cfg, line 71: append has repo=cdrom" in said


LEGAL: dict[str, dict[str, bytes | None]] = {
    "the CD": bios(RESCUE, "inst.repo=cdrom"),
    "the label of a CD": bios(RESCUE, f"inst.repo=hd:CDLABEL={LABEL}:/"),
    "a stage 2 of its own": bios(RESCUE, "inst.stage2=http://mirror.example.org/sme/10/x86_64"),
    "a kickstart file that says it all": bios(RESCUE, "inst.ks=http://mirror.example.org/ks.cfg"),
    "a kickstart file of a drive": bios("rescue quiet", "inst.ks=hd:LABEL=OEMDRV:/ks.cfg"),
    "a kickstart file of the initrd": bios("rescue quiet", "ks=file:/ks.cfg"),
    "a kickstart file that is there": bios(
        "rescue quiet", f"inst.ks=hd:LABEL={LABEL}:/ks/a.cfg", **{"ks/a.cfg": b"text\n"}
    ),
    "words of the kernel": bios("rescue quiet", "console=ttyS0,115200 nomodeset rd.debug inst.text inst.nosave=all"),
    "memtest": bios("label local", "label m\n kernel memtest\nlabel local", **{"isolinux/memtest": kernel()[:512]}),
    "an old kernel for memtest": bios(
        "label local", "label m\n kernel memtest\nlabel local",
        **{"isolinux/memtest": bytes(510) + b"\x55\xaa" + bytes(9)},
    ),
    "one append for all": {
        ISOLINUX_CFG: f"default vesamenu.c32\nappend initrd=initrd.img {STAGE2}\nlabel a\nkernel vmlinuz\n".encode()
    },
    "initrd by a word of its own": bios("append initrd=initrd.img ", "initrd initrd.img\n append "),
    "a menu of its own": bios(
        "label local", "label x\nmenu label More\nkernel menu.c32\nappend x.cfg\nlabel local",
        **{"isolinux/menu.c32": images.COM32_OLD, "isolinux/x.cfg": b"label y\nlocalboot 0\n"},
    ),
    "another loader": {"isolinux/isolinux.bin": b"something else", "isolinux/vesamenu.c32": b"its own"},
    "syslinux 6 with its modules": {
        "isolinux/isolinux.bin": loader("6.03"),
        **{f"isolinux/{name}.c32": NEW for name in ("ldlinux", "libutil", "libcom32")},
        "isolinux/vesamenu.c32": NEW + b"\0libutil.c32\0libcom32.c32\0",
    },
    "Windows' line ends": {
        ISOLINUX_CFG: ISOLINUX.replace("\n", "\r\n").encode(),
        GRUB_CFG: GRUB.replace("\n", "\r\n").encode(),
    },
    "a default by title": uefi('default="1"', 'default="Test this media & install SME Server 10.1 RC2"'),
    "a default in a submenu": uefi('default="1"', "default='2>0'"),
    "a default that was saved": uefi('default="1"', 'default="${saved_entry}"'),
    "a search with its label last": uefi(f"--set=root -l '{LABEL}'", f"--label --set=root {LABEL}"),
    "a search for a file": uefi(f"-l '{LABEL}'", "--file /repodata/repomd.xml"),
    "the system on the disk": uefi(
        "submenu", "menuentry 'Disk' {\n\tsearch --set=root --file /etc/fstab\n\tlinux /boot/vmlinuz root=/dev/sda\n}\n"
        "menuentry 'Windows' {\n\tinsmod chain\n\tsearch --set=root --file /EFI/Microsoft/Boot/bootmgfw.efi\n"
        "\tchainloader /EFI/Microsoft/Boot/bootmgfw.efi\n}\nmenuentry 'Off' { halt }\nsubmenu",
    ),
    "a path with its device": uefi("linuxefi /images", "linuxefi ($root)/images"),
    "a file that may be there": uefi("load_video\nset", "if [ -f /x.cfg ]; then\n source /x.cfg\nfi\nset"),
    "a shim with its GRUB": {
        EFI_IMAGE: efiboot(
            {
                **EFI,
                "EFI/BOOT/BOOTX64.EFI": program(more="\\grubx64.efi".encode("utf-16-le")),
                "EFI/BOOT/grubx64.efi": program(),
                "EFI/BOOT/BOOTIA32.EFI": program(0x14C),
            }
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("case", LEGAL)
def test_what_its_reader_takes_is_written(case: str, tmp_path: Path) -> None:
    assert told(tmp_path, LEGAL[case]) == ""


def test_the_menu_of_a_real_remastered_centos_passes(tmp_path: Path) -> None:
    text = (corpus_dir() / "trees/centos7.5-remaster/isolinux.cfg").read_bytes()
    changes = {
        ISOLINUX_CFG: text.replace(rb"CentOS\x207\x20x86_64", LABEL.encode()),
        "isolinux/memtest": kernel()[:512],
        "ks.cfg": b"text\n",
    }
    assert told(tmp_path, changes) == ""


def test_grub_script_check_is_asked_what_our_parser_does_not_see(tmp_path: Path) -> None:
    need("grub-script-check")
    assert "line 22: GRUB does not understand it, says grub-script-check" in told(
        tmp_path, both(GRUB.replace("### BEGIN", "for in do\n### BEGIN", 1))
    )


@pytest.mark.parametrize(
    "case", [name for name in BAD if name in ("a brace too few", "a brace too many", "a quote", "an if without fi")]
)
def test_what_we_say_of_quotes_and_braces_grub_script_check_says_too(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("grub-script-check")
    told(tmp_path, BAD[case][0])
    assert list(check_menus._script_check_faults(tmp_path / GRUB_CFG, GRUB_CFG))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert re.search(BAD[case][1], told(tmp_path, BAD[case][0]))


def test_without_a_menu_there_is_nothing_to_say() -> None:
    findings = Findings()
    check_menus.check_grub_menus(MediumFiles({}, LABEL, {}), findings)
    assert not findings.found
