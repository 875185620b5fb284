# SPDX-License-Identifier: GPL-3.0-or-later
"""test_anaconda"""

from __future__ import annotations

import pytest

from smedoit.checks import anaconda
from smedoit.checks.anaconda import FoundVersion
from smedoit.errors import ContentError
from smedoit.package import Evr
from smedoit.sample.previous_release import SPEC
from tests.harness.nouns import evr

OURS = FoundVersion(evr("21.48.22.159-2.el7.sme"), "anaconda.spec")


def found(text: str) -> FoundVersion:
    return FoundVersion(evr(text), "somewhere")


def disagreements(theirs: str, extras: str) -> list[str]:
    """Return the disagreements with ours; an empty text for none found."""
    others = [found(text) if text else None for text in (theirs, extras)]
    return anaconda.anaconda_disagreements(OURS, *others, "smeextras")


# Spec files


def test_the_spec_says_its_version_with_the_dist_tag_filled_in() -> None:
    assert anaconda.spec_evr(SPEC, "anaconda.spec", ".el7.sme") == OURS.evr


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Version: 1\nRelease: 2\n", Evr(0, "1", "2")),
        ("Epoch: 3\nversion:1\nRELEASE :2%{?dist}%{?nope}", Evr(3, "1", "2.el7")),
        ("%define version 1.5\n%global rel 7\nVersion: %{version}\nRelease: %rel%{?dist}\n", Evr(0, "1.5", "7.el7")),
        ("%define a %{b}\n%define b 4\nVersion: %a\nRelease: 1\n", Evr(0, "4", "1")),
        ("Version: 1\nRelease: 2\n%package core\nVersion: 9\nRelease: 9\n", Evr(0, "1", "2")),
    ],
)
def test_macros_and_tags_are_worked_out_as_rpm_does(text: str, wanted: Evr) -> None:
    assert str(anaconda.spec_evr(text, "a.spec", ".el7")) == str(wanted)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Name: a\n", "has no version and no release"),
        ("Version: 1\n", "has no release"),
        ("Version: %{outside}\nRelease: 1\n", "uses %outside, which it does not define"),
        ("%define a %{a}x\nVersion: %a\nRelease: 1\n", "cannot expand "),
        ("Epoch: x\nVersion: 1\nRelease: 1\n", "epoch x is not a number"),
    ],
)
def test_a_spec_that_says_no_version_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ContentError, match=r"a\.spec: ") as caught:
        anaconda.spec_evr(text, "a.spec", ".el7")
    assert words in str(caught.value)


# Agreement


def test_a_build_of_our_own_of_upstreams_version_agrees() -> None:
    assert disagreements("21.48.22.159-1.el7.centos", "21.48.22.159-2.el7.sme") == []


@pytest.mark.parametrize("theirs", ["21.48.22.160-1.el7.centos", "1:21.48.22.56-1", "22-1"])
def test_a_newer_version_upstream_must_be_imported(theirs: str) -> None:
    [one] = disagreements(theirs, "21.48.22.159-2.el7.sme")
    assert "is newer than our anaconda-21.48.22.159-2.el7.sme (anaconda.spec): import" in one


def test_21_48_22_56_is_older_than_21_48_22_159() -> None:
    [one] = disagreements("21.48.22.56-1.el7.centos", "21.48.22.159-2.el7.sme")
    assert "is newer than upstream's" in one


def test_a_newer_build_upstream_must_be_followed() -> None:
    [one] = disagreements("21.48.22.159-3.el7.centos", "21.48.22.159-2.el7.sme")
    assert "is a newer build than our" in one


@pytest.mark.parametrize(
    ("extras", "words"), [("21.48.22.159-1.el7.sme", "older"), ("21.48.22.159-3.el7.sme", "newer")]
)
def test_smeextras_must_have_the_very_same(extras: str, words: str) -> None:
    [one] = disagreements("21.48.22.159-1.el7.centos", extras)
    assert one.startswith("smeextras has") and f"which is {words} than our" in one


def test_what_is_found_nowhere_is_told() -> None:
    assert [one.split(":")[0] for one in disagreements("", "")] == [
        "no upstream repository has anaconda",
        "smeextras has no anaconda",
    ]


def test_the_newest_of_several_counts() -> None:
    assert anaconda.newest_version([found("1-1"), found("1:0-1"), found("9-9")]) == found("1:0-1")
    assert anaconda.newest_version([]) is None
