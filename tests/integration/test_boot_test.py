# SPDX-License-Identifier: GPL-3.0-or-later
"""doit boot_test and doit preview: real machines, real menus with their timeouts of a minute, nobody's help."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.boottest import boot as boottest_boot
from smedoit.boottest import menus, qemu
from smedoit.boottest.boot import (
    BootAttempt,
    guest_shows,
    read_boot_menus,
    run_attempts_parallel,
    run_boot_attempt,
    run_boot_tests,
    wait_for_condition,
)
from smedoit.boottest.qemu import WAYS, BootMode, Guest
from smedoit.config.media import BootTestSettings
from smedoit.errors import SmeError
from smedoit.iso import write
from smedoit.iso.medium import IsoMedium
from smedoit.runtime.files import walk_files, write_file
from smedoit.sample import boot
from tests.harness.practice_menus import ISOLINUX
from tests.harness.processes import CEILING
from tests.harness.project import Project
from tests.harness.tools import missing, need, read_with

STEM = "smeserver-10.1.rc2-x86_64"
MIRRORS = 'urls = ["https://mirror.example.invalid/releases/{place}"]'


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A practice world with this host's kernel, as the README's first command makes it; no network install medium."""
    need(qemu.QEMU)
    if boot.find_host_kernel() is None:
        missing("a kernel that can be read, its modules, and a static busybox")
    trial = Project.bare(tmp_path_factory.mktemp("boot"))
    trial.configure(MIRRORS, "urls = []")
    trial.configure("# seconds = 240 ", f'entries = "default"\nseconds = {CEILING} ')
    answer = trial.doit("sample", "iso")
    assert answer.code == 0, answer.said
    return trial


def test_the_practice_medium_boots_four_ways(world: Project) -> None:
    need("pngtopnm")
    answer = world.doit("boot_test")
    assert answer.code == 0, answer.said
    assert "1 medium boots: BIOS from CD, BIOS from USB, UEFI from CD, UEFI from USB" in answer.said
    logs = world.release.logs / "boot"
    for way in WAYS:
        picture = logs / f"{STEM}-{way.slug}.png"
        assert int(read_with("pngtopnm", "-plain", picture).split()[1]) >= 640
        heard = (logs / f"{STEM}-{way.slug}.serial.log").read_text()
        assert re.search(r"Linux version .*practice installer: done", heard, re.DOTALL)
        for words in installed(world, way):
            assert f"practice installer: {words}\n" in heard


def installed(world: Project, way: BootMode) -> list[str]:
    """Return what the practice installer says of its medium and of the overlay images on it."""
    rel = world.release
    overlays = [f"{name} holds {files_in(rel.tree / 'images' / name)} files" for name in ("updates.img", "product.img")]
    return [
        f"medium {rel.release.volume} mounted from {'/dev/sr0' if way.medium == 'cd' else '/dev/sda'}",
        *overlays,
        f"Product {rel.release.product}",
        f"Version {rel.release.display}",
        f"IsFinal {rel.release.is_final}",
        f"medium holds {len(list((rel.tree / 'Packages').glob('*.rpm')))} packages",
    ]


def files_in(image: Path) -> int:
    """Return how many files cpio finds in an overlay image."""
    need("cpio")
    listed = read_with("cpio", "-tv", "--quiet", stdin=gzip.decompress(image.read_bytes()))
    return sum(line.startswith("-") for line in listed.splitlines())


@pytest.mark.parametrize("firmware", ["bios", pytest.param("uefi", marks=pytest.mark.exhaustive)])
def test_an_edit_of_the_branding_is_on_the_next_preview(world: Project, firmware: str) -> None:
    need("pngtopnm")
    before = world.doit("preview", "-f", firmware)
    assert before.code == 0, before.said
    picture = Path(before.said.splitlines()[-1])
    assert picture.name == f"preview-{firmware}-cd.png"
    first = read_with("pngtopnm", "-plain", picture)
    world.configure('label = "rc2"', 'label = "rc3"')
    try:
        after = world.doit("preview", "-f", firmware)
    finally:
        world.configure('label = "rc3"', 'label = "rc2"')
    assert after.code == 0, after.said
    assert "iso:" not in after.said  # the menu is shown without a medium for people
    assert read_with("pngtopnm", "-plain", after.said.splitlines()[-1]) != first


def attempt(path: Path, way: BootMode, logs: Path) -> BootAttempt:
    return BootAttempt(path, way, read_boot_menus(path)[way.firmware], logs)


def with_kernel(world: Project, place: Path, kernel: bytes, name: str = "vmlinuz") -> Path:
    """Return the world's medium with another kernel, or another initrd.img."""
    rel = world.release
    copy = shutil.copytree(rel.tree, place / "tree")
    for directory in ("isolinux", "images/pxeboot"):
        write_file(copy / directory / name, kernel)
    files = {name: copy / name for name, _ in walk_files(copy)}
    target = place / "medium.iso"
    write.write_iso(IsoMedium(rel.release.volume, "test", "test", rel.release.epoch, files), target)
    return target


@pytest.mark.exhaustive
def test_a_real_isolinux_without_a_menu_is_booted_from_its_prompt(world: Project, tmp_path: Path) -> None:
    loader, module = Path("/usr/lib/ISOLINUX/isolinux.bin"), Path("/usr/lib/syslinux/modules/bios/ldlinux.c32")
    if not (loader.exists() and module.exists()):
        missing("isolinux of syslinux")
    rel = world.release
    copy = shutil.copytree(rel.tree, tmp_path / "tree")
    shutil.copy(loader, copy / "isolinux/isolinux.bin")
    shutil.copy(module, copy / "isolinux/ldlinux.c32")
    menu = copy / "isolinux/isolinux.cfg"
    entries = re.findall(r"(?m)^label linux\n(?:[ \t].*\n)+", menu.read_text("utf-8"))
    write_file(menu, f"default linux\nprompt 1\ndisplay boot.msg\n{entries[0]}".replace("menu label", "# "))
    files = {name: copy / name for name, _ in walk_files(copy)}
    target = tmp_path / "medium.iso"
    write.write_iso(IsoMedium(rel.release.volume, "test", "test", rel.release.epoch, files), target)
    trial = attempt(target, BootMode("bios", "cd"), tmp_path)
    assert trial.menu.words == "boot:"
    assert run_boot_attempt(trial, BootTestSettings(expect=("practice installer: done",), seconds=CEILING)) == ""


def end_when(monkeypatch: pytest.MonkeyPatch, one: BootAttempt, seen: Callable[[Guest], bool]) -> None:
    """Let nobody wait any more for what does not come, once something is seen that shows it never will."""
    real = wait_for_condition

    def wait(guest: Guest, attempt: BootAttempt, deadline: float, condition: Callable[[], bool]) -> bool:
        def watched() -> bool:
            came = condition()
            if not came and guest.runs() and seen(guest):
                one.ended.set()
            return came

        return real(guest, attempt, deadline, watched)

    monkeypatch.setattr(boottest_boot, "wait_for_condition", wait)


@pytest.mark.exhaustive
def test_isolinux_without_a_kernel_is_seen_to_go_back_to_its_menu(world: Project, tmp_path: Path) -> None:
    path = with_kernel(world, tmp_path, b"this is no kernel\n" * 1000)
    one = attempt(path, BootMode("bios", "cd"), tmp_path)
    said = run_boot_attempt(one, BootTestSettings(seconds=CEILING, memory=512))
    assert said.startswith("stopped after the menu: isolinux went back to its menu, as it does when it cannot load")
    assert (tmp_path / "medium-bios-cd.png").is_file()
    assert (tmp_path / "medium-bios-cd-stopped.png").is_file()


@pytest.mark.exhaustive
def test_grub_is_quoted(world: Project, tmp_path: Path) -> None:
    path = with_kernel(world, tmp_path, b"this is no kernel\n" * 1000)
    said = run_boot_attempt(
        attempt(path, BootMode("uefi", "usb"), tmp_path), BootTestSettings(seconds=CEILING, memory=512)
    )
    assert re.match(r"stopped after the menu: GRUB says: error: .*(magic|kernel|file)", said)


@pytest.mark.exhaustive
def test_every_entry_of_every_menu_boots(world: Project) -> None:
    world.configure('entries = "default"', 'entries = "all"')
    try:
        answer = world.doit("boot_test")
    finally:
        world.configure('entries = "all"', 'entries = "default"')
    assert answer.code == 0, answer.said
    assert "and by every further entry: BIOS from CD, entry 'linux'; BIOS from CD, entry 'vesa'" in answer.said
    assert "UEFI from CD, entry 'Rescue a SME Server system'" in answer.said
    assert "not tried: BIOS: local starts no Linux" in answer.said


@pytest.mark.exhaustive
def test_a_kernel_that_panics_is_told_in_its_own_words(world: Project, tmp_path: Path) -> None:
    path = with_kernel(world, tmp_path, b"this is no initrd\n" * 1000, "initrd.img")
    settings = BootTestSettings(expect=("practice installer: done",), seconds=CEILING, memory=512)
    said = run_boot_attempt(attempt(path, BootMode("bios", "cd"), tmp_path), settings)
    assert said.startswith("stopped after the kernel started: Kernel panic - not syncing: VFS: ")


@pytest.mark.exhaustive
def test_words_that_never_come_are_named(world: Project, tmp_path: Path) -> None:
    settings = BootTestSettings(expect=("practice installer: done", "never said"), seconds=CEILING, memory=512)
    said = run_boot_attempt(attempt(world.release.iso, BootMode("bios", "cd"), tmp_path), settings)
    assert said == "stopped after the kernel started: 'never said' never came over the serial line"


def test_a_menu_with_other_words_is_not_taken_for_ours(
    world: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    menu = menus.parse_isolinux_menu(ISOLINUX)  # of the release before
    ours = attempt(world.release.iso, BootMode("bios", "cd"), tmp_path)
    other = replace(ours, menu=menu)
    end_when(monkeypatch, other, lambda guest: guest_shows(guest, ours.menu.words))
    said = run_boot_attempt(other, BootTestSettings(seconds=CEILING, memory=512))
    assert said.startswith("stopped before the boot menu: 'Welcome to SME Server 10.0 RC1' neither on the screen")


def test_without_qemu_the_sentence_names_it_and_its_package(
    world: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = attempt(world.release.iso, WAYS[0], tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SmeError, match=r"qemu-system-x86_64: cannot be run.*\n.*package qemu-system-x86"):
        run_attempts_parallel([ready], BootTestSettings())


def test_without_uefi_firmware_the_sentence_says_where_it_was_looked_for(
    world: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu, "FIRMWARE_DIRS", ("/nowhere",))
    monkeypatch.setattr(qemu, "WHOLE", ())
    with pytest.raises(SmeError, match=r"no UEFI firmware for qemu on this host; looked in /nowhere\n.*package ovmf"):
        run_attempts_parallel([attempt(world.release.iso, BootMode("uefi", "cd"), tmp_path)], BootTestSettings())


def test_what_is_not_there_cannot_be_booted(world: Project, tmp_path: Path) -> None:
    with pytest.raises(SmeError, match="holds no bootable medium"):
        run_boot_tests(tmp_path, world.release.release, BootTestSettings(), tmp_path)
