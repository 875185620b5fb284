# SPDX-License-Identifier: GPL-3.0-or-later
"""test_package"""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.package import Evr
from tests.harness.nouns import evr, package
from tests.harness.tools import need, read_with

# What rpm says of the left against the right: rpm-version(7), "VERSION COMPARISON", and its own tests, rpmvercmp.at
VERDICTS = [
    ("1.0", "1.0", 0),
    ("1.0", "2.0", -1),
    ("2.0.1", "2.0.1a", -1),
    ("5.5p1", "5.5p10", -1),
    ("10xyz", "10.1xyz", -1),
    ("xyz10", "xyz10.1", -1),
    ("xyz.4", "8", -1),
    ("xyz.4", "2", -1),
    ("5.5p2", "5.6p1", -1),
    ("5.6p1", "6.5p1", -1),
    ("6.0.rc1", "6.0", 1),
    ("10b2", "10a1", 1),
    ("1.0aa", "1.0a", 1),
    ("10.0001", "10.0039", -1),
    ("4.999.9", "5.0", -1),
    ("20101121", "20101122", -1),
    ("2_0", "2.0", 0),
    ("a", "A", 1),
    ("a+", "a_", 0),
    ("+_a", "_+a", 0),
    ("1.05", "1.5", 0),
    ("1.0010", "1.9", 1),
    ("00", "0", 0),
    ("1.0~rc1", "1.0~rc1", 0),
    ("1.0~rc1", "1.0", -1),
    ("1.0~rc1", "1.0~rc2", -1),
    ("1.0~rc1~git123", "1.0~rc1", -1),
    ("1.0^", "1.0", 1),
    ("1.0^git1", "1.0", 1),
    ("1.0^git1", "1.0^git2", -1),
    ("1.0^git1", "1.01", -1),
    ("1.0^20160101", "1.0.1", -1),
    ("1.0^20160101^git1", "1.0^20160102", -1),
    ("1.0~rc1^git1", "1.0~rc1", 1),
    ("1.0^git1~pre", "1.0^git1", -1),
    ("1.0^git1", "1.0~rc1", 1),
    ("99999999999999999999", "100000000000000000000", -1),
]
TEXTS = st.text(alphabet="0019aZb~^._+", min_size=1, max_size=8)
EVRS = st.builds(Evr, st.integers(0, 2), TEXTS, TEXTS)


@pytest.mark.parametrize(("left", "right", "verdict"), VERDICTS)
def test_versions_compare_as_rpm_documents(left: str, right: str, verdict: int) -> None:
    assert evr(left).compare(evr(right)) == verdict


@pytest.mark.parametrize(("left", "right", "verdict"), VERDICTS)
def test_releases_compare_by_the_same_rules(left: str, right: str, verdict: int) -> None:
    assert Evr(0, "1", left).compare(Evr(0, "1", right)) == verdict


def test_rpm_itself_says_the_same() -> None:
    need("rpm")
    chance = random.Random(1)
    words = ["".join(chance.choices("0019aZb~^._+", k=chance.randint(1, 8))) for _ in range(150)]
    pairs = [*((left, right) for left, right, _ in VERDICTS), *itertools.pairwise(words)]
    asked = "".join(f"io.write(rpm.vercmp('{left}', '{right}'), ' ') " for left, right in pairs)
    heard = [int(word) for word in read_with("rpm", "--eval", f"%{{lua:{asked}}}").split()]
    assert heard == [evr(left).compare(evr(right)) for left, right in pairs]


def test_the_epoch_decides_first() -> None:
    assert evr("1:0.1-1") > evr("99-99")


def test_no_epoch_is_epoch_zero() -> None:
    assert evr("0:1-1") == evr("1-1")


def test_the_version_decides_before_the_release() -> None:
    assert evr("1.1-1") > evr("1.0-99")


def test_the_release_decides_last() -> None:
    assert evr("1.0-2.el7") > evr("1.0-1.el7_9")


@given(EVRS, EVRS)
def test_of_two_exactly_one_verdict_holds_and_it_mirrors(left: Evr, right: Evr) -> None:
    assert (left < right) + (left == right) + (left > right) == 1
    assert left.compare(right) == -right.compare(left)


@given(EVRS, EVRS, EVRS)
def test_the_order_is_transitive(one: Evr, two: Evr, three: Evr) -> None:
    low, middle, high = sorted([one, two, three])
    assert low <= middle <= high
    assert low <= high


@given(EVRS, EVRS)
def test_equal_versions_have_equal_hashes(left: Evr, right: Evr) -> None:
    assert left != right or hash(left) == hash(right)


def test_1_05_and_1_5_are_one_member_of_a_set() -> None:
    assert len({evr("1.05-1"), evr("1.5-1")}) == 1


@pytest.mark.parametrize("text", ["1.0-1", "7:2.02.187-6.el7"])
def test_it_is_spelled_as_people_do(text: str) -> None:
    assert str(evr(text)) == text


def test_an_evr_is_no_other_thing() -> None:
    assert evr("1-1") != "1-1"


def test_a_nevra_shows_the_epoch_and_a_file_name_does_not() -> None:
    one = package("lvm2-7:2.02.187-6.el7.x86_64")
    assert (one.nevra, one.filename) == ("lvm2-7:2.02.187-6.el7.x86_64", "lvm2-2.02.187-6.el7.x86_64.rpm")


@pytest.mark.parametrize(("arch", "verdict"), [("src", True), ("nosrc", True), ("noarch", False), ("x86_64", False)])
def test_source_packages_are_known_by_their_arch(arch: str, verdict: bool) -> None:
    assert package(f"bash-4.2-1.{arch}").is_source == verdict
