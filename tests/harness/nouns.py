# SPDX-License-Identifier: GPL-3.0-or-later
"""Good nouns to test with: each call makes one, and a test changes only what it is about."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import Any

from smedoit.config.identity import ReleaseIdentity
from smedoit.package import Evr, Package

EPOCH = 1793534400  # 2026-11-01 12:00 UTC, the date of identity()


def identity(**changes: Any) -> ReleaseIdentity:
    """Return Koozali SME Server 10.1 RC2, changed as asked."""
    good: dict[str, Any] = {
        "product": "Koozali SME Server",
        "aliases": ("SME Server",),
        "short": "SME",
        "name": "smeserver",
        "major": 10,
        "version": "10.1",
        "label": "rc2",
        "arch": "x86_64",
        "date": datetime.fromtimestamp(EPOCH, timezone.utc),
        "bug_url": "https://bugs.koozali.org",
    }
    return ReleaseIdentity(**{**good, **changes})


def evr(text: str) -> Evr:
    """Return what [EPOCH:]VERSION-RELEASE spells; the release is 1 if it is left out."""
    epoch, _, rest = text.rpartition(":")
    version, _, release = rest.partition("-")
    return Evr(int(epoch or 0), version, release or "1")


def package(nevra: str, **changes: Any) -> Package:
    """Return the package that NAME-[EPOCH:]VERSION-RELEASE.ARCH spells; equal words, equal bytes."""
    rest, _, arch = nevra.rpartition(".")
    name, version, release = rest.rsplit("-", 2)
    good: dict[str, Any] = {
        "name": name,
        "evr": evr(f"{version}-{release}"),
        "arch": arch,
        "file": f"tier/{name}-{version.rpartition(':')[2]}-{release}.{arch}.rpm",
        "size": 1000,
        "sha256": hashlib.sha256(nevra.encode()).hexdigest(),
        "key": "48b7bc187a21c87aca69dfe167f25a768b63564a",
        "source_rpm": f"{name}-{version.rpartition(':')[2]}-{release}.src.rpm",
    }
    return Package(**{**good, **changes})
