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
from smedoit.release.majors import MAJORS
from tests.harness.places import PROJECT

EACH = pytest.mark.parametrize("base", MAJORS)
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


@EACH
def test_the_keys_are_those_that_koozali_and_upstream_publish(base: str) -> None:
    text = release_text(base, False, NOW)
    for name in ("RPM-GPG-KEY-koozali", MAJORS[base].key):
        assert next(key.fingerprint for key in PUBLISHED if key.file == name) in text


@EACH
@pytest.mark.parametrize("practice", [False, True])
def test_a_world_of_each_base_is_valid_at_once(tmp_path: Path, base: str, practice: bool) -> None:
    (tmp_path / "release.toml").write_text(release_text(base, practice, NOW), encoding="utf-8")
    rel, major = load_release(tmp_path / "release.toml"), MAJORS[base]
    assert (rel.release.built_on.name, rel.release.major, rel.is_practice) == (base, major.major, practice)
    assert {tier.name for tier in rel.tiers} == {tier.name for tier in (*major.own, *major.foreign)}


@EACH
def test_a_practice_release_names_no_other_one(base: str) -> None:
    own, others = MAJORS[base], [major for major in MAJORS.values() if major.base != base]
    text = release_text(base, True, NOW)
    named = [mark for major in others for mark in (major.content_name, major.upstream) if mark in text]
    assert named == [] and own.content_name in text


@pytest.mark.parametrize(("base", "streams"), [("el8", {"php": "8.2"}), ("el9", {"php": "8.2"}), ("el10", {})])
def test_a_practice_release_has_what_its_packages_call_for(tmp_path: Path, base: str, streams: dict[str, str]) -> None:
    (tmp_path / "release.toml").write_text(release_text(base, True, NOW), encoding="utf-8")
    rel = load_release(tmp_path / "release.toml")
    assert rel.modules.enabled == streams
    assert rel.closure.allow_missing == {}
    assert set(rel.updates.explained) == {"smetest/*", "smeextras/*"}
    assert [str(place).rpartition("/rocky/")[2][-20:] for place in rel.anaconda.upstream] == ["/AppStream/x86_64/os"]


def test_tiers_are_as_the_mirrors_have_them() -> None:
    names = {base: [tier.name for tier in MAJORS[base].own] for base in MAJORS}
    assert "smeupdates" in names["el7"] and "smeupdates" not in names["el8"]
    assert "smecontribs-testing" in names["el8"] and names["el8"] == names["el9"] == names["el10"]
    assert [tier.name for tier in MAJORS["el9"].foreign][:4] == ["baseos", "appstream", "crb", "extras"]


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
        (["--base", "el6"], "--base el6: there is no such base\n  hint: there are el7 for SME Server 10, el8 for"),
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
