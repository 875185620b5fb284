"""The Python 2.7 that the installer runs with, where this machine has one: it judges the syntax of our sources."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from smedoit.decide.errors import SmeError
from smedoit.do.run import run

INTERPRETER = "python2.7"
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
JUDGE = """
import sys
for name in sys.argv[1:]:
    try:
        compile(open(name, "rb").read() + b"\\n", name, "exec", 0, True)
    except (SyntaxError, TypeError, ValueError) as error:
        print("%s, line %s: %s" % (name, getattr(error, "lineno", None) or 1, getattr(error, "msg", error)))
"""


def is_there() -> bool:
    """Return whether this machine has one; a program of that name may also be a shim that leads nowhere."""
    try:
        return shutil.which(INTERPRETER) is not None and run([INTERPRETER, "-c", VERSION]).strip() == "2.7"
    except SmeError:
        return False


def complaints(files: Sequence[Path]) -> list[str]:
    """Return "FILE, line N: what is wrong" for every file that it would not import. Raises SmeError without it."""
    return run([INTERPRETER, "-c", JUDGE, *files]).splitlines() if files else []
