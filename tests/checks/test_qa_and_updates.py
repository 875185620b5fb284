# SPDX-License-Identifier: GPL-3.0-or-later
"""What release.toml may say of quality and updates; the checks themselves have tests of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.config import release
from smedoit.errors import ConfigError, ContentError
from smedoit.repodata import comps
from smedoit.repodata.comps import InstallSet
from smedoit.sample import groups

RELEASE = Path(__file__).parents[2] / "release.toml"
FILE = Path("comps.xml")


def load(tmp_path: Path, old: str = "", new: str = "") -> release.Release:
    """Return the project's release with one replacement in its text."""
    text = RELEASE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "release.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return release.load_release(tmp_path / "release.toml")


def test_paths_are_below_the_root_and_lists_in_the_content_tree(tmp_path: Path) -> None:
    rel = load(tmp_path)
    assert rel.updates.mirrors == (rel.root / "mirrors/centos/7/updates/x86_64",)
    assert rel.quality.previous_release == str(rel.root / "releases/10.0/packages.lock")
    assert rel.quality.verified[0] == rel.content.path / "quality/verified.toml"
    assert rel.anaconda.source == str(rel.root / "src/rpms/anaconda/sme10")


def test_a_release_that_says_nothing_of_them_asks_for_nothing(tmp_path: Path) -> None:
    text = RELEASE.read_text(encoding="utf-8")
    start, end = text.index("[closure]"), text.index("[boot_set]")
    (tmp_path / "release.toml").write_text(text[:start] + text[end:], encoding="utf-8")
    rel = release.load_release(tmp_path / "release.toml")
    assert (rel.closure.installer, rel.closure.waivers, rel.updates.mirrors) == ((), (), ())
    assert (rel.quality.previous_release, rel.anaconda.source) == ("", "")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('final = "fail"', 'final = "perhaps"', '[updates] final = "perhaps": use one of fail, warn'),
        (
            '"waits for its verification, bug 11580"',
            '" "',
            'explained."openssl*" = " ": say why the medium stays behind',
        ),
        ('reason = "upstream verified what upstream signed"', 'reason = ""', "say why nobody needs to verify it"),
        ('key = "e78a', 'kay = "e78a', "did you mean key?"),
        ("[updates] ", '[[closure.waivers]]\nreason = "x"\n[updates] ', "a waiver is not for everything"),
        ("[updates] ", '[[closure.waivers]]\npackage = "x"\n[updates] ', "does not say its reason"),
        ("installer = []", 'installer = "', "release.toml"),
        ('mdadm = "practice"', 'mdadm = " "', 'allow_missing.mdadm = " ": say why the medium may lack it'),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, old, new)
    assert words in str(caught.value)


# Which installations comps offers


def offered(text: str) -> dict[str, InstallSet]:
    return {one.name: one for one in comps.list_install_sets(text, FILE)}


def test_each_environment_is_offered_alone_and_with_each_optional_group() -> None:
    found = offered(groups.practice_comps())
    assert list(found) == [
        "environment sme-server-environment",
        "environment sme-server-environment with group sme-mail",
    ]
    alone, with_mail = found.values()
    assert alone.members["bash"] == "core" and alone.members["kernel"] == "sme-base"
    assert set(with_mail.members) - set(alone.members) == {"dovecot", "qmail", "smeserver-qpsmtpd"}


def test_core_comes_with_every_environment_and_optional_packages_with_none() -> None:
    text = groups.practice_comps().replace("      <groupid>core</groupid>\n", "", 1)
    assert "bash" in offered(text)["environment sme-server-environment"].members
    assert all("spamassassin" not in one.members for one in offered(text).values())


def test_a_visible_group_that_no_environment_names_is_offered_too() -> None:
    text = groups.practice_comps().replace("      <groupid>sme-mail</groupid>\n", "", 1)
    assert "environment sme-server-environment with group sme-mail" in offered(text)


def test_a_conditional_package_comes_with_its_condition() -> None:
    line = '<packagereq type="conditional" requires="bash">x</packagereq>'
    text = groups.practice_comps().replace("<packagelist>", f"<packagelist>{line}", 1)
    one = offered(text)["environment sme-server-environment"]
    assert one.conditional == {"x": "bash"} and "x" not in one.members


HEAD = "<id>void</id><name>V</name><description>V</description>"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (f"<group>{HEAD}</group>", "has a group that names nothing:\n    line 90: void"),
        (f"<group>{HEAD}<packagelist/></group>", "has a group that names nothing:\n    line 90: void"),
        (f"<environment>{HEAD}</environment>", "void"),
        (f"<environment>{HEAD}<grouplist/></environment>", "has an environment that names nothing"),
    ],
)
def test_a_group_or_environment_that_names_nothing_is_refused(extra: str, words: str) -> None:
    with pytest.raises(ContentError) as caught:
        text = groups.practice_comps().replace("</comps>", f"{extra}</comps>")
        comps.check_comps(text, FILE, (), ["*"])
    assert words in str(caught.value)
