# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows (.glade) and styles (.css) of the installer, as GTK 3 takes them: a fault ends the installer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from smedoit.bases.known import USUAL
from smedoit.installer.kickstart_commands import nearest_hint
from smedoit.runtime import foreign

VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
CLOSING = {"{": "}", "(": ")", "[": "]"}
# One token of CSS: a comment, a string, an address, a word, blanks, or a sign; a lone quote or /* has no end.
TOKEN = re.compile(
    r"""/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|url\(\s*[^"'\s)][^)\n]*\)|[^\s{}()\[\];:"'/]+|\s+|/\*|.""",
    re.DOTALL,
)
STATEMENTS = {"@define-color": 3, "@import": 2}  # with the words that they need
BLOCKS = ("@keyframes", "@binding-set")
WEB_FUNCTIONS = ("attr", "clamp", "env", "hsl", "hsla", "max", "min", "var")  # which GTK 3 has not
COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
PROPERTY = re.compile(r"[A-Za-z_][-A-Za-z0-9_]*")
PROPERTIES = """
all animation animation-delay animation-direction animation-duration animation-fill-mode animation-iteration-count
animation-name animation-play-state animation-timing-function background background-blend-mode background-clip
background-color background-image background-origin background-position background-repeat background-size border
border-bottom border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style
border-bottom-width border-color border-image border-image-repeat border-image-slice border-image-source
border-image-width border-left border-left-color border-left-style border-left-width border-radius border-right
border-right-color border-right-style border-right-width border-style border-top border-top-color
border-top-left-radius border-top-right-radius border-top-style border-top-width border-width box-shadow caret-color
color engine font font-family font-feature-settings font-size font-stretch font-style font-variant font-weight
gtk-key-bindings icon-shadow letter-spacing margin margin-bottom margin-left margin-right margin-top min-height
min-width opacity outline outline-bottom-left-radius outline-bottom-right-radius outline-color outline-offset
outline-radius outline-style outline-top-left-radius outline-top-right-radius outline-width padding padding-bottom
padding-left padding-right padding-top text-decoration text-decoration-color text-decoration-line
text-decoration-style text-shadow transition transition-delay transition-duration transition-property
transition-timing-function
"""


def is_window_file(name: str, data: bytes) -> bool:
    """Return whether GtkBuilder is to read a file; Qt's windows are called .ui as well."""
    return name.endswith(".glade") or (name.endswith(".ui") and b"<interface" in data)


def is_style_sheet(name: str) -> bool:
    """Return whether GTK reads a style sheet at its place in the runtime; others are for pages of help."""
    path = PurePosixPath(name)
    return path.name == "anaconda-gtk.css" or (path.suffix == ".css" and "gtk-3.0" in path.parts)


def interface_fault(data: bytes, gtk: tuple[int, int] = USUAL.gtk) -> str:
    """Return why GtkBuilder of a version of GTK would refuse a file of windows, "" if it would not."""
    from xml.etree import ElementTree

    try:
        lines = foreign.check_xml(data)
        root = ElementTree.fromstring(data)
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"line {_line_of_byte(data, error.start)}: is no UTF-8, and GTK reads nothing else"
    except (ValueError, LookupError, ElementTree.ParseError) as error:
        return f"is no XML, {error}"
    if root.tag != "interface":
        return f"begins with <{root.tag[:40]}>, not with <interface>"
    first: dict[str, int] = {}
    for element, line in zip(root.iter(), lines, strict=True):
        if element.tag == "requires" and element.get("lib") == "gtk+":
            version = VERSION.match(element.get("version", ""))
            if not version or (int(version[1]), int(version[2])) > gtk:
                asked = element.get("version", "")[:20]
                return f"line {line}: needs gtk+ {asked}, and the installer has {gtk[0]}.{gtk[1]}"
        if element.tag in ("object", "template"):
            name = element.get("id") or ""
            if not element.get("class") and not element.get("type-func"):
                return f"line {line}: <{element.tag}> has no class"
            if name in first:
                return f"line {line}: id {name[:40]} stands in line {first[name]} already"
            first.update({name: line} if name else {})
    return ""


def style_fault(data: bytes) -> str:
    """Return why GTK would refuse a style sheet, "" if it would not: its form and the names of its properties."""
    try:
        tokens = list(_style_tokens(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        return f"line {_line_of_byte(data, error.start)}: is no UTF-8, and GTK reads nothing else"
    except ValueError as error:
        return str(error)
    statement: list[tuple[str, int]] = []
    blocks: list[str] = []  # what each open { belongs to
    for token, line in tokens:
        if token == "{":
            head = statement[0][0] if statement else ""
            if not statement or (blocks and blocks[-1] not in BLOCKS):
                return f"line {line}: a {{ without a selector before it, or within another rule, whose }} is missing"
            if statement[-1][0].endswith(","):
                return f"line {line}: a selector is missing behind a ,"
            if any(word == "/" for word, _ in statement):
                at = next(begun for word, begun in statement if word == "/")
                return f"line {at}: a / is no part of a selector; a comment begins with /* and ends with */"
            if head.startswith("@") and head not in BLOCKS:
                return f"line {line}: {head[:40]} is no rule that has a {{"
            blocks.append("@binding-set" if "@binding-set" in blocks else head)
            statement = []
        elif token in ("}", ";"):
            if fault := _statement_fault(statement, blocks, line, token):
                return fault
            if token == "}":
                blocks.pop()
            statement = []
        else:
            statement.append((token, line))
    if statement or blocks:
        line = statement[0][1] if statement else tokens[-1][1]
        return f"line {line}: the rule that begins here has no end"
    return ""


def _statement_fault(statement: list[tuple[str, int]], blocks: list[str], line: int, end: str) -> str:
    """Return what is wrong with what stands before a ; or }, "" if nothing is."""
    if end == "}" and not blocks:
        return f"line {line}: a }} too many"
    if not statement:
        return ""
    words, line = [token for token, _ in statement], statement[0][1]
    if not blocks:
        needed = STATEMENTS.get(words[0], len(words) + 1)
        known = len(words) >= needed or (needed == 3 and words[1:] and words[1].startswith("#"))  # GTK takes this, too
        return "" if known else f"line {line}: {' '.join(words)[:40]!r} is no statement of a style sheet"
    if blocks[-1] in BLOCKS:
        return (
            ""
            if blocks[-1] == "@binding-set"
            else f"line {line}: {' '.join(words)[:40]!r} does not belong into {blocks[-1]}"
        )
    name = words[0]
    if len(words) < 3 or words[1] != ":":
        return f"line {line}: {' '.join(words)[:40]!r} is no property with a value; a : or a ; may be missing"
    if name.startswith("-") and PROPERTY.fullmatch(name[1:]):
        return ""  # of one kind of widget
    if not PROPERTY.fullmatch(name) or name not in PROPERTIES.split():
        return f"line {line}: {name[:40]} is no property that GTK knows{nearest_hint(name, PROPERTIES.split())}"
    rest = words[2:]
    for word, following in zip(rest, [*rest[1:], ""], strict=True):
        if "!" in word or (following == "(" and word.lower() in WEB_FUNCTIONS):
            return f"line {line}: {word[:40]} of {name} is known on the web, not to GTK"
        if word.startswith("#") and not COLOUR.fullmatch(word.strip(",")):
            return f"line {line}: {word[:40]} of {name} is no colour: # and 3 or 6 digits from 0 to f"
    return f"line {line}: a ; is missing behind the value of {name}" if ":" in rest else ""


def _style_tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yield the words and signs of a style sheet with their lines. Raises ValueError for what has no end."""
    line, open_brackets = 1, list[tuple[str, int]]()
    for match in TOKEN.finditer(text):
        token = match[0]
        if token in ('"', "'"):
            raise ValueError(f"line {line}: a string without its end")
        if token == "/*":
            raise ValueError(f"line {line}: a comment without its end")
        if token in ("(", "["):
            open_brackets.append((CLOSING[token], line))
        elif open_brackets and token in ("{", "}", ";", ")", "]"):
            closing, begun = open_brackets.pop()
            if token != closing:
                raise ValueError(f"line {begun}: a bracket without its end")
        if not token.isspace() and not token.startswith("/*"):
            yield token, line
        line += token.count("\n")
    if open_brackets:
        raise ValueError(f"line {open_brackets[-1][1]}: a bracket without its end")


def _line_of_byte(data: bytes, at: int) -> int:
    """Return the line in which a byte stands."""
    return data.count(b"\n", 0, at) + 1
