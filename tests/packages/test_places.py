# SPDX-License-Identifier: GPL-3.0-or-later
"""test_places"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from smedoit.errors import PackageError
from smedoit.packages.places import FLAT, SOURCES, MediumLayout, refuse_empty_repositories
from smedoit.packages.select import SelectedPackage
from smedoit.packages.stage import link_packages
from tests.harness.nouns import package
from tests.harness.staged import BOTH, StagedTree
from tests.harness.tools import need

BASH = SelectedPackage(package("bash-4.4-1.x86_64"), "smeos")
PHP = SelectedPackage(package("php-8.2-1.x86_64"), "apps")
PERL = SelectedPackage(package("perl-5.26-1.x86_64"), "smeos", "perl:5.26")


@pytest.mark.parametrize(
    ("layout", "pick", "path"),
    [
        (FLAT, BASH, "Packages/bash-4.4-1.x86_64.rpm"),
        (FLAT, PERL, "Packages/perl-5.26-1.x86_64.rpm"),
        (BOTH, BASH, "BaseOS/Packages/bash-4.4-1.x86_64.rpm"),
        (BOTH, PHP, "AppStream/Packages/php-8.2-1.x86_64.rpm"),
        (BOTH, PERL, "AppStream/Packages/perl-5.26-1.x86_64.rpm"),
        (SOURCES, BASH, "SRPMS/bash-4.4-1.x86_64.rpm"),
    ],
)
def test_a_package_lies_where_its_tier_says_and_one_of_a_module_in_the_last_repository(
    layout: MediumLayout, pick: SelectedPackage, path: str
) -> None:
    assert layout.locate_packages([pick]) == {path: pick.package}


def test_a_package_of_a_tier_that_nobody_knows_any_more_lies_in_the_first_repository() -> None:
    gone = SelectedPackage(BASH.package, "gone")  # of an earlier lock
    assert BOTH.package_repository(gone) == "BaseOS"


def test_a_repository_without_packages_is_refused_with_what_to_set() -> None:
    with pytest.raises(PackageError) as caught:
        refuse_empty_repositories(BOTH, [BASH])
    assert str(caught.value).splitlines() == [
        "no package of the medium lies in its repository AppStream",
        '  hint: say repository = "AppStream" for a tier of [[tiers]] in release.toml, or repositories = ["."] in'
        " [release] for a medium with one repository",
    ]


def test_a_medium_with_one_repository_may_be_empty_so_far() -> None:
    refuse_empty_repositories(FLAT, [])
    refuse_empty_repositories(SOURCES, [])


@pytest.fixture
def staged(tmp_path: Path) -> StagedTree:
    return StagedTree(tmp_path)


def test_a_package_that_moves_to_another_repository_leaves_none_behind(staged: StagedTree) -> None:
    staged.fill()
    assert staged.rpms() == ["AppStream/Packages/php-1-1.noarch.rpm", "BaseOS/Packages/bash-1-1.noarch.rpm"]
    said = staged.fill(MediumLayout(BOTH.repositories, {"smeos": "AppStream"}))
    assert said == "2 packages, 2 new, 2 removed"
    assert staged.rpms() == ["AppStream/Packages/bash-1-1.noarch.rpm", "BaseOS/Packages/php-1-1.noarch.rpm"]


@pytest.mark.parametrize("layout", [SOURCES, MediumLayout(below=""), FLAT, BOTH])
def test_what_is_linked_once_stays_where_it_is(staged: StagedTree, layout: MediumLayout) -> None:
    told = [link_packages(staged.lock, staged.root, staged.tree, layout, staged.cache) for _ in range(2)]
    assert told == [f"2 packages, {new} new, 0 removed" for new in (2, 0)]
    assert staged.rpms() == sorted(layout.locate_packages(staged.picks))


def test_the_repodata_of_two_repositories_follows_from_its_inputs_alone(staged: StagedTree) -> None:
    staged.fill()
    metadata = [path for path in staged.tree.rglob("*") if path.parent.name == "repodata"]
    first = {path: path.read_bytes() for path in metadata}
    for path in metadata:
        path.unlink()
    staged.fill()
    assert {path: path.read_bytes() for path in metadata} == first


@pytest.mark.parametrize("major", [8, *(pytest.param(major, marks=pytest.mark.exhaustive) for major in (9, 10))])
def test_dnf_lists_all_packages_and_resolves_groups_across_both_repositories(staged: StagedTree, major: int) -> None:
    need("dnf")
    staged.fill()
    options = [f"--repofrompath={place.lower()},{staged.tree / place}" for place in BOTH.repositories]
    options += ["--repo=baseos,appstream", f"--releasever={major}", f"--setopt=module_platform_id=platform:el{major}"]
    options += [f"--installroot={staged.root}/root", f"--setopt=cachedir={staged.root}/cache", "--forcearch=x86_64"]

    def dnf(*words: str) -> list[str]:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["dnf", *options, "--setopt=gpgcheck=0", *words],
            capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip
        return (done.stdout + done.stderr).splitlines()

    assert dnf("-q", "repoquery", "--qf=%{name} %{repoid}") == ["bash baseos", "php appstream"]
    for group in ("@core", "@web", "@server"):
        said = " ".join(dnf("--assumeno", "install", group))
        assert "Operation aborted" in said, said
        assert ("php" in said) == (group != "@core"), said
