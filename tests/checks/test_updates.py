# SPDX-License-Identifier: GPL-3.0-or-later
"""test_updates"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from smedoit.checks import updates
from smedoit.checks.updates import AvailableUpdate
from smedoit.sample.packages import RpmRecipe
from tests.harness.repositories import MEDIUM, pool, recipe, repository


def behind(place: Path, medium: Sequence[RpmRecipe], **elsewhere: Sequence[RpmRecipe]) -> list[str]:
    """Return the updates of a medium, as SOURCE: sentence."""
    sources = [repository(place / "medium", medium)]
    sources += [repository(place / name, recipes, name) for name, recipes in elsewhere.items()]
    held = pool(*sources)
    return [f"{one.source}: {one}" for one in updates.find_updates(held, MEDIUM)]


def test_a_medium_with_the_newest_of_everything_is_not_behind(tmp_path: Path) -> None:
    assert behind(tmp_path, [recipe("a-2-1")], centos=[recipe("a-2-1"), recipe("a-1-9"), recipe("b")]) == []


def test_what_is_newer_elsewhere_is_told_with_both_versions(tmp_path: Path) -> None:
    assert behind(tmp_path, [recipe("a-2-1")], centos=[recipe("a-2-2")]) == [
        "centos: a-2-2.noarch is newer than a-2-1.noarch"
    ]


def test_newer_is_what_rpm_calls_newer(tmp_path: Path) -> None:
    medium = [recipe("a-10-1"), recipe("b-1.0~rc1-1"), recipe("c-1-1", epoch=1)]
    elsewhere = [recipe("a-9-1"), recipe("b-1.0-1"), recipe("c-2-1")]
    assert behind(tmp_path, medium, centos=elsewhere) == ["centos: b-1.0-1.noarch is newer than b-1.0~rc1-1.noarch"]


def test_only_the_newest_of_each_source_is_told_in_the_order_of_the_sources(tmp_path: Path) -> None:
    found = behind(tmp_path, [recipe("a-1-1")], smetest=[recipe("a-2-1"), recipe("a-3-1")], centos=[recipe("a-2-1")])
    assert [one.split(" is ")[0] for one in found] == ["smetest: a-3-1.noarch", "centos: a-2-1.noarch"]


def test_the_newest_of_several_versions_on_the_medium_counts(tmp_path: Path) -> None:
    assert behind(tmp_path, [recipe("kernel-1-1"), recipe("kernel-2-1")], centos=[recipe("kernel-2-1")]) == []


def test_an_architecture_is_updated_by_its_own_kind(tmp_path: Path) -> None:
    medium = [recipe("a", arch="x86_64"), recipe("b", arch="x86_64")]
    elsewhere = [recipe("a-2-1", arch="i686"), recipe("b-2-1")]
    assert behind(tmp_path, medium, centos=elsewhere) == ["centos: b-2-1.noarch is newer than b-1-1.x86_64"]


def test_source_packages_update_nothing(tmp_path: Path) -> None:
    assert behind(tmp_path, [recipe("a")], centos=[recipe("a-2-1", is_source=True)]) == []


def test_a_package_that_obsoletes_one_of_the_medium_would_be_fetched_too(tmp_path: Path) -> None:
    assert behind(tmp_path, [recipe("a-1-1")], centos=[recipe("b", obsoletes=("a < 2",))]) == [
        "centos: b-1-1.noarch obsoletes a-1-1.noarch"
    ]


def test_an_obsoleting_package_that_the_medium_has_is_no_news(tmp_path: Path) -> None:
    both = recipe("b", obsoletes=("a < 2",))
    assert behind(tmp_path, [recipe("a-1-1"), both], centos=[both]) == []


ONE = AvailableUpdate("smetest", "a", "a-2-1.noarch", "a-1-1.noarch")


@pytest.mark.parametrize("pattern", ["a", "smetest/a", "smetest/*", "[ab]"])
def test_an_explanation_is_found_by_name_or_by_tier_and_name(pattern: str) -> None:
    found = updates.explain_updates([ONE], {pattern: "why"})
    assert (found.verdict, found.waivers, found.unused) == ("waived", ((f"{ONE} ({ONE.source})", "why"),), ())


@pytest.mark.parametrize("pattern", ["b", "centos/*", "A", "a-2*"])
def test_an_explanation_of_something_else_explains_nothing_and_is_reported(pattern: str) -> None:
    found = updates.explain_updates([ONE], {pattern: "why"})
    assert (found.failures, found.unused) == ((str(ONE),), (f"[updates] explained {pattern!r}",))
