# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice initrd: busybox, the modules that reach a medium or a mirror, scripts that prove the boot chain."""

from __future__ import annotations

import struct
from pathlib import Path

from smedoit.bases.enterprise_linux import Base
from smedoit.installer import cpio
from smedoit.sample import scripts
from smedoit.sample.kernel import HostKernel

BUSYBOXES = ("/bin/busybox", "/usr/bin/busybox", "/usr/sbin/busybox.static", "/sbin/busybox")
INTERPRETER = 3  # PT_INTERP, the program header of what needs a dynamic linker


def find_busybox() -> Path | None:
    """Return this host's busybox, if one needs no library."""
    return next((path for path in map(Path, BUSYBOXES) if path.is_file() and _is_static(path)), None)


def _is_static(program: Path) -> bool:
    """Whether program is a 64-bit ELF file that runs without a dynamic linker."""
    data = program.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        return False
    (table,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return INTERPRETER not in (struct.unpack_from("<I", data, table + number * size)[0] for number in range(count))


def build_initrd(kernel: HostKernel, shell: Path, base: Base) -> bytes:
    """Return an initrd for kernel that starts the stage 2 of a base; the same host gives the same bytes."""
    modules = {f"{file.rpartition('/')[2].partition('.ko')[0]}.ko": file for file in kernel.order()}
    place = f"lib/modules/{kernel.modules.name}"
    files = {f"{place}/{name}": kernel.module(file) for name, file in modules.items()}
    files[f"{place}/order"] = "".join(f"{name}\n" for name in modules).encode()
    texts = {"init": scripts.first_stage_script(base), **scripts.shared_scripts()}
    texts["stage2.sh"] = scripts.second_stage_script(base)
    files |= {name: text.encode() for name, text in texts.items()}
    files["bin/busybox"] = shell.read_bytes()
    return cpio.build_overlay_image(
        (cpio.CpioMember(name, data, executable=True) for name, data in files.items()), mtime=0
    )
