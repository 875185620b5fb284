# SPDX-License-Identifier: GPL-3.0-or-later
"""The [installer] and [mock] tables: overlays over upstream's images, or lorax in a private chroot."""

from __future__ import annotations

from types import MappingProxyType

from smedoit.config.schema import SettingsTable, require_value

ISOLATIONS = ("simple", "nspawn", "auto")
MODES = ("overlay", "lorax")


class NfsMount(SettingsTable):
    """One [[mock.nfs]] entry: what the cluster mounts into the chroot instead of a bind mount.

    source   HOST:PATH
    place    where it appears inside the chroot
    options  of the mount
    """

    source: str
    place: str
    options: str = "defaults,noatime,nodiratime,nosuid"


class MockSettings(SettingsTable):
    """The [mock] table: the chroot that the installer is built in.

    command    mock and whatever must stand before it, like ["sudo", "mock"]
    packages   what is installed into the chroot
    tiers      names of the tiers that it installs from, besides those that are staged
    place      where the build root appears inside the chroot
    nfs        mounts of the cluster; without them the build root is bound in from this machine
    isolation  "simple", "nspawn" or "auto", as mock knows them
    bootstrap  whether mock makes a chroot for its package manager first
    dnf        the package manager that mock calls, "" for mock's own choice
    """

    command: tuple[str, ...] = ("mock",)
    packages: tuple[str, ...] = ("lorax", "createrepo", "coreutils", "findutils")
    tiers: tuple[str, ...] = ("smeextras",)
    place: str = "/build/smeserver"
    nfs: tuple[NfsMount, ...] = ()
    isolation: str = "simple"
    bootstrap: bool = False
    dnf: str = ""
    choices = MappingProxyType({"isolation": ISOLATIONS})

    def __post_init__(self) -> None:
        require_value(self.command, "command", 'say at least ["mock"]')
        require_value(self.place.startswith("/"), "place", "a place inside the chroot starts with /")


class InstallerSettings(SettingsTable):
    """The [installer] table: how the installer's images come about.

    mode     "overlay": upstream's images, with our product.img and updates.img over them (SME 10);
             "lorax": built in the mock chroot from our tiers, and used as the boot set
    notes    globs in the content tree whose change never calls for a new installer
    source   directory of the patched anaconda source, relative to the root; "" if there is none
    lorax    more words for lorax's command line
    """

    mode: str = "overlay"
    notes: tuple[str, ...] = ("README.txt",)
    source: str = ""
    lorax: tuple[str, ...] = ()
    choices = MappingProxyType({"mode": MODES})
