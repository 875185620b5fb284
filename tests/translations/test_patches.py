# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches of the server-manager's translations, held against the build of a real package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from smedoit.config.inputs import TranslationsSettings
from smedoit.config.network import NetworkSettings
from smedoit.errors import ConfigError, NetworkError, PackageError
from smedoit.packages import lock
from smedoit.packages.select import SelectedPackage
from smedoit.rpm import reader
from smedoit.runtime import files
from smedoit.translations import patches
from smedoit.translations.patches import TranslationPatch
from tests.harness import servers
from tests.harness.corpus import corpus_dir
from tests.harness.nouns import package
from tests.harness.servers import ScriptedServer, publish, served
from tests.harness.tools import need, read_with

QUICK = NetworkSettings(delay=0, timeout=600, tries=1)
BUILT = datetime(2026, 1, 2, tzinfo=timezone.utc)
BEFORE, AFTER = BUILT.replace(day=1), BUILT.replace(day=3)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with servers.scripted() as one:
        yield one


def real_rpm() -> Path:
    return corpus_dir() / "rpms/rpm-rs/RPMS/v4/rpm-basic-2.3.4-5.el9.noarch.rpm"


def report(place: Path, url: str, *picks: SelectedPackage, network: NetworkSettings = QUICK) -> tuple[str, list[str]]:
    files.write_file(place / "lock", lock.format_lock(picks))
    settings = TranslationsSettings(place / "po", patches_url=url)
    said = patches.report_pending_patches(settings, network, place / "memory.json", place / "lock", place)
    return said["did"], said["result"].splitlines()


def test_rpm_reads_the_same_time_of_building() -> None:
    need("rpm")
    assert str(reader.build_time(real_rpm())) == read_with("rpm", "-qp", "--qf", "%{BUILDTIME}", real_rpm())


def test_what_is_no_rpm_has_no_time_of_building(tmp_path: Path) -> None:
    (tmp_path / "x.rpm").write_bytes(b"text")
    with pytest.raises(PackageError, match="does not say when it was built"):
        reader.build_time(tmp_path / "x.rpm")


@pytest.mark.parametrize(
    ("patch", "built", "verdict"),
    [
        (TranslationPatch("de.patch", 10, AFTER), BUILT, True),
        (TranslationPatch("de.patch", 10, BEFORE), BUILT, False),
        (TranslationPatch("de.patch", 0, AFTER), BUILT, False),
        (TranslationPatch("de.patch", None, AFTER), BUILT, True),
        (TranslationPatch("de.patch", 10, None), BUILT, True),
        (TranslationPatch("de.patch", 10, BEFORE), None, True),
        (TranslationPatch("de.patch", 0, None), None, False),
    ],
)
def test_a_patch_is_pending_unless_the_package_was_built_after_it(
    patch: TranslationPatch, built: datetime | None, verdict: bool
) -> None:
    assert patches.is_patch_pending(patch, built) is verdict


def test_the_package_is_found_by_its_name_else_by_its_source() -> None:
    by_name = package("smeserver-locale-2-1.noarch")
    by_source = replace(package("smeserver-locale-de-2-1.noarch"), source_rpm="smeserver-locale-2-1.src.rpm")
    other = package("bash-4-1.x86_64")
    assert patches.find_built_package([other, by_source, by_name], "smeserver-locale") == by_name
    assert patches.find_built_package([other, by_source], "smeserver-locale") == by_source
    assert patches.find_built_package([other], "smeserver-locale") is None


def test_only_patches_larger_than_nothing_are_listed(server: ScriptedServer, tmp_path: Path) -> None:
    url = publish(server, "/patches/", {"de.patch": b"x" * 2000, "fr.patch": b"", "sme10/es.patch": b"y"})
    did, lines = report(tmp_path, url)
    assert did.startswith("3 patches, 2 larger than 0 bytes, 2 newer than smeserver-locale (not on the medium); ")
    assert [line.split(":")[0] for line in lines] == ["de.patch", "sme10/es.patch"]
    assert "2.0 KiB, 2020-09-13 12:26 UTC" in lines[0]
    assert all(one.method == "HEAD" for one in server.asked if one.path.endswith(".patch"))


def test_the_package_on_the_medium_is_held_against_them(server: ScriptedServer, tmp_path: Path) -> None:
    files.copy_file(real_rpm(), tmp_path / "locale.rpm")
    built = datetime.fromtimestamp(reader.build_time(real_rpm()), timezone.utc)
    on_medium = SelectedPackage(replace(package("smeserver-locale-2-1.noarch"), file="locale.rpm"), "smeos")
    url = publish(server, "/patches/", {"new.patch": b"x", "old.patch": b"x"})
    late, early = built.replace(year=built.year + 1), built.replace(year=built.year - 1)
    for name, when in (("new", late), ("old", early)):
        header = when.strftime("%a, %d %b %Y %H:%M:%S GMT")
        server.on(f"/patches/{name}.patch", served(b"x", tagged=False, Last_Modified=header))
    did, lines = report(tmp_path, url, on_medium)
    assert "2 larger than 0 bytes, 1 newer than smeserver-locale-2-1.noarch.rpm, built " in did
    assert [line.rpartition(", ")[2] for line in lines] == [
        "needs a new build of the package",
        "older than the package",
    ]


def test_no_patch_is_said_so(server: ScriptedServer, tmp_path: Path) -> None:
    assert report(tmp_path, publish(server, "/patches/", {}))[1] == ["no patch waits"]


def test_offline_and_without_an_address_it_says_so(server: ScriptedServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="patches_url"):
        report(tmp_path, "")
    with pytest.raises(NetworkError, match="but this run is offline"):
        report(tmp_path, server.url + "/patches/", network=NetworkSettings(offline=True))
