# SPDX-License-Identifier: GPL-3.0-or-later
"""test_explain"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from smedoit.config.packages import PackageExclusions, PackageSelection, RetiredPackage
from smedoit.package import Package
from smedoit.packages.explain import (
    TierPackage,
    explain_copy,
    find_copies,
    format_verdicts,
    selected_by_slot,
    unknown_package,
)
from smedoit.packages.select import select_newest
from tests.harness.nouns import package

SELECTION = PackageSelection(multilib=("glibc",), several={"kernel": 2})
LISTS = PackageExclusions({"old": RetiredPackage("of no use")}, {"bad-2-1": "broken"})
TIERS = ("smeos", "smeupdates", "smetest")


def lying(tier: str, *nevras: str, refused: str = "") -> list[TierPackage]:
    """Return copies in a tier; smetest is not staged."""
    return [TierPackage(placed(nevra, tier), tier, TIERS.index(tier), tier != "smetest", refused) for nevra in nevras]


def placed(nevra: str, tier: str) -> Package:
    return package(nevra, file=f"{tier}/{nevra}.rpm")


def rules(copies: Sequence[TierPackage], *words: str) -> dict[str, str]:
    """Return NEVRA and tier -> rule, a star before the rule of what is picked."""
    staged = {
        tier: [copy.package for copy in copies if copy.tier == tier and copy.staged and not copy.refused]
        for tier in TIERS[:2]
    }
    winners = selected_by_slot(select_newest(staged, SELECTION, "x86_64", LISTS), "x86_64")
    verdicts = [explain_copy(copy, winners, SELECTION, "x86_64", LISTS) for copy in find_copies(copies, words or ["*"])]
    return {
        f"{verdict.copy.package.nevra} {verdict.copy.tier}": "*" * verdict.picked + verdict.rule for verdict in verdicts
    }


def test_every_copy_has_the_rule_that_decided() -> None:
    copies = [
        *lying("smeos", "a-1-1.x86_64", "a-3-1.i686", "a-3-1.ppc64", "a-3-1.src", "a-2-1.x86_64"),
        *lying("smeupdates", "a-2-1.x86_64"),
        *lying("smetest", "a-4-1.x86_64"),
    ]
    assert rules(copies) == {
        "a-3-1.i686 smeos": "multilib: i686 is for names that [packages] multilib lists",
        "a-3-1.ppc64 smeos": "architecture: ppc64 is neither x86_64 nor noarch",
        "a-3-1.src smeos": "source: source packages go on the source medium",
        "a-4-1.x86_64 smetest": "not staged: release.toml says stage = false for smetest",
        "a-2-1.x86_64 smeos": "*newest",
        "a-2-1.x86_64 smeupdates": "less trusted: smeos has the same version and stands before smeupdates in [[tiers]]",
        "a-1-1.x86_64 smeos": "older: a-2-1.x86_64 (smeos) is newer",
    }


def test_several_versions_say_how_many_are_kept() -> None:
    assert rules(lying("smeos", "kernel-3-1.x86_64", "kernel-2-1.x86_64", "kernel-1-1.x86_64")) == {
        "kernel-3-1.x86_64 smeos": "*newest: one of 2, [packages] several keeps 2",
        "kernel-2-1.x86_64 smeos": "*newest: one of 2, [packages] several keeps 2",
        "kernel-1-1.x86_64 smeos": "older: kernel-3-1.x86_64 (smeos) and kernel-2-1.x86_64 (smeos) are newer",
    }


def test_a_refused_copy_says_why_whatever_else_holds() -> None:
    assert rules(lying("smetest", "a-1-1.x86_64", refused="not signed")) == {
        "a-1-1.x86_64 smetest": "refused: not signed"
    }


def test_retired_and_excluded_copies_name_their_entries() -> None:
    assert rules(lying("smeos", "old-1-1.noarch", "bad-2-1.noarch", "bad-1-1.noarch")) == {
        "bad-2-1.noarch smeos": "excluded by 'bad-2-1': broken",
        "bad-1-1.noarch smeos": "*newest",
        "old-1-1.noarch smeos": "retired by 'old': of no use",
    }


def test_the_same_version_twice_in_a_tier_is_said() -> None:
    first, other = (package("a-1-1.noarch", file=f"smeos/{place}/a.rpm") for place in ("x", "y"))
    assert rules([TierPackage(first, "smeos", 0), TierPackage(other, "smeos", 0)])["a-1-1.noarch smeos"].startswith(
        "double: "
    )


def test_a_multilib_package_is_judged_by_itself() -> None:
    found = rules(lying("smeos", "glibc-2-1.x86_64", "glibc-1-1.i686"))
    assert found == {"glibc-1-1.i686 smeos": "*newest", "glibc-2-1.x86_64 smeos": "*newest"}


@pytest.mark.parametrize("word", ["bash", "ba*", "bash-1-1.x86_64", "bash-1-1"])
def test_words_are_names_nevras_or_globs(word: str) -> None:
    assert list(rules(lying("smeos", "bash-1-1.x86_64", "zsh-1-1.x86_64"), word)) == ["bash-1-1.x86_64 smeos"]


def test_an_unknown_word_gets_the_nearest_names() -> None:
    assert unknown_package("smeserver-yun", lying("smeos", "smeserver-yum-1-1.noarch")) == (
        "smeserver-yun: no tier has such a package; did you mean smeserver-yum?"
    )


def test_a_report_marks_what_is_on_the_medium() -> None:
    copies = lying("smeos", "a-2-1.noarch", "a-1-1.noarch")
    winners = selected_by_slot(
        select_newest({"smeos": [copy.package for copy in copies]}, SELECTION, "x86_64"), "x86_64"
    )
    text = format_verdicts(
        explain_copy(copy, winners, SELECTION, "x86_64", LISTS) for copy in find_copies(copies, ["a"])
    )
    assert text.splitlines()[:3] == ["a.noarch", "  * 2-1 in smeos: newest", "      smeos/a-2-1.noarch.rpm"]
    assert "  - 1-1 in smeos: older: a-2-1.noarch (smeos) is newer" in text
