"""Boot a medium in qemu and listen to its serial line: the last word on whether a medium is one."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tests.tools import missing, need

Firmware = Literal["bios", "uefi"]
Medium = Literal["cd", "usb"]
MACHINE = ("-machine", "pc", "-m", "512", "-display", "none", "-nic", "none", "-no-reboot", "-serial", "stdio")
OVMF = "/usr/share/OVMF", "/usr/share/edk2/ovmf", "/usr/share/edk2/x64"
KVM_BROKEN = "KVM internal error"
OVMF_WHOLE = "/usr/share/ovmf/OVMF.fd"
TERMINAL = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[78()][A-B0-2]?")
CODES = {  # code -> variables of the same size; OVMF refuses others
    "OVMF_CODE.fd": "OVMF_VARS.fd",
    "OVMF_CODE_4M.fd": "OVMF_VARS_4M.fd",
    "OVMF_CODE.4m.fd": "OVMF_VARS.4m.fd",
}


class NotBooted(AssertionError):
    """The words did not come."""


def boot(iso: Path, firmware: Firmware, medium: Medium, until: str, seconds: int) -> str:
    """Boot iso and return what came over the serial line, once it contains until.

    Raises NotBooted with the last of it when until has not come after seconds, or the
    machine was switched off before.
    """
    need("qemu-system-x86_64")
    heard = ""
    for accelerator in accelerators():
        heard = attempt(accelerator, iso, firmware, medium, until, seconds)
        if until in heard:
            return heard
        if KVM_BROKEN not in heard:
            break
    raise NotBooted(f"{until!r} did not come in {seconds} s from {medium} under {firmware}:\n{heard[-3000:]}")


def attempt(accelerator: str, iso: Path, firmware: Firmware, medium: Medium, until: str, seconds: int) -> str:
    """Start a machine and return what it said: up to the words, the deadline, its end or kvm's."""
    with tempfile.TemporaryDirectory() as place:
        start = [
            "qemu-system-x86_64",
            *MACHINE,
            "-accel",
            accelerator,
            *drive(iso, medium),
            *bios(firmware, Path(place)),
        ]
        machine = subprocess.Popen(start, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        heard = ""
        try:
            for heard in listen(machine, seconds):
                if until in heard or KVM_BROKEN in heard:
                    break
        finally:
            machine.kill()
            machine.communicate()
    return heard


def listen(machine: subprocess.Popen[bytes], seconds: int) -> Iterator[str]:
    """Yield all that has come over the serial line, each time more comes, until the end or the deadline."""
    assert machine.stdout
    deadline, heard = time.monotonic() + seconds, b""
    while (left := deadline - time.monotonic()) > 0:
        if select.select([machine.stdout], [], [], left)[0]:
            more = os.read(machine.stdout.fileno(), 65536)
            if not more:
                return
            heard += more
            yield TERMINAL.sub("", heard.decode(errors="replace")).replace("\r", "")


def accelerators() -> tuple[str, ...]:
    """Return what to try: nested kvm may be there, start, and then fail in 16-bit code, so tcg stays the second try."""
    return ("kvm", "tcg") if os.access("/dev/kvm", os.R_OK | os.W_OK) else ("tcg",)


def drive(iso: Path, medium: Medium) -> tuple[str, ...]:
    """Return the options that put iso into the machine; nothing can write to it."""
    if medium == "cd":
        return "-drive", f"file={iso},media=cdrom,format=raw,readonly=on"
    stick = f"file={iso},if=none,id=stick,format=raw,readonly=on"
    return "-drive", stick, "-device", "qemu-xhci", "-device", "usb-storage,drive=stick,removable=on"


def bios(firmware: Firmware, place: Path) -> tuple[str, ...]:
    """Return the options for the firmware; UEFI gets variables of its own, as from the factory."""
    if firmware == "bios":
        return ()
    for directory in map(Path, OVMF):
        for code, variables in CODES.items():
            if (directory / code).is_file() and (directory / variables).is_file():
                own = shutil.copy(directory / variables, place / "vars.fd")
                pflash = "if=pflash,unit={},format=raw,file={}"
                readonly = pflash.format(0, directory / code) + ",readonly=on"
                return "-drive", readonly, "-drive", pflash.format(1, own)
    if not Path(OVMF_WHOLE).is_file():
        missing("OVMF, the UEFI firmware for qemu")
    return "-bios", OVMF_WHOLE
