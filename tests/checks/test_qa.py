# SPDX-License-Identifier: GPL-3.0-or-later
"""test_qa"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from smedoit.checks import qa
from smedoit.checks.qa_lists import BugzillaBug, QaLists, VerifiedPackage
from smedoit.checks.result import CheckResult
from smedoit.config.checks import QaWaiver
from smedoit.config.schema import InvalidValueError
from smedoit.packages.select import SelectedPackage
from tests.harness.nouns import package

BASE = SelectedPackage(package("e-smith-base-5.8.1-6.el7.sme.noarch"), "smeupdates-testing")
OPENSSL = SelectedPackage(package("openssl-1:1.0.2k-21.el7_9.x86_64", key="e7" * 20), "smeupdates")


def records(*spelled: str) -> QaLists:
    return QaLists(tuple(VerifiedPackage(one, "11548", "Ben", "2021-05-27", "verified.toml") for one in spelled))


def check(
    lists: QaLists, *waivers: QaWaiver, named: Mapping[str, Sequence[int]] | None = None, pick: SelectedPackage = BASE
) -> CheckResult:
    return qa.check_qa([pick], lists, waivers, named or {})


# What changed


def test_what_the_last_release_had_has_not_changed() -> None:
    assert qa.packages_to_verify([BASE, OPENSSL], {BASE.package.nevra: BASE.package.sha256}) == [OPENSSL]


def test_the_same_nevra_with_other_bytes_has_changed() -> None:
    assert qa.packages_to_verify([BASE], {BASE.package.nevra: "0" * 64}) == [BASE]


def test_without_a_known_digest_the_nevra_decides() -> None:
    assert qa.packages_to_verify([BASE], {BASE.package.nevra: ""}) == []


# The check


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
    found = check(records(spelled), pick=OPENSSL)
    assert found.notes == (f"verified: {OPENSSL.package.nevra}: Ben, 2021-05-27, bug 11548",) and found.passed


@pytest.mark.parametrize("spelled", ["openssl-1.0.2k-20.el7_9", "openssl", "openssl-libs-1.0.2k-21.el7_9"])
def test_another_package_or_version_does_not_count(spelled: str) -> None:
    [failure] = check(records(spelled), pick=OPENSSL).failures
    assert failure.startswith(OPENSSL.package.nevra)


def test_the_check_says_which_other_version_was_verified() -> None:
    [failure] = check(records("e-smith-base-5.8.1-5.el7.sme")).failures
    assert failure == f"{BASE.package.nevra}: the lists have e-smith-base-5.8.1-5.el7.sme"


BUGS = {1: BugzillaBug(1, "VERIFIED", "ben", "2021-05-30"), 2: BugzillaBug(2, "CLOSED"), 3: BugzillaBug(3, "RESOLVED")}


def test_a_package_all_of_whose_bugs_are_verified_is_verified() -> None:
    found = check(QaLists(bugs=BUGS), named={BASE.package.nevra: [2, 1]})
    assert found.notes == (f"verified: {BASE.package.nevra}: bug 1 VERIFIED ben 2021-05-30; bug 2 CLOSED",)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((1, 3), "bug 3 is RESOLVED"), ((9,), "bug 9 is in none of the lists"), ((), "no list names it")],
)
def test_one_bug_that_is_not_fails_the_check(numbers: Sequence[int], words: str) -> None:
    assert check(QaLists(bugs=BUGS), named={BASE.package.nevra: numbers}).failures == (
        f"{BASE.package.nevra}: {words}",
    )


WAIVERS = [
    {"package": "openssl*"},
    {"package": "openssl-1:1.0.2k-21.el7_9.x86_64"},
    {"tier": "smeupdates"},
    {"key": "e7" * 20},
    {"tier": "sme*", "key": "e7*", "package": "open*"},
]


@pytest.mark.parametrize("facts", WAIVERS)
def test_a_waiver_goes_by_package_tier_and_key(facts: dict[str, Any]) -> None:
    found = check(QaLists(), QaWaiver("why", **facts), pick=OPENSSL)
    assert (found.verdict, found.waivers, found.unused) == ("waived", ((OPENSSL.package.nevra, "why"),), ())


@pytest.mark.parametrize("facts", [*WAIVERS[:2], {"tier": "smeos"}, {"key": "00*"}, {"tier": "sme*", "key": "e7*"}])
def test_a_waiver_that_matches_nothing_is_reported(facts: dict[str, Any]) -> None:
    found = check(QaLists(), QaWaiver("why", **facts))
    assert (len(found.failures), len(found.unused)) == (1, 1)


@pytest.mark.parametrize("facts", [{"reason": "", "package": "a"}, {"reason": "why"}])
def test_a_waiver_needs_a_reason_and_an_object(facts: dict[str, str]) -> None:
    with pytest.raises(InvalidValueError):
        QaWaiver(**facts)


# Entries that match nothing

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
