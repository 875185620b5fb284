# SPDX-License-Identifier: GPL-3.0-or-later
"""What both generated parts need: an error that ends the build, and text that Markdown leaves alone."""

from __future__ import annotations

import re

from sphinx.errors import SphinxError

CODE = re.compile(r"(`[^`]*`)")
SPECIAL = re.compile(r"([\\*_\[\]<>{}$#|~^])")


class HandbookError(SphinxError):
    """Something that the handbook must explain has no explanation."""

    category = "handbook"


def escaped(text: str) -> str:
    """Return plain text as Markdown shows it; an arrow becomes one letter, what stands in backticks stays code."""
    parts = CODE.split(text.replace(" -> ", " → "))
    return "".join(part if part.startswith("`") else SPECIAL.sub(r"\\\1", part) for part in parts)


def code(text: str) -> str:
    """Return text as inline code."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"
