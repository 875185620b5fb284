# SPDX-License-Identifier: GPL-3.0-or-later
"""gettext catalogs: whether one loads, how complete it is, and what changed between two sets."""

from __future__ import annotations

import gettext
import io
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from smedoit.errors import ContentError

BELOW_LANGUAGE = ("LC_MESSAGES", "anaconda.mo")
NAMED = 12  # languages that a sentence names before it only counts them


@dataclass(frozen=True)
class Catalog:
    """A catalogue that gettext loads: its language, and how many messages it translates."""

    language: str
    messages: int


def is_installer_catalog(relative: str) -> bool:
    """Return whether a path is LANG/LC_MESSAGES/anaconda.mo, the only place where the installer looks."""
    parts = PurePosixPath(relative).parts
    return len(parts) == 3 and parts[1:] == BELOW_LANGUAGE


def _language_of_path(relative: str) -> str:
    """Return the language of LANG/LC_MESSAGES/anaconda.mo."""
    return PurePosixPath(relative).parts[0]


def parse_catalog(relative: str, data: bytes) -> Catalog:
    """Return the catalogue LANG/LC_MESSAGES/anaconda.mo. Raises ContentError, with the reason alone, if it is none."""
    try:
        loaded = gettext.GNUTranslations(io.BytesIO(data))
    except Exception as error:  # gettext raises whatever its parser runs into
        raise ContentError(f"is not a catalog that gettext can load ({_parser_message(error)})") from None
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    (count,) = struct.unpack_from(f"{order}I", data, 8)
    messages = count - bool(loaded.info())
    if messages < 1:
        raise ContentError("translates nothing")
    return Catalog(_language_of_path(relative), messages)


def _parser_message(error: Exception) -> str:
    """Return what a parser's error says, in short."""
    if isinstance(error, OSError) and len(error.args) > 2:
        return str(error.args[1]).lower()
    return (str(error).splitlines() or [type(error).__name__])[0][:80].lower()


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
            parts.append(f"{verb}: {_shorten_list([_language_with_percent(path, complete) for path in paths])}")
    return "; ".join(parts if changes else [*parts, "none changed"])


def _language_with_percent(path: str, complete: Mapping[str, int]) -> str:
    """Return a path's language with its completeness, where it still has one; another file by its path."""
    if not is_installer_catalog(path):
        return path
    language = _language_of_path(path)
    return f"{language} {complete[language]} %" if language in complete else language


def _shorten_list(names: list[str]) -> str:
    """Return names as a list in a sentence, the rest as a count."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
