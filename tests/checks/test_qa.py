# SPDX-License-Identifier: GPL-3.0-or-later
"""test_qa"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from smedoit.checks import qa
from smedoit.checks.qa import QaResult
from smedoit.checks.qa_lists import BugzillaBug, QaLists, VerifiedPackage
from smedoit.config.checks import QaWaiver
from smedoit.config.schema import InvalidValueError
from smedoit.packages.select import SelectedPackage
from tests.harness.nouns import package

BASE = SelectedPackage(package("e-smith-base-5.8.1-6.el7.sme.noarch"), "smeupdates-testing")
OPENSSL = SelectedPackage(package("openssl-1:1.0.2k-21.el7_9.x86_64", key="e7" * 20), "smeupdates")


def records(*spelled: str) -> QaLists:
    return QaLists(tuple(VerifiedPackage(one, "11548", "Ben", "2021-05-27", "verified.toml") for one in spelled))


def gate(
    lists: QaLists, *waivers: QaWaiver, named: Mapping[str, Sequence[int]] | None = None, pick: SelectedPackage = BASE
) -> QaResult:
    return qa.check_qa([pick], lists, waivers, named or {})


# What changed


def test_what_the_last_release_had_has_not_changed() -> None:
    assert qa.packages_to_verify([BASE, OPENSSL], {BASE.package.nevra: BASE.package.sha256}) == [OPENSSL]


def test_the_same_nevra_with_other_bytes_has_changed() -> None:
    assert qa.packages_to_verify([BASE], {BASE.package.nevra: "0" * 64}) == [BASE]


def test_without_a_known_digest_the_nevra_decides() -> None:
    assert qa.packages_to_verify([BASE], {BASE.package.nevra: ""}) == []


# The gate


@pytest.mark.parametrize(
    "spelled",
    [
        "openssl-1:1.0.2k-21.el7_9.x86_64",
        "openssl-1:1.0.2k-21.el7_9",
        "openssl-1.0.2k-21.el7_9",
        "openssl-1.0.2k-21.el7_9.x86_64",
    ],
)
def test_a_list_may_spell_a_package_with_or_without_epoch_and_architecture(spelled: str) -> None:
    found = gate(records(spelled), pick=OPENSSL)
    assert found.verified == ((OPENSSL.package.nevra, "Ben, 2021-05-27, bug 11548"),) and not found.open


@pytest.mark.parametrize("spelled", ["openssl-1.0.2k-20.el7_9", "openssl", "openssl-libs-1.0.2k-21.el7_9"])
def test_another_package_or_version_opens_nothing(spelled: str) -> None:
    [(nevra, _)] = gate(records(spelled), pick=OPENSSL).open
    assert nevra == OPENSSL.package.nevra


def test_the_gate_says_which_other_version_was_verified() -> None:
    [(_, words)] = gate(records("e-smith-base-5.8.1-5.el7.sme")).open
    assert words == "the lists have e-smith-base-5.8.1-5.el7.sme"


BUGS = {1: BugzillaBug(1, "VERIFIED", "ben", "2021-05-30"), 2: BugzillaBug(2, "CLOSED"), 3: BugzillaBug(3, "RESOLVED")}


def test_a_package_all_of_whose_bugs_are_verified_is_verified() -> None:
    found = gate(QaLists(bugs=BUGS), named={BASE.package.nevra: [2, 1]})
    assert found.verified == ((BASE.package.nevra, "bug 1 VERIFIED ben 2021-05-30; bug 2 CLOSED"),)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((1, 3), "bug 3 is RESOLVED"), ((9,), "bug 9 is in none of the lists"), ((), "no list names it")],
)
def test_one_bug_that_is_not_keeps_the_gate_shut(numbers: Sequence[int], words: str) -> None:
    assert gate(QaLists(bugs=BUGS), named={BASE.package.nevra: numbers}).open == ((BASE.package.nevra, words),)


WAIVERS = [
    {"package": "openssl*"},
    {"package": "openssl-1:1.0.2k-21.el7_9.x86_64"},
    {"tier": "smeupdates"},
    {"key": "e7" * 20},
    {"tier": "sme*", "key": "e7*", "package": "open*"},
]


@pytest.mark.parametrize("facts", WAIVERS)
def test_a_waiver_goes_by_package_tier_and_key(facts: dict[str, Any]) -> None:
    found = gate(QaLists(), QaWaiver("why", **facts), pick=OPENSSL)
    assert (found.waived, found.open, found.unused) == (((OPENSSL.package.nevra, "why"),), (), ())


@pytest.mark.parametrize("facts", [*WAIVERS[:2], {"tier": "smeos"}, {"key": "00*"}, {"tier": "sme*", "key": "e7*"}])
def test_a_waiver_that_excuses_nothing_is_told(facts: dict[str, Any]) -> None:
    found = gate(QaLists(), QaWaiver("why", **facts))
    assert (len(found.open), len(found.unused)) == (1, 1)


@pytest.mark.parametrize("facts", [{"reason": "", "package": "a"}, {"reason": "why"}])
def test_a_waiver_needs_a_reason_and_an_object(facts: dict[str, str]) -> None:
    with pytest.raises(InvalidValueError):
        QaWaiver(**facts)


# Lists that cannot be meant

KNOWN = [BASE.package, OPENSSL.package]


@pytest.mark.parametrize(
    ("spelled", "words"),
    [
        ("e-smith-bsae-5.8.1-6.el7.sme", "name a package that does not exist, did you mean e-smith-base?"),
        ("zzz-1-1", "name a package that does not exist"),
        ("e-smith-base-5.8.1-66.el7.sme", "name a version that does not exist, the newest is 5.8.1-6.el7.sme"),
        ("openssl-2.0-1", "name a version that does not exist, the newest is 1:1.0.2k-21.el7_9"),
        ("openssl-2:1.0-1", "name a version that does not exist, the newest is 1:1.0.2k-21.el7_9"),
        ("e-smith-base", "say no version"),
        ("openssl", "say no version"),
    ],
)
def test_an_entry_that_names_what_does_not_exist_is_a_stranger(spelled: str, words: str) -> None:
    [(reason, subjects)] = qa.unknown_entries(records(spelled), KNOWN).items()
    assert reason.startswith(words) and subjects == [f"{spelled} (verified.toml)"]


@pytest.mark.parametrize(
    "spelled", ["e-smith-base-5.8.1-6.el7.sme", "e-smith-base-5.8.1-5.el7.sme.noarch", "openssl-0.9-1"]
)
def test_what_exists_or_existed_is_none(spelled: str) -> None:
    assert qa.unknown_entries(records(spelled), KNOWN) == {}
