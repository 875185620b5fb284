# SPDX-License-Identifier: GPL-3.0-or-later
"""test_cpio"""

from __future__ import annotations

import gzip
import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.bases.el7 import EL7
from smedoit.config.inputs import PLACES
from smedoit.errors import ContentError
from smedoit.installer import cpio as installer_cpio
from smedoit.installer.cpio import (
    CpioMember,
    build_overlay_image,
    catalog_location,
    cpio_archive,
    newc_entry,
    updates_location,
)
from tests.harness.nouns import EPOCH
from tests.harness.tools import need

MEMBERS = [
    CpioMember(".buildstamp", b"[Main]\n"),
    CpioMember("etc/os-release", b"NAME=x\n"),
    CpioMember("usr/bin/tool", b"#!/bin/sh\n", executable=True),
    CpioMember("usr/share/é mit Blank", b"odd"),
    CpioMember("empty", b""),
]
NAME = st.lists(st.text("ab.", min_size=1, max_size=3).filter(lambda part: part.strip(".")), min_size=1, max_size=3)


def cpio(option: str, data: bytes, place: Path) -> str:
    """Return what cpio says of an archive, with place as its working directory."""
    need("cpio")
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(
        ["cpio", "--quiet", option], input=data, capture_output=True, cwd=place, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode()


def unpacked(members: list[CpioMember], place: Path) -> dict[str, bytes]:
    cpio("-iumd", gzip.decompress(build_overlay_image(members, EPOCH)), place)  # as dracut unpacks it
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def test_what_went_in_comes_out_as_dracut_unpacks_it(tmp_path: Path) -> None:
    assert unpacked(MEMBERS, tmp_path) == {member.name: member.data for member in MEMBERS}


def test_cpio_lists_each_directory_before_what_it_holds(tmp_path: Path) -> None:
    listed = cpio("-it", cpio_archive(MEMBERS, EPOCH), tmp_path).splitlines()
    assert listed == [
        ".buildstamp", "empty", "etc", "etc/os-release", "usr", "usr/bin", "usr/bin/tool",
        "usr/share", "usr/share/é mit Blank",
    ]  # fmt: skip


def test_everything_belongs_to_root_and_bears_the_release_date(tmp_path: Path) -> None:
    for line in cpio("-itvn", cpio_archive(MEMBERS, EPOCH), tmp_path).splitlines():
        assert line.split()[2:4] == ["0", "0"]
        assert " Nov  1  2026 " in line or " Nov  1 12:00 " in line


def test_executables_stay_executable_and_nothing_else_is(tmp_path: Path) -> None:
    unpacked(MEMBERS, tmp_path)
    modes = {member.name: stat.S_IMODE((tmp_path / member.name).stat().st_mode) for member in MEMBERS}
    assert modes.pop("usr/bin/tool") == 0o755
    assert set(modes.values()) == {0o644}
    assert stat.S_IMODE((tmp_path / "usr/bin").stat().st_mode) == 0o755


def test_no_name_is_absolute_or_leads_upwards(tmp_path: Path) -> None:
    for name in cpio("-it", cpio_archive(MEMBERS, EPOCH), tmp_path).splitlines():
        assert not name.startswith(("/", ".."))


def test_the_order_of_the_members_changes_nothing() -> None:
    assert build_overlay_image(MEMBERS, EPOCH) == build_overlay_image(MEMBERS[::-1], EPOCH)


def test_the_builders_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = build_overlay_image(MEMBERS, EPOCH)
    monkeypatch.setattr("time.time", lambda: 1.0)
    assert build_overlay_image(MEMBERS, EPOCH) == first


def test_the_release_date_changes_the_image() -> None:
    assert build_overlay_image(MEMBERS, EPOCH) != build_overlay_image(MEMBERS, EPOCH + 1)


def test_the_image_is_gzip_without_name_or_time() -> None:
    header = build_overlay_image(MEMBERS, EPOCH)[:10]
    assert header[:4] == b"\x1f\x8b\x08\x00"  # gzip, deflate, no name
    assert header[4:8] == bytes(4)


def test_an_image_of_nothing_is_an_image(tmp_path: Path) -> None:
    assert unpacked([], tmp_path) == {}


def test_of_two_members_of_one_name_the_later_counts(tmp_path: Path) -> None:
    assert unpacked([CpioMember("a", b"first"), CpioMember("a", b"second")], tmp_path) == {"a": b"second"}


@given(st.dictionaries(NAME.map("/".join), st.binary(max_size=9), max_size=6))
def test_cpio_reads_any_archive_of_ours(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    clean = {name: data for name, data in files.items() if not any(other.startswith(f"{name}/") for other in files)}
    members = [CpioMember(name, data) for name, data in clean.items()]
    assert unpacked(members, tmp_path_factory.mktemp("any")) == clean


@pytest.mark.parametrize("length", range(9))
def test_every_entry_ends_on_a_multiple_of_four(length: int) -> None:
    entry = newc_entry("a" * (length + 1), b"x" * length, mode=0o100644, mtime=0, inode=1)
    assert len(entry) % 4 == 0


def test_a_file_beyond_the_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer_cpio, "LARGEST", 3)
    with pytest.raises(ContentError, match="big: is longer than 4 GiB"):
        newc_entry("big", b"1234", mode=0o100644, mtime=0, inode=1)


# Where things go


@pytest.mark.parametrize(
    ("relative", "name"),
    [
        ("anaconda-gtk.css", "run/install/updates/anaconda-gtk.css"),
        ("pyanaconda/iutil.py", "run/install/updates/pyanaconda/iutil.py"),
        ("run/install/updates/x", "run/install/updates/x"),
        ("usr/share/x", "usr/share/x"),
        ("etc/x", "etc/x"),
        ("etcetera", "run/install/updates/etcetera"),
    ],
)
def test_updates_go_where_the_installer_reads_them(relative: str, name: str) -> None:
    assert updates_location(relative, EL7) == name


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("locale", "usr/share/locale/de/LC_MESSAGES/anaconda.mo"),
        ("updates", "run/install/updates/po/de/LC_MESSAGES/anaconda.mo"),
    ],
)
def test_translations_go_to_one_of_the_two_places_that_are_read(place: str, name: str) -> None:
    assert catalog_location("de/LC_MESSAGES/anaconda.mo", PLACES[place]) == name


def test_a_size_below_zero_does_not_lead_backwards() -> None:
    entry = b"070701" + b"00000000" * 6 + b"-0000070" + b"00000000" * 4 + b"00000002" + b"00000000" + b"a\0"
    with pytest.raises(ContentError, match="a header in it is damaged"):
        installer_cpio.parse_overlay_image(gzip.compress(entry.ljust(200, b"\0")), "product.img")


def test_an_image_that_unpacks_to_gigabytes_is_refused() -> None:
    with pytest.raises(ContentError, match=r"product\.img: is no newc archive in gzip, it unpacks to more than"):
        installer_cpio.parse_overlay_image(gzip.compress(bytes(1 << 20)) * 200, "product.img")
