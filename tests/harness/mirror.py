# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.harness.mirror: say what a process was given, then fail."""

from __future__ import annotations

import os
import sys
import threading


def files() -> list[int]:
    """Return the files that are open; the one that lists them is gone by then."""
    return [number for number in map(int, os.listdir("/proc/self/fd")) if os.path.exists(f"/proc/self/fd/{number}")]


if __name__ == "__main__":
    mask = os.umask(0)
    leads = os.getcwd() == os.path.abspath(sys.path[0] or ".")
    print(sys.argv[1:], repr(os.environ["COLOUR"]), repr(sys.stdin.read()), oct(mask), files(), leads, end=" ")
    print(threading.active_count())
    raise RuntimeError("the end")
