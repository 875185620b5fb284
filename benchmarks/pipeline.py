"""Measure smedoit against the programs that it replaces, on the same packages, in one run."""

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

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from smedoit.decide import config  # noqa: E402, the script measures the code that it lies beside
from smedoit.decide.origins import PLACES  # noqa: E402
from smedoit.do import tree  # noqa: E402
from smedoit.practice import packages, pictures  # noqa: E402

MIB = 1 << 20
BARE = ("-c", "import doit.doit_cmd")  # what any doit must pay before it can look at a task
TIMES_NOTHING = 5  # a run measures the short round this often
LOGO = f"{pictures.PIXMAPS}/sidebar-logo.png"
HYBRID_MBR = "isohdpfx.bin"
SYSLINUX = ("/usr/lib/ISOLINUX", "/usr/share/syslinux", "/usr/lib/syslinux/bios", "/usr/lib/syslinux")
MADE = ("repodata/", "images/product.img", "images/updates.img")  # what each pipeline makes itself
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
    def release(self) -> config.Release:
        """What its release.toml says."""
        return config.load(self.file)

    def rpms(self, tier: str) -> Path:
        """Return the directory of a tier's packages."""
        [found] = [one for one in self.release.tiers if one.name == tier]
        return found.path / self.release.release.arch / "RPMS"


def main() -> None:
    """Make the world, measure every round, print the table."""
    asked = arguments()
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


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
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
        for _ in pool.map(partial(packages.write, directory=world.rpms("smeos")), packages.crowd(count, total)):
            pass
        newer = replace(next(islice(packages.crowd(count, total), count // 2, None)), version="1.1")
        pool.submit(packages.write, newer, world.top / "newer").result()


@dataclass
class Round:
    """One thing that both sides do: the costs of each side's steps, once a run."""

    name: str
    ours: list[Costs] = field(default_factory=list)
    theirs: dict[str, list[Costs]] = field(default_factory=dict)


def measure(world: World, runs: int) -> list[Round]:
    """Measure all rounds; the sides alternate, and so does the one that begins."""
    fresh(world)
    ours(world)  # not measured: compiles what Python compiles once, and makes the files the pipelines start from
    lines = [Pipeline(world, "xorriso"), Pipeline(world, "genisoimage")]
    first, nothing = Round("first build"), Round("nothing to do")
    picture, package = Round("changed picture"), Round("changed package")
    for number in range(runs):
        fresh(world)
        contest(world, first, number, {line.name: line.from_scratch for line in lines})
        for again in range(TIMES_NOTHING):
            contest(world, nothing, again, {"import doit": partial(bare, world)})
        change_picture(world, number)
        contest(world, picture, number, {line.name: line.changed_picture for line in lines})
        with changed_package(world, lines):
            contest(world, package, number, {line.name: line.changed_package for line in lines})
    for iso in (world.release.iso, *(line.iso for line in lines)):
        cost(world, ["checkisomd5", str(iso)])
    return [first, nothing, picture, package]


def contest(
    world: World,
    into: Round,
    number: int,
    their: Mapping[str, Callable[[], Costs]],
    our: Callable[[], Costs] | None = None,
) -> None:
    """Let each side do it once, ours being a plain doit unless our says otherwise; even runs begin with ours.

    Before each of them what others left to be written is written, and as much memory as two
    media need is touched: on a virtual machine the first use of a page costs more than a copy.
    """
    touch = f"b'\\1' * {2 * sum(rpm.stat().st_size for rpm in world.rpms('smeos').iterdir())}"
    sides: list[tuple[list[Costs], Callable[[], Costs]]] = [(into.ours, our or partial(ours, world))]
    sides += [(into.theirs.setdefault(name, []), side) for name, side in their.items()]
    for results, side in sides if number % 2 == 0 else reversed(sides):
        os.sync()
        cost(world, [sys.executable, "-c", touch])
        results.append(side())


def fresh(world: World) -> None:
    """Forget everything that was ever built, and have all inputs in the page cache."""
    shutil.rmtree(world.release.root / "stage", ignore_errors=True)
    for _, entry in tree.walk(world.release.root):
        tree.digest(entry.path)


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


def bare(world: World) -> Costs:
    """Import doit and do nothing."""
    return {"import doit": cost(world, [sys.executable, *BARE])}


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


class Pipeline:
    """What one would type instead: hard links, createrepo_c, cpio and gzip, a mkisofs, isomd5sum, sha256sum."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.tree, self.overlays = world.top / name / "tree", world.top / name / "overlays"
        self.iso = world.top / name / "medium.iso"
        self.content = world.release.content.path
        shutil.rmtree(world.top / name, ignore_errors=True)
        link_all(world.release.tree, self.tree, MADE)
        unshare(self.tree / "isolinux/isolinux.bin")  # a mkisofs patches it in place
        link_all(self.content / "updates", self.overlays)
        link_all(world.release.translations.path, self.overlays / PLACES["locale"])

    def from_scratch(self) -> Costs:
        """Make everything."""
        shutil.rmtree(self.tree / "repodata", ignore_errors=True)
        self.iso.unlink(missing_ok=True)
        return {**self.repodata(), **self.image("product"), **self.image("updates"), **self.medium()}

    def changed_picture(self) -> Costs:
        """Make what a picture of the installer changes."""
        return {**self.image("product"), **self.medium()}

    def changed_package(self) -> Costs:
        """Make what one package changes."""
        return {**self.repodata("--update"), **self.medium()}

    def repodata(self, *options: str) -> Costs:
        """Run createrepo_c; gzip is what CentOS 7's yum reads."""
        comps = self.tree / "Packages/base/comps.xml"
        words = ["createrepo_c", "--general-compress-type=gz", "-g", str(comps), *options, str(self.tree)]
        return {"createrepo_c": cost(self.world, words)}

    def image(self, name: str) -> Costs:
        """Make product.img or updates.img."""
        source = self.content / name if name == "product" else self.overlays
        archive = (["find", "."], ["cpio", "-o", "-H", "newc"], ["gzip", "-9"])
        with (self.tree / f"images/{name}.img").open("wb") as file:
            return {f"{name}.img": cost(self.world, *archive, into=file, cwd=source)}

    def medium(self) -> Costs:
        """Write the ISO and seal it."""
        steps = {"write": self.written()}
        if self.name == "genisoimage":
            steps["isohybrid"] = ["isohybrid", "--uefi", str(self.iso)]
        steps["implantisomd5"] = ["implantisomd5", "--force", str(self.iso)]
        costs = {name: cost(self.world, words) for name, words in steps.items()}
        with self.iso.with_suffix(".sha256").open("wb") as file:
            return {**costs, "sha256sum": cost(self.world, ["sha256sum", str(self.iso)], into=file)}

    def written(self) -> list[str]:
        """Return the command that writes the ISO; genisoimage leaves the hybrid part to isohybrid."""
        hybrid = self.name == "xorriso"
        return [
            *(["xorriso", "-as", "mkisofs"] if hybrid else ["genisoimage"]),
            *("-o", str(self.iso), "-V", self.world.release.release.volume, "-R", "-J", "-joliet-long"),
            *("-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat"),
            *("-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"),
            *(("-isohybrid-mbr", str(hybrid_mbr())) if hybrid else ()),
            *("-eltorito-alt-boot", "-e", "images/efiboot.img", "-no-emul-boot"),
            *(("-isohybrid-gpt-basdat",) if hybrid else ()),
            str(self.tree),
        ]


def link_all(source: Path, target: Path, but: tuple[str, ...] = ()) -> None:
    """Make target show the files of source as hard links."""
    for relative, entry in tree.walk(source):
        if not relative.startswith(but):
            tree.link(Path(entry.path), target / relative)


def unshare(path: Path) -> None:
    """Give path a content of its own."""
    tree.write(path, tree.read_bytes(path))


def hybrid_mbr() -> Path:
    """Return syslinux's boot record for hybrid media."""
    found = [Path(place) / HYBRID_MBR for place in SYSLINUX if (Path(place) / HYBRID_MBR).is_file()]
    if not found:
        raise SystemExit(f"{HYBRID_MBR} is in none of {', '.join(SYSLINUX)}: install isolinux or syslinux")
    return found[0]


def change_picture(world: World, number: int) -> None:
    """Give the installer another logo than ever before."""
    colour = (number * 40 % 256, time.time_ns() % 256, 90)
    tree.write(world.release.content.path / LOGO, pictures.png(125, 28, colour, pictures.WHITE))


class changed_package:
    """While it is entered, smeupdates has the newer package, and so have the trees of the pipelines."""

    def __init__(self, world: World, lines: Sequence[Pipeline]) -> None:
        [self.newer] = (world.top / "newer").iterdir()
        self.older = world.rpms("smeos") / self.newer.name.replace("-1.1-", "-1.0-")
        self.update = world.rpms("smeupdates") / self.newer.name
        self.trees = [line.tree / "Packages" for line in lines]

    def __enter__(self) -> None:
        tree.copy(self.newer, self.update)
        self.swap(self.older, self.update)

    def __exit__(self, *_: object) -> None:
        self.swap(self.update, self.older)
        tree.remove(self.update)

    def swap(self, before: Path, after: Path) -> None:
        """Put one package in the place of another one."""
        for place in self.trees:
            tree.remove(place / before.name)
            tree.link(after, place / after.name)


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


if __name__ == "__main__":
    main()
