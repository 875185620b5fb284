# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that we build on."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import JSON, Task


def doctor(rel: Release) -> Task:
    """What the host has and lacks, and whether what release.toml names is there."""

    def run(json: bool) -> object:
        from smedoit.doctor.examine import run_doctor

        return run_doctor(rel=rel, as_json=json)

    return Task(
        name="doctor",
        run=run,
        always=True,
        asks=True,
        options=[JSON],
        wiki="Local Only: Requirements",
    )
