# SPDX-License-Identifier: GPL-3.0-or-later
"""test_faults"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.config.release import Release
from smedoit.config.tables import find_faults
from smedoit.config.toml import TomlError, parse_toml
from smedoit.errors import ConfigError
from tests.config.test_release import SMALLEST, load

SAMPLE = Path(__file__).parents[2] / "release.toml"
PLACE = re.compile(r"release\.toml:(\d+):(\d+): ")
# what stands in our release.toml, what is planted instead, where the report must point, and what it must say
PLANTED = [
    ('short = "SME"', "short = 5", "5", "[release] short = 5 is not a string"),
    ('label = "rc2"', 'label = "gamma2"', '"gamma2"', 'label = "gamma2": use "" for a final release'),
    ('name = "smeupdates"\n', 'name = "smeupdates"\nstaged = true\n', "staged", "did you mean stage?"),
    ("mirror = true", 'mirror = true\npromote_to = "smeupdate"', '"smeupdate"', "is no tier; did you mean smeupdates?"),
    ('"48b7bc187a21c87aca69dfe167f25a768b63564a"', '"48b7bc"', '"48b7bc"', "a fingerprint is 40 hexadecimal digits"),
    ("several = { kernel = 2 }", "several = { kernel = 0 }", "0 }", "several.kernel = 0: keep at least one version"),
    ('final = "fail"', 'final = "wran"', '"wran"', "use one of fail, warn; did you mean warn?"),
    ('reason = "upstream verified what upstream signed"', 'reason = ""', '""', "[[quality.waived]] 1 reason"),
    ('place = "locale"', 'place = "locales"', '"locales"', "use one of locale, updates; did you mean locale?"),
    ("[publish]", "[publsh]", "publsh", "[publsh]: there is no such table; did you mean [publish]?"),
    ('expect = ["practice installer: done"]', 'expect = ["a", ""]', '""]', "an empty text proves nothing"),
    ('urls = ["https://mirror.example.invalid/releases/{place}"', 'urls = ["ftp://a/{place}", "http://h/{plaec}"',
     '"http://h/{plaec}"', "'plaec' is no placeholder"),
]  # fmt: skip


def planted(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """Return a text with all faults, and line, column and words of each."""
    for old, new, _, _ in PLANTED:
        assert text.count(old) == 1 or old in ('short = "SME"', "[publish]"), old
        text = text.replace(old, new, 1)
    places = []
    for _, new, sought, words in PLANTED:
        at = text.index(new) + new.index(sought)
        places.append((text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), words))
    return text, places


def refusal(directory: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(directory, text)
    return str(caught.value)


def test_twelve_faults_in_twelve_places_are_told_in_one_report_each_with_line_and_column(tmp_path: Path) -> None:
    text, places = planted(SAMPLE.read_text("utf-8"))
    said = refusal(tmp_path, text)
    assert said.splitlines()[0] == f"{tmp_path / 'release.toml'}: 12 faults"
    lines = [line for line in said.splitlines() if PLACE.search(line)]
    found = [tuple(map(int, match.groups())) for match in map(PLACE.search, lines) if match]
    assert found == sorted((line, column) for line, column, _ in places)
    for line, column, words in places:
        [told] = [text for text in lines if f"release.toml:{line}:{column}: " in text]
        assert words in told


def test_what_is_mended_after_the_first_round_loads(tmp_path: Path) -> None:
    text, _ = planted(SAMPLE.read_text("utf-8"))
    for old, new, _, _ in reversed(PLANTED):
        text = text.replace(new, old, 1)
    assert load(tmp_path, text).release.full == "10.1.rc2"


def told(directory: Path, text: str) -> list[str]:
    """Return the faults of a file without their places."""
    said = refusal(directory, text).splitlines()
    return [PLACE.sub("", line.strip()) for line in said if PLACE.search(line)]


def test_the_tables_that_must_be_there_are_named_together(tmp_path: Path) -> None:
    text = SMALLEST.replace('[content]\npath = "content"\n', "").replace('[[keys]]\nfile = "key"\n', "")
    text = re.sub(r'fingerprint = ".*"\n', "", text)
    [fault] = told(tmp_path, text)
    assert "there are no tables [[keys]] and [content]" in fault


def test_the_keys_that_a_table_must_have_are_named_together(tmp_path: Path) -> None:
    text = SMALLEST.replace('short = "SME"\nname = "smeserver"\n', "")
    assert re.search(
        r"\.toml:1:2: \[release\] does not say its short and name\n  hint: add a line", refusal(tmp_path, text)
    )


def test_an_empty_file_is_told_by_its_tables_alone(tmp_path: Path) -> None:
    assert "there are no tables [release], [[tiers]], [[keys]], [content], [boot_set] and [translations]" in refusal(
        tmp_path, "# nothing yet\n"
    )


def test_one_fault_is_not_told_twice_by_what_depends_on_it(tmp_path: Path) -> None:
    for old, new, words in [
        ('version = "10.1"', 'version = "x.y"', "a version is digits"),
        ("major = 10", 'major = "10"', "is not a whole number"),
        ('short = "SME"', 'short = "S/E"', "use letters"),
        ('short = "SME"', 'shrt = "SME"', "did you mean short?"),
        ('name = "smeos"', "name = 5", "is not a string"),
        ('path = "smeos"', 'path = "smeos"\nstage = "no"\npromote_to = "smeos"', "is not true or false"),
        ('file = "key"', "", "does not say its file"),
    ]:
        said = refusal(tmp_path, SMALLEST.replace(old, new, 1))
        assert words in said
        assert len(PLACE.findall(said)) == (2 if "promote_to" in new else 1), said


def test_faults_across_tables_are_told_beside_those_within(tmp_path: Path) -> None:
    text = SMALLEST.replace('path = "smeos"', 'path = "smeos"\npromote_to = "smeso"') + (
        '[network]\ntries = 0\ndelay = -1\n[excluded]\nkernel = "x"\nbash = ""\n[packages]\nmultilib = ["kernel"]\n'
        '[promotion]\nrecords = "repo/records"\n[groups]\ncomps = "../comps.xml"\n[mock]\ntiers = ["smeos", "smeoss"]\n'
    )
    said = refusal(tmp_path, text)
    for words in (
        "smeos is promoted to smeso, which is no tier; did you mean smeos?",
        "tries = 0: it must be at least 1",
        "delay = -1: it cannot be negative",
        '[excluded] kernel = "x": takes away kernel',
        '[excluded] bash = "": say why it is excluded',
        "lies in [publish] target",
        "leads out of the content tree",
        '[mock] tiers = "smeoss": smeoss is no tier; did you mean smeos?',
    ):
        assert words in said
    assert ": 8 faults" in said


TIER = 'path = "smeos"'


@pytest.mark.parametrize(
    ("base", "repositories", "tier", "words"),
    [
        ("el8", "", "Appstream", "no repository Appstream; did you mean AppStream?; there are BaseOS and AppStream"),
        ("el7", "", "AppStream", "no repository AppStream; there is only one, at its top: leave repository out"),
        (
            "el9",
            '["."]',
            "AppStream",
            "only one, at its top: leave repository out, or repositories out of [release] for BaseOS and AppStream",
        ),
        ("el7", '["BaseOS"]', "", 'use ["."] for one repository at the top of the medium'),
        ("el8", '["AppStream"]', "", "at the top of the medium, or leave it out for BaseOS and AppStream"),
    ],
)
def test_a_repository_that_the_base_does_not_have_is_refused(
    tmp_path: Path, base: str, repositories: str, tier: str, words: str
) -> None:
    text = SMALLEST.replace("major = 10", f'major = 10\nbase = "{base}"')
    text = text.replace("major = 10", f"major = 10\nrepositories = {repositories}") if repositories else text
    text = text.replace(TIER, f'{TIER}\nrepository = "{tier}"') if tier else text
    assert words in refusal(tmp_path, text)


def test_a_release_has_the_repositories_of_its_base_or_one_that_it_asks_for(tmp_path: Path) -> None:
    newer = SMALLEST.replace("major = 10", 'major = 10\nbase = "el10"')
    text = newer.replace(TIER, f'{TIER}\nrepository = "AppStream"')
    assert load(tmp_path, text).release.repository_places == ("BaseOS", "AppStream")
    flat = SMALLEST.replace("major = 10", 'major = 10\nbase = "el10"\nrepositories = ["."]')
    assert load(tmp_path, flat).release.repository_places == ("",)
    assert load(tmp_path, SMALLEST).release.repository_places == ("",)


def test_retirements_that_go_in_a_circle_are_told_once_each(tmp_path: Path) -> None:
    circle = '[retired.a]\nreason = "x"\nreplaced_by = "b"\n[retired.b]\nreason = "x"\nreplaced_by = "a"\n'
    assert len(told(tmp_path, SMALLEST + circle)) == 2


def test_a_key_in_the_wrong_table_says_where_it_belongs(tmp_path: Path) -> None:
    said = refusal(tmp_path, SMALLEST + "offline = true\n")
    assert '[translations] has no key "offline"' in said
    assert "offline belongs to [network]" in said


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ('[release]\nlabel = rc2\n', "2:9", 'a text stands in "quotes"'),
        ('[release]\nlabel = "rc2\n', "2:13", "close the quotes"),
        ('[release]\nlabel "rc2"\n', "2:7", "write KEY = VALUE"),
        ('[release]\na = 1\na = 2\n', "3:6", "stands there twice"),
        ('[release]\n[content]\n[release]\n', "3:9", "stands there twice"),
        ('a = ["x" "y"]\n', "1:10", "close the list with ]"),
        ('a = "x" b = "y"\n', "1:9", "one line has one KEY = VALUE"),
        ('a = "C:\\new\\x"\n', "1:14", "write \\\\ for a backslash"),
        ('[release\na = 1\n', "1:9", "close the heading"),
        ('a = [1,\n', "1:8", "close what was opened"),
        ('# ü\nü = 1\n', "2:1", "KEY stands in quotes"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_toml_names_line_column_and_what_to_do(
    tmp_path: Path, text: str, place: str, hint: str
) -> None:
    said = refusal(tmp_path, text)
    assert f"release.toml:{place}: is not TOML" in said
    assert hint in said


def test_a_start_without_faults_looks_for_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smedoit.config.positions.locate_keys", lambda _text: pytest.fail("nothing is wrong"))
    assert load(tmp_path, SMALLEST).release.full == "10.1"


def broken(*changes: tuple[str, str]) -> str:
    text = SMALLEST
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_lines_that_are_no_toml_are_told_together_with_all_that_is_wrong_with_the_rest(tmp_path: Path) -> None:
    text = broken(
        ('product = "Koozali SME Server"', "product = Koozali SME Server"),
        ('short = "SME"', 'short "SME"'),
        ("major = 10", 'major = "10"'),
        ('name = "smeos"', 'name = "smeos'),
        ('path = "boot"', 'path = "boot"\npath = "boot"'),
    )
    said = refusal(tmp_path, text + "[network]\ntries = 0\n")
    assert [tuple(map(int, match.groups())) for match in PLACE.finditer(said)] == [
        (2, 11), (3, 7), (5, 9), (10, 14), (19, 14), (23, 9),
    ]  # fmt: skip
    assert said.count("is not TOML") == 4
    assert "[release] major" in said
    assert "[network] tries = 0: it must be at least 1" in said


def test_a_lost_heading_makes_nobody_say_that_tables_are_missing(tmp_path: Path) -> None:
    text = broken(("[content]", "[content"), ('path = "smeos"', 'path = "smeos"\nstage = "no"\npromote_to = "smeso"'))
    said = refusal(tmp_path, text)
    assert len(PLACE.findall(said)) == 2
    assert "close the heading" in said
    assert 'stage = "no" is not true or false' in said


@pytest.mark.parametrize(
    "changes",
    [
        (('short = "SME"', 'aliases = ["SME"'),),
        (('short = "SME"', 'short = """SME'),),
        (("[content]", 'x = { a = 1,\n[content]'),),
    ],
)  # fmt: skip
def test_what_is_open_over_many_lines_is_told_once_and_nothing_after_it(
    tmp_path: Path, changes: tuple[tuple[str, str], ...]
) -> None:
    said = refusal(tmp_path, broken(*changes))
    assert len(PLACE.findall(said)) == 1
    assert "is not TOML" in said


ODD = ["", "[", "[[", "]", '"', "'", "=", "{", "x", '"""', "\\", "\x00", ".", ","]


@given(st.integers(1, 21), st.sampled_from(ODD), st.booleans())
def test_whatever_is_wrong_in_a_line_the_first_fault_is_where_the_parser_sees_it(
    tmp_path_factory: pytest.TempPathFactory, number: int, odd: str, at_end: bool
) -> None:
    lines = SMALLEST.split("\n")
    lines[number - 1] = lines[number - 1] + odd if at_end else odd + lines[number - 1]
    text, file = "\n".join(lines), tmp_path_factory.getbasetemp() / "faults.toml"
    faults = find_faults(Release, text, file, {"file": file})
    try:
        parse_toml(text, file)
    except TomlError as error:
        assert (error.line, error.column) in [(line, column) for line, column, _ in faults]
        assert len(faults) == 1 or error.line <= number + 1
