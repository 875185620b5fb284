# SPDX-License-Identifier: GPL-3.0-or-later
"""test_notes"""

from __future__ import annotations

import html.parser

import pytest

from smedoit.config.notes import NotesSettings
from smedoit.config.schema import InvalidValueError
from smedoit.packages.changes import (
    ChangeReport,
    InstallerChanges,
    PackageChange,
    PackageSet,
    changed_packages,
    entries_between,
    overlay_changes,
    report_changes,
)
from smedoit.release import notes_pages
from smedoit.rpm.changelog import ChangelogEntry
from tests.harness.nouns import evr, identity

DAY = 86400
SETTINGS = NotesSettings(tracker="https://bugs.example.invalid/show_bug.cgi?id={bug}")
NEW = ChangelogEntry(
    "Ann Other <ann@example.invalid> 1.2-1.sme", 20000 * DAY, "- mend the thing [SME: 12345]\n- and <that> & *more*"
)
MID = ChangelogEntry("Bob <bob@example.invalid> - 1.1-3.el7", 19990 * DAY, "- bug 777: second")
OLD = ChangelogEntry("Bob <bob@example.invalid> 1.1-2", 19000 * DAY, "- first [SME: 1]")
CHANGELOG = (NEW, MID, OLD)
BEFORE = {"alpha": evr("1.1-2.sme"), "gone": evr("1-1"), "same": evr("1-1"), "back": evr("2-1")}
AFTER = {"alpha": evr("1.2-1.sme"), "fresh": evr("3-1"), "same": evr("1-1"), "back": evr("1-9")}


def report() -> ChangeReport:
    return report_changes(
        PackageSet(BEFORE), PackageSet(AFTER, {"alpha": CHANGELOG}), {"SME base": ["alpha", "fresh"]}, SETTINGS.bugs
    )


def test_every_package_that_is_not_the_same_is_named_once_with_what_happened() -> None:
    assert changed_packages(BEFORE, AFTER) == {
        "alpha": "updated",
        "fresh": "added",
        "gone": "removed",
        "back": "downgraded",
    }


def test_only_the_entries_between_the_two_versions_are_told() -> None:
    entries, gap = entries_between(CHANGELOG, evr("1.1-2.sme"))
    assert (entries, gap) == ((NEW, MID), False)


def test_a_changelog_that_does_not_reach_back_says_so() -> None:
    assert entries_between((NEW, MID), evr("1.0-1")) == ((NEW, MID), True)


def test_an_entry_that_the_last_release_had_is_not_new_even_without_a_version() -> None:
    nameless = ChangelogEntry("Bob", MID.time, MID.text)
    assert entries_between((NEW, nameless), evr("0-1"), known=(nameless,)) == ((NEW,), False)


def test_a_package_of_the_last_release_that_is_still_at_hand_says_what_is_new() -> None:
    nameless = [ChangelogEntry("Bob", one.time, one.text) for one in CHANGELOG]
    before = PackageSet({"alpha": evr("1.1-2")}, {"alpha": nameless[1:]})
    after = PackageSet({"alpha": evr("1.2-1")}, {"alpha": nameless})
    [[one]] = report_changes(before, after, {}, ()).groups.values()
    assert (one.entries, one.gap) == ((nameless[0],), False)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("Ann <a@b.c> 1.2-1.sme", "1.2-1"),
        ("Ann <a@b.c> - 2:1.2-1.el7_9.3", "2:1.2-1"),
        ("Ann <a@b.c> [1.2-1]", "1.2-1"),
        ("Ann <a@b.c>", None),
        ("Jean-Philippe Pialasse <tests@pialasse.com>", None),
    ],
)
def test_the_version_stands_at_the_end_of_a_header(header: str, wanted: str | None) -> None:
    found = ChangelogEntry(header, 0, "").evr
    assert found == (evr(wanted) if wanted else None)


@pytest.mark.parametrize("header", ["Ann Other <ann@b.c> 1.2-1", "Ann Other <ann@b.c> - 1.2-1", "Ann Other"])
def test_the_author_is_the_name(header: str) -> None:
    assert ChangelogEntry(header, 0, "").author == "Ann Other"


def test_bugs_lead_to_the_packages_that_mend_them() -> None:
    assert report().bugs == {777: ("alpha",), 12345: ("alpha",)}


def test_packages_stand_in_the_first_group_that_lists_them_the_rest_at_the_end() -> None:
    assert {group: [one.name for one in changes] for group, changes in report().groups.items()} == {
        "SME base": ["alpha", "fresh"],
        "Other packages": ["gone", "back"],
    }


def test_readme_is_wrapped_for_the_console() -> None:
    long = ChangelogEntry("Ann <a@b.c> 1.2-1", 20000 * DAY, "- " + "word " * 60)
    made = report_changes(PackageSet(BEFORE), PackageSet(AFTER, {"alpha": (long, OLD)}), {}, ())
    assert (
        max(len(line) for line in notes_pages.format_notes_text(made, identity(), "10.0", SETTINGS).splitlines())
        <= SETTINGS.width
    )


def test_readme_says_line_by_line_what_happened() -> None:
    assert notes_pages.format_notes_text(report(), identity(), "10.0", SETTINGS).splitlines() == [
        "Koozali SME Server 10.1 RC2",
        "===========================",
        "",
        "Changes since 10.0: 1 updated, 1 added, 1 removed, 1 downgraded.",
        "",
        "SME base",
        "--------",
        "",
        "Updated packages:",
        "  alpha 1.1-2.sme -> 1.2-1.sme",
        "    2024-10-04 Ann Other",
        "      - mend the thing [SME: 12345]",
        "      - and <that> & *more*",
        "    2024-09-24 Bob",
        "      - bug 777: second",
        "",
        "New packages:",
        "  fresh 3-1",
        "",
        "Other packages",
        "--------------",
        "",
        "Packages that are gone:",
        "  gone 1-1",
        "",
        "Packages that went back to an older version:",
        "  back 2-1 -> 1-9",
        "",
        "Bugs",
        "----",
        "",
        "  777: alpha",
        "  12345: alpha",
    ]


def test_markdown_links_bugs_and_quotes_everything_else() -> None:
    made = notes_pages.format_notes_markdown(report(), identity(), "10.0", SETTINGS)
    assert "[12345](<https://bugs.example.invalid/show_bug.cgi?id=12345>)" in made
    assert r"and \<that\> \& \*more\*" in made


class Balanced(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_balanced_and_lets_no_markup_through() -> None:
    made = notes_pages.format_notes_html(report(), identity(), "10.0 <b>", SETTINGS)
    reader = Balanced()
    reader.feed(made)
    assert (reader.open, "<that>" in made, "10.0 <b>" in made) == ([], False, False)
    assert reader.links[0] == "https://bugs.example.invalid/show_bug.cgi?id=12345"


def test_bytes_that_are_no_utf_8_are_shown_not_lost() -> None:
    entry = ChangelogEntry("J\udce9r\udcf4me <j@b.c> 1.2-1", 0, "- caf\udce9\x07")
    made = notes_pages.format_notes_text(
        ChangeReport({"g": [PackageChange("updated", "a", "1", "2", (entry,))]}), identity(), "x", SETTINGS
    )
    assert r"J\xe9r\xf4me" in made and r"caf\xe9" in made and "\x07" not in made


@pytest.mark.parametrize(
    "settings",
    [
        {"anaconda": "x:1-1"},
        {"anaconda": "21.48"},
        {"tracker": "https://x/"},
        {"width": 10},
        {"bugs": ("(a)(b)",)},
        {"bugs": ("(",)},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        NotesSettings(**settings)  # type: ignore[arg-type]


# The installer

PRODUCT = {"etc/motd": b"1", "usr/share/locale/de/LC_MESSAGES/anaconda.mo": b"1", "etc/gone": b"1", "same": b"1"}
NEWER = {
    "etc/motd": b"2",
    "run/install/product/new.py": b"1",
    "same": b"1",
    "usr/share/locale/de/LC_MESSAGES/anaconda.mo": b"2",
    "usr/share/locale/fr/LC_MESSAGES/anaconda.mo": b"1",
}


def installer() -> InstallerChanges:
    files, languages = overlay_changes(PRODUCT, NEWER)
    return InstallerChanges(PackageChange("updated", "anaconda", "21-1", "21-2", (NEW,)), files, languages)


def test_files_of_the_overlay_images_come_change_and_go_and_catalogues_are_languages() -> None:
    assert overlay_changes(PRODUCT, NEWER) == (
        {"added": ["run/install/product/new.py"], "updated": ["etc/motd"], "removed": ["etc/gone"]},
        {"added": ["fr"], "updated": ["de"]},
    )


def test_an_installer_without_changes_has_no_section() -> None:
    made = report_changes(PackageSet(BEFORE), PackageSet(AFTER), {}, SETTINGS.bugs)
    for page in (notes_pages.format_notes_text, notes_pages.format_notes_markdown, notes_pages.format_notes_html):
        assert notes_pages.INSTALLER not in page(made, identity(), "10.0", SETTINGS)


def test_what_happened_to_the_installer_stands_after_the_packages() -> None:
    made = report_changes(PackageSet({}), PackageSet({}), {}, SETTINGS.bugs, installer())
    assert notes_pages.format_notes_text(made, identity(), "10.0", SETTINGS).splitlines()[3:] == [
        "Changes since 10.0: no package changed.",
        "",
        "The installer",
        "-------------",
        "",
        "  anaconda 21-1 -> 21-2",
        "    2024-10-04 Ann Other",
        "      - mend the thing [SME: 12345]",
        "      - and <that> & *more*",
        "  New files: run/install/product/new.py",
        "  Changed files: etc/motd",
        "  Files that are gone: etc/gone",
        "  New languages: fr",
        "  Changed translations: de",
        "",
        "Bugs",
        "----",
        "",
        "  12345: anaconda",
    ]


def test_the_other_forms_tell_of_the_installer_as_well() -> None:
    made = report_changes(PackageSet({}), PackageSet({}), {}, SETTINGS.bugs, installer())
    lines = notes_pages.format_notes_markdown(made, identity(), "10.0", SETTINGS).splitlines()
    assert lines[4:7] == ["## The installer", "", "- **anaconda** 21-1 → 21-2"]
    assert "- New languages: fr" in lines
    page = notes_pages.format_notes_html(made, identity(), "10.0", SETTINGS)
    assert "<h2>The installer</h2>\n<ul>\n<li><b>anaconda</b> 21-1 → 21-2" in page.replace("<ul><li>", "<ul>\n<li>")
    assert "<li>Files that are gone: etc/gone</li>" in page
