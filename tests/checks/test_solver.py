# SPDX-License-Identifier: GPL-3.0-or-later
"""What a medium lacks, on real packages; dnf is asked the same in tests/integration/test_closure.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from smedoit.checks import solver
from smedoit.repodata import requirements
from smedoit.repodata.comps import InstallSet
from smedoit.repodata.solver import UnmetDependency
from smedoit.sample.packages import RpmRecipe
from tests.harness.repositories import MEDIUM, pool, recipe, repository

CORE = InstallSet("environment sme", {"a": "core"}, {})


class World:
    """A medium, and what lies elsewhere."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def pool(self, *recipes: RpmRecipe, **more: Any) -> Any:
        return pool(repository(self.place / "medium", recipes), **more)

    def unmet(
        self, *recipes: RpmRecipe, installs: Sequence[InstallSet] = (), added: Sequence[str] = ()
    ) -> list[UnmetDependency]:
        return solver.find_unmet(self.pool(*recipes), installs, added)

    def reported(self, *recipes: RpmRecipe, **more: Any) -> list[str]:
        return [str(each) for each in self.unmet(*recipes, **more)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# Prerequisites: libsolv keeps them behind a marker, where lookup_deparray stops if it is not asked for all


def test_what_a_scriptlet_needs_is_a_requirement_like_any_other(world: World) -> None:
    needy = recipe("a", requires=("b",), requires_for=(("post", "/sbin/gone"),))
    assert [each.requirement for each in world.unmet(needy, recipe("b"))] == ["/sbin/gone"]


def test_what_a_scriptlet_needs_and_a_package_provides_is_met(world: World) -> None:
    needy = recipe("a", requires_for=(("post", "b"), ("post", "/usr/sbin/tool")))
    assert world.unmet(needy, recipe("b", files=("/usr/sbin/tool",))) == []


def test_a_file_that_only_a_scriptlet_needs_calls_for_the_file_lists(world: World) -> None:
    needy, owner = recipe("a", requires_for=(("post", "/usr/share/b/data"),)), recipe("b", files=("/usr/share/b/data",))
    assert requirements.needs_filelists(world.pool(needy, owner))
    whole = pool(repository(world.place / "whole", [needy, owner]), kinds=("primary", "filelists"))
    assert solver.find_unmet(whole, (), ()) == []


def test_a_chain_leads_through_what_scriptlets_need(world: World) -> None:
    lines = world.reported(recipe("a", requires_for=(("post", "b"),)), recipe("b", requires=("c",)), installs=[CORE])
    assert lines[0] == "group core: a needs b needs c, which nothing on the medium provides"


# Requirements


def test_a_medium_that_needs_nothing_from_elsewhere_has_none_unmet(world: World) -> None:
    assert world.unmet(recipe("a", requires=("b >= 1",)), recipe("b"), installs=[CORE]) == []


def test_an_unmet_dependency_is_a_chain_from_the_group_that_asks(world: World) -> None:
    lines = world.reported(
        recipe("a", requires=("perl(Foo)",)),
        recipe("perl-Foo", provides=("perl(Foo)",), requires=("libbar.so.1()(64bit)",)),
        installs=[CORE],
    )
    assert lines[0] == ("group core: a needs perl-Foo needs libbar.so.1()(64bit), which nothing on the medium provides")


def test_a_package_that_no_group_asks_for_is_checked_too(world: World) -> None:
    assert world.reported(recipe("a"), recipe("b", requires=("c",)), installs=[CORE]) == [
        "b needs c, which nothing on the medium provides (no group asks for it)"
    ]


@pytest.mark.parametrize("wanted", ["b >= 2", "b < 1", "b = 1:1-1", "b = 1-2", "B"])
def test_a_version_that_is_not_there_is_unmet(world: World, wanted: str) -> None:
    assert [each.requirement for each in world.unmet(recipe("a", requires=(wanted,)), recipe("b"))] == [wanted]


@pytest.mark.parametrize("wanted", ["b >= 1", "b <= 1-1", "b", "virtual = 2", "/usr/bin/b", "rpmlib(PayloadIsXz) <= 1"])
def test_what_is_provided_is_none(world: World, wanted: str) -> None:
    found = world.unmet(recipe("a", requires=(wanted,)), recipe("b", provides=("virtual = 2",), files=("/usr/bin/b",)))
    assert found == []


def test_a_file_outside_of_bin_needs_the_file_lists(world: World) -> None:
    made = recipe("a", requires=("/usr/share/doc/b",)), recipe("b", files=("/usr/share/doc/b",))
    short = world.pool(*made)
    assert requirements.needs_filelists(short)
    assert solver.find_unmet(world.pool(*made, kinds=("primary", "filelists")), [], []) == []


def test_a_medium_without_such_a_requirement_is_read_without_file_lists(world: World) -> None:
    assert not requirements.needs_filelists(
        world.pool(recipe("a", requires=("/usr/bin/b",)), recipe("b", files=("/usr/bin/b",)))
    )


@pytest.mark.parametrize(
    "wanted", ["(b or nope)", "(nope if absent)", "(nope if b)", "(b unless absent)", "(b if b else nope)"]
)
def test_a_boolean_requirement_that_can_be_met_is_none(world: World, wanted: str) -> None:
    assert world.unmet(recipe("a", requires=(wanted,)), recipe("b")) == []


@pytest.mark.parametrize("wanted", ["(b and nope)", "(nope or never)", "(b if absent else nope)", "(b with nope)"])
def test_a_boolean_requirement_that_cannot_is_unmet(world: World, wanted: str) -> None:
    assert [each.requirement for each in world.unmet(recipe("a", requires=(wanted,)), recipe("b"))] == [wanted]


def test_a_condition_that_the_groups_bring_about_is_unmet_for_the_install_set(world: World) -> None:
    installs = [InstallSet("environment sme", {"a": "core", "b": "core"}, {})]
    [found] = world.unmet(recipe("a", requires=("(nope if b)",)), recipe("b"), installs=installs)
    assert (found.installation, found.name) == ("environment sme", "a")


def test_what_is_only_recommended_is_none(world: World) -> None:
    assert world.unmet(recipe("a", recommends=("nope",)), installs=[CORE]) == []


def test_source_packages_need_nothing_on_a_medium(world: World) -> None:
    assert world.unmet(recipe("a", is_source=True, requires=("nope",))) == []


def test_a_package_of_another_machine_provides_nothing(world: World) -> None:
    found = world.unmet(recipe("a", requires=("lib",)), recipe("b", arch="ppc64", provides=("lib",)))
    assert [each.name for each in found] == ["a"]


def test_the_older_of_two_kernels_is_checked_too(world: World) -> None:
    found = world.unmet(recipe("kernel-1-1", requires=("nope",)), recipe("kernel-2-1"))
    assert [each.package for each in found] == ["kernel-1-1.noarch"]


# Conflicts and obsoletes


def test_packages_that_exclude_each_other_may_lie_on_one_medium(world: World) -> None:
    assert (
        world.unmet(recipe("a", conflicts=("b",)), recipe("b"), recipe("c-2-1", obsoletes=("d < 2",)), recipe("d"))
        == []
    )


def test_a_package_that_needs_two_which_exclude_each_other_is_unmet(world: World) -> None:
    [line] = world.reported(recipe("a", requires=("b", "c")), recipe("b", conflicts=("c",)), recipe("c"))
    assert line.startswith("a: a-1-1.noarch requires ")
    assert "but none of the providers can be installed: b-1-1.noarch conflicts with c provided by c-1-1.noarch" in line


def test_a_group_whose_members_conflict_cannot_be_installed(world: World) -> None:
    installs = [InstallSet("environment sme with group mail", {"a": "core", "b": "mail"}, {})]
    [found] = world.unmet(recipe("a", conflicts=("b",)), recipe("b"), installs=installs)
    assert str(found).startswith("environment sme with group mail does not resolve: group core: a")
    assert "a-1-1.noarch conflicts with b provided by b-1-1.noarch" in str(found)


def test_a_member_that_another_package_obsoletes_is_replaced_as_yum_does(world: World) -> None:
    installs = [InstallSet("environment sme", {"old": "core", "new": "core"}, {})]
    assert world.unmet(recipe("new-2-1", obsoletes=("old < 2",)), recipe("old"), installs=installs) == []


def test_a_conditional_member_counts_when_its_condition_is_installed(world: World) -> None:
    made = recipe("a", conflicts=("b",)), recipe("b"), recipe("c")
    installs = [
        InstallSet("environment sme", {"a": "core"}, {"b": "c"}),
        InstallSet("environment two", {"a": "core"}, {"b": "a"}),
    ]
    assert [each.installation for each in world.unmet(*made, installs=installs)] == ["environment two"]


def test_two_architectures_of_a_library_stand_side_by_side(world: World) -> None:
    both = [recipe("glibc", arch=arch) for arch in ("i686", "x86_64")]
    installs = [InstallSet("environment sme", {"a": "core", "b": "core"}, {})]
    made = [recipe("a", requires=("b",)), recipe("b", arch="x86_64", requires=("glibc",))]
    needing = recipe("both", requires=("only32", "glibc"))
    assert world.unmet(*both, *made, needing, recipe("only32", arch="i686"), installs=installs) == []


def test_what_the_installer_adds_must_be_there(world: World) -> None:
    [line] = world.reported(recipe("a"), installs=[CORE], added=["a", "grub2"])
    assert (
        line == "environment sme does not resolve: grub2: the installer adds it by itself, and it is not on the medium"
    )


def test_what_the_installer_adds_must_go_with_the_groups(world: World) -> None:
    assert world.unmet(recipe("a"), recipe("grub2", conflicts=("a",)), installs=[CORE], added=["grub2"]) != []


def test_what_the_installer_adds_may_be_provided_by_a_package_of_another_name(world: World) -> None:
    """From EL 8 on grub2-pc provides grub2."""
    provider = recipe("grub2-pc", provides=("grub2 = 1",))
    assert world.unmet(recipe("a"), provider, installs=[CORE], added=["grub2"]) == []


def test_and_that_package_must_be_installable_beside_the_others(world: World) -> None:
    clashing = recipe("grub2-pc", provides=("grub2 = 1",), conflicts=("a",))
    assert world.unmet(recipe("a"), clashing, installs=[CORE], added=["grub2"]) != []


# Who provides it elsewhere


def offers(world: World, obstacles: dict[str, str] | None = None, **elsewhere: Sequence[RpmRecipe]) -> list[str]:
    medium = repository(world.place / "medium", [recipe("a", requires=("lib",)), recipe("lib-common")])
    others = [repository(world.place / name, recipes, name) for name, recipes in elsewhere.items()]
    found = solver.find_providers(pool(medium, *others), MEDIUM, obstacles or {}, {"lib"})
    return [str(one) for one in found.get("lib", [])]


def test_an_offer_names_the_promotion_and_what_must_come_along(world: World) -> None:
    libraries = [recipe("foo", provides=("lib",), requires=("bar", "lib-common")), recipe("bar")]
    assert offers(world, smetest=libraries) == [
        "smetest has foo-1-1.noarch: doit promote --from smetest foo-1-1.noarch bar-1-1.noarch"
    ]


def test_offers_come_in_the_order_of_the_tiers_the_newest_of_each(world: World) -> None:
    old, new = recipe("foo-1-1", provides=("lib",)), recipe("foo-2-1", provides=("lib",))
    assert [one.split(":")[0] for one in offers(world, smetest=[old, new], centos=[old])] == [
        "smetest has foo-2-1.noarch",
        "centos has foo-1-1.noarch",
    ]


def test_an_offer_that_would_lack_something_itself_says_so(world: World) -> None:
    assert offers(world, centos=[recipe("foo", provides=("lib",), requires=("nope",))]) == [
        "centos has foo-1-1.noarch, but nothing provides nope needed by foo-1-1.noarch"
    ]


def test_what_comes_along_from_elsewhere_is_promoted_from_there(world: World) -> None:
    found = offers(world, smetest=[recipe("foo", provides=("lib",), requires=("bar",))], centos=[recipe("bar")])
    commands = "doit promote --from smetest foo-1-1.noarch", "doit promote --from centos bar-1-1.noarch"
    assert found == [f"smetest has foo-1-1.noarch: {'; '.join(commands)}"]


def test_where_no_promotion_leads_from_the_obstacle_is_reported(world: World) -> None:
    obstacles = {"smeos": "which was left out: doit why_package {name}"}
    assert offers(world, obstacles, smeos=[recipe("foo", provides=("lib",))]) == [
        "smeos has foo-1-1.noarch, which was left out: doit why_package foo"
    ]


def test_nobody_can_offer_what_nobody_has(world: World) -> None:
    assert offers(world, smetest=[recipe("foo")]) == []
