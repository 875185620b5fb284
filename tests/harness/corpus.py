# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the corpus of real files lies; without it a test is skipped, but never in CI."""

from __future__ import annotations

import os
from pathlib import Path

from tests.harness.places import PROJECT
from tests.harness.tools import missing


def corpus_dir() -> Path:
    """Return the corpus: $SMEDOIT_CORPUS, else ../shared/data beside the project."""
    place = Path(os.environ.get("SMEDOIT_CORPUS") or PROJECT.parent / "shared/data")
    if not (place / "README.md").is_file():
        missing("the corpus of real files; SMEDOIT_CORPUS says where it lies")
    return place.resolve()
