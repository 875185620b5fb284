# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a boot came, by what the machine says and shows; real machines are in tests/integration/test_boot_test.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smedoit.boottest import boot, qemu, screen
from smedoit.boottest.boot import BootAttempt
from smedoit.boottest.menus import BootMenu
from smedoit.boottest.qemu import BootMode
from smedoit.boottest.screen import Screenshot
from smedoit.config.media import BootTestSettings

STARTED = "[    0.000000] Linux version 3.10.0-1160.el7.x86_64\n"
LAST_WORDS = "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"
PANICKED = f"[    4.1] {LAST_WORDS}\n[    4.2] CPU: 0 PID: 1\n"


class Acting:
    """A machine that shows its menu, and says over the serial line what it is told to."""

    def __init__(self, says: str, shows: str = "", kernel: bool = False) -> None:
        self.says, self.shows, self.kernel = says, shows, kernel
        self.started, self.accelerator = False, "tcg"

    def press(self, *keys: str) -> None:
        self.started = self.started or "ret" in keys

    def type(self, text: str) -> None:
        """Nobody reads it."""

    def serial_output(self) -> str:
        return self.says if self.started else "MENU"

    def runs(self) -> bool:
        return True

    def in_kernel(self) -> bool:
        return self.kernel

    def picture(self) -> Screenshot:
        return Screenshot(1, 1, self.shows.encode() or b"\0\0\0")

    def font(self) -> bytes:
        return b"a font"


def boots(machine: Acting, place: Path, monkeypatch: pytest.MonkeyPatch, *expect: str) -> str:
    """Return why a boot of the machine failed; whatever does not come at once never comes."""

    @contextmanager
    def run_guest(*_: object) -> Iterator[Acting]:
        yield machine

    machine.started = False
    monkeypatch.setattr(qemu, "list_accelerators", lambda: ("tcg",))
    monkeypatch.setattr(qemu, "run_guest", run_guest)
    monkeypatch.setattr(screen, "shows_text", lambda picture, words, _: words.encode() in picture.pixels)
    monkeypatch.setattr(screen, "encode_png", lambda _: b"")
    monkeypatch.setattr(boot, "SETTLED", 0)
    monkeypatch.setattr(boot, "_deadline_in", lambda _: boot.time.monotonic() + 0.3)
    attempt = BootAttempt(place / "a.iso", BootMode("bios", "cd"), BootMenu("MENU", (), ("ret",)), place)
    return boot.run_boot_attempt(attempt, BootTestSettings(expect=expect))


@pytest.mark.parametrize("expect", [(), ("installer: done",)])
def test_a_kernel_that_panics_is_told_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect: tuple[str, ...]
) -> None:
    said = boots(Acting(STARTED + PANICKED), tmp_path, monkeypatch, *expect)
    assert said == f"stopped after the kernel started: {LAST_WORDS}"


def test_a_panic_is_the_end_also_where_the_kernel_said_nothing_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert boots(Acting(PANICKED), tmp_path, monkeypatch) == f"stopped after the kernel started: {LAST_WORDS}"


def test_a_panic_that_only_the_screen_shows_is_no_missing_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = boots(Acting("", shows="Kernel panic - not syncing: no memory"), tmp_path, monkeypatch)
    assert said == "stopped after the menu: the kernel panicked, as the screen shows"


def test_a_kernel_that_is_silent_is_told_by_the_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert boots(Acting("", kernel=True), tmp_path, monkeypatch) == f"stopped after the menu: {boot.SILENT}"


def test_where_nothing_runs_no_kernel_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert boots(Acting(""), tmp_path, monkeypatch) == "stopped after the menu: no kernel started"


def test_words_that_came_count_and_others_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Acting(STARTED + "installer: done\n")
    assert boots(machine, tmp_path, monkeypatch, "installer: done") == ""
    said = boots(machine, tmp_path, monkeypatch, "never said")
    assert said == "stopped after the kernel started: 'never said' never came over the serial line"


def test_grub_that_waits_for_a_key_on_the_screen_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = boots(Acting("", shows="Press any key to continue..."), tmp_path, monkeypatch)
    assert said == "stopped after the menu: GRUB says that something is wrong, as the screen shows"


@pytest.mark.parametrize("hangs", ["before the menu", "after it"])
def test_an_accelerator_that_hangs_is_no_verdict_if_the_next_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: str
) -> None:
    tried = []

    @contextmanager
    def run_guest(_path: Path, _way: BootMode, _memory: int, accelerator: str) -> Iterator[Acting]:
        tried.append(accelerator)
        is_lame = accelerator == "kvm" or len(tried) > 2
        machine = Acting("" if is_lame else STARTED)
        machine.accelerator = accelerator
        if is_lame and hangs == "before the menu":
            monkeypatch.setattr(machine, "serial_output", lambda: "")
        yield machine

    boots(Acting(STARTED), tmp_path, monkeypatch)
    monkeypatch.setattr(qemu, "FAILED", set())
    monkeypatch.setattr(qemu, "list_accelerators", lambda: ("kvm", "tcg"))
    monkeypatch.setattr(qemu, "run_guest", run_guest)
    attempt = BootAttempt(tmp_path / "a.iso", BootMode("bios", "cd"), BootMenu("MENU", (), ("ret",)), tmp_path)
    assert boot.run_boot_attempt(attempt, BootTestSettings(expect=())) == ""
    assert tried == ["kvm", "tcg"]
    assert sorted(qemu.FAILED) == ["kvm"]  # nobody waits for it again
    said = boot.run_boot_attempt(attempt, BootTestSettings(expect=()))
    assert said.startswith("stopped before the boot menu" if hangs == "before the menu" else "stopped after the menu")
    assert tried == ["kvm", "tcg"] * 2
