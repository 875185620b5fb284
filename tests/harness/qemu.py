# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot a medium and wait for words on its serial line: the last word on whether a medium is one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from smedoit.boottest import qemu
from smedoit.boottest.qemu import BootMode, Firmware, Medium, QemuError
from tests.harness.processes import wait_until
from tests.harness.tools import need

__all__ = ["Firmware", "Medium", "NotBooted", "boot", "boot_kernel"]
MEMORY = 512


class NotBooted(AssertionError):
    """The words did not come."""


def boot(iso: Path, firmware: Firmware, medium: Medium, until: str) -> str:
    """Boot iso and return what came over the serial line, once it contains until.

    Raises NotBooted with the last of it when until has not come, or the machine was switched off before.
    """
    way = BootMode(firmware, medium)
    need(qemu.QEMU)
    heard = ""
    for accelerator in qemu.list_accelerators():
        try:
            heard = listen(qemu.run_guest(iso, way, MEMORY, accelerator), until)
            break
        except QemuError as broken:
            heard = str(broken)
    if until not in heard:
        raise NotBooted(f"{until!r} did not come from {medium} under {firmware}:\n{heard[-3000:]}")
    return heard


def boot_kernel(kernel: Path, initrd: Path, arguments: str, until: str) -> str:
    """Start a kernel as a network boot does, with no medium, and return what came over the serial line.

    Raises NotBooted when until has not come before the machine was switched off.
    """
    parts = ("-kernel", str(kernel), "-initrd", str(initrd), "-append", arguments, "-nic", "user,model=e1000")
    need(qemu.QEMU)
    heard = listen(qemu.run_machine(lambda _: parts, MEMORY, "tcg"), until)  # a lame kvm hangs here without a word
    if until not in heard:
        raise NotBooted(f"{until!r} did not come from {arguments}:\n{heard[-3000:]}")
    return heard


def listen(machine: AbstractContextManager[qemu.Guest], until: str) -> str:
    """Start a machine and return what it said: up to the words, or its end. Raises QemuError."""
    with machine as guest:
        wait_until(lambda: until in guest.serial_output() or not guest.runs())
        return guest.serial_output()
