"""The Python 2.7 that the installer runs with, where this machine has one: it judges the syntax of our sources."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from smedoit.decide.errors import SmeError
from smedoit.do.run import run

INTERPRETERS = ("python2.7", "python2", "pypy")
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
JUDGE = """
import sys
for name in sys.argv[1:]:
    try:
        compile(open(name, "rb").read() + b"\\n", name, "exec", 0, True)
    except (SyntaxError, TypeError, ValueError) as error:
        print("%s, line %s: %s" % (name, getattr(error, "lineno", None) or 1, getattr(error, "msg", error)))
"""


def interpreter() -> str:
    """Return the name of a Python 2.7 on this machine, "" if it has none: a name may be a shim that leads nowhere."""
    there = (name for name in INTERPRETERS if shutil.which(name))
    return next((name for name in there if version(name) == "2.7"), "")


def version(name: str) -> str:
    """Return the version of an interpreter, "" if it does not start."""
    try:
        return run([name, "-c", VERSION]).strip()
    except SmeError:
        return ""


def complaints(name: str, files: Sequence[Path]) -> list[str]:
    """Return "FILE, line N: what is wrong" for every file that the interpreter called name would not import."""
    return run([name, "-c", JUDGE, *files]).splitlines() if files else []
