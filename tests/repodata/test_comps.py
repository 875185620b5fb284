# SPDX-License-Identifier: GPL-3.0-or-later
"""test_comps"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from smedoit.errors import ContentError
from smedoit.repodata import comps
from smedoit.repodata.comps import Comps
from smedoit.runtime.files import read_file_text
from smedoit.sample import groups
from tests.harness.corpus import corpus_dir

FILE = Path("comps.xml")
GROUP = """\
  <group>
    <id>core</id>
    <name>Core</name>
    <description>The least.</description>
    <default>true</default>
    <uservisible>false</uservisible>
    <packagelist><packagereq type="mandatory">bash</packagereq><packagereq>yum</packagereq></packagelist>
  </group>
"""
ENVIRONMENT = """\
  <environment>
    <id>server</id>
    <name>Server</name>
    <description>All.</description>
    <display_order>1</display_order>
    <grouplist><groupid>core</groupid></grouplist>
    <optionlist><groupid>mail</groupid></optionlist>
  </environment>
"""
GOOD = Comps({"core": ("bash", "yum"), "mail": ("qmail",)}, {"server": ("core", "mail")})
NAMES = ("bash", "yum", "qmail")


def document(*parts: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<comps>\n{"".join(parts)}</comps>\n'


def parsed(*parts: str) -> Comps:
    return comps.parse_comps(document(*parts), FILE)


def refusal(text: str) -> str:
    with pytest.raises(ContentError) as caught:
        comps.parse_comps(text, FILE)
    return str(caught.value)


def complaint(one: Comps, names: Iterable[str] = NAMES, allowed: Iterable[str] = ()) -> str:
    with pytest.raises(ContentError) as caught:
        comps.check_comps(one, set(names), set(allowed), FILE)
    return str(caught.value)


# Reading


def test_a_group_lists_its_packages_of_every_kind() -> None:
    assert parsed(GROUP).groups == {"core": ("bash", "yum")}


def test_an_environment_names_its_groups_and_its_options() -> None:
    assert parsed(GROUP, ENVIRONMENT).environments == {"server": ("core", "mail")}


def test_the_practice_comps_is_valid() -> None:
    found = comps.parse_comps(groups.practice_comps(), FILE)
    assert set(found.groups) == {"core", "sme-base", "sme-mail"}
    assert "bash" in found.groups["core"]


def test_the_comps_of_a_real_medium_is_valid() -> None:
    found = comps.parse_comps((corpus_dir() / "trees/centos8/comps-BaseOS.xml").read_text(encoding="utf-8"), FILE)
    assert "core" in found.groups
    assert list(found.environments) == ["minimal-environment"]


def test_the_comps_of_centos_7_is_valid() -> None:
    found = comps.parse_comps(read_file_text(corpus_dir() / "trees/centos7-comps/c7-x86_64-comps.xml"), FILE)
    assert len(found.groups) == 84


def test_names_in_all_languages_are_no_trouble() -> None:
    assert parsed(GROUP.replace("<name>Core</name>", '<name>Core</name><name xml:lang="ja">コア</name>')).groups


@pytest.mark.parametrize("text", ["", "text", "<comps>", "<comps></comp>", "\0", "<comps>\0</comps>", "\udce4"])
def test_what_is_no_xml_is_refused_in_words(text: str) -> None:
    assert refusal(text).startswith("comps.xml: is not valid comps: it is no XML")


@pytest.mark.parametrize("text", ["<html/>", "<comps><foo/></comps>", "<comps>text</comps>"])
def test_xml_that_is_no_comps_is_refused_in_words(text: str) -> None:
    assert refusal(text).startswith("comps.xml: is not valid comps: ")


@pytest.mark.parametrize("element", ["id", "name"])
def test_a_group_without_what_it_needs_is_refused_by_that_name(element: str) -> None:
    broken = re.sub(f"<{element}>.*</{element}>", "", GROUP)
    assert element in refusal(document(broken))


@pytest.mark.parametrize("element", ["id", "name", "default", "uservisible"])
@pytest.mark.parametrize("empty", ["<{0}></{0}>", "<{0}/>", "<{0}> </{0}>"])
def test_an_empty_text_that_would_end_the_installer_is_refused(element: str, empty: str) -> None:
    broken = re.sub(f"<{element}>.*</{element}>", empty.format(element), GROUP)
    assert f"<{element}>" in refusal(document(broken))


@pytest.mark.parametrize("description", ["", "<description/>", "<description></description>"])
def test_a_group_that_describes_nothing_is_good_as_centos_has_them(description: str) -> None:
    assert parsed(re.sub("<description>.*</description>", description, GROUP)).groups["core"] == ("bash", "yum")


@pytest.mark.parametrize("element", ["display_order", "biarchonly"])
def test_an_empty_text_never_ends_us(element: str) -> None:
    assert f"<{element}> is empty" in refusal(document(GROUP.replace("</id>", f"</id><{element}/>")))


@pytest.mark.parametrize("value", ["", "x", "1.5", "-1"])
def test_a_display_order_is_a_number(value: str) -> None:
    broken = ENVIRONMENT.replace("<display_order>1<", f"<display_order>{value}<")
    assert "display_order" in refusal(document(GROUP, broken))


def test_two_ids_in_a_group_are_refused() -> None:
    assert "<id>" in refusal(document(GROUP.replace("<id>core</id>", "<id>core</id><id>kern</id>")))


def test_a_type_that_yum_would_pass_over_is_refused() -> None:
    said = refusal(document(GROUP.replace('type="mandatory"', 'type="required"'), ENVIRONMENT))
    assert 'type="required" of package bash is no type' in said


@pytest.mark.parametrize("kind", ["optional", "conditional"])
def test_a_core_that_would_install_nothing_is_refused(kind: str) -> None:
    core = GROUP.replace('type="mandatory"', f'type="{kind}"').replace("<packagereq>", f'<packagereq type="{kind}">')
    assert f"group core would install nothing, all of its packages are {kind}" in refusal(document(core, ENVIRONMENT))


def test_a_core_of_default_packages_only_is_good() -> None:
    core = GROUP.replace('type="mandatory"', 'type="default"').replace("<packagereq>", '<packagereq type="optional">')
    assert parsed(core, ENVIRONMENT).groups["core"] == ("bash", "yum")


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-8", "windows-1252"])
def test_any_encoding_that_is_declared_is_read(tmp_path: Path, encoding: str) -> None:
    text = document(GROUP.replace("The least.", "Für Übung"), ENVIRONMENT).replace("UTF-8", encoding)
    (tmp_path / "comps.xml").write_bytes(text.encode(encoding))
    found = comps.list_comps_groups(read_file_text(tmp_path / "comps.xml"), FILE)
    assert [description for _, _, description, _ in found] == ["Für Übung"]


def test_an_encoding_that_is_not_the_declared_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "comps.xml").write_bytes(document(GROUP.replace("least", "kürzeste")).encode("iso-8859-1"))
    assert "it is no XML" in refusal(read_file_text(tmp_path / "comps.xml"))


def test_a_language_pack_without_names_never_ends_us() -> None:
    assert "<match> needs name and install" in refusal(document("<langpacks><match/></langpacks>"))


# Held against the packages


def test_good_groups_pass() -> None:
    comps.check_comps(GOOD, set(NAMES), set(), FILE)


def test_without_core_the_installer_would_die() -> None:
    assert "has no group core" in complaint(Comps({"mail": ("qmail",)}, {"server": ("mail",)}))


def test_without_environment_nothing_could_be_chosen() -> None:
    assert "has no environment" in complaint(Comps(GOOD.groups, {}))


def test_an_absent_package_is_named_with_its_group() -> None:
    said = complaint(GOOD, ("bash", "yum"))
    assert "names packages that are not on the medium:\n    qmail in group mail" in said
    assert "[groups] allow_missing" in said


def test_an_excused_package_may_be_absent() -> None:
    comps.check_comps(GOOD, {"bash", "yum"}, {"qmail"}, FILE)


def test_an_absent_group_is_named_with_its_environment() -> None:
    said = complaint(Comps(GOOD.groups, {"server": ("core", "games")}))
    assert "names groups that it does not have:\n    games in server" in said


def test_all_complaints_come_in_one_report() -> None:
    said = complaint(Comps({"mail": ("qmail", "procmail")}, {"server": ("core",)}), ())
    for words in ("has no group core", "core in server", "qmail in group mail", "procmail in group mail"):
        assert words in said


@pytest.mark.parametrize(
    "text",
    [
        "<comps>" + "<group>" * 100_000 + "</group>" * 100_000 + "</comps>",
        "<!DOCTYPE comps [<!ENTITY a 'ha'>]><comps>&a;</comps>",
        "<comps><group><display_order>" + "9" * 4_000_000 + "</display_order></group></comps>",
        "<comps><group><display_order>²</display_order></group></comps>",
    ],
    ids=["nested groups", "an entity", "a number of four million digits", "a number that is none"],
)
def test_comps_that_would_keep_a_library_is_refused(text: str) -> None:
    with pytest.raises(ContentError, match=r"comps\.xml: is not valid comps: ") as caught:
        comps.parse_comps(text, Path("comps.xml"))
    assert len(str(caught.value)) < 1000
