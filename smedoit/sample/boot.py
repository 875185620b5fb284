# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice boot set: the shape of upstream's, the loaders and the kernel of this host.

Where the host lacks one of them, a stand-in says so. What is there already stays:
a real boot set, or part of one, is never overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from smedoit import medium_paths
from smedoit.bases.enterprise_linux import Base, Loader
from smedoit.bootfiles.images import STAND_IN
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.release import Release
from smedoit.fat import format
from smedoit.runtime.files import read_file_bytes
from smedoit.sample import initrd, kernel, loaders, menus, runtime
from smedoit.sample.boot_record import message_boot_record
from smedoit.sample.packages import write_if_missing
from smedoit.sample.upstream import upstream_grub_cfg, upstream_treeinfo

SECTOR = 512
ROOM_FOR_BOOT_INFO = 4096  # of eltorito.img: what is told it stands in its sixth sector


def make_boot_set(rel: Release) -> None:
    """Put the practice boot set where release.toml expects the boot set, file by file where none is yet."""
    for name, content in _boot_file_makers(rel).items():
        write_if_missing(rel.boot_set.path / name, content)


def _boot_file_makers(rel: Release) -> dict[str, Callable[[], bytes]]:
    """Return path in the boot set -> how to make its content; what is made of other files comes after them."""
    place, base = rel.boot_set.path, rel.release.built_on
    return {
        **_bios_boot_files(rel.release),
        medium_paths.KERNEL: _kernel_image,
        medium_paths.INITRD: lambda: _initrd_image(base),
        **{twin: (place / other).read_bytes for twin, other in base.bios.twins.items()},
        "EFI/BOOT/grubx64.efi": lambda: loaders.build_grub_image() or _placeholder_content("GRUB"),
        "EFI/BOOT/BOOTX64.EFI": (place / "EFI/BOOT/grubx64.efi").read_bytes,  # upstream's is shim, which starts GRUB
        base.uefi.menu: lambda: upstream_grub_cfg(base, menus.FOR_UEFI).encode(),
        base.uefi.image: lambda: _efiboot_image(place, base),
        medium_paths.NETINSTALL_IMAGE: lambda: _placeholder_content("the network install ISO"),
        base.stage2: lambda: _runtime_image(base),
        medium_paths.TREEINFO: lambda: upstream_treeinfo(base).encode(),
    }


def _placeholder_content(what: str) -> bytes:
    """Return the content of a file that only says what should be there."""
    return STAND_IN + f"{what}, made by smedoit's practice world. It boots nothing.\n".encode()


def _bios_boot_files(identity: ReleaseIdentity) -> dict[str, Callable[[], bytes]]:
    """Return path -> content of what boots under BIOS: isolinux or GRUB with its modules, or our own record."""
    base = identity.built_on
    title = f"{identity.product} {identity.title} practice medium"
    if base.bios.loader is Loader.GRUB:
        return _bios_grub_files(base, title)
    found = loaders.find_isolinux()
    if found:
        return {f"isolinux/{name}": file.read_bytes for name, file in found.items()}
    message = f"{title}:\nthe builder had no isolinux, so this boots no further.\n"
    modules = [name for name in base.bios.needed if not name.endswith(f"/{loaders.MENU}")]
    return {
        base.bios.image: lambda: message_boot_record(message),
        f"isolinux/{loaders.MENU}": lambda: _placeholder_content("the menu of isolinux"),  # which isolinux.cfg names
        **{name: lambda: _placeholder_content("a library of isolinux") for name in modules},
    }


def _bios_grub_files(base: Base, title: str) -> dict[str, Callable[[], bytes]]:
    """Return path -> content of GRUB for BIOS, in the order of lorax 40: its image, the MBR's code, its modules."""
    menu = {base.bios.menu: lambda: upstream_grub_cfg(base, menus.FOR_BIOS).encode()}
    found = loaders.find_bios_grub()
    if found:
        hybrid = found.pop(loaders.HYBRID)
        return {
            base.bios.image: lambda: loaders.build_eltorito_image(hybrid.parent),
            base.mbr_image: hybrid.read_bytes,
            **menu,
            **{f"boot/grub2/i386-pc/{name}": file.read_bytes for name, file in found.items()},
        }
    message = f"{title}:\nthe builder had no GRUB for BIOS.\n"
    return {
        base.bios.image: lambda: message_boot_record(message).ljust(ROOM_FOR_BOOT_INFO, b"\0"),
        base.mbr_image: lambda: message_boot_record(message)[:SECTOR],
        **menu,
        "boot/grub2/i386-pc/normal.mod": lambda: _placeholder_content("a module of GRUB"),
    }


def _efiboot_image(place: Path, base: Base) -> bytes:
    """Return the FAT image that UEFI starts from, with room for a longer grub.cfg."""
    names = (f"EFI/BOOT/{name}" for name in ("BOOTX64.EFI", "grubx64.efi", "grub.cfg"))
    files = {name: read_file_bytes(place / name) for name in names}
    return format.build_fat_image(place / medium_paths.EFI_IMAGE, files, "ANACONDA", base.upstream.epoch)


def find_host_kernel() -> tuple[kernel.HostKernel, Path] | None:
    """Return this host's kernel and a shell to go with it, or None without either."""
    found, shell = kernel.newest_kernel(), initrd.find_busybox()
    return (found, shell) if found and shell else None


def _kernel_image() -> bytes:
    """Return the kernel of the medium."""
    found = find_host_kernel()
    return read_file_bytes(found[0].image) if found else _placeholder_content("the kernel")


def _initrd_image(base: Base) -> bytes:
    """Return the initial RAM disk that fits the kernel."""
    found = find_host_kernel()
    return initrd.build_initrd(*found, base) if found else _placeholder_content("the initial RAM disk")


def _runtime_image(base: Base) -> bytes:
    """Return the installer's runtime, stage 2, which the initial RAM disk starts."""
    found = find_host_kernel()
    if found and runtime.has_image_tools(base):
        return runtime.build_runtime(found[1], found[0].modules.name, base)
    return _placeholder_content("the installer's runtime")
