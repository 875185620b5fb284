"""The Python 2.7 that the installer runs with, where this machine has one: it judges the syntax of our sources."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from smedoit.errors import SmeError

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


def candidates() -> tuple[str, ...]:
    """Return the names of programs on this machine that may be a Python 2.7; nobody has asked them yet."""
    return tuple(name for name in INTERPRETERS if shutil.which(name))


def interpreter(names: Sequence[str]) -> str:
    """Return the first of the names that is a Python 2.7, "" if none is: a name may be a shim that leads nowhere."""
    return next((name for name in names if version(name) == "2.7"), "")


def version(name: str) -> str:
    """Return the version of an interpreter, "" if it does not start."""
    from smedoit.run import run

    try:
        return run([name, "-c", VERSION]).strip()
    except SmeError:
        return ""


def complaints(name: str, files: Sequence[Path]) -> list[str]:
    """Return "FILE, line N: what is wrong" for every file that the interpreter called name would not import."""
    from smedoit.run import run

    return run([name, "-c", JUDGE, *files]).splitlines() if files else []
