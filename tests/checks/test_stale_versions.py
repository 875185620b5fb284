# SPDX-License-Identifier: GPL-3.0-or-later
"""test_stale_versions"""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.branding.mentions import find_stale_versions
from smedoit.checks import stale_versions
from smedoit.config.branding import StaleVersionSettings
from smedoit.config.schema import InvalidValueError
from smedoit.errors import CheckError
from tests.harness.nouns import identity

RC, FINAL = identity(), identity(label="")

OTHERS = {
    "another version behind the name": "Welcome to SME Server 10.0",
    "another label behind the name": "SME Server 10.1 RC1",
    "the long name and a label": "Koozali SME Server 10.1 beta3",
    "an older major behind the name": "smeserver is SME Server 9.2 no more",
    "an alpha without dots": "Version=10alpha5",
    "a label alone after its version": "built from 10.1rc1",
    "a bare version": "VERSION_ID=10.0",
}
OURS = {
    "our version": "SME Server 10.1",
    "our label": "SME Server 10.1 RC2 and 10.1rc2 and 10.1.rc2",
    "only the major": "SME Server 10",
    "an address": "listen on 10.0.0.1",
    "a longer version": "perl 5.10.0-3",
    "another product": "CentOS Linux release 7.9",
    "a part of a word": "x10.0",
    "a time": "10:10.5",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_words_of_another_release_are_found(text: str) -> None:
    assert [number for number, _ in find_stale_versions(f"\x0c\n{text}\n", RC)] == [2]  # boot.msg clears the screen


@pytest.mark.parametrize("text", OURS.values(), ids=OURS)
def test_other_words_are_left_alone(text: str) -> None:
    assert list(find_stale_versions(text, RC)) == []


def test_a_final_release_knows_no_label() -> None:
    assert [words for _, words in find_stale_versions("SME Server 10.1 RC2", FINAL)] == ["SME Server 10.1 RC2"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Koozali SME Server 10.0 - release notes\n", (1, "Koozali SME Server 10.0")),
        ("\nSME Server 10.1 RC2\nsince SME Server 10.0\n", (2, "SME Server 10.1 RC2")),
        ("Koozali SME Server 10.1\n=====\nChanges since SME Server 10.0\n", None),
        ("Welcome\nUpgrades from 10.0 are possible\n", None),
    ],
)
def test_release_notes_are_of_the_release_that_they_name_first(text: str, found: object) -> None:
    assert stale_versions.find_foreign_title(text, FINAL) == found


def test_a_place_is_allowed_only_with_a_reason() -> None:
    with pytest.raises(InvalidValueError, match="say why"):
        StaleVersionSettings({"README.txt": " "})


def test_release_notes_may_speak_of_earlier_releases() -> None:
    assert StaleVersionSettings().allowed_reason("README.txt")
    assert not StaleVersionSettings().allowed_reason("isolinux/boot.msg")


def test_a_template_that_no_rule_renders_stops_a_final_release_and_a_word_of_others_is_a_remark(tmp_path: Path) -> None:
    (tmp_path / "media.txt").write_text("SME REPLACE_DISTVERS\n")
    settings = StaleVersionSettings()
    with pytest.raises(CheckError, match=r"REPLACE_DISTVERS, which no rule renders"):
        stale_versions.check_stale_versions(FINAL, settings, tmp_path, lambda _: True, {})
    (tmp_path / "media.txt").write_text("REPLACE_ME with yours\n")
    said = stale_versions.check_stale_versions(FINAL, settings, tmp_path, lambda _: True, {})
    assert "media.txt, line 1: REPLACE_ME: no release renders it" in str(said)
