# SPDX-License-Identifier: GPL-3.0-or-later
"""A PC in qemu: boot a medium, hear its serial line, see its screen, press its keys.

kvm may be there, start, and then fail in 16-bit code (nested virtualization does), so a
machine tells when it is broken, and the caller starts it again with tcg.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from smedoit.boottest import screen
from smedoit.errors import SmeError
from smedoit.runtime import foreign
from smedoit.runtime.process import start_program

Firmware = Literal["bios", "uefi"]
Medium = Literal["cd", "usb"]
QEMU, PACKAGE = "qemu-system-x86_64", "qemu-system-x86"
MACHINE = ("-machine", "pc", "-vga", "std", "-display", "none", "-nic", "none", "-no-reboot")
FIRMWARE_DIRS = "/usr/share/OVMF", "/usr/share/edk2/ovmf", "/usr/share/edk2/x64", "/usr/share/qemu"
CODES = {  # code -> variables of the same size; OVMF refuses others
    "OVMF_CODE.fd": "OVMF_VARS.fd",
    "OVMF_CODE_4M.fd": "OVMF_VARS_4M.fd",
    "OVMF_CODE.4m.fd": "OVMF_VARS.4m.fd",
}
SECURE_CODES = {  # the same with Secure Boot on, by the keys of Microsoft
    "OVMF_CODE_4M.secboot.fd": "OVMF_VARS_4M.ms.fd",
    "OVMF_CODE.secboot.fd": "OVMF_VARS.ms.fd",
    "OVMF_CODE.secboot.4m.fd": "OVMF_VARS.secboot.4m.fd",
}
SECURE_MACHINE = "-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"
WHOLE = "/usr/share/ovmf/OVMF.fd", "/usr/share/edk2/ovmf/OVMF.fd"
TERMINAL = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[78()][A-B0-2]?")
VIDEO_BIOS, VIDEO_BIOS_SIZE = 0xC0000, 0x10000
HOLD = 20  # milliseconds that a key is held, and then let go of
KEY_BUFFER = 0x41A  # of a PC's BIOS: where its buffer is read and written next; source: SeaBIOS, src/biosvar.h
TEXT_MODE = 720, 400  # pixels of 80 times 25 characters
ECHO = 5  # seconds in which a guest shows a letter that was typed; one that shows none gets the next all the same
LONGEST_LINE = 200  # characters of a machine that a sentence has
PATIENCE = 300  # seconds after which a qemu that does not answer has come to a standstill, however busy the host is
KERNEL_HALF = 0xFFFFFFFF80000000  # where a 64-bit Linux runs; source: Documentation/x86/x86_64/mm.rst
KERNEL_GIGABYTE = range(0xC0000000, 0xFF000000)  # where a 32-bit one does, with the firmware above it
SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./", strict=True))
CODES_OF_KEYS = {
    " ": "spc", "-": "minus", "=": "equal", "[": "bracket_left", "]": "bracket_right", "\\": "backslash",
    ";": "semicolon", "'": "apostrophe", "`": "grave_accent", ",": "comma", ".": "dot", "/": "slash",
}  # fmt: skip
FAILED: set[str] = set()  # accelerators that gave up


@dataclass(frozen=True)
class BootMode:
    """One way to boot a medium.

    secure  whether Secure Boot is on, by the keys of Microsoft
    """

    firmware: Firmware
    medium: Medium
    secure: bool = False

    def __str__(self) -> str:
        return f"{self.firmware.upper()} from {self.medium.upper()}{' with Secure Boot' if self.secure else ''}"

    @property
    def slug(self) -> str:
        """The way in a file name."""
        return f"{self.firmware}-{self.medium}{'-secure' if self.secure else ''}"


WAYS = BootMode("bios", "cd"), BootMode("bios", "usb"), BootMode("uefi", "cd"), BootMode("uefi", "usb")


class QemuError(Exception):
    """The accelerator gave up, or qemu ended before anybody could talk to it; its text is qemu's own."""


class SwitchedOffError(Exception):
    """The machine was switched off, in order, while somebody talked to it."""


class Guest:
    """A machine that runs."""

    def __init__(self, process: Any, monitor: socket.socket, place: Path, accelerator: str) -> None:
        self.process, self.monitor, self.place, self.accelerator = process, monitor, place, accelerator
        self.answers = monitor.makefile("rb")

    def command(self, name: str, **arguments: object) -> Any:
        """Return qemu's answer to a command of its machine protocol.

        Raises SwitchedOffError when the machine was switched off meanwhile, QemuError when qemu is gone otherwise.
        """
        request = {"execute": name, **({"arguments": arguments} if arguments else {})}
        try:
            self.monitor.sendall(json.dumps(request).encode() + b"\n")
            for line in self.answers:
                answer = _parse_answer(line)
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    raise QemuError(f"{name}: {dict(answer['error']).get('desc', 'no reason')}")
        except (ValueError, TypeError) as error:
            raise QemuError(f"qemu did not answer to {name} as it should: {error}") from None
        except TimeoutError:
            raise QemuError(f"qemu did not answer to {name} for {PATIENCE} seconds") from None
        except OSError:
            pass
        code = _ended(self.process)  # it hangs up before it ends, long before on a busy host
        if code == 0:
            raise SwitchedOffError
        raise QemuError(describe_end(code, _qemu_output(self.place), self.serial_output()))

    def serial_output(self) -> str:
        """Return all that has come over the serial line, without what steers a terminal."""
        text = (self.place / "serial").read_bytes().decode(errors="replace")
        return TERMINAL.sub("", text).replace("\r", "")

    def picture(self) -> screen.Screenshot:
        """Return what the screen shows now. Raises SwitchedOffError."""
        file = self.place / "screen.ppm"
        self.command("screendump", filename=os.fspath(file))
        return screen.parse_ppm(file.read_bytes())

    def font(self) -> bytes:
        """Return the font that the video BIOS draws with; nothing while there is none."""
        file = self.place / "video.rom"
        self.command("pmemsave", val=VIDEO_BIOS, size=VIDEO_BIOS_SIZE, filename=os.fspath(file))
        return screen.find_font(file.read_bytes())

    def press(self, *keys: str) -> None:
        """Press keys together, by qemu's names for them, and let them go."""
        codes = [{"type": "qcode", "data": key} for key in keys]
        self.command("send-key", keys=codes, **{"hold-time": HOLD})
        time.sleep(2.5 * HOLD / 1000)  # the guest's keyboard buffer is short

    def type(self, text: str) -> None:
        """Type text on an American keyboard, each letter when the screen shows the one before it.

        Raises SwitchedOffError. The keyboard holds a few keys only: on a busy host a slow guest would lose some.
        In text mode the cursor blinks, so that a change of the screen says nothing: there the BIOS is asked.
        """
        for letter in text:
            before = self.picture()
            blinks = (before.width, before.height) == TEXT_MODE
            written = self.key_places()[1] if blinks else 0
            self.press(*key_combination(letter))
            until = time.monotonic() + ECHO
            while time.monotonic() < until:
                if self.took_key(written) if blinks else self.picture() != before:
                    break
                time.sleep(HOLD / 1000)

    def took_key(self, written: int) -> bool:
        """Return whether a key came since the BIOS would have written one there, and whoever reads keys has it."""
        read, now = self.key_places()
        return now != written and now == read

    def key_places(self) -> tuple[int, int]:
        """Return where the BIOS has the next key to read, and where it writes the next one that comes."""
        file = self.place / "keys"
        self.command("pmemsave", val=KEY_BUFFER, size=4, filename=os.fspath(file))
        read, written = struct.unpack("<HH", file.read_bytes())
        return read, written

    def runs(self) -> bool:
        """Return whether the machine is switched on. Raises QemuError if the accelerator has given up."""
        if self.process.poll() is not None:
            return False
        try:
            status = self.command("query-status")["status"]
        except SwitchedOffError:
            return False
        if status == "internal-error":
            FAILED.add(self.accelerator)
            raise QemuError(describe_end(None, _qemu_output(self.place), self.serial_output()))
        return True

    def in_kernel(self) -> bool:
        """Return whether the processor is where only a Linux kernel runs."""
        registers = self.command("human-monitor-command", **{"command-line": "info registers"})
        where = re.search(r"\b[RE]IP=([0-9a-f]+)", registers)
        address = int(where.group(1), 16) if where else 0
        return address >= KERNEL_HALF or address in KERNEL_GIGABYTE


def _parse_answer(line: bytes) -> dict[str, Any]:
    """Return an answer of qemu's machine protocol. Raises ValueError if it is none."""
    answer = foreign.parse_json(line)
    if not isinstance(answer, dict):
        raise ValueError("it is no object")
    return answer


def _ended(process: Any) -> int | None:
    """Return how a qemu that hung up ended, None if it does not end."""
    deadline = time.monotonic() + PATIENCE
    while (code := process.poll()) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return None if code is None else int(code)


def _qemu_output(place: Path) -> str:
    """Return what qemu itself said, without the command that began it."""
    return (place / "qemu.log").read_text(errors="replace").partition("\n")[2].strip()


def describe_end(code: int | None, said: str, serial: str) -> str:
    """Return how a qemu ended that should not have: in its own words, else by its exit status or signal.

    code    as subprocess has it, None for one that goes on and has given up
    said    what it wrote; a warning says nothing of its end
    serial  what the machine wrote, whose last line tells how far it came
    """
    lines = [line for line in said.splitlines() if "warning:" not in line]
    words = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "")
    if not words:
        names = {each.value: each.name for each in signal.Signals}
        ended = "stands still" if code is None else f"ended with exit status {code}"
        if code is not None and code < 0:
            ended = f"was ended by {names.get(-code, f'signal {-code}')}"
        words = f"qemu {ended}, and said nothing"
    last = next((line.strip() for line in reversed(serial.splitlines()) if line.strip()), "")
    return f"{words}; the last line of the machine was {last[:LONGEST_LINE]!r}" if last else words


def key_combination(letter: str) -> tuple[str, ...]:
    """Return the keys to press together for a letter."""
    if letter.isupper():
        return "shift", letter.lower()
    if letter in SHIFTED:
        return "shift", *key_combination(SHIFTED[letter])
    return (CODES_OF_KEYS.get(letter, letter),)


@contextmanager
def run_guest(iso: Path, way: BootMode, memory: int, accelerator: str) -> Iterator[Guest]:
    """Yield a machine that boots iso; at the end it is switched off.

    memory  in MiB

    Raises SmeError without qemu or firmware, QemuError when qemu does not come up.
    """

    def parts(place: Path) -> tuple[str, ...]:
        machine = SECURE_MACHINE if way.secure else ()
        return *machine, *drive_options(iso, way.medium), *_firmware_options(way, place)

    with run_machine(parts, memory, accelerator) as guest:
        yield guest


@contextmanager
def run_machine(parts: Callable[[Path], Iterable[str]], memory: int, accelerator: str) -> Iterator[Guest]:
    """Yield a machine with the parts that qemu's options name; at the end it is switched off.

    parts  is given a directory that goes with the machine

    Raises what run_guest does.
    """
    with TemporaryDirectory(prefix="smedoit-") as name:
        place = Path(name)
        (place / "serial").touch()
        command = (
            QEMU, *MACHINE, "-m", str(memory), "-accel", accelerator,
            "-serial", f"file:{place}/serial", "-qmp", f"unix:{place}/qmp,server=on,wait=off", *parts(place),
        )  # fmt: skip
        with (
            start_program(command, log=place / "qemu.log", package=PACKAGE) as process,
            _connect_monitor(process, place) as monitor,
        ):
            guest = Guest(process, monitor, place, accelerator)
            guest.command("qmp_capabilities")  # what comes before its answer is the greeting
            yield guest


@contextmanager
def _connect_monitor(process: Any, place: Path) -> Iterator[socket.socket]:
    """Yield the connection to qemu's monitor. Raises QemuError when qemu ends instead."""
    deadline = time.monotonic() + PATIENCE
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.settimeout(PATIENCE)
        while True:
            try:
                monitor.connect(os.fspath(place / "qmp"))
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise QemuError(describe_end(process.poll(), _qemu_output(place), "")) from None
                time.sleep(0.02)
        yield monitor


def list_accelerators() -> tuple[str, ...]:
    """Return what to try, the faster one first; what failed once in this process would fail again."""
    fast = os.access("/dev/kvm", os.R_OK | os.W_OK) and "kvm" not in FAILED
    return ("kvm", "tcg") if fast else ("tcg",)


def drive_options(iso: Path, medium: Medium) -> tuple[str, ...]:
    """Return the options that put iso into the machine; nothing can write to it."""
    file = os.fspath(iso).replace(",", ",,")
    if medium == "cd":
        return "-drive", f"file={file},media=cdrom,format=raw,readonly=on"
    stick = f"file={file},if=none,id=stick,format=raw,readonly=on"
    return "-drive", stick, "-device", "qemu-xhci", "-device", "usb-storage,drive=stick,removable=on"


def _firmware_options(way: BootMode, place: Path) -> tuple[str, ...]:
    """Return the options for the firmware; UEFI gets variables of its own, as from the factory.

    Raises SmeError if this host has no such UEFI firmware.
    """
    if way.firmware == "bios":
        return ()
    for code, variables in firmware_files(secure=way.secure):
        own = shutil.copy(variables, place / "vars.fd")
        pflash = "if=pflash,unit={},format=raw,file={}"
        return "-drive", pflash.format(0, code) + ",readonly=on", "-drive", pflash.format(1, own)
    for whole in () if way.secure else WHOLE:
        if os.path.isfile(whole):
            return "-bios", whole
    kind = "UEFI firmware with the keys of Microsoft" if way.secure else "UEFI firmware"
    raise SmeError(
        f"there is no {kind} for qemu on this host; looked in {', '.join(FIRMWARE_DIRS)}",
        hint="on Debian it is in the package ovmf, elsewhere in edk2-ovmf",
    )


def firmware_files(*, secure: bool = False) -> Iterator[tuple[Path, Path]]:
    """Yield the pairs of code and variables that this host has: with Secure Boot on, or without it."""
    for directory in map(Path, FIRMWARE_DIRS):
        for code, variables in (SECURE_CODES if secure else CODES).items():
            if (directory / code).is_file() and (directory / variables).is_file():
                yield directory / code, directory / variables
