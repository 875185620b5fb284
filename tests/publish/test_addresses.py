# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that a release carries, and the place that it is published to."""

from __future__ import annotations

import pytest

from smedoit.config.media import NetinstallSettings, ReleaseUrls
from smedoit.publish import addresses
from tests.harness.nouns import identity

FINAL, RC = identity(label=""), identity()
URLS = ReleaseUrls(("https://m.example/pub/{place}", "http://b.example/{place}/"))
HEADS = ["https://m.example/pub/"]


def test_the_channel_that_a_label_stands_for_decides_every_address() -> None:
    assert URLS.bases(RC) == ("https://m.example/pub/testing/10.1.rc2", "http://b.example/testing/10.1.rc2")
    assert URLS.bases(FINAL) == ("https://m.example/pub/10.1", "http://b.example/10.1")
    assert NetinstallSettings().address(FINAL, URLS) == "https://m.example/pub/10.1/smeos/x86_64"


def test_a_candidate_is_announced_where_it_is_shown() -> None:
    assert URLS.bases(FINAL, "testing/10.1")[0] == "https://m.example/pub/testing/10.1"


@pytest.mark.parametrize(
    ("url", "place", "leads"),
    [
        ("http://h/releases/10.1/smeos/x86_64", "10.1", True),
        ("http://h/10.1", "10.1", True),
        ("http://h/releases/testing/10.1/smeos", "10.1", False),
        ("http://h/releases/obsolete/10.1", "10.1", False),
        ("http://h/releases/10.1.rc2", "10.1", False),
        ("http://h/releases/10.1", "testing/10.1", False),
        ("http://h/testing/10.1.rc2/", "testing/10.1.rc2", True),
        ("http://h/somewhere", "10.1", False),
    ],
)
def test_an_address_leads_to_a_place_or_elsewhere(url: str, place: str, leads: bool) -> None:
    assert addresses.leads_to(url, place) is leads


WRONG = {
    "a final release in testing": "see https://m.example/pub/testing/10.1/iso",
    "a test release of this version": "from http://other.example/releases/testing/10.1.rc2.",
    "one that is obsolete": "<http://x.example/mirror/releases/obsolete/10.1/>",
}
RIGHT = {
    "this release": "https://m.example/pub/10.1/iso and http://x.example/releases/10.1.",
    "the release before": "upgrade from https://m.example/pub/10.0 or testing/10.0.rc1",
    "another site": "https://wiki.example/testing/10.1/notes",
    "no address": "testing/10.1",
    "a longer version": "https://m.example/pub/testing/10.12",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_text_that_leads_to_this_version_elsewhere_is_found(text: str) -> None:
    assert [number for number, _ in addresses.wrong_addresses(f"\n{text}\n", FINAL, HEADS)] == [2]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_a_text_that_leads_here_or_to_other_releases_stays(text: str) -> None:
    assert list(addresses.wrong_addresses(text, FINAL, HEADS)) == []
