# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules hide packages from closure and updates as dnf hides them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from smedoit.checks import module_filter, solver, updates
from smedoit.checks.closure import PRIMARY, load_pool
from smedoit.repodata.comps import InstallSet
from smedoit.repodata.inputs import RepoSource
from tests.harness.modular import EL8, medium_of, modular_repository
from tests.harness.modules import build, defaults_text
from tests.harness.repositories import MEDIUM, recipe, repository

PHP = recipe("php-8.2-1.module_el8")
PHP_STREAM = build("php:8.2", "php-0:8.2-1.module_el8.noarch")
PHP_DEFAULT = defaults_text("php", "8.2")


def loaded(place: Path, *sources: RepoSource) -> Any:
    return load_pool(sources, PRIMARY, "x86_64", place / "cache")


def lacking(place: Path, source: RepoSource) -> list[str]:
    """Return what the closure says of packages and metadata of a medium."""
    medium, pool = medium_of(source), loaded(place, source)
    modules = module_filter.medium_modules(medium)
    hidden = module_filter.hide_by_medium(pool, modules, EL8)
    found = [*solver.find_unmet(pool, [], []), *module_filter.explain_metadata_faults(modules, EL8)]
    return [f"{one.name}: {one.problem}" for one in found + module_filter.find_modular_faults(pool, modules, hidden)]


def test_a_medium_whose_streams_are_its_defaults_lacks_nothing(tmp_path: Path) -> None:
    recipes = [PHP, recipe("a", requires=("php",))]
    assert lacking(tmp_path, modular_repository(tmp_path / "m", recipes, PHP_STREAM, PHP_DEFAULT)) == []


def test_what_only_a_hidden_package_provides_is_unmet_and_the_hidden_one_is_told_with_the_reason(
    tmp_path: Path,
) -> None:
    recipes = [PHP, recipe("a", requires=("php",))]
    assert lacking(tmp_path, modular_repository(tmp_path / "m", recipes, PHP_STREAM)) == [
        "a: which nothing on the medium provides",
        "php: dnf hides it, for it is of php:8.2, a stream that is neither enabled nor a default",
    ]


def test_a_plain_package_of_the_name_of_a_modular_one_is_hidden_although_it_is_newer(tmp_path: Path) -> None:
    recipes = [PHP, recipe("php-9.0-1"), recipe("php-fork", provides=("php = 9",))]
    assert lacking(tmp_path, modular_repository(tmp_path / "m", recipes, PHP_STREAM, PHP_DEFAULT)) == [
        "php: dnf hides it, for php:8.2 has its own php",
        "php-fork: dnf hides it, for it provides php, and php:8.2 has its own php",
    ]


def test_a_modular_package_that_no_stream_has_is_told_with_the_mend(tmp_path: Path) -> None:
    [said] = lacking(tmp_path, modular_repository(tmp_path / "m", [PHP]))
    why = "no stream on the medium has it, so dnf takes it for a plain package: name its stream in [modules]"
    assert said == f"php: it was built for a module, and {why}"


def test_a_default_stream_that_is_absent_is_told_by_name(tmp_path: Path) -> None:
    source = modular_repository(tmp_path / "m", [recipe("a")], defaults_text("php", "7.4"))
    assert lacking(tmp_path, source) == ["modules: the default stream php:7.4 is not there"]


def test_two_default_streams_of_one_module_are_told(tmp_path: Path) -> None:
    streams = [build("php:7.4"), build("php:8.2"), defaults_text("php", "7.4"), defaults_text("php", "8.2")]
    [said] = lacking(tmp_path, modular_repository(tmp_path / "m", [recipe("a")], *streams))
    assert said == "modules: php has several default streams, 7.4, 8.2: dnf takes none of them"


def test_a_default_stream_of_another_platform_is_told(tmp_path: Path) -> None:
    php = build("php:8.2", "php-0:8.2-1.module_el8.noarch", requires={"platform": ["el9"]})
    said = lacking(tmp_path, modular_repository(tmp_path / "m", [recipe("a")], php, PHP_DEFAULT))
    assert said[0].startswith("modules: the default stream php:8.2 is of another platform than platform:el8")


def test_an_update_comes_from_the_stream_of_the_medium_only(tmp_path: Path) -> None:
    new, other = build("php:8.2", "php-0:8.2-2.module_el8.noarch", version=2), build("php:9.0", "php-0:9.0-1.noarch")
    mirror = modular_repository(
        tmp_path / "mirror",
        [recipe("php-8.2-2.module_el8"), recipe("php-9.0-1"), recipe("php-9.9-1"), recipe("b-2-1")],
        *(new, other, defaults_text("php", "9.0")),
        name="mirror",
    )
    own = modular_repository(tmp_path / "m", [PHP, recipe("b-1-1")], PHP_STREAM, PHP_DEFAULT)
    pool = loaded(tmp_path, own, mirror)
    module_filter.hide_after_installation(pool, medium_of(own), [mirror])
    assert [str(each) for each in updates.find_updates(pool, MEDIUM)] == [
        "b-2-1.noarch is newer than b-1-1.noarch",
        "php-8.2-2.module_el8.noarch is newer than php-8.2-1.module_el8.noarch",
    ]


def test_streams_that_only_the_sources_of_modules_know_give_no_updates(tmp_path: Path) -> None:
    mirror = repository(tmp_path / "mirror", [recipe("php-9.0-1.module_el8")], "mirror")
    (tmp_path / "modules.yaml").write_text(build("php:9.0", "php-0:9.0-1.module_el8.noarch"))
    own = modular_repository(tmp_path / "m", [PHP], PHP_STREAM, PHP_DEFAULT)
    pool = loaded(tmp_path, own, mirror)
    medium = replace(medium_of(own), modules=(tmp_path / "modules.yaml",))
    module_filter.hide_after_installation(pool, medium, [mirror])
    assert updates.find_updates(pool, MEDIUM) == []


def test_where_dnf_knows_no_modules_nothing_is_hidden(tmp_path: Path) -> None:
    own, mirror = repository(tmp_path / "m", [PHP]), repository(tmp_path / "b", [recipe("php-9-1")], "mirror")
    pool, medium = loaded(tmp_path, own, mirror), medium_of(own, platform="")
    assert not module_filter.hide_by_medium(pool, module_filter.medium_modules(medium), "")
    module_filter.hide_after_installation(pool, medium, [mirror])
    assert len(updates.find_updates(pool, MEDIUM)) == 1


def test_what_is_recommended_comes_along_where_it_can_and_else_is_told(tmp_path: Path) -> None:
    recipes = [
        recipe("a", recommends=("b", "c", "nobody")),
        recipe("b", conflicts=("k",)),
        recipe("c", requires=("d",)),
        *(recipe("d"), recipe("k")),
    ]
    pool = loaded(tmp_path, repository(tmp_path / "m", recipes))
    installs = [InstallSet(f"environment {name}", {"a": "core", "k": "core"}, {}) for name in ("sme", "other")]
    assert solver.find_unmet(pool, installs, [], weak=True) == []
    assert solver.find_left_out(pool, installs, []) == [
        "a recommends b, which cannot be installed with the rest of environment sme (and 1 more): dnf leaves it out"
    ]


def test_a_conditional_package_comes_with_one_that_is_recommended_only_where_that_is_installed(tmp_path: Path) -> None:
    recipes = [recipe("a", recommends=("b",)), recipe("b"), recipe("b-lang", requires=("nobody",))]
    pool = loaded(tmp_path, repository(tmp_path / "m", recipes))
    install = InstallSet("environment sme", {"a": "core"}, {"b-lang": "b"})
    assert {one.installation for one in solver.find_unmet(pool, [install], [])} == {""}
    assert {one.installation for one in solver.find_unmet(pool, [install], [], weak=True)} == {"", install.name}
