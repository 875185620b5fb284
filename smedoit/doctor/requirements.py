"""What a release needs of its host: which program for which step, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from smedoit.config.release import Release
from smedoit.errors import human

FINE, MISSING, ABSENT, REMARK = "ok", "missing", "absent", "note"  # absent: nobody has asked for what needs it
UNREADABLE = 0o055  # bits of a umask that keep others from reading what we publish


@dataclass(frozen=True)
class Program:
    """A program of the host: what for, in which Debian package, and whether a configured step needs it."""

    name: str
    package: str
    purpose: str
    needed: bool


@dataclass(frozen=True)
class Finding:
    """One line of the answer; a MISSING one is a fault."""

    state: str
    subject: str
    words: str

    def __str__(self) -> str:
        return f"{self.state:<8}{self.subject:<20} {self.words}"


@dataclass(frozen=True)
class Host:
    """What the host is found to have.

    programs   name -> where it lies; what is not there is left out
    libraries  name -> version, "" if it is not there
    free       bytes at the build root; needed is what the media of the last lock take
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


def programs(rel: Release) -> list[Program]:
    """Return every program that any step may call, and whether this release.toml makes one do so."""
    lorax, legacy = rel.installer.way == "lorax", any(key.legacy for key in rel.keys)
    exported = {one.source.kind for one in rel.exported}
    return [
        Program("gpg", "gnupg", "sign: the key of [signing]", bool(rel.signing.key)),
        Program("gpgv", "gpgv", "boot_set: upstream's signed checksums", False),
        Program("rpmkeys", "rpm", "packages: signatures of legacy keys", legacy),
        Program(rel.mock.command[0], "mock", "installer: lorax in a chroot", lorax),
        Program("unsquashfs", "squashfs-tools", "boot_set: the runtime's kernel version", False),
        Program("debugfs", "e2fsprogs", "boot_set: the runtime's kernel version", False),
        Program("qemu-system-x86_64", "qemu-system-x86", "boot_test, preview", False),
        Program("git", "git", "content, record: revisions of working copies", "git" in exported),
        Program("patch", "patch", "anaconda_source: our patches", bool(rel.anaconda.srpm)),
        Program("python2.7", "python2.7, of Debian 11", "install_classes: the syntax of the installer's Python", False),
        Program("rsync", "rsync", "mirror, publish to a remote target", bool(rel.mirror or rel.publish.remote)),
        Program("cvs", "cvs", "content: the trees that CVS has", "cvs" in exported),
    ]


def examine(rel: Release, host: Host) -> list[Finding]:
    """Return what there is to say of the host, program by program."""
    return [
        *(judged(program, host.programs.get(program.name, "")) for program in programs(rel)),
        firmware(host.firmware),
        Finding(FINE, "python", host.python),
        *(library(name, version) for name, version in sorted(host.libraries.items())),
        root(host),
        disk(host),
        umask(host.umask),
        user(host.user),
    ]


def judged(program: Program, path: str) -> Finding:
    """Return the line of a program."""
    if path:
        return Finding(FINE, program.name, f"{path} — {program.purpose}")
    words = f"{program.purpose}; on Debian in the package {program.package}"
    return Finding(MISSING if program.needed else ABSENT, program.name, words)


def firmware(path: str) -> Finding:
    """Return the line of the emulator's UEFI firmware."""
    purpose = "boot_test, preview: UEFI in qemu"
    return (
        Finding(FINE, "OVMF", f"{path} — {purpose}")
        if path
        else Finding(ABSENT, "OVMF", f"{purpose}; on Debian in the package ovmf")
    )


def library(name: str, version: str) -> Finding:
    """Return the line of a Python library."""
    return (
        Finding(FINE, name, version)
        if version
        else Finding(MISSING, name, "a library that smedoit needs: pip install it")
    )


def root(host: Host) -> Finding:
    """Return whether the build root can be written to."""
    if host.writable:
        return Finding(FINE, "[paths] root", host.root)
    return Finding(MISSING, "[paths] root", f"your user cannot write to {host.root}; mend its owner, or release.toml")


def disk(host: Host) -> Finding:
    """Return whether the media find room: a new one is written beside the old one."""
    words = (
        f"{human(host.free)} free; the media take {human(host.needed)}" if host.needed else f"{human(host.free)} free"
    )
    return Finding(FINE if host.free >= 2 * host.needed else MISSING, "disk", words)


def umask(mask: int) -> Finding:
    """Return whether mirrors could read our directories."""
    closed = mask & UNREADABLE
    words = f"{mask:03o}" + ("; mirrors could not read directories made now: umask 022 lets them" if closed else "")
    return Finding(REMARK if closed else FINE, "umask", words)


def user(number: int) -> Finding:
    """Return whether the user is one that can do less harm."""
    return Finding(FINE, "user", str(number)) if number else Finding(REMARK, "user", "root; no step needs to be root")


def faults(found: Iterable[Finding]) -> list[Finding]:
    """Return what keeps a configured step from being done."""
    return [one for one in found if one.state == MISSING]
