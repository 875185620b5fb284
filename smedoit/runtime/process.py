"""The only door to other programs: no shell, an equal environment everywhere, a log, and failures in words."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from smedoit.errors import SmeError, os_error_text

TAIL = 15  # lines of a failed program's output that its sentence carries
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
    stdin: bytes | None = None,
    package: str = "",
    answers: Container[int] = (0,),
    heard: Callable[[str], None] | None = None,
) -> str:
    """Run a program and return what it wrote to its standard output.

    env      added to the environment that we have ourselves
    log      gets the command and all of its output, while it runs
    package  the Debian package that has the program, for the hint when it is absent
    answers  exit codes that are no failure: some programs answer with them
    heard    is called with each line of standard output as it comes

    Raises SmeError when the program is absent, Failed when it fails, with its last words.
    """
    words = [os.fspath(word) for word in command]
    with _open_log(log) as record, _stdin_file(stdin) as source:
        record.write(f"$ {shlex.join(words)}\n".encode())
        record.flush()
        start = record.tell()
        try:
            child = subprocess.Popen(
                words, cwd=cwd, env={**os.environ, **EVERYWHERE, **(env or {})}, stdin=source,
                stdout=subprocess.PIPE, stderr=record,
            )  # fmt: skip
        except OSError as error:
            raise _not_found_error(words[0], error, package) from error
        output = _copy_output(child, record, heard)
        if child.returncode not in answers:
            record.seek(start)
            raise _exit_error(words, child.returncode, record.read().decode(errors="replace"), log)
    return output.decode(errors="surrogateescape")


@contextmanager
def start_program(command: Sequence[str | Path], *, log: Path, package: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Yield a program that runs meanwhile, all of its output going to log; at the end it is ended.

    Raises SmeError when the program is absent.
    """
    words = [os.fspath(word) for word in command]
    with _open_log(log) as record:
        record.write(f"$ {shlex.join(words)}\n".encode())
        record.flush()
        try:
            child = subprocess.Popen(
                words, env={**os.environ, **EVERYWHERE}, stdin=subprocess.DEVNULL, stdout=record, stderr=record
            )
        except OSError as error:
            raise _not_found_error(words[0], error, package) from error
        try:
            yield child
        finally:
            child.kill()
            child.wait()


def _open_log(log: Path | None) -> IO[bytes]:
    """Return the log, open at its end; without one, a nameless file that serves for the last words."""
    if log is None:
        return tempfile.TemporaryFile("a+b")
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("a+b")  # append: the program's own writes and ours do not overwrite each other


def _stdin_file(stdin: bytes | None) -> IO[bytes]:
    """Return a file to read stdin from; a file, because a pipe could fill up on both sides."""
    source = tempfile.TemporaryFile()  # noqa: SIM115, the caller closes it
    source.write(stdin or b"")
    source.seek(0)
    return source


def _copy_output(
    child: subprocess.Popen[bytes], record: IO[bytes], heard: Callable[[str], None] | None = None
) -> bytes:
    """Return what child prints, copying it to record as it comes. An interruption ends child, too."""
    assert child.stdout
    lines = []
    try:
        for line in child.stdout:
            lines.append(line)
            record.write(line)
            record.flush()
            if heard:
                heard(line.decode(errors="surrogateescape").rstrip("\n"))
        child.wait()
    except BaseException:
        child.kill()
        child.wait()
        raise
    finally:
        child.stdout.close()
    return b"".join(lines)


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
