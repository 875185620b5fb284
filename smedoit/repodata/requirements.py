# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packages of a libsolv pool require, and which of it nothing in the pool provides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MARKER = (
    "solvable:prereqmarker"  # libsolv puts it between requirements and what scriptlets need: Requires(pre), (post) …
)
JUDGED_BY_RPM = ("rpmlib(",)  # features of rpm itself, which no package provides


def installable_packages(pool: Any) -> Iterator[Any]:
    """Yield the packages of the pool that its architecture can install."""
    return (solvable for solvable in pool.solvables_iter() if solvable.installable())


def package_requirements(solvable: Any) -> list[Any]:
    """Return all that a package requires, also before and after scriptlets run.

    Asked without 0, libsolv stops at its marker, and Requires(pre) and Requires(post) stay unseen.
    """
    import solv

    return [relation for relation in solvable.lookup_deparray(solv.SOLVABLE_REQUIRES, 0) if str(relation) != MARKER]


def is_rich(relation: str) -> bool:
    """Return whether a relation is a boolean one, which only the solver can judge."""
    return relation.startswith("(")


def needs_filelists(pool: Any) -> bool:
    """Return whether a relation may be about a file that primary metadata leaves out."""
    import solv

    relations = {
        relation.id: relation
        for solvable in installable_packages(pool)
        for relation in [*package_requirements(solvable), *solvable.lookup_deparray(solv.SOLVABLE_CONFLICTS)]
    }
    return any(
        "/" in str(dependency)
        if is_rich(str(dependency))
        else str(dependency).startswith("/") and not pool.whatprovides(dependency)
        for dependency in relations.values()
    )


def unprovided_requirements(pool: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (package, relation) for every plain requirement that nothing provides."""
    unprovided: dict[int, bool] = {}
    for solvable in installable_packages(pool):
        for relation in package_requirements(solvable):
            if relation.id not in unprovided:
                text = str(relation)
                plain = not is_rich(text) and not text.startswith(JUDGED_BY_RPM)
                unprovided[relation.id] = plain and not pool.whatprovides(relation)
            if unprovided[relation.id]:
                yield solvable, relation


def packages_obsoleting(pool: Any, solvable: Any) -> list[Any]:
    """Return the packages of the pool that obsolete one of them."""
    import solv

    found: list[Any] = pool.whatmatchessolvable(solv.SOLVABLE_OBSOLETES, solvable)
    return found


def package_sha256(solvable: Any) -> str:
    """Return the SHA-256 of a package as metadata has it, "" where it has none."""
    import solv

    checksum = solvable.lookup_checksum(solv.SOLVABLE_CHECKSUM)
    return str(checksum.hex()) if checksum and checksum.type == solv.REPOKEY_TYPE_SHA256 else ""
