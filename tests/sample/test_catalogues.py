# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice packages of each base: real RPMs that close, for what its installer and its comps.xml ask for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES
from smedoit.config.release import load_release
from smedoit.sample import catalogue, groups, packages
from smedoit.sample.packages import RpmRecipe
from tests.harness.tools import need, read_with

RELEASE = Path(__file__).parents[2] / "release.toml"
STAGED = ("smeos", "smeupdates", "smeupdates-testing", "baseos", "appstream")
EACH = pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))


def staged_recipes(base: Base) -> list[RpmRecipe]:
    return [recipe for tier in STAGED for recipe in tier_recipes(base, tier) if not recipe.is_source]


def tier_recipes(base: Base, tier: str) -> Iterator[RpmRecipe]:
    identity = replace(load_release(RELEASE).release, base=base.name)
    return catalogue.practice_recipes(tier, identity)


@EACH
def test_all_that_an_installer_surely_adds_is_there(base: Base) -> None:
    staged = staged_recipes(base)
    held = {relation.split()[0] for recipe in staged for relation in (recipe.name, *recipe.provides)}
    assert {*base.added.always, *base.added.under_uefi} - held == set()


@EACH
def test_comps_lists_only_what_is_there(base: Base) -> None:
    listed = {
        name
        for group in catalogue.find_catalogue(base).groups
        for name in f"{group.mandatory} {group.default} {group.optional}".split()
    }
    assert listed - {recipe.name for recipe in staged_recipes(base)} == set()
    assert "{" not in groups.practice_comps(base).replace("{title}", "")


@EACH
def test_our_packages_have_the_dist_tag_of_the_base(base: Base) -> None:
    wrong = [recipe.file_name for recipe in staged_recipes(base) if ".sme" in recipe.release]
    assert wrong and not [name for name in wrong if f"{base.dist}." not in name]


@pytest.mark.parametrize("name", ["el8", "el9"])
def test_php_comes_in_two_streams_of_one_module_and_each_package_says_so(name: str, tmp_path: Path) -> None:
    need("rpm")
    recipes = [recipe for recipe in tier_recipes(BASES[name], "appstream") if recipe.name == "php-common"]
    files = [packages.write_rpm(recipe, tmp_path) for recipe in recipes]
    labels = read_with("rpm", "-qp", "--nosignature", "--qf", "%{MODULARITYLABEL}\n", *files).split()
    assert [label.rsplit(":", 2)[0] for label in labels] == ["php:7.4", "php:8.2"]


def test_the_sources_of_a_mirror_lie_beside_it() -> None:
    base = BASES["el8"]
    assert not [recipe for recipe in tier_recipes(base, "baseos") if recipe.is_source]
    wanted = {recipe.source_rpm for recipe in tier_recipes(base, "baseos")}
    assert {recipe.file_name for recipe in tier_recipes(base, "baseos-source")} == wanted


@dataclass(frozen=True)
class MadeWorld:
    """The staged packages of a base as files in a repository."""

    base: Base
    repository: Path
    files: tuple[Path, ...]


@pytest.fixture(scope="module", params=[name for name in BASES if name != "el7"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeWorld:
    base, place = BASES[request.param], tmp_path_factory.mktemp(request.param)
    files = [packages.write_rpm(recipe, place) for recipe in staged_recipes(base)]
    return MadeWorld(base, place, tuple(files))


def test_rpm_itself_accepts_every_signature_and_digest(made: MadeWorld, tmp_path: Path) -> None:
    need("rpmkeys")
    private = f"--define=_dbpath {tmp_path}"
    keys = [packages.KEYS / f"RPM-GPG-KEY-practice-{name}" for name in packages.FINGERPRINTS]
    read_with("rpmkeys", private, "--import", *keys)
    verdicts = read_with("rpmkeys", private, "-K", *made.files).splitlines()
    assert len(verdicts) == len(made.files) >= 70
    assert [line for line in verdicts if not line.endswith(": digests signatures OK")] == []


def test_dnf_can_install_all_of_them(made: MadeWorld, tmp_path: Path) -> None:
    need("createrepo_c", "dnf")
    read_with("createrepo_c", "--quiet", "--compatibility", "-x", "php*7.4.33*", made.repository)
    options = [f"--installroot={tmp_path}/root", f"--setopt=cachedir={tmp_path}/cache", "--setopt=gpgcheck=0"]
    only = [f"--repofrompath=practice,file://{made.repository}", "--repo=practice", "--forcearch=x86_64"]
    command = ["dnf", *options, *only, "--releasever=8", "install", "--assumeno", "*.x86_64", "*.noarch", "grub2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Operation aborted" in done.stdout + done.stderr, done.stdout + done.stderr  # it solved everything
