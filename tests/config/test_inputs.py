# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of what is fetched: where from, how, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.config import release
from smedoit.config.network import NetworkSettings
from smedoit.engine import task
from smedoit.errors import ConfigError
from tests.config.test_release import SMALLEST, changed, load, refusal

BOOT, PO = '[boot_set]\npath = "boot"\n', '[translations]\npath = "po"\n'
URL = "https://vault.example.org/7.9.2009/os/x86_64/"


def test_an_old_file_means_a_directory_that_a_person_fills(tmp_path: Path) -> None:
    rel = load(tmp_path, SMALLEST)
    assert not rel.boot_set.is_managed
    assert not rel.translations.automatic
    assert rel.network == NetworkSettings(offline=False, timeout=60, limit=2048, delay=1, tries=5)


def test_paths_start_at_root_and_addresses_stay(tmp_path: Path) -> None:
    more = f'source = "{URL}"\nbases = ["mirrors/os", "http://other.example.org/os"]\n'
    boot = load(tmp_path, changed(BOOT, BOOT + more)).boot_set
    assert boot.origins == (URL, str(tmp_path / "build/mirrors/os"), "http://other.example.org/os")
    disc = load(tmp_path, changed(BOOT, BOOT + 'iso = "dvd/CentOS.iso"\n')).boot_set
    assert disc.iso == str(tmp_path / "build/dvd/CentOS.iso")


def test_the_pins_lie_beside_release_toml(tmp_path: Path) -> None:
    assert load(tmp_path, SMALLEST).pins == tmp_path / "boot_set.sha256"
    rel = load(tmp_path, changed(BOOT, BOOT + 'pins = "pins/centos7.sha256"\n'))
    assert rel.pins == tmp_path / "pins/centos7.sha256"
    assert rel.boot_set.is_managed
    assert not rel.boot_set.is_fetched


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('source = "x"\niso = "y"\n', "from a source or from an iso"),
        ('bases = ["x"]\n', "name a source first"),
        ('source = "ftp://vault.example.org/"\n', "starts with http:// or https://"),
        ('source = "https://"\n', "names a host"),
        ('source = "https://vault.example.org:x/"\n', "names a host"),
        ('source = "https://vault.example.org/?path=os"\n', "without ? and #"),
        ('source = "x"\nbases = ["https://["]\n', "names a host"),
        ('iso = "https://vault.example.org/CentOS.iso"\n', "fetch the ISO first"),
    ],
)
def test_a_boot_set_that_cannot_be_meant_is_refused(tmp_path: Path, more: str, words: str) -> None:
    assert words in refusal(tmp_path, changed(BOOT, BOOT + more))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('url = "translate.example.org"\n', '[translations] url = "translate.example.org"'),
        ('patches_url = "file:///etc"\n', '[translations] patches_url = "file:///etc"'),
        ("automatic = true\n", "it needs a url"),
        ('place = "elsewhere"\n', "use one of locale, updates"),
    ],
)
def test_translations_that_cannot_be_meant_are_refused(tmp_path: Path, more: str, words: str) -> None:
    assert words in refusal(tmp_path, changed(PO, PO + more))


@pytest.mark.parametrize(
    "more", ["timeout = 0", "limit = 0", "tries = 0", "delay = -1", 'offline = "yes"', "speed = 1"]
)
def test_a_network_that_cannot_be_meant_is_refused(tmp_path: Path, more: str) -> None:
    assert "[network]" in refusal(tmp_path, f"{SMALLEST}[network]\n{more}\n")


@pytest.mark.parametrize(
    ("said", "offline"), [(None, False), ("1", True), ("yes", True), ("TRUE", True), ("0", False), ("off", False)]
)
def test_offline_on_the_command_line_counts_for_one_run(tmp_path: Path, said: str | None, offline: bool) -> None:
    assert task.apply_offline(load(tmp_path, SMALLEST), said).network.offline is offline


def test_the_command_line_overrules_the_file(tmp_path: Path) -> None:
    rel = load(tmp_path, f"{SMALLEST}[network]\noffline = true\n")
    assert task.apply_offline(rel, None).network.offline
    assert not task.apply_offline(rel, "0").network.offline


def test_offline_is_yes_or_no(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="offline=perhaps: is neither yes nor no"):
        task.apply_offline(load(tmp_path, SMALLEST), "perhaps")


def test_the_projects_own_file_fetches_nothing_unasked() -> None:
    rel = release.load_release(Path(__file__).parents[2] / "release.toml")
    assert not rel.boot_set.is_managed
    assert not rel.translations.automatic


@pytest.mark.parametrize("encoding", ["", "latin-1", "ISO-8859-15", "euc-kr", "cp437", "shift_jis"])
def test_the_encoding_of_file_names_is_one_that_python_knows(tmp_path: Path, encoding: str) -> None:
    rel = load(tmp_path, changed("[content]\n", f'[content]\nnames = "{encoding}"\n'))
    assert rel.content.names == encoding


@pytest.mark.parametrize("encoding", ["latin-99", "rot13", "base64", "utf-16", "cp037", "\\u0000", "../x"])
def test_what_is_no_encoding_of_file_names_is_refused(tmp_path: Path, encoding: str) -> None:
    said = refusal(tmp_path, changed("[content]\n", f'[content]\nnames = "{encoding}"\n'))
    assert "name an encoding" in said
