# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of overlay files, held against the installer's runtime as dracut lays one over the other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from smedoit.installer import runtime_paths

# The two loops of apply-live-updates.sh, dracut 033
APPLY = """
cd "$1" || exit 9
find . -depth -type d | while read dir; do mkdir -p "$2/$dir" || echo "mkdir $dir" >> "$3"; done
find . -depth \\! -type d | while read file; do cp -a "$file" "$2/$file" || echo "cp $file" >> "$3"; done
"""


def conflicts(*names: str) -> list[str]:
    return list(runtime_paths.find_path_conflicts(names))


@pytest.mark.parametrize(
    "name", ["etc", "usr/share/anaconda", "bin", "lib64", "usr/lib64/python2.7/site-packages/pyanaconda", "run/install"]
)
def test_a_file_where_the_runtime_has_a_directory_is_refused(name: str) -> None:
    assert conflicts(name) == [f"{name}: is a file, and a directory in the installer's runtime, which stays as it is"]


@pytest.mark.parametrize("name", [".buildstamp/Main", "etc/redhat-release/x", "etc/passwd/a/b"])
def test_a_directory_where_the_runtime_has_a_file_is_refused(name: str) -> None:
    [said] = conflicts(name)
    assert said.startswith(f"{name}: lies below ")


def test_of_two_images_one_has_no_directory_where_the_other_has_a_file() -> None:
    assert conflicts("etc/koozali", "etc/koozali/x") == [
        "etc/koozali/x: lies below etc/koozali, which is a file of the overlay images"
    ]


def test_what_real_product_images_hold_has_its_place() -> None:
    assert not conflicts(
        ".buildstamp",
        "etc/centos-release",
        "etc/os-release",
        "etc/system-release-cpe",
        "lib/udev/rules.d/99-x.rules",
        "run/install/product/pyanaconda/installclasses/koozali.py",
        "run/install/updates/po/de/LC_MESSAGES/anaconda.mo",
        "usr/lib64/python2.7/site-packages/pyanaconda/installclasses/koozali.py",
        "usr/share/anaconda/interactive-defaults.ks",
        "usr/share/anaconda/pixmaps/rnotes/de/01.png",
        "usr/share/anaconda/pixmaps/sidebar-logo.png",
        "usr/bin/own",
        "usr/share/own",
        "root/.bashrc",
    )


def test_what_is_mounted_over_is_told() -> None:
    assert runtime_paths.hidden_paths(["tmp/product/x", "proc/x", "etc/x", "run/x"]) == ["tmp/product/x", "proc/x"]


@pytest.mark.parametrize(
    "name", ["etc", "bin", "etc/passwd/x", ".buildstamp/x", "usr/share/own", "etc/passwd", "etc/new/file", "lib/x"]
)
def test_the_hook_of_the_runtime_fails_or_misses_just_where_we_refuse(tmp_path: Path, name: str) -> None:
    updates, runtime, said = tmp_path / "updates", tmp_path / "runtime", tmp_path / "said"
    for directory in runtime_paths.runtime_directories("el7") - {*runtime_paths.LINKED}:
        (runtime / directory).mkdir(parents=True, exist_ok=True)
    for link in runtime_paths.LINKED:
        (runtime / "linked" / link).mkdir(parents=True)
        (runtime / link).symlink_to(runtime / "linked" / link)
    for file in runtime_paths.FILES:
        (runtime / file).write_text("theirs")
    (updates / name).parent.mkdir(parents=True)
    (updates / name).write_text("ours")
    subprocess.run(["sh", "-c", APPLY, "sh", updates, runtime, said], check=True, stderr=subprocess.DEVNULL)
    placed = not said.exists() and (runtime / name).is_file() and (runtime / name).read_text() == "ours"
    assert placed == (not conflicts(name))
