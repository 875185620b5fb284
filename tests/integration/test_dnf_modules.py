# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules beside dnf: it hides what we find hidden, and installs each enabled module from what we write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import count
from pathlib import Path

import pytest
import solv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smedoit.checks import module_filter
from smedoit.checks.closure import PRIMARY, load_pool
from smedoit.modularity import medium
from smedoit.repodata.inputs import RepoSource
from smedoit.repodata.read import read_repomd_records
from smedoit.repodata.solver import run_solver
from smedoit.sample.packages import RpmRecipe
from tests.harness.modular import EL8, Dnf, medium_of, modular_repository
from tests.harness.modules import build, defaults_text, metadata
from tests.harness.repositories import recipe
from tests.harness.tools import need, read_with

RECIPES = [
    *(recipe("php-7.4-1"), recipe("php-8.2-1"), recipe("php-8.2-1", arch="x86_64"), recipe("php-9-1")),
    *(recipe("php-fork", provides=("php = 3",)), recipe("php-cli-8.2-1"), recipe("php-lib-8.2-1")),
    *(recipe("perl-5.26-1"), recipe("perl-5.30-1"), recipe("perl-DBI-1-1"), recipe("perl-DBI-1-2"), recipe("ruby-1-1")),
    *(recipe("tool-2-1"), recipe("only-el9-1-1"), recipe("bash"), recipe("go-1-1"), recipe("go-2-1")),
]
TEXTS = [
    build("php:7.4", "php-0:7.4-1.noarch", "php-lib-0:8.2-1.noarch"),
    build(
        "php:8.2",
        *("php-0:8.2-1.noarch", "php-cli-0:8.2-1.noarch", "php-0:8.2-1.src"),
        profiles={"common": {"rpms": ["php", "php-cli"]}},
    ),
    defaults_text("php", "8.2"),
    build("perl:5.26", "perl-0:5.26-1.noarch"),
    build("perl:5.30", "perl-0:5.30-1.noarch", "tool-0:1-1.src", profiles={"minimal": {"rpms": ["perl"]}}),
    defaults_text("perl", "5.30"),
    build("perl-DBI:1", "perl-DBI-0:1-1.noarch", requires={"perl": ["5.26"], "platform": ["el8"]}, context="aaaa"),
    build(
        "perl-DBI:1",
        "perl-DBI-0:1-2.noarch",
        requires={"perl": ["5.30"], "platform": []},
        context="bbbb",
        profiles={"common": {"rpms": ["perl-DBI"]}},
    ),
    defaults_text("perl-DBI", "1"),
    build("ruby:3", "ruby-0:1-1.noarch", requires={"nobody": ["1"]}),
    defaults_text("ruby", "3"),
    build("el9:1", "only-el9-0:1-1.noarch", requires={"platform": ["el9"]}),
    defaults_text("el9", "1"),
    build("go:1", "go-0:1-1.noarch", requires={"platform": ["-el9"]}),
    build("go:1", "go-0:2-1.noarch", version=3, requires={"platform": []}),
    defaults_text("go", "1"),
]


def ours(place: Path, *sources: RepoSource) -> set[str]:
    """Return the NEVRAs that we do not find hidden."""
    pool = load_pool(sources, PRIMARY, "x86_64", place / "cache")
    hidden = module_filter.hide_by_medium(pool, module_filter.medium_modules(medium_of(*sources)), EL8)
    return {str(solvable) for solvable in pool.solvables_iter() if solvable.id not in hidden}


def test_dnf_hides_what_we_find_hidden(tmp_path: Path) -> None:
    need("dnf")
    source = modular_repository(tmp_path / "m", RECIPES, *TEXTS)
    assert ours(tmp_path, source) == Dnf(tmp_path).visible(source)


def test_dnf_resolves_each_enabled_module_from_what_we_write(tmp_path: Path) -> None:
    need("dnf", "modifyrepo_c")
    enabled = {"php": "8.2", "perl": "5.30", "perl-DBI": "1"}
    known = metadata(*TEXTS, build("none:1", "none-0:1-1.noarch"), defaults_text("php", "8.2", "common"))
    there = {"php-8.2-1.noarch", "perl-5.30-1.noarch", "perl-DBI-1-2.noarch"}
    streams = medium.filter_streams(medium.choose_streams(known, enabled, EL8).active, there)
    text = medium.format_medium_modules(streams, {}, datetime(2026, 1, 1, tzinfo=timezone.utc))
    source = modular_repository(tmp_path / "m", [one for one in RECIPES if one.name in enabled], text)
    listed = Dnf(tmp_path).run([source], "module", "list")
    for module, stream in enabled.items():
        assert re.search(rf"^{module} +{re.escape(stream)} \[d\]", listed, re.MULTILINE), listed
    said = Dnf(tmp_path).run([source], "--assumeno", "module", "enable", *map(":".join, enabled.items()))
    assert "Operation aborted" in said, said
    assert "Error" not in said
    said = Dnf(tmp_path).run([source], "--assumeno", "module", "install", *enabled)
    assert "Operation aborted" in said, said
    assert re.findall(r"^ (\S+) +noarch +(\S+) ", said, re.MULTILINE) == [
        ("perl", "5.30-1"),
        ("perl-DBI", "1-2"),
        ("php", "8.2-1"),
    ]

    plain = tmp_path / "modules.yaml"
    plain.write_text(text)
    before = read_repomd_records(source.place / "repodata/repomd.xml")["modules"]
    read_with("modifyrepo_c", "--compress-type=gz", "--mdtype=modules", plain, source.place / "repodata")
    after = read_repomd_records(source.place / "repodata/repomd.xml")["modules"]
    assert (before.checksum_open, before.checksum_open_type) == (after.checksum_open, after.checksum_open_type)


NUMBERS = count()
TITLES = st.sampled_from(["a:1", "a:2", "b:1", "b:2", "c:1"])
NEEDS = st.sampled_from(
    [
        {"platform": ["el8"]},
        {"platform": ["el9"]},
        {"platform": []},
        {"a": ["1"]},
        {"a": ["-1"]},
        {"b": []},
        {"b": ["2"], "platform": ["el8"]},
        {"c": ["1"]},
    ]
)
PACKAGES = [f"{name}-{version}-1" for name in "abcd" for version in "12"]
Drawn = tuple[str, list[str], dict[str, list[str]], int]
BUILDS = st.tuples(
    TITLES, st.lists(st.sampled_from(PACKAGES), max_size=3, unique=True), NEEDS, st.integers(1, 2)
)  # of a module: title, packages, what it requires, version


def same_build(drawn: Drawn) -> tuple[str, str, int]:
    """Return what no two builds have in common: the context of a real one is a hash of what it requires."""
    title, _, needs, version = drawn
    return title, repr(sorted(needs.items())), version


DEFAULTS = st.lists(TITLES, unique_by=lambda title: title[0]).map(
    lambda titles: [defaults_text(*title.split(":")) for title in titles]
)


@pytest.mark.exhaustive
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(BUILDS, min_size=1, max_size=6, unique_by=same_build), DEFAULTS, st.booleans())
def test_dnf_hides_the_same_in_random_modules(
    tmp_path: Path,
    builds: Sequence[tuple[str, list[str], dict[str, list[str]], int]],
    defaults: Sequence[str],
    forked: bool,
) -> None:
    need("dnf")
    place = tmp_path / str(next(NUMBERS))
    recipes: list[RpmRecipe] = [recipe(name) for name in PACKAGES]
    made = [
        build(title, *(f"{nevra.replace('-', '-0:', 1)}.noarch" for nevra in nevras), requires=needs, version=version)
        for title, nevras, needs, version in builds
    ]
    texts = [text.replace("c0ffee00", f"c0ffee{number:02}") for number, text in enumerate(made)]
    source = modular_repository(
        place / "m", [*recipes, recipe("f", provides=("a",) if forked else ())], *texts, *defaults
    )
    assert ours(place, source) == Dnf(place).visible(source)


def test_dnf_takes_of_what_is_recommended_what_we_take(tmp_path: Path) -> None:
    need("dnf")
    recipes = [
        recipe("a", recommends=("b", "c", "nobody", "(e if k)", "(f if x)")),
        *(recipe("b", conflicts=("k",)), recipe("c", requires=("d",)), recipe("d", recommends=("g",))),
        *(recipe("e"), recipe("f"), recipe("k"), recipe("x"), recipe("g", requires=("nobody",))),
        *(recipe("s", supplements=("a",)), recipe("t", suggests=("u",)), recipe("u"), recipe("v", enhances=("a",))),
    ]
    source = modular_repository(tmp_path / "m", recipes)
    pool = load_pool([source], PRIMARY, "x86_64", tmp_path / "cache")
    wanted = [solvable.id for solvable in pool.solvables_iter() if solvable.name in ("a", "k", "t")]
    how = solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE
    solver, _ = run_solver(pool, [pool.Job(how, each) for each in wanted], weak=True)
    ours = {solvable.name for solvable in solver.transaction().newsolvables()}
    said = Dnf(tmp_path).run([source], "--assumeno", "install", "a", "k", "t")
    assert set(re.findall(r"^ (\S+) +noarch +", said, re.MULTILINE)) == ours == {"a", "c", "d", "e", "k", "s", "t"}
