"""test_unmet"""

from __future__ import annotations

import pytest

from smedoit.checks import unmet
from smedoit.checks.unmet import Hole, Offer
from smedoit.config.checks import Waiver
from smedoit.config.schema import Refused

BAR = Hole("b-1-1.noarch", "b", "libbar.so.1()(64bit)", chain=("a", "b"), group="core")
STUCK = Hole("a-1-1.noarch", "a", trouble="conflicts with c", installation="environment sme")


@pytest.mark.parametrize(
    "waiver",
    [
        Waiver("x", requirement="libbar.so.1()(64bit)"),
        Waiver("x", requirement="libbar.so*"),
        Waiver("x", package="b"),
        Waiver("x", package="b-1-1.noarch"),
        Waiver("x", package="b-*", requirement="lib*"),
    ],
)
def test_a_waiver_excuses_the_hole_that_it_names(waiver: Waiver) -> None:
    found = unmet.judge([BAR], [waiver])
    assert (found.standing, found.waived, found.unused) == ((), ((BAR, waiver),), ())


@pytest.mark.parametrize(
    "waiver",
    [
        Waiver("x", requirement="libfoo*"),
        Waiver("x", package="c", requirement="libbar*"),
        Waiver("x", installation="*"),
        Waiver("x", requirement="libbar.so.1()(64bit)", installation="environment sme"),
    ],
)
def test_no_other_hole_is_excused_and_the_waiver_is_reported_as_unused(waiver: Waiver) -> None:
    found = unmet.judge([BAR], [waiver])
    assert (found.standing, found.unused) == ((BAR,), (waiver,))


def test_only_a_waiver_for_it_excuses_an_installation_that_cannot_be_begun() -> None:
    assert unmet.judge([STUCK], [Waiver("x", package="a")]).standing == (STUCK,)
    assert unmet.judge([STUCK], [Waiver("x", installation="environment sme")]).standing == ()


def test_what_a_package_lacks_is_not_told_again_of_the_installations_that_it_spoils() -> None:
    again = [Hole("b-1-1.noarch", "b", BAR.requirement, installation=f"environment {n}") for n in (1, 2)]
    assert unmet.judge([*again, BAR], []).standing == (BAR,)


def test_a_waived_package_still_spoils_the_installation_that_has_it() -> None:
    spoiled = Hole("b-1-1.noarch", "b", BAR.requirement, installation="environment sme")
    assert unmet.judge([BAR, spoiled], [Waiver("x", package="b")]).standing == (spoiled,)


@pytest.mark.parametrize("facts", [{"reason": " ", "package": "a"}, {"reason": "because"}])
def test_a_waiver_needs_a_reason_and_an_object(facts: dict[str, str]) -> None:
    with pytest.raises(Refused):
        Waiver(**facts)


def test_a_report_gathers_who_lacks_the_same_and_who_could_fill_it() -> None:
    several = [BAR, *(Hole(f"p{n}-1-1.noarch", f"p{n}", BAR.requirement) for n in range(5))]
    text = unmet.report([*several, STUCK], {BAR.requirement: [Offer("smetest", "bar", "bar-1-1.noarch")]})
    assert text.splitlines() == [
        "    group core: a needs b needs libbar.so.1()(64bit), which nothing on the medium provides",
        "    p0 needs libbar.so.1()(64bit), which nothing on the medium provides (no group asks for it)",
        "    p1 needs libbar.so.1()(64bit), which nothing on the medium provides (no group asks for it)",
        "    and so do p2, p3, p4",
        "      smetest has bar-1-1.noarch: doit promote --from smetest bar-1-1.noarch",
        "    environment sme cannot be begun: a: conflicts with c",
    ]


def test_a_report_of_very_many_holes_fits_a_screen() -> None:
    many = [Hole(f"p{n}-1-1.noarch", f"p{n}", f"lib{n}") for n in range(500)]
    lines = unmet.report(many, {}).splitlines()
    assert len(lines) == 21 and lines[-1] == "  … and 480 more"
