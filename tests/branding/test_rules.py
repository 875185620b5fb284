# SPDX-License-Identifier: GPL-3.0-or-later
"""test_rules"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from smedoit.bases.known import BASES
from smedoit.branding.render import menu_labels
from smedoit.branding.rules import Branding, find_unrendered_words
from smedoit.config.branding import BrandingRule
from smedoit.config.schema import InvalidValueError
from smedoit.errors import ContentError
from smedoit.sample.menus import menu_texts
from tests.harness.nouns import identity

RC = identity()
VERSIONED = BrandingRule(("product/etc/koozali.conf",), "ini", "release", {"version": "{version}", "state": "{label}"})

GOLDEN: dict[str, tuple[BrandingRule, str, str]] = {
    "an ini key is set in place": (
        VERSIONED,
        "[release]\nversion = 10.0\nstate=x\n",
        "[release]\nversion=10.1\nstate=rc2\n",
    ),
    "an ini key that is missing is added": (VERSIONED, "[release]\n", "[release]\nstate=rc2\nversion=10.1\n"),
    "a shell variable keeps its quotes": (
        BrandingRule(("x",), "shell", values={"VERSION": "{display}"}),
        "VERSION='10.0'\nOTHER=1\n",
        "VERSION='10.1rc2'\nOTHER=1\n",
    ),
    "a shell variable that is missing is added": (
        BrandingRule(("x",), "shell", values={"A": "{major}"}),
        "B=1",
        'B=1\nA="10"\n',
    ),
    "a template knows both spellings": (
        BrandingRule(("x",), "template"),
        "{product} {title}, REPLACE_FULL of {date}; {else} stays",
        "Koozali SME Server 10.1 RC2, 10.1.rc2 of 2026-11-01; {else} stays",
    ),
    "a text names the release": (BrandingRule(("x",), "text"), "SME Server 10.0", "SME Server 10.1 RC2"),
    "a CPE name follows": (BrandingRule(("x",), "cpe"), "cpe:/o:koozali:sme:10.0", "cpe:/o:koozali:sme:10.1:rc2"),
    "keep keeps": (BrandingRule(("x",), "keep"), "SME Server 10.0", "SME Server 10.0"),
}


@pytest.mark.parametrize(("rule", "text", "wanted"), GOLDEN.values(), ids=GOLDEN)
def test_each_kind_renders_what_it_says(rule: BrandingRule, text: str, wanted: str) -> None:
    assert Branding(RC, (rule,)).render(rule.files[0], text) == wanted


def test_release_toml_s_own_rule_comes_before_the_usual_one() -> None:
    own = (BrandingRule(("product/etc/*-release",), "keep"),)
    assert Branding(RC, own).render("product/etc/centos-release", "SME Server 10.0") == "SME Server 10.0"


def test_a_file_without_a_rule_stays_as_it_is() -> None:
    assert Branding(RC).render("GPL", "SME Server 10.0") == "SME Server 10.0"


def test_the_template_of_media_repo_is_rendered_as_the_mirrors_of_sme_11_have_it() -> None:
    text = "[InstallMedia]\nname=Koozali SME Server REPLACE_DISTVERS\ngpgcheck=0\n"
    wanted = "[InstallMedia]\nname=Koozali SME Server 10.1rc2\ngpgcheck=0\n"
    assert Branding(RC).render("template/media.repo", text) == wanted
    assert Branding(RC, fills=False).render("template/media.repo", text) == text
    with pytest.raises(ContentError, match=r"^template/media.repo: REPLACE_FOO is no placeholder, no release renders"):
        Branding(RC).render("template/media.repo", "REPLACE_FOO")


def test_words_that_no_rule_rendered_are_found_and_those_of_others_told_apart() -> None:
    text = "a\nREPLACE_DISTVERS and REPLACE_ME_NOT\nIRREPLACE_VERSION\n"
    assert [*find_unrendered_words(text, RC)] == [(2, "REPLACE_DISTVERS", True), (2, "REPLACE_ME_NOT", False)]


@pytest.mark.parametrize("word", ["{versoin}", "REPLACE_VERSON", "REPLACE_NOTHING"])
def test_a_misspelt_placeholder_is_refused_with_what_there_is(word: str) -> None:
    with pytest.raises(ContentError, match="is no placeholder"):
        Branding(RC, (BrandingRule(("x",), "template"),)).render("x", f"a {word} b")


REFUSED: dict[str, tuple[Sequence[str], str, str]] = {
    "no file": ((), "text", ""),
    "an unknown kind": (("x",), "xml", ""),
    "an ini rule without its section": (("x",), "ini", ""),
}


@pytest.mark.parametrize(("files", "kind", "section"), REFUSED.values(), ids=REFUSED)
def test_a_rule_that_cannot_work_is_refused(files: Sequence[str], kind: str, section: str) -> None:
    with pytest.raises(InvalidValueError):
        BrandingRule(tuple(files), kind, section)


@pytest.mark.parametrize("base", BASES)
def test_the_boot_menus_of_each_base_are_rendered_in_the_language_of_their_loader(base: str) -> None:
    branding = Branding(identity(base=base))
    volume = branding.identity.volume
    for path, text in menu_texts(branding.identity.built_on).items():
        rendered = branding.render(path, text)
        assert "10.0" not in rendered.replace("releases/10", "")
        if "stage2" in text:
            assert menu_labels(rendered) == {volume}


def test_a_menu_of_grub_at_a_place_where_the_base_has_none_is_a_plain_file() -> None:
    assert Branding(identity(base="el10")).find_rule("boot/grub2/grub.cfg")
    assert not Branding(identity(base="el9")).find_rule("boot/grub2/grub.cfg")
