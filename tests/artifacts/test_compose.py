# SPDX-License-Identifier: GPL-3.0-or-later
"""test_compose"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from productmd.compose import Compose

from smedoit.artifacts.compose import ComposeMedium, LocatedPackages, format_manifests
from smedoit.packages.places import FLAT, MediumLayout
from smedoit.packages.select import SelectedPackage
from tests.harness.nouns import EPOCH, identity, package

DVD = ComposeMedium(
    "iso/x86_64/a.iso", "dvd", "x86_64", 4096, "a" * 64, "b" * 32, "SME-10.1.rc2-x86_64", "c" * 32, True
)
NET = replace(DVD, path="iso/x86_64/net.iso", kind="netinst", sha256="d" * 64)
SOURCES = [
    replace(DVD, path=f"iso/source/s{n}.iso", arch="src", bootable=False, number=n, count=2, sha256=f"{n}" * 64)
    for n in (1, 2)
]
PICKS = [
    SelectedPackage(package("bash-4.2.46-34.el7.x86_64"), "smeos"),
    SelectedPackage(package("bash-debuginfo-4.2.46-34.el7.x86_64", source_rpm="bash-4.2.46-34.el7.src.rpm"), "smeos"),
    SelectedPackage(package("bind-32:9.11-1.el7.x86_64"), "smeos"),
    SelectedPackage(package("perl-Odd-1.0-1.noarch", source_rpm=""), "smeos"),
]
SRPMS = [SelectedPackage(package("bash-4.2.46-34.el7.src", source_rpm=""), "smeos"),
         SelectedPackage(package("bind-32:9.11-1.el7.src", source_rpm=""), "smeos")]  # fmt: skip


def compose(place: Path, **changes: object) -> Compose:
    """Return what productmd reads of a release directory."""
    for name, text in format_manifests(
        identity(**changes), [DVD, NET, *SOURCES], LocatedPackages(PICKS, SRPMS, FLAT)
    ).items():
        (place / "metadata").mkdir(exist_ok=True)
        (place / "metadata" / name).write_text(text, encoding="utf-8")
    return Compose(str(place))


@pytest.mark.parametrize(("label", "milestone"), [("", None), ("rc2", "RC-2.0"), ("beta1", "Beta-1.0"),
                                                  ("alpha5", "Alpha-5.0")])  # fmt: skip
def test_productmd_loads_what_the_release_is(tmp_path: Path, label: str, milestone: str | None) -> None:
    info = compose(tmp_path, label=label).info
    assert (info.release.name, info.release.version, info.compose.label) == ("Koozali SME Server", "10.1", milestone)
    assert info.compose.id == "SME-10.1-20261101.0"
    paths = info["SME"].paths
    assert paths.os_tree == {"x86_64": "smeos/x86_64"}
    assert paths.source_isos == {"x86_64": "iso/source"}


def test_productmd_loads_every_medium_with_its_facts(tmp_path: Path) -> None:
    found = {image.path: image for image in compose(tmp_path).images["SME"]["x86_64"]}
    assert sorted(found) == [one.path for one in [*SOURCES, DVD, NET]]
    dvd = found[DVD.path]
    assert (dvd.size, dvd.volume_id, dvd.implant_md5, dvd.bootable) == (4096, DVD.volume, "c" * 32, True)
    assert dvd.checksums == {"md5": "b" * 32, "sha256": "a" * 64}
    assert (dvd.type, dvd.arch, dvd.subvariant, dvd.mtime) == ("dvd", "x86_64", "SME", EPOCH)
    assert [(found[one.path].disc_number, found[one.path].disc_count) for one in SOURCES] == [(1, 2), (2, 2)]


def test_productmd_loads_every_package_below_its_source(tmp_path: Path) -> None:
    found = compose(tmp_path).rpms["SME"]["x86_64"]
    assert sorted(found) == ["bash-0:4.2.46-34.el7.src", "bind-32:9.11-1.el7.src", "perl-Odd-0:1.0-1.src"]
    bash = found["bash-0:4.2.46-34.el7.src"]
    assert {nevra: one["category"] for nevra, one in bash.items()} == {
        "bash-0:4.2.46-34.el7.src": "source",
        "bash-0:4.2.46-34.el7.x86_64": "binary",
        "bash-debuginfo-0:4.2.46-34.el7.x86_64": "debug",
    }
    assert bash["bash-0:4.2.46-34.el7.x86_64"] == {
        "sigkey": PICKS[0].package.key[-8:],
        "path": "smeos/x86_64/Packages/bash-4.2.46-34.el7.x86_64.rpm",
        "category": "binary",
    }


def test_the_order_of_packages_and_media_changes_nothing() -> None:
    straight = format_manifests(identity(), [DVD, NET, *SOURCES], LocatedPackages(PICKS, SRPMS, FLAT))
    turned = format_manifests(
        identity(), [*reversed(SOURCES), NET, DVD], LocatedPackages(PICKS[::-1], SRPMS[::-1], FLAT)
    )
    assert straight == turned


def test_each_package_and_its_source_stand_in_the_variant_that_has_it(tmp_path: Path) -> None:
    layout = MediumLayout(("BaseOS", "AppStream"), {"apps": "AppStream"})
    one = {"base": "el8", "major": 11, "version": "11.0"}
    picks = [
        *PICKS,
        SelectedPackage(package("bind-utils-32:9.11-1.el7.x86_64", source_rpm="bind-9.11-1.el7.src.rpm"), "apps"),
    ]
    made = format_manifests(identity(**one), [DVD], LocatedPackages(picks, SRPMS, layout))
    (tmp_path / "metadata").mkdir()
    for name, text in made.items():
        (tmp_path / "metadata" / name).write_text(text, encoding="utf-8")
    found = Compose(str(tmp_path))
    assert found.info["BaseOS"].paths.repository == {"x86_64": "smeos/x86_64/BaseOS"}
    assert found.info["AppStream"].paths.packages == {"x86_64": "smeos/x86_64/AppStream/Packages"}
    assert (found.info["BaseOS"].paths.isos, found.info["AppStream"].paths.isos) == ({"x86_64": "iso/x86_64"}, {})
    [bind] = found.rpms["AppStream"]["x86_64"].values()
    assert {nevra: entry["path"] for nevra, entry in bind.items()} == {
        "bind-32:9.11-1.el7.src": "smeos/SRPMS/bind-9.11-1.el7.src.rpm",
        "bind-utils-32:9.11-1.el7.x86_64": "smeos/x86_64/AppStream/Packages/bind-utils-9.11-1.el7.x86_64.rpm",
    }
    assert "bind-32:9.11-1.el7.src" in found.rpms["BaseOS"]["x86_64"]
    assert [image.path for image in found.images["BaseOS"]["x86_64"]] == [DVD.path]
