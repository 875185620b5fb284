# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror against Debian's nginx, lighttpd and apache2, each with the index pages that it makes itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from smedoit.config.inputs import TranslationsSettings
from smedoit.config.network import NetworkSettings
from smedoit.errors import ContentError
from smedoit.fetch import crawl
from smedoit.fetch.cache import DownloadCache
from smedoit.fetch.client import PART, Fetcher
from smedoit.fetch.response import DownloadRequest
from smedoit.runtime import files
from smedoit.sample.translations import LANGUAGES, practice_catalog
from smedoit.translations import patches
from smedoit.translations.mirror import mirror_translations
from tests.harness.servers import KINDS, Real, real

QUICK = NetworkSettings(delay=0, timeout=600, tries=2)
SET = {f"{language}/LC_MESSAGES/anaconda.mo": practice_catalog(language) for language in LANGUAGES}
ODD = ["a b.txt", "ä.txt", "x#y.txt", "x?y.txt", "x&y.txt", "x+y.txt", "x;y.txt", "~x.txt", "'q'.txt", "<b>.txt"]


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Real]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with TemporaryDirectory(prefix="smedoit-server-") as directory:  # not below pytest's, which is for its user alone
        place = Path(directory)
        place.chmod(0o755)
        for relative, data in SET.items():
            files.write_file(place / "root/sme10" / relative, data)
        with real(request.param, place / "home", place / "root") as one:
            yield one


def mirror(place: Path, server: Real) -> str:
    settings = TranslationsSettings(place / "po", url=f"{server.url}sme10/")
    return mirror_translations(settings, QUICK, place / "memory.json")


def here(place: Path) -> dict[str, bytes]:
    root = place / "po"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_set_comes_and_a_second_run_asks_conditionally_and_writes_nothing(server: Real, tmp_path: Path) -> None:
    mirror(tmp_path, server)
    assert here(tmp_path) == SET
    count = 1 + 3 * len(SET)
    assert len(server.requests(count)) == count
    before = {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.rglob("*")]}
    assert "none changed" in mirror(tmp_path, server)
    again = server.requests(count)
    assert len(again) == count
    assert all('"-" "-"' not in line for line in again)
    assert [line.split()[2] for line in again if ".mo " in line] == ["304"] * len(SET)
    assert {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.rglob("*")]} == before


def test_what_comes_changes_and_goes_upstream_does_so_here(server: Real, tmp_path: Path) -> None:
    mirror(tmp_path, server)
    root = server.root / "sme10"
    files.remove_file(root / "nl/LC_MESSAGES/anaconda.mo")
    files.write_file(root / "sr@latin/LC_MESSAGES/anaconda.mo", practice_catalog("it"))
    files.write_file(root / "de/LC_MESSAGES/anaconda.mo", practice_catalog("fr"))
    said = mirror(tmp_path, server)
    assert said.startswith("6 languages; added: sr@latin 100 %; changed: de 100 %; removed: nl; ")
    found = here(tmp_path)
    assert sorted(path.split("/")[0] for path in found) == ["de", "es", "fr", "it", "pt_BR", "sr@latin"]
    assert found["de/LC_MESSAGES/anaconda.mo"] == practice_catalog("fr")


def test_odd_names_are_listed_and_fetched(server: Real, tmp_path: Path) -> None:
    for name in ODD:
        files.write_file(server.root / "odd" / name, f"this is {name}")
    fetcher = Fetcher(QUICK, DownloadCache(tmp_path / "memory.json"))
    found = crawl.list_remote_files(fetcher, f"{server.url}odd/", "the test", lambda _: True, lambda _: True)
    assert sorted(found) == sorted(ODD)
    for name, url in found.items():
        assert fetcher.file(DownloadRequest(url, "the test"), tmp_path / "file").read_text() == f"this is {name}"


@pytest.mark.parametrize("name", ["back\\slash.mo", "new\nline.mo", "%2e%2e", "bell\a.mo"])
def test_hostile_names_of_a_real_server_are_refused(server: Real, tmp_path: Path, name: str) -> None:
    (server.root / "sme10" / name).write_bytes(SET["de/LC_MESSAGES/anaconda.mo"])
    try:
        mirror(tmp_path, server)
    except ContentError as error:
        assert "names that are not safe" in str(error)
        assert not (tmp_path / "po").exists()
    else:  # it hid the name itself
        assert here(tmp_path) == SET


def test_a_transfer_goes_on_where_it_stopped(server: Real, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    files.write_file(server.root / "big", data)
    url = f"{server.url}big"
    one = Fetcher(QUICK, DownloadCache(tmp_path / "memory.json"))
    one.file(DownloadRequest(url, "the test"), tmp_path / "big")
    known = one.memory.of(url)
    (tmp_path / "big").rename(tmp_path / f"other{PART}")
    with (tmp_path / f"other{PART}").open("r+b") as file:
        file.truncate(500_000)
    digest = known.sha256
    server.requests(1)
    two = Fetcher(QUICK, DownloadCache(tmp_path / "nothing.json"))
    got = two.file(DownloadRequest(url, "the test", len(data), digest), tmp_path / "other")
    assert got.read_bytes() == data
    assert two.totals.bytes == len(data) - 500_000
    assert [line.split()[2] for line in server.requests(1)] == ["206"]


def test_sizes_and_dates_of_patches_are_those_of_the_files(server: Real, tmp_path: Path) -> None:
    files.write_file(server.root / "patches/de.patch", b"x" * 1234)
    files.write_file(server.root / "patches/sme10/fr.patch", b"")
    found = patches.list_translation_patches(
        Fetcher(QUICK, DownloadCache(tmp_path / "memory.json")), f"{server.url}patches/"
    )
    assert [(one.path, one.size) for one in found] == [("de.patch", 1234), ("sme10/fr.patch", 0)]
    for one in found:
        modified = (server.root / "patches" / one.path).stat().st_mtime
        assert isinstance(one.modified, datetime)
        assert one.modified.timestamp() == int(modified)
