"""The machine that we build on."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, step


def doctor(rel: Release) -> Task:
    """What the host has and lacks."""
    return step(rel, "doctor", "doctor.examine.examine", rel, always=True, wiki="Local Only: Requirements")
