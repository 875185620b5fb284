"""What the headers of packages require and provide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from smedoit.decide.errors import PackageError
from smedoit.decide.relations import EQUAL, GREATER, LESS, Relation, Relations
from smedoit.do import rpms, tree, workers


def read_all(paths: Mapping[str, Path]) -> dict[str, Relations]:
    """Return the relations of every package, under the names that paths gives them. Raises PackageError, TreeError."""
    return dict(zip(paths, workers.spread(read, list(paths.values())), strict=True))


def read(path: Path) -> Relations:
    """Return the relations of one package. Raises PackageError, TreeError."""
    try:
        with tree.worded(path, "read"):
            meta = rpms.open_header(path)
        return Relations(related(meta.requires()), related(meta.provides()), tuple(map(str, meta.file_paths())))
    except (rpms.Bad, *rpms.LIBRARY_ERRORS) as error:
        raise PackageError(f"{path}: {error}", hint="get a good copy of it") from None


def related(found: Iterable[Any]) -> tuple[Relation, ...]:
    """Return rpm-rs's dependencies as ours."""
    mask = LESS | GREATER | EQUAL
    return tuple(Relation(str(one.name), int(one.flags) & mask, str(one.version)) for one in found)
