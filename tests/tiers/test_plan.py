# SPDX-License-Identifier: GPL-3.0-or-later
"""test_plan"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smedoit.config.packages import PackageExclusions
from smedoit.config.tiers import Tier
from smedoit.errors import ConfigError, PackageError
from smedoit.packages.explain import TierPackage
from smedoit.tiers.plan import PromotionPlan, format_promotion, plan_promotion
from smedoit.tiers.route import PromotionContext, promotion_targets
from tests.harness.nouns import package

ROOT = Path("/root")
TIERS = (
    Tier("smeos", ROOT / "repo/smeos"),
    Tier("smeupdates", ROOT / "repo/smeupdates"),
    Tier("smeupdates-testing", ROOT / "repo/smeupdates-testing"),
    Tier("smetest", ROOT / "repo/smetest", stage=False),
    Tier("smedev", ROOT / "repo/smedev", stage=False),
    Tier("centos", ROOT / "mirrors/centos/Packages", stage=False, mirror=True),
)
RANKS = {tier.name: rank for rank, tier in enumerate(TIERS)}


def copy(tier: str, nevra: str, refused: str = "", **changes: Any) -> TierPackage:
    """Return a copy where such a package belongs in a tier."""
    arch = nevra.rpartition(".")[2]
    place = "" if tier == "centos" else "SRPMS/" if arch == "src" else "x86_64/RPMS/"
    base = TIERS[RANKS[tier]].path.relative_to(ROOT)
    found = package(nevra)
    found = replace(found, file=f"{base}/{place}{found.filename}", **changes)
    if found.is_source:
        found = replace(found, source_rpm="")
    return TierPackage(found, tier, RANKS[tier], TIERS[RANKS[tier]].stage, refused)


def world(
    *copies: TierPackage, tiers: Sequence[Tier] = TIERS, without: PackageExclusions | None = None
) -> PromotionContext:
    return PromotionContext(tiers, copies, "x86_64", ROOT, without or PackageExclusions())


def both(tier: str, nevra: str) -> list[TierPackage]:
    """Return a binary package and its source package."""
    return [copy(tier, nevra), copy(tier, f"{nevra.rpartition('.')[0]}.src")]


def moves(made: PromotionPlan) -> dict[str, str]:
    """Return NEVRA -> target of everything that goes."""
    return {item.package.nevra: item.target for item in made.items}


def refusal(where: PromotionContext, *words: str, **options: Any) -> str:
    with pytest.raises((PackageError, ConfigError)) as caught:
        plan_promotion(where, words, **options)
    return str(caught.value)


def test_a_package_goes_one_tier_on_with_its_source_to_the_same_place() -> None:
    made = plan_promotion(world(*both("smetest", "a-1-1.noarch")), ["a"])
    assert str(made.route) == "smetest to smeupdates-testing"
    assert moves(made) == {
        "a-1-1.noarch": "repo/smeupdates-testing/x86_64/RPMS/a-1-1.noarch.rpm",
        "a-1-1.src": "repo/smeupdates-testing/SRPMS/a-1-1.src.rpm",
    }
    assert [item.stays for item in made.items] == [False, False]


def test_from_there_it_goes_to_smeupdates() -> None:
    assert str(plan_promotion(world(*both("smeupdates-testing", "a-1-1.noarch")), ["a"]).route).endswith(
        "to smeupdates"
    )


def test_from_a_mirror_it_is_copied_and_finds_its_shelf() -> None:
    made = plan_promotion(world(copy("centos", "a-1-1.x86_64"), copy("centos", "a-1-1.i686")), ["a"])
    assert made.route.copy
    assert all(item.stays for item in made.items)
    assert set(moves(made).values()) == {
        "repo/smeupdates-testing/x86_64/RPMS/a-1-1.x86_64.rpm",
        "repo/smeupdates-testing/x86_64/RPMS/a-1-1.i686.rpm",
    }


def test_where_a_tier_has_several_architectures_each_gets_what_belongs_to_it() -> None:
    tiers = [replace(tier, architectures=("x86_64", "i386")) for tier in TIERS]
    lying = [copy("centos", f"a-1-1.{arch}") for arch in ("noarch", "i686", "x86_64")]
    targets = {
        item.target.removeprefix("repo/smeupdates-testing/")
        for item in plan_promotion(world(*lying, tiers=tiers), ["a"]).items
    }
    assert targets == {
        "x86_64/RPMS/a-1-1.noarch.rpm",
        "i386/RPMS/a-1-1.noarch.rpm",
        "i386/RPMS/a-1-1.i686.rpm",
        "x86_64/RPMS/a-1-1.x86_64.rpm",
    }


def test_a_flat_tier_has_one_place_and_from_it_the_architecture_decides() -> None:
    flat = [replace(tier, flat=tier.name == "smeupdates-testing") for tier in TIERS]
    went = moves(plan_promotion(world(*both("smetest", "a-1-1.x86_64"), tiers=flat), ["a"]))
    assert set(went.values()) == {f"repo/smeupdates-testing/a-1-1.{arch}.rpm" for arch in ("x86_64", "src")}
    lying = [copy("centos", f"a-1-1.{arch}") for arch in ("x86_64", "src")]
    here = [
        TierPackage(
            replace(one.package, file=f"repo/smeupdates-testing/{one.package.filename}"),
            "smeupdates-testing", RANKS["smeupdates-testing"], staged=True,
        )
        for one in lying
    ]  # fmt: skip
    went = moves(plan_promotion(world(*here, tiers=flat), ["a"]))
    assert set(went.values()) == {"repo/smeupdates/x86_64/RPMS/a-1-1.x86_64.rpm", "repo/smeupdates/SRPMS/a-1-1.src.rpm"}


def test_a_mirror_may_also_lead_to_smetest() -> None:
    assert (
        str(plan_promotion(world(copy("centos", "a-1-1.x86_64")), ["a"], target="smetest").route) == "centos to smetest"
    )


def test_a_name_means_its_newest_version_in_every_architecture() -> None:
    lying = [copy("smetest", f"a-{n}-1.{arch}") for n, arch in ((1, "x86_64"), (2, "x86_64"), (2, "i686"))]
    assert set(moves(plan_promotion(world(*lying), ["a"]))) == {"a-2-1.x86_64", "a-2-1.i686"}


def test_a_nevra_means_that_very_version() -> None:
    lying = [copy("smetest", f"a-{n}-1.noarch") for n in (1, 2)]
    assert set(moves(plan_promotion(world(*lying), ["a-1-1.noarch"]))) == {"a-1-1.noarch"}


def test_a_glob_means_all_that_it_matches_each_once() -> None:
    lying = [copy("smetest", f"{name}-1-1.noarch") for name in ("e-smith-a", "e-smith-b", "other")]
    assert set(moves(plan_promotion(world(*lying), ["e-smith-*", "*-b"]))) == {
        "e-smith-a-1-1.noarch",
        "e-smith-b-1-1.noarch",
    }


def test_copy_leaves_everything_where_it_is() -> None:
    assert all(item.stays for item in plan_promotion(world(*both("smetest", "a-1-1.noarch")), ["a"], copy=True).items)


def test_a_source_that_something_left_behind_still_needs_is_copied() -> None:
    sub = copy("smetest", "a-libs-1-1.noarch", source_rpm="a-1-1.src.rpm")
    made = plan_promotion(world(*both("smetest", "a-1-1.noarch"), sub), ["a"])
    assert {item.package.nevra: item.stays for item in made.items} == {"a-1-1.noarch": False, "a-1-1.src": True}


def test_a_source_that_the_target_has_is_not_fetched_again() -> None:
    made = plan_promotion(
        world(copy("smetest", "a-1-1.noarch"), copy("smeupdates-testing", "a-1-1.src")), ["a"], "smetest"
    )
    assert set(moves(made)) == {"a-1-1.noarch"}
    assert made.remarks == ()


def test_a_source_that_lies_elsewhere_is_copied_from_there() -> None:
    made = plan_promotion(world(copy("smetest", "a-1-1.noarch"), copy("smedev", "a-1-1.src")), ["a"])
    assert {item.package.nevra: (item.target, item.stays) for item in made.items}["a-1-1.src"] == (
        "repo/smeupdates-testing/SRPMS/a-1-1.src.rpm",
        True,
    )


def test_a_source_that_no_tier_has_is_said() -> None:
    [remark] = plan_promotion(world(copy("smetest", "a-1-1.noarch")), ["a"]).remarks
    assert remark == "no tier has a-1-1.src.rpm, the source package of a-1-1.noarch"


def test_what_it_replaces_is_named() -> None:
    lying = [copy("smetest", "a-3-1.noarch"), *(copy("smeupdates-testing", f"a-{n}-1.noarch") for n in (1, 2))]
    [item] = plan_promotion(world(*lying), ["a"], "smetest").items
    assert item.replaces == ("a-1-1.noarch", "a-2-1.noarch")


def test_what_is_there_already_is_only_taken_away_from_where_it_was() -> None:
    lying = copy("smetest", "a-1-1.noarch"), copy("smeupdates-testing", "a-1-1.noarch")
    [item] = plan_promotion(world(*lying), ["a"], "smetest").items
    assert (item.present, item.stays) == (True, False)


def test_an_excluded_package_may_go_but_a_person_is_told() -> None:
    made = plan_promotion(
        world(*both("smetest", "a-1-1.noarch"), without=PackageExclusions(excluded={"a": "broken"})), ["a"]
    )
    assert made.remarks == ("a-1-1.noarch will not go on the medium: excluded by 'a': broken",)


def test_a_tier_may_lead_where_release_toml_says() -> None:
    tiers = [replace(tier, promote_to="smetest") if tier.name == "smedev" else tier for tier in TIERS]
    made = plan_promotion(world(copy("smedev", "a-1-1.noarch"), tiers=tiers), ["a"])
    assert str(made.route) == "smedev to smetest"


# What is refused


def test_a_package_that_is_nowhere_is_refused_with_the_nearest_name() -> None:
    said = refusal(world(copy("smetest", "e-smith-base-1-1.noarch")), "e-smith-bse")
    assert "e-smith-bse: no tier has such a package; did you mean e-smith-base?" in said


def test_a_package_that_is_elsewhere_is_refused_with_where() -> None:
    lying = [copy("smetest", "a-1-1.noarch"), copy("smeos", "b-1-1.noarch")]
    assert "not in smetest:\n    b, which lies in smeos" in refusal(world(*lying), "a", "b", source="smetest")


def test_a_package_of_a_tier_that_leads_nowhere_is_refused() -> None:
    assert "lies in smeos, from which nothing is promoted" in refusal(world(copy("smeos", "a-1-1.noarch")), "a")
    assert "nothing is promoted from smeos" in refusal(world(copy("smeos", "a-1-1.noarch")), "a", source="smeos")


def test_a_package_in_two_tiers_that_lead_on_needs_a_word() -> None:
    lying = [copy("smetest", "a-2-1.noarch"), copy("smeupdates-testing", "a-1-1.noarch")]
    assert "say --from smeupdates-testing or --from smetest" in refusal(world(*lying), "a")
    assert str(plan_promotion(world(*lying), ["a"], target="smeupdates").route) == "smeupdates-testing to smeupdates"


def test_an_older_package_than_the_target_has_is_refused_with_both() -> None:
    lying = [copy("smetest", "a-1-1.noarch"), copy("smeupdates-testing", "a-2-1.noarch")]
    said = refusal(world(*lying), "a", source="smetest")
    assert "older than what it would replace in smeupdates-testing:\n    a-1-1.noarch, there is a-2-1.noarch" in said


def test_an_unsigned_package_is_refused_and_never_an_older_one_taken_instead() -> None:
    lying = [copy("smetest", "a-2-1.noarch", "not signed"), copy("smetest", "a-1-1.noarch")]
    assert "cannot be trusted: not signed:\n    repo/smetest/x86_64/RPMS/a-2-1.noarch.rpm" in refusal(
        world(*lying), "a"
    )


def test_an_unsigned_source_package_is_refused() -> None:
    lying = [copy("smetest", "a-1-1.noarch"), copy("smetest", "a-1-1.src", "not signed")]
    assert "cannot be trusted: not signed:\n    repo/smetest/SRPMS/a-1-1.src.rpm" in refusal(world(*lying), "a")


@pytest.mark.parametrize("tier", ["smeos", "smeupdates-testing", "centos"])
def test_another_file_of_the_same_nevra_in_any_tier_is_refused(tier: str) -> None:
    lying = [copy("smetest", "a-1-1.noarch"), copy(tier, "a-1-1.noarch", sha256="f" * 64)]
    said = refusal(world(*lying), "a", source="smetest")
    assert "a-1-1.noarch stands in the tiers with different bytes" in said
    assert lying[1].package.file in said


def test_a_bad_file_in_the_way_is_refused() -> None:
    lying = [copy("smetest", "a-1-1.noarch"), copy("smeupdates-testing", "a-1-1.noarch", "not signed")]
    said = refusal(world(*lying), "a", source="smetest")
    assert "smeupdates-testing has a file of that name that cannot be trusted: not signed" in said


NO_UPDATES = tuple(
    Tier(name, ROOT / "repo" / name) for name in ("smeos", "smeupdates-testing", "smecontribs", "smecontribs-testing")
)


@pytest.mark.parametrize(
    ("source", "target"), [("smeupdates-testing", "smeos"), ("smecontribs-testing", "smecontribs")]
)
def test_the_cycle_of_sme_11_goes_on_without_smeupdates(source: str, target: str) -> None:
    [start] = (tier for tier in NO_UPDATES if tier.name == source)
    assert promotion_targets(start, NO_UPDATES) == (target,)


def test_a_mirror_leads_only_to_tiers_that_there_are() -> None:
    assert promotion_targets(TIERS[-1], [*NO_UPDATES, TIERS[-1]]) == ("smeupdates-testing",)


def test_where_there_is_smeupdates_the_cycle_leads_there() -> None:
    assert promotion_targets(TIERS[2], TIERS) == ("smeupdates",)


def test_a_step_of_the_cycle_cannot_be_left_out() -> None:
    said = refusal(world(copy("smetest", "a-1-1.noarch")), "a", source="smetest", target="smeupdates")
    assert "smetest leads to smeupdates-testing, not to smeupdates" in said


@pytest.mark.parametrize("option", ["source", "target"])
def test_a_tier_that_does_not_exist_is_refused(option: str) -> None:
    said = refusal(world(copy("smetest", "a-1-1.noarch")), "a", **{"source": "smetest", option: "smetset"})
    assert "smetset: there is no such tier" in said


def test_everything_that_is_wrong_stands_in_one_report() -> None:
    lying = [
        copy("smetest", "a-1-1.noarch", "not signed"),
        copy("smetest", "b-1-1.noarch"),
        copy("smeupdates-testing", "b-2-1.noarch"),
    ]
    said = refusal(world(*lying), "a", "b", "c", source="smetest")
    for words in ("not signed", "older than", "not in smetest"):
        assert words in said


def test_a_plan_is_shown_in_the_words_of_its_reader() -> None:
    lying = [*both("smetest", "a-2-1.noarch"), copy("smeupdates-testing", "a-1-1.noarch")]
    made = replace(
        plan_promotion(world(*lying), ["a"], source="smetest"), missing=("a-2-1.noarch needs b",), remarks=("look",)
    )
    assert format_promotion(made) == [
        "move from smetest to smeupdates-testing:",
        "  a-2-1.noarch (replaces a-1-1.noarch)",
        "  a-2-1.src",
        "  would then be missing: a-2-1.noarch needs b",
        "  note: look",
    ]
