# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the installer's images with lorax in the mock chroot; make and remove the chroot."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from smedoit.bases.enterprise_linux import Base
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.installer import InstallerSettings
from smedoit.errors import ContentError, FileError, SmeError
from smedoit.installer import mock
from smedoit.installer.mock import MockChroot
from smedoit.medium_paths import INITRD, KERNEL
from smedoit.runtime import files, process, progress

MARKER = ".made-by-smedoit"  # in every directory that is replaced as a whole
PACKAGE_HINT = "mock, from Fedora or EPEL"


def init_mock_chroot(mock_chroot: MockChroot, arch: str) -> str:
    """Write the chroot's configuration and create the chroot from it."""
    text = mock.mock_config(mock_chroot.name, arch, mock_chroot.settings, mock_chroot.build_root, mock_chroot.tiers)
    files.write_file(mock_chroot.file, text)
    _run_mock(mock_chroot, mock.mock_command(mock_chroot.settings, mock_chroot.file, "--init"))
    return f"{mock_chroot.name} from {', '.join(mock_chroot.tiers)}"


def remove_mock_chroot(mock_chroot: MockChroot) -> str:
    """Remove the chroot, its caches and its configuration."""
    if mock_chroot.file.is_file():
        _run_mock(mock_chroot, mock.mock_command(mock_chroot.settings, mock_chroot.file, "--scrub=all"))
        files.remove_file(mock_chroot.file)
    return f"{mock_chroot.name} removed"


def explain_overlay_installer() -> str:
    """Return what an overlay installer consists of; its two images have tasks of their own."""
    return "upstream's images unchanged; ours are product.img and updates.img"


def build_installer_images(
    mock_chroot: MockChroot, identity: ReleaseIdentity, settings: InstallerSettings, work: Path, boot_set: Path
) -> str:
    """Build the installer's images with lorax in the chroot, and make them the boot set, all or nothing.

    work  a directory below the build root for what lorax makes
    """
    _check_bind_mount(mock_chroot, work.parent)
    _remove_lorax_output(mock_chroot, work)
    tiers = [mock_chroot.inner(place) for place in mock_chroot.tiers.values()]
    command = mock.lorax_command(identity, mock_chroot.inner(work), tiers, settings.lorax)
    try:
        _run_mock(
            mock_chroot,
            mock.chroot_command(
                mock_chroot.settings, mock_chroot.file, mock_chroot.inner(mock_chroot.log.parent), command, as_root=True
            ),
        )
    except SmeError:
        with contextlib.suppress(SmeError):  # the first error counts; the next run changes the owner of the rest
            _chown_to_caller(mock_chroot, work)
        raise
    _chown_to_caller(mock_chroot, work)
    _check_images(work, identity.built_on)
    _replace_boot_set(work, boot_set)
    return f"new images from {', '.join(mock_chroot.tiers)} in {boot_set}"


def gather_logs(logs: Sequence[Path], target: Path) -> str:
    """Write several logs into one, under the name that the wiki gives it."""
    parts = [f"== {log.stem}\n{files.read_file_text(log)}" for log in logs if log.is_file()]
    files.write_file(target, "\n".join(parts))
    progress.log_line(f"{len(parts)} logs")
    return f"log: {target}"


def _remove_lorax_output(mock_chroot: MockChroot, work: Path) -> None:
    """Remove what an interrupted lorax left, owned by root."""
    _chown_to_caller(mock_chroot, work)
    files.remove_directory(work)


def _chown_to_caller(mock_chroot: MockChroot, work: Path) -> None:
    """Make the caller the owner of what lorax made: it only runs as root."""
    if work.exists():
        command = ["chown", "-R", f"{os.getuid()}:{os.getgid()}", mock_chroot.inner(work)]
        _run_mock(mock_chroot, mock.chroot_command(mock_chroot.settings, mock_chroot.file, "/", command, as_root=True))


def _check_bind_mount(mock_chroot: MockChroot, directory: Path) -> None:
    """Raise FileError unless the build root is mounted in the chroot: else the output of lorax would be lost."""
    token, content = directory / "mounted", f"{mock_chroot.name} sees {mock_chroot.build_root}\n"
    files.write_file(token, content)
    try:
        output = process.run_program(
            mock.chroot_command(mock_chroot.settings, mock_chroot.file, "/", ["cat", mock_chroot.inner(token)]),
            log=mock_chroot.log,
        )
    except process.ProgramError:
        output = ""
    if content.strip() not in output:
        raise FileError(
            f"{mock_chroot.build_root}: is not mounted at {mock_chroot.settings.place} inside {mock_chroot.name}",
            hint="the bind mount (or [[mock.nfs]]) is missing; doit mock_init creates the chroot again",
        )


def _run_mock(mock_chroot: MockChroot, command: Sequence[str]) -> None:
    """Run mock. Raises SmeError with the first real error of its log, and where the log is."""
    start = mock_chroot.log.stat().st_size if mock_chroot.log.is_file() else 0
    try:
        process.run_program(command, log=mock_chroot.log, package=PACKAGE_HINT)
    except process.ProgramError as error:
        with mock_chroot.log.open("rb") as file:
            file.seek(start)
            output = file.read().decode("utf-8", "replace")
        raise SmeError(
            f"{mock_chroot.name}: {mock.find_log_error(output)}", hint=f"the whole log is {mock_chroot.log}"
        ) from error


def lorax_images(base: Base) -> tuple[str, ...]:
    """Return the images without which lorax came to nothing."""
    return KERNEL, INITRD, base.uefi.image, base.stage2


def _check_images(work: Path, base: Base) -> None:
    """Raise ContentError for images that lorax did not make."""
    missing = [name for name in lorax_images(base) if not (work / name).is_file()]
    if missing:
        raise ContentError(
            f"{work}: lorax made no {', '.join(missing)}", hint="see its log; the existing boot set is kept"
        )


def _replace_boot_set(work: Path, boot_set: Path) -> None:
    """Put a directory in the place of the boot set. Raises FileError if that was not made by us."""
    if os.path.lexists(boot_set) and not (boot_set / MARKER).is_file():
        raise FileError(
            f"{boot_set}: was not made by doit installer, so it is not replaced",
            hint="set another [boot_set] path, or move that directory away",
        )
    files.write_file(work / MARKER, "doit installer replaces this directory as a whole\n")
    with files.replacing_directory(boot_set) as incoming:
        files.move_path(work, incoming, replacing=True)  # lorax refuses a directory that exists
