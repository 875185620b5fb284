# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of gettext catalogs: how complete each is, and what changed between two sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from smedoit.installer.gettext_catalog import Catalog, is_installer_catalog, language_of_path
from smedoit.runtime import progress

NAMED = 12  # languages that a sentence names before it only counts them


def catalog_completeness(catalogues: Iterable[Catalog]) -> dict[str, int]:
    """Return language -> per cent of the messages that the most complete catalogue translates.

    A compiled catalogue holds only what is translated, so the largest is the nearest to the whole.
    """
    found = {catalog.language: catalog.messages for catalog in catalogues}
    most = max(found.values(), default=1)
    return {language: 100 * messages // most for language, messages in sorted(found.items())}


@dataclass(frozen=True)
class CatalogChanges:
    """What a new set has otherwise than the old one; paths, sorted."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def compare_catalogs(old: Mapping[str, str], new: Mapping[str, str]) -> CatalogChanges:
    """Return how new differs from old; both are path -> digest."""
    return CatalogChanges(
        tuple(sorted(set(new) - set(old))),
        tuple(sorted(path for path in set(new) & set(old) if new[path] != old[path])),
        tuple(sorted(set(old) - set(new))),
    )


def describe_catalog_changes(changes: CatalogChanges, complete: Mapping[str, int]) -> str:
    """Return a sentence on the new set; complete is language -> per cent."""
    parts = [f"{len(complete)} languages"]
    for verb, paths in (("added", changes.added), ("changed", changes.changed), ("removed", changes.removed)):
        if paths:
            languages = [_language_with_percent(path, complete) for path in paths]
            parts.append(f"{verb}: {progress.join_names(languages, NAMED)}")
    return "; ".join(parts if changes else [*parts, "none changed"])


def _language_with_percent(path: str, complete: Mapping[str, int]) -> str:
    """Return a path's language with its completeness, where it still has one; another file by its path."""
    if not is_installer_catalog(path):
        return path
    language = language_of_path(path)
    return f"{language} {complete[language]} %" if language in complete else language
