# SPDX-License-Identifier: GPL-3.0-or-later
"""Module metadata comes out of the repodata of mirrors, whatever packs it, and out of files."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import createrepo_c as cr
import pytest

from smedoit.config.modules import ModulesSettings
from smedoit.config.schema import InvalidValueError
from smedoit.errors import PackageError
from smedoit.modularity import inputs, sources
from tests.harness.modular import modular_repository
from tests.harness.modules import PHP, build, stream_text
from tests.harness.repositories import recipe

TEXT = stream_text(PHP)


def titles(*places: Path) -> list[str]:
    return [stream.title for stream in sources.load_module_sources(places, "x86_64").streams]


def test_a_mirror_and_a_file_are_read_together_and_what_both_tell_counts_once(tmp_path: Path) -> None:
    mirror = modular_repository(tmp_path / "mirror", [recipe("a")], TEXT, build("perl:5.26"))
    (tmp_path / "ours.yaml").write_text(TEXT + build("redis:7"))
    assert titles(mirror.place, tmp_path / "ours.yaml") == ["php:8.2", "perl:5.26", "redis:7"]


def test_sources_that_contradict_each_other_about_a_build_are_refused_by_their_names(tmp_path: Path) -> None:
    mirror = modular_repository(tmp_path / "mirror", [recipe("a")], TEXT)
    (tmp_path / "ours.yaml").write_text(stream_text({**PHP, "artifacts": {"rpms": ["php-0:8.2.1-2.x86_64"]}}))
    with pytest.raises(PackageError) as refused:
        titles(mirror.place, tmp_path / "ours.yaml")
    assert str(refused.value).splitlines() == [
        f"{tmp_path}/ours.yaml: says otherwise than {mirror.place} of the packages or requirements of"
        " php:8.2:20260101:c0ffee00:x86_64",
        "  hint: take one of the two out of [modules] sources in release.toml, or mirror both again",
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress])
def test_a_file_may_be_packed(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "modules").write_bytes(pack(TEXT.encode()))
    assert titles(tmp_path / "modules") == ["php:8.2"]


@pytest.mark.parametrize("kind", ["GZ", "XZ", "BZ2", "ZSTD"])
def test_the_record_of_a_mirror_may_be_packed_as_createrepo_c_packs_it(kind: str, tmp_path: Path) -> None:
    mirror = modular_repository(tmp_path / "mirror", [recipe("a")])
    (tmp_path / "modules.yaml").write_text(TEXT)
    record = cr.RepomdRecord("modules", str(tmp_path / "modules.yaml"))
    record = record.compress_and_fill(cr.SHA256, getattr(cr, f"{kind}_COMPRESSION"))
    record.type = "modules"
    packed = Path(record.location_real)
    packed.rename(mirror.place / "repodata" / packed.name)
    repomd = mirror.place / "repodata/repomd.xml"
    found = cr.Repomd(str(repomd))
    found.set_record(record)
    repomd.write_text(found.xml_dump())
    assert titles(mirror.place) == ["php:8.2"]


def test_streams_of_another_architecture_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "modules.yaml").write_text(build("php:8.2", arch="aarch64"))
    assert titles(tmp_path / "modules.yaml") == []


def test_a_mirror_without_module_metadata_is_told_by_name(tmp_path: Path) -> None:
    mirror = modular_repository(tmp_path / "mirror", [recipe("a")])
    with pytest.raises(PackageError, match=r"mirror/repodata/repomd\.xml: names no module metadata"):
        titles(mirror.place)


def test_a_directory_without_repodata_and_a_source_that_is_absent_are_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PackageError, match=r"empty: has no repodata, so no module metadata either"):
        titles(tmp_path / "empty")
    with pytest.raises(PackageError, match=r"gone: this source of module metadata is not there"):
        titles(tmp_path / "gone")


def test_a_damaged_record_is_told_by_name(tmp_path: Path) -> None:
    mirror = modular_repository(tmp_path / "mirror", [recipe("a")], TEXT)
    [record] = (mirror.place / "repodata").glob("*modules.yaml.gz")
    record.write_bytes(record.read_bytes()[:-9])
    with pytest.raises(PackageError, match=r"modules\.yaml\.gz: is damaged or cut short"):
        titles(mirror.place)


def test_a_source_is_an_input_by_its_repodata_or_as_itself(tmp_path: Path) -> None:
    mirror = modular_repository(tmp_path / "mirror", [recipe("a")], TEXT)
    (tmp_path / "ours.yaml").write_text(TEXT)
    mine, file, gone = inputs.module_inputs([mirror.place, tmp_path / "ours.yaml", tmp_path / "gone"], "x86_64")
    assert str(mirror.place / "repodata/repomd.xml") in set(mine.paths())
    assert list(file.paths()) == [str(tmp_path / "ours.yaml")]
    assert list(gone.paths()) == []


def test_streams_need_a_source_and_names_as_dnf_takes_them() -> None:
    with pytest.raises(InvalidValueError, match="say where the metadata of these streams lies"):
        ModulesSettings(enabled={"php": "8.2"})
    with pytest.raises(InvalidValueError, match="'php:8:2' is no MODULE:STREAM"):
        ModulesSettings((Path("x"),), {"php": "8:2"})
