# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Python 2.7 as a second reader: CPython's where it is more than a name, else jython's."""

from __future__ import annotations

import subprocess
from contextlib import suppress

from tests.harness.tools import missing


def run_python27(source: str, given: str) -> str:
    """Return what a source of Python 2.7 prints when it reads the given text."""
    for interpreter in ("python2.7", "jython"):
        with suppress(OSError, subprocess.CalledProcessError):
            return subprocess.run(
                [interpreter, "-c", source], input=given, capture_output=True, text=True, check=True
            ).stdout
    return missing("python2.7 or jython")
