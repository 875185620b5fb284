# SPDX-License-Identifier: GPL-3.0-or-later
"""smedoit init writes a world that is valid from the first moment, and overwrites nothing."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from smedoit.command.init import MARK, init_world, release_text
from smedoit.config.release import load_release
from smedoit.engine.world import CONTENTS_PAGE
from smedoit.errors import UsageError
from smedoit.keys.known import PUBLISHED
from tests.harness.places import PROJECT

NOW = datetime(2026, 11, 28, tzinfo=timezone.utc)


def test_the_world_is_valid_at_once_and_marks_what_must_be_filled_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "Größe und Maß"
    assert init_world([str(home)], "smedoit") == 0
    rel = load_release(home / "release.toml")
    assert (rel.root, rel.is_practice) == (home / "build", False)
    said = capsys.readouterr().out
    lines = (home / "release.toml").read_text(encoding="utf-8").splitlines()
    assert f"(lines {', '.join(str(number) for number, line in enumerate(lines, 1) if f'# {MARK}' in line)})" in said
    assert said.startswith(f"{home}: release.toml, dodo.py and doit.cfg are written\ncd ")


def test_a_dodo_py_has_three_lines_of_which_one_does_something() -> None:
    assert len(CONTENTS_PAGE.splitlines()) == 3


def test_the_keys_are_those_that_koozali_and_centos_publish() -> None:
    text = release_text("el7", False, NOW)
    for name in ("RPM-GPG-KEY-koozali", "RPM-GPG-KEY-CentOS-7"):
        assert next(key.fingerprint for key in PUBLISHED if key.file == name) in text


def test_the_practice_release_is_that_of_the_clone() -> None:
    assert release_text("el7", True, NOW) == (PROJECT / "release.toml").read_text(encoding="utf-8")


def test_what_is_there_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dodo.py").write_text("mine")
    assert init_world([str(tmp_path)], "smedoit") == 0
    assert (tmp_path / "dodo.py").read_text() == "mine"
    assert (
        "dodo.py is kept, its tasks are smedoit's if it has: from smedoit.contents import *" in capsys.readouterr().out
    )
    with pytest.raises(UsageError, match=r"release.toml: is there already"):
        init_world([str(tmp_path), "--sample"], "smedoit")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["--base", "el8"], "--base el8: smedoit makes el7 so far"),
        (["--smaple"], "init: there is no option --smaple\n  hint: did you mean --sample"),
        (["a", "b"], "init takes one directory"),
    ],
)
def test_what_cannot_be_begun_is_a_sentence(typed: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        init_world(typed, "smedoit")
    assert str(refused.value).startswith(sentence)


def test_a_file_in_the_place_of_the_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(UsageError, match=r"taken: is no directory"):
        init_world([str(tmp_path / "taken")], "smedoit")
