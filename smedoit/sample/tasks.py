# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice world."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Option, Task


def sample(rel: Release) -> Task:
    """The practice world."""

    def run(dry_run: bool, remove: bool) -> object:
        from smedoit.sample.world import make_sample

        return make_sample(rel=rel, dry_run=dry_run, remove=remove)

    return Task(
        name="sample",
        run=run,
        always=True,
        options=[
            Option("dry_run", "list what would be added, and do nothing", default=False, long="dry-run"),
            Option("remove", "take it away again, but for what was edited", default=False),
        ],
    )
