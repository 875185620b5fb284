# SPDX-License-Identifier: GPL-3.0-or-later
"""No package appears on a mirror that no pinned key signed, whatever tier it lies in and whatever state says of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smedoit.runtime.files import write_file
from smedoit.sample import packages
from smedoit.sample.packages import RpmRecipe
from tests.harness.project import Project
from tests.integration.test_publish_doit import CHECKS, made, trial
from tests.integration.test_verify_signatures import forge_verdict

__all__ = ["CHECKS", "made", "trial"]  # the fixtures


def unsigned(project: Project) -> str:
    data = packages.build_rpm(RpmRecipe("stray", "1", "1", key=""))
    write_file(project.tier("smeextras") / "RPMS/stray-1-1.noarch.rpm", data)
    return "not signed"


def no_rpm(project: Project) -> str:
    write_file(project.tier("smeextras") / "RPMS/stray-1-1.noarch.rpm", "a text\n")
    return "not an RPM"


@pytest.mark.parametrize("stray", [unsigned, no_rpm])
def test_a_package_of_a_tier_that_is_not_staged_is_refused_by_name(
    trial: Project, stray: Callable[[Project], str]
) -> None:
    reason = stray(trial)
    try:
        for command in ("plan_publish", "publish"):
            answer = trial.doit(command)
            assert answer.code != 0
            assert "1 package must not appear on a mirror\n" in answer.said
            assert reason in answer.said
            assert "smeextras/RPMS/stray-1-1.noarch.rpm" in answer.said
        assert not any(trial.release.publish.target.rglob("*.rpm"))
    finally:
        (trial.tier("smeextras") / "RPMS/stray-1-1.noarch.rpm").unlink()


def test_what_state_says_of_a_package_is_no_proof(trial: Project) -> None:
    assert trial.doit("plan_publish").code == 0
    package = next(trial.tier("smeextras").rglob("RPMS/*.rpm"))
    data = package.read_bytes()
    forge_verdict(trial, package, data[:-1] + bytes([data[-1] ^ 1]))
    trial.build("tiers", *CHECKS)  # which believe it
    assert trial.doit("plan_publish").code == 0
    try:
        answer = trial.doit("publish")
        assert answer.code != 0
        assert "its payload does not match the digest in its signed header" in answer.said
        assert package.name in answer.said
        assert not any(trial.release.publish.target.rglob("*.rpm"))
    finally:
        write_file(package, data)
        trial.build("tiers", *CHECKS)
