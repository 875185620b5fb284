# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated parts of the handbook: settings and bases from their classes, tasks from dodo.py.

A page asks for a part with a comment on a line of its own, `<!-- generated: settings -->`. The comment is replaced
by Markdown before the page is parsed, so that generated headings, anchors and links are like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from handbook import bases, settings, tasks
from smedoit.bases.known import BASES

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
PARTS: Mapping[str, Callable[[Path], str]] = {
    "settings": lambda _root: settings.as_markdown(settings.walk_release()),
    "bases": lambda _root: bases.as_markdown([*BASES.values()]),
    "tasks": lambda root: tasks.as_markdown(tasks.load_tasks(root)),
}


def fill_generated_parts(app: Sphinx, _docname: str, source: list[str]) -> None:
    """Replace the marks of a page by what they ask for. Raises HandbookError for what cannot be documented."""
    root = Path(app.srcdir).parent

    def generated(mark: re.Match[str]) -> str:
        return PARTS[mark.group(1)](root)

    source[0] = MARK.sub(generated, source[0])


def reread_generated_pages(
    _app: Sphinx, env: BuildEnvironment, _added: set[str], _changed: set[str], _removed: set[str]
) -> list[str]:
    """Return the pages with generated parts: code may have changed although their text did not."""
    return [name for name in env.found_docs if MARK.search(Path(env.doc2path(name)).read_text(encoding="utf-8"))]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension with Sphinx."""
    app.connect("env-get-outdated", reread_generated_pages)
    app.connect("source-read", fill_generated_parts)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
