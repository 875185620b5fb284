# SPDX-License-Identifier: GPL-3.0-or-later
"""What release.toml says of the media beside the installation ISO, and of the mirrors that carry them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial
from pathlib import Path

from smedoit.config.identity import IN_VOLUME_IDS, ReleaseIdentity, check_volume_id
from smedoit.config.schema import SettingsTable, require_value, run_checks
from smedoit.config.tiers import FINGERPRINT, NO_FINGERPRINT, plain_fingerprint
from smedoit.errors import ConfigError

URL = re.compile(r"(https?|ftp)://[A-Za-z0-9._~:/@%+,=\[\]-]+")  # GRUB, wget and jigdo's files take no other characters
URLS, NETINSTALL_URL = ("release_urls", "urls"), ("netinstall", "url")
NO_URL = "is no http, https or ftp URL, or has a character that boot menus do not take"
MANY_DISCS = 99  # the volume id must have room for the number of a disc


class ReleaseUrls(SettingsTable):
    """The [release_urls] table: base URLs of this release, each with smeos/ and iso/ below it.

    Placeholders are those of volume_id, and {place}: where the release is published below [publish] target, which is
    testing/10.1.rc2 for a test release and 10.1 for a final one.

    urls  jigdo names them all; the network install medium installs from the first
    """

    urls: tuple[str, ...] = ()

    def bases(self, identity: ReleaseIdentity, place: str = "") -> tuple[str, ...]:
        """Return the base URLs, placeholders filled in, without a slash at their end.

        place  where the release is published, "" for the channel that its label stands for
        """
        where = place or identity.place
        return tuple(
            identity.filled(url, (*URLS, number), place=where).rstrip("/") for number, url in enumerate(self.urls)
        )

    def needed(self, identity: ReleaseIdentity, what: str) -> tuple[str, ...]:
        """Return the base URLs. Raises ConfigError, which says what cannot do without, if there is none."""
        if not self.urls:
            raise ConfigError(
                f"release.toml: [release_urls] names no URL, and {what}",
                hint='add [release_urls] with urls = ["https://HOST/releases/{place}"], where smeos/ will be',
            )
        return self.bases(identity)


class NetinstallSettings(SettingsTable):
    """The [netinstall] table: the label of the medium, and where it installs from.

    volume_id  its label, with the placeholders of [release] volume_id
    url        inst.repo of its boot entries; {mirror} is the first of [release_urls] urls
    """

    volume_id: str = "{short}-{full}-net"
    url: str = "{mirror}/smeos/{arch}"

    def volume(self, identity: ReleaseIdentity) -> str:
        """Return the volume id with its placeholders filled in."""
        return identity.filled_label(self.volume_id, ("netinstall", "volume_id"))

    def address(self, identity: ReleaseIdentity, mirrors: ReleaseUrls) -> str:
        """Return where the medium installs from. Raises ConfigError if that is a mirror and there is none."""
        first = ""
        if "{mirror}" in self.url:
            first = mirrors.needed(identity, "the network install medium must install from somewhere")[0]
        return identity.filled(self.url, NETINSTALL_URL, mirror=first)


class SourceIsoSettings(SettingsTable):
    """The [sources] table: what the source ISO is called, and how much fits on a disc of it.

    volume_id      its label, with the placeholders of [release] volume_id; discs of several add -1, -2
    disc_size      bytes of one disc, 0 for a single ISO however large
    allow_missing  file name of an SRPM (globs allowed) -> why the medium may go without it
    """

    volume_id: str = "{short}-{full}-SRPMS"
    disc_size: int = 0
    allow_missing: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_value(self.disc_size >= 0, "disc_size", "use the bytes of one disc, or 0 for a single ISO")

    def volume(self, identity: ReleaseIdentity, disc: int = 0) -> str:
        """Return the volume id of a disc, of the only one if disc is 0."""
        return identity.filled_label(self.volume_id, ("sources", "volume_id")) + (f"-{disc}" if disc else "")


def check_base_urls(identity: ReleaseIdentity, mirrors: ReleaseUrls, netinstall: NetinstallSettings) -> None:
    """Refuse URLs that are none, and those that a boot loader could not carry."""
    needs = [("release", key) for key in IN_VOLUME_IDS]
    for number in range(len(mirrors.urls)):
        run_checks(partial(_check_release_url, identity, mirrors, number))
    address = identity.filled(netinstall.url, NETINSTALL_URL, mirror="http://mirror")
    require_value(URL.fullmatch(address), NETINSTALL_URL, f"{address!r} {NO_URL}", *needs)


def _check_release_url(identity: ReleaseIdentity, mirrors: ReleaseUrls, number: int) -> None:
    """Refuse one of the base URLs if it is none."""
    path = (*URLS, number)
    url = identity.filled(mirrors.urls[number], path, place=identity.place).rstrip("/")
    require_value(URL.fullmatch(url), path, f"{url!r} {NO_URL}", *(("release", key) for key in IN_VOLUME_IDS))


def check_volume_ids(identity: ReleaseIdentity, netinstall: NetinstallSettings, sources: SourceIsoSettings) -> None:
    """Refuse labels that ISO 9660 or a boot loader could not carry, and one label for two media."""
    needs = [("release", key) for key in IN_VOLUME_IDS]
    volumes: dict[tuple[str, str], str] = {
        ("release", "volume_id"): identity.volume,
        ("netinstall", "volume_id"): netinstall.volume(identity),
        ("sources", "volume_id"): sources.volume(identity, MANY_DISCS if sources.disc_size else 0),
    }
    for path, volume in volumes.items():
        check_volume_id(volume, path, *needs, base=identity.built_on)
    seen: dict[str, tuple[str, str]] = {}
    for path, volume in volumes.items():
        other = seen.setdefault(volume, path)
        require_value(
            other == path,
            path,
            f"two media share a label: [{other[0]}] {other[1]} makes {volume!r}, too",
            other,
            *needs,
        )


NONE = Path()


class SigningSettings(SettingsTable):
    """The [signing] table: the key that signs the checksum files; without it nothing is signed.

    key   fingerprint of a key that gpg, or its agent, can sign with; all of it, also in groups as gpg prints it
    file  a key file with a secret half that needs no passphrase, for practice only
    """

    key: str = ""
    file: Path = NONE

    def __post_init__(self) -> None:
        vars(self)["key"] = plain_fingerprint(self.key)
        require_value(not self.key or FINGERPRINT.fullmatch(self.key), "key", NO_FINGERPRINT)
        require_value(
            not (self.key and self.file != NONE), "file", "give either key, for gpg, or file, for practice", "key"
        )

    @property
    def configured(self) -> bool:
        """Whether anybody signs at all."""
        return bool(self.key) or self.file != NONE

    def anchored(self, root: Path) -> SigningSettings:
        """Return this with a path that is absolute."""
        return self if self.file == NONE else replace(self, file=root / self.file)


class BootTestSettings(SettingsTable):
    """The [boot_test] table: how far a medium must come in qemu, in how much time and memory.

    entries  which entries of its boot menus: "all", or "default" for those alone that start by themselves
    expect   what the serial line must carry after the kernel has spoken, in this order
    seconds  how long one way of booting may take
    memory   of the machine, in MiB; anaconda needs 2048
    """

    entries: str = "all"
    expect: tuple[str, ...] = ()
    seconds: int = 240
    memory: int = 2048

    def __post_init__(self) -> None:
        require_value(self.entries in ("all", "default"), "entries", 'use "all" or "default"')
        require_value(self.seconds >= 1, "seconds", "give it a second at least")
        require_value(self.memory >= 128, "memory", "no kernel starts in less than 128 MiB")
        for number, text in enumerate(self.expect):
            require_value(text, ("expect", number), "an empty text proves nothing")
