# SPDX-License-Identifier: GPL-3.0-or-later
"""test_key_layer"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from smedoit.config.tiers import KeySettings
from smedoit.errors import ContentError, FileError, PackageError
from smedoit.runtime.files import copy_file, write_file
from smedoit.sample.packages import FINGERPRINTS, KEYS
from smedoit.tree import key_layer, layers
from smedoit.tree.layers import TreeLayer

KOOZALI, CENTOS = (KEYS / f"RPM-GPG-KEY-practice-{name}" for name in ("koozali", "centos"))
PINNED = [KeySettings(KOOZALI, FINGERPRINTS["koozali"])]


def content(place: Path, **files: bytes) -> TreeLayer:
    """Return a layer of a content tree; in a file's name _ stands for a hyphen."""
    for name, data in files.items():
        write_file(place / name.replace("_", "-"), data)
    return layers.read_layer("content tree", place, lambda _: True, copy_file)


def kept(layer: TreeLayer) -> tuple[list[str], list[str]]:
    """Return what stays of a layer, and which keys are left out."""
    below, dropped = key_layer.drop_unpinned_keys(layer, key_layer.read_key_layer(PINNED))
    return sorted(below.files), dropped


def test_a_key_that_nobody_pinned_is_left_out_and_named(tmp_path: Path) -> None:
    layer = content(tmp_path, GPL=b"free", RPM_GPG_KEY_other=CENTOS.read_bytes(), RPM_GPG_KEY_text=b"soon")
    assert kept(layer) == (["GPL"], ["RPM-GPG-KEY-other", "RPM-GPG-KEY-text"])


def test_a_pinned_key_may_lie_there_twice_with_the_same_bytes_only(tmp_path: Path) -> None:
    ours = KOOZALI.read_bytes()
    layer = content(tmp_path, RPM_GPG_KEY_copy=ours, RPM_GPG_KEY_more=ours + CENTOS.read_bytes())
    assert kept(layer) == (["RPM-GPG-KEY-copy"], ["RPM-GPG-KEY-more"])


def test_what_has_the_name_of_a_pinned_key_is_overridden(tmp_path: Path) -> None:
    layer = content(tmp_path / "c", RPM_GPG_KEY_practice_koozali=CENTOS.read_bytes())
    keys = key_layer.read_key_layer(PINNED)
    layers.apply_layers([key_layer.drop_unpinned_keys(layer, keys)[0], keys], tmp_path / "t", lambda _: True)
    assert (tmp_path / "t" / KOOZALI.name).read_bytes() == KOOZALI.read_bytes()


def test_a_public_key_within_another_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"README: holds a public key that no \[\[keys\]\] entry pins"):
        kept(content(tmp_path, README=b"Trust us:\n" + CENTOS.read_bytes()))


@pytest.mark.parametrize("name", ["RPM_GPG_KEY_practice", "notes"])
def test_a_secret_key_is_never_left_out_in_silence(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="holds a secret key, which would be on the medium for everybody"):
        kept(content(tmp_path, **{name: Path(f"{KOOZALI}.secret").read_bytes()}))


def test_a_key_file_that_holds_another_key_is_no_layer(tmp_path: Path) -> None:
    path = Path(shutil.copy(KOOZALI, tmp_path))
    path.write_bytes(path.read_bytes() + CENTOS.read_bytes())
    with pytest.raises(PackageError, match="beside the pinned key"):
        key_layer.read_key_layer([KeySettings(path, FINGERPRINTS["koozali"])])
