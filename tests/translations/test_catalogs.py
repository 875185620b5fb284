# SPDX-License-Identifier: GPL-3.0-or-later
"""test_catalogs"""

from __future__ import annotations

from smedoit.installer.gettext_catalog import Catalog
from smedoit.translations import catalogs
from smedoit.translations.catalogs import CatalogChanges

DE = "de/LC_MESSAGES/anaconda.mo"


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
