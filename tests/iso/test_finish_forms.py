# SPDX-License-Identifier: GPL-3.0-or-later
"""A medium of each base made whole: sealed, with its layout, and whatever happens never half of one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from smedoit.bases.enterprise_linux import DiskForm
from smedoit.bases.known import BASES
from smedoit.compare import sides
from smedoit.compare.differences import compare_sides
from smedoit.errors import FileError, Findings
from smedoit.iso import build, media_check, verify_boot, write
from smedoit.iso.appended import xorriso_version
from smedoit.iso.build import IsoTarget
from smedoit.iso.medium import IsoMedium
from smedoit.iso.read import IsoImage
from smedoit.iso.tasks import on_medium
from smedoit.jigdo import format, make
from smedoit.jigdo.verify import check_jigdo
from smedoit.runtime import process
from smedoit.runtime.files import remove_partial_files, write_file
from tests.harness.nouns import EPOCH
from tests.harness.processes import wait_until
from tests.harness.tools import need, read_with
from tests.iso.test_verify_forms import LABEL, form_tree

MIRROR = "http://a.example/10.1"
SOURCE_ROOT = Path(write.__file__).parents[2]


class FormWorld:
    """A tree of a base, and where its medium goes."""

    def __init__(self, root: Path, base_name: str) -> None:
        self.root, self.tree, self.base = root, root / "tree", BASES[base_name]
        if self.base.disk is DiskForm.APPENDED:
            need("xorriso")
        self.files: Mapping[str, Path] = form_tree(self.tree, base_name)
        self.target = IsoTarget(root / "iso/sme.iso", root / "layouts", root / "facts.sqlite")

    def finish(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the medium; its menus are not this test's."""
        monkeypatch.setattr(build, "check_medium_references", lambda *_: [])
        build.finish_medium(IsoMedium(LABEL, "x", "x", EPOCH, self.files, base=self.base), self.target)


@pytest.mark.parametrize("base_name", BASES)
def test_a_finished_medium_passes_every_media_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_name: str
) -> None:
    need("checkisomd5")
    world = FormWorld(tmp_path, base_name)
    world.finish(monkeypatch)
    read_with("checkisomd5", world.target.path)
    findings = Findings()
    verify_boot.check_iso_checksums(IsoImage(world.target.path), None, findings)  # type: ignore[arg-type]
    assert not findings.found
    assert IsoImage(world.target.path).has_boot_record


@pytest.mark.parametrize("base_name", BASES)
def test_jigdo_file_makes_each_base_s_medium_from_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_name: str
) -> None:
    need("jigdo-file")
    world = FormWorld(tmp_path, base_name)
    world.finish(monkeypatch)
    image, published = world.target.path, {world.tree: "x86_64"}
    make.make_jigdo_files([MIRROR], image.parent, "sme.iso", world.target.layouts, published, world.target.fact_cache)
    findings = Findings()
    parts = check_jigdo(image, {"x86_64": world.tree}, [MIRROR], findings)
    assert not findings.found
    assert parts >= 2, "the package and efiboot.img, be it a file or a partition"
    options = (f"--jigdo={image.with_suffix('.jigdo')}", f"--template={image.with_suffix('.template')}")
    made = tmp_path / "made.iso"
    read_with("jigdo-file", "make-image", f"--image={made}", *options, world.tree)
    assert made.read_bytes() == image.read_bytes()
    assert format.template_name(image.name) == "sme.template"


@pytest.mark.parametrize("base_name", BASES)
def test_a_medium_and_its_tree_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_name: str) -> None:
    world = FormWorld(tmp_path, base_name)
    world.finish(monkeypatch)
    tree, medium = (sides.read_compared_side(path, on_medium) for path in (world.tree, world.target.path))
    assert compare_sides(tree, medium) == []
    assert (tree.label, medium.label) == (LABEL, LABEL)
    assert medium.boot is not None
    assert "images/efiboot.img" in medium.images
    assert "no file begins" not in str(medium.boot)


@pytest.mark.parametrize("name", ["images/efiboot.img", "images/boot_hybrid.img"])
def test_what_no_directory_lists_and_changes_while_it_is_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    world, genuine = FormWorld(tmp_path, "el10"), write.write_iso

    def meddling(*args: object, **more: object) -> dict[str, int]:
        offsets = genuine(*args, **more)  # type: ignore[arg-type]
        with world.files[name].open("r+b") as file:
            file.write(b"evil")
        return offsets

    monkeypatch.setattr(write, "write_iso", meddling)
    with pytest.raises(FileError, match=name):
        world.finish(monkeypatch)
    assert not world.target.path.exists()


def test_progress_is_what_xorriso_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, told, genuine = FormWorld(tmp_path, "el10"), list[tuple[int, int]](), process.follow_program

    def telling(command: Sequence[str | Path], on_line: Callable[[str], None], **more: Any) -> None:
        on_line("I:1: xorriso : UPDATE : Writing:        434s   53.1%   fifo   0%  buf  50%")
        genuine(command, on_line, **more)

    monkeypatch.setattr(process, "follow_program", telling)
    medium = IsoMedium(LABEL, "x", "x", EPOCH, world.files, base=world.base)
    write.write_iso(medium, tmp_path / "medium.iso", lambda done, total: told.append((done, total)))
    total = sum(file.stat().st_size for file in world.files.values())
    assert told[0] == (434 * 2048, total)


WRITE = """
import json, sys
from pathlib import Path
from smedoit.bases.known import BASES
from smedoit.iso import write
from smedoit.iso.medium import IsoMedium
from smedoit.runtime import process
from smedoit.runtime.files import replacing_file
target, epoch, files = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
large = {"Packages/large.rpm": "a" * 64}
medium = IsoMedium("SME", "x", "x", epoch, {k: Path(v) for k, v in files.items()}, base=BASES["el10"], sha256=large)
with replacing_file(Path(target)) as beside:
    write.write_iso(medium, beside)
"""


def children(parent: int) -> list[int]:
    """Return the processes that a process started and that still run."""
    try:
        listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(word) for word in listed.split()]


def is_running(number: int) -> bool:
    """Return whether a process is there, and not only waited for."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_kill_while_xorriso_writes_ends_it_and_leaves_the_medium_of_before(
    tmp_path: Path, how: signal.Signals
) -> None:
    world, target = FormWorld(tmp_path, "el10"), tmp_path / "iso/sme.iso"
    write_file(target, b"before")
    large = world.tree / "Packages/large.rpm"
    write_file(large, b"x")
    os.truncate(large, 8 << 30)  # sparse; nobody waits for the end of it
    files = {**{name: str(file) for name, file in world.files.items()}, "Packages/large.rpm": str(large)}
    writing = subprocess.Popen(
        [sys.executable, "-c", WRITE, target, str(EPOCH), json.dumps(files)],
        cwd=SOURCE_ROOT, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    beside = target.with_name(f"{target.name}.smedoit-new")
    wait_until(lambda: beside.exists() and beside.stat().st_size > 1 << 20)
    [writer] = children(writing.pid)
    writing.send_signal(how)
    writing.wait()
    wait_until(lambda: not is_running(writer))
    assert target.read_bytes() == b"before"
    remove_partial_files(target.parent)  # as the next run does
    assert [path.name for path in target.parent.iterdir()] == ["sme.iso"]


def test_the_version_of_what_writes_it_is_known() -> None:
    need("xorriso")
    assert xorriso_version()[0].isdigit()


@pytest.mark.exhaustive
@pytest.mark.parametrize("base_name", ["el9", "el10"])
def test_a_file_of_more_than_4_gib_is_whole_and_the_medium_passes(tmp_path: Path, base_name: str) -> None:
    need("xorriso")
    world = FormWorld(tmp_path, base_name)
    large = world.tree / "images/large.img"
    write_file(large, b"begin")
    with large.open("r+b") as file:
        file.truncate((4 << 30) + 5000)
        file.seek((4 << 30) + 4000)
        file.write(b"end")
    files, image = {**world.files, "images/large.img": large}, tmp_path / "medium.iso"
    offsets = write.write_iso(IsoMedium(LABEL, "x", "x", EPOCH, files, base=world.base), image)
    media_check.implant_md5(image)
    found = IsoImage(image)
    assert sum(size for _, size in found.extents("images/large.img")) == large.stat().st_size
    assert found.part("images/large.img", (4 << 30) + 4000, 3) == b"end"
    assert found.at(offsets["images/large.img"], 5) == b"begin"
    assert found.at(offsets["images/large.img"] + (4 << 30) + 4000, 3) == b"end"
    read_with("checkisomd5", image)
    image.unlink()
