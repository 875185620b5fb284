# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever asks gets JSON: nothing else is on the output, and the rest of the run is told on standard error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.project import Outcome, Project


def document(outcome: Outcome) -> Any:
    return json.loads(outcome.out)


def test_a_check_tells_machines_what_it_found_also_when_it_is_up_to_date(built: Project) -> None:
    first, again = built.doit("updates", "--json"), built.doit("updates", "--json")
    assert first.code == again.code == 0
    assert document(first)["task"] == "updates"
    assert document(first)["passed"] is True
    assert any("bug 11580" in line for line in document(first)["lines"])
    assert document(again) == document(first)
    assert again.ran == set()


def test_what_runs_before_is_told_on_standard_error(built: Project) -> None:
    built.put(built.recipe("bash", "smeupdates", release="36.el7_9"), "smeupdates")
    outcome = built.doit("updates", "--json")
    assert document(outcome)["task"] == "updates"
    assert "packages: " in outcome.err


def test_a_task_that_was_not_run_says_what_failed_instead(built: Project) -> None:
    (built.tier() / "bad-1-1.noarch.rpm").write_bytes(b"no package")
    outcome = built.doit("updates", "--json")
    assert outcome.code != 0
    assert outcome.out, outcome.err
    found = document(outcome)
    assert (found["task"], found["passed"], found["did"]) == ("updates", False, "not run, packages failed")
    assert any("bad-1-1.noarch.rpm" in subject for subjects in found["findings"].values() for subject in subjects)


def test_a_failure_is_a_document_and_a_sentence(built: Project) -> None:
    iso = built.iso
    data = bytearray(iso.read_bytes())
    data[-5000] ^= 1
    iso.unlink()
    iso.write_bytes(data)
    outcome = built.doit("medium_keys", "retire", "--json", "10.0.1")
    assert outcome.code != 0
    assert document(outcome)["passed"] is False
    assert "retire failed: " in outcome.err


@pytest.mark.parametrize("command", [("list",), ("why",), ("list", "tiers:*"), ("why", "closure")])
def test_list_and_why_tell_the_decision_of_each_task(built: Project, command: tuple[str, ...]) -> None:
    found = document(built.doit(*command, "--json"))
    assert found
    for entry in found:
        assert set(entry) == {"task", "status", "doc", "reasons", "waits_for"}


def test_who_makes_something_has_no_such_option(built: Project) -> None:
    assert built.doit("packages", "--json").code != 0
