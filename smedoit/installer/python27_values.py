# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of plain Python 2.7 expressions, worked out without running them: numbers, texts, comparisons, startswith."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smedoit.installer.python27_grammar import Node
from smedoit.installer.python27_names import literal_text
from smedoit.installer.python27_tokens import NAME, NUMBER

DEEPEST = 100  # expressions in expressions


class _Unknown:
    """A value that only a running Python would know."""


UNKNOWN = _Unknown()


def plain_value(node: Node, values: Mapping[str, Any], depth: int = 0) -> Any:
    """Return the value of an expression; UNKNOWN for what is not plain, or deeper than a person writes.

    values  names -> what is known of them
    """
    if depth > DEEPEST:
        return UNKNOWN
    if (text := literal_text(node)) is not None:
        return text
    if node.kind == NUMBER:
        return _number_value(node.text)
    if node.kind == NAME:
        return {"True": True, "False": False, "None": None}.get(node.text, values.get(node.text, UNKNOWN))
    if node.kind == "not_test":
        value = plain_value(node.children[1], values, depth + 1)
        return UNKNOWN if value is UNKNOWN else not value
    if node.kind in ("and_test", "or_test"):
        return _join_values(
            [plain_value(child, values, depth + 1) for child in node.children[::2]], node.kind == "or_test"
        )
    if node.kind == "factor" and node.children[0].kind == "-":
        value = plain_value(node.children[1], values, depth + 1)
        return -value if isinstance(value, int) else UNKNOWN
    if node.kind == "comparison" and len(node.children) == 3:
        return _compare(node, values, depth)
    if node.kind == "power":
        return _call(node, values, depth)
    if node.kind == "testlist" or (node.kind == "atom" and node.children[0].kind == "("):
        return _group(node, values, depth)
    return UNKNOWN


def _group(node: Node, values: Mapping[str, Any], depth: int) -> Any:
    """Return what stands in brackets: a value, or a tuple of values."""
    held = node.children[1] if node.children[0].kind == "(" and len(node.children) == 3 else node
    if held.kind in ("testlist_comp", "testlist"):
        items = [plain_value(child, values, depth + 1) for child in held.children if child.kind != ","]
        return UNKNOWN if any(item is UNKNOWN for item in items) else tuple(items)
    return plain_value(held, values, depth + 1) if held is not node else UNKNOWN


def _compare(node: Node, values: Mapping[str, Any], depth: int) -> Any:
    """Return the result of a comparison."""
    left, right = (plain_value(node.children[at], values, depth + 1) for at in (0, 2))
    sign = node.children[1]
    word = sign.text or " ".join(part.text for part in sign.children)
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if word in ("==", "is"):
        return bool(left == right)
    if word in ("!=", "<>", "is not"):
        return bool(left != right)
    if word in ("in", "not in") and isinstance(right, (str, tuple)) and isinstance(left, str):
        return (left in right) == (word == "in")
    return UNKNOWN


def _call(node: Node, values: Mapping[str, Any], depth: int) -> Any:
    """Return productName.startswith(…) and its like, and product.productName."""
    trailers = node.children[1:]
    if node.children[0].kind != NAME or any(trailer.kind != "trailer" for trailer in trailers):
        return UNKNOWN
    value = plain_value(node.children[0], values, depth + 1)
    dotted = f"{node.children[0].text}.{trailers[0].children[-1].text}"
    if trailers[0].children[0].kind == "." and dotted in values:  # a name of a module
        value, trailers = values[dotted], trailers[1:]
    if not trailers:
        return value
    for trailer, call in zip(trailers, [*trailers[1:], None], strict=True):
        if trailer.children[0].kind != "." or not isinstance(value, str) or call is None:
            return UNKNOWN
        word = trailer.children[1].text
        if word in ("startswith", "endswith") and len(call.children) == 3 and len(trailers) == 2:
            ends = plain_value(call.children[1], values, depth + 1)
            is_plain = isinstance(ends, str) or (isinstance(ends, tuple) and all(isinstance(end, str) for end in ends))
            return getattr(value, word)(ends) if is_plain else UNKNOWN
        return UNKNOWN
    return UNKNOWN


def _number_value(text: str) -> Any:
    """Return a whole number as Python 2.7 reads it."""
    plain = text.rstrip("lL")
    octal = plain.startswith("0") and plain.isdigit()
    try:
        return int(plain, 8 if octal else 0)
    except ValueError:
        return UNKNOWN


def _join_values(values: list[Any], is_or: bool) -> Any:
    """Return the value of several that are joined by "or", or by "and"."""
    for value in values[:-1]:
        if value is UNKNOWN or bool(value) == is_or:
            return value
    return values[-1]
