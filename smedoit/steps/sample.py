"""The practice world of `doit sample`."""

from __future__ import annotations

from smedoit.decide.config import Release


def make(rel: Release) -> str:
    """Fill the build root with a world to practise on; what is there already is kept."""
    from smedoit.practice import world

    world.make(rel)
    return f"a practice world lies below {rel.root}"
