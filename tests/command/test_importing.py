# SPDX-License-Identifier: GPL-3.0-or-later
"""A release becomes a world where there is none yet."""

from __future__ import annotations

import os
from pathlib import Path

from tests.harness.processes import forked


def test_import_needs_no_world(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SMEDOIT")}
    done = forked("smedoit", "import", "--help", environment=environment, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("smedoit import [OPTION …] PLACE DIR\n")
    refused = forked("smedoit", "import", "nowhere", "there", environment=environment, cwd=tmp_path)
    assert (refused.code, refused.out) == (3, "")
    assert refused.err.startswith(f"error: {tmp_path}/nowhere")
