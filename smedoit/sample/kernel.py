# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own kernel, borrowed for the practice boot set: its image, and the modules that reach a medium."""

from __future__ import annotations

import lzma
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# A CD on IDE or SATA, a stick on USB 1 to 3, and what is on them; stage 2's images, and the emulator's networks.
NEEDED = "isofs", "sr_mod", "sd_mod", "ata_piix", "xhci-pci", "usb-storage"
STAGE2 = "loop", "squashfs", "crc32c_generic", "ext4", "overlay", "e1000", "virtio_net"  # ext4 asks for crc32c late
WELCOME = "ahci", "ehci-pci", "uhci-hcd", "uas", "nls_utf8", "nls_iso8859-1", *STAGE2
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    ".ko": bytes,
    ".ko.xz": lzma.decompress,
}  # Python before 3.14 has no zstd


@dataclass(frozen=True)
class HostKernel:
    """One kernel with the modules that belong to it."""

    image: Path
    modules: Path  # /lib/modules/VERSION

    @cached_property
    def files(self) -> dict[str, list[str]]:
        """Module name -> its file below modules, then the files it needs, the last of them first."""
        lines = (self.modules / "modules.dep").read_text().splitlines()
        pairs = (line.partition(":")[::2] for line in lines)
        return {_module_name(file): [file, *needs.split()] for file, needs in pairs}

    @cached_property
    def built_in(self) -> frozenset[str]:
        """The names of the modules that are part of the image."""
        return frozenset(_module_name(line) for line in (self.modules / "modules.builtin").read_text().split())

    def order(self) -> list[str]:
        """Return the files of the modules to take, each after those that it needs. Raises KeyError for one it lacks."""
        found: dict[str, None] = {}
        for name in map(_module_name, NEEDED + WELCOME):
            if name in self.built_in or (name not in self.files and name not in map(_module_name, NEEDED)):
                continue
            found.update(dict.fromkeys(reversed(self.files[name])))
        return list(found)

    def module(self, file: str) -> bytes:
        """Return an unpacked module. Raises KeyError for a packing that we cannot undo."""
        packing = file[file.index(".ko") :]
        return PACKINGS[packing]((self.modules / file).read_bytes())

    def usable(self) -> bool:
        """Whether all that a practice boot needs can be read here, by this user and this Python."""
        try:
            packed = [file for file in self.order() if file[file.index(".ko") :] not in PACKINGS]
        except (OSError, KeyError):
            return False
        return not packed and os.access(self.image, os.R_OK)


def _module_name(file: str) -> str:
    """Return the name of a module as lsmod shows it: no directory, no ending, '_' for '-'."""
    return file.rpartition("/")[2].partition(".ko")[0].replace("-", "_")


def newest_kernel() -> HostKernel | None:
    """Return the newest kernel of this host that a practice boot can use, or None."""
    return next((kernel for kernel in _host_kernels() if kernel.usable()), None)


def _host_kernels() -> Iterator[HostKernel]:
    """Yield the kernels of this host, the newest first; Debian keeps images in /boot, others with the modules."""
    for modules in sorted(Path("/lib/modules").glob("*"), key=kernel_sort_key, reverse=True):
        yield HostKernel(Path("/boot") / f"vmlinuz-{modules.name}", modules)
        yield HostKernel(modules / "vmlinuz", modules)


def kernel_sort_key(path: Path) -> list[tuple[int, str]]:
    """Return a key that sorts 6.10 after 6.9."""
    return [(int(digits or 0), word) for digits, word in re.findall(r"(\d+)|(\D+)", path.name)]
