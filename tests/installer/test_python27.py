# SPDX-License-Identifier: GPL-3.0-or-later
"""What Python 2.7 compiles, without one; where a machine has one, or jython, it is the second reader."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress

import pytest

from smedoit.installer.python27_rules import check_python27
from smedoit.installer.python27_tokens import Python27Error
from smedoit.sample.installer import CLASSES, install_class_source
from tests.harness.tools import missing

COMPILED = {
    "nothing": "",
    "only blanks": "  \n\t# x\n\n",
    "no newline at the end": "a = 1",
    "a backslash at the end": "a = 1 \\\n",
    "print": 'print\nprint "x", 1,\nprint >>f\nprint >>f, "x",\nprint("x")\nprint ("a", "b")\n',
    "print of the future": "from __future__ import print_function\nprint(1, file=None, end='')\np = print\n",
    "print of the future among others": "'doc'\nfrom __future__ import (division,\n  print_function)\nx = [print]\n",
    "backticks": "x = `1, 2` + `a`\n",
    "except with a comma": "try:\n    a\nexcept (A, B), e:\n    pass\nexcept C as c.d: pass\nexcept D, e[0]: pass\n",
    "exec": "exec 'a = 1'\nexec 'a' in {}\nexec 'a' in x, y\nexec('a', x)\n",
    "raise": "raise\nraise A\nraise A, 'b'\nraise A, 'b', c\n",
    "numbers": "os.chmod(x, 0755)\n0777L + 0o17 + 0O7 + 00 + 0b11 + 0XfL + 1l + 10j + 089.5 + 08e1 + 09j + 1.e5 + .5J",
    "two signs for unequal": "a <> b != c\n",
    "tuples as arguments": "def f((a, (b, c)), d=1, *e, **f): pass\nlambda (a, b), c=2: a\n",
    "tabs of eight columns": "if a:\n\tb\n        c\n",
    "a form feed": "if a:\n    b\n\x0c\nc\n",
    "names that are words later": "async = await = nonlocal = 1\nTrue = False\ndef f(): return nonlocal\n",
    "strings": "u'\\u20ac' ur'a\\d'\nbr'\\x' b'\\xff' r'\\x' 'a' \"\"\"x\ny\"\"\"\n'\\d\\N{x}'\n",
    "comprehensions": "[x for x in 1, 2 if x]\n{x: 1 for x in y}\n{x for x in y}\nf(x for x in y)\n",
    "conditions": "[x for x in lambda: 1, 2 if lambda: 3]\na = b if c else lambda: d\n",
    "slices": "a[1:2, ..., ::3]\na[:]\na[...]\n",
    "targets": "a, b[0], c.d, (e, [f]), [] = x\nfor a.b, (c, d) in e: 1\nwith a as b, c as (d, e): 1\ndel a[1], c\n",
    "calls": "f(a, *b, **c)\nf(a, b=1, *c, d=2, **e)\nf(x for x in y)\nf((a)=1)\n@f(1)\n@g.h\ndef i(): pass\n",
    "a generator": "def f():\n    x = yield\n    y = yield 1, 2\n    return\nlambda: (yield)\n",
    "loops": "while a:\n    try:\n        continue\n    finally:\n        for b in c: continue\nelse:\n    pass\n",
    "with all of try": "try: a\nexcept: b\nelse: c\nfinally: d\n",
    "imports": "import a.b as c, d\nfrom .. import e\nfrom ... f import (g as h, i,)\nfrom .j import *",
    "a declared encoding": "# -*- coding: latin-1 -*-\n# J\xfcrgen\nx = '\xe9'\n",
    "deep nesting": "x = " + "(" * 98 + "1" + ")" * 98 + "\n",
    "one line": "class A(B): x = 1; y = 2;\nif a: b; c\nelif d: e\nelse: f\n",
    **{name: install_class_source(name) for name in CLASSES},
}  # fmt: skip
REFUSED = {
    "an annotation": ("def f(a: int): pass", "invalid syntax at ':'"),
    "an annotated result": ("def f() -> int: pass", "invalid syntax at '-'"),
    "an annotated name": ("x: int = 3", "invalid syntax at ':'"),
    "async": ("async def f(): pass", "invalid syntax at 'def'"),
    "a formatted string": ('x = f"{y}"', "invalid syntax at"),
    "nonlocal": ("nonlocal x", "invalid syntax at 'x'"),
    "arguments by keyword only": ("def f(*, a): pass", "invalid syntax at ','"),
    "a keyword behind the star": ("def f(*a, b=1): pass", "invalid syntax at 'b'"),
    "arguments by place only": ("def f(a, /): pass", "invalid syntax at '/'"),
    "print with an end": ("print('x', end='')", "invalid syntax at '='"),
    "raise from": ("raise A from b", "invalid syntax at 'from'"),
    "yield from": ("def f(): yield from x", "invalid syntax at 'from'"),
    "a star among targets": ("a, *b = c", "invalid syntax at '*'"),
    "a star in a list": ("[*a]", "invalid syntax at '*'"),
    "two stars in a call": ("f(*a, *b)", "invalid syntax at '*'"),
    "a walrus": ("if (a := b): pass", "invalid syntax at ':'"),
    "matrices": ("a @ b", "invalid syntax at '@'"),
    "underscores in numbers": ("a = 1_000", "invalid syntax at '_000'"),
    "a class with a keyword": ("class A(metaclass=B): pass", "invalid syntax at '='"),
    "a decorator of any kind": ("@a[0]\ndef f(): pass", "invalid syntax at '['"),
    "an octal number with a nine": ("a = 0789", "an octal number has no 8 and no 9"),
    "an unfinished expression": ("x = 1 +", "invalid syntax at the end of a line"),
    "a body that is missing": ("if a:\nb", "expected an indented block"),
    "an indent": ("  a = 1", "unexpected indent"),
    "a dedent to nowhere": ("if a:\n        b\n    c", "unindent does not match"),
    "an open string": ("x = 'abc", "a string is not closed"),
    "an open bracket": ("x = (1,\n", "a bracket is not closed"),
    "a bracket too many": ("x = 1)", "invalid syntax at ')'"),
    "a question": ("x = a ? b", "begins nothing"),
    "a backslash before a blank": ("x = \\ \n1", "after line continuation"),
    "None as a target": ("None = 1", "cannot assign to None"),
    "None as an argument": ("f(None=1)", "cannot assign to None"),
    "a call as a target": ("f() = 1", "can't assign to function call"),
    "a literal as a target": ("for 1 in x: pass", "can't assign to literal"),
    "an operator as a target": ("a + 1 = 2", "can't assign to operator"),
    "an empty tuple as a target": ("() = x", "can't assign to ()"),
    "a comprehension as a target": ("[x for x in y] = z", "can't assign to comprehension"),
    "a deleted call": ("del f()", "can't delete function call"),
    "adding to two": ("a, b += 1", "illegal expression for augmented assignment"),
    "return outside": ("class A:\n    return 1", "'return' outside function"),
    "yield outside": ("yield 1", "'yield' outside function"),
    "break outside": ("def f():\n    while a: pass\n    else: break", "'break' outside loop"),
    "continue outside": ("continue", "'continue' not properly in loop"),
    "continue in finally": ("while a:\n    try: b\n    finally: continue", "not supported inside 'finally'"),
    "a generator that returns": ("def f():\n    yield 1\n    return 2", "'return' with argument inside generator"),
    "a bare except in front": ("try: a\nexcept: b\nexcept C: d", "default 'except:' must be last"),
    "two arguments of one name": ("def f(a, (b, a)): pass", "duplicate argument 'a'"),
    "an argument without default": ("def f(a=1, b): pass", "non-default argument follows default"),
    "an argument behind a keyword": ("f(a=1, b)", "non-keyword arg after keyword arg"),
    "an argument behind a star": ("f(*a, b)", "only named arguments may follow"),
    "a keyword twice": ("f(a=1, a=2)", "keyword argument repeated"),
    "a keyword that is none": ("f(a.b=1)", "keyword can't be an expression"),
    "a generator among arguments": ("f(x for x in y, 1)", "must be parenthesized"),
    "a comma behind names": ("from a import b,", "trailing comma not allowed"),
    "the future too late": ("a = 1\nfrom __future__ import division", "must occur at the beginning"),
    "a future that never came": ("from __future__ import annotations", "annotations is not defined"),
    "an argument that is global": ("def f(a):\n    global a", "'a' is local and global"),
    "half an escape": ("x = '\\x1'", "invalid \\x escape"),
    "half an escape of a unicode string": ("x = u'\\u12'", "truncated \\u escape"),
    "brackets within each other": (f"x = {'(' * 99}1{')' * 99}", "more than Python 2.7 reads"),
    "a name of no character": ("x = u'\\N{no such}'", "malformed \\N escape"),
}


def refusal(data: bytes) -> str:
    """Return why a source is refused, "" if it is not."""
    try:
        check_python27(data)
    except Python27Error as error:
        return str(error)
    return ""


@pytest.mark.parametrize("text", COMPILED.values(), ids=COMPILED)
def test_what_python_2_7_compiles_passes(text: str) -> None:
    assert refusal(text.encode("latin-1")) == ""


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_python_2_7_does_not_compile_is_refused_with_its_line(text: str, words: str) -> None:
    said = refusal(f"\n{text}\n".encode())
    assert re.match(r"line [2-6]: ", said)
    assert words in said


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"# caf\xc3\xa9\n", "line 1: byte 0xc3 is not ASCII, and no encoding is declared"),
        (b"#!/usr/bin/python\n# coding: utf-8\nx = u'\xe9'\n", "line 3: byte 0xe9 in a unicode string is not utf-8"),
        (b"# coding: euc-jp\nx = '\xe9'\n", "line 2: byte 0xe9 is not euc-jp"),
        (b"# coding: undefined\n", "line 1: undefined is no encoding of a source"),
        (b"# coding: cp65001\n", "line 1: unknown encoding: cp65001"),
        (b"\xef\xbb\xbf# coding: utf8\n", "line 1: a UTF-8 mark, and the encoding utf8"),
        (b"a = 1\n# coding: utf-8\nx = '\xc3\xa9'\n", "line 3: byte 0xc3 is not ASCII"),
        (b"# coding: klingon\n", "line 1: unknown encoding: klingon"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "line 1: a UTF-8 mark, and the encoding latin-1"),
        (b"a\0b", "line 1: a zero byte"),
        ("# coding: utf-8\ncafé = 1\n".encode(), "line 2: invalid syntax"),
    ],
)
def test_letters_that_no_encoding_explains_are_refused(data: bytes, words: str) -> None:
    assert refusal(data).startswith(words)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfx = '\xc3\xa9'\r\n",
        "# vim: set fileencoding=utf-8 :\n'é'\n".encode(),
        "# coding: utf-8-unix\n'é'\n".encode(),
        b"# coding: iso-latin-1-dos\nu'\xe9'\n",
        b"# coding: utf-8\n# J\xfcrgen\nx = '\xe9'\n",  # CPython reads UTF-8 and Latin-1 as they stand
    ],
)
def test_letters_of_the_declared_encoding_pass(data: bytes) -> None:
    assert refusal(data) == ""


# The second reader

JUDGE = """
import json, sys, warnings
warnings.simplefilter("ignore")
for text in json.loads(sys.stdin.read()):
    try:
        compile(text.encode("latin-1"), "source", "exec", 0, True)
        print(1)
    except (SyntaxError, TypeError, ValueError, MemoryError):
        print(0)
    except:  # jython's own faults, which say nothing
        print(2)
"""


def judged(texts: Sequence[str]) -> tuple[str, list[str]]:
    """Return what a real Python 2.7 says of sources: CPython's where it is more than a name, else jython's."""
    for interpreter in ("python2.7", "jython"):
        with suppress(OSError, subprocess.CalledProcessError):
            done = subprocess.run(
                [interpreter, "-c", JUDGE], input=json.dumps(texts), capture_output=True, text=True, check=True
            )
            return interpreter, done.stdout.split()
    return missing("python2.7 or jython")


def is_doubtful(text: str, said: str) -> bool:
    """Return whether jython judges a source otherwise than CPython: a backslash, an open string, how deep it is."""
    doubtful = "string is not closed", "line continuation", "within each other"
    return text.rstrip("\n").endswith("\\") or any(words in said for words in doubtful)


SPOILS = (
    "", "print ", "exec ", "yield ", "return ", "lambda: ", "None", "*", "**", ",", ":", "(", ")", "[", "]", "=", "+=",
    " for x in y ", " if ", " in ", "`", ".", "@", "0777", "09", "u'\\u1'", "async ", "nonlocal ", "except A, b:",
    "break", "continue", "global a", "del ", "from a import ", "->", ":=", "<>", ";", "\\", "\n",
)  # fmt: skip


def mangled(text: str, chance: random.Random) -> str:
    """Return some lines of a source with a few words changed, as a bad merge or a newer author leaves them."""
    lines = text.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    words = re.findall(r"\s+|\w+|[^\w\s]", "".join(lines[at : at + chance.randrange(3, 40)]))
    for _ in range(chance.randrange(3)):
        words[chance.randrange(len(words))] = chance.choice(SPOILS)
    return "".join(words)


def test_a_real_python_2_7_says_the_same() -> None:
    chance = random.Random(27)
    sources = [text for text in (*COMPILED.values(), *(bad for bad, _ in REFUSED.values())) if text.isascii()]
    sources += [mangled(chance.choice(sources[1:]), chance) for _ in range(1500)]
    interpreter, verdicts = judged(sources)
    wrong = []
    for text, verdict in zip(sources, verdicts, strict=True):
        said = refusal(text.encode())
        is_judged = verdict != "2" and (interpreter == "python2.7" or not is_doubtful(text, said))
        if is_judged and (verdict == "1") == bool(said):
            wrong.append((text, said))
    assert wrong == []
