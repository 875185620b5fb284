# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a release is published: channels, their directories and links, and what release.toml says of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from smedoit.config.identity import CHANNELS as DIRECTORIES
from smedoit.config.identity import FINAL, LABEL, TESTING, VERSION, ReleaseIdentity, release_place
from smedoit.config.publish import PublishSettings
from smedoit.config.schema import SettingsTable
from smedoit.errors import PublishError

OURS = ".smedoit"  # in the target: records, what is under way, what can be put back; nobody else may read it


class PublishLocation(SettingsTable):
    """Where a release lies below the target: "testing/10.1.rc2", and the link "testing/10" that may name it."""

    channel: str
    version: str

    @property
    def path(self) -> str:
        """Its directory, relative to the target."""
        return release_place(self.channel, self.version)

    @property
    def link(self) -> str:
        """The version link of its channel, relative to the target."""
        return str(PurePosixPath(DIRECTORIES[self.channel], self.version.partition(".")[0]))


def publish_location(identity: ReleaseIdentity, wish: str, allowed: PublishSettings) -> PublishLocation:
    """Return where a release belongs.

    wish  the channel somebody asked for, "" for the one that the label stands for

    Raises PublishError for a channel that does not exist or does not fit the label.
    """
    fitting = FINAL if identity.is_final else TESTING
    channel = wish or fitting
    if channel not in (FINAL, TESTING):
        raise PublishError(
            f"publish --to {channel}: releases go to {FINAL} or {TESTING}", hint=f"leave out --to {wish}"
        )
    if channel == FINAL and not identity.is_final:
        raise PublishError(
            f"{identity.full} has the label {identity.label} and would be published as final:"
            " its media say that they are no final release",
            hint='build it again with [release] label = "", or publish it in testing',
        )
    if channel == TESTING and identity.is_final and not allowed.candidate:
        raise PublishError(
            f"{identity.full} is a final release and would be published in testing",
            hint="leave out --to testing; or set [publish] candidate = true, and later doit publish --from testing",
        )
    return PublishLocation(channel, identity.full)


def is_release_version(name: str) -> bool:
    """Return whether a directory is called as a release is: 10.1, or 10.1.rc2."""
    version, _, label = name.rpartition(".")
    return bool((VERSION.fullmatch(name) and "." in name) or (LABEL.fullmatch(label) and VERSION.fullmatch(version)))


def is_release_place(path: str) -> bool:
    """Return whether a path below the target is where a release of some channel lies."""
    channel, version = os.path.split(path)
    return channel in DIRECTORIES.values() and is_release_version(version)


def _version_key(version: str) -> list[tuple[int, str]]:
    """Return what two versions are compared by: rc10 comes after rc9."""
    return [(int(number or -1), word) for number, word in re.findall(r"([0-9]{1,18})|([a-z]+)", version)]


class ReleaseInTesting(SettingsTable):
    """A test release: its version, and its age in whole days."""

    version: str
    age: int


def releases_to_delete(
    found: Iterable[ReleaseInTesting], named: Iterable[str], allowed: PublishSettings
) -> list[ReleaseInTesting]:
    """Return the test releases that may go, the oldest first: too old, not among the newest, and no link names them."""
    ordered = sorted(
        sorted(found, key=lambda release: _version_key(release.version), reverse=True), key=lambda release: release.age
    )
    linked = set(named)
    rest = [
        release for release in ordered[allowed.keep :] if release.age >= allowed.days and release.version not in linked
    ]
    return rest[::-1]
