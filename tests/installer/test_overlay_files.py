# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the overlay images that the installer would choke on, or never read."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.config.inputs import ContentSettings
from smedoit.errors import ContentError
from smedoit.installer import overlay_files, overlays
from smedoit.installer.cpio import CpioMember
from smedoit.runtime import files
from smedoit.sample.translations import practice_catalog
from tests.harness.nouns import identity

DE = "LC_MESSAGES/anaconda.mo"
GOOD = practice_catalog("de")


def remarks(*members: tuple[str, bytes]) -> list[str]:
    return overlay_files.check_overlay_files([CpioMember(name, data) for name, data in members], "product.img")


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(ContentError) as caught:
        remarks((name, data))
    return str(caught.value)


# Translations


def test_a_translation_that_loads_at_its_place_leaves_nothing_to_say() -> None:
    assert remarks((f"usr/share/locale/de/{DE}", GOOD), ("etc/x", b"")) == []


def test_a_translation_that_gettext_cannot_load_is_refused_by_name_and_reason() -> None:
    said = refusal(f"usr/share/locale/de/{DE}", GOOD.replace(b"UTF-8", b"UTF-0"))
    assert "translations that the installer cannot read:" in said
    assert f"usr/share/locale/de/{DE} of product.img: is not a catalog that gettext can load: its charset UTF-0" in said


@pytest.mark.parametrize("top", ["po", "run/install/product/po", "run/install/updates/po/x"])
def test_translations_where_nobody_looks_are_refused(top: str) -> None:
    said = refusal(f"{top}/de/{DE}", GOOD)
    assert "translations that the installer never reads:" in said
    assert "looks for LANG/LC_MESSAGES/anaconda.mo below usr/share/locale and run/install/updates/po" in said


def test_a_translation_that_another_program_may_read_is_told() -> None:
    [said] = remarks((f"usr/share/koozali/po/de/{DE}", GOOD))
    assert said.endswith("unless a file of yours does")


def test_a_translation_is_named_by_its_file() -> None:
    member = CpioMember(f"po/de/{DE}", GOOD, origin="src/product/po/de.mo")
    with pytest.raises(ContentError, match=r"src/product/po/de\.mo: nobody reads it there"):
        overlay_files.check_overlay_files([member], "product.img")


def test_a_name_that_a_translator_renamed_is_told() -> None:
    renamed = GOOD.replace(b"WILLKOMMEN BEI %(name)s", b"WILLKOMMEN BEI %(nome)s")
    [said] = remarks((f"usr/share/locale/de/{DE}", renamed))
    assert said.endswith(
        "the translation of 'WELCOME TO %(name)s %(version)s.' asks for %(nome), which the original does not have"
    )


# Windows, styles and kickstart files


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("usr/share/anaconda/ui/x.glade", b"<interface><a></interface>", "x.glade of product.img: is no XML"),
        ("run/install/product/anaconda-gtk.css", b".a { colour: red; }", "line 1: colour is no property"),
        ("usr/share/anaconda/interactive-defaults.ks", b"auth\nfirstbot\n", "line 2: firstbot is no command"),
        ("usr/share/anaconda/post-scripts/10ks", b"%post\n", "section %post has no %end"),
        ("usr/share/anaconda/post-scripts/10.ks", b"%post\n%end", "its last line has no end"),
    ],
)
def test_what_the_installer_would_end_at_is_refused(name: str, data: bytes, words: str) -> None:
    assert words in refusal(name, data)


def test_all_faults_of_an_image_are_told_together() -> None:
    with pytest.raises(ContentError) as caught:
        remarks(("a/anaconda-gtk.css", b"{"), ("b/anaconda-gtk.css", b"}"), ("c.ks", b"x\n"))
    assert all(
        f"{name} of product.img" in str(caught.value) for name in ("a/anaconda-gtk.css", "b/anaconda-gtk.css", "c.ks")
    )


def test_defaults_that_nobody_reads_are_told() -> None:
    [said] = remarks(("run/install/product/interactive-defaults.ks", b"auth --enableshadow\n"))
    assert "nobody reads it there; interactive-defaults.ks counts as usr/share/anaconda/interactive-defaults.ks" in said


def test_what_is_included_is_read_where_it_is_included() -> None:
    head = "usr/share/anaconda/interactive-defaults.ks"
    whole = b"%packages\n%include /tmp/updates/list.ks\n%end\n"
    assert remarks((head, whole), ("run/install/updates/list.ks", b"@core\nbash\n")) == []
    with pytest.raises(ContentError, match=r"list\.ks of product\.img, line 2: a - without a name"):
        remarks((head, whole), ("run/install/updates/list.ks", b"@core\n-\n"))


def test_files_that_include_themselves_or_each_other_are_refused() -> None:
    head = "usr/share/anaconda/interactive-defaults.ks"
    assert "goes in a circle" in refusal(head, f"%include /{head}\n".encode())
    with pytest.raises(ContentError) as caught:
        remarks(("a.ks", b"%include /b.ks\n"), ("b.ks", b"%include /a.ks\nfirstbot\n"))
    assert "a.ks of product.img, line 1: %include /b.ks goes in a circle" in str(caught.value)
    assert str(caught.value).count("firstbot is no command") == 1


@pytest.fixture
def content(tmp_path: Path) -> Path:
    files.write_file(tmp_path / "content/updates/x.txt", "x")
    files.write_file(tmp_path / "po/de" / DE, GOOD)
    return tmp_path / "content"


def write_updates(content: Path) -> str:
    return overlays.write_updates_img(
        ContentSettings(content), ("po/*",), content.parent / "po", "locale", identity(), content.parent / "updates.img"
    )


def test_all_broken_translations_are_told_together_and_no_image_is_written(content: Path) -> None:
    assert write_updates(content).endswith(", 1 languages")
    (content.parent / "updates.img").unlink()
    for language in ("fr", "it"):
        files.write_file(content.parent / "po" / language / DE, GOOD[:-1])
    with pytest.raises(ContentError, match=r"po/fr/.*it is cut short\n.*po/it/.*it is cut short"):
        write_updates(content)
    assert not (content.parent / "updates.img").exists()


def test_translations_in_updates_po_are_told_to_go_into_no_image(content: Path) -> None:
    files.write_file(content / "updates/po/fr" / DE, GOOD)
    said = write_updates(content)
    assert f"updates/po/fr/{DE} goes into no image: translations come from [translations] path" in said


@pytest.mark.parametrize("relative", ["de.mo", "de/anaconda.mo", "de/LC_MESSAGES/other.mo", f"x/de/{DE}"])
def test_a_translation_that_is_not_where_its_language_belongs_is_refused(content: Path, relative: str) -> None:
    files.write_file(content.parent / "po" / relative, GOOD)
    with pytest.raises(ContentError, match=r"reads LANG/LC_MESSAGES/anaconda\.mo only, not:\n    \S+"):
        write_updates(content)


def test_a_directory_that_is_no_language_is_told(content: Path) -> None:
    files.write_file(content.parent / "po/german" / DE, GOOD)
    assert (
        f"usr/share/locale/german/{DE}: german is no language that gettext looks for: it is called de"
        in write_updates(content)
    )
