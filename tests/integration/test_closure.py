# SPDX-License-Identifier: GPL-3.0-or-later
"""Closure beside dnf, on the practice world and broken variants: the same unmet dependencies."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from smedoit.checks import solver
from smedoit.config import release
from smedoit.repodata import comps, read
from smedoit.repodata.inputs import RepoSource
from smedoit.repodata.solver import UnmetDependency
from smedoit.runtime.files import link_file, write_file
from smedoit.sample import groups, packages, world
from tests.harness.repositories import recipe
from tests.harness.tools import need, read_with

RELEASE = Path(__file__).parents[2] / "release.toml"
STAGED = ("smeos", "smeupdates", "smeupdates-testing")
KINDS = ("primary", "filelists")
ENVIRONMENT = "sme-server-environment"
PACKAGE = re.compile(r"package: (\S+) from practice")


@dataclass
class Medium:
    """A directory of packages with the repodata of the createrepo_c program, and its comps."""

    place: Path

    def remove(self, *names: str) -> None:
        for name in names:
            found = [path for path in self.place.glob("*.rpm") if path.name.rsplit("-", 2)[0] == name]
            assert found, name
            for path in found:
                path.unlink()

    def add(self, *recipes: packages.RpmRecipe) -> None:
        for one in recipes:
            packages.write_rpm(one, self.place)

    def describe(self, text: str) -> None:
        (self.place / "comps.xml").write_text(text, encoding="utf-8")
        read_with("createrepo_c", "--quiet", "--compatibility", "-g", self.place / "comps.xml", self.place)

    def unmet(self) -> list[UnmetDependency]:
        text = (self.place / "comps.xml").read_text(encoding="utf-8")
        with read.plain_metadata(RepoSource("m", self.place, "x86_64"), KINDS, self.place.parent / "memory") as files:
            pool = read.create_solver_pool("x86_64", {"m": files})
            return solver.find_unmet(pool, comps.list_install_sets(text, Path("comps.xml")), [])

    def ours(self) -> set[tuple[str, str]]:
        """Return (NEVRA, requirement) of the packages' own unmet dependencies."""
        return {(one.package, one.requirement) for one in self.unmet() if one.requirement and not one.installation}

    def theirs(self) -> set[tuple[str, str]]:
        """Return (NEVRA, requirement) as dnf repoclosure finds them."""
        found: set[tuple[str, str]] = set()
        package = ""
        for line in self.dnf("repoclosure", "--arch=x86_64", "--arch=noarch", "--arch=i686").splitlines():
            if match := PACKAGE.match(line):
                package = match[1]
            elif line.startswith("    ") and package:
                found.add((package, line.strip()))
        return found

    def dnf(self, *words: str) -> str:
        options = [
            f"--installroot={self.place.parent}/root",
            f"--setopt=cachedir={self.place.parent}/cache",
            "--setopt=gpgcheck=0",
            "--setopt=install_weak_deps=False",
            f"--repofrompath=practice,file://{self.place}",
            "--repo=practice",
            "--forcearch=x86_64",
            "--releasever=7",
        ]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["dnf", *options, *words], capture_output=True, text=True, check=False, env=environment)
        return done.stdout + done.stderr

    def installs(self, *words: str) -> bool:
        """Return whether dnf can solve an installation; it is asked to stop before it downloads anything."""
        said = self.dnf("--assumeno", *words)
        assert ("Operation aborted" in said) != ("Error:" in said), said
        return "Operation aborted" in said

    def begins(self, extra: str = "") -> bool:
        """Return whether we find that an environment, perhaps with a group, can be installed."""
        name = f"environment {ENVIRONMENT}" + (f" with group {extra}" if extra else "")
        return not [each for each in self.unmet() if each.installation == name]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> release.Release:
    text = RELEASE.read_text(encoding="utf-8")
    place = tmp_path_factory.mktemp("closure")
    write_file(place / "release.toml", text)
    rel = release.load_release(place / "release.toml")
    world.fill_practice_world(rel)
    return rel


@pytest.fixture
def medium(sample: release.Release, tmp_path: Path) -> Medium:
    """Everything that the staged tiers hold, as hard links."""
    need("createrepo_c", "dnf")
    made = Medium(tmp_path / "repo")
    for tier in sample.tiers:
        if tier.name in STAGED:
            for path in tier.path.rglob("*.rpm"):
                if not path.name.endswith(".src.rpm"):
                    link_file(path, made.place / path.name)
    return made


def without(*names: str) -> Callable[[Medium], None]:
    return lambda medium: medium.remove(*names)


def instead(one: packages.RpmRecipe) -> Callable[[Medium], None]:
    """Return a change that puts one in the place of the package of its name."""

    def change(medium: Medium) -> None:
        medium.remove(one.name)
        medium.add(one)

    return change


def plus(*recipes: packages.RpmRecipe) -> Callable[[Medium], None]:
    return lambda medium: medium.add(*recipes)


def older_library(medium: Medium) -> None:
    medium.remove("e-smith-lib")
    medium.add(recipe("e-smith-lib-2.5.9-1", provides=("perl(esmith::util)",)))


VARIANTS: dict[str, Callable[[Medium], None]] = {
    "whole": lambda _: None,
    "a library is gone": without("zlib"),
    "the root of it all is gone": without("glibc", "bash"),
    "a program is gone": without("perl"),
    "an epoch is not met": without("openssl-libs"),
    "an older version than wanted": older_library,
    "a file outside of bin": plus(recipe("x", requires=("/usr/share/practice/bash-x86_64", "/usr/share/nothing"))),
    "a virtual package": plus(recipe("x", requires=("smtpdaemon", "webserver >= 1", "nobody"))),
    "only a recommendation": plus(recipe("x", recommends=("nobody",))),
    "a feature of rpm": plus(recipe("x", requires=("rpmlib(Nonsense) <= 9",))),
    "a package nobody can have twice": plus(recipe("x", requires=("y",)), recipe("y", conflicts=("bash",))),
    "a choice": plus(recipe("x", requires=("(nobody or bash)",)), recipe("y", requires=("(nobody or noone)",))),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_dnf_repoclosure_finds_the_same_dependencies(medium: Medium, variant: str) -> None:
    VARIANTS[variant](medium)
    medium.describe(groups.practice_comps())
    ours = medium.ours()
    assert ours == medium.theirs()
    assert bool(ours) == (
        variant not in ("whole", "only a recommendation", "a feature of rpm", "a package nobody can have twice")
    )


# Where dnf repoclosure only looks whether anybody provides a part of it, the solver knows better: dnf install agrees
CONDITIONS = {
    "(bash and nobody)": False,
    "(nobody if noone)": True,
    "(nobody if bash)": False,  # everything needs bash
    "(bash if noone else nobody)": False,
    "(nobody unless bash)": False,
}


@pytest.mark.parametrize("wanted", CONDITIONS)
def test_dnf_can_install_what_we_find_met(medium: Medium, wanted: str) -> None:
    medium.add(recipe("x", requires=(wanted, "bash")))
    medium.describe(groups.practice_comps())
    ours = not [each for each in medium.unmet() if each.name == "x"]
    assert ours == medium.installs("install", "x") == CONDITIONS[wanted]


INSTALLATIONS: dict[str, tuple[Callable[[Medium], None], bool, bool]] = {
    # what is changed; whether the environment can be installed alone, and with the group sme-mail
    "whole": (lambda _: None, True, True),
    "a library of both": (without("zlib"), False, False),
    "a library of mail alone": (without("daemontools"), False, False),  # e-smith-base needs a smtpdaemon
    "a program of mail alone": (without("spamassassin"), True, False),
    "a conflict in core": (instead(recipe("setup-9-1", conflicts=("yum",))), False, False),
    "a conflict in mail": (instead(recipe("dovecot-9-1", conflicts=("bash",))), True, False),
    "a member that is obsoleted": (plus(recipe("firewalld2-1-1", obsoletes=("firewalld < 9",))), True, True),
}


@pytest.mark.parametrize("variant", INSTALLATIONS)
def test_dnf_group_install_begins_what_we_say_can_be_begun(medium: Medium, variant: str) -> None:
    change, alone, with_mail = INSTALLATIONS[variant]
    change(medium)
    medium.describe(groups.practice_comps())
    assert (medium.begins(), medium.begins("sme-mail")) == (alone, with_mail)
    assert medium.installs("group", "install", ENVIRONMENT) == alone
    assert medium.installs("group", "install", ENVIRONMENT, "sme-mail") == with_mail
