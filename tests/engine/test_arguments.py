# SPDX-License-Identifier: GPL-3.0-or-later
"""What is typed is understood, or refused with the name that was meant."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from smedoit.engine import arguments
from smedoit.engine.option import Option
from smedoit.engine.run import choose_tasks
from smedoit.errors import UsageError

DRY = Option("dry_run", "", default=False, long="dry-run", short="n")
SOURCE = Option("source", "", long="from")
FIRMWARE = Option("firmware", "", default="bios", short="f", choices=("bios", "uefi"))
SECONDS = Option("seconds", "", default=2)
OPTIONS = [DRY, SOURCE, FIRMWARE, SECONDS]


@pytest.mark.parametrize(
    ("typed", "options", "words"),
    [
        ("a --dry-run b", {"dry_run": True}, ["a", "b"]),
        ("--from smetest a", {"source": "smetest"}, ["a"]),
        ("--from=smetest", {"source": "smetest"}, []),
        ("--from=", {"source": ""}, []),
        ("-nf uefi a", {"dry_run": True, "firmware": "uefi"}, ["a"]),
        ("-fuefi", {"firmware": "uefi"}, []),
        ("--sec 30", {"seconds": 30}, []),
        ("--from a -- --dry-run -x", {"source": "a"}, ["--dry-run", "-x"]),
        ("-", {}, ["-"]),
    ],
)
def test_options_stand_before_and_behind_words(typed: str, options: dict[str, object], words: list[str]) -> None:
    given = arguments.read_options("promote", OPTIONS, typed.split(), mixed=True)
    assert (dict(given.options), list(given.words)) == (options, words)


def test_where_words_are_tasks_the_first_of_them_ends_the_options() -> None:
    given = arguments.read_options("iso", OPTIONS, ["-n", "tree", "--from", "a"], mixed=False)
    assert (dict(given.options), list(given.words)) == ({"dry_run": True}, ["tree", "--from", "a"])


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("--dry-rnu", "there is no option --dry-rnu\n  hint: did you mean --dry-run?"),
        ("--nothing-like-it", "there is no option --nothing-like-it"),
        ("-x", "there is no option -x"),
        ("--from", "--from needs a value\n  hint: type it behind --from"),
        ("--dry-run=1", "--dry-run takes no value\n  hint: type --dry-run alone"),
        ("--firmware ueif", "--firmware ueif: there is no such choice\n  hint: did you mean uefi?"),
        ("-f disk", "-f disk: there is no such choice\n  hint: choose bios or uefi"),
        ("--seconds two", "--seconds two: is no whole number\n  hint: type --seconds 2"),
        ("--seconds ٣", "--seconds ٣: is no whole number\n  hint: type --seconds 2"),
    ],
)
def test_an_option_that_cannot_be_is_a_sentence_with_what_was_meant(typed: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        arguments.read_options("promote", OPTIONS, typed.split(), mixed=True)
    assert str(refused.value) == f"promote: {sentence}"


def test_a_variable_that_nobody_reads_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(
        UsageError, match=r"offlien=: nobody reads a variable of that name\n  hint: did you mean offline=\?"
    ):
        arguments.refuse_unread(["again", "offlien"], ["offline", "quiet", "again"])
    with pytest.raises(UsageError, match=r"hint: there are again=, offline=, quiet="):
        arguments.refuse_unread(["x"], ["offline", "quiet", "again"])


def test_a_path_with_an_equals_sign_is_a_word_and_no_variable() -> None:
    typed = ["offline=1", "rebuild", "/srv/a=b/record.json", "--to=x", "--", "a=b"]
    assert arguments.split_variables(typed) == (
        {"offline": "1"},
        ["rebuild", "/srv/a=b/record.json", "--to=x", "--", "a=b"],
    )


def tasks() -> dict[str, Any]:
    """Return a few tasks as doit has them."""
    options = [DRY.for_doit(), SOURCE.for_doit()]
    return {
        "iso": SimpleNamespace(params=[], pos_arg=None),
        "preview": SimpleNamespace(params=[FIRMWARE.for_doit()], pos_arg=None),
        "promote": SimpleNamespace(params=options, pos_arg="names"),
    }


def chosen(typed: str) -> Any:
    return choose_tasks(typed.split(), tasks(), {"build/the.iso": "/home/build/the.iso"}, "smedoit")


def test_each_task_gets_what_stands_behind_its_name() -> None:
    assert chosen("preview -f uefi iso promote a --dry-run b --from smetest").for_doit() == [
        "preview", "-fuefi", "iso", "promote", "--dry-run", "--from=smetest", "--", "a", "b",
    ]  # fmt: skip


def test_options_of_the_run_may_stand_behind_a_task() -> None:
    found = chosen("iso -q -n 2 preview --verbose")
    assert found.for_doit() == ["iso", "preview"]
    assert dict(found.common) == {"quiet": True, "num_process": 2, "verbose": True}


def test_of_two_options_with_one_letter_that_of_the_task_counts() -> None:
    found = chosen("promote -n a")
    assert (found.for_doit(), dict(found.common)) == (["promote", "-n", "--", "a"], {})


def test_a_target_and_a_glob_stand_for_tasks() -> None:
    assert chosen("build/the.iso /home/build/the.iso p*").for_doit() == ["/home/build/the.iso"] * 2 + ["p*"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("ios", "there is no task ios\n  hint: did you mean iso? smedoit list shows all"),
        ("iso lsit", "there is no task lsit\n  hint: did you mean list? smedoit list shows all"),
        ("iso list", "list is a command, and no task\n  hint: type it first: smedoit list"),
        ("qqqq", "there is no task qqqq\n  hint: smedoit list shows all"),
    ],
)
def test_a_word_that_is_no_task_is_a_sentence_with_what_was_meant(typed: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        chosen(typed)
    assert str(refused.value) == sentence
