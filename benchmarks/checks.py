# SPDX-License-Identifier: GPL-3.0-or-later
"""Closure and repository pages, against dnf repoclosure: on the same packages, in one run.

Every figure is that of a process of its own: wall time, CPU time, and the largest memory it held.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from smedoit.sample import packages

PROJECT = Path(__file__).parents[1]
COMPS = """<?xml version="1.0" encoding="UTF-8"?>
<comps>
  <group><id>core</id><name>Core</name><description>All.</description><default>true</default>
    <uservisible>true</uservisible><packagelist>{listed}</packagelist></group>
  <environment><id>all</id><name>All</name><description>All.</description><display_order>1</display_order>
    <grouplist><groupid>core</groupid></grouplist></environment>
</comps>
"""
CLOSE = (
    "from smedoit.checks.closure import check_closure; from smedoit.config.checks import ClosureSettings;"
    "from smedoit.repodata.inputs import MEDIUM, MediumMetadata, RepoReader, RepoSource;"
    "from tests.harness.nouns import identity;"
    "medium = MediumMetadata(tree, (RepoSource(MEDIUM, tree, 'x86_64'),), comps);"
    "settings = ClosureSettings(allow_missing={'*': 'practice'}); reader = RepoReader('x86_64', cache);"
    "print(check_closure(medium, identity(), settings, (), (), reader)['did'])"
)
PAGES = (
    "from smedoit.branding.rules import Branding; from smedoit.repoview.write import write_repoview;"
    "from tests.harness.nouns import identity;"
    "print(write_repoview(tree, 'crowd', comps, Branding(identity()), cache))"
)
SETTING = (
    "from pathlib import Path; top = Path({top!r}); tree = top / 'tree'; comps = tree / 'comps.xml';"
    "cache = top / 'facts.sqlite';"
)


@dataclass(frozen=True)
class Cost:
    """Seconds, seconds, bytes."""

    wall: float
    cpu: float
    peak: int


def main() -> None:
    """Make the packages, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    top = Path(tempfile.mkdtemp(prefix="checks-"))
    try:
        make(top, args.packages)
        print(f"{args.packages} packages, best of {args.runs}")
        show(measure(top, args.packages, args.runs))
    finally:
        shutil.rmtree(top)


def make(top: Path, count: int) -> None:
    """Build the crowd, unsigned and small, and describe it with createrepo_c."""
    place = top / "tree/Packages"
    place.mkdir(parents=True)
    recipes = [replace(one, key="", size=200) for one in packages.chained_recipes(count, count * 200)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(packages.write_rpm, directory=place), recipes, chunksize=50))
    listed = "".join(
        f'<packagereq type="mandatory">{one.name}</packagereq>' for one in recipes[:: max(1, count // 100)]
    )
    (top / "tree/comps.xml").write_text(COMPS.format(listed=listed), encoding="utf-8")
    describe(top)


def describe(top: Path) -> Cost:
    """Write or update the repodata."""
    words = ["createrepo_c", "--update", "--general-compress-type=gz", "-g", str(top / "tree/comps.xml")]
    return cost([*words, str(top / "tree")])


def measure(top: Path, count: int, runs: int) -> dict[str, Cost]:
    """Return what everything costs, the best of several runs."""
    found = {
        "closure": best(runs, partial(ours, top, CLOSE)),
        "dnf repoclosure, no cache": best(runs, partial(dnf, top, fresh=True)),
        "dnf repoclosure, again": best(runs, partial(dnf, top, fresh=False)),
        "repoview, cold": best(runs, partial(cold_pages, top)),
        "repoview, nothing new": best(runs, partial(ours, top, PAGES)),
    }
    changed = replace(
        next(islice(packages.chained_recipes(count, count), count // 2, None)), version="1.1", key="", size=200
    )
    packages.write_rpm(changed, top / "tree/Packages")
    found["createrepo_c --update, one new"] = describe(top)
    found["closure, one new"] = ours(top, CLOSE)
    found["repoview, one new"] = ours(top, PAGES)
    return found


def best(runs: int, once: Callable[[], Cost]) -> Cost:
    """Return the quickest of several runs."""
    return min((once() for _ in range(runs)), key=lambda one: one.wall)


def ours(top: Path, code: str) -> Cost:
    """Run one of our steps."""
    return cost([sys.executable, "-c", SETTING.format(top=str(top)) + code])


def cold_pages(top: Path) -> Cost:
    """Make all pages from nothing."""
    shutil.rmtree(top / "tree/repoview", ignore_errors=True)
    (top / "facts.sqlite").unlink(missing_ok=True)
    return ours(top, PAGES)


def dnf(top: Path, fresh: bool) -> Cost:
    """Run dnf repoclosure."""
    if fresh:
        shutil.rmtree(top / "cache", ignore_errors=True)
    return cost(
        [
            *("dnf", f"--installroot={top}/root", f"--setopt=cachedir={top}/cache", "--repo=crowd", "--releasever=7"),
            *(f"--repofrompath=crowd,file://{top}/tree", "--forcearch=x86_64", "repoclosure"),
        ]
    )


def cost(words: list[str]) -> Cost:
    """Run a program; return what it took. Its failure ends the benchmark with its words."""
    with tempfile.TemporaryFile("w+b") as log:
        start = time.perf_counter()
        child = subprocess.Popen(
            words, stdout=log, stderr=log, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)}
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            log.seek(0)
            raise SystemExit(f"{words} failed:\n{log.read().decode(errors='replace')}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def show(found: dict[str, Cost]) -> None:
    """Print a table; the ratios are to dnf repoclosure without a cache."""
    base = found["dnf repoclosure, no cache"]
    print(f"{'':32}{'wall s':>8}{'CPU s':>8}{'MiB':>8}{'ratio':>8}")
    for name, one in found.items():
        print(f"{name:32}{one.wall:8.2f}{one.cpu:8.2f}{one.peak / 2**20:8.0f}{one.wall / base.wall:8.2f}")


if __name__ == "__main__":
    main()
