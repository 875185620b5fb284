# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release is called, from what it says of itself."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from smedoit.importing.facts import MediumTexts, identify_release, split_version
from tests.harness.corpus import corpus_dir

STAMP = "[Main]\nProduct=Koozali SME Server\nVersion=10.1rc2\nBugURL=https://bugs.koozali.org\nIsFinal=False\n"
MENU = "menu title Welcome to SME Server 10.1 RC2\nlabel linux\n  menu label ^Install SME Server 10.1 RC2\n"
TREEINFO = """\
[general]
arch = x86_64
timestamp = 1793534400
[release]
name = Koozali SME Server
short = SME
version = 10.1
"""
DISCINFO = "1793534400.000000\nKoozali SME Server 10.1rc2\nx86_64\nALL\n"


def told(**texts: object) -> dict[str, object]:
    return dict(identify_release(MediumTexts(**texts)).release)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "version", "label"),
    [
        ("SME Server 10.1 RC2", "10.1", "rc2"),
        ("10.1rc2", "10.1", "rc2"),
        ("10alpha5", "10", "alpha5"),
        ("SME-10.1.beta 3", "10.1", "beta3"),
        ("7.3", "7.3", ""),
        ("CentOS 7 x86_64", "", ""),
        ("nothing", "", ""),
    ],
)
def test_a_version_is_read_in_every_spelling(text: str, version: str, label: str) -> None:
    assert split_version(text) == (version, label)


def test_the_installer_the_tree_and_the_menu_say_what_a_release_is_called() -> None:
    found = identify_release(
        MediumTexts(
            treeinfo=TREEINFO, discinfo=DISCINFO, buildstamp=STAMP, menus=[MENU], label="SME-10.1.rc2-x86_64",
            packages=[("smeserver-release", "10.1"), ("centos-release", "7")],
        )
    )  # fmt: skip
    assert found.release == {
        "product": "Koozali SME Server", "aliases": ["SME Server"], "short": "SME", "name": "smeserver", "major": 10,
        "version": "10.1", "label": "rc2", "arch": "x86_64", "date": datetime(2026, 11, 1, 12, tzinfo=timezone.utc),
        "bug_url": "https://bugs.koozali.org", "volume_id": "{short}-{full}-{arch}",
    }  # fmt: skip
    assert (found.spec, list(found.remarks)) == ("smeserver-release", [])


def test_a_label_of_another_shape_keeps_its_shape_for_the_next_release() -> None:
    assert (
        told(buildstamp=STAMP, treeinfo=TREEINFO, label="Koozali SME 10.1.rc2")["volume_id"] == "Koozali {short} {full}"
    )
    found = identify_release(MediumTexts(buildstamp=STAMP, treeinfo=TREEINFO, label="Größe"))
    assert found.release["volume_id"] == "{short}-{full}-{arch}"
    assert "the label 'Größe' cannot be one here" in found.remarks[0]


def test_two_versions_are_told_and_the_installers_counts() -> None:
    found = identify_release(MediumTexts(buildstamp=STAMP, treeinfo=TREEINFO.replace("10.1", "9.2")))
    assert found.release["version"] == "10.1"
    assert found.remarks == [".treeinfo says version 9.2, .buildstamp says 10.1, which was taken"]


def test_what_nobody_says_is_guessed_and_said() -> None:
    remarks = " ".join(identify_release(MediumTexts()).remarks)
    for words in ("the version", "a product", "the architecture", "when it was made"):
        assert f"nobody says {words}" in remarks


def test_a_product_that_the_installer_cannot_carry_gives_way_to_the_next() -> None:
    found = identify_release(MediumTexts(buildstamp=STAMP.replace("Koozali SME Server", "서버"), treeinfo=TREEINFO))
    assert found.release["product"] == "Koozali SME Server"
    assert "needs ASCII" in found.remarks[0]


def test_a_title_that_names_something_else_is_another_name() -> None:
    assert told(buildstamp=STAMP, menus=["menu title Snipe-IT\n"])["aliases"] == ["Snipe-IT"]


def test_the_network_menu_says_where_the_release_lies() -> None:
    line = "append initrd=initrd.img inst.stage2=hd:LABEL=SME-10.1.rc2-net inst.repo={} quiet\n"
    base = "https://mirror.example.invalid/releases/testing/10.1.rc2"
    found = identify_release(MediumTexts(buildstamp=STAMP, network=line.format(f"{base}/smeos/x86_64")))
    assert list(found.urls) == ["https://mirror.example.invalid/releases/{place}"]
    assert found.network == {}
    other = identify_release(MediumTexts(buildstamp=STAMP, network=line.format("http://example.invalid/os")))
    assert (list(other.urls), other.network) == ([], {"url": "http://example.invalid/os"})


def test_real_centos_texts_are_understood() -> None:
    tree = corpus_dir() / "trees/centos7.5-remaster"
    found = told(
        treeinfo=(tree / ".treeinfo").read_text(),
        discinfo=(tree / ".discinfo").read_text(),
        menus=[(tree / "isolinux.cfg").read_text()],
        label="CentOS 7 x86_64",
    )
    assert (found["product"], found["version"], found["arch"], found["short"]) == ("CentOS", "7.5", "x86_64", "CentOS")
    assert found["aliases"] == ["Snipe-IT"]
    assert found["date"] == datetime(2018, 5, 3, 20, 30, 51, tzinfo=timezone.utc)


def test_what_no_release_could_be_called_is_replaced_and_told() -> None:
    found = identify_release(MediumTexts(buildstamp=STAMP.replace("https:", "https: ;"), treeinfo=TREEINFO))
    assert found.release["bug_url"] == ""
    assert "[release] bug_url cannot be" in found.remarks[0]
    long = identify_release(MediumTexts(buildstamp=STAMP.replace("10.1", "10.111111.222222.333333"), treeinfo=TREEINFO))
    assert long.release["volume_id"] == "imported"
