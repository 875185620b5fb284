# SPDX-License-Identifier: GPL-3.0-or-later
"""test_qa_lists"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smedoit.checks import qa_lists
from smedoit.checks.qa_lists import BugzillaBug, QaLists, VerifiedPackage
from smedoit.errors import SmeError
from smedoit.sample import previous_release


def read(name: str, text: str) -> QaLists:
    return qa_lists.parse_qa_lists({Path(name): text})


def refusal(name: str, text: str) -> str:
    with pytest.raises(SmeError) as caught:
        read(name, text)
    assert name in str(caught.value)
    return str(caught.value)


def test_a_toml_list_is_read() -> None:
    text = '[[verified]]\npackage = "a-1-1"\nbug = 7\nwho = "Ben"\nwhen = 2021-05-27\n'
    assert read("v.toml", text).records == (VerifiedPackage("a-1-1", "7", "Ben", "2021-05-27", "v.toml"),)


@pytest.mark.parametrize(
    "text",
    [
        "package,bug,who,when\na-1-1,7,Ben,2021-05-27\n",
        "\ufeffPackage, Bug, Who, When, Remark\r\n\r\na-1-1, 7, Ben, 2021-05-27, fine\r\n",
        'bug,"package","when","who"\n7,"a-1-1","2021-05-27","Ben"\n,,,\n',
    ],
)
def test_a_csv_list_is_read_whatever_made_it(text: str) -> None:
    assert read("v.csv", text).records == (VerifiedPackage("a-1-1", "7", "Ben", "2021-05-27", "v.csv"),)


def test_a_bugzilla_query_as_csv_is_read() -> None:
    text = '"bug_id","bug_status","assigned_to","changeddate"\n11440,"VERIFIED","ben","2021-05-30 08:15:00"\n'
    assert read("b.csv", text).bugs == {11440: BugzillaBug(11440, "VERIFIED", "ben", "2021-05-30")}


def test_a_bugzilla_query_as_json_is_read() -> None:
    one = {"id": 9, "status": "CLOSED", "qa_contact": "ben", "last_change_time": "2021-05-30T08:15:00Z"}
    for document in ({"bugs": [one]}, [one]):
        assert read("b.json", json.dumps(document)).bugs == {9: BugzillaBug(9, "CLOSED", "ben", "2021-05-30")}


def test_several_lists_add_up_and_the_last_word_on_a_bug_counts() -> None:
    texts = {Path("a.csv"): "bug_id,bug_status\n1,RESOLVED\n", Path("b.json"): '[{"id": 1, "status": "VERIFIED"}]'}
    assert qa_lists.parse_qa_lists(texts).bugs[1].is_verified


def test_the_lists_of_the_practice_world_are_good_ones() -> None:
    texts = {
        "v.toml": previous_release.VERIFIED,
        "s.csv": previous_release.SHEET,
        "b.json": previous_release.bugzilla_response(),
    }
    found = qa_lists.parse_qa_lists({Path(name): text for name, text in texts.items()})
    assert (len(found.records), len(found.bugs)) == (4, 5)


@pytest.mark.parametrize("status", ["VERIFIED", "CLOSED", "verified"])
def test_verified_and_closed_bugs_are_verified(status: str) -> None:
    assert BugzillaBug(1, status).is_verified


@pytest.mark.parametrize("status", ["RESOLVED", "IN_PROGRESS", "REOPENED", "UNVERIFIED"])
def test_other_bugs_are_not(status: str) -> None:
    assert not BugzillaBug(1, status).is_verified


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("v.toml", "x", "is not TOML"),
        ("v.toml", '[[verified]]\npackage = "a-1-1"\n', "does not say its bug"),
        (
            "v.toml",
            '[[verifed]]\npackage = "a-1-1"\n',
            "v.toml:1:3: [[verifed]]: there is no such table\n  hint: did you mean [[verified]]?",
        ),
        ("v.toml", '[[verified]]\npackage = "a-1-1"\nbug = 7\nwho = " "\nwhen = 2021-05-27\n', "say who verified it"),
        ("v.toml", '[[verified]]\npackage = "a-1-1"\nbug = 7\nwho = "B"\nwhen = "May"\n', "is not a date"),
        ("v.csv", "", "unknown columns: none"),
        ("v.csv", "name,number\na,1\n", "unknown columns: name, number"),
        ("v.csv", "package,bug,who,when\na-1-1,seven,Ben,2021\n", "line 2: bug 'seven' is not a number"),
        ("v.csv", "package,bug,who,when\na-1-1,7\n", "line 2 does not say who and when"),
        ("v.csv", "bug_id,bug_status\nx,NEW\n", "line 2: has no number or no status"),
        ("v.csv", "package,bug,who,when\n" + "a" * 200_000 + ",7,Ben,2021\n", "is not CSV"),
        ("v.json", "{", "is not JSON"),
        ("v.json", '{"faults": []}', "holds no list of bugs"),
        ("v.json", '{"bugs": [1]}', "holds no list of bugs"),
        ("v.json", '{"bugs": [{"id": 1}]}', "bug 1 of the list: has no number or no status"),
        ("v.txt", "", "is not a .toml, .csv or .json list"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_in_words(name: str, text: str, words: str) -> None:
    assert words in refusal(name, text)
