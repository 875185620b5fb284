# SPDX-License-Identifier: GPL-3.0-or-later
"""Small repositories of practice packages, and what libsolv makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from smedoit.repodata import read
from smedoit.repodata.inputs import RepoSource
from smedoit.sample import packages
from smedoit.sample.packages import RpmRecipe

MEDIUM = "the medium"


def recipe(name: str, **facts: Any) -> RpmRecipe:
    """Return a small package; NAME-VERSION-RELEASE says its version, which is 1-1 otherwise."""
    name, version, release = name.rsplit("-", 2) if name.count("-") > 1 else (name, "1", "1")
    return RpmRecipe(name, version, release, **{"size": 10, "compression": "none", "key": "", **facts})


def repository(place: Path, recipes: Iterable[RpmRecipe], name: str = MEDIUM) -> RepoSource:
    """Return a repository of these packages at place, without repodata."""
    place.mkdir(parents=True, exist_ok=True)
    for one in recipes:
        packages.write_rpm(one, place)
    return RepoSource(name, place, "x86_64")


def pool(*sources: RepoSource, kinds: Sequence[str] = ("primary",)) -> Any:
    """Return a libsolv pool of repositories, in their order."""
    found: Any = None
    for source in sources:
        with read.plain_metadata(source, kinds, source.place.parent / "facts.sqlite") as files:
            if found is None:
                found = read.create_solver_pool("x86_64", {source.name: files})
            else:
                read.load_repositories(found, {source.name: files})
    return found
