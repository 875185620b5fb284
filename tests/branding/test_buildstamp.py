# SPDX-License-Identifier: GPL-3.0-or-later
""".buildstamp, read by Python 2.7's own ConfigParser as the installer of EL 7 reads it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from smedoit.branding.buildstamp import READ_PLACES, find_stamp_faults
from smedoit.branding.render import render_buildstamp
from smedoit.branding.rules import Branding
from smedoit.config.schema import InvalidValueError
from smedoit.errors import ContentError
from tests.harness.nouns import identity
from tests.harness.tools import need, read_with

PRODUCTS = (
    *("Koozali SME Server", "a;b", "a#b", "#x", "[x]", "x=y", "=x", "x:y", ":x", "a 'quoted' \"name\"", "C++ (free)"),
    *("Koozali ; Server", ";x", "x ;", "x\t;y", "50% off", "100%", "%(Version)s", "a%%b", "Été", "쿠잘리"),
)
GOOD = "[Main]\nProduct=SME Server\nVersion=10.1\nIsFinal=True\nUUID=1.x86_64\n"
# What is legal in a .buildstamp -> text; each is read as our own by the installer once it is rendered
LEGAL = {
    "two [Main]": "[Main]\nVersion=1\n[Compose]\nLorax=1\n[Main]\nVersion=2\nIsFinal=maybe\n",
    "continuation lines": "[Main]\nVersion=1\n  2\n\t3\nProduct=a\n # b\n\n c\n",
    "CRLF": "[Main]\r\nProduct=a\r\n b\r\nIsFinal=False\r\n",
    "words behind the heading": "[Main] ; ours\nversion : 3\n",
    "comments": "# a\n; b\nrem c\nREM\n\n[Main]\n#x\nProduct=a ; b\nrem d = e\n",
    "defaults": "[DEFAULT]\nIsFinal=maybe\nvVersion=x\n[Main]\n",
    "no line feed at the end": "[Main]",
    "references": "[Main]\nBugURL=https://%(Product)s/%%7E\n",
    "a percent sign": "[Main]\nBugURL=https://x/%7Esme\n",
    "a value of quotes": '[Main]\nArch=""\n',
}
# What the installer ends at, or takes for another release -> text, and the words that say so
FATAL = {
    "no section": ("Product=SME\n", r"STAMP: has no \[Main\]"),
    "a section in small letters": ("[main]\nProduct=SME\n", r"STAMP: has no \[Main\]"),
    "a line before the section": ("SME\n[Main]\n", r"STAMP, line 1: 'SME' stands before the first \[section\]"),
    "garbage": ("[Main]\nProduct=a\nBeta!\n", r"STAMP, line 3: 'Beta!' is neither KEY=VALUE nor a comment"),
    "an indented first key": ("[Main]\n  Product=a\n", "STAMP, line 2: 'Product=a' is neither"),
    "a heading that is open": ("[Main]\n[Compose\n", r"STAMP, line 2: '\[Compose' is neither"),
    "a mark": ("\ufeff[Main]\nProduct=a\n", r"STAMP, line 1: begins with a byte order mark \(BOM\)"),
    "UTF-16": ("\udcff\udcfe[\0M\0", "STAMP: is UTF-16"),
    "CR alone": ("[Main]\rProduct=a\r", r"STAMP, line 1: ends in a carriage return alone \(CR\)"),
    "a reference to nothing": ("[Main]\nBugURL=https://%(x)s\n", r"BugURL=https://%\(x\)s: there is no key x"),
    "half a reference": ("[Main]\nBugURL=%(x\n", r"STAMP, line \d: BugURL=%\(x: beside a "),
    "a percent beside a reference": ("[Main]\nBugURL=%(product)s 5%\n", "a single % must be written as %%"),
    "a circle": ("[Main]\na=%(b)s\nb=%(a)s\nBugURL=%(a)s\n", "lead nowhere"),
}
# What stays as it is where a rule of release.toml keeps the file -> text, and the words that refuse it
KEPT = {
    "no boolean": (GOOD.replace("True", "soon"), "STAMP, line 4: IsFinal=soon ends the installer"),
    "a boolean that goes on": (GOOD.replace("True", "True\n x"), "IsFinal=True\nx ends the installer"),
    "a version of letters": (GOOD.replace("10.1", "v10"), "STAMP, line 3: Version=v10 begins with no digit"),
    "no version": (GOOD.replace("Version", "Release"), "Version=bluesky begins with no digit"),
    "other letters": (GOOD.replace("SME", "Été"), "STAMP, line 2: Product has other letters than ASCII"),
    "a product of two lines": (GOOD.replace("Server", "\n Server"), "STAMP, line 2: Product goes on in the next line"),
    "no architecture": (f"{GOOD}Arch=\nUUID=1\n", "STAMP, line 6: Arch is empty"),
}
READER = """\
import ConfigParser, json, sys
found = []
for name in sys.argv[1:]:
    config = ConfigParser.ConfigParser()
    config.read([name])
    try:
        found.append(config.get("Main", "Product"))
    except Exception:
        found.append(None)
print json.dumps(found)
"""


# Prints, for every pair of files that the installer reads, what product.py takes from them, or the kind of its end
JUDGE = """\
import ConfigParser, json, sys
found = []
for pair in zip(sys.argv[1::2], sys.argv[2::2]):
    config = ConfigParser.ConfigParser()
    config.add_section("Main")
    for key in ("Arch", "BugURL", "Version"):
        config.set("Main", key, "x")
    config.set("Main", "IsFinal", "false")
    config.set("Main", "Product", "anaconda")
    config.set("Main", "UUID", "")
    try:
        config.read(pair)
        read = [config.get("Main", key) for key in ("Product", "Version", "UUID", "BugURL")]
        found.append(read + [str(config.getboolean("Main", "IsFinal"))])
    except Exception, error:
        found.append(error.__class__.__name__)
print json.dumps(found)
"""


def as_judged(tmp_path: Path, *pairs: tuple[str, str]) -> list[list[str] | str]:
    """Return what Python 2.7's own ConfigParser makes of pairs of files."""
    need("jython")
    (tmp_path / "judge.py").write_text(JUDGE)
    names = []
    for number, text in enumerate(text for pair in pairs for text in pair):
        names.append(tmp_path / str(number))
        names[-1].write_bytes(text.encode("utf-8", "surrogateescape"))
    found: list[list[str] | str] = json.loads(read_with("jython", tmp_path / "judge.py", *names))
    return found


@pytest.mark.parametrize("place", READ_PLACES)
def test_every_place_that_the_installer_reads_is_rendered(place: str) -> None:
    rendered = Branding(identity(label="rc2")).render(f"product/{place}", "[Main]\nVersion=9\nIsFinal=True\n")
    assert "Version=10.1rc2\nIsFinal=False\n" in rendered


@pytest.mark.parametrize("text", LEGAL.values(), ids=LEGAL)
def test_what_config_parser_reads_is_rendered(text: str) -> None:
    once = render_buildstamp(text, identity())
    assert find_stamp_faults({"STAMP": once}) == []
    assert render_buildstamp(once, identity()) == once


@pytest.mark.parametrize(("text", "words"), FATAL.values(), ids=FATAL)
def test_what_ends_the_installer_is_refused_with_file_and_line(text: str, words: str) -> None:
    with pytest.raises(ContentError, match=words):
        render_buildstamp(text, identity(bug_url=""), "STAMP")


@pytest.mark.parametrize(("text", "words"), KEPT.values(), ids=KEPT)
def test_a_kept_buildstamp_is_refused_for_values_that_anaconda_cannot_use(text: str, words: str) -> None:
    [said] = find_stamp_faults({"STAMP": text})
    assert words in said


def test_the_file_that_is_read_last_wins() -> None:
    assert find_stamp_faults({"first": GOOD.replace("True", "x"), "last": "[Main]\nisfinal: ON\n"}) == []
    [said] = find_stamp_faults({"first": GOOD, "last": "[Main]\nVersion=rawhide\n"})
    assert said.startswith("last, line 2: Version=rawhide")


def test_python_2_7_reads_our_values_and_ends_where_we_say_so(tmp_path: Path) -> None:
    lasting = ("a section in small letters", "CR alone")  # it reads on, and takes nothing
    legal = [render_buildstamp(text, identity(label="rc2")) for text in LEGAL.values()]
    fatal = [text for name, (text, _) in FATAL.items() if name not in lasting]
    fatal += [KEPT["no boolean"][0], KEPT["a boolean that goes on"][0]]
    found = as_judged(
        tmp_path, *[(text, "[Main]\n") for text in (*legal, *[FATAL[name][0] for name in lasting], *fatal)]
    )
    for read in found[: len(legal)]:
        assert [read[0], read[1], read[2][-7:], read[4]] == ["Koozali SME Server", "10.1rc2", ".x86_64", "False"]
    assert [read[0] for read in found[len(legal) : -len(fatal)]] == ["anaconda", "anaconda"]
    assert all(isinstance(read, str) for read in found[-len(fatal) :])


@pytest.mark.exhaustive
def test_python_2_7_reads_any_lines_as_we_do(tmp_path: Path) -> None:
    chance = random.Random(14)
    words = (
        *("[Main]", "[DEFAULT]", "[x]", "Product", "version", "IsFinal", "UUID", "BugURL", "=", ":", ";", " ;", "#"),
        *(" ", "\t", "\r\n", "\n", "\n", "\n", "%(", ")s", "%", "%(product)s", "true", "0", "rem", '""', "a", "1", "]"),
    )
    pairs = []
    while len(pairs) < 2000:
        texts = ["".join(chance.choice(words) for _ in range(chance.randrange(24))) for _ in range(2)]
        pairs.append((f"[Main]\n{texts[0]}", f"[Main]\n{texts[1]}"))
    wrong = []
    for pair, found in zip(pairs, as_judged(tmp_path, *pairs), strict=True):
        faults = find_stamp_faults(dict(zip(("first", "last"), pair, strict=True)))
        refused = any("no digit" not in fault and "next line" not in fault for fault in faults)
        if refused != isinstance(found, str):
            wrong.append((pair, found, faults))
    assert wrong[:5] == []


def test_a_product_that_is_accepted_reaches_the_installer_as_it_stands(tmp_path: Path) -> None:
    need("jython")
    accepted = {}
    for number, product in enumerate(PRODUCTS):
        try:
            release = identity(product=product)
        except InvalidValueError:
            continue
        accepted[product] = tmp_path / str(number)
        accepted[product].write_text(render_buildstamp("[Main]\n", release))
    (tmp_path / "reader.py").write_text(READER)
    found = json.loads(read_with("jython", tmp_path / "reader.py", *accepted.values()))
    assert found == list(accepted)
    assert {"Koozali SME Server", "a;b", "#x", "x=y", "[x]"} <= set(accepted)


@pytest.mark.parametrize("product", ["Koozali ; Server", ";x", "x\t;y", "50% off", "%(Version)s", "Été"])
def test_a_product_that_would_not_is_refused(product: str) -> None:
    with pytest.raises(InvalidValueError):
        identity(product=product)
