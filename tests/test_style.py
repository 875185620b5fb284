"""One style, one check of the types: what a reviewer need not look at."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.tools import missing

PROJECT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "words", [("ruff", "format", "--check"), ("ruff", "check"), ("mypy", "--strict", "-p", "smedoit")], ids=" ".join
)
def test_no_complaint_from(words: tuple[str, ...]) -> None:
    if not importlib.util.find_spec(words[0]):
        missing(words[0])
    done = subprocess.run([sys.executable, "-m", *words], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
