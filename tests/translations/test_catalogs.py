# SPDX-License-Identifier: GPL-3.0-or-later
"""test_catalogs"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.errors import ContentError
from smedoit.sample.translations import MESSAGES, encode_mo, practice_catalog
from smedoit.translations import catalogs
from smedoit.translations.catalogs import Catalog, CatalogChanges
from tests.harness.tools import need, read_with

DE = "de/LC_MESSAGES/anaconda.mo"


def test_a_catalogue_tells_its_language_and_how_much_it_translates() -> None:
    assert catalogs.parse_catalog(DE, practice_catalog("de")) == Catalog("de", len(MESSAGES))


def test_msgfmts_own_output_is_counted_without_its_header_and_what_is_untranslated(tmp_path: Path) -> None:
    need("msgfmt")
    po = tmp_path / "de.po"
    po.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
        'msgid "one"\nmsgstr "eins"\n\nmsgid "two"\nmsgstr ""\n\n#, fuzzy\nmsgid "three"\nmsgstr "vier"\n\n'
        'msgid "%d file"\nmsgid_plural "%d files"\nmsgstr[0] "%d Datei"\nmsgstr[1] "%d Dateien"\n'
    )
    read_with("msgfmt", "-o", tmp_path / "de.mo", po)
    assert catalogs.parse_catalog(DE, (tmp_path / "de.mo").read_bytes()).messages == 2


@pytest.mark.parametrize("cut", [0, 3, 4, 20, 28, 60, 200, -1])
def test_a_catalogue_that_is_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(ContentError):
        catalogs.parse_catalog(DE, practice_catalog("de")[:cut])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>not found</html>",
        bytes(100),
        practice_catalog("de").replace(b"UTF-8", b"UTF-0"),
        b"\xde\x12\x04\x95" * 9,
    ],
)
def test_what_is_no_catalogue_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(ContentError, match="not a catalog that gettext can load"):
        catalogs.parse_catalog(DE, data)


def test_a_catalogue_without_messages_is_refused() -> None:
    with pytest.raises(ContentError, match="translates nothing"):
        catalogs.parse_catalog(DE, encode_mo({"": "Content-Type: text/plain; charset=UTF-8\n"}))


@given(st.binary(max_size=200), st.integers(0, 400))
def test_damage_is_refused_in_words_or_harmless(noise: bytes, at: int) -> None:
    good = practice_catalog("de")
    try:
        catalogs.parse_catalog(DE, good[:at] + noise + good[at + len(noise) :])
    except ContentError as error:
        assert len(str(error)) < 200


def test_completeness_is_held_against_the_most_complete() -> None:
    found = catalogs.catalog_completeness([Catalog("de", 200), Catalog("fr", 199), Catalog("xx", 1)])
    assert found == {"de": 100, "fr": 99, "xx": 0}


def test_what_was_added_changed_and_removed_is_told_with_its_completeness() -> None:
    paths = {language: f"{language}/LC_MESSAGES/anaconda.mo" for language in ("de", "es", "fr", "it")}
    changes = catalogs.compare_catalogs(
        {paths["de"]: "1", paths["es"]: "1", paths["it"]: "1"}, {paths["de"]: "2", paths["fr"]: "1", paths["it"]: "1"}
    )
    assert changes == CatalogChanges((paths["fr"],), (paths["de"],), (paths["es"],))
    said = catalogs.describe_catalog_changes(changes, {"de": 98, "fr": 7, "it": 100})
    assert said == "3 languages; added: fr 7 %; changed: de 98 %; removed: es"


def test_a_long_list_is_counted() -> None:
    many = {f"l{number:02}/LC_MESSAGES/anaconda.mo": "1" for number in range(60)}
    said = catalogs.describe_catalog_changes(catalogs.compare_catalogs({}, many), {path[:3]: 100 for path in many})
    assert said.endswith("and 48 more")


def test_nothing_changed_is_said_so() -> None:
    assert (
        catalogs.describe_catalog_changes(catalogs.compare_catalogs({DE: "1"}, {DE: "1"}), {"de": 100})
        == "1 languages; none changed"
    )
