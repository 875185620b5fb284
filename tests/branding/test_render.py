# SPDX-License-Identifier: GPL-3.0-or-later
"""test_render"""

from __future__ import annotations

import configparser
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.branding import render
from smedoit.branding.mentions import describe_prose, describe_rendering
from smedoit.branding.rules import Branding
from smedoit.config.identity import ReleaseIdentity
from smedoit.errors import ContentError
from smedoit.sample import groups, installer
from tests.harness import practice_menus as menus
from tests.harness.corpus import corpus_dir
from tests.harness.nouns import identity

FINAL, RC = identity(label=""), identity()
BLANKS = identity(label="", volume_id="{short} Server {version} {arch}")
ESCAPED = r"SME\x20Server\x2010.1\x20x86_64"
PRACTICE = {
    "Packages/base/comps.xml": groups.practice_comps(),
    "isolinux/isolinux.cfg": menus.ISOLINUX,
    "isolinux/boot.msg": menus.BOOT_MSG,
    "isolinux/help.txt": menus.HELP,
    "EFI/BOOT/grub.cfg": menus.GRUB,
    **{name: text for name, text in installer.FILES.items() if Branding(RC).find_rule(name)},
}
IDENTITIES = {"final": FINAL, "rc": RC, "blanks in the label": BLANKS}


# Prose: boot.msg, help.txt, comps, menu titles

PROSE = {
    "a version": ("Welcome to SME Server 10.0", "Welcome to SME Server 10.1 RC2"),
    "a version and its label": ("SME Server 10.0 RC1!", "SME Server 10.1 RC2!"),
    "a label without blank": ("SME Server 10.0rc1", "SME Server 10.1 RC2"),
    "a label behind a dot": ("SME Server 10.0.beta3", "SME Server 10.1 RC2"),
    "a label with a blank before its number": ("SME Server 10 alpha 5", "SME Server 10.1 RC2"),
    "the long name": ("Koozali SME Server 10.0", "Koozali SME Server 10.1 RC2"),
    "any case": ("SME SERVER 10.0 rC1", "SME SERVER 10.1 RC2"),
    "a word between": ("SME Server release 10.0", "SME Server release 10.1 RC2"),
    "another word between": ("SME Server version 9.2", "SME Server version 10.1 RC2"),
    "a v": ("SME Server v10", "SME Server 10.1 RC2"),
    "the end of a sentence": ("This is SME Server 10.0.", "This is SME Server 10.1 RC2."),
    "the end of a line": ("SME Server 10.0\nServer 10.0\n", "SME Server 10.1 RC2\nServer 10.0\n"),
    "twice": ("SME Server 10, SME Server 10", "SME Server 10.1 RC2, SME Server 10.1 RC2"),
    "the line behind a picture": ("\x18splash.lss\nSME Server 10.0", "\x18splash.lss\nSME Server 10.1 RC2"),
    "the way to it": ("Upgrade to SME Server 10.0", "Upgrade to SME Server 10.1 RC2"),
}
FALSIFIED_ONCE = {
    "where upgrades come from": "Welcome\n\nUpgrades from SME Server 9.2 and SME Server 10.0 are possible.\n",
    "a range as a title": "From SME Server 9.2 to SME Server 10.0",
    "an upgrade as a title": "Upgrades from SME Server 9.2",
    "what an old release had": "textw\nheld SME Server 8's patched files",
    "an old release's own as a title": "SME Server 8's patched files",
    "what is below the title": "SME Server\nSince SME Server 9.1 there is a new mail server: SME Server 9.1 has it.\n",
}
LEFT_ALONE = ["SME Server", "SME Server 10th birthday", "CentOS 7", "Server 10.0", "SME Server is 10 years old", ""]


@pytest.mark.parametrize(("before", "after"), PROSE.values(), ids=PROSE)
def test_a_version_behind_the_products_name_becomes_ours(before: str, after: str) -> None:
    assert render.render_title_text(before, RC) == after


@pytest.mark.parametrize("text", FALSIFIED_ONCE.values(), ids=FALSIFIED_ONCE)
def test_prose_about_other_releases_is_told_and_never_rewritten(text: str) -> None:
    assert Branding(RC).render("isolinux/boot.msg", text) == text
    assert [*describe_prose("isolinux/boot.msg", text, RC)]


def test_only_the_names_of_comps_show_the_release() -> None:
    before = "<name xml:lang='de'>SME Server 10.0</name><description>As in SME Server 9.2, {title}</description>"
    after = Branding(RC).render("Packages/base/comps.xml", before)
    assert "<name xml:lang='de'>SME Server 10.1 RC2</name><description>As in SME Server 9.2, 10.1 RC2<" in after


def test_only_titles_of_menus_show_the_release() -> None:
    help_text = "text help\n  SME Server 9.2 users: this is {title}\nendtext\n"
    found = render.render_isolinux_cfg(f"{MENU}# SME Server 10.0\n{help_text}append LABEL=x\n", RC)
    title = "menu title Welcome to SME Server 10.1 RC2\n"
    assert found == f"{title}# SME Server 10.0\n{help_text}append LABEL={RC.volume}\n"
    grub = "# SME Server 10.0\nmenuentry 'SME Server 10.0' { echo 'SME Server 10.0'\nlinuxefi LABEL=x\n}"
    assert render.render_grub_cfg(grub, RC).startswith(
        "# SME Server 10.0\nmenuentry 'SME Server 10.1 RC2' { echo 'SME Server 10.0'\n"
    )


def test_a_content_tree_that_is_written_back_keeps_its_placeholders() -> None:
    kept = Branding(RC, fills=False).render("isolinux/help.txt", "SME Server 10.0\n{title}")
    assert kept == "SME Server 10.1 RC2\n{title}"


def test_what_rendering_changed_is_told_line_by_line() -> None:
    before = "\nWelcome to SME Server 10.0\n  as in SME Server 9.2\n"
    after = Branding(RC).render("isolinux/boot.msg", before)
    assert [*describe_rendering("boot.msg", before, after)] == [
        "rendered: boot.msg, line 2: Welcome to SME Server 10.0 -> Welcome to SME Server 10.1 RC2"
    ]
    assert [*describe_prose("boot.msg", after, RC)] == ["left as it is: boot.msg, line 3: SME Server 9.2"]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_other_words_stay(text: str) -> None:
    assert render.render_title_text(text, RC) == text


def test_the_final_release_sheds_the_label() -> None:
    assert render.render_title_text("SME Server 10.1 RC2", FINAL) == "SME Server 10.1"


def test_bytes_that_are_no_utf8_survive() -> None:
    text = b"Gr\xfc\xdfe, SME Server 10.0".decode("utf-8", "surrogateescape")
    assert render.render_title_text(text, RC).encode("utf-8", "surrogateescape") == b"Gr\xfc\xdfe, SME Server 10.1 RC2"


def test_a_name_with_signs_of_its_own_is_taken_literally() -> None:
    release = identity(product="C++ (free)", aliases=())
    assert render.render_title_text("C++ (free) 9", release) == "C++ (free) 10.1 RC2"


# /etc/*release*

RELEASED = {
    "ours": ("SME Server release 10.0\n", "SME Server release 10.1rc2\n"),
    "ours with a label": ("SME Server release 10.0rc1\n", "SME Server release 10.1rc2\n"),
    "upstream's": ("CentOS Linux release 7.9.2009 (Core)\n", "CentOS Linux release 7.9.2009 (Core)\n"),
    "our CPE": ("cpe:/o:koozali:sme_server:10.0\n", "cpe:/o:koozali:sme_server:10.1:rc2\n"),
    "our CPE with an update": ("cpe:/o:koozali:sme_server:10.0:beta1\n", "cpe:/o:koozali:sme_server:10.1:rc2\n"),
    "our CPE with an edition": ("cpe:/o:koozali:sme:10:ga:server\n", "cpe:/o:koozali:sme:10.1:rc2:server\n"),
    "upstream's CPE": ("cpe:/o:centos:linux:7\n", "cpe:/o:centos:linux:7\n"),
}  # fmt: skip
OS_RELEASE = {
    "the version": ('VERSION="10.0"', 'VERSION="10.1rc2"'),
    "the version and a name": ('VERSION="10.0 (Core)"', 'VERSION="10.1rc2 (Core)"'),
    "the version of upstream": ('VERSION="7 (Core)"', 'VERSION="7 (Core)"'),
    "a major that only begins like ours": ('VERSION="101"', 'VERSION="101"'),
    "the version's number": ('VERSION_ID="10"', 'VERSION_ID="10.1"'),
    "the version's number of upstream": ('VERSION_ID="7"', 'VERSION_ID="7"'),
    "single quotes": ("VERSION_ID='10'", "VERSION_ID='10.1'"),
    "no quotes": ("VERSION_ID=10", "VERSION_ID=10.1"),
    "the pretty name": ('PRETTY_NAME="SME Server 10.0"', 'PRETTY_NAME="SME Server 10.1rc2"'),
    "the name": ('NAME="SME Server"', 'NAME="SME Server"'),
    "the CPE": ('CPE_NAME="cpe:/o:koozali:sme_server:10.0"', 'CPE_NAME="cpe:/o:koozali:sme_server:10.1:rc2"'),
    "the CPE in single quotes": ("CPE_NAME='cpe:/o:koozali:sme:10'", "CPE_NAME='cpe:/o:koozali:sme:10.1:rc2'"),
    "another key of that end": ('CENTOS_MANTISBT_PROJECT_VERSION="10"', 'CENTOS_MANTISBT_PROJECT_VERSION="10"'),
    "an empty value": ('VERSION=""', 'VERSION=""'),
}


@pytest.mark.parametrize(("before", "after"), RELEASED.values(), ids=RELEASED)
def test_a_release_file_shows_our_version_and_keeps_upstreams(before: str, after: str) -> None:
    assert render.render_release_file(before, RC) == after


def test_a_final_cpe_has_no_update() -> None:
    assert render.render_release_file("cpe:/o:koozali:sme_server:10.1:rc2", FINAL) == "cpe:/o:koozali:sme_server:10.1"


@pytest.mark.parametrize(("before", "after"), OS_RELEASE.values(), ids=OS_RELEASE)
def test_os_release_shows_our_version_line_by_line(before: str, after: str) -> None:
    assert render.render_os_release(f"ID=x\n{before}\nZ=1\n", RC) == f"ID=x\n{after}\nZ=1\n"


# isolinux.cfg and grub.cfg

MENU = "menu title Welcome to SME Server 10.0\n"


def test_the_menu_shows_the_title_and_the_label_in_every_entry() -> None:
    found = render.render_isolinux_cfg(menus.ISOLINUX, RC)
    assert "menu title Welcome to SME Server 10.1 RC2\n" in found
    assert render.menu_labels(found) == {"SME-10.1.rc2-x86_64"}
    assert found.count("LABEL=SME-10.1.rc2-x86_64 ") == menus.ISOLINUX.count("LABEL=")


def test_a_real_menu_keeps_every_line_but_those_with_the_label() -> None:
    real = (corpus_dir() / "trees/centos7.5-remaster/isolinux.cfg").read_text(encoding="utf-8")
    theirs = identity(product="Snipe-IT", aliases=())
    rendered = render.render_isolinux_cfg(real, theirs)
    changed = [(old, new) for old, new in zip(real.splitlines(), rendered.splitlines(), strict=True) if old != new]
    assert len(changed) == 2
    for old, new in changed:
        assert new == old.replace(r"LABEL=CentOS\x207\x20x86_64", "LABEL=SME-10.1.rc2-x86_64")


def test_a_real_boot_message_without_a_version_stays() -> None:
    real = (corpus_dir() / "trees/centos7.5-remaster/boot.msg").read_bytes().decode("utf-8", "surrogateescape")
    assert render.render_title_text(real, RC) == real


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"hd:LABEL=CentOS\x207\x20x86_64 quiet", "hd:LABEL=SME-10.1.rc2-x86_64 quiet"),
        (r"hd:LABEL=CentOS\x207\x20x86_64", "hd:LABEL=SME-10.1.rc2-x86_64"),
        ("hd:LABEL=A:/dir quiet", "hd:LABEL=SME-10.1.rc2-x86_64:/dir quiet"),
        ("root=live:LABEL=A rw", "root=live:LABEL=SME-10.1.rc2-x86_64 rw"),
    ],
)
def test_a_label_on_a_boot_line_becomes_ours(old: str, new: str) -> None:
    assert render.render_isolinux_cfg(f"{MENU}append inst.stage2={old}\n", RC).endswith(f"append inst.stage2={new}\n")


def test_a_label_with_blanks_is_escaped_as_udev_spells_it() -> None:
    assert render.render_isolinux_cfg(MENU + "append LABEL=x\n", BLANKS).endswith(f"LABEL={ESCAPED}\n")


def test_a_title_without_the_product_is_refused() -> None:
    with pytest.raises(ContentError, match="no menu title names Koozali SME Server or SME Server"):
        render.render_isolinux_cfg("menu title Welcome to CentOS 7\nappend LABEL=x\n", RC)


PROMPT = (
    "default linux\nprompt 1\ndisplay boot.msg\nsay SME Server 10.0\nlabel linux\n  append inst.stage2=hd:LABEL=x\n"
)


def test_isolinux_without_a_menu_needs_no_title_and_gets_the_label_and_the_version_all_the_same() -> None:
    found = render.render_isolinux_cfg(PROMPT, RC)
    assert found == PROMPT.replace("10.0", "10.1 RC2").replace("LABEL=x", "LABEL=SME-10.1.rc2-x86_64")


@pytest.mark.parametrize(
    "line", ["ui vesamenu.c32", "DEFAULT menu.c32", "menu label ^Install", "  kernel vesamenu.c32 a"]
)
def test_a_menu_without_any_title_is_refused(line: str) -> None:
    with pytest.raises(ContentError, match="no menu title names"):
        render.render_isolinux_cfg(f"{line}\n{PROMPT}", RC)


def test_a_refused_menu_says_which_of_two_it_is() -> None:
    with pytest.raises(ContentError, match=r"^netinstall/isolinux/isolinux\.cfg: no menu title names"):
        Branding(RC).render("netinstall/isolinux/isolinux.cfg", "menu title Welcome\nappend LABEL=x\n")


@pytest.mark.parametrize("name", ["isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg"])
def test_a_menu_that_was_saved_as_utf_16_is_told_by_that_name(name: str) -> None:
    saved = f"{MENU}append LABEL=x\n".encode("utf-16").decode("utf-8", "surrogateescape")
    with pytest.raises(ContentError, match=rf"^{name}: is UTF-16, or no text\n  hint: save it as plain ASCII"):
        Branding(RC).render(name, saved)


def test_a_menu_without_label_is_refused() -> None:
    with pytest.raises(ContentError, match=r"isolinux\.cfg: has no inst\.stage2=hd:LABEL="):
        render.render_isolinux_cfg(MENU + "append inst.repo=cdrom\n", RC)


def test_grub_searches_the_raw_label_and_boots_the_escaped_one() -> None:
    found = render.render_grub_cfg(menus.UPSTREAM_GRUB, BLANKS)
    assert "search --no-floppy --set=root -l 'SME Server 10.1 x86_64'\n" in found
    assert found.count(f"inst.stage2=hd:LABEL={ESCAPED} ") == 2
    assert render.menu_labels(found) == {"SME Server 10.1 x86_64"}


@pytest.mark.parametrize("label", ["'CentOS 7 x86_64'", '"CentOS 7 x86_64"', "CentOS-7"])
@pytest.mark.parametrize("option", ["-l", "--label"])
def test_grubs_search_is_found_however_it_is_spelled(option: str, label: str) -> None:
    found = render.render_grub_cfg(f"search --set=root {option} {label}\nlinuxefi x LABEL=x\n", RC)
    assert found == f"search --set=root {option} 'SME-10.1.rc2-x86_64'\nlinuxefi x LABEL=SME-10.1.rc2-x86_64\n"


def test_grubs_other_searches_stay() -> None:
    text = "search --file --set=root /.discinfo\nlinuxefi x LABEL=SME-10.1.rc2-x86_64\n"
    assert render.render_grub_cfg(text, RC) == text


def test_grub_without_label_is_refused() -> None:
    with pytest.raises(ContentError, match=r"grub\.cfg: has no inst\.stage2=hd:LABEL="):
        render.render_grub_cfg("menuentry 'x' { linuxefi /vmlinuz }", RC)


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1))
def test_an_escaped_label_is_one_word_and_comes_back(label: str) -> None:
    escaped = render.escape_label(label)
    assert re.fullmatch(r"[A-Za-z0-9#+\-.:=@_\\]+", escaped)
    if "\\" not in label:
        assert render.unescape_label(escaped) == label


# .buildstamp


def read_as_anaconda(text: str) -> configparser.ConfigParser:
    """Return .buildstamp as the ConfigParser of Python 2.7 reads it: it interpolates, and later keys win."""
    parser = configparser.ConfigParser(strict=False, inline_comment_prefixes=(";",))
    parser.read_string(text)
    return parser


def test_the_wikis_buildstamp_becomes_ours() -> None:
    assert render.render_buildstamp(installer.BUILDSTAMP, RC) == (
        "[Main]\nProduct=Koozali SME Server\nVersion=10.1rc2\nBugURL=https://bugs.koozali.org\nIsFinal=False\n"
        "UUID=202611011200.x86_64\n[Compose]\nLorax=19.6.66-1\n"
    )


def test_is_final_follows_the_label() -> None:
    assert [
        read_as_anaconda(render.render_buildstamp("[Main]\n", release)).getboolean("Main", "IsFinal")
        for release in (FINAL, RC)
    ] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[Main]\n",
        "[Main]",
        "[Main]\nVersion: 9\nPRODUCT : x\nuuid = 5",
        "[Main]\nproduct = x\nVERSION: y\nversion = z\n",
        "# why\n\n[Compose]\nVersion=1\n[Main]  \nVersion=2\nOther=3\n[Last]\nVersion=4\n",
    ],
)
def test_the_installer_reads_our_values_whatever_stood_there(text: str) -> None:
    found = read_as_anaconda(render.render_buildstamp(text, RC))
    assert found.get("Main", "Product") == "Koozali SME Server"
    assert found.get("Main", "Version") == "10.1rc2"
    assert found.get("Main", "UUID").endswith(".x86_64")


def test_other_sections_and_keys_stay() -> None:
    found = read_as_anaconda(render.render_buildstamp("[Compose]\nVersion=1\n[Main]\nOther=3\n[Last]\nVersion=4\n", RC))
    assert (found["Compose"]["Version"], found["Main"]["Other"], found["Last"]["Version"]) == ("1", "3", "4")


@pytest.mark.parametrize("label", ["", "rc2", "alpha5"])
def test_the_version_starts_with_a_digit_so_that_releasever_does(label: str) -> None:
    found = read_as_anaconda(render.render_buildstamp("[Main]\n", identity(label=label)))
    assert re.match(r"([\d.]+)", found["Main"]["Version"])


def test_without_a_bug_url_the_files_own_stays() -> None:
    assert "BugURL=https://old\n" in render.render_buildstamp("[Main]\nBugURL=https://old\n", identity(bug_url=""))


@pytest.mark.parametrize("text", ["", "Product=x\n", "[main]\n", "# [Main]\n"])
def test_a_buildstamp_without_main_is_refused(text: str) -> None:
    with pytest.raises(ContentError, match=r"product/\.buildstamp: has no \[Main\]"):
        render.render_buildstamp(text, RC)


# All rules


@pytest.mark.parametrize("release", IDENTITIES.values(), ids=IDENTITIES)
@pytest.mark.parametrize("name", PRACTICE)
def test_rendering_twice_is_rendering_once(name: str, release: ReleaseIdentity) -> None:
    once = Branding(release).render(name, PRACTICE[name])
    assert Branding(release).render(name, once) == once


@pytest.mark.parametrize("name", PRACTICE)
def test_from_one_version_to_the_next_and_back_changes_nothing_else(name: str) -> None:
    first = Branding(RC).render(name, PRACTICE[name])
    assert Branding(RC).render(name, Branding(BLANKS).render(name, first)) == first


@pytest.mark.parametrize("name", PRACTICE)
def test_no_trace_of_the_last_release_is_left(name: str) -> None:
    rendered = Branding(RC).render(name, PRACTICE[name])
    assert not re.search(r"\b10\.0\b|alpha5|RC1|CentOS\\x207", rendered)


WORDS = st.sampled_from(
    [
        "SME Server",
        "Koozali SME Server",
        " ",
        " ",
        "\n",
        "10.0",
        "10.1",
        "RC1",
        "rc2",
        ".",
        "release",
        "v",
        "9",
        "-",
        "é",
    ]
)


@given(st.lists(WORDS).map("".join), st.sampled_from([FINAL, RC]))
def test_any_prose_rendered_twice_is_rendered_once(text: str, release: ReleaseIdentity) -> None:
    for rule in (render.render_title_text, render.render_release_file, render.render_os_release):
        once = rule(text, release)
        assert rule(once, release) == once


INI = st.lists(
    st.sampled_from(["Version=1", "version : 2", "Product:", "[Last]", "# x", "", "UUID=a=b", "IsFinal=x\n y"])
)


@given(INI, INI)
def test_any_buildstamp_rendered_twice_is_rendered_once(above: list[str], below: list[str]) -> None:
    once = render.render_buildstamp("\n".join(["[First]", *above, "[Main]", *below]), RC)
    assert render.render_buildstamp(once, RC) == once


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("search --no-floppy --set=root -l 'CentOS 7 x86_64'", "search --no-floppy --set=root -l '{}'"),
        ("search -l --set=root 'CentOS 7 x86_64'", "search -l --set=root '{}'"),
        ("search --set=root --label CentOS --hint hd0", "search --set=root --label '{}' --hint hd0"),
        ('if search -l --set=root "CentOS 7"; then', "if search -l --set=root '{}'; then"),
        ("search.fs_label CentOS root", "search.fs_label '{}' root"),
        ("search --set=root -f /.discinfo", "search --set=root -f /.discinfo"),
        ('search -l --set=root "$label"', 'search -l --set=root "$label"'),
        ("# search -l 'A'", "# search -l 'A'"),
    ],
)
def test_a_search_looks_for_our_label_wherever_grub_takes_it(before: str, after: str) -> None:
    rendered = render.render_grub_cfg(f"{before}\nlinux /k inst.stage2=hd:LABEL=A\n", identity())
    assert rendered.splitlines()[0] == after.format(identity().volume)
