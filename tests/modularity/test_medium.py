# SPDX-License-Identifier: GPL-3.0-or-later
"""The streams of a medium: what cannot be is refused by name, and what is written names what is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone

import pytest
import yaml

from smedoit.errors import PackageError
from smedoit.modularity import medium
from smedoit.modularity.activation import default_streams
from smedoit.modularity.documents import parse_module_metadata
from tests.harness.modules import PHP, build, defaults_text, metadata, stream_text
from tests.harness.nouns import package

EL8 = "platform:el8"
DATE = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
THERE = ["php-8.2.1-1.module_el8.x86_64", "bash-4.4-1.el8.x86_64"]
PHP82 = stream_text(PHP)


def rules(*texts: str, enabled: Mapping[str, str]) -> medium.ModularRules:
    return medium.make_modular_rules(medium.choose_streams(metadata(*texts), enabled, EL8))


@pytest.mark.parametrize(
    ("texts", "enabled", "said"),
    [
        ([PHP82], {"php": "9.9"}, "no source has it:\n    php:9.9; they have php 8.2"),
        ([PHP82], {"perl": "5.26"}, "no source has it:\n    perl:5.26; they have no module perl"),
        (
            [build("php:8.2", requires={"platform": ["el9"]})],
            {"php": "8.2"},
            "another platform:\n    php:8.2 is for platform:el9, this release is platform:el8",
        ),
        (
            [build("perl-DBI:1.6", requires={"perl": ["5.26"], "platform": []}), build("perl:5.26")],
            {"perl-DBI": "1.6"},
            'another module on the medium:\n    perl-DBI:1.6 needs perl:5.26: add perl = "5.26" to enabled',
        ),
        (
            [build("perl-DBI:1.6", requires={"perl": []})],
            {"perl-DBI": "1.6"},
            "perl-DBI:1.6 needs perl: add a stream of perl that it takes to enabled",
        ),
    ],
)
def test_a_stream_that_cannot_be_on_the_medium_is_refused_with_the_reason(
    texts: list[str], enabled: Mapping[str, str], said: str
) -> None:
    with pytest.raises(PackageError, match=re.escape(said)):
        medium.choose_streams(metadata(*texts), enabled, EL8)


def test_of_one_stream_only_the_builds_of_the_own_platform_count() -> None:
    texts = [build("php:8.2", requires={"platform": ["el9"]}, version=2), build("php:8.2")]
    [chosen] = medium.choose_streams(metadata(*texts), {"php": "8.2"}, EL8).active
    assert chosen.requires == ({"platform": ("el8",)},)


def test_a_stream_without_its_packages_is_refused_by_name() -> None:
    with pytest.raises(PackageError, match=r"none of their packages on the medium: php:8\.2"):
        medium.filter_streams(metadata(PHP82).streams, ["bash-4.4-1.el8.x86_64"])


def test_a_build_without_packages_is_left_out_if_another_one_has_some() -> None:
    streams = metadata(PHP82, build("php:8.2", "php-0:8.1-1.x86_64", version=1)).streams
    assert [stream.version for stream in medium.filter_streams(streams, THERE)] == [PHP["version"]]


def test_what_is_written_names_the_packages_that_are_there_and_makes_the_stream_the_default() -> None:
    streams = medium.filter_streams(metadata(PHP82).streams, THERE)
    text = medium.format_medium_modules(streams, {"php:8.2": ("common",)}, DATE)
    stream, defaults = yaml.safe_load_all(text)
    assert stream["data"]["artifacts"]["rpms"] == ["php-0:8.2.1-1.module_el8.x86_64"]
    assert stream["data"]["profiles"] == {"common": {"rpms": ["php"]}}
    assert (stream["data"]["stream"], stream["version"]) == ("8.2", 2)
    assert defaults["data"] == {
        "module": "php",
        "modified": 202611011200,
        "stream": "8.2",
        "profiles": {"8.2": ["common"]},
    }
    assert default_streams(parse_module_metadata(text.encode(), "it")) == {"php": "8.2"}


@pytest.mark.parametrize(
    ("profiles", "upstream", "said"),
    [
        (("common", "devel"), ("devel",), ["devel"]),
        (("common", "devel"), ("gone",), ["common"]),
        (("common", "devel"), (), ["common"]),
        (("server",), (), ["server"]),
        (("server", "client"), (), []),
        ((), ("common",), []),
    ],
)
def test_default_profiles_are_those_of_upstream_else_common_or_the_only_one(
    profiles: tuple[str, ...], upstream: tuple[str, ...], said: list[str]
) -> None:
    text = stream_text({**PHP, "profiles": {name: {"rpms": ["php"]} for name in profiles}})
    streams = medium.filter_streams(metadata(text).streams, THERE)
    *_, defaults = yaml.safe_load_all(medium.format_medium_modules(streams, {"php:8.2": upstream}, DATE))
    assert defaults["data"]["profiles"] == {"8.2": said}


def test_the_same_streams_in_another_order_make_the_same_bytes() -> None:
    perl = build("perl:5.26", THERE[1])
    texts = (PHP82, perl), (perl, PHP82)
    first, second = (
        medium.format_medium_modules(medium.filter_streams(metadata(*text).streams, THERE), {}, DATE) for text in texts
    )
    assert first == second


def test_profiles_come_from_the_defaults_of_upstream() -> None:
    assert medium.default_profiles(metadata(defaults_text("php", "8.2", "common"))) == {"php:8.2": ("common",)}


def test_a_package_of_a_stream_that_is_not_enabled_stays_away_with_the_reason() -> None:
    found = rules(PHP82, build("php:7.4", "php-0:7.4-1.module_el8.x86_64"), enabled={"php": "8.2"})
    assert found.rule(package("php-8.2.1-1.module_el8.x86_64")) == ""
    assert found.module_of(package("php-8.2.1-1.module_el8.x86_64")) == "php:8.2"
    why = "module: of php:7.4, which [modules] enabled does not name"
    assert found.rule(package("php-7.4-1.module_el8.x86_64")) == why


def test_a_plain_package_that_dnf_would_hide_stays_away_with_the_reason() -> None:
    why = "module: php:8.2 has its own php, so dnf hides every other one"
    assert rules(PHP82, enabled={"php": "8.2"}).rule(package("php-9.0-1.el8.x86_64")) == why


def test_a_modular_package_that_no_metadata_knows_is_recognised_by_its_header_or_release() -> None:
    found = rules(PHP82, enabled={"php": "8.2"})
    assert "of ruby:3.1, which" in found.rule(package("ruby-3.1-1.x86_64", module="ruby:3.1"))
    unknown = "an unknown module, by the release 1.module+el8+1"
    assert unknown in found.rule(package("ruby-3.1-1.module+el8+1.x86_64"))


def test_where_dnf_knows_no_modules_nothing_is_kept_away() -> None:
    assert medium.ModularRules().rule(package("ruby-3.1-1.module+el8+1.x86_64", module="ruby:3.1")) == ""
