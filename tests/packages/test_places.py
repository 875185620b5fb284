# SPDX-License-Identifier: GPL-3.0-or-later
"""test_places"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from smedoit.errors import PackageError
from smedoit.packages import lock
from smedoit.packages.metadata import write_tree_repodata
from smedoit.packages.places import FLAT, SOURCES, MediumLayout, refuse_empty_repositories
from smedoit.packages.select import SelectedPackage
from smedoit.packages.stage import link_packages
from smedoit.repodata.write import RepoExtras
from smedoit.runtime import digests, files
from smedoit.sample import packages as recipes
from smedoit.sample.packages import RpmRecipe
from tests.harness.nouns import EPOCH, package
from tests.harness.tools import need

BOTH = MediumLayout(("BaseOS", "AppStream"), {"apps": "AppStream"})
BASH = SelectedPackage(package("bash-4.4-1.x86_64"), "smeos")
PHP = SelectedPackage(package("php-8.2-1.x86_64"), "apps")
PERL = SelectedPackage(package("perl-5.26-1.x86_64"), "smeos", "perl:5.26")
COMPS = """<?xml version="1.0"?><comps>
<group><id>core</id><name>Core</name><packagelist>
<packagereq type="mandatory">bash</packagereq></packagelist></group>
<group><id>web</id><name>Web</name><packagelist>
<packagereq type="mandatory">php</packagereq></packagelist></group>
<environment><id>server</id><name>Server</name><grouplist>
<groupid>core</groupid><groupid>web</groupid></grouplist></environment></comps>
"""


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


class StagedTree:
    """A tier with bash, another with php, and the tree of a medium with two repositories."""

    def __init__(self, root: Path) -> None:
        self.root, self.tree, self.lock, self.cache = root, root / "tree", root / "packages.lock", root / "facts.sqlite"
        self.picks = []
        for name, tier, requires in (("bash", "smeos", ()), ("php", "apps", ("bash",))):
            path = recipes.write_rpm(RpmRecipe(name, "1", "1", requires=requires), root / tier)
            made = package(f"{name}-1-1.noarch", file=str(path.relative_to(root)), sha256=digests.sha256_file(path))
            self.picks.append(SelectedPackage(made, tier))
        files.write_file(self.lock, lock.format_lock(self.picks))

    def fill(self, layout: MediumLayout = BOTH) -> str:
        said = link_packages(self.lock, self.root, self.tree, layout, self.cache)
        files.write_file(self.root / "comps.xml", COMPS)
        write_tree_repodata(self.lock, RepoExtras(self.root / "comps.xml"), self.tree, layout, EPOCH, self.cache)
        return said

    def rpms(self) -> list[str]:
        return sorted(str(path.relative_to(self.tree)) for path in self.tree.rglob("*.rpm"))


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


@pytest.mark.parametrize("major", [8, 9, 10])
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
