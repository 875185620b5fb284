# SPDX-License-Identifier: GPL-3.0-or-later
"""[release_urls], [netinstall] and [sources]: what they default to, and what they refuse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smedoit.config import media, release
from smedoit.config.media import NetinstallSettings, ReleaseUrls, SourceIsoSettings
from smedoit.errors import ConfigError
from smedoit.runtime import files
from tests.harness.nouns import identity

ROOT = Path(__file__).parents[2]
MIRRORS = ReleaseUrls(("https://a.example/releases/{full}/", "http://b.example/{major}"))


def test_mirrors_have_their_placeholders_filled_in_and_no_slash_at_the_end() -> None:
    assert MIRRORS.bases(identity()) == ("https://a.example/releases/10.1.rc2", "http://b.example/10")


def test_without_a_mirror_what_needs_one_says_so() -> None:
    with pytest.raises(ConfigError, match=r"(?s)\[release_urls\] names no URL, and jigdo.*hint: add \[release_urls\]"):
        ReleaseUrls().needed(identity(), "jigdo must know")


def test_the_network_medium_installs_from_the_first_mirror() -> None:
    assert NetinstallSettings().address(identity(), MIRRORS) == "https://a.example/releases/10.1.rc2/smeos/x86_64"


def test_the_network_medium_needs_no_mirror_if_it_has_a_url_of_its_own() -> None:
    assert (
        NetinstallSettings(url="http://c.example/{version}").address(identity(), ReleaseUrls())
        == "http://c.example/10.1"
    )


def test_the_three_media_have_labels_of_their_own() -> None:
    one = identity()
    labels = {
        one.volume,
        NetinstallSettings().volume(one),
        SourceIsoSettings().volume(one),
        SourceIsoSettings().volume(one, 2),
    }
    assert labels == {"SME-10.1.rc2-x86_64", "SME-10.1.rc2-net", "SME-10.1.rc2-SRPMS", "SME-10.1.rc2-SRPMS-2"}


@pytest.mark.parametrize("base", ["el8", "el9", "el10"])
def test_labels_of_all_three_are_spelled_as_those_of_the_base(base: str) -> None:
    one = identity(base=base)
    assert NetinstallSettings().volume(one) == "SME-10-1-rc2-net"
    assert SourceIsoSettings().volume(one, 2) == "SME-10-1-rc2-SRPMS-2"
    for settings in (
        (NetinstallSettings(volume_id="SME net"), SourceIsoSettings()),
        (NetinstallSettings(), SourceIsoSettings(volume_id="SME net")),
    ):
        with pytest.raises(ValueError, match="write 'SME-net'"):
            media.check_volume_ids(one, *settings)


def test_a_base_that_there_is_not_is_refused_once(tmp_path: Path) -> None:
    text = (ROOT / "release.toml").read_text().replace("[release]\n", '[release]\nbase = "el11"\n')
    files.write_file(tmp_path / "release.toml", text)
    with pytest.raises(ConfigError, match="there is no base 'el11'") as refused:
        release.load_release(tmp_path / "release.toml")
    assert "labels of" not in str(refused.value)


def loaded(place: Path, tables: str) -> release.Release:
    text = re.sub(r"(?ms)^\[release_urls\].*?^urls = .*?$", "", (ROOT / "release.toml").read_text())
    files.write_file(place / "release.toml", f"{text}\n{tables}")
    return release.load_release(place / "release.toml")


def test_an_older_release_toml_has_none_of_these_tables_and_loads(tmp_path: Path) -> None:
    rel = loaded(tmp_path, "")
    assert (rel.release_urls, rel.netinstall, rel.sources) == (ReleaseUrls(), NetinstallSettings(), SourceIsoSettings())


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ('[release_urls]\nurls = ["mirror.example/x"]', r"\[release_urls\] urls = .*: 'mirror\.example/x' is no http"),
        ('[release_urls]\nurls = ["file:///srv"]', "is no http, https or ftp URL"),
        ('[release_urls]\nurls = ["http://h/a b"]', "is no http, https or ftp URL"),
        ('[release_urls]\nurls = ["http://h/{vresion}"]', r"\[release_urls\] urls = .*: 'vresion' is no placeholder"),
        ('[release_urls]\nurl = ["http://h"]', "did you mean urls"),
        ('[netinstall]\nurl = "http://h/{x}"', r"\[netinstall\] url = .*: 'x' is no placeholder.*\{mirror\}"),
        ('[netinstall]\nurl = "http://h/$1;x"', "has a character that boot menus do not take"),
        ('[netinstall]\nvolume_id = "a/b"', r"\[netinstall\] volume_id = .*: 'a/b' has a character"),
        ('[netinstall]\nvolume_id = "{short}-{full}-{arch}"', r"\[netinstall\] volume_id.*: two media share a label:"),
        ('[sources]\ndisc_size = -1', "use the bytes of one disc"),
        ('[sources]\ndisc_size = "4 GB"', "is not a whole number"),
        ('[sources]\ndisc_size = 1\nvolume_id = "123456789012345678901234567890"', "at most 32"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_table_and_the_reason(tmp_path: Path, tables: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        loaded(tmp_path, tables)
