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
MAIL = "<group><id>mail</id><name>Mail</name><packagelist><packagereq>qmail</packagereq></packagelist></group>\n"
NAMES = ("bash", "yum", "qmail")


def document(*parts: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<comps>\n{"".join(parts)}</comps>\n'


def parsed(*parts: str) -> Comps:
    return comps.parse_comps(document(*parts), FILE)


def refusal(text: str) -> str:
    with pytest.raises(ContentError) as caught:
        comps.parse_comps(text, FILE)
    return str(caught.value)


def checked(*parts: str, names: Iterable[str] = NAMES, allowed: Iterable[str] = ()) -> Comps:
    return comps.check_comps(document(*parts), FILE, set(names), set(allowed))


def complaint(*parts: str, names: Iterable[str] = NAMES) -> str:
    with pytest.raises(ContentError) as caught:
        checked(*parts, names=names)
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
    assert refusal(text).startswith("comps.xml: is not valid comps:")


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
    said = refusal(document(core, ENVIRONMENT))
    assert f"has a group core that would install nothing:\n    line 3: all of its packages are {kind};" in said


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
    found = checked(GROUP, MAIL, ENVIRONMENT)
    assert found == Comps({"core": ("bash", "yum"), "mail": ("qmail",)}, {"server": ("core", "mail")})


def test_without_core_the_installer_would_die() -> None:
    assert "has no group core" in complaint(MAIL, ENVIRONMENT.replace("core", "mail"))


def test_without_environment_nothing_could_be_chosen() -> None:
    assert "has no environment" in complaint(GROUP)


def test_an_absent_package_is_named_with_its_line_and_group() -> None:
    said = complaint(GROUP, MAIL, ENVIRONMENT, names=("bash", "yum"))
    assert "names packages that are not on the medium:\n    line 11: qmail in group mail" in said
    assert "[groups] allow_missing" in said


@pytest.mark.parametrize("pattern", ["qmail", "qm*", "[pq]mail"])
def test_an_excused_package_may_be_absent(pattern: str) -> None:
    checked(GROUP, MAIL, ENVIRONMENT, names=("bash", "yum"), allowed=[pattern])


def test_an_excuse_for_what_is_there_is_told() -> None:
    found = checked(GROUP, MAIL, ENVIRONMENT, names=("bash", "yum"), allowed=["qm*"])
    assert comps.idle_allowances(found, ("bash", "yum"), ["qm*", "ba*", "gone"]) == ["ba*", "gone"]


def test_an_absent_group_is_named_with_its_line_and_environment() -> None:
    said = complaint(GROUP, MAIL, ENVIRONMENT.replace("<groupid>mail<", "<groupid>games<"))
    assert "names groups that it does not have:\n    line 18: games in environment server" in said


def test_all_faults_come_in_one_report_with_their_lines() -> None:
    group = MAIL.replace("<packagereq>", '<packagereq type="required">procmail</packagereq><packagereq>')
    said = complaint("\n" * 7, group, group.replace("qmail", ""), ENVIRONMENT.replace(">1<", ">first<"), names=())
    for words in (
        "has no group core",
        "line 10: qmail in group mail",
        "line 10: procmail in group mail",
        'line 10: type="required" of package procmail is no type; there are mandatory',
        "line 11: group mail, as in line 10",
        "line 11: <packagereq> is empty",
        "line 16: display_order first",
        "line 17: core in environment server",
    ):
        assert words in said


def test_faults_are_told_in_the_order_of_their_lines() -> None:
    said = complaint(*[MAIL.replace("mail", f"mail{number}") for number in range(12)], names=())
    lines = [int(number) for number in re.findall(r"line (\d+): qmail", said)]
    assert lines == sorted(lines) == list(range(3, 15))


@pytest.mark.parametrize(
    ("kind", "text"),
    [("group", GROUP), ("environment", ENVIRONMENT), ("category", "<category><id>x</id><name>X</name></category>\n")],
)
def test_an_id_that_stands_twice_is_refused(kind: str, text: str) -> None:
    assert f": {kind} " in refusal(document(text, text))
    assert "has an id twice, of which yum makes one" in refusal(document(text, text))


def test_one_id_of_a_group_and_a_category_is_no_trouble() -> None:
    assert parsed(GROUP, "<category><id>core</id><name>Core</name></category>").groups


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (">bash<", "> bash<", "line 9: <packagereq>' bash'</packagereq>"),
        (">core<", ">core\n<", r"line 4: <id>'core\n'</id>"),
        (">bash<", "><", "line 9: <packagereq> is empty"),
        (">true<", ">ture<", "line 7: <default>ture</default>"),
        ('"mandatory"', '"conditional"', 'line 9: conditional package bash has no requires="…"'),
        ("<packagelist>", "<packagelists>", "line 9: <packagelists> in <group>"),
    ],
)
def test_what_yum_would_pass_over_in_silence_is_refused(old: str, new: str, words: str) -> None:
    broken = GROUP.replace(old, new).replace(
        "</packagelist>", "</packagelists>" if "lists" in new else "</packagelist>"
    )
    assert words in refusal(document(broken))


def test_an_option_whose_default_is_no_flag_is_refused() -> None:
    broken = ENVIRONMENT.replace("<groupid>mail", '<groupid default="ture">mail')
    assert 'line 17: groupid default="ture"' in refusal(document(GROUP, broken))
    assert parsed(GROUP, broken.replace("ture", "true")).environments


def test_a_conditional_package_comes_with_another() -> None:
    assert parsed(GROUP.replace('type="mandatory"', 'type="conditional" requires="yum"')).groups


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
    with pytest.raises(ContentError, match=r"comps\.xml: is not valid comps:") as caught:
        comps.parse_comps(text, Path("comps.xml"))
    assert len(str(caught.value)) < 1000


def test_the_comps_of_centos_7_itself_passes_with_its_empty_groups_that_nobody_sees() -> None:
    text = read_file_text(corpus_dir() / "trees/centos7-comps/c7-x86_64-comps.xml")
    assert "conflicts-client" in comps.check_comps(text, FILE, (), ["*"]).groups
