"""tasks"""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, step


def sample(rel: Release) -> Task:
    """The practice world."""
    return step(rel, "sample", "sample.world.make_sample", rel, always=True)
