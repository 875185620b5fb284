# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release needs of its host: programs by step, libraries, disk space, umask and user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from smedoit.bases.enterprise_linux import DiskForm, Loader
from smedoit.config.release import Release
from smedoit.errors import format_size

FINE, MISSING, ABSENT, REMARK = "ok", "missing", "absent", "note"  # absent: no configured step needs it
UNREADABLE = 0o055  # bits of a umask that keep others from reading what we publish


@dataclass(frozen=True)
class HostProgram:
    """A program of the host: what for, in which Debian package, and whether a configured step needs it."""

    name: str
    package: str
    purpose: str
    needed: bool


@dataclass(frozen=True)
class DoctorFinding:
    """One line of the report; a MISSING one is a fault."""

    state: str
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.state:<8}{self.subject:<20} {self.text}"


@dataclass(frozen=True)
class HostFacts:
    """What the host is found to have.

    programs   name -> where it lies; what is not there is left out
    libraries  name -> version, "" if it is not there
    free       bytes at the build root; needed is what the media take

    absent_tiers  the staged tiers that are not there, or empty
    """

    programs: Mapping[str, str]
    firmware: str
    libraries: Mapping[str, str]
    python: str
    root: str
    writable: bool
    free: int
    needed: int
    umask: int
    user: int
    absent_tiers: tuple[str, ...] = ()


def known_programs(rel: Release) -> list[HostProgram]:
    """Return every program that any step of this base may call, and whether this release.toml makes one do so."""
    lorax, legacy = rel.installer.mode == "lorax", any(key.legacy_reason for key in rel.keys)
    exported = {export.source.kind for export in rel.exported}
    return [
        HostProgram("gpg", "gnupg", "sign: the key of [signing]", bool(rel.signing.key)),
        HostProgram("gpgv", "gpgv", "boot_set: upstream's signed checksums", False),
        HostProgram("rpmkeys", "rpm", "packages: signatures of legacy keys", legacy),
        HostProgram("rpmsign", "rpm", "sign_packages: copies of packages that nobody signed", False),
        HostProgram(rel.mock.command[0], "mock", "installer: lorax in a chroot", lorax),
        HostProgram("unsquashfs", "squashfs-tools", "boot_set: the runtime's kernel version", False),
        HostProgram("debugfs", "e2fsprogs", "boot_set: the runtime's kernel version", False),
        *_base_programs(rel),
        HostProgram("qemu-system-x86_64", "qemu-system-x86", "boot_test, preview", False),
        HostProgram("git", "git", "content, record: revisions of working copies", "git" in exported),
        HostProgram("patch", "patch", "anaconda_source: our patches", bool(rel.anaconda.srpm)),
        HostProgram(
            "rsync", "rsync", "mirror, publish to a remote target", bool(rel.rsync_mirror or rel.publish.remote)
        ),
        HostProgram("cvs", "cvs", "content: the trees that CVS has", "cvs" in exported),
    ]


def _base_programs(rel: Release) -> Iterator[HostProgram]:
    """Yield the programs that steps call for some bases, or for practice, alone."""
    base = rel.release.built_on
    if base.erofs_stage2:
        yield HostProgram("dump.erofs", "erofs-utils", "boot_set: the kernel version of an erofs runtime", False)
    if base.disk is DiskForm.APPENDED:
        yield HostProgram("xorriso", "xorriso", "iso, netinstall: media that GRUB starts", True)
    if rel.is_practice:
        of_bios = " and grub-pc-bin" if base.bios.loader is Loader.GRUB else ""
        modules = f"grub-common, with grub-efi-amd64-bin{of_bios}"
        yield HostProgram("grub-mkimage", modules, "sample: boot loaders that start; without it stand-ins", False)


def examine_host(rel: Release, host: HostFacts) -> list[DoctorFinding]:
    """Return the findings about the host, program by program."""
    return [
        *(_check_program(program, host.programs.get(program.name, "")) for program in known_programs(rel)),
        _check_firmware(host.firmware),
        DoctorFinding(FINE, "python", host.python),
        *(_check_library(name, version) for name, version in sorted(host.libraries.items())),
        _check_root_writable(host),
        _check_disk_space(host),
        *(
            DoctorFinding(REMARK, f"tier {name}", "has no packages yet: doit sample makes some for practice")
            for name in host.absent_tiers
        ),
        _check_umask(host.umask),
        _check_user(host.user),
    ]


def _check_program(program: HostProgram, path: str) -> DoctorFinding:
    """Return the line of a program."""
    if path:
        return DoctorFinding(FINE, program.name, f"{path} — {program.purpose}")
    text = f"{program.purpose}; on Debian in the package {program.package}"
    return DoctorFinding(MISSING if program.needed else ABSENT, program.name, text)


def _check_firmware(path: str) -> DoctorFinding:
    """Return the line of the emulator's UEFI firmware."""
    purpose = "boot_test, preview: UEFI in qemu"
    return (
        DoctorFinding(FINE, "OVMF", f"{path} — {purpose}")
        if path
        else DoctorFinding(ABSENT, "OVMF", f"{purpose}; on Debian in the package ovmf")
    )


def _check_library(name: str, version: str) -> DoctorFinding:
    """Return the line of a Python library."""
    return (
        DoctorFinding(FINE, name, version)
        if version
        else DoctorFinding(MISSING, name, "a library that smedoit needs: pip install it")
    )


def _check_root_writable(host: HostFacts) -> DoctorFinding:
    """Return whether the build root can be written to."""
    if host.writable:
        return DoctorFinding(FINE, "[paths] root", host.root)
    return DoctorFinding(MISSING, "[paths] root", f"not writable: {host.root}; change its owner, or [paths] root")


def _check_disk_space(host: HostFacts) -> DoctorFinding:
    """Return whether the media fit on the disk: a new one is written beside the old one."""
    text = (
        f"{format_size(host.free)} free; the media take {format_size(host.needed)}"
        if host.needed
        else f"{format_size(host.free)} free"
    )
    return DoctorFinding(FINE if host.free >= 2 * host.needed else MISSING, "disk", text)


def _check_umask(mask: int) -> DoctorFinding:
    """Return whether mirrors could read our directories."""
    hidden = mask & UNREADABLE
    text = f"{mask:03o}" + ("; mirrors could not read new directories; use umask 022" if hidden else "")
    return DoctorFinding(REMARK if hidden else FINE, "umask", text)


def _check_user(number: int) -> DoctorFinding:
    """Return whether the user is not root."""
    return (
        DoctorFinding(FINE, "user", str(number))
        if number
        else DoctorFinding(REMARK, "user", "root; no step needs to be root")
    )


def host_faults(found: Iterable[DoctorFinding]) -> list[DoctorFinding]:
    """Return what a configured step lacks."""
    return [finding for finding in found if finding.state == MISSING]
