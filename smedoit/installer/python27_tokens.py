# SPDX-License-Identifier: GPL-3.0-or-later
"""The tokens of a Python 2.7 source: its encoding, indentation, numbers, strings and operators.

Source: The Python Language Reference 2.7, "Lexical analysis"; PEP 263
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

NAME, NUMBER, STRING, NEWLINE, INDENT, DEDENT, END = (
    "NAME", "NUMBER", "STRING", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER",
)  # fmt: skip
COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
RAW_ENCODINGS = {"utf-8": "utf-8", "latin-1": "latin-1", "iso-8859-1": "latin-1", "iso-latin-1": "latin-1"}
NEWER_CODECS = ("cp1125", "cp273", "cp65001", "koi8-t", "kz1048", "kz-1048")  # of Python 3 only
COMMENT_LINE = re.compile(rb"^[ \t\f]*(?:#.*)?$")
EXPONENT = r"[eE][+-]?[0-9]+"
NUMBERS = (
    rf"(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:{EXPONENT})?[jJ]?",
    rf"[0-9]+{EXPONENT}[jJ]?",
    r"[0-9]+[jJ]",
    r"0[xX][0-9a-fA-F]+[lL]?",
    r"0[oO][0-7]+[lL]?",
    r"0[bB][01]+[lL]?",
    r"0[0-7]*(?![0-9])[lL]?",
    r"[1-9][0-9]*[lL]?",
)
OPERATORS = (
    "**=", "//=", ">>=", "<<=", "**", "//", ">>", "<<", "<>", "!=", "==", "<=", ">=", "+=", "-=", "*=", "/=", "%=",
    "&=", "|=", "^=", *"()[]{},:.;@=+-*/%&|^~<>`",
)  # fmt: skip
TOKEN = re.compile(
    r"(?P<STRING>(?:[uUbB]?[rR]?)(?P<quote>'''|\"\"\"|'|\"))"
    r"|(?P<NAME>[A-Za-z_][A-Za-z0-9_]*)"
    rf"|(?P<NUMBER>{'|'.join(NUMBERS)})"
    rf"|(?P<OPERATOR>{'|'.join(map(re.escape, OPERATORS))})"
)
STRING_ENDS = {
    quote: re.compile(rf"(?:[^\\]|\\.)*?{quote}" if len(quote) == 3 else rf"(?:[^\\\n{quote}]|\\.)*{quote}", re.DOTALL)
    for quote in ("'", '"', "'''", '"""')
}
BLANKS = re.compile(r"(?:[ \t\f]|\\\n)*(?:#[^\n]*)?")
TAB = 8  # columns that Python 2 counts for one


class Python27Error(ValueError):
    """A source that Python 2.7 does not compile: the line, from 1, and why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


@dataclass(frozen=True)
class Token:
    """A token: its kind, which for keywords and operators is their text, what stands in the source, and its line."""

    kind: str
    text: str
    line: int


def decode_source(data: bytes) -> str:
    """Return a source as text, by the encoding that it declares. Raises Python27Error."""
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" in data:
        raise Python27Error(data[: data.index(b"\0")].count(b"\n") + 1, "a zero byte")
    has_mark, data = data.startswith(codecs.BOM_UTF8), data.removeprefix(codecs.BOM_UTF8)
    declared, line = _declared_encoding(data)
    encoding = _normal_encoding(declared)
    if has_mark and encoding not in ("", "utf-8"):
        raise Python27Error(line, f"a UTF-8 mark, and the encoding {declared}")
    if has_mark or encoding == "utf-8":
        return data.decode("utf-8", "surrogateescape")  # Python 2.7 looks at it in u"…" only
    try:
        if encoding.lower().replace("_", "-") in NEWER_CODECS:
            raise LookupError
        return data.decode(encoding or "ascii")
    except LookupError:
        raise Python27Error(line, f"unknown encoding: {declared}") from None
    except UnicodeDecodeError as error:
        what = f"is not {declared}" if declared else "is not ASCII, and no encoding is declared (PEP 263)"
        raise Python27Error(data[: error.start].count(b"\n") + 1, f"byte 0x{data[error.start]:02x} {what}") from None
    except UnicodeError:
        raise Python27Error(line, f"{declared} is no encoding of a source") from None


def _normal_encoding(declared: str) -> str:
    """Return an encoding as the tokenizer of Python 2.7 takes it: utf-8-unix and the like are what they begin with."""
    name = declared[:12].lower().replace("_", "-")
    for plain, known in RAW_ENCODINGS.items():
        if name == plain or name.startswith(f"{plain}-"):
            return known
    return declared


def _declared_encoding(data: bytes) -> tuple[str, int]:
    """Return the encoding that one of the first two lines declares, and which; "" for none."""
    for number, line in enumerate(data.split(b"\n", 2)[:2], 1):
        if found := COOKIE.match(line):
            return found[1].decode(), number
        if not COMMENT_LINE.match(line):
            break
    return "", 1


def python27_tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a source, ENDMARKER last. Raises Python27Error."""
    indents, depth, line, at = [0], 0, 1, 0
    is_fresh = True  # at the start of a logical line
    text = text if text.endswith("\n") or not text else f"{text}\n"
    while at < len(text):
        if is_fresh:
            column, at = _measure_indent(text, at)
            if text[at] in "#\n":
                at, line = text.index("\n", at) + 1, line + 1
                continue
            yield from _indent_tokens(column, indents, line)
            is_fresh = False
        blank = BLANKS.match(text, at)
        assert blank
        line, at = line + blank.group().count("\n"), blank.end()
        if at >= len(text):  # behind a backslash
            yield Token(NEWLINE, "\n", line)
            break
        if text[at] == "\n":
            if not depth:
                yield Token(NEWLINE, "\n", line)
                is_fresh = True
            line, at = line + 1, at + 1
            continue
        token, end = _read_token(text, at, line)
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        depth = max(depth, 0)
        yield token
        line, at = line + token.text.count("\n"), end
    if depth:
        raise Python27Error(line, "unexpected EOF: a bracket is not closed")
    yield from (Token(DEDENT, "", line) for _ in indents[1:])
    yield Token(END, "", line)


def _measure_indent(text: str, at: int) -> tuple[int, int]:
    """Return the column of the first word of a line, and where it stands."""
    column = 0
    while text[at] in " \t\f":
        column = 0 if text[at] == "\f" else column + 1 if text[at] == " " else (column // TAB + 1) * TAB
        at += 1
    return column, at


def _indent_tokens(column: int, indents: list[int], line: int) -> Iterator[Token]:
    """Yield what a line's indentation means, and remember it in indents."""
    if column > indents[-1]:
        indents.append(column)
        yield Token(INDENT, "", line)
    while column < indents[-1]:
        indents.pop()
        yield Token(DEDENT, "", line)
    if column != indents[-1]:
        raise Python27Error(line, "unindent does not match any outer indentation level")


def _read_token(text: str, at: int, line: int) -> tuple[Token, int]:
    """Return the token that stands at a place, and where it ends."""
    found = TOKEN.match(text, at)
    if not found:
        raise Python27Error(line, _bad_character(text[at]))
    kind, end = str(found.lastgroup if found.lastgroup != "quote" else STRING), found.end()
    if kind == STRING:
        closed = STRING_ENDS[found["quote"]].match(text, end)
        if not closed:
            raise Python27Error(line, "a string is not closed")
        end = closed.end()
    word = text[at:end]
    return Token(word if kind == "OPERATOR" else kind, word, line), end


def _bad_character(character: str) -> str:
    """Return why no token begins with a character."""
    if character == "\\":
        return "unexpected character after line continuation character"
    if character.isdecimal() and character.isascii():
        return "invalid token: an octal number has no 8 and no 9"
    return f"invalid syntax: {character!r} begins nothing"
