"""test_dependencies"""

from __future__ import annotations

import pytest

from smedoit.rpm import dependencies
from smedoit.rpm.dependencies import (
    EQUAL,
    GREATER,
    LESS,
    PackageDependencies,
    RpmDependency,
    dependencies_overlap,
    unmet_requirements,
)
from smedoit.sample import packages
from smedoit.sample.packages import RpmRecipe

SIGNS = {"<": LESS, "<=": LESS | EQUAL, "=": EQUAL, ">=": GREATER | EQUAL, ">": GREATER}


def relation(text: str) -> RpmDependency:
    name, *rest = text.split()
    return RpmDependency(name, SIGNS[rest[0]], rest[1]) if rest else RpmDependency(name)


def lacks(requires: str, *provides: str, files: tuple[str, ...] = ()) -> bool:
    offering = PackageDependencies(provides=tuple(map(relation, provides)), files=files)
    return bool(unmet_requirements({"needy": PackageDependencies((relation(requires),)), "giver": offering}))


@pytest.mark.parametrize(
    ("required", "provided", "met"),
    [  # as rpm's own tests and documentation have it
        ("a", "a", True),
        ("a", "a = 1-1", True),
        ("a >= 2", "a", True),
        ("a >= 2", "a = 2-5", True),
        ("a = 2", "a = 2-5", True),
        ("a > 2", "a = 2-5", False),
        ("a < 2", "a = 2~rc1-1", True),
        ("a = 2-4", "a = 2-5", False),
        ("a >= 2-4", "a = 2-5", True),
        ("a >= 1:1", "a = 2-5", False),
        ("a >= 2", "a = 1:1-1", True),
        ("a < 2", "a >= 1", True),
        ("a < 1", "a >= 1", False),
        ("a <= 1", "a >= 1", True),
        ("a = 1.05", "a = 1.5-1", True),
    ],
)
def test_versions_overlap_as_rpm_decides(required: str, provided: str, met: bool) -> None:
    assert dependencies_overlap(relation(required), relation(provided)) is met
    assert lacks(required, provided) is not met


def test_a_file_counts_if_somebody_owns_it() -> None:
    assert not lacks("/bin/sh", files=("/bin/sh",))
    assert lacks("/bin/sh", files=("/bin/bash",))


def test_rpms_own_features_and_rich_dependencies_are_left_to_others() -> None:
    for name in ("rpmlib(FileDigests)", "(a or b)"):
        assert not unmet_requirements({"needy": PackageDependencies((RpmDependency(name, LESS | EQUAL, "4"),))})


def test_a_hole_is_spelled_as_rpm_spells_it() -> None:
    assert unmet_requirements({"a-1-1.noarch": PackageDependencies((relation("b >= 2"), relation("c")))}) == {
        ("a-1-1.noarch", "b >= 2"),
        ("a-1-1.noarch", "c"),
    }


def test_relations_are_those_of_the_header(tmp_path_factory: pytest.TempPathFactory) -> None:
    recipe = RpmRecipe(
        "a", "1", "1", epoch=3, requires=("b >= 2", "/bin/sh"), provides=("c = 1",), files=("/usr/bin/a",)
    )
    path = packages.write_rpm(recipe, tmp_path_factory.mktemp("tier"))
    found = dependencies.read_dependencies(path)
    assert {"b >= 2", "/bin/sh"} <= {str(one) for one in found.requires}
    assert {"a = 3:1-1", "c = 1"} <= {str(one) for one in found.provides}
    assert "/usr/bin/a" in found.files
