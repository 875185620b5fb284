"""The installer's images: overlays over upstream's, or lorax in a private mock chroot."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from smedoit.config.identity import Identity
from smedoit.config.installer import Installer
from smedoit.errors import ContentError, SmeError, TreeError
from smedoit.installer import mock
from smedoit.installer.mock import Chroot
from smedoit.runtime import files, process, progress

MARKER = ".made-by-smedoit"  # in every directory that is replaced as a whole
PROMISED = ("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", "images/efiboot.img", "LiveOS/squashfs.img")
PACKAGE_HINT = "mock, from Fedora or EPEL"


def prepare(one: Chroot, arch: str) -> str:
    """Write the chroot's configuration and make it anew."""
    text = mock.configuration(one.name, arch, one.settings, one.build_root, one.tiers)
    files.write(one.file, text)
    called(one, mock.command(one.settings, one.file, "--init"))
    return f"{one.name} from {', '.join(one.tiers)}"


def remove(one: Chroot) -> str:
    """Remove the chroot, its caches and its configuration."""
    if one.file.is_file():
        called(one, mock.command(one.settings, one.file, "--scrub=all"))
        files.remove(one.file)
    return f"{one.name} is gone"


def overlay() -> str:
    """Say what an overlay installer needs: nothing but the two images, which have tasks of their own."""
    return "upstream's images stay; what changed is in product.img and updates.img"


def build(one: Chroot, identity: Identity, settings: Installer, work: Path, boot_set: Path) -> str:
    """Build the installer's images with lorax in the chroot, and make them the boot set, all or nothing.

    work  a directory below the build root for what lorax makes
    """
    prove_mount(one, work.parent)
    clear(one, work)
    tiers = [one.inner(place) for place in one.tiers.values()]
    words = mock.lorax(identity, one.inner(work), tiers, settings.lorax)
    try:
        called(one, mock.inside(one.settings, one.file, one.inner(one.log.parent), words, as_root=True))
    except SmeError:
        with contextlib.suppress(SmeError):  # what went wrong first is what counts; the next run gives back the rest
            give_back(one, work)
        raise
    give_back(one, work)
    check_images(work)
    become(work, boot_set)
    return f"new images from {', '.join(one.tiers)} in {boot_set}"


def clear(one: Chroot, work: Path) -> None:
    """Remove what a lorax that was killed has left, and left to root."""
    give_back(one, work)
    files.remove_directory(work)


def give_back(one: Chroot, work: Path) -> None:
    """Let what the root of the chroot made belong to the caller: lorax works as root or not at all."""
    if work.exists():
        words = ["chown", "-R", f"{os.getuid()}:{os.getgid()}", one.inner(work)]
        called(one, mock.inside(one.settings, one.file, "/", words, as_root=True))


def prove_mount(one: Chroot, directory: Path) -> None:
    """Raise TreeError unless the chroot sees the build root: else lorax would write into nowhere."""
    token, words = directory / "mounted", f"{one.name} sees {one.build_root}\n"
    files.write(token, words)
    try:
        said = process.run(mock.inside(one.settings, one.file, "/", ["cat", one.inner(token)]), log=one.log)
    except process.Failed:
        said = ""
    if words.strip() not in said:
        raise TreeError(
            f"{one.build_root}: does not appear at {one.settings.place} inside {one.name}",
            hint="the bind mount (or [[mock.nfs]]) is missing; doit mock_init makes the chroot anew",
        )


def called(one: Chroot, words: Sequence[str]) -> None:
    """Run mock. Raises SmeError with the first real error of its log, and where the log is."""
    start = one.log.stat().st_size if one.log.is_file() else 0
    try:
        process.run(words, log=one.log, package=PACKAGE_HINT)
    except process.Failed as error:
        with one.log.open("rb") as file:
            file.seek(start)
            said = file.read().decode("utf-8", "replace")
        raise SmeError(f"{one.name}: {mock.first_error(said)}", hint=f"the whole log is {one.log}") from error


def check_images(work: Path) -> None:
    """Raise ContentError for images that lorax should have made and did not."""
    missing = [name for name in PROMISED if not (work / name).is_file()]
    if missing:
        raise ContentError(
            f"{work}: lorax made no {', '.join(missing)}", hint="look at its log; the old boot set stays"
        )


def become(work: Path, boot_set: Path) -> None:
    """Put a directory in the place of the boot set. Raises TreeError if that was not made by us."""
    if os.path.lexists(boot_set) and not (boot_set / MARKER).is_file():
        raise TreeError(
            f"{boot_set}: was not made by doit installer, so it is not replaced",
            hint="give [boot_set] path another name, or move that directory away",
        )
    files.write(work / MARKER, "doit installer replaces this directory as a whole\n")
    aside = boot_set.with_name(f"{boot_set.name}{files.BESIDE}")
    shutil.rmtree(aside, ignore_errors=True)
    with files.worded(boot_set, "replaced"):
        boot_set.parent.mkdir(parents=True, exist_ok=True)
        if boot_set.exists():
            os.replace(boot_set, aside)
        os.replace(work, boot_set)
    shutil.rmtree(aside, ignore_errors=True)


def gather(logs: Sequence[Path], target: Path) -> str:
    """Write one log of several, under the name that the page gives it."""
    parts = [f"== {log.stem}\n{files.read_text(log)}" for log in logs if log.is_file()]
    files.write(target, "\n".join(parts))
    progress.note(f"{len(parts)} logs")
    return f"log: {target}"
