# SPDX-License-Identifier: GPL-3.0-or-later
"""Two releases, compared."""

from __future__ import annotations

from smedoit.engine.task import JSON, Task, started_in
from smedoit.iso.tasks import on_medium


def compare() -> Task:
    """What differs between two releases, by whatever is at hand of each."""

    def run(json: bool, words: list[str]) -> object:
        from smedoit.compare.compare import compare_releases

        return compare_releases(words=words, started=started_in(), on_medium=on_medium, as_json=json)

    return Task(
        name="compare",
        example="10.0/packages.lock 10.1/packages.lock",
        run=run,
        always=True,
        asks=True,
        like_diff=True,
        options=[JSON],
        words="words",
    )
