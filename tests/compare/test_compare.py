# SPDX-License-Identifier: GPL-3.0-or-later
"""doit compare, on a release that was built."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from smedoit.compare import places, sides
from smedoit.compare.compare import compare_releases
from smedoit.compare.differences import Difference, compare_sides
from smedoit.errors import FileError, VerifyError
from smedoit.installer import cpio
from smedoit.iso.tasks import on_medium
from smedoit.medium_paths import EFI_IMAGE, PRODUCT_IMG
from smedoit.runtime import files
from tests.harness.project import Project


def read_side(path: Path) -> sides.ComparedSide:
    return sides.read_compared_side(path, on_medium)


def differences(one: Path, other: Path) -> list[Difference]:
    return compare_sides(read_side(one), read_side(other))


def changed_copy(tree: Path, home: Path, change: Callable[[Path], object]) -> Path:
    """Return a copy of a tree that something was done to."""
    copy = home / "copy"
    shutil.copytree(tree, copy)
    change(copy)
    return copy


def test_an_iso_the_tree_it_was_made_of_and_its_lock_are_the_same(built: Project) -> None:
    assert differences(built.iso, built.tree) == []
    assert differences(built.release.lock, built.iso) == []


def test_files_in_images_and_the_label_are_told(built: Project, tmp_path: Path) -> None:
    def change(copy: Path) -> None:
        members = cpio.parse_overlay_image((copy / PRODUCT_IMG).read_bytes(), "product.img")
        changed = [cpio.CpioMember(member.name, member.data + b"#", member.executable) for member in members[:1]]
        data = cpio.build_overlay_image([*changed, *members[1:]], 0)
        files.write_file(copy / PRODUCT_IMG, data)
        files.write_file(copy / "README.txt", "another\n")
        menu = copy / "isolinux/isolinux.cfg"
        files.write_file(menu, menu.read_text().replace("SME-10.1.rc2", "SME-10.2"))

    copy = changed_copy(built.tree, tmp_path, change)
    found = {(one.group, one.what, one.name) for one in differences(built.tree, copy)}
    assert {group for group, _, _ in found} == {"files", "label", PRODUCT_IMG}
    assert ("files", "changed", "README.txt") in found
    assert len([name for group, _, name in found if group == PRODUCT_IMG]) == 1


def test_the_grub_cfg_inside_efiboot_img_is_looked_at(built: Project, tmp_path: Path) -> None:
    from smedoit.fat.volume import replace_fat_file

    copy = changed_copy(
        built.tree,
        tmp_path,
        lambda copy: replace_fat_file(copy / EFI_IMAGE, copy / EFI_IMAGE, "EFI/BOOT/grub.cfg", b"other\n", 1 << 30),
    )
    found = [(one.group, one.name.lower()) for one in differences(built.tree, copy)]
    assert found == [("files", EFI_IMAGE), (EFI_IMAGE, "efi/boot/grub.cfg")]


def test_an_image_that_holds_the_same_files_is_packed_otherwise(built: Project, tmp_path: Path) -> None:
    def change(copy: Path) -> None:
        packed = gzip.decompress((copy / PRODUCT_IMG).read_bytes())
        files.write_file(copy / PRODUCT_IMG, gzip.compress(packed, 1, mtime=0))

    [only] = differences(built.tree, changed_copy(built.tree, tmp_path, change))
    assert str(only) == f"{PRODUCT_IMG}: packed otherwise, the files in it are the same"


def test_a_link_that_leads_out_is_told_and_not_followed(built: Project, tmp_path: Path) -> None:
    copy = changed_copy(built.tree, tmp_path, lambda copy: (copy / "secret").symlink_to("/etc/passwd"))
    assert [(one.what, one.name) for one in differences(built.tree, copy)] == [("added", "secret")]


def test_a_medium_of_other_tools_is_read_and_its_boot_records_told(built: Project, tmp_path: Path) -> None:
    program = shutil.which("genisoimage") or pytest.skip("genisoimage is not there")
    other = tmp_path / "other.iso"
    tree = tmp_path / "tree"
    shutil.copytree(built.tree, tree)
    subprocess.run(
        [program, "-quiet", "-R", "-V", "OTHER", "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat",
         "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "-o", other, tree],
        check=True,
    )  # fmt: skip
    found = differences(built.iso, other)
    assert {one.group for one in found} == {"boot records", "label"}
    assert {one.name for one in found if one.what == "removed"} >= {"El Torito, UEFI", "MBR, partition 1"}


def test_the_tree_of_a_release_is_found_in_its_directory(built: Project, tmp_path: Path) -> None:
    assert places.find_release_tree(built.release.stage) == built.tree
    assert places.find_release_tree(built.tree) == built.tree
    assert places.find_release_tree(built.iso) == built.iso
    said = compare_releases([str(built.release.stage), str(built.iso)], tmp_path, on_medium)
    assert said.endswith("are the same")
    for number in ("1", "2"):
        files.write_file(tmp_path / f"smeos/{number}/.treeinfo", "")
    assert places.find_release_tree(tmp_path) == tmp_path


def test_what_is_neither_tree_nor_iso_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is nothing of that name"):
        places.open_release_place(tmp_path / "absent")
    files.write_file(tmp_path / "file.iso", b"no ISO")
    with pytest.raises(VerifyError, match="too damaged to be read as an ISO"):
        places.open_release_place(tmp_path / "file.iso")


def test_it_ends_as_diff_does(built: Project) -> None:
    rel = built.release
    same = built.doit("compare", os.fspath(rel.tree), os.fspath(built.iso))
    assert (same.code, same.ran) == (0, set())
    assert "are the same" in same.out
    other = rel.tree / "isolinux"
    differs = built.doit("compare", "--json", os.fspath(rel.tree), os.fspath(other))
    assert differs.code == 1
    assert not json.loads(differs.out)["same"]
    assert "differences: " in differs.err
    assert built.doit("compare", os.fspath(rel.tree), "nowhere").code == 2
    assert built.doit("compare", os.fspath(rel.tree)).code == 2
