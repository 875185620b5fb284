# SPDX-License-Identifier: GPL-3.0-or-later
"""Practice has a root of its own: it comes between no real files, and it goes again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.config.release import Release
from smedoit.errors import ConfigError, FileError
from smedoit.runtime.files import write_file
from smedoit.sample import manifest, packages, world
from tests.harness.project import Project, replicate


@pytest.fixture
def bare(tmp_path: Path) -> Release:
    """A release whose root is empty."""
    return Project.bare(tmp_path).release


@pytest.fixture
def practice(practice_world: Path, tmp_path: Path) -> Iterator[Release]:
    """A release with a practice world."""
    replicate(practice_world, tmp_path / "practice")
    yield Project(tmp_path / "practice").release


def files_of(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("repo/testing/10/smeos/x86_64/RPMS/bash-4.2-1.x86_64.rpm", "tier smeos has 1 file in "),
        ("mirrors/centos/7/os/x86_64/Packages/b/bash-4.2-1.x86_64.rpm", "tier centos has 1 file in "),
        ("src/cdrom.image/sme10/isolinux/isolinux.cfg", "[content] has 1 file in "),
        ("public/10.0/iso/a.iso", "[publish] target has 1 file in "),
    ],
)
def test_practice_comes_between_no_real_files(bare: Release, place: str, told: str) -> None:
    write_file(bare.root / place, "real")
    with pytest.raises(ConfigError) as caught:
        world.make_practice_world(bare)
    assert str(caught.value).startswith(f"{bare.root}: is no practice world\n")
    assert told in str(caught.value) and "hint: practice needs a root of its own" in str(caught.value)
    assert files_of(bare.root) == {place}


def test_what_doit_itself_keeps_below_stage_is_no_real_file(bare: Release) -> None:
    write_file(bare.cache / "facts.sqlite", "")
    assert len(world.make_practice_world(bare, dry_run=True)) > 200


def test_the_list_of_what_would_be_added_is_what_is_added(
    bare: Release, practice: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    said = world.make_sample(bare, dry_run=True)
    shown = {line.strip() for line in capsys.readouterr().out.splitlines()}
    assert not bare.root.exists()
    made = files_of(practice.root)
    assert {line for line in shown if not line.startswith("/")} == made - {manifest.NAME}
    assert said == f"dry run: {len(shown)} files would be added to {bare.root}"


def test_practice_goes_again_but_for_what_somebody_edited_or_added(practice: Release) -> None:
    edited = practice.content.path / "isolinux/splash.png"
    edited.write_bytes(b"a better logo")
    added = practice.root / "repo/testing/10/smeos/x86_64/RPMS/own-1-1.noarch.rpm"
    added.write_bytes(b"")
    before = len(files_of(practice.root))
    said = world.make_sample(practice, remove=True)
    assert said.startswith(f"{before - 3} files of the practice world removed, 1 kept; ")
    assert said.endswith("/build still has repo, src: delete it if all of that was made of practice")
    assert {practice.root / name for name in files_of(practice.root)} == {edited, added}
    assert sum(path.is_dir() for path in practice.root.rglob("*")) < 20
    with pytest.raises(ConfigError, match="has no practice world that doit sample made"):
        world.make_sample(practice, remove=True)


def test_what_was_made_before_a_kill_is_known_as_practice(bare: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(world, "_fill_keys", lambda _: None if packages.FILLING.get(None) else killed())
        world.make_practice_world(bare)
    assert 50 < len(files_of(bare.root)) < 200
    assert world.make_sample(bare, remove=True).endswith("removed, 0 kept")
    assert files_of(bare.root) == set()


@pytest.mark.parametrize("digest", ["", "of its content"])
def test_a_forged_list_removes_nothing_elsewhere(practice: Release, tmp_path: Path, digest: str) -> None:
    outside = tmp_path / "precious"
    outside.write_text("precious")
    link = practice.root / "link"
    link.symlink_to(tmp_path)
    if digest:
        [digest] = manifest.digest_files([outside]).values()
    for path in ("../../precious", str(outside), "link/precious"):
        said = {"format": 1, "files": {path: digest}}
        (practice.root / manifest.NAME).write_text(json.dumps(said))
        world.make_sample(practice, remove=True)
        assert outside.read_text() == "precious"


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "files": {}}', '{"format": 1, "files": 3}'])
def test_a_list_that_is_none_is_refused(practice: Release, text: str) -> None:
    (practice.root / manifest.NAME).write_text(text)
    with pytest.raises(FileError, match=r"\.smedoit-sample\.json: is no list of a practice world"):
        world.make_practice_world(practice)
