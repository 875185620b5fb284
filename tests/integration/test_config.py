# SPDX-License-Identifier: GPL-3.0-or-later
"""test_config: doit config in a world, and in one whose release.toml no task could use"""

from __future__ import annotations

import json
from pathlib import Path

from smedoit.config import json_schema
from tests.harness.project import Project


def test_doit_config_shows_what_holds_and_who_said_so(tmp_path: Path) -> None:
    said = Project.bare(tmp_path).doit("config", "network", "release.label", "offline=1")
    assert said.code == 0, said.said
    assert "offline = true  # doit offline=1" in said.out
    assert 'label = "rc2"  # release.toml:11' in said.out
    assert "[tiers]" not in said.out


def test_doit_config_tells_all_faults_to_people_and_machines_and_ends_as_every_command_does(tmp_path: Path) -> None:
    trial = Project.bare(tmp_path)
    trial.configure("major = 10", 'major = "ten"')
    trial.configure('final = "fail"', 'final = "wran"')
    people, machines = trial.doit("config"), trial.doit("config", "--json")
    assert (people.code, machines.code) == (3, 3)
    assert "release.toml: 2 faults\n  release.toml:9:9: [release] major" in people.err
    assert [fault["line"] for fault in json.loads(machines.out)["faults"]] == [9, 103]


def test_doit_config_prints_the_schema_alone(tmp_path: Path) -> None:
    assert Project.bare(tmp_path).doit("config", "--schema").out == json_schema.format_schema()
