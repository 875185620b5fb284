# SPDX-License-Identifier: GPL-3.0-or-later
"""test_select"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.config.packages import PackageSelection
from smedoit.errors import PackageError
from smedoit.package import Package
from smedoit.packages.select import SelectedPackage, foreign_packages, other_dists, select_newest
from tests.harness.nouns import package


def picked(selection: PackageSelection | None = None, **tiers: Sequence[str]) -> dict[str, str]:
    """Return NEVRA -> tier of the picks; each tier's packages are spelled as NEVRAs."""
    packages = {tier: [package(nevra) for nevra in nevras] for tier, nevras in tiers.items()}
    return {
        selected.package.nevra: selected.tier
        for selected in select_newest(packages, selection or PackageSelection(), "x86_64")
    }


def picks(**tiers: Sequence[Package]) -> list[SelectedPackage]:
    return select_newest(tiers, PackageSelection(), "x86_64")


def test_the_newest_of_a_name_wins_whatever_its_tier() -> None:
    assert picked(smeos=["bash-4.2-2.x86_64"], smeupdates=["bash-4.2-3.x86_64", "bash-4.2-1.x86_64"]) == {
        "bash-4.2-3.x86_64": "smeupdates"
    }


def test_newer_is_what_rpm_calls_newer() -> None:
    assert picked(smeos=["a-9-1.noarch", "a-10-1.noarch", "a-10~rc1-1.noarch"]) == {"a-10-1.noarch": "smeos"}


def test_a_higher_epoch_beats_a_higher_version() -> None:
    assert picked(smeos=["a-2.3-1.noarch"], smetesting=["a-1:2.2-1.noarch"]) == {"a-1:2.2-1.noarch": "smetesting"}


def test_on_equal_versions_the_earlier_tier_wins() -> None:
    assert picked(smeos=["bash-4.2-1.x86_64"], smeupdates=["bash-4.2-1.x86_64"]) == {"bash-4.2-1.x86_64": "smeos"}


def test_versions_that_only_look_different_are_equal() -> None:
    assert picked(smeos=["a-1.5-1.noarch"], smeupdates=["a-1.05-1.noarch"]) == {"a-1.5-1.noarch": "smeos"}


def test_source_packages_stay_away() -> None:
    assert picked(smeos=["bash-4.2-1.src", "bash-4.2-1.nosrc"]) == {}


def test_other_architectures_stay_away() -> None:
    assert picked(smeos=["bash-4.2-1.i686", "bash-4.2-1.ppc64", "bash-4.2-1.x86_64"]) == {"bash-4.2-1.x86_64": "smeos"}


def test_a_multilib_name_comes_in_both_architectures() -> None:
    both = ["glibc-2.17-1.i686", "glibc-2.17-1.x86_64"]
    assert list(picked(PackageSelection(multilib=("glibc",)), smeos=[*both, "bash-4.2-1.i686"])) == both


def test_multilib_names_may_be_globs() -> None:
    assert picked(PackageSelection(multilib=("lib*",)), smeos=["libgcc-4-1.i686"]) == {"libgcc-4-1.i686": "smeos"}


def test_multilib_admits_no_third_architecture() -> None:
    assert picked(PackageSelection(multilib=("glibc",)), smeos=["glibc-2.17-1.s390x"]) == {}


def test_a_package_that_became_noarch_replaces_its_older_self() -> None:
    assert picked(smeos=["a-1-1.x86_64"], smeupdates=["a-2-1.noarch"]) == {"a-2-1.noarch": "smeupdates"}


def test_a_package_that_was_noarch_is_replaced_by_its_newer_self() -> None:
    assert picked(smeos=["a-1-1.noarch"], smeupdates=["a-2-1.x86_64"]) == {"a-2-1.x86_64": "smeupdates"}


def test_several_versions_stay_where_the_release_says_so() -> None:
    kernels = [f"kernel-3.10-{number}.x86_64" for number in (9, 10, 11)]
    assert list(picked(PackageSelection(several={"ker*": 2}), smeos=kernels)) == kernels[:0:-1]


def test_equal_versions_count_once_among_several() -> None:
    twice = ["kernel-3.10-2.x86_64", "kernel-3.10-1.x86_64"]
    assert picked(PackageSelection(several={"kernel": 2}), smeos=twice, smeupdates=twice[:1]) == dict.fromkeys(
        twice, "smeos"
    )


def test_fewer_versions_than_asked_for_are_all() -> None:
    assert picked(PackageSelection(several={"kernel": 5}), smeos=["kernel-3-1.x86_64"]) == {
        "kernel-3-1.x86_64": "smeos"
    }


def test_picks_come_sorted_by_name_then_architecture() -> None:
    found = picked(
        PackageSelection(multilib=("*",)), smeos=["b-1-1.noarch", "a-1-1.x86_64", "a-1-1.i686", "B-1-1.noarch"]
    )
    assert list(found) == ["B-1-1.noarch", "a-1-1.i686", "a-1-1.x86_64", "b-1-1.noarch"]


def test_one_nevra_of_different_bytes_is_refused_with_every_place() -> None:
    ours = package("bash-4.2-1.x86_64", file="smeos/bash-4.2-1.x86_64.rpm")
    theirs = package("bash-4.2-1.x86_64", file="smeupdates/bash-4.2-1.x86_64.rpm", sha256="f" * 64)
    with pytest.raises(PackageError) as caught:
        picks(smeos=[ours], smeupdates=[theirs])
    for words in ("bash-4.2-1.x86_64:", f"{ours.file} (smeos)", f"{theirs.file} (smeupdates)", "hint:"):
        assert words in str(caught.value)


def test_different_bytes_in_one_tier_are_refused_too() -> None:
    with pytest.raises(PackageError, match="different bytes"):
        picks(smeos=[package("a-1-1.noarch", file="x/a.rpm"), package("a-1-1.noarch", file="y/a.rpm", sha256="0" * 64)])


def test_an_old_version_of_different_bytes_is_refused_although_it_would_lose() -> None:
    with pytest.raises(PackageError, match="different bytes"):
        picks(smeos=[package("a-1-1.noarch"), package("a-1-1.noarch", sha256="0" * 64), package("a-2-1.noarch")])


def test_what_may_not_go_on_the_medium_may_differ() -> None:
    assert picks(smeos=[package("a-1-1.src"), package("a-1-1.src", sha256="0" * 64)]) == []


def test_a_tier_without_packages_is_no_trouble() -> None:
    assert picked(smeos=[], smeupdates=["a-1-1.noarch"]) == {"a-1-1.noarch": "smeupdates"}


@given(st.permutations([f"a-{version}-1.{arch}" for version in (1, 2, 3) for arch in ("noarch", "x86_64")]))
def test_the_order_of_the_files_changes_nothing(nevras: list[str]) -> None:
    assert picks(smeos=[package(nevra) for nevra in nevras]) == picks(
        smeos=[package(nevra) for nevra in sorted(nevras)]
    )


def test_a_distribution_for_i386_mixes_its_machines() -> None:
    names = [
        "bash-3-1.i386",
        "glibc-2.5-1.i386",
        "glibc-2.5-1.i686",
        "gmp-4-1.i486",
        "openssl-1-1.i586",
        "a-1-1.noarch",
    ]
    packages = [package(nevra) for nevra in names]
    for arch in ("i386", "i686"):
        found = select_newest({"smeos": packages}, PackageSelection(), arch)
        assert {selected.package.nevra for selected in found} == {*names}


def test_packages_of_other_machines_are_counted_and_multilib_ones_are_not() -> None:
    seen = [package(nevra) for nevra in ("a-1-1.ppc64", "b-1-1.athlon", "glibc-2-1.i686", "c-1-1.src", "d-1-1.noarch")]
    assert foreign_packages(seen, PackageSelection(), "x86_64") == {
        "athlon": ["b-1-1.athlon"], "ppc64": ["a-1-1.ppc64"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("release", "tag"),
    [
        ("35.el7_9", "el7"),
        ("2.el8.sme", ""),
        ("553.el8_10", ""),
        ("1.module+el8.10.0+1234", ""),
        ("1.module_el9", "el9"),
        ("1", ""),
        ("3.sme", ""),
        ("1.model7", ""),
    ],
)
def test_a_package_of_another_enterprise_linux_is_told_by_its_dist_tag(release: str, tag: str) -> None:
    nevra = f"a-1-{release}.noarch"
    assert other_dists([package(nevra)], ".el8.sme") == ({tag: [nevra]} if tag else {})
