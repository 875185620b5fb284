"""test_process"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from smedoit.errors import SmeError
from smedoit.runtime.process import ProgramError, run_program, start_program

PYTHON = sys.executable
NOISY = "import sys; print('to be read'); print('a warning', file=sys.stderr)"
FAILING = "import sys; [print('line', n) for n in range(50)]; print('the reason', file=sys.stderr); sys.exit(3)"


def test_what_a_program_prints_is_returned_and_its_warnings_are_not() -> None:
    assert run_program([PYTHON, "-c", NOISY]) == "to be read\n"


def test_no_shell_reads_the_words() -> None:
    assert (
        run_program([PYTHON, "-c", "import sys; print(sys.argv[1:])", "a b", "$HOME", ";"]) == "['a b', '$HOME', ';']\n"
    )


def test_a_program_gets_its_input_directory_and_environment(tmp_path: Path) -> None:
    script = "import os, sys; print(sys.stdin.read(), os.getcwd(), os.environ['X'], os.environ['LC_ALL'])"
    said = run_program([PYTHON, "-c", script], cwd=tmp_path, env={"X": "y"}, stdin=b"words")
    assert said == f"words {tmp_path} y C.UTF-8\n"


def test_much_input_and_much_output_do_not_block() -> None:
    much = b"x" * (1 << 20)
    assert len(run_program([PYTHON, "-c", "import sys; print(sys.stdin.read())"], stdin=much)) == len(much) + 1


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
