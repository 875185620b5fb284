"""The practice boot set: the shape of CentOS 7's, the loaders and the kernel of this host.

Where the host lacks one of them, a stand-in says so. What is there already stays:
a real boot set, or part of one, is never overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from smedoit.config.release import Release
from smedoit.fat import format
from smedoit.runtime.files import read_bytes, write
from smedoit.sample import initrd, kernel, loaders
from smedoit.sample.boot_record import boot_record

UPSTREAM_EPOCH = 1480944027  # 2016-12-05, CentOS 7.3: a boot set is older than what is built from it
LABEL = "CentOS 7 x86_64"

TREEINFO = f"""\
[general]
name = CentOS Linux-7
family = CentOS Linux
timestamp = {UPSTREAM_EPOCH}.47
variant = 
version = 7
packagedir = 
arch = x86_64

[stage2]
mainimage = LiveOS/squashfs.img

[images-x86_64]
kernel = images/pxeboot/vmlinuz
initrd = images/pxeboot/initrd.img
boot.iso = images/boot.iso

[images-xen]
kernel = images/pxeboot/vmlinuz
initrd = images/pxeboot/initrd.img

"""  # noqa: W291, upstream's own blanks

GRUB_CFG = rf"""set default="1"

function load_video {{
  insmod efi_gop
  insmod efi_uga
  insmod all_video
}}

load_video
set gfxpayload=keep
insmod gzio
insmod part_gpt

set timeout=60

search --no-floppy --set=root -l '{LABEL}'

menuentry 'Install CentOS Linux 7' --class fedora --class gnu-linux --class gnu --class os {{
	linuxefi /images/pxeboot/vmlinuz inst.stage2=hd:LABEL={LABEL.replace(" ", chr(92) + "x20")} quiet
	initrdefi /images/pxeboot/initrd.img
}}
menuentry 'Test this media & install CentOS Linux 7' --class fedora --class gnu-linux --class gnu --class os {{
	linuxefi /images/pxeboot/vmlinuz inst.stage2=hd:LABEL={LABEL.replace(" ", chr(92) + "x20")} rd.live.check quiet
	initrdefi /images/pxeboot/initrd.img
}}
"""


def make(rel: Release) -> None:
    """Put the practice boot set where release.toml expects the boot set, file by file where none is yet."""
    for name, content in recipes(rel).items():
        path = rel.boot_set.path / name
        if not path.exists():
            write(path, content())


def recipes(rel: Release) -> dict[str, Callable[[], bytes]]:
    """Return path in the boot set -> how to make its content; what is made of other files comes after them."""
    place = rel.boot_set.path
    return {
        **{f"isolinux/{name}": content for name, content in bios(rel).items()},
        "images/pxeboot/vmlinuz": vmlinuz,
        "images/pxeboot/initrd.img": initrd_image,
        "isolinux/vmlinuz": (place / "images/pxeboot/vmlinuz").read_bytes,
        "isolinux/initrd.img": (place / "images/pxeboot/initrd.img").read_bytes,
        "EFI/BOOT/grubx64.efi": lambda: loaders.grub() or stand_in("GRUB"),
        "EFI/BOOT/BOOTX64.EFI": (place / "EFI/BOOT/grubx64.efi").read_bytes,  # upstream's is shim, which starts GRUB
        "EFI/BOOT/grub.cfg": GRUB_CFG.encode,
        "images/efiboot.img": lambda: efiboot(place),
        "images/boot.iso": lambda: stand_in("the netinstall medium"),
        "LiveOS/squashfs.img": lambda: stand_in("the installer's runtime"),
        ".treeinfo": TREEINFO.encode,
    }


def stand_in(what: str) -> bytes:
    """Return the content of a file that only says what should be there."""
    return f"This is a stand-in for {what}, made by smedoit's practice world. It boots nothing.\n".encode()


def bios(rel: Release) -> dict[str, Callable[[], bytes]]:
    """Return file name -> content of what boots under BIOS: isolinux with its menu, or our own record."""
    one = rel.release
    words = f"{one.product} {one.title} practice medium:\nthe builder had no isolinux, so this boots no further.\n"
    found = loaders.isolinux()
    if found:
        return {name: file.read_bytes for name, file in found.items()}
    return {"isolinux.bin": lambda: boot_record(words)}


def efiboot(place: Path) -> bytes:
    """Return the FAT image that UEFI starts from, with room for a longer grub.cfg."""
    names = (f"EFI/BOOT/{name}" for name in ("BOOTX64.EFI", "grubx64.efi", "grub.cfg"))
    files = {name: read_bytes(place / name) for name in names}
    return format.image(place / "images/efiboot.img", files, "ANACONDA", UPSTREAM_EPOCH)


def borrowed() -> tuple[kernel.Kernel, Path] | None:
    """Return this host's kernel and a shell to go with it, or None without either."""
    found, shell = kernel.newest(), initrd.busybox()
    return (found, shell) if found and shell else None


def vmlinuz() -> bytes:
    """Return the kernel of the medium."""
    found = borrowed()
    return read_bytes(found[0].image) if found else stand_in("the kernel")


def initrd_image() -> bytes:
    """Return the initial RAM disk that fits the kernel."""
    found = borrowed()
    return initrd.make(*found) if found else stand_in("the initial RAM disk")
