# SPDX-License-Identifier: GPL-3.0-or-later
"""A world to measure in, both sides' turns in it, and the table of what they took."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from itertools import islice
from multiprocessing import get_context
from operator import add
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import IO

from smedoit.config import release
from smedoit.config.release import Release
from smedoit.runtime import files
from smedoit.sample import packages, pictures

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

MIB = 1 << 20
LOGO = f"{pictures.PIXMAPS}/sidebar-logo.png"
HYBRID_MBR = "isohdpfx.bin"
SYSLINUX = ("/usr/lib/ISOLINUX", "/usr/share/syslinux", "/usr/lib/syslinux/bios", "/usr/lib/syslinux")
WARM = """
import os, sys
with open(sys.argv[1], "wb", 0) as file:
    for _ in range(int(sys.argv[2])):
        file.write(bytes(1 << 20))
os.unlink(sys.argv[1])
"""
TASK, TOOK = re.compile(r"(\w+): "), re.compile(r"  .*, (\d+\.\d+) s")


@dataclass(frozen=True)
class Cost:
    """What processes took: seconds of wall and CPU time, and the bytes of the largest single process."""

    wall: float = 0.0
    cpu: float = 0.0
    peak: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))


Costs = dict[str, Cost]  # step -> what it took


def middle(costs: Sequence[Cost]) -> Cost:
    """Return the median of the times, and the largest peak."""
    return Cost(median(one.wall for one in costs), median(one.cpu for one in costs), max(one.peak for one in costs))


@dataclass(frozen=True)
class World:
    """A practice world below a directory, with a crowd of packages and one newer package aside."""

    top: Path

    @property
    def file(self) -> Path:
        """Its release.toml."""
        return self.top / "release.toml"

    @property
    def log(self) -> Path:
        """What the measured programs say on their standard error."""
        return self.top / "log"

    @property
    def release(self) -> Release:
        """What its release.toml says."""
        return release.load_release(self.file)

    def rpms(self, tier: str) -> Path:
        """Return the directory of a tier's packages."""
        [found] = [one for one in self.release.tiers if one.name == tier]
        return found.path / self.release.release.arch / "RPMS"


def benchmark(measure: Callable[[World, int], list[Round]], doc: str | None) -> None:
    """Make the world that the command line asks for, measure every round in it, print the table."""
    asked = arguments(doc)
    top = asked.directory or Path(mkdtemp(prefix="smedoit-benchmark-"))
    try:
        world = World(top.resolve())
        make_world(world, asked.packages, asked.megabytes * MIB)
        found = measure(world, asked.runs)
        print(table(found, f"{asked.packages} packages, {asked.megabytes} MiB, median of {asked.runs} runs"))
        if asked.profile:
            print(profile(found))
    finally:
        if not (asked.keep or asked.directory):
            shutil.rmtree(top)


def arguments(doc: str | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--packages", type=int, default=1000, help="beside the sample's own (default: %(default)s)")
    parser.add_argument("--megabytes", type=int, default=500, help="of their payloads together (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of every round (default: %(default)s)")
    parser.add_argument("--directory", type=Path, help="where the world lies or shall lie, and stays")
    parser.add_argument("--keep", action="store_true", help="keep the world of a run without --directory, too")
    parser.add_argument("--profile", action="store_true", help="show every task of ours and every step of theirs")
    return parser.parse_args()


def make_world(world: World, count: int, total: int) -> None:
    """Fill the world with the sample and a crowd in its smeos tier; what is there already is kept."""
    world.top.mkdir(parents=True, exist_ok=True)
    text = (PROJECT / "release.toml").read_text(encoding="utf-8")
    world.file.write_text(text.replace('root = "build"', 'root = "world"'), encoding="utf-8")
    ours(world, "sample")
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:  # so that this process stays a small one
        for _ in pool.map(
            partial(packages.write_rpm, directory=world.rpms("smeos")), packages.chained_recipes(count, total)
        ):
            pass
        newer = replace(next(islice(packages.chained_recipes(count, total), count // 2, None)), version="1.1")
        pool.submit(packages.write_rpm, newer, world.top / "newer").result()


@dataclass
class Round:
    """One thing that both sides do: the costs of each side's steps, once a run."""

    name: str
    ours: list[Costs] = field(default_factory=list)
    theirs: dict[str, list[Costs]] = field(default_factory=dict)


def contest(
    world: World,
    into: Round,
    number: int,
    their: Mapping[str, Callable[[], Costs]],
    our: Callable[[], Costs] | None = None,
) -> None:
    """Let each side do it once, ours being a plain doit unless our says otherwise; even runs begin with ours.

    Before each of them what others left to be written is written, and as many pages as two media need
    are used for a file, and freed: on a virtual machine the first use of a page costs more than a copy.
    """
    blocks = 2 * sum(rpm.stat().st_size for rpm in world.rpms("smeos").iterdir()) // MIB
    sides: list[tuple[list[Costs], Callable[[], Costs]]] = [(into.ours, our or partial(ours, world))]
    sides += [(into.theirs.setdefault(name, []), side) for name, side in their.items()]
    for results, side in sides if number % 2 == 0 else reversed(sides):
        os.sync()
        cost(world, [sys.executable, "-c", WARM, str(world.top / "warm"), str(blocks)])
        results.append(side())


def fresh(world: World) -> None:
    """Forget everything that was ever built, and have all inputs in the page cache."""
    shutil.rmtree(world.release.root / "stage", ignore_errors=True)
    for _, entry in files.walk_files(world.release.root):
        files.digest_file(entry.path)


def ours(world: World, *tasks: str) -> Costs:
    """Run doit; return what it took as a whole, and the wall time that it told of each task."""
    out = world.top / "ours"
    with out.open("wb") as file:
        whole = cost(world, [sys.executable, "-m", "doit", *tasks], into=file, cwd=PROJECT)
    told = dict(tasks_of(out.read_text(encoding="utf-8")))
    rest = whole.wall - sum(one.wall for one in told.values())
    return {**told, "starting and deciding": replace(whole, wall=rest)}


def tasks_of(said: str) -> Iterator[tuple[str, Cost]]:
    """Yield task and duration for every task that doit's output tells of."""
    name = ""
    for line in said.splitlines():
        if took := TOOK.fullmatch(line):
            yield name, Cost(float(took[1]))
        elif begun := TASK.match(line):
            name = begun[1]


def cost(world: World, *pipe: Sequence[str], into: IO[bytes] | None = None, cwd: Path | None = None) -> Cost:
    """Run programs as one pipe; return what they took. Their failure ends the benchmark, with their words."""
    with world.log.open("w+b") as log:
        start = time.perf_counter()
        children = list(started(pipe, into or log, log, cwd or world.top, environment(world)))
        used = []
        for child in children:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            used.append(Cost(0.0, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024))
        wall = time.perf_counter() - start
        if any(child.returncode for child in children):
            log.seek(0)
            raise SystemExit(f"{pipe} failed:\n{log.read().decode(errors='replace')}")
    return replace(reduce(add, used), wall=wall)


def environment(world: World) -> dict[str, str]:
    """Return the environment of all that is measured; Python may keep what it compiled, as it does for everybody."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "SMEDOIT_RELEASE": str(world.file)}


def started(
    pipe: Sequence[Sequence[str]], out: IO[bytes], log: IO[bytes], cwd: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the programs of a pipe as they are started, the last one writing to out."""
    source: IO[bytes] | int = subprocess.DEVNULL
    for number, words in enumerate(pipe, 1):
        sink = out if number == len(pipe) else subprocess.PIPE
        child = subprocess.Popen(words, stdin=source, stdout=sink, stderr=log, cwd=cwd, env=env)
        if not isinstance(source, int):
            source.close()
        yield child
        source = child.stdout or subprocess.DEVNULL


def link_all(source: Path, target: Path, but: tuple[str, ...] = ()) -> None:
    """Make target show the files of source as hard links."""
    for relative, entry in files.walk_files(source):
        if not relative.startswith(but):
            files.link_file(Path(entry.path), target / relative)


def hybrid_mbr() -> Path:
    """Return syslinux's boot record for hybrid media."""
    found = [Path(place) / HYBRID_MBR for place in SYSLINUX if (Path(place) / HYBRID_MBR).is_file()]
    if not found:
        raise SystemExit(f"{HYBRID_MBR} is in none of {', '.join(SYSLINUX)}: install isolinux or syslinux")
    return found[0]


def change_picture(world: World, number: int) -> None:
    """Give the installer another logo than ever before."""
    colour = (number * 40 % 256, time.time_ns() % 256, 90)
    files.write_file(world.release.content.path / LOGO, pictures.striped_png(125, 28, colour, pictures.WHITE))


def table(rounds: Sequence[Round], title: str) -> str:
    """Return what both sides took, and how they compare."""
    heads = ("round", "against", "ours s", "theirs s", "ratio", "our CPU s", "their CPU s", "our MiB", "their MiB")
    rows = [heads]
    for one in rounds:
        our = middle([total(costs) for costs in one.ours])
        for name, results in one.theirs.items():
            their = middle([total(costs) for costs in results])
            times = f"{our.wall:.2f}", f"{their.wall:.2f}", f"{our.wall / their.wall:.2f}"
            rest = f"{our.cpu:.2f}", f"{their.cpu:.2f}", f"{our.peak / MIB:.0f}", f"{their.peak / MIB:.0f}"
            rows.append((one.name, name, *times, *rest))
    return "\n".join([title, *aligned(rows)])


def profile(rounds: Sequence[Round]) -> str:
    """Return where the time of either side goes."""
    rows: list[tuple[str, ...]] = []
    for one in rounds:
        for name, results in {"ours": one.ours, **one.theirs}.items():
            for step in results[-1]:
                took = median(costs[step].wall for costs in results if step in costs)
                rows.append((one.name, name, step, f"{took:.2f}"))
    return "\n".join(["", *aligned(rows)])


def total(costs: Costs) -> Cost:
    """Return what all steps of one side took."""
    return reduce(add, costs.values())


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows with their columns in line: words to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words = [not any(cell[0].isdigit() for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, words, strict=True)
        yield "  ".join(cell.ljust(width) if left else cell.rjust(width) for cell, width, left in cells).rstrip()
