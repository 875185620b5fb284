# SPDX-License-Identifier: GPL-3.0-or-later
"""A build record comes from outside: nothing in it runs a program, fetches, signs, publishes, or leads out."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from smedoit.artifacts import build_record, rebuild, recorded
from smedoit.artifacts.build_record import BuildRecord, FileChecksum
from smedoit.config.release import Release, load_release
from smedoit.config.toml import parse_toml
from smedoit.errors import ConfigError, SmeError, VerifyError
from smedoit.runtime.files import write_file
from tests.harness.project import Project

# What no record decides: the tables that run programs, fetch, sign, publish, test, or leave something somewhere.
PASSED_OVER = {
    "boot_test", "checkouts", "installer", "mock", "network", "notes", "paths", "promotion", "publish", "quality",
    "rsync_mirror", "signing", "updates",
}  # fmt: skip


class BuildStartedError(Exception):
    """The build of the rebuild would begin now, with this release."""

    def __init__(self, release: Release) -> None:
        super().__init__()
        self.release = release


@dataclass(frozen=True)
class Records:
    """A world, and records that somebody wrote to be rebuilt in it."""

    project: Project
    home: Path

    def tables(self) -> dict[str, Any]:
        return parse_toml(self.project.file.read_text(encoding="utf-8"), self.project.file)

    def rebuild(
        self, *, tables: Mapping[str, Any] | None = None, inputs: Sequence[str] = (), picks: object = (),
        release: str = "10.1.rc2",
    ) -> Release:  # fmt: skip
        """Rebuild from a record with these tables and inputs; return the release that would be built."""
        rel = self.project.release
        sums = {}
        for path in inputs:
            place = rel.file.parent / path if path.startswith("./") else rel.root / path
            data = place.read_bytes() if "\0" not in path and place.is_file() else b""
            sums[path] = FileChecksum(len(data), hashlib.sha256(data).hexdigest())
        text = tomli_w.dumps({**self.tables(), **(tables or {})})
        record = BuildRecord(release, text, {"packages.lock": {"picks": picks}}, sums, {}, {}, {})
        file = self.home / "record.json"
        write_file(file, build_record.format_build_record(record))
        try:
            rebuild.rebuild_from_record(rel, file, Path("dodo.py"), self.home, str(self.home / "again"), [str(file)])
        except BuildStartedError as started:
            return started.release
        raise AssertionError("nothing was started")


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Records:
    def start(_command: object, env: Mapping[str, str], **_: object) -> str:
        raise BuildStartedError(load_release(Path(env["SMEDOIT_RELEASE"])))

    monkeypatch.setattr(rebuild, "run_program", start)
    project = Project.bare(tmp_path / "world")
    write_file(project.release.root / "src/kept.txt", "an input\n")
    return Records(project, tmp_path)


def test_every_table_is_known_to_count_or_not() -> None:
    assert {field.name for field in fields(Release)} - {"file"} == {*recorded.COUNTED} | PASSED_OVER
    assert not PASSED_OVER & {*recorded.COUNTED}


EVIL: dict[str, dict[str, Any]] = {
    "mock": {"command": ["/bin/sh", "-c", "evil"], "nfs": [{"source": "evil:/", "place": "/"}]},
    "installer": {"mode": "lorax", "lorax": ["--evil"]},
    "publish": {"target": "/evil", "remote": "evil:/", "rsync": ["-e", "evil"]},
    "promotion": {"records": "/evil"},
    "signing": {"key": "0" * 40},
    "network": {"limit": 1 << 40},
    "notes": {"bugs": ["(a|a)*$"]},
    "quality": {"previous_release": "https://evil.invalid/"},
    "updates": {"mirrors": ["/evil"]},
    "boot_test": {"memory": 1 << 30},
}


@pytest.mark.parametrize("table", EVIL)
def test_a_table_that_runs_fetches_signs_or_publishes_is_not_honoured(records: Records, table: str) -> None:
    made, plain = records.rebuild(tables={table: EVIL[table]}), records.rebuild()
    assert "evil" not in repr(made)
    assert getattr(made, table) == getattr(plain, table)


def test_sources_mirrors_and_checkouts_of_a_record_are_never_fetched(records: Records) -> None:
    git = {"kind": "git", "url": "https://evil.invalid/x"}
    made = records.rebuild(
        tables={
            "checkouts": [{"name": "evil", "path": "evil", "source": git}],
            "rsync_mirror": [{"name": "evil", "source": "evil::x", "path": "evil"}],
            "content": {"path": "src/c", "source": git},
            "boot_set": {"path": "src/b", "source": "https://evil.invalid/", "pins": "../evil"},
            "translations": {"path": "src/t", "url": "https://evil.invalid/", "automatic": True},
            "anaconda": {"srpm": "https://evil.invalid/anaconda-1-1.src.rpm", "source": "src/a"},
        }
    )
    assert not (made.checkouts or made.rsync_mirror or made.content.source.is_set or made.boot_set.is_managed)
    assert not made.translations.url and not made.translations.automatic
    assert Path(made.anaconda.srpm) == made.root / "src/upstream/anaconda-1-1.src.rpm"


@pytest.mark.parametrize(
    "path",
    [
        "../../../outside", "./../outside", "src/../../../outside", "./a/../../outside", "/etc/hostname",
        "/etc/../etc/hostname", "a\0b", "./\0", "..", "./..",
    ],
)  # fmt: skip
def test_an_input_that_lies_outside_is_refused_before_anything_is_made(records: Records, path: str) -> None:
    write_file(records.home / "outside", "theirs\n")
    with pytest.raises(VerifyError, match="leads out"):
        records.rebuild(inputs=[path])
    assert not (records.home / "again").exists()


@pytest.mark.parametrize(
    "path",
    [
        "./release.toml", "./packages.lock", "./.smedoit-rebuild", "./build/../release.toml", "./a/../packages.lock",
        "stage/10.1.rc2/.smedoit/tasks/iso.json", "stage",
    ],
)  # fmt: skip
def test_an_input_never_takes_the_place_of_what_the_rebuild_makes(records: Records, path: str) -> None:
    rel = records.project.release
    place = rel.file.parent / path if path.startswith("./") else rel.root / path
    if not place.exists():
        write_file(place, "theirs\n")
    with pytest.raises(VerifyError, match=r"is what a rebuild makes itself|leads out|is gone"):
        records.rebuild(inputs=[path])


def test_inputs_are_linked_where_the_record_has_them(records: Records) -> None:
    write_file(records.project.home / "boot_set.sha256", "")
    made = records.rebuild(inputs=["src/kept.txt", "./boot_set.sha256"])
    assert (made.root / "src/kept.txt").read_text() == "an input\n"
    assert (made.file.parent / "boot_set.sha256").is_file()


def test_what_our_own_release_toml_names_may_lie_elsewhere(records: Records) -> None:
    tier, beside = records.home / "tier", records.project.home / "shared"
    write_file(tier / "x/a.rpm", "a package\n")
    write_file(beside / "x/b.rpm", "another\n")
    tables = {"tiers": [{"name": "smeos", "path": str(tier)}, {"name": "more", "path": "../shared"}]}
    write_file(records.project.file, tomli_w.dumps({**records.tables(), **tables}))
    made = records.rebuild(inputs=[str(tier / "x/a.rpm"), "../shared/x/b.rpm"])
    assert [tier.path.exists() for tier in made.tiers] == [True, True]
    assert (made.root / "../shared/x/b.rpm").read_text() == "another\n"
    with pytest.raises(VerifyError, match="leads out"):
        records.rebuild(inputs=[f"{tier}/../outside"])


PLACES: dict[str, dict[str, Any]] = {
    "tiers": {"tiers": [{"name": "smeos", "path": "/etc"}]},
    "tiers upwards": {"tiers": [{"name": "smeos", "path": "../../x"}]},
    "keys": {"keys": [{"file": "/etc/passwd", "fingerprint": "0" * 40}]},
    "content": {"content": {"path": "/etc"}},
    "inherit": {"content": {"path": "src", "inherit": "../../.."}},
    "boot_set": {"boot_set": {"path": "/boot"}},
    "translations": {"translations": {"path": "a/../../../b"}},
    "patches": {"anaconda": {"srpm": "a.src.rpm", "patches": "/etc"}},
    "srpm": {"anaconda": {"srpm": "/etc/x.src.rpm", "patches": "src"}},
}


@pytest.mark.parametrize("tables", PLACES.values(), ids=PLACES)
def test_no_path_in_the_configuration_of_a_record_leads_out(records: Records, tables: dict[str, Any]) -> None:
    with pytest.raises(VerifyError, match="leads out"):
        records.rebuild(tables=tables)


def test_module_metadata_counts_in_a_record_and_leads_nowhere_out(records: Records) -> None:
    later = {**records.tables()["release"], "base": "el8"}
    streams = {"sources": ["src/modules.yaml"], "enabled": {"php": "8.2"}}
    made = records.rebuild(tables={"release": later, "modules": streams})
    assert made.modules.enabled == {"php": "8.2"} and made.modules.sources == (made.root / "src/modules.yaml",)
    with pytest.raises(VerifyError, match=r"\[modules\] sources = /etc/modules\.yaml"):
        records.rebuild(tables={"release": later, "modules": {**streams, "sources": ["/etc/modules.yaml"]}})


@pytest.mark.parametrize("comps", ["../../x", "/etc/passwd"])
def test_comps_lies_in_the_content_tree(records: Records, comps: str) -> None:
    with pytest.raises(ConfigError, match="leads out of the content tree"):
        records.rebuild(tables={"groups": {"comps": comps}})


IDENTITIES: Sequence[tuple[dict[str, Any], str]] = [
    ({}, "../../outside"),
    ({}, "10.1.rc3"),
    ({}, ""),
    ({"version": "10.1/../../x"}, "10.1/../../x.rc2"),
    ({"version": "10/../../../x"}, "10/../../../x.rc2"),
    ({"label": "rc2/../.."}, "10.1.rc2/../.."),
    ({"label": "rc2\n"}, "10.1.rc2\n"),
    ({"version": "10.1\0"}, "10.1\0.rc2"),
    ({"name": "../x"}, "10.1.rc2"),
    ({"arch": "../x"}, "10.1.rc2"),
    ({"arch": ".."}, "10.1.rc2"),
]


@pytest.mark.parametrize(("said", "release"), IDENTITIES)
def test_a_release_is_called_as_one(records: Records, said: dict[str, Any], release: str) -> None:
    with pytest.raises(ConfigError, match=r"record\.json"):
        records.rebuild(tables={"release": {**records.tables()["release"], **said}}, release=release)
    assert {path.name for path in records.home.iterdir()} == {"world", "record.json"}


@pytest.mark.parametrize("picks", [None, 5, [5], [{}], {"a": 1}, [{"name": "a", "epoch": "x"}]])
def test_a_record_without_a_lock_is_told_in_a_sentence(records: Records, picks: object) -> None:
    with pytest.raises(ConfigError, match=r"is no build record, packages\.lock"):
        records.rebuild(picks=picks)


@pytest.mark.parametrize("file", ["../../../x/a-1-1.noarch.rpm", "/etc/a-1-1.noarch.rpm"])
def test_a_package_of_the_lock_lies_with_the_inputs(records: Records, file: str) -> None:
    entry = dict.fromkeys(("name", "version", "release", "arch", "tier", "sha256", "key", "source_rpm"), "1")
    with pytest.raises(VerifyError, match="leads out"):
        records.rebuild(picks=[{**entry, "epoch": 0, "size": 1, "file": file}])


@pytest.mark.parametrize("text", ["tiers = 5", "[packages]\nseveral = 5", "[anaconda]\nsrpm = 5", "packages = 5", "="])
def test_a_configuration_that_is_none_is_told_in_a_sentence(records: Records, text: str) -> None:
    record = {
        **json.loads(build_record.format_build_record(BuildRecord("10.1", text, {"packages.lock": {}}, {}, {}, {}, {})))
    }
    file = records.home / "record.json"
    write_file(file, json.dumps(record))
    with pytest.raises(SmeError, match=r"record\.json"):
        rebuild.rebuild_from_record(records.project.release, file, Path("dodo.py"), records.home, "", [])


def test_a_directory_behind_a_link_is_not_emptied(records: Records) -> None:
    theirs = records.home / "theirs"
    write_file(theirs / ".smedoit-rebuild", "")
    write_file(theirs / "kept", "kept\n")
    os.symlink(theirs, records.home / "again")
    with pytest.raises(SmeError):
        records.rebuild()
    assert (theirs / "kept").is_file()
