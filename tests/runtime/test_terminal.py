# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and answers from outside are shown and never obeyed, whichever way they come to the terminal."""

from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.errors import format_grouped
from smedoit.packages import explain
from smedoit.packages.explain import SelectionVerdict, TierPackage
from smedoit.release import notes_pages
from smedoit.runtime import progress
from smedoit.runtime.files import write_file
from smedoit.runtime.terminal import UNSEEN, escape_line, escape_text, show_text
from tests.harness.nouns import package
from tests.harness.places import PROJECT
from tests.harness.project import Project

ATTACKS = {
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "\x1b[2J\x1b[1;1H": r"\x1b[2J\x1b[1;1H",
    "ok\rbad": r"ok\x0dbad",
    "bad\b\b\bok ": r"bad\x08\x08\x08ok ",
    "\x9b31m": r"\x9b31m",
    "a\u202egpj.exe": r"a\u202egpj.exe",
    "\u2066a\u2069\u200f\u061c": r"\u2066a\u2069\u200f\u061c",
    "a\u200bb\ufeff\u2028": r"a\u200bb\ufeff\u2028",
    "\U000e0041": r"\U000e0041",
    b"K\xe4se".decode("utf-8", "surrogateescape"): r"K\xe4se",
    "\ud83d": r"\ud83d",
    "Käse 日本語 עברית 🙂\tx\ny": "Käse 日本語 עברית 🙂\tx\ny",
}


@pytest.mark.parametrize(("text", "shown"), ATTACKS.items())
def test_what_a_terminal_would_obey_is_spelled_out(text: str, shown: str) -> None:
    assert escape_text(text) == shown
    assert escape_line(text) == shown.replace("\n", r"\n").replace("\t", r"\t")


def test_every_control_and_bidi_character_is_among_them() -> None:
    turning = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    for code in range(0x110000):
        text = chr(code)
        odd = unicodedata.category(text) in ("Cc", "Zl", "Zp", "Cs") or unicodedata.bidirectional(text) in turning
        assert not odd or text in "\n\t" or UNSEEN.match(text), hex(code)


@given(st.text(st.characters(codec=None)))
def test_whatever_comes_can_be_written_and_holds_nothing_unseen(text: str) -> None:
    out = io.StringIO()
    show_text(out, text)
    out.getvalue().encode("utf-8")
    assert not UNSEEN.search(out.getvalue())


def test_lines_and_logs_go_through_the_same_door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with progress.open_task_log(tmp_path / "log"):
        progress.show_line("a\x1b[2Jb\u202e")
    assert capsys.readouterr().out == "a\\x1b[2Jb\\u202e\n"
    assert (tmp_path / "log").read_text().endswith(" a\\x1b[2Jb\\u202e\n")


def test_a_bar_takes_nothing_of_a_name_for_markup() -> None:
    from rich.text import Text

    name = "[red]\x1b[31m[link=http://x]\nname"
    assert Text.from_markup(progress._bar_label(name)).plain == escape_line(name)


def test_a_name_of_several_lines_is_one_line_of_a_report() -> None:
    assert format_grouped({"is gone": ["a\nerror: all is well"]}).splitlines()[1:] == [r"    a\nerror: all is well"]


def test_the_claims_of_a_refused_package_are_shown_escaped() -> None:
    claimed = package("bash-1-1.noarch", name="bash\x1b[2J\nsmeos: good", file="x\u202e.rpm")
    said = explain.format_verdicts([SelectionVerdict(TierPackage(claimed, "smeos", 0), False, "refused\r")])
    assert not UNSEEN.search(said) and len(said.splitlines()) == 3


def test_release_notes_carry_nothing_that_a_console_obeys() -> None:
    assert notes_pages._strip_control_characters("a\x1b[2J\x9bb\u202ec") == "a [2J bc".replace("bc", "b c")


def test_a_file_name_in_a_tier_reaches_neither_terminal_nor_log(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "world")
    assert project.doit("sample").code == 0
    write_file(project.tier() / "x86_64/RPMS/\x1b]0;evil\x07\u202e\n-1-1.noarch.rpm", b"no package")
    outcome = project.doit("packages")
    assert outcome.code != 0 and r"\x1b]0;evil\x07\u202e\n-1-1.noarch.rpm" in outcome.said
    assert not UNSEEN.search(outcome.said)
    assert not UNSEEN.search((project.release.logs / "packages.log").read_text())


def test_there_is_no_other_door_to_the_terminal() -> None:
    door = re.compile(r"^[^#\"\n]*(\bprint\(|outstream\.write|std(out|err)\.write|\.out\.write)", re.MULTILINE)
    others = [
        path.name
        for path in sorted((PROJECT / "smedoit").rglob("*.py"))
        if door.search(path.read_text(encoding="utf-8"))
    ]
    assert {*others} <= {"install_classes.py"}  # which may hold a program for Python 2
