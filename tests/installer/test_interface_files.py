# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows and styles of the installer; GTK 3 itself is the second reader of styles."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from smedoit.installer import interface_files
from tests.harness.tools import missing

GLADE = """<?xml version="1.0" encoding="UTF-8"?>
<interface>
  <requires lib="gtk+" version="3.6"/>
  <object class="GtkWindow" id="one"><child><object class="GtkBox" id="two"/></child></object>
</interface>
"""


def fault(old: str, new: str) -> str:
    assert old in GLADE
    return interface_files.interface_fault(GLADE.replace(old, new).encode("utf-8", "surrogateescape"))


def test_a_window_of_the_installer_leaves_nothing_to_say() -> None:
    assert interface_files.interface_fault(GLADE.encode()) == ""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("</interface>", "", "is no XML"),
        ("<interface>", "<interface><!-- \udcfc -->", "is no XML"),
        ('encoding="UTF-8"?>', 'encoding="ISO-8859-1"?><!-- \udcfc -->', "line 1: is no UTF-8"),
        ("3.6", "3.24", "line 3: needs gtk+ 3.24, and the installer has 3.22"),
        ('id="two"', 'id="one"', "line 4: id one stands in line 4 already"),
        ('class="GtkBox" ', "", "line 4: <object> has no class"),
    ],
)
def test_a_window_that_gtk_would_refuse_is_refused(old: str, new: str, words: str) -> None:
    assert words in fault(old, new)


def test_xml_that_is_no_window_is_refused() -> None:
    assert interface_files.interface_fault(b"<glade/>") == "begins with <glade>, not with <interface>"


GOOD = [
    "",
    "/* nothing */",
    ".a, .b > #c:hover { color: red; background-image: url('x;y}.png') }",
    "* {}",
    ".a { border-radius: 1px / 2px; color: #FFf; background: linear-gradient(to top, #000000, #fff); }",
    "* { ; color: red;; }",
    "@define-color x rgb (252, 252, 189);\n.a { color: shade(@x, 1.2); -GtkWidget-focus-padding: 1; }",
    "@keyframes k { from { color: red; } 50% { color: blue; } to { color: red; } }",
    ".a { transition: all 200ms ease-in; border: 1px solid rgba(0,0,0,0.5); }",
    ".a { background: linear-gradient(to bottom, red, blue); text-shadow: 0 1px alpha(black, 0.4); }",
    "button:nth-child(2n+1):not(:backdrop) label { opacity: 0.5; }",
    '@binding-set b { bind "<Control>a" { "select-all" () }; }',
    ".logo { background-image: none; icon-shadow: none; }",
]
BAD = {
    ".a { colour: red; }": "line 1: colour is no property that GTK knows; did you mean color?",
    ".a { COLOR: red; }": "COLOR is no property",
    ".a {\n color: red": "line 2: the rule that begins here has no end",
    ".a {\n": "has no end",
    ".a { color: red; }}": "line 1: a } too many",
    ".a { color red; }": "a : or a ; may be missing",
    ".a {\n color: red\n opacity: 1;\n}": "line 2: a ; is missing behind the value of color",
    ".a { color: red;\n.b { color: red; }": "line 2: a { without a selector before it, or within another rule",
    "/* a": "line 1: a comment without its end",
    '.a { background-image: url("x); }': "line 1: a string without its end",
    ".a { color: rgb(1,2; }": "line 1: a bracket without its end",
    "@define-colour x red;": "is no statement of a style sheet",
    "@charset 'utf-8';": "is no statement of a style sheet",
    "@media print { .a { color: red; } }": "@media is no rule that has a {",
    ".a;": "is no statement of a style sheet",
    ".a, { color: red; }": "a selector is missing behind a ,",
    "// x\n.a { color: red; }": "line 1: a / is no part of a selector; a comment begins with /*",
    ".a { border: 1px solid #12345; }": "line 1: #12345 of border is no colour",
    ".a { color: red !important; }": "line 1: !important of color is known on the web, not to GTK",
    ".a { color: hsl(1, 2%, 3%); }": "line 1: hsl of color is known on the web",
    ".a { color: var(--main); }": "line 1: var of color is known on the web",
    ".a { --main: red; }": "line 1: --main is no property",
    "@define-color red;": "is no statement of a style sheet",
    ".a { color: #red; }": "#red of color is no colour",
    "{ color: red; }": "a { without a selector before it",
}


@pytest.mark.parametrize("text", GOOD)
def test_a_style_that_gtk_takes_passes(text: str) -> None:
    assert interface_files.style_fault(text.encode()) == ""


@pytest.mark.parametrize("text", BAD)
def test_a_style_that_gtk_refuses_is_refused(text: str) -> None:
    assert BAD[text] in interface_files.style_fault(text.encode())


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("usr/share/anaconda/anaconda-gtk.css", True),
        ("usr/share/themes/Koozali/gtk-3.0/gtk.css", True),
        ("usr/share/anaconda/help/style.css", False),
    ],
)
def test_styles_of_pages_are_not_gtks(name: str, read: bool) -> None:
    assert interface_files.is_style_sheet(name) is read


def test_windows_of_qt_are_not_gtks() -> None:
    assert not interface_files.is_window_file("a.ui", b'<ui version="4.0"/>')
    assert interface_files.is_window_file("a.ui", b"<interface/>")
    assert interface_files.is_window_file("a.glade", b"")


def test_letters_that_are_no_utf8_are_refused_with_their_line() -> None:
    assert interface_files.style_fault(b".a {}\n/* \xfc */") == "line 2: is no UTF-8, and GTK reads nothing else"


JUDGE = """
import base64, gi, json, sys
gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk
for text in json.loads(sys.stdin.read()):
    try:
        Gtk.CssProvider().load_from_data(base64.b64decode(text))
        print(1)
    except GLib.Error:
        print(0)
"""


def test_gtk_itself_says_the_same() -> None:
    python = Path("/usr/bin/python3")
    tried = [*GOOD, *BAD]
    asked = json.dumps([base64.b64encode(text.encode()).decode() for text in tried])
    done = subprocess.run([python, "-c", JUDGE], input=asked, capture_output=True, text=True, check=False)
    if "Namespace Gtk not available" in done.stderr or "No module named 'gi'" in done.stderr:
        missing("gir1.2-gtk-3.0 and python3-gi")
    verdicts = dict(zip(tried, done.stdout.split(), strict=True))
    assert [text for text in GOOD if verdicts[text] == "0"] == []
    assert [text for text in BAD if verdicts[text] == "1"] == []
