"""The machine that we build on."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task


def doctor(rel: Release) -> Task:
    """What the host has and lacks."""
    return define_task(rel, "doctor", "doctor.examine.run_doctor", rel, always=True, wiki="Local Only: Requirements")
