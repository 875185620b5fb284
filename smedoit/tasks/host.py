"""The machine that we build on."""

from __future__ import annotations

from smedoit.decide.config import Release
from smedoit.tell.wiring import Task, step


def doctor(rel: Release) -> Task:
    """What the host has and lacks."""
    return step(rel, "doctor", "doctor.examine", rel, always=True, wiki="Local Only: Requirements")
