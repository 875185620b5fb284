# SPDX-License-Identifier: GPL-3.0-or-later
"""Web pages of repositories: valid, escaped, linked, and written only where something changed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import html5lib
import pytest
import rpm_rs
from hypothesis import given
from hypothesis import strategies as st

from smedoit.branding.rules import Branding
from smedoit.package import Evr
from smedoit.repoview import render, write
from smedoit.repoview.render import ChangelogItem, PackagePage, RepositoryPackage
from smedoit.runtime import files
from smedoit.sample import groups
from smedoit.sample.packages import RecipeChange as Entry
from smedoit.sample.packages import RpmRecipe
from tests.harness.nouns import identity
from tests.harness.repositories import recipe, repository

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "<script>alert(1)</script>&\"'\x00\x1b\x7f\x85\ud800\uffff]]>"


def entry(day: str, text: str, version: str = "1-1") -> Entry:
    return Entry(date.fromisoformat(day), "Ada <ada@example.invalid>", version, text)


class Links(HTMLParser):
    """Every address that a page leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


class Repo:
    """A repository at a place, and its pages."""

    def __init__(self, place: Path, *recipes: RpmRecipe) -> None:
        self.top, self.place = place, place / "x86_64"
        repository(self.place / "RPMS", recipes)
        (place / "comps.xml").write_text(groups.practice_comps(), encoding="utf-8")

    def write(self, title: str = "smetest (x86_64)") -> str:
        cache = self.top / "cache/facts.sqlite"
        return write.write_repoview(self.place, title, self.top / "comps.xml", Branding(identity()), cache)

    @property
    def view(self) -> Path:
        return self.place / "repoview"

    def text(self, name: str) -> str:
        return (self.view / name).read_text(encoding="utf-8")

    def stamps(self) -> dict[str, files.FileStamp]:
        return {
            str(path.relative_to(self.view)): files.stamp_file(path) for path in self.view.rglob("*") if path.is_file()
        }


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    log = (entry("2021-01-01", "- first"), entry("2021-03-01", "- third", "3-1"), entry("2021-02-01", "- second"))
    return Repo(
        tmp_path,
        recipe("bash", changelog=(entry("2020-01-01", "- of an old one"),)),
        recipe("bash-1.10-1", changelog=log),
        recipe("bash-1.9-1"),
        recipe("smeserver-php"),
        recipe("0ad"),
    )


def check_links(view: Path) -> int:
    """Assert that every link of every page leads to a file, below the repository; return how many there are."""
    count = 0
    for page in view.rglob("*.html"):
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        for link in links.found:
            if not urlsplit(link).scheme:
                target = Path(os.path.normpath(page.parent / unquote(link)))
                assert target.is_file() and target.is_relative_to(view.parent), f"{page}: {link}"
                count += 1
    return count


def check_html(view: Path) -> None:
    """Assert that every page is valid HTML and the feed valid XML."""
    for page in view.rglob("*.html"):
        html5lib.HTMLParser(strict=True).parse(page.read_text(encoding="utf-8"))
    ElementTree.parse(view / "latest.xml")


# What is shown


def test_there_are_pages_of_packages_groups_and_letters(repo: Repo) -> None:
    assert repo.write() == "3 packages, 12 pages written, 0 removed"
    assert sorted(repo.stamps()) == [
        "groups/core.html",
        "groups/sme-base.html",
        "index.html",
        "latest.xml",
        "letters/0-9.html",
        "letters/B.html",
        "letters/S.html",
        "packages/0ad.html",
        "packages/bash.html",
        "packages/smeserver-php.html",
        "rpm-groups/Unspecified.html",
        "style.css",
    ]


def test_letters_stand_apart(repo: Repo) -> None:
    repo.write()
    index = (repo.view / "index.html").read_text()
    assert '">B</a> ' in index or '">B</a>\n' in index


def test_every_page_is_valid_and_every_link_leads_somewhere(repo: Repo) -> None:
    repo.write()
    check_html(repo.view)
    assert check_links(repo.view) > 50


def test_a_repository_without_packages_has_valid_pages_too(tmp_path: Path) -> None:
    empty = Repo(tmp_path)
    assert empty.write() == "0 packages, 3 pages written, 0 removed"
    check_html(empty.view)


def test_a_repository_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    gone = Repo(tmp_path)
    (gone.place / "RPMS").rmdir()
    gone.place.rmdir()
    assert gone.write().startswith("nothing to do")


def test_a_page_shows_the_changelog_newest_first(repo: Repo) -> None:
    repo.write()
    assert re.findall("- (first|second|third)", repo.text("packages/bash.html")) == ["third", "second", "first"]


def test_a_page_shows_every_version_in_rpms_order(repo: Repo) -> None:
    repo.write()
    assert re.findall(r">bash-(\S+)\.noarch\.rpm<", repo.text("packages/bash.html")) == ["1.10-1", "1.9-1", "1-1"]


def test_a_package_of_a_group_does_not_go_by_its_header(repo: Repo) -> None:
    repo.write()
    assert "bash" in repo.text("groups/core.html") and "bash" not in repo.text("rpm-groups/Unspecified.html")
    assert "SME Server 10.1 RC2 base" in repo.text("index.html")  # comps of the content tree still says 10.0


def test_packages_of_no_group_go_by_the_group_in_their_header() -> None:
    first = RepositoryPackage("d", "a", Evr(0, "1", "1"), "noarch", "", "", "", "", "System/<Base>", "", 1, 1, "a.rpm")
    [group] = render.build_site("t", "x", [first], []).groups
    assert (group.name, group.href) == ("System/<Base>", "rpm-groups/System=2F=3CBase=3E.html")


# The feed


def test_the_feed_is_atom_with_the_latest_first(repo: Repo) -> None:
    repo.write()
    feed = ElementTree.parse(repo.view / "latest.xml").getroot()
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["0ad 1-1", "bash 1.10-1", "smeserver-php 1-1"]
    for entry in (feed, *entries):
        assert entry.findtext(f"{ATOM}id", "").startswith("urn:uuid:")
        assert entry.findtext(f"{ATOM}updated") == "2021-06-01T00:00:00Z"
    assert len({entry.findtext(f"{ATOM}id") for entry in (feed, *entries)}) == 4
    for link in feed.iter(f"{ATOM}link"):
        assert (repo.view / link.attrib["href"]).is_file()


def test_the_feed_has_the_last_built_and_no_more_than_a_page_of_them() -> None:
    def built(n: int) -> RepositoryPackage:
        return RepositoryPackage(str(n), f"p{n}", Evr(0, "1", "1"), "noarch", "", "", "", "", "", "", 1, n, "f")

    latest = render.build_site("t", "x", [built(n) for n in range(99)], []).latest
    assert [package.name for package in latest] == [f"p{n}" for n in range(98, 68, -1)]


def test_the_same_repository_makes_the_same_pages(tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write()
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    other = Repo(tmp_path / "other")
    for path in sorted(repo.place.rglob("*.rpm"), reverse=True):
        files.copy_file(path, other.place / path.relative_to(repo.place))
    other.write()
    for name in repo.stamps():
        assert (other.view / name).read_bytes() == (repo.view / name).read_bytes()


# Only what changed


def test_nothing_new_writes_nothing(repo: Repo) -> None:
    repo.write()
    before = repo.stamps()
    assert repo.write() == "3 packages, 0 pages written, 0 removed"
    assert repo.stamps() == before


def test_a_new_package_writes_its_page_and_the_lists_that_name_it(repo: Repo) -> None:
    repo.write()
    before = repo.stamps()
    repository(repo.place / "RPMS", [recipe("bzip2")])
    repo.write()
    after = repo.stamps()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {
        "packages/bzip2.html",
        "letters/B.html",
        "rpm-groups/Unspecified.html",
        "index.html",
        "latest.xml",
    }


def test_a_vanished_package_takes_its_pages_with_it(repo: Repo) -> None:
    repo.write()
    [path] = repo.place.rglob("0ad*.rpm")
    path.unlink()
    assert repo.write().endswith("3 removed")  # the package, its letter, and the group of its header
    assert not {name for name in repo.stamps() if "0" in name.replace("10", "")}
    assert check_links(repo.view)


def test_a_page_that_somebody_edited_or_deleted_is_made_again(repo: Repo) -> None:
    repo.write()
    good = repo.text("packages/bash.html")
    (repo.view / "packages/bash.html").write_text("mine")
    (repo.view / "packages/0ad.html").unlink()
    (repo.view / "packages/stray.html").write_text("stray")
    assert repo.write() == "3 packages, 2 pages written, 1 removed"
    assert repo.text("packages/bash.html") == good


def test_without_its_cache_every_page_is_looked_at_and_none_rewritten(repo: Repo) -> None:
    repo.write()
    before = repo.stamps()
    for damaged in (False, True):
        (repo.top / "cache/facts.sqlite").write_text("damaged") if damaged else shutil.rmtree(repo.top / "cache")
        assert repo.write() == "3 packages, 0 pages written, 0 removed"
    assert repo.stamps() == before


def test_another_title_is_on_every_page(repo: Repo) -> None:
    repo.write()
    repo.write("another <title>")
    assert all("another &lt;title&gt;" in repo.text(name) for name in repo.stamps() if name.endswith((".html", ".xml")))


# Hostile packages


def hostile(**changes: Any) -> RepositoryPackage:
    """Return a copy all of whose texts are hostile; what reads metadata cleans them, and so does this."""
    text = render.clean_text(HOSTILE)
    return replace(
        RepositoryPackage(text, text, Evr(0, text, text), text, text, text, text, text, text, text, 5, 10**18, text),
        **changes,
    )


def test_hostile_texts_are_escaped_everywhere(tmp_path: Path) -> None:
    whole = render.build_site(
        render.clean_text(HOSTILE), "x", [hostile(), hostile(name="b")], [("<id>/..", HOSTILE, HOSTILE, ["b"])]
    )

    def changelog(package: PackagePage) -> PackagePage:
        return render.attach_changelog(
            package, [ChangelogItem(render.clean_text(HOSTILE), -(10**18), render.clean_text(HOSTILE))]
        )

    for page in render.site_pages(whole, changelog):
        assert ".." not in page.path.split("/") and not page.path.startswith("/")
        files.write_file(tmp_path / "view" / page.path, page.text())
        assert "<script" not in page.text()
    check_html(tmp_path / "view")
    assert check_links(tmp_path / "view") > 10


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "http://a b", 'http://a"b', "//evil", ""])
def test_an_address_that_is_none_of_the_web_is_no_link(url: str) -> None:
    assert hostile(url=url).link == ""


def resealed(path: Path, old: bytes, new: bytes) -> None:
    """Replace bytes in the header of an RPM, and bring its digests up to date."""
    raw = path.read_bytes()
    assert raw.count(old) == 1 and len(old) == len(new)
    package = rpm_rs.Package.from_bytes(raw.replace(old, new))
    package.clear_signatures()
    path.write_bytes(package.to_bytes())


def test_markup_and_foreign_bytes_of_a_real_package_are_shown_as_text(tmp_path: Path) -> None:
    log = (entry("2021-01-01", "- </pre><script>x</script> caf\u00e9 \u20ac"),)
    repo = Repo(tmp_path, recipe("bad", summary="<b>bold</b> & co", changelog=log))
    resealed(repo.place / "RPMS/bad-1-1.noarch.rpm", "\u00e9 \u20ac".encode(), b"\xe9 \xff\xfe..")  # Latin-1
    repo.write()
    check_html(repo.view)
    text = repo.text("packages/bad.html")
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; co" in text and "&lt;script&gt;x&lt;/script&gt; caf\u00e9" in text
    assert "<script" not in text


def test_a_package_that_no_metadata_can_describe_is_passed_over(tmp_path: Path) -> None:
    repo = Repo(tmp_path, recipe("good"), recipe("bad", changelog=(entry("2021-01-01", "- beep"),)))
    resealed(repo.place / "RPMS/bad-1-1.noarch.rpm", b"- beep", b"- \x01\x02\x03\x04")
    assert repo.write().startswith("1 packages")


@given(st.text())
def test_no_name_leads_out_of_its_directory(name: str) -> None:
    made = render.page_filename(name)
    assert re.fullmatch(r"[A-Za-z0-9+_=-][A-Za-z0-9+._=-]*\.html", made) and len(made) < 200


@given(st.lists(st.text(max_size=8), unique=True))
def test_no_two_names_share_a_page(names: list[str]) -> None:
    assert len({render.page_filename(name) for name in names}) == len(names)


def test_very_long_names_do_not_share_a_page_either() -> None:
    assert render.page_filename("a" * 5000) != render.page_filename("a" * 5001)


@given(st.text())
def test_whatever_is_cleaned_is_xml(text: str) -> None:
    from xml.sax.saxutils import escape

    ElementTree.fromstring(f"<a>{escape(render.clean_text(text))}</a>".encode())


@pytest.mark.parametrize("when", [0, 1622505600, -1, 10**18, -(10**18)])
def test_every_time_has_a_spelling(when: int) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", render.format_atom_time(when))
