# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot loaders borrowed from the host for the practice boot set: isolinux, and GRUB for UEFI and BIOS."""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from pathlib import Path

from smedoit.bootfiles.grub_modules import DEPENDENCIES, parse_module_list
from smedoit.runtime.process import run_program

ISOLINUX = ("/usr/lib/ISOLINUX", "/usr/share/syslinux", "/usr/lib/syslinux/bios", "/usr/lib/syslinux")
MENUS = ("/usr/lib/syslinux/modules/bios", "/usr/share/syslinux", "/usr/lib/syslinux/bios", "/usr/lib/syslinux")
MENU = "vesamenu.c32"
LIBRARIES = ("ldlinux.c32", "libcom32.c32", "libutil.c32")  # syslinux 5 and later, CentOS 7's 4.05 has none
GRUB = ("/usr/lib/grub/x86_64-efi", "/usr/share/grub/x86_64-efi")
GRUB_FOR_BIOS = ("/usr/lib/grub/i386-pc", "/usr/share/grub/i386-pc")
HYBRID = "boot_hybrid.img"
ELTORITO_MODULES = ("iso9660", "biosdisk")  # as lorax 40 has them: all others lie on the medium
BIOS_MODULES = (
    *("normal", "configfile", "linux", "iso9660", "biosdisk", "part_gpt", "part_msdos", "search", "search_label"),
    *("echo", "test", "true", "sleep", "halt", "reboot", "serial", "terminal", "all_video", "vbe", "vga", "gfxterm"),
    *("font", "loadenv", "gzio", "ext2", "ls", "cat", "chain", "minicmd", "loopback", "regexp"),
)
GRUB_MAKERS = ("grub-mkimage", "grub2-mkimage")
GRUB_MODULES = (
    *("normal", "configfile", "linux", "iso9660", "fat", "part_gpt", "part_msdos", "search", "search_label"),
    *("loopback", "regexp", "memdisk", "tar", "echo", "test", "true", "sleep", "halt", "reboot", "serial"),
    *("terminal", "all_video", "gfxterm", "font", "efi_gop", "efi_uga", "loadenv", "gzio", "ls", "cat"),
)

# Red Hat's GRUB calls the commands linuxefi and initrdefi, and so does grub.cfg on our
# medium; elsewhere they may not exist. GRUB asks for a command first, for a function
# then, so these do no harm where they do. configfile keeps functions.
#
# Of the two grub.cfg on a medium, GRUB would read the one beside efiboot.img when UEFI
# starts it from a CD, and the one inside when from a partition. This one always reads the
# one inside, the harder to get right, so that a practice boot proves it.
GRUB_START = """\
function linuxefi {
    linux "$@"
}
function initrdefi {
    initrd "$@"
}
set prefix=$cmdpath
regexp --set=1:device '^[(](.*)[)]' $cmdpath
if [ -f ($device)/images/efiboot.img ]; then
    loopback efiboot ($device)/images/efiboot.img
    set prefix=(efiboot)/EFI/BOOT
fi
echo practice GRUB: started from $cmdpath, reads $prefix/grub.cfg
configfile $prefix/grub.cfg
"""


def _find_directory(places: tuple[str, ...], name: str) -> Path | None:
    """Return the first of some directories that holds a file name."""
    return next((Path(place) for place in places if (Path(place) / name).is_file()), None)


def find_isolinux() -> dict[str, Path]:
    """Return name -> file of isolinux and the menu that fits it; nothing if this host has no isolinux."""
    loader, menus = _find_directory(ISOLINUX, "isolinux.bin"), _find_directory(MENUS, MENU)
    if not loader or not menus:
        return {}
    libraries = {name: menus / name for name in LIBRARIES if (menus / name).is_file()}
    return {"isolinux.bin": loader / "isolinux.bin", MENU: menus / MENU, **libraries}


def _grub_maker() -> str:
    """Return the program that makes GRUB's images, "" if this host has none."""
    return next(filter(None, map(shutil.which, GRUB_MAKERS)), "")


def build_grub_image() -> bytes | None:
    """Return a GRUB for UEFI that reads the grub.cfg beside it, or None if this host cannot make one."""
    modules = _find_directory(GRUB, "normal.mod")
    maker = _grub_maker()
    if not modules or not maker:
        return None
    names = [name for name in GRUB_MODULES if (modules / f"{name}.mod").is_file()]
    with tempfile.TemporaryDirectory() as place:
        disk, image = Path(place) / "memdisk.tar", Path(place) / "grubx64.efi"
        disk.write_bytes(_memdisk_archive())
        run_program(
            [maker, "-O", "x86_64-efi", "-d", modules, "-m", disk, "-p", "(memdisk)/boot/grub", "-o", image, *names],
            package="grub-common",
        )
        return image.read_bytes()


def find_bios_grub() -> dict[str, Path]:
    """Return name -> file of GRUB for BIOS: its modules, their lists, and the MBR's code; nothing if there is none."""
    place = _find_directory(GRUB_FOR_BIOS, HYBRID)
    if not place or not _grub_maker():
        return {}
    lists = [path.name for path in sorted(place.glob("*.lst"))]
    return {name: place / name for name in (HYBRID, *lists, *_needed_grub_modules(place))}


def _needed_grub_modules(place: Path) -> list[str]:
    """Return the files of the modules of BIOS_MODULES that are there, with those that they need."""
    needs = parse_module_list((place / DEPENDENCIES).read_text())
    found, waiting = set[str](), list(BIOS_MODULES)
    while waiting:
        name = waiting.pop()
        if name not in found and (place / f"{name}.mod").is_file():
            found.add(name)
            waiting += needs.get(name, ())
    return [f"{name}.mod" for name in sorted(found)]


def build_eltorito_image(modules: Path) -> bytes:
    """Return the GRUB that BIOS starts from a CD, and that the MBR's code starts from a disk."""
    with tempfile.TemporaryDirectory() as place:
        image = Path(place) / "eltorito.img"
        options = ("-O", "i386-pc-eltorito", "-d", modules, "-p", "/boot/grub2", "-o", image)
        run_program([_grub_maker(), *options, *ELTORITO_MODULES], package="grub-pc-bin")
        return image.read_bytes()


def _memdisk_archive() -> bytes:
    """Return the tar archive with GRUB's first grub.cfg; a plain embedded configuration knows no functions."""
    data = GRUB_START.encode()
    file = tarfile.TarInfo("boot/grub/grub.cfg")  # its owner is 0:0, its time 1970
    file.size = len(data)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(file, io.BytesIO(data))
    return archive.getvalue()
