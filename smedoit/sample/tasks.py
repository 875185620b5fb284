"""The practice world."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task


def sample(rel: Release) -> Task:
    """The practice world."""
    return define_task(rel, "sample", "sample.world.make_sample", rel, always=True)
