# SPDX-License-Identifier: GPL-3.0-or-later
"""Which streams are active is computed as dnf computes it; test_dnf_modules has dnf itself beside it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from smedoit.modularity.activation import accepts_stream, find_active
from tests.harness.modules import build, defaults_text, metadata

EL8 = "platform:el8"


def active(*texts: str, enabled: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    found = find_active(metadata(*texts), enabled or {}, EL8)
    assert len(found.active) + len(found.others) == len(metadata(*texts).streams)
    return [(stream.title, stream.context) for stream in found.active]


def titles(*texts: str, enabled: Mapping[str, str] | None = None) -> list[str]:
    return [title for title, _ in active(*texts, enabled=enabled)]


PHP7, PHP8 = build("php:7.4", "php-0:7.4-1.x86_64"), build("php:8.2", "php-0:8.2-1.x86_64")


def test_no_stream_is_active_that_is_neither_enabled_nor_default() -> None:
    assert titles(PHP7, PHP8) == []


def test_the_default_stream_is_active_and_the_enabled_one_instead_of_it() -> None:
    assert titles(PHP7, PHP8, defaults_text("php", "7.4")) == ["php:7.4"]
    assert titles(PHP7, PHP8, defaults_text("php", "7.4"), enabled={"php": "8.2"}) == ["php:8.2"]


def test_defaults_that_contradict_each_other_are_none() -> None:
    assert titles(PHP7, PHP8, defaults_text("php", "7.4"), defaults_text("php", "8.2")) == []


def test_a_stream_of_another_platform_is_not_active() -> None:
    assert titles(build("php:8.2", requires={"platform": ["el9"]}), enabled={"php": "8.2"}) == []


def test_a_required_stream_becomes_active_and_one_whose_requirement_is_absent_does_not() -> None:
    dbi = build("perl-DBI:1.641", requires={"perl": ["5.26"], "platform": ["el8"]})
    perl = build("perl:5.26")
    assert titles(dbi, perl, enabled={"perl-DBI": "1.641"}) == ["perl:5.26", "perl-DBI:1.641"]
    assert titles(dbi, enabled={"perl-DBI": "1.641"}) == []
    assert titles(dbi, perl, build("perl:5.30"), enabled={"perl-DBI": "1.641", "perl": "5.30"}) == ["perl:5.30"]


def test_of_contexts_the_one_is_active_whose_requirements_are_met() -> None:
    old = build("perl-DBI:1.641", requires={"perl": ["5.24"]}, context="aaaa")
    new = build("perl-DBI:1.641", requires={"perl": ["5.26"]}, context="bbbb")
    enabled = {"perl": "5.26", "perl-DBI": "1.641"}
    perls = build("perl:5.24"), build("perl:5.26")
    assert ("perl-DBI:1.641", "bbbb") in active(old, new, *perls, enabled=enabled)
    assert len(active(old, new, *perls, enabled=enabled)) == 2


def test_of_builds_that_require_different_modules_one_family_is_active_whatever_their_versions() -> None:
    first = build("a:1", requires={"c": ["1"]}, context="aaaa", version=2)
    second = build("a:1", requires={"b": ["1"]}, context="bbbb")
    third = build("a:1", requires={"b": ["1"], "platform": ["el9"]}, context="cccc")
    others = build("b:1"), build("c:1"), *(defaults_text(name, "1") for name in "abc")
    assert [context for title, context in active(first, second, third, *others) if title == "a:1"] == ["bbbb", "cccc"]


def test_a_default_stream_must_resolve_in_its_newest_build_and_an_enabled_one_in_any() -> None:
    old, new = build("a:1", version=1), build("a:1", requires={"platform": ["el9"]}, version=2)
    assert titles(old, new, defaults_text("a", "1")) == []
    assert titles(old, new, enabled={"a": "1"}) == ["a:1", "a:1"]


def test_all_versions_of_an_active_stream_are_active() -> None:
    assert len(titles(build("php:8.2", version=1), build("php:8.2", version=2), enabled={"php": "8.2"})) == 2


def test_a_requirement_may_name_streams_refuse_some_or_take_any() -> None:
    assert accepts_stream(["5.26", "5.30"], "5.30")
    assert not accepts_stream(["5.26"], "5.30")
    assert accepts_stream(["-5.26"], "5.30")
    assert not accepts_stream(["-5.26"], "5.26")
    assert accepts_stream([], "5.26")


def test_a_package_that_an_active_stream_has_too_is_not_hidden() -> None:
    shared = build("php:7.4", "a-0:1-1.x86_64"), build("php:8.2", "a-0:1-1.x86_64", "b-0:1-1.x86_64")
    found = find_active(metadata(*shared), {"php": "7.4"}, EL8)
    assert (found.shown, found.hidden) == ({"a-1-1.x86_64": "php:7.4"}, {"b-1-1.x86_64": "php:8.2"})


@pytest.mark.parametrize("needs", [{"php": ["-8.2"]}, {"php": []}, {"php": ["8.2"]}, {"php": ["-7.4"]}])
def test_a_requirement_of_the_own_module_is_met_by_the_stream_itself(needs: Mapping[str, list[str]]) -> None:
    brings = build("app:1", requires={"php": ["8.2"]})
    own = build("php:8.2", requires=needs)
    assert titles(PHP7, own, defaults_text("php", "8.2")) == ["php:8.2"]
    assert titles(PHP7, own, brings, enabled={"app": "1"}) == ["app:1", "php:8.2"]
    assert titles(PHP7, build("php:8.2", requires={"php": ["7.4"]}), defaults_text("php", "8.2")) == []


def test_a_default_stream_that_is_not_there_keeps_no_other_stream_from_being_required() -> None:
    needs = build("app:1", requires={"php": []}), defaults_text("app", "1"), defaults_text("php", "9")
    assert titles(PHP8, *needs) == ["app:1", "php:8.2"]


def test_a_default_stream_must_resolve_in_the_first_of_its_newest_builds() -> None:
    el8 = build("go:1", requires={"platform": ["el8"]}, context="bbbb")
    el9 = build("go:1", requires={"platform": ["el9"]}, context="aaaa")
    assert titles(el8, el9, defaults_text("go", "1")) == ["go:1", "go:1"]
    assert titles(el9, el8, defaults_text("go", "1")) == []
    both = metadata(el8).merged(metadata(el9, defaults_text("go", "1")))
    assert len(find_active(both, {}, EL8).active) == 2
