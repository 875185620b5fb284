# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML as module metadata has it: texts, lists and mappings only, read within limits and written as the same bytes.

libmodulemd takes every scalar for the text that stands there: stream: 5.30 is 5.30, and no number that is 5.3. It
refuses aliases, so nothing here can grow by them. What PyYAML gives is its events; no object is ever constructed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smedoit.errors import format_size
from smedoit.runtime.foreign import LimitError

LARGEST = 1 << 26  # bytes; AppStream of EL 8 has 4 MB
DEPTH, LONGEST_KEY = 20, 500  # values within each other, and characters; a document has less than 10, and 100
DOCUMENTS = 20_000  # AppStream of EL 8 has 1,000
WORD = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*)?")  # what is one text in quotes and without, wherever it stands
Value = Any  # str, list of values, dict of them by str


class PlainText(str):
    """A text that stood there without quotes: written so again, for readers that take it for a number or a truth."""


class YamlError(ValueError):
    """What is no YAML of this kind; its text says where."""


def read_documents(data: bytes) -> Iterator[Value]:
    """Yield the value of each document. Raises YamlError, LimitError; both are ValueErrors that give the line."""
    import yaml

    if len(data) > LARGEST:
        raise LimitError(f"it is larger than {format_size(LARGEST)}: no honest file is")
    try:
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        yield from _build_documents(yaml.parse(data.decode("utf-8"), Loader=loader))
    except UnicodeDecodeError as error:
        raise YamlError(f"it is no UTF-8, at byte {error.start}") from None
    except RecursionError:
        raise LimitError("it nests too deeply") from None
    except yaml.YAMLError as error:
        raise YamlError(_yaml_complaint(error)) from None


def _yaml_complaint(error: Any) -> str:
    """Return what PyYAML says, on one line, with the line that it means."""
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is damaged"
    return f"line {mark.line + 1}: {said}" if mark else str(said)


class _Open:
    """A list or mapping that is not complete yet; key is what the next value of a mapping stands under."""

    def __init__(self, value: Value, line: int) -> None:
        self.value, self.line = value, line
        self.key: str | None = None

    def take(self, value: Value, line: int) -> None:
        """Add a value, or the key of one. Raises YamlError for a key that is no text, or stands there twice."""
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not None:
            self.value[self.key], self.key = value, None
        elif not isinstance(value, str) or len(value) > LONGEST_KEY:
            raise YamlError(f"line {line}: a key is no short text")
        elif value in self.value:
            raise YamlError(f"line {line}: {value} stands there twice")
        else:
            self.key = value


def _build_documents(events: Iterator[Any]) -> Iterator[Value]:
    """Yield what events describe, document by document."""
    import yaml

    stack, done, count = list[_Open](), list[Value](), 0
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            count += 1
            if count > DOCUMENTS:
                raise LimitError(f"it has more than {DOCUMENTS:,} documents: no honest file has")
        elif isinstance(event, yaml.AliasEvent):
            raise YamlError(f"line {line}: *{event.anchor} is an alias, which module metadata must not have")
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], line))
            if len(stack) > DEPTH:
                raise LimitError(f"line {line}: it nests more than {DEPTH} deep")
        elif isinstance(event, yaml.ScalarEvent | yaml.MappingEndEvent | yaml.SequenceEndEvent):
            if isinstance(event, yaml.ScalarEvent):
                value: Value = PlainText(event.value) if event.implicit[0] else event.value
            else:
                closed = stack.pop()
                value, line = closed.value, closed.line
            if stack:
                stack[-1].take(value, line)
            else:
                done.append(value)
        elif isinstance(event, yaml.DocumentEndEvent):
            yield done.pop()


def format_documents(documents: Sequence[Mapping[str, Value]]) -> str:
    """Return documents as YAML, keys in their order, each value in one form whatever it was read from."""
    return "".join(f"---\n{_format_value(document, 0).lstrip()}\n...\n" for document in documents)


def _format_value(value: Value, depth: int) -> str:
    """Return a value as it stands behind its key, or behind the dash of a list."""
    if isinstance(value, str):
        return f" {_format_text(value)}".rstrip(" ")
    blanks = "\n" + "  " * depth
    if isinstance(value, Mapping):
        lines = [f"{_format_text(key)}:{_format_value(below, depth + 1)}" for key, below in value.items()]
        return blanks + blanks.join(lines) if lines else " {}"
    if isinstance(value, Sequence):
        return "".join(f"{blanks}-{_list_entry(below, depth + 1)}" for below in value) or " []"
    return f" {json.dumps(value)}"


def _list_entry(value: Value, depth: int) -> str:
    """Return an entry of a list; the first key of a mapping stands behind the dash."""
    text = _format_value(value, depth)
    return f" {text.lstrip()}" if text.startswith("\n") else text


def _format_text(text: str) -> str:
    """Return a text as it was, or in quotes."""
    if isinstance(text, PlainText) and WORD.fullmatch(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in quoted)
