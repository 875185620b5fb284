# SPDX-License-Identifier: GPL-3.0-or-later
"""packages.lock, written and read. Everything after it is built from the lock alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from smedoit.errors import PackageError
from smedoit.package import Evr, Package
from smedoit.packages.select import SelectedPackage
from smedoit.runtime import foreign
from smedoit.runtime.files import read_file_text

FORMAT = 1
MADE_AGAIN = "delete it; doit packages or doit sources makes it again"


def read_lock(path: Path) -> list[SelectedPackage]:
    """Return the packages of a lock. Raises FileError, PackageError."""
    return parse_lock(read_file_text(path), path)


def format_lock(picks: Iterable[SelectedPackage]) -> str:
    """Return the lock as JSON, one package a line, so that two locks can be compared with diff."""
    lines = ",\n".join(json.dumps(_lock_entry(selected), ensure_ascii=False) for selected in picks)
    return f'{{"format": {FORMAT}, "picks": [\n{lines}\n]}}\n'


def parse_lock(text: str, file: Path, mend: str = MADE_AGAIN) -> list[SelectedPackage]:
    """Return the packages of a lock, in its order. Raises PackageError if text is no lock of this format.

    mend  what to do about that, for a lock that no task of this release makes
    """
    try:
        lock = foreign.parse_json(text)
        if lock["format"] != FORMAT:
            raise PackageError(f"{file}: is a lock of format {lock['format']}, not {FORMAT}", hint=mend)
        return [parse_lock_entry(entry) for entry in lock["picks"]]
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(f"{file}: is not a package lock, {foreign.describe_damage(error)}", hint=mend) from None


def parse_lock_entry(entry: dict[str, object]) -> SelectedPackage:
    """Return a package from its line of JSON. Raises KeyError, ValueError, also for what no package is called."""
    evr = Evr(int(str(entry["epoch"])), str(entry["version"]), str(entry["release"]))
    for key in ("name", "version", "release", "arch"):
        str(entry[key]).encode()  # rpm takes no other texts
    package = Package(
        name=str(entry["name"]),
        evr=evr,
        arch=str(entry["arch"]),
        file=str(entry["file"]),
        size=int(str(entry["size"])),
        sha256=str(entry["sha256"]),
        key=str(entry["key"]),
        source_rpm=str(entry["source_rpm"]),
    )
    if "/" in package.filename or "\0" in package.filename + package.file:  # a file of the tree is called so
        raise ValueError(f"{package.filename!r} is no name of a package")
    return SelectedPackage(package, str(entry["tier"]), str(entry.get("module", "")))


def _lock_entry(selected: SelectedPackage) -> dict[str, object]:
    """Return a package as its line of JSON."""
    package = selected.package
    return {
        "name": package.name,
        "epoch": package.evr.epoch,
        "version": package.evr.version,
        "release": package.evr.release,
        "arch": package.arch,
        "tier": selected.tier,
        "file": package.file,
        "size": package.size,
        "sha256": package.sha256,
        "key": package.key,
        "source_rpm": package.source_rpm,
        **({"module": selected.module} if selected.module else {}),
    }
