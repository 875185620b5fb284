"""Patches of the server-manager's translations that wait on a server, held against the package on the medium."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from smedoit.decide.errors import human
from smedoit.decide.package import Package


@dataclass(frozen=True)
class Patch:
    """One patch: its path below the page that lists it, its bytes and date, None where the server is silent."""

    path: str
    size: int | None
    modified: datetime | None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take over."""
        return self.size == 0


def pending(patch: Patch, built: datetime | None) -> bool:
    """Return whether a patch cannot be in a package built at that moment; None means that there is no package.

    Without a date nobody can tell, so it counts as pending: looking once more costs less
    than a release without its translations.
    """
    return not patch.is_empty and (built is None or patch.modified is None or patch.modified > built)


def line(patch: Patch, built: datetime | None) -> str:
    """Return a patch as a line for people."""
    size = "of unknown size" if patch.size is None else human(patch.size)
    verdict = "needs a new build of the package" if pending(patch, built) else "older than the package"
    return f"{patch.path}: {size}, {moment(patch.modified)}, {verdict}"


def moment(when: datetime | None) -> str:
    """Return a moment as people read it, in UTC."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC") if when else "without a date"


def package_of(packages: Iterable[Package], name: str) -> Package | None:
    """Return the package of that name, else one built from the source package of that name, None without either."""
    found = list(packages)
    by_name = [one for one in found if one.name == name]
    by_source = [one for one in found if one.source_rpm.rsplit("-", 2)[0] == name]
    return next(iter([*by_name, *by_source]), None)
