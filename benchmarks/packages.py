# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure packages.lock and the repodata of a tier beside createrepo_c, on the same packages, in one run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from measuring import Costs, Round, World, benchmark, contest, cost, fresh, link_all, ours

from smedoit.runtime import files

sys.path.insert(0, str(Path(__file__).resolve().parent))

LOCK, REPODATA = "packages", "tiers:smeos-x86_64"


def measure(world: World, runs: int) -> list[Round]:
    """Measure all rounds; the sides alternate, and so does the one that begins."""
    theirs = Theirs(world)
    names = ("cold", "one changed", "nothing new")
    locks, repodata = ({name: Round(f"{kind}, {name}") for name in names} for kind in ("lock", "repodata"))
    for rounds, task in ((locks, LOCK), (repodata, REPODATA)):
        for number in range(runs):
            run = partial(ours, world, task)
            forget(world)
            fresh(world)
            contest(world, rounds["cold"], number, {"createrepo_c": theirs.cold}, run)
            with changed(world, theirs):
                contest(world, rounds["one changed"], number, {"createrepo_c --update": theirs.update}, run)
            ours(world, task)
            theirs.update()
            contest(world, rounds["nothing new"], number, {"createrepo_c --update": theirs.update}, run)
    return [*locks.values(), *repodata.values()]


def forget(world: World) -> None:
    """Take the repodata of the tier away, as fresh() does with all else that was made."""
    shutil.rmtree(world.rpms("smeos").parent / "repodata", ignore_errors=True)


class Theirs:
    """The same packages in a directory of their own, described by createrepo_c as CentOS 7's yum reads it."""

    def __init__(self, world: World) -> None:
        self.world, self.place = world, world.top / "theirs"
        shutil.rmtree(self.place, ignore_errors=True)
        link_all(world.rpms("smeos"), self.place / "RPMS")

    def cold(self) -> Costs:
        """Describe everything."""
        shutil.rmtree(self.place / "repodata", ignore_errors=True)
        return self.update()

    def update(self) -> Costs:
        """Describe what is new since the last time."""
        words = ["createrepo_c", "--update", "--general-compress-type=gz", str(self.place)]
        return {"createrepo_c": cost(self.world, words)}


@contextmanager
def changed(world: World, theirs: Theirs) -> Iterator[None]:
    """While it is entered, one package of the crowd is another version, on both sides."""
    [newer] = (world.top / "newer").iterdir()
    older = newer.name.replace("-1.1-", "-1.0-")
    places = (world.rpms("smeos"), theirs.place / "RPMS")
    kept = world.top / "older.rpm"
    files.link_file(places[0] / older, kept)
    for place in places:
        files.remove_file(place / older)
        files.link_file(newer, place / newer.name)
    try:
        yield
    finally:
        for place in places:
            files.remove_file(place / newer.name)
            files.link_file(kept, place / older)


if __name__ == "__main__":
    benchmark(measure, __doc__)
