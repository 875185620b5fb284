# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice boot set: the shape of CentOS 7's, the loaders and the kernel of this host.

Where the host lacks one of them, a stand-in says so. What is there already stays:
a real boot set, or part of one, is never overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from smedoit import medium_paths
from smedoit.bootfiles.images import STAND_IN
from smedoit.config.release import Release
from smedoit.fat import format
from smedoit.runtime.files import read_file_bytes
from smedoit.sample import initrd, kernel, loaders, runtime
from smedoit.sample.boot_record import message_boot_record
from smedoit.sample.packages import write_if_missing

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


def make_boot_set(rel: Release) -> None:
    """Put the practice boot set where release.toml expects the boot set, file by file where none is yet."""
    for name, content in _boot_file_makers(rel).items():
        write_if_missing(rel.boot_set.path / name, content)


def _boot_file_makers(rel: Release) -> dict[str, Callable[[], bytes]]:
    """Return path in the boot set -> how to make its content; what is made of other files comes after them."""
    place = rel.boot_set.path
    return {
        **{f"isolinux/{name}": content for name, content in _bios_boot_files(rel).items()},
        medium_paths.KERNEL: _kernel_image,
        medium_paths.INITRD: _initrd_image,
        medium_paths.BIOS_KERNEL: (place / medium_paths.KERNEL).read_bytes,
        medium_paths.BIOS_INITRD: (place / medium_paths.INITRD).read_bytes,
        "EFI/BOOT/grubx64.efi": lambda: loaders.build_grub_image() or _placeholder_content("GRUB"),
        "EFI/BOOT/BOOTX64.EFI": (place / "EFI/BOOT/grubx64.efi").read_bytes,  # upstream's is shim, which starts GRUB
        medium_paths.GRUB_CFG: GRUB_CFG.encode,
        medium_paths.EFI_IMAGE: lambda: _efiboot_image(place),
        medium_paths.NETINSTALL_IMAGE: lambda: _placeholder_content("the network install ISO"),
        medium_paths.STAGE2: _runtime_image,
        medium_paths.TREEINFO: TREEINFO.encode,
    }


def _placeholder_content(what: str) -> bytes:
    """Return the content of a file that only says what should be there."""
    return STAND_IN + f"{what}, made by smedoit's practice world. It boots nothing.\n".encode()


def _bios_boot_files(rel: Release) -> dict[str, Callable[[], bytes]]:
    """Return file name -> content of what boots under BIOS: isolinux with its menu, or our own record."""
    identity = rel.release
    title = f"{identity.product} {identity.title} practice medium"
    message = f"{title}:\nthe builder had no isolinux, so this boots no further.\n"
    found = loaders.find_isolinux()
    if found:
        return {name: file.read_bytes for name, file in found.items()}
    return {
        "isolinux.bin": lambda: message_boot_record(message),
        loaders.MENU: lambda: _placeholder_content("the menu of isolinux"),  # which isolinux.cfg names
    }


def _efiboot_image(place: Path) -> bytes:
    """Return the FAT image that UEFI starts from, with room for a longer grub.cfg."""
    names = (f"EFI/BOOT/{name}" for name in ("BOOTX64.EFI", "grubx64.efi", "grub.cfg"))
    files = {name: read_file_bytes(place / name) for name in names}
    return format.build_fat_image(place / medium_paths.EFI_IMAGE, files, "ANACONDA", UPSTREAM_EPOCH)


def find_host_kernel() -> tuple[kernel.HostKernel, Path] | None:
    """Return this host's kernel and a shell to go with it, or None without either."""
    found, shell = kernel.newest_kernel(), initrd.find_busybox()
    return (found, shell) if found and shell else None


def _kernel_image() -> bytes:
    """Return the kernel of the medium."""
    found = find_host_kernel()
    return read_file_bytes(found[0].image) if found else _placeholder_content("the kernel")


def _initrd_image() -> bytes:
    """Return the initial RAM disk that fits the kernel."""
    found = find_host_kernel()
    return initrd.build_initrd(*found) if found else _placeholder_content("the initial RAM disk")


def _runtime_image() -> bytes:
    """Return the installer's runtime, stage 2, which the initial RAM disk starts."""
    found = find_host_kernel()
    if found and runtime.has_image_tools():
        return runtime.build_runtime(found[1], found[0].modules.name, UPSTREAM_EPOCH)
    return _placeholder_content("the installer's runtime")
