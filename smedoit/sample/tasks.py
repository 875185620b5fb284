# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice world."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task


def sample(rel: Release) -> Task:
    """The practice world."""

    def run() -> object:
        from smedoit.sample.world import make_sample

        return make_sample(rel=rel)

    return Task(
        name="sample",
        run=run,
        always=True,
    )
