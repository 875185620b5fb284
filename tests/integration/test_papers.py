# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies beside the media, through real runs of doit, in the hands of programs that nobody here wrote."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from productmd.compose import Compose
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from smedoit.runtime import checksums
from smedoit.runtime.files import walk_files, write_file
from smedoit.sample.packages import FINGERPRINTS, KEYS
from tests.harness.project import Project, flipped
from tests.harness.tools import need, read_with

SIGNING = '\n[signing]\nfile = "src/practice.secret"\n'
STEM = "smeserver-10.1.rc2"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A release with everything that lies beside its media, signed by a practice key."""
    trial = Project.new(tmp_path_factory.mktemp("papers"))
    write_file(trial.file, trial.file.read_text(encoding="utf-8") + SIGNING)
    answer = trial.doit("sample", "release")
    assert answer.code == 0, answer.said
    return trial


@pytest.fixture
def world(released: Project, tmp_path: Path) -> Project:
    """A copy of it to damage."""
    return released.copy(tmp_path / "world")


@pytest.fixture(params=["x86_64", "source"])
def directory(released: Project, request: pytest.FixtureRequest) -> Path:
    return released.release.isos / str(request.param)


@pytest.mark.parametrize(("program", "name"), [("sha256sum", "SHA256SUMS"), ("sha256sum", "CHECKSUM"),
                                               ("md5sum", "MD5SUMS")])  # fmt: skip
def test_the_programs_that_people_use_accept_the_media(
    directory: Path, monkeypatch: pytest.MonkeyPatch, program: str, name: str
) -> None:
    need(program)
    monkeypatch.chdir(directory)
    said = read_with(program, "--strict", "-c", name)
    assert {line.partition(":")[0] for line in said.splitlines()} == {path.name for path in directory.glob("*.iso")}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """gpg's home, with the public half of the practice key."""
    need("gpg", "gpgconf")
    place = tmp_path / "gnupg"
    place.mkdir(mode=0o700)
    read_with("gpg", "--homedir", place, "--batch", "--import", KEYS / "RPM-GPG-KEY-practice-koozali")
    yield place
    read_with("gpgconf", "--homedir", place, "--kill", "all")


@pytest.mark.parametrize("name", checksums.NAMES)
def test_gpg_accepts_every_signature(directory: Path, home: Path, name: str) -> None:
    said = read_with(
        "gpg", "--homedir", home, "--status-fd", "1", "--verify", directory / f"{name}.asc", directory / name
    )
    assert f"VALIDSIG {FINGERPRINTS['koozali'].upper()}" in said


def test_sha256sum_accepts_what_xorriso_takes_off_the_medium(
    released: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("xorriso", "sha256sum")
    iso = released.release.iso
    read_with("xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/", tmp_path / "medium")
    monkeypatch.chdir(tmp_path / "medium")
    said = read_with("sha256sum", "--strict", "-c", iso.with_name(f"{iso.stem}.files"))
    on_disk = {
        str(path.relative_to(tmp_path / "medium")) for path in (tmp_path / "medium").rglob("*") if path.is_file()
    }
    assert {line.rpartition(":")[0] for line in said.splitlines()} == on_disk


def test_productmd_loads_the_compose_with_the_sizes_that_are_there(released: Project) -> None:
    isos = released.release.isos
    compose = Compose(str(isos))
    found = {image.path: image.size for image in compose.images["SME"]["x86_64"]}
    assert found == {f"iso/{path.parent.name}/{path.name}": path.stat().st_size for path in isos.glob("*/*.iso")}
    below = [nevra for group in compose.rpms["SME"]["x86_64"].values() for nevra in group]
    on_medium = [path.name for path in (released.release.tree / "Packages").glob("*.rpm")]
    assert len([nevra for nevra in below if not nevra.endswith(".src")]) == len(on_medium)


def test_the_standards_own_validator_accepts_the_bill_of_materials(released: Project) -> None:
    iso = released.release.iso
    document = parse_file(str(iso.with_name(f"{iso.stem}.spdx.json")))
    assert [one.validation_message for one in validate_full_spdx_document(document, "SPDX-2.3")] == []
    files = {one.file_name for one in document.packages}
    assert files >= {path.name for path in (released.release.tree / "Packages").glob("*.rpm")}


def papers(trial: Project) -> dict[str, bytes]:
    """Return everything that users download, by its path; signatures carry their time and are left out."""
    isos = trial.release.isos
    files = (path for path in sorted(isos.rglob("*")) if path.is_file() and path.suffix != ".asc")
    return {str(path.relative_to(isos)): path.read_bytes() for path in files}


def recorded(trial: Project) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((trial.release.stage / "build-record.json").read_bytes())
    return said


def test_another_place_time_zone_and_umask_make_the_same_bytes(
    released: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = released.copy(tmp_path / "elsewhere")
    shutil.rmtree(other.release.root / "stage")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("LC_ALL", "C")
    answer = other.doit("release", before=partial(os.umask, 0o077))
    assert answer.code == 0, answer.said
    assert papers(other) == papers(released)
    assert recorded(other)["artifacts"] == recorded(released)["artifacts"]
    assert recorded(other)["inputs"] == recorded(released)["inputs"]


def test_an_unchanged_file_is_not_signed_again(world: Project) -> None:
    asc = world.release.isos / "x86_64/SHA256SUMS.asc"
    before = asc.read_bytes()
    os.unlink(world.release.state / "tasks/sign.json")
    answer = world.doit("sign")
    assert "6 files by key" in answer.said and "0 of them signed now" in answer.said
    assert asc.read_bytes() == before


def test_without_a_key_signatures_go_and_the_run_says_so(world: Project) -> None:
    world.configure(SIGNING, "\n")
    answer = world.doit("sign")
    assert answer.code == 0
    assert "nothing is signed: release.toml has no [signing]" in answer.said
    assert not list(world.release.isos.rglob("*.asc"))


def test_verify_says_that_all_is_right(released: Project) -> None:
    answer = released.doit("verify")
    assert answer.code == 0, answer.said
    for words in ("2 media fit SHA256SUMS, CHECKSUM, MD5SUMS", "signed by 48b7bc18", "files as listed",
                  "metadata of", "bill of materials of", "artifacts as recorded"):  # fmt: skip
        assert words in answer.said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (f"x86_64/{STEM}-x86_64.iso", f"SHA256SUMS:\n.*does not fit {STEM}-x86_64.iso"),
        (f"x86_64/{STEM}-x86_64.iso", "has changed:\n"),
        ("x86_64/SHA256SUMS", "SHA256SUMS.asc is not a valid signature by key 48b7bc18"),
        ("source/CHECKSUM", "CHECKSUM:\n"),
        ("x86_64/MD5SUMS", "MD5SUMS:\n"),
        ("x86_64/SHA256SUMS.asc", "SHA256SUMS.asc is not a valid signature"),
        (f"x86_64/{STEM}-x86_64.files", "file list:\n"),
        ("metadata/images.json", "images.json:\n|productmd cannot load it"),
        ("metadata/rpms.json", "rpms.json:\n|productmd cannot load it"),
        (f"x86_64/{STEM}-x86_64.spdx.json", "bill of materials:\n"),
    ],
)
def test_verify_names_what_was_damaged(world: Project, name: str, words: str) -> None:
    path = world.release.isos / name
    digit = re.compile(rb"\b[0-9a-f]{8,64}\b")

    def damaged(data: bytes) -> bytes:
        if path.suffix in (".iso", ".asc"):
            return flipped(len(data) // 2)(data)
        found = list(digit.finditer(data))[-1]
        return data[: found.start()] + (b"0" if found[0][:1] != b"0" else b"1") + data[found.start() + 1 :]

    world.rewrite(path, damaged)
    answer = world.doit("verify")
    assert answer.code != 0
    assert re.search(words, answer.said), answer.said
    assert "Traceback" not in answer.said


def test_a_record_is_built_again_to_the_same_bytes_in_a_directory_of_its_own(world: Project, tmp_path: Path) -> None:
    place = tmp_path / "again"
    answer = world.doit("rebuild", "--to", str(place), str(world.release.stage / "build-record.json"))
    assert answer.code == 0, answer.said
    assert re.search(r"\d+ artifacts of 10\.1\.rc2 rebuilt in .*/again, all identical", answer.said)
    made = Project(place)
    assert papers(made) == papers(world)
    assert recorded(made)["artifacts"] == recorded(world)["artifacts"]


def test_pages_of_the_tree_are_no_part_of_a_release_and_their_task_no_part_of_its_record(
    world: Project,
) -> None:
    tree = world.release.tree
    made = {f"{tree.relative_to(world.release.root)}/{name}" for name, _ in walk_files(tree)}
    before = set(recorded(world)["artifacts"])
    assert {name for name in made if not name.endswith(".rpm")} <= before
    assert world.doit("repoview").code == 0
    world.rewrite(world.release.groups.comps, lambda data: data.replace(b"</comps>", b"<!-- of today --></comps>"))
    for words in ("iso", "release"):
        answer = world.doit(words)
        assert answer.code == 0, answer.said
    assert (tree / "repoview/index.html").is_file()
    assert not [name for name in recorded(world)["artifacts"] if "/repoview/" in name]
    groups = {name for name in before if name.endswith(("-comps.xml", "-comps.xml.gz"))}
    assert before - groups <= set(recorded(world)["artifacts"])


def test_what_was_fetched_is_an_input_and_is_not_fetched_again(world: Project, tmp_path: Path) -> None:
    mirror = '"mirrors/centos/7/os/x86_64"'
    world.configure(f"path = {mirror} #", f'path = "fetched"\nsource = {mirror}\n#')
    for words in (["pin_boot_set"], ["release"], ["rebuild", "--to", str(tmp_path / "again")]):
        answer = world.doit(*words)
        assert answer.code == 0, answer.said
    files = recorded(world)["inputs"]["files"]
    assert {"./boot_set.sha256", "fetched/images/efiboot.img", "fetched/LiveOS/squashfs.img"} <= set(files)


def test_a_newer_package_in_a_tier_does_not_come_into_a_build_made_again(world: Project, tmp_path: Path) -> None:
    record = world.release.stage / "build-record.json"
    older = world.rpm("bash-4")
    shutil.copy(older, older.with_name("not-chosen-1-1.x86_64.rpm"))  # would be refused, had it been looked at
    answer = world.doit("rebuild", "--to", str(tmp_path / "again"), str(record))
    assert answer.code == 0, answer.said


def test_what_is_gone_or_has_changed_is_named_before_anything_is_built(world: Project, tmp_path: Path) -> None:
    rel = world.release
    gone, changed = world.rpm("basesystem"), rel.content.path / "isolinux/isolinux.cfg"
    os.unlink(gone)
    world.rewrite(changed, lambda data: data + b"# changed\n")
    answer = world.doit("rebuild", "--to", str(tmp_path / "again"))
    assert answer.code != 0
    assert f"is gone:\n    {gone.relative_to(rel.root)}" in answer.said
    assert f"has changed:\n    {changed.relative_to(rel.root)}" in answer.said
    assert not (tmp_path / "again").exists()


def test_a_directory_of_somebody_else_is_never_emptied(world: Project, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    answer = world.doit("rebuild", "--to", str(tmp_path))
    assert answer.code != 0
    assert "is not empty and was not made by doit rebuild" in answer.said
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize(("data", "words"), [(b"{}", "is no build record"), (None, "cannot be read")])
def test_what_is_no_record_is_refused_by_name(world: Project, tmp_path: Path, data: bytes | None, words: str) -> None:
    path = tmp_path / "record.json"
    if data is not None:
        path.write_bytes(data)
    answer = world.doit("rebuild", str(path))
    assert answer.code != 0
    assert f"{path}" in answer.said and words in answer.said and "Traceback" not in answer.said


def test_doctor_answers_and_fails_for_what_a_configured_step_lacks(world: Project) -> None:
    answer = world.doit("doctor")
    assert answer.code == 0, answer.said
    assert re.search(r"^ok +productmd +1\.", answer.said, re.MULTILINE)
    lorax = '\n[installer]\nmode = "lorax"\n\n[mock]\ncommand = ["no-such-mock"]\n'
    write_file(world.file, world.file.read_text(encoding="utf-8") + lorax)
    answer = world.doit("doctor")
    assert answer.code != 0
    assert re.search(r"^missing +no-such-mock +installer", answer.said, re.MULTILINE), answer.said


def test_a_medium_that_is_written_again_keeps_what_lies_beside_it(world: Project) -> None:
    before = papers(world)
    os.unlink(world.release.source_iso)
    answer = world.doit("source_iso")
    assert answer.code == 0, answer.said
    assert papers(world) == before
