# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python that has imported doit, smedoit and the heavy libraries, and forks for every run that is asked of it.

Whoever runs tests starts it once, with a socket as its standard input. Each packet is one request, with three files:
the run's stdout, its stderr, and where its process id and then its exit status are told, a line each. The child goes on
as `python -m MODULE ARGS` would have begun: dodo.py and release.toml are loaded by it alone, so nothing of one run
reaches another. It ends when the other side of the socket is closed.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any, NoReturn

HEAVY = (
    "createrepo_c", "doit.cmd_base", "doit.cmd_help", "doit.cmd_list", "doit.cmd_run", "doit.dependency",
    "doit.doit_cmd", "doit.loader", "doit.reporter", "doit.runner", "html.parser", "jinja2", "libcomps",
    "multiprocessing", "multiprocessing.queues", "multiprocessing.popen_fork", "productmd", "pycdlib", "pysequoia",
    "requests", "rich", "rich.progress", "rpm_rs", "solv", "sqlite3", "xxhash",
)  # fmt: skip
NOT_YET = ("smedoit.contents", "smedoit.__main__")  # the one reads a release at once, the other is what is run
LARGEST = 1 << 20  # bytes of a request
MOST_FILES = 1 << 16  # that anybody has open


def warm_up() -> None:
    """Import all that a run may need. No module may look at a release, or start a thread, when it is imported."""
    import smedoit

    sys.argv = ["-m"]  # as it stands while `python -m` imports: doit asks then what it is called
    for name in HEAVY:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(smedoit.__path__, "smedoit."):
        if module.name not in NOT_YET:
            importlib.import_module(module.name)
    threads = os.listdir("/proc/self/task")
    assert len(threads) == 1, f"{len(threads)} threads, and none but the first would live in a child"


def serve(asking: socket.socket) -> dict[str, Any]:
    """Fork for every request, and tell how the children end; returns in the children alone, with their request."""
    running: dict[int, tuple[int, int]] = {}  # file of a process -> its id, where its end is told
    poll = select.poll()
    poll.register(asking, select.POLLIN)
    while True:
        for ready, _ in poll.poll():
            if ready != asking.fileno():
                process, told = running.pop(ready)
                poll.unregister(ready)
                os.close(ready)
                code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
                tell(told, code)
                os.close(told)
                continue
            data, files, _, _ = socket.recv_fds(asking, LARGEST, 3)
            if not data:
                os._exit(0)
            child = os.fork()
            if child == 0:
                asking.detach()
                become(files[0], files[1])
                request: dict[str, Any] = json.loads(data)
                return request
            out, err, told = files
            tell(told, child)
            os.close(out)
            os.close(err)
            watched = os.pidfd_open(child)
            running[watched] = child, told
            poll.register(watched, select.POLLIN)


def tell(told: int, number: int) -> None:
    """Tell a number to whoever still listens."""
    with suppress(BrokenPipeError):
        os.write(told, f"{number}\n".encode())


def become(out: int, err: int) -> None:
    """Be a process with these files, nothing on its standard input, and no other file."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, out, err)):
        os.dup2(file, number)
    os.closerange(3, MOST_FILES)


def begin(request: dict[str, Any]) -> None:
    """Go on as the process that was asked for."""
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.umask(request["umask"])
    os.chdir(request["cwd"])
    sys.argv = ["-m", *request["args"]]
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        leave(0)
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            sys.stderr.write(f"{end.code}\n")
        leave(end.code if isinstance(end.code, int) else int(end.code is not None))


def leave(code: int) -> NoReturn:
    """End as Python does, but without tidying up memory that is shared with the one that forked: that would copy it."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


if __name__ == "__main__":
    warm_up()
    gc.collect()
    gc.freeze()
    begin(serve(socket.socket(fileno=0)))
