# SPDX-License-Identifier: GPL-3.0-or-later
"""A medium: the ISO before it is written, whoever writes it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from smedoit.bases.enterprise_linux import ALL_FIRMWARE, Base
from smedoit.bases.known import USUAL

NAMESPACE = uuid.UUID("5d0b64a4-6f5c-5f0e-9d0b-6b1f2f1d7c1e")  # ours; the GUIDs of a medium follow from its names
PUBLISHER_LIMIT = 64  # characters of a publisher or an application; ISO 9660 would take 128, Joliet has half of it


@dataclass(frozen=True)
class IsoMedium:
    """An ISO before it is written.

    epoch     every time on it, in seconds since 1970 UTC
    files     path on the ISO, without a leading slash -> the file that it holds; what is unlisted among them
    firmware  what it starts from; nothing for a medium that only carries files
    sha256    path on the ISO -> what its bytes must be; for those that a lock names
    names     path on the ISO -> what the content tree calls it, where it calls it otherwise
    base      whose firmware, installer and disk form it has
    """

    volume: str
    publisher: str
    application: str
    epoch: int
    files: Mapping[str, Path]
    firmware: tuple[str, ...] = ALL_FIRMWARE
    sha256: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    base: Base = USUAL

    @property
    def listed(self) -> dict[str, Path]:
        """Return the files that its directories list."""
        return {path: source for path, source in self.files.items() if path not in self.base.unlisted}

    @property
    def seed(self) -> uuid.UUID:
        """Return what the disk's number and its GUIDs follow from."""
        return uuid.uuid5(NAMESPACE, f"{self.volume} {self.epoch}")


def volume_identifier(text: str) -> str:
    """Return text as a volume descriptor carries it: upper case, ASCII, and not too long."""
    return text.upper().encode("ascii", "replace").decode()[:PUBLISHER_LIMIT]
