# SPDX-License-Identifier: GPL-3.0-or-later
"""The only door to other programs: no shell, an equal environment everywhere, a log, and failures in words."""

from __future__ import annotations

import functools
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from smedoit.errors import SmeError, os_error_text
from smedoit.runtime.files import open_without_link, wrap_os_errors

if TYPE_CHECKING:
    import ctypes

TAIL = 15  # lines of a failed program's output that its sentence carries
PR_SET_PDEATHSIG = 1  # linux/prctl.h
EVERYWHERE = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}  # messages and times must not depend on the builder's desk


class ProgramError(SmeError):
    """A program that ran and failed: with which code, and all that it wrote to its standard error."""

    said = ""
    code = 0


def run_program(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    package: str = "",
    ok_codes: Container[int] = (0,),
) -> str:
    """Run a program that is given nothing to read, and return what it wrote to its standard output.

    env       added to the environment that we have ourselves
    log       gets the command and all of its output, while it runs
    package   the Debian package that has the program, for the hint when it is absent
    ok_codes  exit codes that are no failure: some programs answer with them

    Raises SmeError when the program is absent, ProgramError when it fails, with its last words.
    """
    return "".join(_output_lines(_Start(command, cwd, env, package), log, ok_codes))


def follow_program(
    command: Sequence[str | Path],
    on_line: Callable[[str], None],
    *,
    log: Path | None = None,
    package: str,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a program as run_program does, and call on_line with each line of its standard output as it comes."""
    with closing(_output_lines(_Start(command, None, env, package), log, (0,))) as lines:
        for line in lines:
            on_line(line.rstrip("\n"))


@contextmanager
def start_program(command: Sequence[str | Path], *, log: Path, package: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Yield a program that runs meanwhile, all of its output going to log; at the end it is ended.

    Raises SmeError when the program is absent.
    """
    with _open_log(log) as record:
        start = _Start(command, None, None, package)
        start.note(record)
        child = start.popen(record, record)
        try:
            yield child
        finally:
            child.kill()
            child.wait()


def _open_log(log: Path | None) -> IO[bytes]:
    """Return the log, open at its end; without one, a nameless file that serves for the last words."""
    if log is None:
        return tempfile.TemporaryFile("a+b")
    with wrap_os_errors(log, "written"):
        log.parent.mkdir(parents=True, exist_ok=True)
        # append: the program's own writes and ours do not overwrite each other
        return open(log, "a+b", opener=open_without_link)


@dataclass(frozen=True)
class _Start:
    """How a program is started."""

    command: Sequence[str | Path]
    cwd: Path | None
    env: Mapping[str, str] | None
    package: str

    @property
    def words(self) -> list[str]:
        return [os.fspath(word) for word in self.command]

    def note(self, record: IO[bytes]) -> int:
        """Write the command into record; return where its own output will begin."""
        record.write(f"$ {shlex.join(self.words)}\n".encode())
        record.flush()
        return record.tell()

    def popen(self, stdout: int | IO[bytes], record: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start it; its errors go to record. Raises SmeError."""
        try:
            return subprocess.Popen(
                self.words, cwd=self.cwd, env={**os.environ, **EVERYWHERE, **(self.env or {})},
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=record,
                preexec_fn=functools.partial(_end_with_parent, _system_calls(), os.getpid(), signal.SIGTERM),
            )  # fmt: skip
        except OSError as error:
            raise _not_found_error(self.words[0], error, self.package) from error


def _output_lines(start: _Start, log: Path | None, ok_codes: Container[int]) -> Generator[str, None, None]:
    """Yield the lines that a program prints, as they come, copying them to log. An interruption ends it, too."""
    with _open_log(log) as record:
        begun = start.note(record)
        child = start.popen(subprocess.PIPE, record)
        assert child.stdout
        try:
            for line in child.stdout:
                record.write(line)
                record.flush()
                yield line.decode(errors="surrogateescape")
            child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
        finally:
            child.stdout.close()
        if child.returncode not in ok_codes:
            record.seek(begun)
            raise _exit_error(start.words, child.returncode, record.read().decode(errors="replace"), log)


def end_children_with_us() -> None:
    """Let the workers that we fork from now on end when we are killed: they would write beside the next run.

    Linux only. Programs are asked to end (SIGTERM), so that mock can unmount and rsync can end its other half.
    """
    parents = [os.getpid()]

    def before() -> None:
        parents[0] = os.getpid()
        _system_calls()  # not earlier: a doit with nothing to do does not fork

    os.register_at_fork(
        before=before, after_in_child=lambda: _end_with_parent(_system_calls(), parents[0], signal.SIGKILL)
    )


@functools.cache
def _system_calls() -> ctypes.CDLL | None:
    """Return the C library, loaded before a fork: between fork and exec as little as can be is done."""
    import ctypes

    try:
        calls = ctypes.CDLL(None)
        return calls if hasattr(calls, "prctl") else None
    except OSError:
        return None


def _end_with_parent(calls: ctypes.CDLL | None, parent: int, how: signal.Signals) -> None:
    """Let this process, just forked, end by a signal when its parent does."""
    if calls is None:
        return
    calls.prctl(PR_SET_PDEATHSIG, how)
    if os.getppid() != parent:  # it was quicker
        os._exit(128 + how)


def _not_found_error(program: str, error: OSError, package: str) -> SmeError:
    """Return the error for a program that cannot be started."""
    hint = f"on Debian it is in the package {package}" if package else "install it, or mend PATH"
    return SmeError(f"{program}: cannot be run, {os_error_text(error)}", hint=hint)


def _exit_error(words: Sequence[str], code: int, said: str, log: Path | None) -> ProgramError:
    """Return the error for a program that ran and failed; a negative code is the signal that ended it."""
    how = f"failed with code {code}" if code > 0 else f"was ended by signal {-code}"
    tail = "".join(f"\n    {line}" for line in said.splitlines()[-TAIL:])
    error = ProgramError(f"{shlex.join(words)} {how}:{tail}", hint=f"all of its output is in {log}" if log else "")
    error.said, error.code = said, code
    return error
