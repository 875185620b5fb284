# SPDX-License-Identifier: GPL-3.0-or-later
"""gettext catalogs (.mo) as the installer reads them: Python 2.7's gettext, and the C library for its windows."""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import USUAL
from smedoit.config.inputs import PLACES
from smedoit.errors import ContentError
from smedoit.installer.languages import INSTALLER_LANGUAGES, language_remark
from smedoit.runtime import progress

BELOW_LANGUAGE = ("LC_MESSAGES", "anaconda.mo")
BYTE_ORDERS = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}
NEWER_CODECS = ("cp1125", "cp273", "cp65001", "koi8-t", "kz1048", "oem")  # that Python has since 3
PLACEHOLDER = re.compile(rb"%\(([^()%\n]*)\)")
TRIED = 200  # numbers that a plural rule is tried with; gettext's own tools try 1000
UPDATES_PO = PLACES["updates"]


@dataclass(frozen=True)
class Catalog:
    """A catalogue that gettext loads: its language, and how many messages it translates.

    doubts  about messages that load, and at which the installer would end when it shows them
    """

    language: str
    messages: int
    doubts: tuple[str, ...] = ()


def is_installer_catalog(relative: str) -> bool:
    """Return whether a path is LANG/LC_MESSAGES/anaconda.mo, the only place where the installer looks."""
    parts = PurePosixPath(relative).parts
    return len(parts) == 3 and parts[1:] == BELOW_LANGUAGE


def language_of_path(relative: str) -> str:
    """Return the language of LANG/LC_MESSAGES/anaconda.mo."""
    return PurePosixPath(relative).parts[0]


def parse_catalog(relative: str, data: bytes) -> Catalog:
    """Return the catalogue LANG/LC_MESSAGES/anaconda.mo. Raises ContentError, with the reason alone, if it is none.

    Source: gettext.py of Python 2.7.5 and 2.7.18; gettext manual, "The Format of GNU MO Files"
    """
    try:
        pairs = list(_catalog_pairs(data))
        _check_messages(pairs)
    except ValueError as error:
        raise ContentError(f"is not a catalog that gettext can load: {error}") from None
    messages = sum(1 for original, _ in pairs if original)
    if messages < 1:
        raise ContentError("translates nothing")
    return Catalog(language_of_path(relative), messages, tuple(_placeholder_doubts(pairs)))


def _placeholder_doubts(pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
    """Yield what is odd about names to be filled in: Python fills in none that a translator renamed."""
    for original, translation in pairs:
        given = set(PLACEHOLDER.findall(original))
        for name in sorted(set(PLACEHOLDER.findall(translation)) - given) if given else ():
            shown = name.decode("utf-8", "replace")[:40]
            yield f"the translation of {_shown_message(original)} asks for %({shown}), which the original does not have"


def _catalog_pairs(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield original and translation of every message. Raises ValueError for what points out of the file."""
    order = BYTE_ORDERS.get(data[:4])
    if order is None:
        raise ValueError("it does not begin as a .mo file does")
    if len(data) < 28:
        raise ValueError("it is cut short")
    revision, count, originals, translations, hashes = struct.unpack_from(f"{order}5I", data, 4)
    if revision >> 16 > 1:
        raise ValueError(f"its format has revision {revision >> 16}, and the C library knows 0 and 1")
    if max(originals, translations) + 8 * count > len(data):
        raise ValueError("it is cut short")
    last = b""
    for number in range(count):
        pair = []
        for table in (originals, translations):
            length, start = struct.unpack_from(f"{order}2I", data, table + 8 * number)
            if start + length >= len(data):
                raise ValueError("it is cut short")
            pair.append(data[start : start + length])
        original, translation = pair
        if hashes <= 2 and original < last:  # without a hash table the C library halves its way to a message
            raise ValueError(f"its messages are not sorted, {_shown_message(original)} stands too late")
        last = original
        yield original, translation


def _check_messages(pairs: Iterable[tuple[bytes, bytes]]) -> None:
    """Raise ValueError for a header or messages at which gettext ends. Its charset holds for what follows it."""
    charset, forms = "", 2
    plural: Callable[[int], int] = _germanic_plural
    for original, translation in pairs:
        if not original:
            for key, value in _header_fields(translation):
                if key == "content-type":
                    charset = _catalog_charset(value)
                elif key == "plural-forms":
                    plural, forms = _plural_rule(value)
        variants = original.split(b"\0")
        if len(variants) > 2:
            raise ValueError(f"message {_shown_message(original)} has more than one plural")
        for text in (original, translation):
            _decode_text(text, charset, original)
    for number in range(TRIED):
        try:
            form = plural(number)
        except ArithmeticError as error:
            raise ValueError(f"its plural rule cannot be computed for {number}: {error}") from None
        if not 0 <= form < forms:
            raise ValueError(f"its plural rule gives form {form} for {number}, and there are {forms}")


def _header_fields(text: bytes) -> Iterator[tuple[str, str]]:
    """Yield key and value of the lines of a header."""
    for line in text.splitlines():
        key, colon, value = line.strip().partition(b":")
        if colon:
            yield key.strip().lower().decode("latin-1"), value.strip().decode("latin-1")


def _catalog_charset(value: str) -> str:
    """Return the charset of a Content-Type. Raises ValueError for none, and one that Python 2.7 does not know."""
    _, found, charset = value.partition("charset=")
    charset = charset.split("charset=")[0]
    try:
        info = codecs.lookup(charset)
        bytes(1).decode(charset)  # which refuses a codec that is none for text
    except (LookupError, ValueError, UnicodeError):
        info = None
    if not found or info is None or not charset.isascii() or info.name in NEWER_CODECS:
        raise ValueError(f"its charset {charset[:40]} is unknown" if found else f"its Content-Type is {value[:40]!r}")
    return charset


def _plural_rule(value: str) -> tuple[Callable[[int], int], int]:
    """Return the rule of Plural-Forms, and how many forms there are. Raises ValueError for one that gettext refuses."""
    from gettext import c2py

    count, _, rest = value.partition(";")
    _, found, expression = rest.split(";")[0].partition("plural=")
    number = count.strip().removeprefix("nplurals").strip().removeprefix("=").strip()
    if not found or not (number.isascii() and number.isdigit() and len(number) < 3):
        raise ValueError(f"its Plural-Forms are {value[:60]!r}, not nplurals=N; plural=EXPRESSION;")
    try:
        return c2py(expression.split("plural=")[0]), int(number)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"its plural rule {expression[:60]!r} is none: {str(error)[:60]}") from None


def _germanic_plural(number: int) -> int:
    """Return the form of a number where the header says nothing."""
    return int(number != 1)


def _decode_text(text: bytes, charset: str, original: bytes) -> None:
    """Raise ValueError for letters that the charset does not explain."""
    try:
        text.decode(charset or "ascii")
    except (UnicodeError, ValueError):
        why = f"are no {charset}" if charset else "have no charset in the header before them"
        raise ValueError(f"letters of message {_shown_message(original)} {why}") from None


def _shown_message(original: bytes) -> str:
    """Return the beginning of a message as a sentence names it; the header has no original."""
    text = original.split(b"\0")[0].decode("utf-8", "replace")
    return repr(text if len(text) <= 40 else f"{text[:40]}…") if original else "of the header"


def catalog_places(base: Base) -> tuple[str, ...]:
    """Return the directories in which a base's installer looks for translations."""
    return tuple(place for place in PLACES.values() if base.reads_updates or place != UPDATES_PO)


def misplaced_catalog(name: str, base: Base = USUAL) -> str:
    """Return why a catalog or its source is never read at that place of an overlay image, "" if it is.

    Below both places every domain counts: anaconda binds what it finds.
    """
    path = PurePosixPath(name)
    for place in catalog_places(base):
        below = path.parts[len(PurePosixPath(place).parts) :] if name.startswith(f"{place}/") else ()
        if len(below) == 3 and below[1] == "LC_MESSAGES" and path.suffix == ".mo":
            return ""
    places = " and ".join(catalog_places(base))
    return f"nobody reads it there: the installer looks for LANG/LC_MESSAGES/anaconda.mo below {places}"


def catalog_remarks(names: Iterable[str], base: Base = USUAL) -> list[str]:
    """Return what is odd about the languages of an overlay image, though the installer takes it.

    names  of all files of the image
    """
    found = [name for name in names if name.endswith(".mo") and not misplaced_catalog(name, base)]
    language = {name: PurePosixPath(name).parts[-3] for name in found}
    remarks = [f"{name}: {remark}" for name in found if (remark := language_remark(language[name]))]
    ours = {language[name] for name in found if name.startswith(UPDATES_PO) and name.endswith("/anaconda.mo")}
    if hidden := [other for other in INSTALLER_LANGUAGES.split() if ours and other not in ours]:
        shown = progress.join_names(hidden, 6)
        remarks.append(
            f"{UPDATES_PO} replaces the installer's own translations: {shown} will be English;"
            f' with [translations] place = "locale" they stay'
        )
    return remarks
