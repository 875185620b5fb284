# SPDX-License-Identifier: GPL-3.0-or-later
"""Media in the emulator: all ways of booting to the kernel and beyond, and a quick look at the menus."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from smedoit import errors
from smedoit.artifacts.media import finished_media
from smedoit.bases.enterprise_linux import Base, FirmwareBoot, Loader
from smedoit.bases.known import BASES
from smedoit.boottest import qemu, screen
from smedoit.boottest.menus import (
    SPEAK,
    BootMenu,
    MenuEntries,
    list_grub_entries,
    list_isolinux_entries,
    parse_grub_menu,
    parse_isolinux_menu,
)
from smedoit.boottest.qemu import BootMode, Firmware, Guest, QemuError, SwitchedOffError
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.media import BootTestSettings
from smedoit.errors import ConfigError, VerifyError
from smedoit.fat import volume
from smedoit.iso import write
from smedoit.iso.medium import IsoMedium
from smedoit.iso.read import IsoImage
from smedoit.medium_paths import GRUB_CFG
from smedoit.runtime import progress
from smedoit.runtime.files import remove_file, resolve_file_below, wrap_os_errors, write_file
from smedoit.runtime.filesets import matches_patterns
from smedoit.tree import layers

KERNEL = "Linux version "
SECURED = "Secure boot enabled"  # what a kernel says, and does not say without it
PANIC = "Kernel panic"  # the kernel's own last words; quiet does not silence them
GRUB_WAITS = "Press any key to continue"  # what GRUB says when an entry has failed
GRUB_ERROR = re.compile(r"(?m)^\s*(error: .*)$")
ISOLINUX_ERROR = re.compile(
    r"(?m)^.*?((?:Could not find kernel image|Invalid or corrupt kernel image|Failed to load|Boot failed)[^\n]*)$"
)
COUNTDOWN = "Automatic boot in"  # what a menu of isolinux shows that nobody has touched
WENT_BACK = "isolinux went back to its menu, as it does when it cannot load a kernel or an initrd"
ON_SCREEN = {COUNTDOWN: WENT_BACK, GRUB_WAITS: "GRUB says that something is wrong, as the screen shows"}
SCREEN_EVERY = 3.0  # seconds between two looks at the screen for that; they take time
TIME_STAMP = re.compile(r"^\[[ \d.]+\] ?")
COMPLAINT = re.compile(r"(?i)\bwarning: |\berror: |\bfatal: |dracut-initqueue timeout|CD check failed|\bfailed to ")
SUBMENU = ("ret",)
LONGEST_NAME, LONGEST_COMPLAINT = 60, 200
LOOK_AGAIN = 0.25  # seconds between two looks at a machine
SETTLED, SETTLING = 0.5, 5.0  # seconds without a change after which a screen is drawn; seconds to wait for that
MENU_SECONDS = 600  # a host may be very busy
QUICK_SECONDS = 60  # for a menu, and for a kernel, with an accelerator; then it is tried once more without
PREVIEW_MEMORY = 512
EASY = ("tcg",)  # a menu comes as fast without kvm, and nothing can be wrong with it
NO_KERNEL = "no kernel started"
SILENT = "a kernel runs, as the processor shows, but says nothing on the serial line; does the menu forbid editing?"


class BootStoppedError(Exception):
    """A way of booting that came to its end too early; its text says where."""


class SilentGuestError(BootStoppedError):
    """That nothing came where it should: no boot menu, or no kernel after it. A lame accelerator looks like that."""


@dataclass(frozen=True)
class BootAttempt:
    """One way of booting one medium, and where its evidence goes: NAME.png and NAME.serial.log."""

    path: Path
    way: BootMode
    menu: BootMenu
    logs: Path
    ended: Event = field(default_factory=Event, repr=False, compare=False)  # nobody waits for it any more

    @property
    def name(self) -> str:
        """What its evidence is called."""
        entry = re.sub(r"[^a-z0-9]+", "-", self.menu.entry.lower()).strip("-")
        return "-".join(filter(None, [self.path.stem, self.way.slug, entry[:LONGEST_NAME]]))

    @property
    def picture(self) -> Path:
        """Where the boot menu is kept."""
        return self.logs / f"{self.name}.png"

    @property
    def stopped(self) -> Path:
        """Where the last screen of an attempt that failed is kept."""
        return self.logs / f"{self.name}-stopped.png"


def run_boot_tests(isos: Path, identity: ReleaseIdentity, settings: BootTestSettings, logs: Path) -> str:
    """Boot every bootable medium every way. Raises VerifyError with all that failed, and where each stopped."""
    media = finished_media(isos, identity)
    attempts = [attempt for path in media for attempt in _boot_attempts(path, identity.firmware, logs)]
    if not attempts:
        raise VerifyError(f"{isos}: holds no bootable medium of {identity.full}", hint="run doit iso first")
    further, left_out = _further_attempts([attempt.path for attempt in attempts], settings, logs)
    attempts += further
    outcomes = run_attempts_parallel(attempts, settings)
    failed = {attempt.name: [words] for attempt, words in zip(attempts, outcomes, strict=True) if words}
    if failed:
        raise VerifyError(
            f"{len(failed)} of {len(attempts)} ways to boot failed\n{errors.format_grouped(failed)}",
            hint=f"screens and serial lines are in {logs}",
        )
    names = ", ".join(dict.fromkeys(str(attempt.way) for attempt in attempts if not attempt.menu.entry))
    count = len({attempt.path for attempt in attempts})
    did = f"{count} {'media boot' if count > 1 else 'medium boots'}: {names}; what was seen is in {logs}"
    tried = [f"{attempt.way}, entry {attempt.menu.entry!r}" for attempt in further]
    told = [f"and by every further entry: {'; '.join(dict.fromkeys(tried))}"] if tried else []
    return "\n  ".join([did, *told, *[f"not tried: {reason}" for reason in dict.fromkeys(left_out)]])


def run_secure_boot(iso: Path, settings: BootTestSettings, logs: Path) -> str:
    """Boot a medium with Secure Boot on, to the kernel that says so and to what is expected. Raises VerifyError."""
    way = BootMode("uefi", "cd", secure=True)
    attempt = BootAttempt(iso, way, read_boot_menus(iso)["uefi"], logs)
    if failed := run_boot_attempt(attempt, replace(settings, expect=(SECURED, *settings.expect))):
        raise VerifyError(f"{iso}: {way} {failed}", hint=f"screens and serial lines are in {logs}")
    return f"{way} it boots; what was seen is in {logs}"


def _further_attempts(
    media: Iterable[Path], settings: BootTestSettings, logs: Path
) -> tuple[list[BootAttempt], list[str]]:
    """Return the attempts with entries that are no default, and which entries cannot be tried.

    They differ from the default in their boot line alone, so one way of booting shows as much as four.
    """
    attempts, left_out = list[BootAttempt](), list[str]()
    for path in dict.fromkeys(media) if settings.entries == "all" else ():
        for firmware, entries in read_menu_entries(path).items():
            attempts += [BootAttempt(path, BootMode(firmware, "cd"), menu, logs) for menu in entries.tried]
            left_out += [f"{firmware.upper()}: {reason}" for reason in entries.left_out]
    return attempts, left_out


def run_attempts_parallel(attempts: Sequence[BootAttempt], settings: BootTestSettings) -> list[str]:
    """Return why each failed, "" if it did not; as many at once as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        work = progress.carry_task_log(run_boot_attempt)
        running = [pool.submit(work, attempt, settings) for attempt in attempts]
        try:
            for done in progress.track_progress(as_completed(running), len(running), "booting", slow=True):
                done.result()
            return [future.result() for future in running]
        except BaseException:  # an interruption, or what stops all of them alike: the others need not go on
            for attempt in attempts:
                attempt.ended.set()
            raise


def _boot_attempts(path: Path, firmware: Collection[str], logs: Path) -> Iterator[BootAttempt]:
    """Yield the ways to boot a medium by its firmware; one without a boot menu is none to boot."""
    menus = read_boot_menus(path)
    for way in qemu.WAYS:
        if way.firmware in menus and way.firmware in firmware:
            yield BootAttempt(path, way, menus[way.firmware], logs)


def read_boot_menus(path: Path) -> dict[Firmware, BootMenu]:
    """Return the boot menus of a medium as they lie on it, each with the keys for its default entry."""
    image, menus = _open_medium(path), dict[Firmware, BootMenu]()
    if boot := find_bios_boot(image):
        text = image.read(boot.menu).decode("utf-8", "replace")
        menus["bios"] = parse_grub_menu(text) if boot.loader is Loader.GRUB else parse_isolinux_menu(text)
    if efiboot := image.read_efi_image():
        menus["uefi"] = parse_grub_menu(_inner_grub_cfg(efiboot))
    return menus


def find_bios_boot(image: IsoImage) -> FirmwareBoot | None:
    """Return what BIOS starts on a medium of any base, None for one that has nothing for it."""
    return next((base.bios for base in BASES.values() if base.bios.image in image.records), None)


def read_menu_entries(path: Path) -> dict[Firmware, MenuEntries]:
    """Return the entries of a medium's boot menus besides the defaults."""
    image = _open_medium(path)

    def load(name: str) -> str | None:
        return image.read(name).decode("utf-8", "replace") if name in image.records else None

    entries = dict[Firmware, MenuEntries]()
    if boot := find_bios_boot(image):
        is_grub = boot.loader is Loader.GRUB
        entries["bios"] = list_grub_entries(load(boot.menu) or "") if is_grub else list_isolinux_entries(load)
    if efiboot := image.read_efi_image():
        entries["uefi"] = list_grub_entries(_inner_grub_cfg(efiboot))
    return entries


def _open_medium(path: Path) -> IsoImage:
    """Return an ISO to read. Raises FileError."""
    with wrap_os_errors(path, "read"):
        return IsoImage(path)


def _inner_grub_cfg(image: bytes) -> str:
    """Return the grub.cfg inside efiboot.img, which is the one that UEFI reads."""
    with TemporaryDirectory() as directory:
        efiboot = Path(directory) / "efiboot.img"
        efiboot.write_bytes(image)
        return volume.read_fat_file(efiboot, GRUB_CFG).decode("utf-8", "replace")


def run_boot_attempt(attempt: BootAttempt, settings: BootTestSettings) -> str:
    """Return why a way of booting failed, "" if it did not."""
    start = time.monotonic()
    try:
        _run_with_guest(
            attempt, settings.memory, qemu.list_accelerators(), lambda guest: _run_boot(guest, attempt, settings)
        )
    except BootStoppedError as stopped:
        progress.log_line(f"{attempt.name}: {stopped}")
        return str(stopped)
    progress.log_line(f"{attempt.name}: all the way in {time.monotonic() - start:.0f} s")
    return ""


def _run_with_guest(
    attempt: BootAttempt, memory: int, accelerators: Iterable[str], do: Callable[[Guest], None]
) -> None:
    """Do something with a machine that boots; if an accelerator fails, again with the next. Raises BootStoppedError.

    One that fails may hang without a word: without a menu, or a kernel after that, the next one decides.
    """
    why, tried, silent = "", list(accelerators), list[str]()
    for accelerator in tried:
        try:
            with qemu.run_guest(attempt.path, attempt.way, memory, accelerator) as guest:
                try:
                    do(guest)
                    qemu.FAILED.update(silent)
                    return
                finally:
                    write_file(attempt.logs / f"{attempt.name}.serial.log", guest.serial_output(), durable=False)
        except SilentGuestError as missing:
            if accelerator == tried[-1]:
                raise
            progress.log_line(f"{attempt.name}: with {accelerator} {missing}; once more without")
            silent.append(accelerator)
        except SwitchedOffError:
            raise BootStoppedError("stopped at the boot menu: the machine was switched off") from None
        except QemuError as broken:
            why = str(broken)
            progress.log_line(f"{attempt.name}: {accelerator} failed: {why}")
    raise BootStoppedError(f"the emulator itself failed: {why}")


def _run_boot(guest: Guest, attempt: BootAttempt, settings: BootTestSettings) -> None:
    """Go from the firmware to the last of [boot_test] expect. Raises BootStoppedError with the place where it ended."""
    deadline = _deadline_in(settings.seconds)
    try:
        is_sure = guest.accelerator in EASY
        quick = MENU_SECONDS if is_sure else QUICK_SECONDS
        _wait_for_menu(guest, attempt, _deadline_in(min(quick, settings.seconds)))
        since = len(guest.serial_output())
        for chord in (*attempt.menu.opened, None, attempt.menu.start):
            guest.press(*chord) if chord else guest.type(attempt.menu.typed + SPEAK)
            if attempt.menu.entry and chord == SUBMENU:
                _wait_until_still(guest)  # what is pressed while it is drawn may be lost
        loader = LoaderWatch(guest, since)
        soon = deadline if is_sure else min(deadline, _deadline_in(QUICK_SECONDS))
        wait_for_condition(guest, attempt, soon, lambda: _kernel_spoke(guest) or bool(loader.find_error()))
        if not _kernel_spoke(guest):
            reason = loader.error or _silence_reason(guest)
            raise (SilentGuestError if reason == NO_KERNEL else BootStoppedError)(f"stopped after the menu: {reason}")
        for words in ("", *settings.expect):
            came = wait_for_condition(guest, attempt, deadline, partial(_serial_shows_or_panics, guest, words))
            if panic := _panic_line(guest):
                raise BootStoppedError(f"stopped after the kernel started: {panic}")
            if not came:
                last = _last_words(guest)
                raise BootStoppedError(
                    f"stopped after the kernel started: {words!r} never came over the serial line{last}"
                )
    except BootStoppedError:
        _save_screenshot(guest, attempt.stopped)
        raise


def _kernel_spoke(guest: Guest) -> bool:
    """Return whether a kernel said anything over the serial line, be it only that it panics."""
    return KERNEL in guest.serial_output() or bool(_panic_line(guest))


def _panic_line(guest: Guest) -> str:
    """Return the line in which a kernel says over the serial line that it panics, "" if none does."""
    lines = (line.partition("] ")[2] if line.startswith("[") else line for line in guest.serial_output().splitlines())
    return next((line.strip() for line in lines if line.startswith(PANIC)), "")


@dataclass
class LoaderWatch:
    """Looks for what a boot loader says is wrong after it was told to boot.

    UEFI's console goes over the serial line as well; isolinux says it on the serial line if its menu has one, and
    otherwise for a moment only, and then counts down again; GRUB says it on the screen, and waits for a key.

    since  how much of what came over the serial line is from before
    """

    guest: Guest
    since: int
    error: str = ""
    next_look: float = 0.0

    def find_error(self) -> str:
        """Return the loader's own words, "" while it says nothing."""
        said = self.guest.serial_output()[self.since :]
        found = [f"isolinux says: {words.strip()}" for words in ISOLINUX_ERROR.findall(said)]
        if GRUB_WAITS in said:
            errors = dict.fromkeys(line.strip() for line in GRUB_ERROR.findall(said.partition(GRUB_WAITS)[0]))
            found = [f"GRUB says: {'; '.join(errors)}"]
        if not found and time.monotonic() >= self.next_look:
            found = [words for shown, words in ON_SCREEN.items() if guest_shows(self.guest, shown)]
            self.next_look = time.monotonic() + SCREEN_EVERY
        self.error = "; ".join(dict.fromkeys(found))
        return self.error


def _last_words(guest: Guest) -> str:
    """Return the last line in which dracut or the installer complains, as words to add; "" if none does."""
    lines = (TIME_STAMP.sub("", line).strip() for line in guest.serial_output().partition(KERNEL)[2].splitlines())
    complaints = [line for line in lines if COMPLAINT.search(line)]
    return f"; its last complaint was: {complaints[-1][:LONGEST_COMPLAINT]}" if complaints else ""


def _silence_reason(guest: Guest) -> str:
    """Return why nothing came over the serial line after the menu, as far as the machine shows it."""
    with suppress(SwitchedOffError):
        if guest.runs():
            if guest_shows(guest, PANIC):
                return "the kernel panicked, as the screen shows"
            if guest.in_kernel():
                return SILENT
    return NO_KERNEL


def _serial_shows_or_panics(guest: Guest, words: str) -> bool:
    """Return whether words came over the serial line since the kernel started, or never will."""
    return words in guest.serial_output().partition(KERNEL)[2] or bool(_panic_line(guest))


def _deadline_in(seconds: float) -> float:
    """Return the moment that is so many seconds away, on the clock that nobody sets."""
    return time.monotonic() + seconds


def _wait_for_menu(guest: Guest, attempt: BootAttempt, deadline: float) -> None:
    """Wait for the boot menu and keep a picture of it. Raises BootStoppedError if its words do not come."""
    for picture in (attempt.picture, attempt.stopped):
        remove_file(picture)
    words = attempt.menu.words
    if not wait_for_condition(guest, attempt, deadline, lambda: guest_shows(guest, words)):
        wanted = f"{words!r} neither on the screen nor on the serial line" if words else "the screen stayed blank"
        raise SilentGuestError(f"stopped before the boot menu: {wanted}")
    _wait_until_still(guest)
    _save_screenshot(guest, attempt.picture)


def guest_shows(guest: Guest, words: str) -> bool:
    """Return whether a machine shows words, on its screen or over the serial line."""
    picture = guest.picture()
    if not words:
        return not picture.is_blank
    font = guest.font()
    return words in guest.serial_output() or (bool(font) and screen.shows_text(picture, words, font))


def _wait_until_still(guest: Guest) -> None:
    """Wait until the screen has stood still for a moment; a countdown gives it a second in between."""
    last, still = guest.picture(), time.monotonic()
    deadline = still + SETTLING
    while time.monotonic() < min(deadline, still + SETTLED):
        time.sleep(LOOK_AGAIN)
        now = guest.picture()
        if now != last:
            last, still = now, time.monotonic()


def _save_screenshot(guest: Guest, path: Path) -> None:
    """Write what the screen shows as PNG; a machine that is off shows nothing."""
    with suppress(SwitchedOffError):
        if guest.runs():
            write_file(path, screen.encode_png(guest.picture()), durable=False)


def wait_for_condition(guest: Guest, attempt: BootAttempt, deadline: float, condition: Callable[[], bool]) -> bool:
    """Return whether a condition came true before the deadline or the machine's end. Raises QemuError."""
    with suppress(SwitchedOffError):
        while time.monotonic() < deadline and not attempt.ended.is_set():
            runs = guest.runs()  # before the condition: what a machine said last still counts
            if condition():
                return True
            if not runs:
                break
            time.sleep(LOOK_AGAIN)
    return False


def preview_boot_menu(identity: ReleaseIdentity, tree_root: Path, logs: Path, firmware: str) -> Mapping[str, str]:
    """Show the boot menu of the tree as PNG, from a medium that holds nothing else."""
    files = {
        name: resolve_file_below(tree_root, name)
        for name in layers.list_tree_files(tree_root)
        if _is_menu_file(identity.built_on, name)
    }
    way = BootMode("uefi" if firmware == "uefi" else "bios", "cd")
    if way.firmware not in identity.firmware:
        raise ConfigError(
            f"media of {identity.full} have no menu for {way.firmware.upper()}, by [release] firmware",
            hint=f"run doit preview --firmware {identity.firmware[0]}",
        )
    with TemporaryDirectory(prefix="smedoit-") as directory:
        path = Path(directory) / "preview.iso"
        medium = IsoMedium(
            identity.volume, identity.product, identity.title, identity.epoch, files, identity.firmware,
            base=identity.built_on,
        )  # fmt: skip
        write.write_iso(medium, path)
        attempt = BootAttempt(path, way, read_boot_menus(path)[way.firmware], logs)
        try:
            _run_with_guest(
                attempt, PREVIEW_MEMORY, EASY, lambda guest: _wait_for_menu(guest, attempt, _deadline_in(MENU_SECONDS))
            )
        except BootStoppedError as stopped:
            raise VerifyError(f"{way}: {stopped}", hint=f"the serial line is in {logs}") from None
    return {"did": f"the menu of {way}", "result": str(attempt.picture)}


def _is_menu_file(base: Base, name: str) -> bool:
    """Return whether a file of the tree is needed to show the boot menus."""
    shown = any(matches_patterns(name, boot.patterns) for boot in base.boots.values())
    return shown and name not in base.bios.twins
