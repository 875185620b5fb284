# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated parts of the handbook: what is said of settings and tasks comes from them, or the build fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from handbook import bases, settings, tasks
from handbook.words import HandbookError, escaped

from smedoit.bases.known import BASES

ROOT = Path(__file__).parents[2]


@dataclass
class Entry:
    """One [[disk.entries]] entry: a file.

    name  what it is called,
          in words
    """

    name: str


@dataclass
class Disk:
    """The [disk] table: where files lie.

    A paragraph of
    two lines.

    size     bytes
    a, b     both mean the same
    """

    size: int = 1
    a: str = ""
    b: tuple[str, ...] = ("x",)
    entries: tuple[Entry, ...] = ()


@dataclass
class Good:
    """All of it.

    reasons  name -> why
    """

    file: Path
    disk: Disk
    again: Entry
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Silent:
    """The [disk] table: where files lie.

    sise  bytes
    """

    size: int = 1


@dataclass
class Bad:
    """All of it."""

    disk: Silent
    reasons: Mapping[str, str] = field(default_factory=dict)


def test_tables_are_found_by_walking_the_fields_of_the_release() -> None:
    sections = settings.walk_release(Good)
    assert [one.heading for one in sections] == ["[disk]", "[[disk.entries]]", "[again]", "[reasons]"]


def test_a_key_has_its_type_its_default_and_its_meaning() -> None:
    disk = settings.walk_release(Good)[0]
    assert disk.doc.paragraphs == ("A paragraph of two lines.",)
    assert [(one.name, one.kind, one.default, one.meaning) for one in disk.keys] == [
        ("size", "whole number", "default `1`", "bytes"),
        ("a", "string", "optional", "both mean the same"),
        ("b", "array of strings", 'default `["x"]`', "both mean the same"),
        ("entries", "array of tables", "optional", "A file"),
    ]


def test_a_meaning_may_go_on_in_indented_lines() -> None:
    entries = settings.walk_release(Good)[1]
    assert entries.keys[0].meaning == "what it is called, in words"


def test_keys_without_an_explanation_and_explanations_without_a_key_are_all_named() -> None:
    with pytest.raises(HandbookError) as caught:
        settings.walk_release(Bad)
    said = str(caught.value)
    for words in ("Silent.size", "explains sise, which is no field", "Bad.reasons"):
        assert words in said


def test_every_key_of_release_toml_is_explained() -> None:
    assert settings.walk_release()


def test_every_task_has_a_doc_line_and_its_options_as_they_are_typed() -> None:
    found = {one.name: one for one in tasks.load_tasks(ROOT)}
    assert found["preview"].options[0].spelling == "-f, --firmware bios|uefi"
    assert "--undo" in [option.spelling for option in found["promote"].options]
    assert all(one.doc for one in found.values())


def test_every_heading_that_a_task_names_is_in_the_table_of_the_wiki_page() -> None:
    table = (ROOT / "docs/reference/wiki.md").read_text(encoding="utf-8").replace("\\", "")
    named = {heading for task in tasks.load_tasks(ROOT) for heading in task.headings}
    assert [heading for heading in sorted(named) if f"| {heading}" not in table] == []


def test_plain_text_stays_what_it_is() -> None:
    assert escaped("a_b* `c_d*` <e>") == r"a\_b\* `c_d*` \<e\>"


def test_the_table_of_bases_shows_what_differs_and_nothing_else() -> None:
    text = bases.as_markdown([*BASES.values()])
    assert "| where the installer has what a product decides | `installclasses` | `product.d` |" in text
    assert "| BIOS: which boot loader it is | `isolinux` | `isolinux` | `isolinux` | `grub` |" in text
    assert "| `python`: major and minor | `2.7` | `3.6` | `3.9` | `3.12` |" in text
    assert "UEFI: which boot loader" not in text, "it is the same for all"


def test_a_field_of_a_base_that_nobody_explains_is_refused() -> None:
    with pytest.raises(HandbookError, match=r"^Silent"):
        [*bases.walk_values([Silent()], "x: ")]
