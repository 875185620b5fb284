# SPDX-License-Identifier: GPL-3.0-or-later
"""test_unmet"""

from __future__ import annotations

import pytest

from smedoit.checks import unmet
from smedoit.checks.unmet import Provider
from smedoit.config.checks import ClosureWaiver
from smedoit.config.schema import InvalidValueError
from smedoit.repodata.solver import UnmetDependency

BAR = UnmetDependency("b-1-1.noarch", "b", "libbar.so.1()(64bit)", chain=("a", "b"), group="core")
STUCK = UnmetDependency("a-1-1.noarch", "a", problem="conflicts with c", installation="environment sme")


@pytest.mark.parametrize(
    "waiver",
    [
        ClosureWaiver("x", requirement="libbar.so.1()(64bit)"),
        ClosureWaiver("x", requirement="libbar.so*"),
        ClosureWaiver("x", package="b"),
        ClosureWaiver("x", package="b-1-1.noarch"),
        ClosureWaiver("x", package="b-*", requirement="lib*"),
    ],
)
def test_a_waiver_waives_the_dependency_that_it_names(waiver: ClosureWaiver) -> None:
    found = unmet.apply_waivers([BAR], [waiver])
    assert (found.unwaived, found.waived, found.unused) == ((), ((BAR, waiver),), ())


@pytest.mark.parametrize(
    "waiver",
    [
        ClosureWaiver("x", requirement="libfoo*"),
        ClosureWaiver("x", package="c", requirement="libbar*"),
        ClosureWaiver("x", installation="*"),
        ClosureWaiver("x", requirement="libbar.so.1()(64bit)", installation="environment sme"),
    ],
)
def test_no_other_dependency_is_waived_and_the_waiver_is_reported_as_unused(waiver: ClosureWaiver) -> None:
    found = unmet.apply_waivers([BAR], [waiver])
    assert (found.unwaived, found.unused) == ((BAR,), (waiver,))


def test_only_a_waiver_for_it_waives_an_install_set_that_does_not_resolve() -> None:
    assert unmet.apply_waivers([STUCK], [ClosureWaiver("x", package="a")]).unwaived == (STUCK,)
    assert unmet.apply_waivers([STUCK], [ClosureWaiver("x", installation="environment sme")]).unwaived == ()


def test_what_a_package_lacks_is_not_repeated_for_the_install_sets_that_it_breaks() -> None:
    again = [UnmetDependency("b-1-1.noarch", "b", BAR.requirement, installation=f"environment {n}") for n in (1, 2)]
    assert unmet.apply_waivers([*again, BAR], []).unwaived == (BAR,)


def test_a_waived_package_still_breaks_the_install_set_that_has_it() -> None:
    broken = UnmetDependency("b-1-1.noarch", "b", BAR.requirement, installation="environment sme")
    assert unmet.apply_waivers([BAR, broken], [ClosureWaiver("x", package="b")]).unwaived == (broken,)


@pytest.mark.parametrize("facts", [{"reason": " ", "package": "a"}, {"reason": "because"}])
def test_a_waiver_needs_a_reason_and_an_object(facts: dict[str, str]) -> None:
    with pytest.raises(InvalidValueError):
        ClosureWaiver(**facts)


def test_a_report_gathers_who_lacks_the_same_and_who_provides_it() -> None:
    several = [BAR, *(UnmetDependency(f"p{n}-1-1.noarch", f"p{n}", BAR.requirement) for n in range(5))]
    text = unmet.format_unmet([*several, STUCK], {BAR.requirement: [Provider("smetest", "bar", "bar-1-1.noarch")]})
    assert text.splitlines() == [
        "    group core: a needs b needs libbar.so.1()(64bit), which nothing on the medium provides",
        "    p0 needs libbar.so.1()(64bit), which nothing on the medium provides (no group asks for it)",
        "    p1 needs libbar.so.1()(64bit), which nothing on the medium provides (no group asks for it)",
        "    and so do p2, p3, p4",
        "      smetest has bar-1-1.noarch: doit promote --from smetest bar-1-1.noarch",
        "    environment sme does not resolve: a: conflicts with c",
    ]


def test_a_report_names_every_dependency_however_many() -> None:
    many = [UnmetDependency(f"p{n}-1-1.noarch", f"p{n}", f"lib{n}") for n in range(500)]
    assert len(unmet.format_unmet(many, {}).splitlines()) == 500
