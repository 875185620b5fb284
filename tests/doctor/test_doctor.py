# SPDX-License-Identifier: GPL-3.0-or-later
"""test_doctor"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.config import release
from smedoit.config.media import SigningSettings
from smedoit.config.release import Release
from smedoit.doctor import examine, requirements
from smedoit.doctor.requirements import HostFacts
from smedoit.packages import lock
from smedoit.runtime import files, libraries

PROJECT = Path(__file__).parents[2]
GOOD = HostFacts(
    programs={}, firmware="/usr/share/OVMF/OVMF_CODE.fd", libraries={"doit": "0.37.0"}, python="3.11.7", root="/b",
    writable=True, free=10 << 30, needed=1 << 30, umask=0o022, user=1000,
)  # fmt: skip


@pytest.fixture(scope="module")
def rel() -> Release:
    return release.load_release(PROJECT / "release.toml")


def subjects(found: list[requirements.DoctorFinding]) -> list[str]:
    return [one.subject for one in requirements.host_faults(found)]


def test_nothing_is_missing_that_no_step_of_this_release_needs(rel: Release) -> None:
    found = requirements.examine_host(rel, GOOD)
    assert subjects(found) == []
    [qemu] = [one for one in found if one.subject == "qemu-system-x86_64"]
    assert str(qemu).startswith("absent ") and "on Debian in the package qemu-system-x86" in qemu.text


@pytest.mark.parametrize(
    ("changes", "program"),
    [
        ({"signing": SigningSettings(key="a" * 40)}, "gpg"),
        ({"installer": "lorax"}, "mock"),
        ({"keys": "DSA, as EL 5 had it"}, "rpmkeys"),
    ],
)
def test_what_a_configured_step_needs_is_missing(rel: Release, changes: dict[str, object], program: str) -> None:
    if "installer" in changes:
        changes = {"installer": replace(rel.installer, mode="lorax")}
    if "keys" in changes:
        changes = {"keys": (replace(rel.keys[0], legacy_reason=str(changes["keys"])),)}
    found = requirements.examine_host(replace(rel, **changes), GOOD)  # type: ignore[arg-type]
    assert subjects(found) == [program]
    there = replace(GOOD, programs={program: f"/usr/bin/{program}"})
    assert subjects(requirements.examine_host(replace(rel, **changes), there)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"writable": False}, "[paths] root"),
        ({"free": (2 << 30) - 1}, "disk"),
        ({"libraries": {"doit": ""}}, "doit"),
    ],
)
def test_what_ends_a_build_is_missing(rel: Release, changes: dict[str, object], fault: str) -> None:
    assert subjects(requirements.examine_host(rel, replace(GOOD, **changes))) == [fault]  # type: ignore[arg-type]


@pytest.mark.parametrize(("changes", "text"), [({"umask": 0o077}, "umask 022"), ({"user": 0}, "no step needs")])
def test_what_may_be_meant_is_a_remark(rel: Release, changes: dict[str, int], text: str) -> None:
    found = requirements.examine_host(rel, replace(GOOD, **changes))  # type: ignore[arg-type]
    assert subjects(found) == []
    assert [one for one in found if one.state == requirements.REMARK and text in one.text]


def test_tiers_without_packages_are_named(rel: Release) -> None:
    [note] = [
        one for one in requirements.examine_host(rel, replace(GOOD, absent_tiers=("smeos",))) if "tier" in str(one)
    ]
    assert note.state == requirements.REMARK
    assert "has no packages yet" in note.text


def test_the_media_count_with_what_they_boot_from(rel: Release, tmp_path: Path) -> None:
    world = replace(
        rel, paths=replace(rel.paths, root=tmp_path), boot_set=replace(rel.boot_set, path=tmp_path / "boot")
    )
    assert examine._media_size(world) == 0
    files.write_file(world.lock, lock.format_lock([]))
    files.write_file(tmp_path / "boot/images/boot.img", b"x" * 1000)
    files.write_file(tmp_path / "boot/Packages/a.rpm", b"x" * 5000)
    assert examine._media_size(world) == 2000
    files.write_file(world.iso, b"x" * 3000)
    assert examine._media_size(world) == 3000


def test_every_library_of_the_project_is_looked_for() -> None:
    text = (PROJECT / "pyproject.toml").read_text()
    listed = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert listed
    names = set(re.findall(r'^ *"([A-Za-z0-9_.-]+?)[><=;]', listed[1], re.MULTILINE))
    assert names - {"tomli"} == set(libraries.LIBRARIES) - {"tomli"}
    assert all(libraries.library_versions().values())


@pytest.mark.parametrize(
    ("base", "wanted"),
    [("el7", {}), ("el8", {}), ("el9", {}), ("el10", {"xorriso": True, "dump.erofs": False})],
)
def test_what_one_base_needs_is_looked_for_there_and_nowhere_else(
    rel: Release, base: str, wanted: dict[str, bool]
) -> None:
    later = replace(rel, release=replace(rel.release, base=base))
    programs = {program.name: program for program in requirements.known_programs(later)}
    assert {name: programs[name].needed for name in ("xorriso", "dump.erofs") if name in programs} == wanted
    assert ("grub-pc-bin" in programs["grub-mkimage"].package) is (base == "el10")


def test_practice_alone_needs_what_makes_boot_loaders(rel: Release) -> None:
    real = replace(rel, keys=(replace(rel.keys[0], fingerprint="a" * 40),))
    assert "grub-mkimage" not in {program.name for program in requirements.known_programs(real)}
