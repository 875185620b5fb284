# SPDX-License-Identifier: GPL-3.0-or-later
"""INI texts and .buildstamp as the installers of EL 8, 9 and 10 read them, held against Python 3's own configparser."""

from __future__ import annotations

import configparser
import io
import random
from collections.abc import Callable

import pytest

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES
from smedoit.branding.buildstamp import find_stamp_faults, read_stamp_values
from smedoit.branding.python3_ini import fill_python3_references, parse_python3_ini
from smedoit.branding.render import render_buildstamp
from smedoit.errors import ContentError
from tests.harness.nouns import identity

HERE = (3, 12)  # as Python reads since 3.10
NEWER = [base for base in BASES.values() if not base.python.is_python2]
EACH = pytest.mark.parametrize("base", NEWER, ids=[base.name for base in NEWER])
WORDS = (
    *(
        "[Main]",
        "[DEFAULT]",
        "[x]",
        "[x]y]",
        "[",
        "]",
        "Product",
        "Version",
        "a",
        "b",
        "=",
        ":",
        " : ",
        ";",
        " ; c",
        "#",
    ),
    *("rem", " ", "  ", "\t", "\n", "\n", "\n", "\r\n", "\r", "\n ", "\n  ", "%(", "%(a)s", "%(b)s", ")s", "%", "%%"),
    *("\x0b", "\u00a0", "\u2028", "É", "true", "1", '""'),
)
GOOD = "[Main]\nProduct=SME Server\nVersion=11.0\nIsFinal=True\nUUID=1.x86_64\n"
LEGAL = {
    "indented keys": "[Main]\n  Product=a\n  Lorax=1\n",
    "keys indented below a heading that is": "  [Main]\n  Product=a\n",
    "a value that goes on": "[Main]\nVersion=1\n  2\n\n  3\nProduct=a\n",
    "CR alone": "[Main]\rProduct=a\rIsFinal=False\r",
    "comments within": "[Main]\n # a\n ; b\nProduct=a\n# c\n",
    "defaults": "[DEFAULT]\nIsFinal=maybe\n[Main]\nBugURL=https://%(Product)s/%%7E\n",
    "no line feed at the end": "[Main]",
    "other letters": "[Main]\nVendor=Été\n",
}
FATAL = {
    "no section": ("Product=SME\n", r"STAMP, line 1: 'Product=SME' stands before the first \[section\]"),
    "a key twice": ("[Main]\nProduct=a\nproduct=b\n", r"STAMP, line 3: product stands there twice in \[Main\]"),
    "a section twice": ("[Main]\n[Compose]\n[Main]\n", r"STAMP, line 3: \[Main\] stands there twice"),
    "garbage": ("[Main]\nBeta!\n", r"STAMP, line 2: 'Beta!' is neither KEY=VALUE nor a comment"),
    "rem": ("[Main]\nrem ours\n", r"STAMP, line 2: 'rem ours' is neither"),
    "no main": ("[Compose]\nLorax=1\n", r"STAMP: has no \[Main\]"),
    "a mark": ("\ufeff[Main]\n", r"STAMP, line 1: begins with a byte order mark"),
    "no UTF-8": ("[Main]\nProduct=a\nVendor=\udce9\n", r"STAMP, line 3: is not UTF-8"),
}


def test_any_lines_are_read_as_python_3_reads_them() -> None:
    chance = random.Random(8)
    for _ in range(3000):
        text = "[Main]\n" * chance.randrange(2) + "".join(chance.choice(WORDS) for _ in range(chance.randrange(30)))
        parser, found = configparser.ConfigParser(), parse_python3_ini(text, HERE)
        try:
            parser.read_file(io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"))
        except configparser.Error:
            assert found.faults, text
            continue
        assert not found.faults, text
        for section in parser.sections():
            raw = {key: value.text for key, value in found.values_of(section).items()}
            assert raw == dict(parser.items(section, raw=True)), text
            for key in raw:
                filled = _or_none(fill_python3_references, raw[key], raw)
                assert filled == _or_none(parser.get, section, key), text


def _or_none(read: Callable[..., str], *given: object) -> str | None:
    try:
        return read(*given)
    except (configparser.Error, ValueError):
        return None


def test_references_that_grow_without_end_are_given_up() -> None:
    values = {str(number): f"%({number + 1})s" * 10 for number in range(9)} | {"9": "x"}
    with pytest.raises(ValueError, match="lead nowhere"):
        fill_python3_references("%(0)s", values)


@EACH
@pytest.mark.parametrize("text", LEGAL.values(), ids=LEGAL)
def test_what_python_3_reads_is_rendered_and_read_as_ours(text: str, base: Base) -> None:
    ours = identity(label="rc2", base=base.name)
    once = render_buildstamp(text, ours)
    assert render_buildstamp(once, ours) == once
    parser = configparser.ConfigParser()
    parser.read_file(io.StringIO(once, newline=None))
    assert parser.get("Main", "Product") == "Koozali SME Server"
    assert (parser.get("Main", "Version"), parser.getboolean("Main", "IsFinal")) == ("10.1rc2", False)


@EACH
@pytest.mark.parametrize(("text", "words"), FATAL.values(), ids=FATAL)
def test_what_ends_a_newer_installer_is_refused_with_file_and_line(text: str, words: str, base: Base) -> None:
    with pytest.raises(ContentError, match=words):
        render_buildstamp(text, identity(base=base.name), "STAMP")


@EACH
def test_an_address_with_a_percent_sign_reaches_the_installer_as_it_stands(base: Base) -> None:
    text = render_buildstamp(GOOD, identity(bug_url="https://b.example/%7Esme", base=base.name))
    parser = configparser.ConfigParser()
    parser.read_string(text)
    assert parser.get("Main", "BugURL") == "https://b.example/%7Esme"


@EACH
def test_a_kept_stamp_is_refused_for_a_value_that_ends_the_installer(base: Base) -> None:
    [said] = find_stamp_faults({"STAMP": GOOD.replace("True", "soon")}, base=base)
    assert "STAMP, line 4: IsFinal=soon ends the installer" in said
    kept = f"{GOOD}BugURL=50%\n"
    assert bool(find_stamp_faults({"STAMP": kept}, base=base)) == ("bugurl" in base.stamp.asked)


@EACH
def test_the_product_and_its_variant_are_read_where_the_installer_asks_for_them(base: Base) -> None:
    values = read_stamp_values({"STAMP": f"{GOOD}Variant=Edge\n"}, base)
    assert values["product"] == "SME Server"
    assert values.get("variant", "Edge") == "Edge"
    assert ("variant" in values) == ("variant" in base.stamp.asked)
