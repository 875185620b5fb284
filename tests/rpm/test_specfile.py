# SPDX-License-Identifier: GPL-3.0-or-later
"""test_specfile"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from smedoit.errors import ContentError
from smedoit.rpm import specfile
from smedoit.sample.specfile import SPEC
from tests.harness.nouns import identity
from tests.harness.tools import need, read_with

AUTHOR = "Practice Hand <practice@example.invalid>"
RC, FINAL = identity(), identity(label="", date=datetime(2026, 12, 5, tzinfo=timezone.utc))


def test_the_three_macros_are_kept_in_step() -> None:
    lines = specfile.bump_spec(SPEC, RC, AUTHOR, "x.spec").splitlines()
    assert lines[1:4] == [
        "%define version 10.1",
        "%define release 0.rc2",
        "%define displayversion %{version}rc2",
    ]


def test_a_final_release_is_release_1() -> None:
    lines = specfile.bump_spec(SPEC, FINAL, AUTHOR, "x.spec").splitlines()
    assert lines[1:4] == ["%define version 10.1", "%define release 1", "%define displayversion %{version}"]


def test_the_changelog_gets_one_entry_on_top_in_rpm_s_own_words() -> None:
    text = specfile.bump_spec(SPEC, RC, AUTHOR, "x.spec")
    top = text.partition("%changelog\n")[2].splitlines()[:3]
    assert top == [f"* Sun Nov 01 2026 {AUTHOR} 10.1-0.rc2.sme", "- Koozali SME Server 10.1 RC2", ""]


def test_nothing_else_changes() -> None:
    before, after = SPEC.splitlines(), specfile.bump_spec(SPEC, RC, AUTHOR, "x.spec").splitlines()
    assert [line for line in before if line not in after] == [
        "%define version 10.0",
        "%define release 1",
        "%define displayversion %{version}",
    ]


def test_a_spec_that_says_it_already_stays_as_it_is() -> None:
    once = specfile.bump_spec(SPEC, RC, AUTHOR, "x.spec")
    assert specfile.bump_spec(once, RC, AUTHOR, "x.spec") == once


def test_from_rc_to_final_keeps_both_entries() -> None:
    rc = specfile.bump_spec(SPEC, RC, AUTHOR, "x.spec")
    final = specfile.bump_spec(rc, FINAL, AUTHOR, "x.spec")
    assert "10.1-0.rc2.sme" in final and "* Sat Dec 05 2026" in final


@pytest.mark.parametrize("macro", ["version", "release", "displayversion"])
def test_a_spec_without_a_macro_is_refused_with_the_line_to_add(macro: str) -> None:
    with pytest.raises(ContentError, match=f"does not define {macro}"):
        specfile.bump_spec(SPEC.replace(f"%define {macro} ", f"%define x{macro} "), RC, AUTHOR, "x.spec")


def test_a_spec_without_a_changelog_is_refused() -> None:
    with pytest.raises(ContentError, match="has no %changelog"):
        specfile.bump_spec(SPEC.partition("%changelog")[0], RC, AUTHOR, "x.spec")


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("Thu Oct 32 2026", "is not a date"),
        ("Tue Nov 01 2033", "after the release date"),
    ],
)
def test_a_changelog_date_that_is_wrong_is_refused(date: str, words: str) -> None:
    with pytest.raises(ContentError, match=words):
        specfile.bump_spec(SPEC.replace("Thu Oct 01 2026", date), RC, AUTHOR, "x.spec")


def test_a_wrong_day_of_the_week_stays_as_rpm_only_warns_of_it() -> None:
    bumped = specfile.bump_spec(SPEC.replace("Thu Oct 01 2026", "Fri Oct 01 2026"), RC, AUTHOR, "x.spec")
    assert "* Fri Oct 01 2026" in bumped
    assert "10.1-0.rc2.sme" in bumped


@pytest.mark.parametrize(
    ("version", "release", "fits"),
    [
        ("10.1", "0.rc2", True),
        ("10.1", "0.rc2.el7.sme", True),
        ("10.1", "1", False),
        ("10.0", "0.rc2", False),
        ("10.1", "0.rc21", False),
    ],
)
def test_the_package_must_carry_version_and_label(version: str, release: str, fits: bool) -> None:
    assert (specfile.release_contradiction(version, release, RC) == "") is fits


# Anybody's changelog

LONG = """\
Name: anaconda
Version: 1
Release: 1
Summary: x
License: x

%description
x

%changelog
* Tue Feb 16 2021 Ada Practice <ada@example.invalid> 21.48.22.159-2.sme
- patch for product.img, 100%% ours
  in two lines

- and more [SME: 11540]

* Mon Feb  1 2021 Bob <bob@example.invalid> - 21.48.22.159-1
- import

%postun
true

%files
"""


def test_a_changelog_is_read_as_rpm_reads_it(tmp_path: Path) -> None:
    need("rpm")
    (tmp_path / "x.spec").write_text(LONG)
    template = "[%{CHANGELOGTIME}\\n%{CHANGELOGNAME}\\n%{CHANGELOGTEXT}\\n--\\n]"
    said = read_with("rpm", "-q", "--specfile", "--queryformat", template, tmp_path / "x.spec")
    ours = [f"{one.time}\n{one.header}\n{one.text}\n--\n" for one in specfile.spec_changelog(LONG, "x.spec")]
    assert "".join(ours) == said
    assert len(ours) == 2


def test_a_wrong_day_of_the_week_is_no_matter_where_upstream_wrote_it() -> None:
    [entry, _] = specfile.spec_changelog(LONG.replace("Tue Feb 16", "Wed Feb 16"), "x.spec")
    assert entry.day == "2021-02-16"


def test_a_date_that_does_not_exist_is_named() -> None:
    with pytest.raises(ContentError, match=r"x\.spec: Tue Feb 36 2021 in its changelog is not a date"):
        specfile.spec_changelog(LONG.replace("Feb 16", "Feb 36"), "x.spec")


def test_a_spec_without_a_changelog_has_none() -> None:
    assert specfile.spec_changelog("Name: x\n", "x.spec") == []
