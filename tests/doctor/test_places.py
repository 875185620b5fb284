# SPDX-License-Identifier: GPL-3.0-or-later
"""test_places"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from smedoit.config.media import SigningSettings
from smedoit.config.release import Release
from smedoit.config.tiers import KeySettings
from smedoit.doctor import places
from smedoit.doctor.requirements import FINE, MISSING, REMARK, DoctorFinding
from smedoit.runtime import files
from tests.harness.corpus import corpus_dir
from tests.harness.project import Project, replicate

PRACTICE = Path(places.__file__).parents[1] / "sample/keys/RPM-GPG-KEY-practice-koozali.secret"


@pytest.fixture
def rel(practice_world: Path, tmp_path: Path) -> Release:
    """The release of a world that tests may damage: its content tree alone, the rest as empty directories."""
    replicate(practice_world / "build/src", tmp_path / "build/src")
    shutil.copy(practice_world / "release.toml", tmp_path / "release.toml")
    release = Project(tmp_path).release
    for path in (*(tier.path for tier in release.tiers), release.boot_set.path, *release.updates.mirrors):
        path.mkdir(parents=True, exist_ok=True)
    return release


def wrong(found: list[DoctorFinding]) -> list[tuple[str, str]]:
    return [(each.state, each.subject) for each in found if each.state != FINE]


def test_a_whole_world_has_nothing_wrong(rel: Release) -> None:
    assert wrong(places.examine_places(rel)) == []
    assert wrong(places.examine_keys(rel)) == []


def test_a_path_that_is_not_there_is_told_with_what_would_bring_it(rel: Release) -> None:
    shutil.rmtree(rel.translations.path)
    rel.groups.comps.unlink()
    mirrored = replace(rel, translations=replace(rel.translations, url="https://mirror.example.invalid/"))
    found = places.examine_places(mirrored)
    assert wrong(found) == [(REMARK, "[groups] comps"), (REMARK, "[translations] path")]
    assert found[-1].text == f"{rel.translations.path} is not there: doit translations"


def test_a_world_that_is_not_there_yet_is_one_line(rel: Release, tmp_path: Path) -> None:
    empty = replace(rel, paths=replace(rel.paths, root=tmp_path / "none"))
    [finding] = places.examine_places(empty)
    assert (finding.state, "doit sample" in finding.text) == (REMARK, True)


def test_a_file_where_a_directory_should_be_is_a_fault(rel: Release) -> None:
    shutil.rmtree(rel.translations.path)
    files.write_file(rel.translations.path, b"")
    rel.groups.comps.unlink()
    rel.groups.comps.symlink_to("nowhere")
    assert wrong(places.examine_places(rel)) == [(MISSING, "[groups] comps"), (MISSING, "[translations] path")]


def test_a_key_file_that_holds_another_key_is_a_fault_with_both_fingerprints(rel: Release) -> None:
    one, other = rel.keys
    shutil.copy(other.file, one.file)
    [finding, _] = places.examine_keys(rel)
    assert (finding.state, finding.subject) == (MISSING, "key practice-koozali")
    assert other.fingerprint in finding.text
    assert one.fingerprint in finding.text
    assert "\n" not in finding.text


def test_a_key_file_that_is_not_there_is_a_remark_and_one_that_is_no_key_a_fault(rel: Release) -> None:
    one, other = rel.keys
    one.file.unlink()
    files.write_file(other.file, b"no key")
    assert wrong(places.examine_keys(rel)) == [(REMARK, "key practice-koozali"), (MISSING, "key practice-centos")]


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("el8", ""),
        ("el9", "rpm 4.16 of Enterprise Linux 9 does not look, later ones refuse it"),
        (
            "el10",
            "nobody can import it, its owner vouches for it with SHA-1, which rpm 4.19 of Enterprise Linux 10 refuses",
        ),
    ],
)
def test_a_key_that_the_rpm_of_the_base_does_not_take_is_told(rel: Release, base: str, words: str) -> None:
    koozali = KeySettings(corpus_dir() / "keys/RPM-GPG-KEY-koozali", "a9a004b25a9f5621aef29ae91a0dbcc056873151")
    [finding] = places.examine_keys(replace(rel, keys=(koozali,), release=replace(rel.release, base=base)))
    assert (finding.state, words in finding.text) == (REMARK if words else FINE, True)


def test_the_key_that_signs_must_have_its_secret_half_here(rel: Release, tmp_path: Path) -> None:
    public = replace(rel, signing=SigningSettings(file=rel.keys[0].file))
    [*_, finding] = places.examine_keys(public)
    assert (finding.state, finding.subject) == (MISSING, "[signing]")
    assert "holds no secret key" in finding.text
    [*_, finding] = places.examine_keys(replace(rel, signing=SigningSettings(file=tmp_path / "none")))
    assert finding.state == REMARK
    secret = replace(rel, signing=SigningSettings(file=PRACTICE))
    [*_, finding] = places.examine_keys(secret)
    assert (finding.state, finding.text) == (FINE, rel.keys[0].fingerprint)


def test_a_key_that_gpg_has_not_is_a_fault(rel: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GNUPGHOME", str(tmp_path))
    [*_, finding] = places.examine_keys(replace(rel, signing=SigningSettings(key="a" * 40)))
    assert (finding.state, finding.subject) == (MISSING, "[signing]")
    assert "cannot sign" in finding.text


def test_a_key_that_was_made_after_the_release_still_counts_and_its_end_is_told(rel: Release) -> None:
    early = replace(rel, release=replace(rel.release, date=datetime(1990, 1, 1, tzinfo=timezone.utc)))
    assert wrong(places.examine_keys(early)) == []
