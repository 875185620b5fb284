# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages as repository metadata tells of them, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from smedoit.errors import PackageError
from smedoit.repodata.read import AGAIN, library_message, unpack_metadata

if TYPE_CHECKING:
    from createrepo_c import Package


@dataclass(frozen=True)
class ListedFile:
    """A file that metadata names.

    href      where it lies, from the top of the repository
    checksum  in the algorithm that kind names: sha256, sha …
    """

    href: str
    kind: str
    checksum: str


@contextmanager
def _plain_file(path: Path) -> Iterator[Path]:
    """Yield a metadata file unpacked, within the limits of what it may unpack to. Raises PackageError, FileError."""
    if path.suffix == ".xml":
        yield path
        return
    with TemporaryDirectory() as beside:
        plain = Path(beside) / "plain.xml"
        unpack_metadata(path, plain)
        yield plain


def parse_primary(primary: Path, take: Callable[[Package], object]) -> None:
    """Call take with every package of primary metadata, packed or plain. Raises PackageError."""
    import createrepo_c as cr

    try:
        with _plain_file(primary) as plain:
            cr.xml_parse_primary(os.fspath(plain), pkgcb=take, do_files=False)
    except (OSError, RuntimeError, ValueError, cr.CreaterepoCError) as error:
        raise PackageError(f"{primary}: is damaged, {library_message(error)}", hint=AGAIN) from None


def parse_changelogs(other: Path, take: Callable[[Package], object]) -> None:
    """Call take with every package of the metadata that has changelogs. Raises PackageError."""
    import createrepo_c as cr

    try:
        with _plain_file(other) as plain:
            cr.xml_parse_other(os.fspath(plain), pkgcb=take)
    except (OSError, RuntimeError, ValueError, cr.CreaterepoCError) as error:
        raise PackageError(f"{other}: is damaged, {library_message(error)}", hint=AGAIN) from None


def list_packages(primary: Path) -> list[ListedFile]:
    """Return every package that primary metadata lists. Raises PackageError, also if one lies nowhere."""
    found: list[ListedFile] = []
    parse_primary(
        primary,
        lambda package: found.append(ListedFile(package.location_href or "", package.checksum_type, package.pkgId)),
    )
    placeless = sum(not package.href for package in found)
    if placeless:
        raise PackageError(f"{primary}: does not say where {placeless} of its packages lie", hint=AGAIN)
    return found
