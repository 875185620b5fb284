"""Packages as repository metadata tells of them, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smedoit.errors import PackageError
from smedoit.repodata.read import AGAIN, library_message


@dataclass(frozen=True)
class ListedFile:
    """A file that metadata names.

    href      where it lies, from the top of the repository
    checksum  in the algorithm that kind names: sha256, sha …
    """

    href: str
    kind: str
    checksum: str


def parse_primary(primary: Path, take: Callable[[Any], object]) -> None:
    """Call take with every package of primary metadata, packed or plain, as createrepo_c has it. Raises PackageError."""
    import createrepo_c as cr

    try:
        cr.xml_parse_primary(os.fspath(primary), pkgcb=take, do_files=False)
    except (OSError, RuntimeError, cr.CreaterepoCError) as error:
        raise PackageError(f"{primary}: is damaged, {library_message(error)}", hint=AGAIN) from None


def parse_changelogs(other: Path, take: Callable[[Any], object]) -> None:
    """Call take with every package of the metadata that has changelogs. Raises PackageError."""
    import createrepo_c as cr

    try:
        cr.xml_parse_other(os.fspath(other), pkgcb=take)
    except (OSError, RuntimeError, cr.CreaterepoCError) as error:
        raise PackageError(f"{other}: is damaged, {library_message(error)}", hint=AGAIN) from None


def list_packages(primary: Path) -> list[ListedFile]:
    """Return every package that primary metadata lists. Raises PackageError."""
    found: list[ListedFile] = []
    parse_primary(
        primary, lambda package: found.append(ListedFile(package.location_href, package.checksum_type, package.pkgId))
    )
    return found
