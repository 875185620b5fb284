# SPDX-License-Identifier: GPL-3.0-or-later
"""The only door to the terminal: what files, headers and servers call themselves is shown, never obeyed."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO

# What moves the cursor, hides, or turns text around: control characters but newline and tab, format characters
# (bidi marks, joiners, tags), line and paragraph separators, and bytes that were no UTF-8. Source: UAX #9, UTR #36.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
STYLES = {"name": "1", "bad": "1;31", "good": "32", "warn": "33", "dim": "2"}  # codes of ECMA-48
NARROW = 40  # columns; below that, lines are left to the terminal
TO_TYPE = re.compile(r"(?<![\w./=-])doit(?= [a-z_-])")  # in a sentence that says what to type
LAST_STREAM = 2  # the file descriptor of the error output; those below it are the other two
BYTES = range(0xDC80, 0xDD00)  # stand for bytes from 0x80 on that were no UTF-8


@dataclass
class Spoken:
    """What whoever reads our sentences called us: they say doit, which need not be installed where smedoit is."""

    program: str = "doit"


spoken = Spoken()


def escape_text(text: str) -> str:
    """Return text as a terminal may have it: what nobody would see, or a terminal would obey, is spelled out."""
    return UNSEEN.sub(lambda found: _spell_character(ord(found[0])), text)


def escape_line(text: str) -> str:
    """Return text as escape_text does, and on one line: a name must not look like a line of ours."""
    return escape_text(text).replace("\n", "\\n").replace("\t", "\\t")


def _spell_character(code: int) -> str:
    """Return a character as Python would write it, a byte as a byte."""
    if code in BYTES:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def write_text(out: IO[str], text: str) -> None:
    """Write text and a newline to a file that people look at, at once. Raises OSError."""
    out.write(f"{escape_text(text)}\n")
    out.flush()


def show_text(out: IO[str] | None, text: str) -> None:
    """Write text and a newline to a terminal, or to whatever stands in its place, at once.

    When nobody reads any more (`doit | head`), or nobody can, the work goes on in silence.
    """
    if out is None:  # it was closed by whoever started us
        return
    _write_quietly(out, escape_text(text))


def _write_quietly(out: IO[str], text: str) -> None:
    """Write a text that a terminal may have, and a newline, unless nobody reads it any more."""
    try:
        out.write(f"{TO_TYPE.sub(spoken.program, text) if spoken.program != 'doit' else text}\n")
        out.flush()
    except OSError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def has_colours(out: IO[str] | None) -> bool:
    """Return whether colours would be seen: on a terminal that has them, unless NO_COLOR is set."""
    try:
        shown = out is not None and out.isatty()
    except ValueError:  # it is closed
        return False
    return shown and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def show_parts(out: IO[str] | None, parts: Iterable[tuple[str, str]]) -> None:
    """Show one text in several styles as show_text does: pairs of (text, one of STYLES, or "")."""
    if not has_colours(out):
        show_text(out, "".join(text for text, _ in parts))
        return
    assert out is not None
    painted = [
        f"\x1b[{STYLES[style]}m{escape_text(text)}\x1b[0m" if style else escape_text(text) for text, style in parts
    ]
    _write_quietly(out, "".join(painted))


def show_refusal(sentence: str) -> None:
    """Show on the error output why nothing was done."""
    show_parts(sys.stderr, [("error:", "bad"), (f" {sentence}", "")])


def terminal_width(out: IO[str] | None) -> int:
    """Return how many columns a terminal has, 0 for what is none or too narrow to care."""
    columns = shutil.get_terminal_size((0, 0)).columns if out is not None and out.isatty() else 0
    return columns if columns >= NARROW else 0


def cut_parts(out: IO[str] | None, parts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the parts of a line of a table as they fit a terminal; where it is none, all of them."""
    left = terminal_width(out)
    if not left or sum(len(text) for text, _ in parts) <= left:
        return list(parts)
    cut: list[tuple[str, str]] = []
    for text, style in parts:
        cut.append((text if len(text) < left else f"{text[: left - 1].rstrip()}…", style))
        left -= len(text)
        if left <= 0:
            break
    return cut


def show_wrapped(out: IO[str] | None, beginning: str, text: str) -> None:
    """Show a text behind its beginning; on a terminal in as many lines as it needs, none broken within a word."""
    columns = terminal_width(out)
    if not columns:
        show_text(out, beginning + text)
        return
    import textwrap

    lines = textwrap.wrap(
        text, columns, initial_indent=beginning, subsequent_indent=" " * len(beginning),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    show_text(out, "\n".join(lines))


def open_streams() -> None:
    """Have an output and an error output, whatever this process was started with, that take every character."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= LAST_STREAM:
        pass  # else the next file that is opened would get what libraries print
    os.close(handle)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(OSError):  # where it cannot, it has done so all the same
                stream.reconfigure(errors="backslashreplace")  # Latin-1 and ASCII lack characters of our sentences
