# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure smedoit against the programs that it replaces, on the same packages, in one run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from measuring import (
    Costs,
    Round,
    World,
    benchmark,
    change_picture,
    contest,
    cost,
    fresh,
    hybrid_mbr,
    link_all,
    ours,
)

from smedoit.config.inputs import PLACES
from smedoit.runtime import files

sys.path.insert(0, str(Path(__file__).resolve().parent))

BARE = ("-c", "import doit.doit_cmd")  # what any doit must pay before it can look at a task
TIMES_NOTHING = 5  # a run measures the short round this often
MADE = ("repodata/", "images/product.img", "images/updates.img")  # what each pipeline makes itself


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


def bare(world: World) -> Costs:
    """Import doit and do nothing."""
    return {"import doit": cost(world, [sys.executable, *BARE])}


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


def unshare(path: Path) -> None:
    """Give path a content of its own."""
    files.write_file(path, files.read_file_bytes(path))


class changed_package:
    """While it is entered, smeupdates has the newer package, and so have the trees of the pipelines."""

    def __init__(self, world: World, lines: Sequence[Pipeline]) -> None:
        [self.newer] = (world.top / "newer").iterdir()
        self.older = world.rpms("smeos") / self.newer.name.replace("-1.1-", "-1.0-")
        self.update = world.rpms("smeupdates") / self.newer.name
        self.trees = [line.tree / "Packages" for line in lines]

    def __enter__(self) -> None:
        files.copy_file(self.newer, self.update)
        self.swap(self.older, self.update)

    def __exit__(self, *_: object) -> None:
        self.swap(self.update, self.older)
        files.remove_file(self.update)

    def swap(self, before: Path, after: Path) -> None:
        """Put one package in the place of another one."""
        for place in self.trees:
            files.remove_file(place / before.name)
            files.link_file(after, place / after.name)


if __name__ == "__main__":
    benchmark(measure, __doc__)
