# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations as the installer reads them; a real Python 2.7, or jython, is the second reader."""

from __future__ import annotations

import base64
import json
import random
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.errors import ContentError
from smedoit.installer import gettext_catalog, languages
from smedoit.installer.gettext_catalog import Catalog
from smedoit.sample.translations import MESSAGES, encode_mo, practice_catalog
from tests.harness.python27 import run_python27
from tests.harness.tools import need, read_with

DE = "de/LC_MESSAGES/anaconda.mo"
PLURAL = "nplurals=2; plural=(n != 1);"


def catalog(
    *pairs: tuple[str, str], charset: str = "UTF-8", plural: str = PLURAL, order: str = "<", encoding: str = "utf-8"
) -> bytes:
    """Return a .mo file with a header, in either byte order."""
    header = f"Content-Type: text/plain; charset={charset}\nPlural-Forms: {plural}\n"
    return written([("", header), *(pairs or [("one", "eins"), ("two", "zwölf")])], order, encoding)


def written(pairs: Sequence[tuple[str, str]], order: str = "<", encoding: str = "utf-8") -> bytes:
    """Return a .mo file of pairs in their order."""
    tables, texts, start = [b"", b""], b"", 28 + 16 * len(pairs)
    for column in (0, 1):
        for pair in pairs:
            data = pair[column].encode(encoding)
            tables[column] += struct.pack(f"{order}II", len(data), start + len(texts))
            texts += data + b"\0"
    head = struct.pack(f"{order}7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 28)
    return head + tables[0] + tables[1] + texts


def refusal(data: bytes) -> str:
    try:
        gettext_catalog.parse_catalog(DE, data)
    except ContentError as error:
        return str(error)
    return ""


def test_a_catalogue_tells_its_language_and_how_much_it_translates() -> None:
    assert gettext_catalog.parse_catalog(DE, practice_catalog("de")) == Catalog("de", len(MESSAGES))


def test_msgfmts_own_output_is_counted_without_its_header_and_what_is_untranslated(tmp_path: Path) -> None:
    need("msgfmt")
    po = tmp_path / "de.po"
    po.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
        'msgid "one"\nmsgstr "eins"\n\nmsgid "two"\nmsgstr ""\n\n#, fuzzy\nmsgid "three"\nmsgstr "vier"\n\n'
        'msgid "%d file"\nmsgid_plural "%d files"\nmsgstr[0] "%d Datei"\nmsgstr[1] "%d Dateien"\n'
    )
    read_with("msgfmt", "-o", tmp_path / "de.mo", po)
    assert gettext_catalog.parse_catalog(DE, (tmp_path / "de.mo").read_bytes()).messages == 2


@pytest.mark.parametrize("cut", [0, 3, 4, 20, 28, 60, 200, -1])
def test_a_catalogue_that_is_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(ContentError):
        gettext_catalog.parse_catalog(DE, practice_catalog("de")[:cut])


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
        gettext_catalog.parse_catalog(DE, data)


def test_a_catalogue_without_messages_is_refused() -> None:
    with pytest.raises(ContentError, match="translates nothing"):
        gettext_catalog.parse_catalog(DE, encode_mo({"": "Content-Type: text/plain; charset=UTF-8\n"}))


@given(st.binary(max_size=200), st.integers(0, 400))
def test_damage_is_refused_in_words_or_harmless(noise: bytes, at: int) -> None:
    good = practice_catalog("de")
    try:
        gettext_catalog.parse_catalog(DE, good[:at] + noise + good[at + len(noise) :])
    except ContentError as error:
        assert len(str(error)) < 200


# Each by the rule of its reader


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_catalogue_of_either_byte_order_is_one(order: str) -> None:
    assert gettext_catalog.parse_catalog(DE, catalog(order=order)).messages == 2


GOOD = {
    "latin-1, as it says": catalog(charset="ISO-8859-1", encoding="latin-1"),
    "latin-1, in its header too": written(
        [("", "Last-Translator: Jürgen\nContent-Type: text/plain; charset=ISO-8859-1\n"), ("a", "ü")], "<", "latin-1"
    ),
    "no charset, and no letters": written([("", "Language: de\n"), ("a", "b")]),
    "no header at all": written([("a", "b")]),
    "a plural": catalog(("%d file\0%d files", "%d Datei\0%d Dateien")),
    "polish": catalog(plural="nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"),
    "arabic": catalog(
        plural="nplurals=6; plural= n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;"
    ),
    "japanese": catalog(plural="nplurals=1; plural=0;", charset="EUC-JP", encoding="euc-jp"),
    "a folded header": written([("", "Content-Type: text/plain; charset=UTF-8\nX:\n more\n#-#-#\n"), ("a", "ü")]),
}
BAD = {
    "its charset UTF-0 is unknown": catalog(charset="UTF-0"),
    "its charset CHARSET is unknown": catalog(charset="CHARSET"),
    "its charset  is unknown": catalog(charset=""),
    "its Content-Type is 'text/plain'": written([("", "Content-Type: text/plain\n"), ("a", "b")]),
    "letters of message 'two' are no UTF-8": catalog(encoding="latin-1"),
    "letters of message 'two' have no charset": written([("", "Language: de\n"), ("two", "zwölf")]),
    "more than one plural": catalog(("a\0b\0c", "d\0e")),
    "its plural rule 'n !' is none": catalog(plural="nplurals=2; plural=n !;"),
    "its plural rule '(n != 1' is none": catalog(plural="nplurals=2; plural=(n != 1;"),
    "its plural rule 'import os' is none": catalog(plural="nplurals=2; plural=import os;"),
    "its Plural-Forms are 'nplurals=INTEGER": catalog(plural="nplurals=INTEGER; plural=EXPRESSION;"),
    "its Plural-Forms are 'nplurals=2'": catalog(plural="nplurals=2"),
    "its Plural-Forms are 'nplurals=2; plural = 0": catalog(plural="nplurals=2; plural = 0;"),
    "its plural rule cannot be computed for 0": catalog(plural="nplurals=2; plural=1/n;"),
    "its plural rule gives form 2 for 2": catalog(plural="nplurals=2; plural=n;"),
    "its messages are not sorted, 'a' stands too late": catalog(("b", "c"), ("a", "d")),
    "revision 2": catalog()[:4] + struct.pack("<I", 2 << 16) + catalog()[8:],
    "it is cut short": catalog()[:-1],
    "it does not begin as a .mo file does": b'msgid ""\nmsgstr "a .po file"\n',
}


@pytest.mark.parametrize("name", GOOD)
def test_what_gettext_takes_passes(name: str) -> None:
    assert refusal(GOOD[name]) == ""


@pytest.mark.parametrize("words", BAD)
def test_what_gettext_would_refuse_or_never_find_is_refused(words: str) -> None:
    assert words in refusal(BAD[words])


JUDGE = """
import base64, gettext, json, sys
from StringIO import StringIO
for text in json.loads(sys.stdin.read()):
    try:
        found = gettext.GNUTranslations(StringIO(base64.b64decode(text)))
        for number in range(9):
            found.ungettext("%d file", "%d files", number)
            assert found.plural(number) >= 0
        for original, translated in found._catalog.items():
            unicode(translated), unicode(original[0] if isinstance(original, tuple) else original)
        print(1)
    except Exception:
        print(0)
"""
STRICTER = (
    "not sorted",
    "revision",
    "translates nothing",
    "gives form",
    "not nplurals=N",
)  # the C library's rules, and sense


@pytest.mark.parametrize("times", [3, pytest.param(60, marks=pytest.mark.exhaustive)])
def test_a_real_python_2_7_loads_the_same(times: int) -> None:
    chance = random.Random(14)
    tried = [*GOOD.values(), *BAD.values()]
    for good in list(tried):
        for _ in range(times):
            at, data = chance.randrange(len(good)), bytearray(good)
            data[at] = chance.randrange(256)
            tried.append(bytes(data[: chance.choice([len(data), len(data), at])]))
    said = run_python27(JUDGE, json.dumps([base64.b64encode(data).decode() for data in tried]))
    pairs = [(refusal(data), verdict == "1", data) for data, verdict in zip(tried, said.split(), strict=True)]
    assert [pair for pair in pairs if not pair[0] and not pair[1]] == [], "we take what it refuses"
    refused = [pair for pair in pairs if pair[0] and pair[1] and not any(word in pair[0] for word in STRICTER)]
    assert refused == [], "we refuse what it takes"


# Languages


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("de_de", "de_DE"),
        ("german", "de"),
        ("pt-br", "pt_BR"),
        ("zh_cn", "zh_CN"),
        ("SR@latin", "sr@latin"),
        ("xx", ""),
    ],
)
def test_a_name_that_is_no_language_is_told_with_what_was_meant(name: str, meant: str) -> None:
    said = languages.language_remark(name)
    assert said.startswith(f"{name} is no language that gettext looks for")
    assert said.endswith(f": it is called {meant}" if meant else "for")


@pytest.mark.parametrize("name", ["de", "de_AT", "sr@latin", "ca@valencia", "ilo", "zh_TW", "de_DE.UTF-8"])
def test_a_language_of_the_world_leaves_nothing_to_say(name: str) -> None:
    assert languages.language_remark(name) == ""


def test_every_language_of_the_installer_itself_is_known() -> None:
    assert [name for name in languages.INSTALLER_LANGUAGES.split() if languages.language_remark(name)] == []


def test_every_language_that_babel_knows_is_known() -> None:
    localedata = pytest.importorskip("babel.localedata")
    known = {name.split("_")[0] for name in localedata.locale_identifiers()}
    assert [name for name in sorted(known) if languages.language_remark(name)] == []


def test_every_locale_of_glibc_is_known() -> None:
    listed = Path("/usr/share/i18n/SUPPORTED")
    if not listed.is_file():
        pytest.skip("needs the list of locales of glibc")
    names = {line.split()[0] for line in listed.read_text().splitlines() if line.strip() and line[0] != "C"}
    assert [name for name in sorted(names) if languages.language_remark(name)] == []


# Places


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("run/install/updates/po/de/LC_MESSAGES/anaconda.mo", True),
        ("run/install/updates/po/de/LC_MESSAGES/blivet.mo", True),
        ("usr/share/locale/de/LC_MESSAGES/anaconda.mo", True),
        ("po/de/LC_MESSAGES/anaconda.mo", False),
        ("run/install/product/po/de/LC_MESSAGES/anaconda.mo", False),
        ("run/install/updates/po/de/anaconda.mo", False),
        ("run/install/updates/po/de/LC_MESSAGES/anaconda.po", False),
        ("usr/share/locales/de/LC_MESSAGES/anaconda.mo", False),
    ],
)
def test_a_catalogue_counts_at_two_places_only(name: str, read: bool) -> None:
    assert bool(gettext_catalog.misplaced_catalog(name)) is not read


def test_a_set_that_hides_all_other_languages_is_told() -> None:
    [said] = gettext_catalog.catalog_remarks(["run/install/updates/po/de/LC_MESSAGES/anaconda.mo", "etc/x"])
    assert "replaces the installer's own translations: af, am, ar, as, ast, be and 69 more will be English" in said
    assert gettext_catalog.catalog_remarks(["usr/share/locale/de/LC_MESSAGES/anaconda.mo"]) == []


def test_a_whole_set_hides_nothing() -> None:
    whole = [f"run/install/updates/po/{name}/LC_MESSAGES/anaconda.mo" for name in languages.INSTALLER_LANGUAGES.split()]
    assert gettext_catalog.catalog_remarks(whole) == []
