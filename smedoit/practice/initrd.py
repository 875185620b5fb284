"""The practice initrd: busybox, the modules that reach a medium, and a script that proves the boot chain."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from smedoit.practice.kernel import Kernel

BUSYBOXES = ("/bin/busybox", "/usr/bin/busybox", "/usr/sbin/busybox.static", "/sbin/busybox")
INIT = Path(__file__).with_name("init.sh")
PROGRAM, DIRECTORY = 0o100755, 0o040755
INTERPRETER = 3  # PT_INTERP, the program header of what needs a dynamic linker


def busybox() -> Path | None:
    """Return this host's busybox, if one needs no library."""
    return next((path for path in map(Path, BUSYBOXES) if path.is_file() and is_static(path)), None)


def is_static(program: Path) -> bool:
    """Whether program is a 64-bit ELF file that runs without a dynamic linker."""
    data = program.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        return False
    (table,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return INTERPRETER not in (struct.unpack_from("<I", data, table + number * size)[0] for number in range(count))


def make(kernel: Kernel, shell: Path) -> bytes:
    """Return an initrd for kernel; the same host gives the same bytes."""
    modules = {file.rpartition("/")[2].partition(".ko")[0] + ".ko": file for file in kernel.order()}
    files = {f"modules/{name}": kernel.module(file) for name, file in modules.items()}
    files |= {"init": INIT.read_bytes(), "bin/busybox": shell.read_bytes()}
    files["modules/order"] = "".join(f"{name}\n" for name in modules).encode()
    return gzip.compress(b"".join(archive(files)), mtime=0)


def archive(files: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield a newc archive of programs, all owned by root and from 1970."""
    folders = {name.partition("/")[0] for name in files if "/" in name}
    members = {**dict.fromkeys(sorted(folders), b""), **files}
    for inode, (name, data) in enumerate(members.items(), 1):
        yield member(name, data, DIRECTORY if name in folders else PROGRAM, inode)
    yield member("TRAILER!!!", b"", 0, 0)


def member(name: str, data: bytes, mode: int, inode: int) -> bytes:
    """Return one member; see the kernel's early-userspace/buffer-format.rst for the fields."""
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
