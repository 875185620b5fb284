# SPDX-License-Identifier: GPL-3.0-or-later
"""test_qemu"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from smedoit.boottest import qemu, screen
from smedoit.boottest.menus import SPEAK
from smedoit.boottest.qemu import BootMode, Guest, QemuError, SwitchedOffError
from tests.harness.tools import need


def test_what_makes_a_kernel_speak_can_be_typed() -> None:
    typed = [qemu.key_combination(letter) for letter in SPEAK]
    assert typed[:8] == [("spc",), ("c",), ("o",), ("n",), ("s",), ("o",), ("l",), ("e",)]
    assert qemu.key_combination("S") == ("shift", "s")
    assert qemu.key_combination("_") == ("shift", "minus")
    assert qemu.key_combination(",") == ("comma",)
    assert all(key.isalnum() or "_" in key for keys in typed for key in keys)


class SlowGuest(Guest):
    """A guest whose screen shows a key after some looks only, and whose keyboard holds one key."""

    def __init__(self, looks: int) -> None:
        self.looks, self.left, self.shown, self.waiting = looks, 0, "", ""

    def press(self, *keys: str) -> None:
        if not self.waiting:
            self.waiting, self.left = keys[-1], self.looks

    def picture(self) -> screen.Screenshot:
        self.left -= 1
        if self.waiting and self.left < 0:
            self.shown, self.waiting = self.shown + self.waiting, ""
        return screen.Screenshot(len(self.shown), 1, self.shown.encode())


def test_a_letter_is_typed_when_the_screen_shows_the_one_before_it() -> None:
    slow = SlowGuest(looks=3)
    slow.type("console")
    assert slow.shown == "console"


class BlinkingGuest(SlowGuest):
    """A guest in text mode, whose cursor blinks at each look, and whose BIOS has taken a key after some looks only."""

    def picture(self) -> screen.Screenshot:
        self.blink = not getattr(self, "blink", False)
        return screen.Screenshot(720, 400, bytes([self.blink]))

    def key_places(self) -> tuple[int, int]:
        self.left -= 1
        if self.waiting and self.left < 0:
            self.shown, self.waiting = self.shown + self.waiting, ""
        typed = len(self.shown) + bool(self.waiting)
        return 0x1E + 2 * len(self.shown), 0x1E + 2 * typed


def test_a_cursor_that_blinks_is_no_letter_that_was_drawn() -> None:
    slow = BlinkingGuest(looks=3)
    slow.type("console")
    assert slow.shown == "console"


def test_where_the_screen_shows_nothing_typing_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "ECHO", 0.05)
    blind = SlowGuest(looks=10**6)
    blind.type("ab")
    assert blind.waiting == "a"


def test_a_way_is_told_in_words_and_in_file_names() -> None:
    assert [(str(way), way.slug) for way in qemu.WAYS] == [
        ("BIOS from CD", "bios-cd"),
        ("BIOS from USB", "bios-usb"),
        ("UEFI from CD", "uefi-cd"),
        ("UEFI from USB", "uefi-usb"),
    ]


def test_a_comma_in_a_path_is_no_option_of_qemu() -> None:
    assert "file=/a,,b.iso,media=cdrom" in qemu.drive_options(Path("/a,b.iso"), "cd")[1]


@pytest.mark.parametrize(
    ("code", "said", "serial", "words"),
    [
        (None, "warning: no feature\nKVM internal error. Suberror: 1\nmore\n", "", "KVM internal error. Suberror: 1"),
        (1, "qemu: warning: no feature\nno such machine\n", "", "no such machine"),
        (-9, "", "", "qemu was ended by SIGKILL, and said nothing"),
        (3, "", "", "qemu ended with exit status 3, and said nothing"),
        (None, "", "", "qemu stands still, and said nothing"),
        (
            -11,
            "",
            "a\nLoading\n\n",
            "qemu was ended by SIGSEGV, and said nothing; the last line of the machine was 'Loading'",
        ),
    ],
)
def test_how_qemu_ended_is_told(code: int | None, said: str, serial: str, words: str) -> None:
    assert qemu.describe_end(code, said, serial) == words


def test_a_machine_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    need(qemu.QEMU)
    absent = tmp_path / "medium.iso"
    with pytest.raises(QemuError, match=r"medium\.iso"), qemu.run_guest(absent, BootMode("bios", "cd"), 128, "tcg"):
        pass


def test_an_accelerator_that_failed_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: True)
    monkeypatch.setattr(qemu, "FAILED", set())
    assert qemu.list_accelerators() == ("kvm", "tcg")
    qemu.FAILED.add("kvm")
    assert qemu.list_accelerators() == ("tcg",)


def test_an_empty_disc_is_no_kernel_and_its_screen_is_seen(tmp_path: Path) -> None:
    need(qemu.QEMU)
    (tmp_path / "medium.iso").write_bytes(bytes(1 << 20))
    with qemu.run_guest(tmp_path / "medium.iso", BootMode("bios", "cd"), 128, "tcg") as guest:
        assert guest.runs()
        assert not guest.in_kernel()
        assert guest.picture().width >= 640
        assert guest.serial_output() == ""


class HangsUp:
    """A qemu that hung up and takes its time to end."""

    def __init__(self, code: int) -> None:
        self.codes = [None, None, code]

    def poll(self) -> int | None:
        return self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]


def hung_up(tmp_path: Path, code: int) -> Guest:
    ours, its = socket.socketpair()
    its.close()
    (tmp_path / "qemu.log").write_text("$ qemu\n")
    (tmp_path / "serial").write_text("[1.0] Linux version 6.1\n")
    return Guest(HangsUp(code), ours, tmp_path, "tcg")


def test_a_machine_that_is_switched_off_is_no_failure_of_the_emulator(tmp_path: Path) -> None:
    assert not hung_up(tmp_path, 0).runs()
    with pytest.raises(SwitchedOffError):
        hung_up(tmp_path, 0).picture()


def test_a_qemu_that_is_killed_while_it_runs_is_one(tmp_path: Path) -> None:
    with pytest.raises(
        QemuError, match=r"ended by SIGKILL, .* the last line of the machine was '\[1.0\] Linux version 6.1'"
    ):
        hung_up(tmp_path, -9).runs()


@pytest.mark.parametrize(
    ("registers", "kernel"),
    [
        ("RAX=0 RIP=ffffffff81c00000 RFL=246", True),
        ("EAX=0\nEIP=c1042f10 EFL=00000246", True),  # of a 32-bit machine
        ("RAX=0 RIP=000000003f1c0000 RFL=246", False),  # UEFI
        ("EAX=0\nEIP=0000f2d1 EFL=00000246", False),
        ("EAX=0\nEIP=fffffff0 EFL=00000246", False),
        ("", False),
    ],
)
def test_a_kernel_is_told_by_where_the_processor_is(
    registers: str, kernel: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Guest, "__init__", lambda _: None)
    monkeypatch.setattr(Guest, "command", lambda *_, **__: registers)
    assert Guest().in_kernel() is kernel  # type: ignore[call-arg]
