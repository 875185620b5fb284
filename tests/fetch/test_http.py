# SPDX-License-Identifier: GPL-3.0-or-later
"""test_http"""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from smedoit.errors import NetworkError
from smedoit.fetch import http

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30.0),
        ("", None),
        ("soon", None),
        ("-5", None),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(value: str, seconds: float | None) -> None:
    assert http.parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("etag", "modified", "date", "proof"),
    [
        ('"x"', "", "", '"x"'),
        ('W/"x"', "", "", ""),
        ('W/"x"', "Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:00:01 GMT", "Sun, 22 Nov 2026 12:00:00 GMT"),
        ("", "Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:00:00 GMT", ""),
        ("", "Sun, 22 Nov 2026 12:00:00 GMT", "", ""),
        ("", "", "", ""),
    ],
)
def test_only_a_strong_validator_proves_that_a_part_still_is_one(
    etag: str, modified: str, date: str, proof: str
) -> None:
    assert http.if_range_validator(etag, modified, date) == proof


def test_a_content_range_tells_start_and_whole() -> None:
    assert http.parse_content_range("bytes 5-9/10") == (5, 10)
    assert http.parse_content_range("bytes 5-9/*") == (5, None)


@pytest.mark.parametrize("value", ["", "bytes", "bytes */10", "lines 5-9/10", "bytes a-b/c"])
def test_a_content_range_of_another_kind_is_none(value: str) -> None:
    with pytest.raises(ValueError):
        http.parse_content_range(value)


def test_a_redirect_may_be_relative_and_change_the_host() -> None:
    assert http.redirect_target(["https://a.example.org/x/y"], "../z") == "https://a.example.org/z"
    assert http.redirect_target(["https://a.example.org/x"], "//b.example.org/x") == "https://b.example.org/x"
    assert http.redirect_target(["http://a.example.org/x"], "https://a.example.org/x") == "https://a.example.org/x"


def test_a_redirect_never_leads_from_https_to_http() -> None:
    with pytest.raises(NetworkError, match="from https to http://a"):
        http.redirect_target(["https://a.example.org/x"], "http://a.example.org/x")


def test_a_status_is_told_in_words_where_there_are_some() -> None:
    assert http.status_text(404) == "404 Not Found"
    assert http.status_text(799) == "799"
