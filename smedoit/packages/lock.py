"""packages.lock: the picks as text, and back. Everything after it is built from the lock alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from smedoit.errors import PackageError
from smedoit.package import Evr, Package
from smedoit.packages.select import Pick

FORMAT = 1


def dumps(picks: Iterable[Pick]) -> str:
    """Return the lock as JSON, one pick a line, so that two locks can be compared with diff."""
    lines = ",\n".join(json.dumps(entry(one), ensure_ascii=False) for one in picks)
    return f'{{"format": {FORMAT}, "picks": [\n{lines}\n]}}\n'


def entry(one: Pick) -> dict[str, object]:
    """Return one pick as JSON knows it."""
    package = one.package
    return {
        "name": package.name,
        "epoch": package.evr.epoch,
        "version": package.evr.version,
        "release": package.evr.release,
        "arch": package.arch,
        "tier": one.tier,
        "file": package.file,
        "size": package.size,
        "sha256": package.sha256,
        "key": package.key,
        "source_rpm": package.source_rpm,
    }


def loads(text: str, file: Path) -> list[Pick]:
    """Return the picks of a lock, in its order. Raises PackageError if text is no lock of this format."""
    try:
        lock = json.loads(text)
        if lock["format"] != FORMAT:
            raise PackageError(
                f"{file}: is a lock of format {lock['format']}, not {FORMAT}", hint="delete it, run doit"
            )
        return [pick(one) for one in lock["picks"]]
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(f"{file}: is not a package lock, {error!r}", hint="delete it, doit makes it again") from None


def pick(one: dict[str, object]) -> Pick:
    """Return one pick from what JSON knew of it."""
    evr = Evr(int(str(one["epoch"])), str(one["version"]), str(one["release"]))
    texts = {key: str(one[key]) for key in ("name", "arch", "file", "sha256", "key", "source_rpm")}
    return Pick(Package(evr=evr, size=int(str(one["size"])), **texts), str(one["tier"]))
