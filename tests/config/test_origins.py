# SPDX-License-Identifier: GPL-3.0-or-later
"""test_origins"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from smedoit.config import origins, release
from smedoit.config.toml import KeyPath
from smedoit.errors import ConfigError
from tests.config.test_faults import planted
from tests.config.test_release import SMALLEST

SAMPLE = Path(__file__).parents[2] / "release.toml"


def settings_of(directory: Path, text: str) -> dict[KeyPath, origins.Setting]:
    file = directory / "release.toml"
    file.write_text(text, encoding="utf-8")
    return {setting.path: setting for setting in origins.list_settings(file, {})}


def test_each_setting_names_its_line_or_that_it_is_the_default(tmp_path: Path) -> None:
    found = settings_of(tmp_path, SMALLEST + "[packages]\nseveral = { kernel = 2 }\n[excluded]\n'a*' = \"old\"\n")
    assert {found[path].origin for path in (("release", "label"), ("network", "tries"))} == {"default"}
    assert found["release", "short"].origin == "release.toml:3"
    assert found["tiers", 0, "path"].origin == "release.toml:11"
    assert found["packages", "several"].origin == "release.toml:22"
    assert found["excluded", "a*"].origin == "release.toml:24"


def test_what_a_task_sees_is_told_beside_what_the_file_says(tmp_path: Path) -> None:
    found = settings_of(tmp_path, SMALLEST.replace("2026-11-01T12:00:00Z", "2026-11-01"))
    assert (found["tiers", 0, "path"].value, found["tiers", 0, "path"].holds) == ("smeos", tmp_path / "build/smeos")
    text = origins.settings_as_toml(list(found.values()))
    assert f'path = "smeos"  # release.toml:11, which is "{tmp_path}/build/smeos"' in " ".join(text.split()).replace(
        'smeos" #', 'smeos"  #'
    )
    assert "date = 2026-11-01" in text
    assert "which is 2026-11-01T00:00:00Z" in text


@pytest.mark.parametrize("text", [SMALLEST, SAMPLE.read_text("utf-8")], ids=["the smallest", "our own"])
def test_what_is_shown_is_toml_that_says_the_same(tmp_path: Path, text: str) -> None:
    shown = origins.settings_as_toml(list(settings_of(tmp_path, text).values()))
    before = release.load_release(tmp_path / "release.toml")
    (tmp_path / "release.toml").write_text(shown, encoding="utf-8")
    assert release.load_release(tmp_path / "release.toml") == before


def test_a_table_or_a_key_can_be_asked_for_and_a_wrong_one_has_its_nearest(tmp_path: Path) -> None:
    found = list(settings_of(tmp_path, SMALLEST).values())
    assert {each.path[0] for each in origins.select_settings(found, ["network", "[mock]"])} == {"network", "mock"}
    [only] = origins.select_settings(found, ["release.label"])
    assert only.path == ("release", "label")
    with pytest.raises(ConfigError, match=r"(?s)nework: is no table or key.*did you mean network\?"):
        origins.select_settings(found, ["nework"])


def test_what_the_command_line_says_overrules_the_file(tmp_path: Path) -> None:
    file = shutil.copy(SAMPLE, tmp_path / "release.toml")
    said = {("network", "offline"): (True, "doit offline=1")}
    found = {each.path: each for each in origins.list_settings(Path(file), said)}
    assert (found["network", "offline"].holds, found["network", "offline"].origin) == (True, "doit offline=1")


def test_faults_for_machines_have_line_column_path_and_hint(tmp_path: Path) -> None:
    file = tmp_path / "release.toml"
    text, places = planted(SAMPLE.read_text("utf-8"))
    file.write_text(text, encoding="utf-8")
    told = json.loads(origins.faults_as_json(file))
    assert [(fault["line"], fault["column"]) for fault in told["faults"]] == sorted(place[:2] for place in places)
    assert told["faults"][0]["path"] == ["release", "short"]
    file.write_text("[release\n", encoding="utf-8")
    [fault] = json.loads(origins.faults_as_json(file))["faults"]
    assert (fault["line"], fault["column"], fault["hint"]) == (
        1,
        9,
        "close the heading with as many ] as it opens with [",
    )
    shutil.copy(SAMPLE, file)
    assert origins.faults_as_json(file) == ""


def test_settings_for_machines_are_json_that_has_every_key(tmp_path: Path) -> None:
    found = list(settings_of(tmp_path, SMALLEST).values())
    told = json.loads(origins.settings_as_json(tmp_path / "release.toml", found))
    assert [tuple(each["path"]) for each in told["settings"]] == [each.path for each in found]
    assert told["faults"] == []
