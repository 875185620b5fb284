# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels: where a release belongs, what fits its label, and which tests may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.config.identity import FINAL, TESTING
from smedoit.config.publish import PublishSettings
from smedoit.config.schema import InvalidValueError
from smedoit.errors import PublishError
from smedoit.publish import channels
from smedoit.publish.channels import PublishLocation, ReleaseInTesting
from tests.harness.nouns import identity

ANYTHING = PublishSettings()


def test_a_label_decides_the_channel() -> None:
    assert channels.publish_location(identity(), "", ANYTHING).path == "testing/10.1.rc2"
    assert channels.publish_location(identity(label=""), "", ANYTHING).path == "10.1"


def test_no_channel_leaves_an_empty_part_in_a_path() -> None:
    assert (PublishLocation(FINAL, "10.1").path, PublishLocation(FINAL, "10.1").link) == ("10.1", "10")
    assert (PublishLocation(TESTING, "10.1.rc2").path, PublishLocation(TESTING, "10.1.rc2").link) == (
        "testing/10.1.rc2",
        "testing/10",
    )


def test_a_test_release_is_never_published_as_final() -> None:
    with pytest.raises(PublishError, match="has the label rc2 and would be published as final"):
        channels.publish_location(identity(), FINAL, PublishSettings(candidate=True))


def test_a_final_release_is_published_in_testing_only_where_release_toml_lets_it() -> None:
    with pytest.raises(PublishError, match="is a final release and would be published in testing"):
        channels.publish_location(identity(label=""), TESTING, ANYTHING)
    assert (
        channels.publish_location(identity(label=""), TESTING, PublishSettings(candidate=True)).path == "testing/10.1"
    )


@pytest.mark.parametrize("wish", ["obsolete", "elsewhere", "../10"])
def test_nothing_is_published_elsewhere(wish: str) -> None:
    with pytest.raises(PublishError, match="releases go to final or testing"):
        channels.publish_location(identity(), wish, ANYTHING)


@pytest.mark.parametrize("name", ["10.0", "10.1.rc2", "9.2.beta1", "10.1.1", "10.1.alpha12"])
def test_releases_are_known_by_their_names(name: str) -> None:
    assert channels.is_release_version(name)


@pytest.mark.parametrize(
    "name", ["10", "rc2", "10.1.rc0", "10.1-rc2", "smeos", ".smedoit", "..", "10.1.rc2.smedoit-new"]
)
def test_nothing_else_is_taken_for_a_release(name: str) -> None:
    assert not channels.is_release_version(name)


def test_old_tests_go_but_for_the_newest_and_for_those_that_a_link_names() -> None:
    found = [
        ReleaseInTesting("10.1.rc3", 1),
        ReleaseInTesting("10.1.rc2", 40),
        ReleaseInTesting("10.1.rc1", 100),
        ReleaseInTesting("10.1.beta1", 200),
        ReleaseInTesting("10.1.a", 300),
    ]
    going = channels.releases_to_delete(found, ["10.1.beta1"], PublishSettings(keep=2, days=90))
    assert [one.version for one in going] == ["10.1.a", "10.1.rc1"]
    assert channels.releases_to_delete(found, [], PublishSettings(keep=5, days=0)) == []
    assert channels.releases_to_delete(found, [], PublishSettings(keep=1, days=301)) == []


def test_of_tests_of_one_day_the_newest_version_stays() -> None:
    found = [ReleaseInTesting(f"10.1.{label}", 100) for label in ("rc9", "rc10", "beta11")]
    assert [one.version for one in channels.releases_to_delete(found, [], PublishSettings(keep=1))] == [
        "10.1.beta11",
        "10.1.rc9",
    ]


AGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 400)), unique_by=lambda one: one[0])


@given(AGES, st.integers(1, 5), st.integers(0, 400), st.sets(st.integers(0, 9)))
def test_whatever_there_is_enough_stays(ages: list[tuple[int, int]], keep: int, days: int, links: set[int]) -> None:
    found = [ReleaseInTesting(f"10.1.rc{number}", age) for number, age in ages]
    named = [f"10.1.rc{number}" for number in links]
    going = channels.releases_to_delete(found, named, PublishSettings(keep=keep, days=days))
    assert len(found) - len(going) >= min(keep, len(found))
    assert not {one.version for one in going} & set(named)
    assert all(one.age >= days for one in going)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"marker": "a/b"}, "marker"),
        ({"tiers": ("smeos",)}, "tiers"),
        ({"tiers": ("../x",)}, "tiers"),
        ({"waived": {"verfy": "x"}}, "waived.verfy"),
        ({"waived": {"verify": " "}}, "waived.verify"),
        ({"keep": 0}, "keep"),
        ({"remote": "-e whatever"}, "remote"),
        ({"remote": "/local/path"}, "remote"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changes: dict[str, object], key: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        PublishSettings(**changes)  # type: ignore[arg-type]
    assert refused.value.key == key


@pytest.mark.parametrize(
    "remote", ["mirror:/srv/releases", "me@mirror.example:releases", "mirror::releases", "rsync://mirror:873/releases"]
)
def test_remote_targets_are_spelled_as_rsync_does(remote: str) -> None:
    assert PublishSettings(remote=remote).remote == remote
