# SPDX-License-Identifier: GPL-3.0-or-later
"""The second readers: programs that check our files without sharing our code."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest


def need(*programs: str) -> None:
    """Skip the test, naming the first program that is absent; in CI, where all must be there, fail."""
    for program in programs:
        if not shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
            missing(program)


def missing(what: str) -> NoReturn:
    """Skip the test for want of something; in CI, where all must be there, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"needs {what}")
    pytest.skip(f"needs {what}")


def read_with(*command: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> str:
    """Return what a second reader prints; its refusal fails the test with its words."""
    environment = {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(command, capture_output=True, env=environment, input=stdin, check=False, cwd=cwd)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout.decode(errors="replace")
