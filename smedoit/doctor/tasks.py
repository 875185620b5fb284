# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that we build on."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task


def doctor(rel: Release) -> Task:
    """What the host has and lacks."""

    def run() -> object:
        from smedoit.doctor.examine import run_doctor

        return run_doctor(rel=rel)

    return Task(
        name="doctor",
        run=run,
        always=True,
        asks=True,
        wiki="Local Only: Requirements",
    )
