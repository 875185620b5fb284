# SPDX-License-Identifier: GPL-3.0-or-later
"""test_process"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from smedoit.errors import SmeError
from smedoit.runtime.process import ProgramError, follow_program, run_program, start_program

PYTHON = sys.executable
NOISY = "import sys; print('to be read'); print('a warning', file=sys.stderr)"
FAILING = "import sys; [print('line', n) for n in range(50)]; print('the reason', file=sys.stderr); sys.exit(3)"


def test_what_a_program_prints_is_returned_and_its_warnings_are_not() -> None:
    assert run_program([PYTHON, "-c", NOISY]) == "to be read\n"


def test_no_shell_reads_the_words() -> None:
    assert (
        run_program([PYTHON, "-c", "import sys; print(sys.argv[1:])", "a b", "$HOME", ";"]) == "['a b', '$HOME', ';']\n"
    )


def test_a_program_gets_its_directory_and_environment_and_nothing_to_read(tmp_path: Path) -> None:
    script = "import os, sys; print([sys.stdin.read()], os.getcwd(), os.environ['X'], os.environ['LC_ALL'])"
    assert run_program([PYTHON, "-c", script], cwd=tmp_path, env={"X": "y"}) == f"[''] {tmp_path} y C.UTF-8\n"


def test_much_output_does_not_block() -> None:
    assert len(run_program([PYTHON, "-c", "print('x' * (1 << 20))"])) == (1 << 20) + 1


def test_who_follows_a_program_gets_each_line_and_may_end_it(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "import os; print('a'); print('b', os.getpid())"
    follow_program([PYTHON, "-c", script], lines.append, log=tmp_path / "log", package="")
    assert [line[:1] for line in lines] == ["a", "b"]

    def weary(line: str) -> None:
        raise KeyError(line)

    endless = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(1000)"
    with pytest.raises(KeyError) as caught:
        follow_program([PYTHON, "-c", endless], weary, log=tmp_path / "log", package="")
    with pytest.raises(ProcessLookupError):
        os.kill(int(caught.value.args[0]), 0)


def test_the_log_keeps_every_command_with_all_its_output(tmp_path: Path) -> None:
    log = tmp_path / "logs/step.log"
    run_program([PYTHON, "-c", NOISY], log=log)
    run_program([PYTHON, "-c", NOISY], log=log)
    text = log.read_text()
    assert (text.count("$ "), text.count("to be read\n"), text.count("a warning\n")) == (2, 2, 2)


def test_an_absent_program_is_named_with_its_package() -> None:
    with pytest.raises(SmeError, match=r"(?s)no-such-program: cannot be run.*package nosuch"):
        run_program(["no-such-program"], package="nosuch")


def test_a_failure_shows_the_last_words_and_where_the_rest_is(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    log.write_text("older words\n")
    with pytest.raises(SmeError) as caught:
        run_program([PYTHON, "-c", FAILING], log=log)
    text = str(caught.value)
    assert "failed with code 3" in text
    assert "the reason" in text
    assert str(log) in text
    assert "older words" not in text
    assert len(text.splitlines()) < 20


def test_a_signal_is_called_a_signal() -> None:
    with pytest.raises(SmeError, match="was ended by signal 9"):
        run_program([PYTHON, "-c", "import os; os.kill(os.getpid(), 9)"])


def test_a_program_that_runs_meanwhile_ends_with_its_block(tmp_path: Path) -> None:
    with start_program(["sleep", "600"], log=tmp_path / "log") as child:
        assert child.poll() is None
    assert child.poll() == -9
    assert (tmp_path / "log").read_text() == "$ sleep 600\n"


def test_a_program_that_runs_meanwhile_must_be_there(tmp_path: Path) -> None:
    refused = pytest.raises(SmeError, match=r"no-such-program: cannot be run.*\n.*package p")
    with refused, start_program(["no-such-program"], log=tmp_path / "log", package="p"):
        pass


def test_what_a_failed_program_said_can_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ProgramError) as failure:
        run_program(["ls", tmp_path / "nothing"])
    assert "No such file or directory" in failure.value.said
