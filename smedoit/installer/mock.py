# SPDX-License-Identifier: GPL-3.0-or-later
"""The mock chroot: its configuration, rendered from release.toml, and the commands that run in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from smedoit.config.identity import ReleaseIdentity
from smedoit.config.installer import MockSettings
from smedoit.config.schema import SettingsTable


class MockChroot(SettingsTable):
    """A chroot of this release: its name, configuration file, settings, and where its logs go.

    tiers  name -> directory with repodata
    """

    name: str
    file: Path
    settings: MockSettings
    build_root: Path
    tiers: Mapping[str, Path]
    log: Path

    def inner(self, path: Path) -> str:
        """Return where a path of the build root appears inside."""
        return f"{self.settings.place}/{path.relative_to(self.build_root).as_posix()}"


def mock_root_name(name: str, major: int, arch: str) -> str:
    """Return the name of the chroot, as the page has it: smeserver-10-x86_64-iso."""
    return f"{name}-{major}-{arch}-iso"


def mock_config(root: str, arch: str, settings: MockSettings, build_root: Path, tiers: Mapping[str, Path]) -> str:
    """Return mock's configuration: Python that only assigns, every value spelled by repr().

    root   the name of the chroot
    tiers  name -> directory with repodata, the most trusted first
    """
    lines = [
        "import os",
        *_format_assignment("root", root),
        *_format_assignment("target_arch", arch),
        *_format_assignment("legal_host_arches", (arch,)),
        "config_opts['chrootuid'] = os.getuid()",
        *_format_assignment("chroot_setup_cmd", f"install {' '.join(settings.packages)}"),
        *_format_assignment("isolation", settings.isolation),
        *_format_assignment("use_bootstrap", settings.bootstrap),
        *_format_assignment("package_manager", "dnf"),
        *_format_assignment("dnf_common_opts", ["-y", "--setopt=install_weak_deps=0", "--disableplugin=*"]),
        *(_format_assignment("dnf_command", settings.dnf) if settings.dnf else ()),
        *_format_assignment("rpmbuild_networking", False),
        *_mount_lines(settings, build_root),
        *_format_assignment("dnf.conf", _dnf_conf(tiers)),
    ]
    return "\n".join(lines) + "\n"


def _format_assignment(key: str, value: object) -> list[str]:
    return [f"config_opts[{key!r}] = {value!r}"]


def _mount_lines(settings: MockSettings, build_root: Path) -> list[str]:
    """Return the lines that bring the build root into the chroot: over NFS on the cluster, bound in elsewhere."""
    plugin = "config_opts['plugin_conf']"
    if settings.nfs:
        entries = [(mount.source, mount.place, "nfs", mount.options) for mount in settings.nfs]
        return [
            f"{plugin}['mount_enable'] = True",
            *(f"{plugin}['mount_opts']['dirs'].append({entry!r})" for entry in entries),
        ]
    pair = (str(build_root), settings.place)
    return [f"{plugin}['bind_mount_enable'] = True", f"{plugin}['bind_mount_opts']['dirs'].append({pair!r})"]


def _dnf_conf(tiers: Mapping[str, Path]) -> str:
    """Return dnf.conf for the chroot: our tiers and nothing else. Signatures were checked before."""
    main = "[main]\nkeepcache=1\nreposdir=/dev/null\nretries=1\ngpgcheck=0\nassumeyes=1\nbest=1\n"
    parts = [
        f"[{name}]\nname={name}\nbaseurl=file://{place}\ncost={1000 + rank}\n"
        for rank, (name, place) in enumerate(tiers.items())
    ]
    return "\n".join([main, *parts])


def mock_command(settings: MockSettings, file: Path, *arguments: str) -> list[str]:
    """Return a call of mock with our configuration."""
    return [*settings.command, "-r", str(file), *arguments]


def chroot_command(
    settings: MockSettings, file: Path, directory: str, command: Sequence[str], *, as_root: bool = False
) -> list[str]:
    """Return the call that runs a command in a directory of the chroot, as the caller or as its root."""
    who = () if as_root else ("--unpriv",)
    return mock_command(settings, file, "--cwd", directory, *who, "--chroot", "--", *command)


def lorax_command(identity: ReleaseIdentity, place: str, tiers: Sequence[str], more: Sequence[str]) -> list[str]:
    """Return the call of lorax that builds the installer's images from the tiers inside the chroot.

    place  the directory that it fills; it must not exist
    tiers  directories with repodata, as they appear inside the chroot
    """
    sources = [word for tier in tiers for word in ("-s", f"file://{tier}")]
    final = ["--isfinal"] if identity.is_final else []
    bugs = ["-b", identity.bug_url] if identity.bug_url else []
    command = ["lorax", "-p", identity.product, "-v", identity.version, "-r", identity.display, *sources, *bugs, *final]
    return [*command, f"--volid={identity.volume}", *identity.built_on.lorax_options, *more, place]


def find_log_error(log: str) -> str:
    """Return the line of a log with the cause: the first that looks like an error, else the last."""
    marks = ("error:", "error ", "traceback", "failed", "no package", "no match for", "cannot ", "not found", "fatal")
    harmless = ("0 errors", "errors='", "if errors", "error: 0", "error: command failed:")  # the last is a heading
    for line in log.splitlines():
        lower = line.strip().lower()
        if any(mark in lower for mark in marks) and not any(mark in lower for mark in harmless):
            return line.strip()
    return next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "its log is empty")
