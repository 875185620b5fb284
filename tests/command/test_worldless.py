# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs no world: a release that becomes one, and two releases that are compared."""

from __future__ import annotations

import json
import os
from pathlib import Path

from smedoit.runtime.files import write_file
from tests.harness.processes import Ended, forked

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("SMEDOIT")}


def test_compare_needs_no_world_and_ends_as_diff_does(tmp_path: Path) -> None:
    for name, text in {"a": "x", "b": "x", "c": "y"}.items():
        write_file(tmp_path / name / "file", text)

    def typed(*words: str) -> Ended:
        return forked("smedoit", "compare", *words, environment=ENVIRONMENT, cwd=tmp_path)

    same, differs, trouble = typed("a", "b"), typed("a", "c", "--json"), typed("a", "nowhere")
    assert [run.code for run in (same, differs, trouble)] == [0, 1, 2]
    assert "a and b are the same" in same.out
    assert [found["name"] for found in json.loads(differs.out)["differences"]] == ["file"]
    assert trouble.err.startswith("error: nowhere: there is nothing of that name")


def test_import_needs_no_world(tmp_path: Path) -> None:
    environment = ENVIRONMENT
    done = forked("smedoit", "import", "--help", environment=environment, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("smedoit import [OPTION …] PLACE DIR\n")
    refused = forked("smedoit", "import", "nowhere", "there", environment=environment, cwd=tmp_path)
    assert (refused.code, refused.out) == (3, "")
    assert refused.err.startswith(f"error: {tmp_path}/nowhere")
