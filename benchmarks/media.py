# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure jigdo and sealing against the programs that do the same, on the same ISO, in one run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from measuring import (
    Cost,
    Costs,
    Round,
    World,
    benchmark,
    change_picture,
    contest,
    cost,
    hybrid_mbr,
    ours,
)

from smedoit.jigdo import format

sys.path.insert(0, str(Path(__file__).resolve().parent))

HASH = ["xargs", "-0", "md5sum"]
SEAL = "import sys, pathlib; from smedoit.iso import media_check as seal; seal.implant_md5(pathlib.Path(sys.argv[1]))"
SUM = "import sys, pathlib; from smedoit.runtime import digests; print(digests.sha256_file(pathlib.Path(sys.argv[1])))"


def measure(world: World, runs: int) -> list[Round]:
    """Measure all rounds; the sides alternate, and so does the one that begins."""
    cold, known, new = Round("jigdo, nothing known"), Round("jigdo, all known"), Round("jigdo, new ISO")
    seal, total = Round("implanted MD5"), Round("SHA-256")
    ours(world, "jigdo:iso")
    theirs = Theirs(world)
    for number in range(runs):
        first = {"jigdo-file": theirs.search, "xorriso": theirs.write_cold}
        later = {"jigdo-file": theirs.search_known, "xorriso": theirs.write_known}
        contest(world, cold, number, first, partial(from_nothing, world))
        contest(world, known, number, later, partial(again, world))
        change_picture(world, number)
        ours(world, "iso")
        contest(world, new, number, later, partial(again, world))
        copy = str(shutil.copy(world.release.iso, world.top / "copy.iso"))
        contest(
            world, seal, number, {"implantisomd5": partial(theirs.implant, copy)}, partial(python, world, SEAL, copy)
        )
        contest(world, total, number, {"sha256sum": partial(theirs.sum, copy)}, partial(python, world, SUM, copy))
    return [cold, known, new, seal, total]


def forget(world: World) -> None:
    """Remove jigdo's files, so that the task must run."""
    for name in (format.jigdo_name, format.template_name):
        world.release.iso.with_name(name(world.release.iso.name)).unlink()


def from_nothing(world: World) -> Costs:
    """Make jigdo's files without knowing a single digest."""
    world.release.fact_cache.unlink()
    return again(world)


def again(world: World) -> Costs:
    """Make jigdo's files with what is known."""
    forget(world)
    return ours(world, "jigdo:iso")


def python(world: World, code: str, path: str) -> Costs:
    """Run our own code as a program."""
    return {"python": cost(world, [sys.executable, "-c", code, path])}


class Theirs:
    """jigdo-file, xorriso and isomd5sum."""

    def __init__(self, world: World) -> None:
        self.world, self.place = world, world.top / "theirs"
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        shutil.copytree(world.release.tree, self.place / "tree", copy_function=link)
        (self.place / "tree/images/boot.iso").unlink(missing_ok=True)
        loader = self.place / "tree/isolinux/isolinux.bin"
        data = loader.read_bytes()
        loader.unlink()  # a mkisofs patches it in place, and this one is a hard link
        loader.write_bytes(data)

    def make_template(self, *options: str) -> Costs:
        """Search the ISO for the files of the tree."""
        target = str(self.place / "searched")
        words = [
            "jigdo-file",
            "make-template",
            "--force",
            "--report=quiet",
            *options,
            "-i",
            str(self.world.release.iso),
        ]
        tree = str(self.world.release.tree)
        return {"make-template": cost(self.world, [*words, "-j", f"{target}.jigdo", "-t", f"{target}.template", tree])}

    def search(self) -> Costs:
        """Search, and know nothing."""
        (self.place / "cache").unlink(missing_ok=True)
        return self.make_template("--cache", str(self.place / "cache"))

    def search_known(self) -> Costs:
        """Search, with a cache of what is known of the files."""
        return self.make_template("--cache", str(self.place / "cache"))

    def write_cold(self) -> Costs:
        """Hash the files, then write an ISO with jigdo; only what this takes longer than an ISO without is counted.

        xorriso wants a list of its own; hashing for it costs more than this, as its script starts two programs a file.
        """
        listed = self.place / "md5sums"
        with listed.open("wb") as file:
            hashed = cost(self.world, ["find", str(self.place / "tree"), "-type", "f", "-print0"], HASH, into=file)
        lines = (line.split("  ", 1) for line in listed.read_text(encoding="utf-8").splitlines())
        sums = (f"{md5}  {Path(path).stat().st_size:12}  {path}\n" for md5, path in lines)
        (self.place / "sums").write_text("".join(sums), encoding="utf-8")
        return {"md5sum": hashed, **self.write_known()}

    def write_known(self) -> Costs:
        """Write an ISO with jigdo; only what this takes longer than an ISO without is counted."""
        target, tree = str(self.place / "written"), str(self.place / "tree")
        options = [
            *("-jigdo-jigdo", f"{target}.jigdo", "-jigdo-template", f"{target}.template"),
            *("-checksum_algorithm_iso", "md5", "-checksum_algorithm_template", "md5"),
            *("-jigdo-checksum-algorithm", "md5", "-checksum-list", str(self.place / "sums")),
            *("-jigdo-min-file-size", str(format.MIN_FILE_SIZE), "-jigdo-map", f"smeos={self.place}"),
        ]
        return {"jigdo": difference(self.written(tree, options), self.written(tree, []))}

    def written(self, tree: str, options: Sequence[str]) -> Cost:
        """Write an ISO of the tree."""
        words = [
            "xorriso",
            "-as",
            "mkisofs",
            "-o",
            str(self.place / "written.iso"),
            "-V",
            "SME",
            "-R",
            "-J",
            "-joliet-long",
        ]
        boot = ["-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-no-emul-boot", "-boot-load-size", "4"]
        hybrid = [
            "-boot-info-table",
            "-isohybrid-mbr",
            str(hybrid_mbr()),
            "-eltorito-alt-boot",
            "-e",
            "images/efiboot.img",
        ]
        (self.place / "written.iso").unlink(missing_ok=True)
        return cost(self.world, [*words, *boot, *hybrid, "-no-emul-boot", *options, tree])

    def implant(self, path: str) -> Costs:
        """Seal an ISO."""
        return {"implantisomd5": cost(self.world, ["implantisomd5", "--force", path])}

    def sum(self, path: str) -> Costs:
        """Sum an ISO."""
        return {"sha256sum": cost(self.world, ["sha256sum", path])}


def difference(more: Cost, less: Cost) -> Cost:
    """Return what one thing took beyond another one."""
    return Cost(max(0.0, more.wall - less.wall), max(0.0, more.cpu - less.cpu), more.peak)


def link(source: str, target: str) -> None:
    """Link a file, as shutil.copytree wants it."""
    Path(target).hardlink_to(source)


if __name__ == "__main__":
    benchmark(measure, __doc__)
