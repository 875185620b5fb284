# SPDX-License-Identifier: GPL-3.0-or-later
"""Source packages: which belong to a medium, and on which disc each goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.config.media import SourceIsoSettings
from smedoit.errors import ContentError, PackageError
from smedoit.iso import source_iso
from smedoit.packages import sources
from smedoit.packages.select import SelectedPackage
from tests.harness.nouns import identity, package

BASH, LIBS, SSL = (
    SelectedPackage(package("bash-4.2-1.x86_64"), "smeos"),
    SelectedPackage(package("openssl-libs-1:1.0-1.x86_64", source_rpm="openssl-1.0-1.src.rpm"), "smeos"),
    SelectedPackage(package("openssl-1:1.0-1.x86_64"), "smeos"),
)


def srpm(nevra: str, **changes: object) -> SelectedPackage:
    return SelectedPackage(package(nevra, source_rpm="", **changes), "smeos")


def test_every_package_wants_its_source_package_once() -> None:
    assert sources.needed_sources([SSL, LIBS, BASH], {}) == {
        "bash-4.2-1.src.rpm": ["bash-4.2-1.x86_64"],
        "openssl-1.0-1.src.rpm": ["openssl-1:1.0-1.x86_64", "openssl-libs-1:1.0-1.x86_64"],
    }


def test_what_release_toml_excuses_is_not_wanted() -> None:
    assert sources.needed_sources([BASH, LIBS], {"bash-*": "lost in a fire"}).keys() == {"openssl-1.0-1.src.rpm"}


def test_all_that_are_missing_stand_in_one_sentence_with_what_was_built_from_them() -> None:
    with pytest.raises(PackageError) as raised:
        sources.select_sources(sources.needed_sources([BASH, SSL, LIBS], {}), {"smeos": []})
    words = str(raised.value)
    assert "2 source packages of the medium are in no tier" in words
    for name in (
        "bash-4.2-1.src.rpm",
        "openssl-1.0-1.src.rpm",
        "openssl-libs-1:1.0-1.x86_64",
        "[sources] allow_missing",
    ):
        assert name in words


def test_a_package_that_names_no_srpm_is_told() -> None:
    with pytest.raises(PackageError, match="packages that name no SRPM"):
        sources.select_sources(
            sources.needed_sources([SelectedPackage(package("a-1-1.noarch", source_rpm=""), "smeos")], {}),
            {"smeos": []},
        )


def test_the_first_tier_that_has_it_gives_it() -> None:
    srpm = package("bash-4.2-1.src")
    [found] = sources.select_sources({"bash-4.2-1.src.rpm": ["bash"]}, {"smeos": [srpm], "smetest": [srpm]})
    assert (found.package, found.tier) == (srpm, "smeos")


def test_the_same_name_with_other_bytes_is_refused() -> None:
    srpm, other = package("bash-4.2-1.src"), package("bash-4.2-1.src", sha256="00" * 32, file="smetest/bash.src.rpm")
    with pytest.raises(PackageError, match=r"(?s)different bytes.*smetest/bash\.src\.rpm \(smetest\)"):
        sources.select_sources({"bash-4.2-1.src.rpm": ["bash"]}, {"smeos": [srpm], "smetest": [other]})


SIZES = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.integers(1, 100), min_size=1, max_size=30)


@given(SIZES, st.integers(100, 300))
def test_every_package_is_on_one_disc_and_no_disc_is_overfull(sizes: dict[str, int], room: int) -> None:
    discs = source_iso.assign_discs(sizes, room)
    assert sorted(name for disc in discs for name in disc) == sorted(sizes)
    assert all(sum(sizes[name] for name in disc) <= room for disc in discs)
    assert all(disc == sorted(disc) for disc in discs)


@given(SIZES, st.integers(100, 300), st.randoms())
def test_the_order_of_reading_decides_nothing(sizes: dict[str, int], room: int, chance: object) -> None:
    shuffled = list(sizes.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert source_iso.assign_discs(dict(shuffled), room) == source_iso.assign_discs(sizes, room)


@given(SIZES, st.integers(100, 300))
def test_each_goes_on_the_first_disc_that_had_room_for_it(sizes: dict[str, int], room: int) -> None:
    discs = source_iso.assign_discs(sizes, room)
    for number, disc in enumerate(discs):
        for name in disc:
            for earlier in discs[:number]:
                assert sum(sizes[other] for other in earlier if other < name) + sizes[name] > room


def test_without_a_limit_there_is_one_disc() -> None:
    assert source_iso.assign_discs({"a": 10**12, "b": 10**12}, 0) == [["a", "b"]]


def test_a_disc_too_small_for_one_file_is_refused_by_name() -> None:
    with pytest.raises(ContentError, match=r"(?s)disc_size leaves 50 bytes.*large, 60 bytes.*hint: .*larger disc_size"):
        source_iso.assign_discs({"large": 60, "small": 10}, 50)


def test_a_single_iso_has_the_plain_name_and_label() -> None:
    [disc] = source_iso.plan_source_discs(
        [srpm("bash-4.2-1.src")], SourceIsoSettings(disc_size=10 << 20), identity(), "sme-SRPMS.iso"
    )
    assert (disc.number, disc.name, disc.volume) == (0, "sme-SRPMS.iso", "SME-10.1.rc2-SRPMS")


def test_a_disc_of_a_million_and_a_half_bytes_holds_what_an_iso_of_one_mebibyte_does() -> None:
    picks = [srpm(f"p{number}-1-1.src", size=6000) for number in range(33)]
    [disc] = source_iso.plan_source_discs(picks, SourceIsoSettings(disc_size=1_500_000), identity(), "sme-SRPMS.iso")
    assert len(disc.picks) == 33


def test_several_discs_are_numbered_in_name_and_label() -> None:
    picks = [srpm(f"{name}-1-1.src", size=3 << 20) for name in "abc"]
    discs = source_iso.plan_source_discs(picks, SourceIsoSettings(disc_size=9 << 20), identity(), "sme-SRPMS.iso")
    assert [(disc.name, disc.volume) for disc in discs] == [
        ("sme-SRPMS-disc1.iso", "SME-10.1.rc2-SRPMS-1"),
        ("sme-SRPMS-disc2.iso", "SME-10.1.rc2-SRPMS-2"),
    ]
    assert [len(disc.picks) for disc in discs] == [2, 1]


@pytest.mark.parametrize("size", [1, 1000, source_iso.DISC_OVERHEAD])
def test_a_disc_with_no_room_at_all_is_refused(size: int) -> None:
    with pytest.raises(ContentError, match="too large"):
        source_iso.plan_source_discs([srpm("bash-4.2-1.src")], SourceIsoSettings(disc_size=size), identity(), "x.iso")
