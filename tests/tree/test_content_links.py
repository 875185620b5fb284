# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of the content tree: within it they are files like any other, out of it nothing is read through them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from smedoit.branding.rules import Branding
from smedoit.config.inputs import ContentSettings
from smedoit.config.release import Release
from smedoit.engine.snapshot import current_file_state
from smedoit.errors import FileError
from smedoit.installer import overlays
from smedoit.iso import netinstall
from smedoit.medium_paths import COMPS, EFI_IMAGE, GRUB_CFG, ISOLINUX_CFG
from smedoit.packages import metadata
from smedoit.runtime.files import copy_file, stamp_file, write_file
from smedoit.sample import content
from smedoit.tree import fill, layers
from tests.harness.project import Project

SECRET = b"root:secret\n"


@pytest.fixture
def rel(tmp_path: Path) -> Release:
    """A content tree, and a secret beside it that must never be read."""
    project = Project.new(tmp_path / "world")
    content.fill_content_tree(project.release)
    for name in (".buildstamp", "isolinux.cfg", "BOOT/grub.cfg", "comps.xml", "base/comps.xml"):
        write_file(tmp_path / "outside" / name, SECRET)
    write_file(tmp_path / "secret", SECRET)
    return project.release


def branding(rel: Release) -> Branding:
    return Branding(rel.release, rel.rules)


def sources(rel: Release) -> tuple[Path, Path]:
    return rel.content.path, rel.boot_set.path


def read_plain(rel: Release) -> object:
    return layers.read_layer("content tree", rel.content.path, lambda _: True, copy_file)


READERS: dict[str, Callable[[Release], object]] = {
    "isolinux": lambda rel: fill.write_bios_menu(sources(rel), branding(rel), rel.tree),
    "grub": lambda rel: fill.write_grub_cfg(sources(rel), branding(rel), rel.tree),
    "tree": read_plain,
    "comps": lambda rel: metadata.write_comps(
        branding(rel), rel.content.path, COMPS, rel.lock, rel.groups, rel.tree / COMPS
    ),
    "product": lambda rel: overlays.write_product_img(rel.content, "", "", branding(rel), rel.tree / "p.img"),
    "inherit": lambda rel: overlays.write_product_img(
        ContentSettings(rel.boot_set.path), str(rel.content.path), "", branding(rel), rel.tree / "p.img"
    ),
    "updates": lambda rel: overlays.write_updates_img(
        rel.content, (), rel.translations.path, "locale", rel.release, rel.tree / "u.img"
    ),
    "netinstall": lambda rel: netinstall._render_netinstall(branding(rel), "http://x", sources(rel), rel.tree),
}
LINKS = [
    ("isolinux", ISOLINUX_CFG), ("isolinux", "isolinux/boot.msg"), ("isolinux", "isolinux/help.txt"),
    ("isolinux", "isolinux/"), ("grub", GRUB_CFG), ("grub", "EFI/"), ("grub", EFI_IMAGE), ("tree", "README.txt"),
    ("tree", "isolinux/splash.png"), ("comps", COMPS), ("comps", "Packages/"), ("comps", "Packages/base/"),
    ("product", "product/"), ("product", "product/.buildstamp"), ("inherit", "product/"), ("updates", "updates/"),
    ("updates", "updates/run/install/updates/anaconda-gtk.css"), ("netinstall", "netinstall/"),
    ("netinstall", f"netinstall/{ISOLINUX_CFG}"), ("netinstall", "netinstall/isolinux/"),
]  # fmt: skip


def put_link(rel: Release, name: str, says: Path) -> Path:
    """Put a link in the place of a file or directory of the content."""
    place = rel.content.path / name
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(says)
    return place


@pytest.mark.parametrize(("reader", "name"), LINKS)
@pytest.mark.parametrize("relative", [False, True])
def test_a_link_out_of_the_content_tree_is_never_read(rel: Release, reader: str, name: str, relative: bool) -> None:
    outside = rel.file.parents[1] / ("outside" if name.endswith("/") else "secret")
    (rel.content.path / name.rstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    says = Path(os.path.relpath(outside, (rel.content.path / name.rstrip("/")).parent)) if relative else outside
    put_link(rel, name.rstrip("/"), says)
    with pytest.raises(FileError, match=r"leads out of|is not a regular file"):
        READERS[reader](rel)
    made = [path for path in rel.tree.rglob("*") if path.is_file()] if rel.tree.is_dir() else []
    assert not any(SECRET in path.read_bytes() for path in made)


@pytest.mark.parametrize("name", ["isolinux/boot.msg", "isolinux/help.txt"])
def test_a_link_within_the_content_tree_is_a_file_like_any_other(rel: Release, name: str) -> None:
    write_file(rel.content.path / "texts/shared.txt", "the same text\n")
    put_link(rel, name, Path("../texts/shared.txt"))
    READERS["isolinux"](rel)
    assert (rel.tree / name).read_text() == "the same text\n" and not (rel.tree / name).is_symlink()


@pytest.mark.parametrize(("reader", "name"), [entry for entry in LINKS if not entry[1].endswith("/")])
def test_a_pipe_in_the_content_tree_is_told_and_not_waited_for(rel: Release, reader: str, name: str) -> None:
    place = rel.content.path / name
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(place)
    with pytest.raises(FileError, match=rf"{place.name}: is not a regular file"):
        READERS[reader](rel)


def test_a_set_of_files_is_not_read_through_a_link_that_leads_out_of_it(tmp_path: Path) -> None:
    write_file(tmp_path / "root/file", "ours\n")
    write_file(tmp_path / "secret", SECRET)
    for name, says in (("out", "../secret"), ("in", "file")):
        (tmp_path / "root" / name).symlink_to(says)
    seen = {
        name: current_file_state(
            str(tmp_path / "root" / name), stamp_file(tmp_path / "root" / name), True, tmp_path / "root"
        )
        for name in ("out", "in", "file")
    }
    assert seen["out"].digest.startswith("leads out") and seen["in"].digest == seen["file"].digest
    (tmp_path / "secret").write_text("changed\n")
    path = str(tmp_path / "root/out")
    assert current_file_state(path, stamp_file(path), True, tmp_path / "root").digest != seen["out"].digest


@pytest.mark.parametrize("name", ["README.txt", "isolinux/boot.msg", "product/etc/pipe", "updates/pipe"])
def test_doit_tells_a_pipe_in_the_content_at_once(tmp_path: Path, name: str) -> None:
    project = Project.new(tmp_path / "world")
    content.fill_content_tree(project.release)
    place = project.release.content.path / name
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    assert project.doit("list").code == 0
    tasks = {"README.txt": "tree", "isolinux": "isolinux", "product": "product_img", "updates": "updates_img"}
    outcome = project.doit(tasks[name.partition("/")[0]])
    assert outcome.code != 0 and f"{place.name}: is not a regular file" in outcome.said
