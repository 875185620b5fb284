# SPDX-License-Identifier: GPL-3.0-or-later
"""Closure beside dnf, on packages that nobody thought of: random trees with every kind of relation, and real ones.

dnf repoclosure looks for who provides a requirement. Of a boolean one it only looks whether
anybody provides a part, so there dnf's solver judges as well: what it cannot install is broken.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smedoit.checks import closure, solver
from smedoit.repodata import read, write
from smedoit.repodata.inputs import RepoSource
from smedoit.sample import packages
from smedoit.sample.packages import PURPOSES, RpmRecipe
from tests.harness import dnf_judge
from tests.harness.corpus import corpus_dir
from tests.harness.repositories import recipe
from tests.harness.tools import missing

EPOCH = 1600000000
SYSTEM_PYTHON = "/usr/bin/python3"
NAMES = ("a", "b", "c", "d", "e")
VERSIONS = ("1", "2", "10")
VIRTUAL = ("libx.so.1()(64bit)", "perl(X)", "config(a)", "webserver")
FILES = ("/sbin/ldconfig", "/usr/bin/x", "/etc/x.conf", "/usr/lib/sendmail", "/usr/share/x/data", "/opt/x")
NOWHERE = ("nobody", "/usr/share/nobody", "/bin/nobody", "rpmlib(Nonsense)")
SIGNED = st.builds(
    " ".join,
    st.tuples(
        st.sampled_from(NAMES + VIRTUAL),
        st.sampled_from(("<", "<=", "=", ">=", ">")),
        st.sampled_from(("1", "1-1", "2", "2-2", "10", "1:1")),
    ),
)
PLAIN = st.one_of(st.sampled_from(NAMES), st.sampled_from(VIRTUAL + FILES + NOWHERE), SIGNED)
TWO = st.builds("({} {} {})".format, PLAIN, st.sampled_from(("and", "or", "if", "unless", "with", "without")), PLAIN)
THREE = st.builds("({} {} {} else {})".format, PLAIN, st.sampled_from(("if", "unless")), PLAIN, PLAIN)
NESTED = st.builds("({} {} {})".format, TWO, st.sampled_from(("and", "or")), PLAIN)
ANY = st.one_of(PLAIN, PLAIN, PLAIN, TWO, THREE, NESTED)


def some(relations: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(relations, max_size=most, unique=True).map(tuple)


PACKAGE = st.builds(
    lambda name, version, release, **facts: recipe(f"{name}-{version}-{release}", **facts),
    st.sampled_from(NAMES),
    st.sampled_from(VERSIONS),
    st.sampled_from(("1", "2")),
    arch=st.sampled_from(("noarch", "noarch", "x86_64", "i686", "ppc64")),
    epoch=st.sampled_from((0, 0, 0, 1)),
    requires=some(ANY, 2),
    requires_for=some(st.tuples(st.sampled_from(sorted(PURPOSES)), ANY), 3),
    provides=some(st.sampled_from([*VIRTUAL, *(f"{name} = {version}" for name in VIRTUAL for version in VERSIONS)]), 2),
    conflicts=some(PLAIN, 1) | st.just(()),
    obsoletes=some(SIGNED | st.sampled_from(NAMES), 1) | st.just(()),
    recommends=some(ANY, 1),
    suggests=some(ANY, 1),
    supplements=some(ANY, 1),
    enhances=some(ANY, 1),
    files=some(st.sampled_from(FILES), 2),
)
TREES = st.lists(PACKAGE, min_size=1, max_size=6, unique_by=lambda one: one.file_name)


class Judge:
    """dnf, which reads one repository after the other."""

    def __init__(self, place: Path) -> None:
        place.mkdir()
        self.place = place
        self.process = subprocess.Popen(
            [SYSTEM_PYTHON, "-W", "ignore", dnf_judge.__file__, place / "cache"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(place / "errors").open("w"),
            text=True,
        )

    def ask(self, directory: Path) -> dict[str, Any]:
        """Return what dnf says of a repository."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{directory}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, (self.place / "errors").read_text()[-2000:]
        found: dict[str, Any] = json.loads(line)
        return found

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    if subprocess.run([SYSTEM_PYTHON, "-c", "import dnf, dnfpluginscore"], capture_output=True, check=False).returncode:
        missing("dnf and its plugins for the system's Python")
    made = Judge(tmp_path_factory.mktemp("dnf") / "judge")
    yield made
    made.stop()


class Verdict(NamedTuple):
    """What a judge says: (NEVRA, requirement) of plain requirements that nothing provides, and broken packages."""

    holes: set[tuple[str, str]]
    broken: set[str]


def theirs(judge: Judge, place: Path) -> Verdict:
    said = judge.ask(place)
    return Verdict({(nevra, need) for nevra, need in said["holes"] if need[0] != "("}, set(said["uninstallable"]))


def ours(place: Path) -> Verdict:
    """Return what the check finds, read as it reads a medium."""
    pool = closure.load_closure_pool([RepoSource("m", place, "x86_64")], "x86_64", place.parent / "facts.sqlite")
    found = solver.find_unmet(pool, (), ())
    holes = {(one.package, one.requirement) for one in found if one.requirement and one.requirement[0] != "("}
    return Verdict(holes, {one.package for one in found})


def describe(place: Path, paths: Sequence[Path]) -> None:
    """Write the repodata that doit repodata would write."""
    found = [write.RepoPackage(None, path, path.name) for path in paths]
    write.write_repodata(found, write.NO_EXTRAS, place / "repodata", EPOCH, place.parent / "facts.sqlite")


def build_tree(place: Path, recipes: Sequence[RpmRecipe]) -> Path:
    place.mkdir()
    for one in recipes:
        (place / one.file_name).write_bytes(packages.build_rpm(one))
    describe(place, sorted(place.glob("*.rpm")))
    return place


def mended(one: RpmRecipe) -> RpmRecipe:
    """Return a package of the same name that stands in nobody's way."""
    return replace(one, requires=(), requires_for=(), conflicts=(), obsoletes=())


def nevra(one: RpmRecipe) -> str:
    return f"{one.name}-{one.evr}.{one.arch}"


def check_tree(judge: Judge, recipes: Sequence[RpmRecipe]) -> None:
    """Compare what both say of a tree, then of the tree without what we report, until dnf could install all of it."""
    with tempfile.TemporaryDirectory(dir=judge.place) as top:
        for turn in range(len(recipes) + 1):
            place = build_tree(Path(top, str(turn)), recipes)
            we, they = ours(place), theirs(judge, place)
            assert we.holes == they.holes
            assert we.broken <= they.broken
            assert bool(we.broken) == bool(they.broken)
            if not they.broken:
                return
            recipes = [mended(one) if nevra(one) in we.broken else one for one in recipes]
        raise AssertionError("what is reported again and again is no cause")


def sized(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@sized(30)
@given(TREES)
def test_dnf_finds_the_same_in_a_random_tree(judge: Judge, recipes: list[RpmRecipe]) -> None:
    check_tree(judge, recipes)


@pytest.mark.exhaustive
@sized(1000)
@given(TREES)
def test_dnf_finds_the_same_in_a_thousand_random_trees(judge: Judge, recipes: list[RpmRecipe]) -> None:
    check_tree(judge, recipes)


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("wanted", ["nobody", "b >= 2", "/usr/share/nobody"])
def test_whatever_it_is_required_for_dnf_misses_it_too(judge: Judge, purpose: str, wanted: str, tmp_path: Path) -> None:
    made = build_tree(tmp_path / "repo", [recipe("a", requires_for=((purpose, wanted),)), recipe("b")])
    assert ours(made).holes == theirs(judge, made).holes == {("a-1-1.noarch", wanted)}


@pytest.mark.parametrize("kind", ["recommends", "suggests", "supplements", "enhances"])
def test_what_is_only_wished_for_neither_misses(judge: Judge, kind: str, tmp_path: Path) -> None:
    made = build_tree(tmp_path / "repo", [recipe("a", **{kind: ("nobody", "(nobody and noone)")})])
    assert ours(made) == theirs(judge, made) == Verdict(set(), set())


def test_a_library_of_another_version_for_another_architecture_helps_nobody(judge: Judge, tmp_path: Path) -> None:
    needing = recipe("d", arch="x86_64", requires=("libd",))
    other, same = (recipe(name, arch="i686", provides=("libd",)) for name in ("d-1-2", "d-1-1"))
    stuck = build_tree(tmp_path / "stuck", [needing, other])
    assert ours(stuck).broken == theirs(judge, stuck).broken == {"d-1-1.x86_64"}
    good = build_tree(tmp_path / "good", [needing, other, same])
    assert ours(good).broken == theirs(judge, good).broken == set()


def test_what_one_architecture_obsoletes_is_obsolete_for_all(judge: Judge, tmp_path: Path) -> None:
    needing = recipe("old", arch="i686", requires=("libnew",))
    new = recipe("new", arch="x86_64", provides=("libnew",), obsoletes=("old",))
    made = build_tree(tmp_path / "repo", [needing, new])
    assert ours(made).broken == theirs(judge, made).broken == {"old-1-1.i686"}


def test_dnf_finds_the_same_in_real_packages(judge: Judge, tmp_path: Path) -> None:
    place = tmp_path / "repo"
    found = [path for path in sorted(corpus_dir().rglob("*.rpm")) if not path.name.endswith(".src.rpm")]
    for number, path in enumerate(found):  # some of the packages have the same name
        (place / str(number)).mkdir(parents=True)
        shutil.copy(path, place / str(number))
    packaged = sorted(place.rglob("*.rpm"))
    described = [write.RepoPackage(None, path, str(path.relative_to(place))) for path in packaged if is_readable(path)]
    write.write_repodata(described, write.NO_EXTRAS, place / "repodata", EPOCH, tmp_path / "facts.sqlite")
    we, they = ours(place), theirs(judge, place)
    assert we.holes == they.holes and len(we.holes) > 20
    assert we.broken <= they.broken


def is_readable(path: Path) -> bool:
    """Return whether createrepo_c takes a file as a package."""
    return bool(read.parse_rpm(path, path.name)[0])
