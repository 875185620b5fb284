# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx configuration of the handbook: HTML and man pages from the same text."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

from smedoit import __version__  # noqa: E402  the package of this clone, installed or not

project = "smedoit"
author = "the smedoit authors"
copyright = "the smedoit authors, GPL-3.0-or-later"
version = release = __version__

extensions = ["myst_parser", "handbook"]
exclude_patterns = ["_build", "_ext"]
nitpicky = True
smartquotes = False  # what stands in quotes is typed like that
myst_enable_extensions = ["deflist", "attrs_inline"]
myst_heading_anchors = 3
suppress_warnings = ["myst.strikethrough"]

html_theme = "furo"
html_title = "smedoit handbook"
html_copy_source = False
html_show_sourcelink = False

man_make_section_directory = True
man_pages = [
    ("reference/smedoit", "smedoit", "build the installation media of Koozali SME Server", author, 7),
    ("reference/tasks", "smedoit-tasks", "the tasks of smedoit", author, 7),
    ("reference/release-toml", "release.toml", "what a release manager decides", author, 5),
]
