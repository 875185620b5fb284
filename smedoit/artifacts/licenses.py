"""Whether what a package says of its licence is an expression as SPDX knows it."""

from __future__ import annotations

import re

from smedoit.artifacts.spdxids import EXCEPTIONS, LICENSES

TOKEN = re.compile(r"\s*([()]|[A-Za-z0-9][A-Za-z0-9.+:-]*)")


def is_license_expression(text: str) -> bool:
    """Return whether text is a licence expression of known identifiers: MIT AND (Zlib OR 0BSD).

    RPM's older words are none: GPLv2+, Public Domain. Source: SPDX 2.3, annex D
    """
    words = _split_tokens(text)
    return bool(words) and _take_expression(words) and not words


def _split_tokens(text: str) -> list[str]:
    """Return the words and brackets of text; nothing if it has anything else."""
    found, at = [], 0
    while at < len(text.rstrip()):
        word = TOKEN.match(text, at)
        if not word:
            return []
        found.append(word.group(1))
        at = word.end()
    return found


def _take_expression(words: list[str]) -> bool:
    """Take an expression off the front of words; return whether there was one."""
    good = _take_operand(words)
    while good and words and words[0] in ("AND", "OR"):
        words.pop(0)
        good = _take_operand(words)
    return good


def _take_operand(words: list[str]) -> bool:
    """Take one operand off the front of words; return whether there was one."""
    word = words.pop(0) if words else ""
    if word == "(":
        return _take_expression(words) and bool(words) and words.pop(0) == ")"
    if word.removesuffix("+") not in LICENSES:
        return False
    if words and words[0] == "WITH":
        return len(words) > 1 and words.pop(0) == "WITH" and words.pop(0) in EXCEPTIONS
    return True
