"""Media in the emulator: all ways of booting to the kernel and beyond, and a quick look at the menus."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from smedoit import errors
from smedoit.artifacts.media import media
from smedoit.boottest import qemu, screen
from smedoit.boottest.menus import SPEAK, Menu, isolinux
from smedoit.boottest.menus import grub as menus_grub
from smedoit.boottest.qemu import Broken, Firmware, Guest, Way
from smedoit.config.identity import Identity
from smedoit.config.media import BootTest
from smedoit.errors import VerifyError
from smedoit.fat import volume
from smedoit.iso import write
from smedoit.iso.read import Image
from smedoit.runtime import progress
from smedoit.runtime.files import real_file, remove, worded
from smedoit.runtime.files import write as files_write
from smedoit.tree import layers

KERNEL = "Linux version "
LOOK_AGAIN = 0.25  # seconds between two looks at a machine
SETTLED, SETTLING = 0.5, 5.0  # seconds without a change after which a screen is drawn; seconds to wait for that
BIOS_MENU, UEFI_MENU = "isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg"
MENU_FILES = ("isolinux/", "EFI/", write.EFI_IMAGE)  # all that a menu needs to be shown
NOT_FOR_MENUS = ("isolinux/vmlinuz", "isolinux/initrd.img")
MENU_SECONDS = 120
PREVIEW_MEMORY = 512
EASY = ("tcg",)  # a menu comes as fast without kvm, and nothing can be wrong with it
SILENT = "a kernel runs, as the processor shows, but says nothing on the serial line; does the menu forbid editing?"


class Stopped(Exception):
    """A way of booting that came to its end too early; its text says where."""


@dataclass(frozen=True)
class Attempt:
    """One way of booting one medium, and where its evidence goes: NAME.png and NAME.serial.log."""

    path: Path
    way: Way
    menu: Menu
    logs: Path
    ended: Event = field(default_factory=Event, repr=False, compare=False)  # nobody waits for it any more

    @property
    def name(self) -> str:
        """What its evidence is called."""
        return f"{self.path.stem}-{self.way.slug}"

    @property
    def picture(self) -> Path:
        """Where the boot menu is kept."""
        return self.logs / f"{self.name}.png"

    @property
    def stopped(self) -> Path:
        """Where the last screen of an attempt that failed is kept."""
        return self.logs / f"{self.name}-stopped.png"


def boot(isos: Path, one: Identity, settings: BootTest, logs: Path) -> str:
    """Boot every bootable medium every way. Raises VerifyError with all that failed, and where each stopped."""
    attempts = [attempt for path in media(isos, one) for attempt in planned(path, logs)]
    if not attempts:
        raise VerifyError(f"{isos}: holds no bootable medium of {one.full}", hint="run doit iso first")
    told = outcomes(attempts, settings)
    failed = {attempt.name: [words] for attempt, words in zip(attempts, told, strict=True) if words}
    if failed:
        raise VerifyError(
            f"{len(failed)} of {len(attempts)} ways to boot failed\n{errors.grouped(failed)}",
            hint=f"screens and serial lines are in {logs}",
        )
    names = ", ".join(dict.fromkeys(str(attempt.way) for attempt in attempts))
    count = len({attempt.path for attempt in attempts})
    return f"{count} {'media boot' if count > 1 else 'medium boots'}: {names}; what was seen is in {logs}"


def outcomes(attempts: Sequence[Attempt], settings: BootTest) -> list[str]:
    """Return why each failed, "" if it did not; as many at once as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(outcome, attempt, settings) for attempt in attempts]
        try:
            return [one.result() for one in running]
        except BaseException:  # an interruption, or what stops all of them alike: the others need not go on
            for attempt in attempts:
                attempt.ended.set()
            raise


def planned(path: Path, logs: Path) -> Iterator[Attempt]:
    """Yield the ways to boot a medium; one without a boot menu is none to boot."""
    menus = menus_of(path)
    for way in qemu.WAYS if menus else ():
        yield Attempt(path, way, menus[way.firmware], logs)


def menus_of(path: Path) -> dict[Firmware, Menu]:
    """Return the boot menus of a medium as they lie on it; for UEFI the one inside efiboot.img."""
    with worded(path, "read"):
        image = Image(path)
    if write.BIOS_IMAGE not in image.records:
        return {}
    with TemporaryDirectory() as directory:
        efiboot = Path(directory) / "efiboot.img"
        efiboot.write_bytes(image.read(write.EFI_IMAGE))
        grub = volume.read_file(efiboot, UEFI_MENU)
    return {
        "bios": isolinux(image.read(BIOS_MENU).decode("utf-8", "replace")),
        "uefi": menus_grub(grub.decode("utf-8", "replace")),
    }


def outcome(attempt: Attempt, settings: BootTest) -> str:
    """Return why a way of booting failed, "" if it did not."""
    start = time.monotonic()
    try:
        with_machine(attempt, settings.memory, qemu.accelerators(), lambda guest: walk(guest, attempt, settings))
    except Stopped as stopped:
        progress.note(f"{attempt.name}: {stopped}")
        return str(stopped)
    progress.note(f"{attempt.name}: all the way in {time.monotonic() - start:.0f} s")
    return ""


def with_machine(attempt: Attempt, memory: int, accelerators: Iterable[str], do: Callable[[Guest], None]) -> None:
    """Do something with a machine that boots; if an accelerator fails, again with the next. Raises Stopped."""
    why = ""
    for accelerator in accelerators:
        try:
            with qemu.machine(attempt.path, attempt.way, memory, accelerator) as guest:
                try:
                    return do(guest)
                finally:
                    files_write(attempt.logs / f"{attempt.name}.serial.log", guest.heard(), durable=False)
        except Broken as broken:
            why = str(broken)
            progress.note(f"{attempt.name}: {accelerator} failed: {why}")
    raise Stopped(f"the emulator itself failed: {why}")


def walk(guest: Guest, attempt: Attempt, settings: BootTest) -> None:
    """Go from the firmware to the last words that are asked for. Raises Stopped with the place where it ended."""
    deadline = deadline_in(settings.seconds)
    try:
        show_menu(guest, attempt, deadline_in(min(MENU_SECONDS, settings.seconds)))
        for chord in (*attempt.menu.opened, None, attempt.menu.start):
            guest.press(*chord) if chord else guest.type(SPEAK)
        if not wait(guest, attempt, deadline, lambda: KERNEL in guest.heard()):
            silent = guest.runs() and guest.in_kernel()
            raise Stopped("stopped after the menu: " + (SILENT if silent else "no kernel started"))
        for words in settings.words:
            if not wait(guest, attempt, deadline, partial(spoke, guest, words)):
                raise Stopped(f"stopped after the kernel started: {words!r} never came over the serial line")
    except Stopped:
        keep_picture(guest, attempt.stopped)
        raise


def spoke(guest: Guest, words: str) -> bool:
    """Return whether words came over the serial line since the kernel started."""
    return words in guest.heard().partition(KERNEL)[2]


def deadline_in(seconds: float) -> float:
    """Return the moment that is so many seconds away, on the clock that nobody sets."""
    return time.monotonic() + seconds


def show_menu(guest: Guest, attempt: Attempt, deadline: float) -> None:
    """Wait for the boot menu and keep a picture of it. Raises Stopped if its words do not come."""
    for picture in (attempt.picture, attempt.stopped):
        remove(picture)
    words = attempt.menu.words
    if not wait(guest, attempt, deadline, lambda: shows(guest, words)):
        wanted = f"{words!r} neither on the screen nor on the serial line" if words else "the screen stayed blank"
        raise Stopped(f"stopped before the boot menu: {wanted}")
    settle(guest)
    keep_picture(guest, attempt.picture)


def shows(guest: Guest, words: str) -> bool:
    """Return whether a machine shows words, on its screen or over the serial line."""
    picture = guest.picture()
    if not words:
        return not picture.is_blank
    font = guest.font()
    return words in guest.heard() or (bool(font) and screen.shows(picture, words, font))


def settle(guest: Guest) -> None:
    """Wait until the screen has stood still for a moment; a countdown gives it a second in between."""
    last, still = guest.picture(), time.monotonic()
    deadline = still + SETTLING
    while time.monotonic() < min(deadline, still + SETTLED):
        time.sleep(LOOK_AGAIN)
        now = guest.picture()
        if now != last:
            last, still = now, time.monotonic()


def keep_picture(guest: Guest, path: Path) -> None:
    """Write what the screen shows as PNG; a machine that is off shows nothing."""
    if guest.runs():
        files_write(path, screen.png(guest.picture()), durable=False)


def wait(guest: Guest, attempt: Attempt, deadline: float, condition: Callable[[], bool]) -> bool:
    """Return whether a condition came true before the deadline or the machine's end. Raises Broken."""
    while time.monotonic() < deadline and not attempt.ended.is_set():
        if not guest.runs():
            return condition()
        if condition():
            return True
        time.sleep(LOOK_AGAIN)
    return False


def preview(one: Identity, tree_root: Path, logs: Path, firmware: str) -> Mapping[str, str]:
    """Show the boot menu of the tree as PNG, from a medium that holds nothing else."""
    files = {name: real_file(tree_root, name) for name in layers.listed(tree_root) if is_for_menu(name)}
    way = Way("uefi" if firmware == "uefi" else "bios", "cd")
    with TemporaryDirectory(prefix="smedoit-") as directory:
        path = Path(directory) / "preview.iso"
        write.write(write.Medium(one.volume, one.product, one.title, one.epoch, files), path)
        attempt = Attempt(path, way, menus_of(path)[way.firmware], logs)
        try:
            with_machine(
                attempt, PREVIEW_MEMORY, EASY, lambda guest: show_menu(guest, attempt, deadline_in(MENU_SECONDS))
            )
        except Stopped as stopped:
            raise VerifyError(f"{way}: {stopped}", hint=f"the serial line is in {logs}") from None
    return {"did": f"the menu of {way}", "result": str(attempt.picture)}


def is_for_menu(name: str) -> bool:
    """Return whether a file of the tree is needed to show the boot menus."""
    return name.startswith(MENU_FILES) and name not in NOT_FOR_MENUS
