# SPDX-License-Identifier: GPL-3.0-or-later
"""test_changelog"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from smedoit.rpm import changelog, header, specfile
from smedoit.runtime.files import read_file_text, write_file
from smedoit.sample import packages
from smedoit.sample.packages import RecipeChange, RpmRecipe
from tests.harness.corpus import corpus_dir

AUTHOR, TEXT = "Jürgen Groß <j@example.invalid>", "- Übersetzung geändert [SME: 5]\n- 한국어"
SPEC = f"%changelog\n* Mon Mar 01 2021 {AUTHOR} 1.0-1\n{TEXT}\n"


def written(directory: Path, changes: tuple[RecipeChange, ...]) -> Path:
    return packages.write_rpm(RpmRecipe("a", "1.0", "1", changelog=changes), directory)


def test_a_changelog_in_utf8_is_read_as_it_stands(tmp_path: Path) -> None:
    path = written(tmp_path, (RecipeChange(date(2021, 3, 1), AUTHOR, "1.0-1", TEXT),))
    [entry] = changelog.rpm_changelog(path)
    assert (entry.author, entry.text) == ("Jürgen Groß", TEXT)


def test_a_changelog_in_latin_1_keeps_its_letters_beside_one_in_utf8(tmp_path: Path) -> None:
    old, new = "J__rgen <j@example.invalid>", "J\u00fc\u00fcrgen"
    changes = (
        RecipeChange(date(2021, 3, 1), AUTHOR, "1.0-1", TEXT),
        RecipeChange(date(2020, 3, 1), old, "0.9-1", "- first [SME: 4]"),
    )
    path = written(tmp_path, changes)
    data = path.read_bytes()
    assert data.count(b"J__rgen") == 1
    write_file(path, data.replace(b"J__rgen", new.encode("latin-1")))
    first, second = changelog.rpm_changelog(path)
    assert (first.author, first.text) == ("Jürgen Groß", TEXT)
    assert (second.author, second.text) == (new, "- first [SME: 4]")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_spec_file_is_read_in_its_own_encoding(tmp_path: Path, encoding: str) -> None:
    text = SPEC if encoding == "utf-8" else SPEC.replace("\n- 한국어", "")
    write_file(tmp_path / "a.spec", text.encode(encoding))
    [entry] = specfile.spec_changelog(read_file_text(tmp_path / "a.spec"), "a.spec")
    assert entry.author == "Jürgen Groß"
    assert entry.text.startswith("- Übersetzung geändert [SME: 5]")
    entry.text.encode("utf-8")


def test_no_letter_of_a_real_package_is_lost_and_all_others_are_as_rpm_rs_reads_them() -> None:
    for path in sorted(corpus_dir().glob("rpms/**/*.rpm")):
        ours = [(entry.header, entry.time, entry.text) for entry in changelog.rpm_changelog(path)]
        assert not any("\ufffd" in name + text for name, _, text in ours), path
        if "iso8859" not in path.name:
            theirs = header.open_header(path).changelog_entries()
            assert ours == [(entry.name, int(entry.timestamp), entry.description) for entry in theirs]
