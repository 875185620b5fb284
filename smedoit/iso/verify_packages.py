# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of a finished ISO: those of the lock, each signed by a pinned key, read from the ISO alone."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.errors import Findings
from smedoit.iso.extents import read_span
from smedoit.iso.read import IsoImage
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.keys import keyring, policy
from smedoit.keys.keyring import PinnedKey
from smedoit.package import Package
from smedoit.rpm import header, reader
from smedoit.runtime import workers
from smedoit.runtime.files import wrap_os_errors

KIND = "packages"


def check_locked_packages(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """The packages are those of the lock, by their SHA-256, and a pinned key signed each; no stored verdict counts."""
    wanted = expected.layout.locate_packages(expected.picks)
    homes = {posixpath.basename(path): posixpath.dirname(path) for path in wanted}
    there = {name for name in image.records if name.endswith(".rpm")}
    for name in sorted(there ^ set(wanted)):
        home = homes.get(posixpath.basename(name), "")
        astray = f"belongs in {home}" if home else "is not in the lock"
        findings.add(KIND, f"{name} {astray if name in there else 'is missing'}")
    found = dict(_read_packages(image, sorted(there), expected.keys))
    for name, package in found.items():
        for fault in _package_faults(package, wanted.get(name), expected.date):
            findings.add(KIND, f"{name} {fault}")


def _package_faults(found: Package | str, wanted: Package | None, date: datetime | None) -> Iterator[str]:
    """Yield what is wrong with a package, which is a sentence where it cannot be trusted at all."""
    if isinstance(found, str):
        yield f"is not to be trusted: {found}"
        return
    if date is not None and policy.is_signed_after(datetime.fromtimestamp(found.signed, timezone.utc), date):
        yield f"is signed after [release] date {date:%Y-%m-%d}"
    if wanted is None:
        return
    if found.sha256 != wanted.sha256:
        yield "is not the file that the lock names"
    elif found.key != wanted.key:
        yield f"is signed by {found.key}, and the lock says {wanted.key}"


def _read_packages(
    image: IsoImage, names: Sequence[str], keys: Sequence[PinnedKey]
) -> Iterator[tuple[str, Package | str]]:
    """Yield each package with what its bytes on the image are found to be, or why it is refused."""
    keyring.prepare_keyrings(keys)
    spans = [(name, list(image.extents(name))) for name in names]
    with TemporaryDirectory(prefix="smedoit-verify-") as place:
        yield from zip(
            names, workers.map_parallel(partial(_read_package, image.path, Path(place), keys), spans), strict=True
        )


def _read_package(
    image: Path, place: Path, keys: Sequence[PinnedKey], spans: tuple[str, list[tuple[int, int]]]
) -> Package | str:
    """Return what a package is found to be, or why it is refused; a copy lies below place meanwhile, under its name."""
    name, parts = spans
    with TemporaryDirectory(dir=place) as own:
        copy = Path(own) / name.rpartition("/")[2]
        with wrap_os_errors(copy, "written"), copy.open("wb") as file:
            for offset, size in parts:
                file.writelines(read_span(image, offset, size))
        try:
            return reader.read_package(copy, name, keys)
        except header.BadPackageError as bad:
            return str(bad)
