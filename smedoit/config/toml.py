"""Tables as TOML text; the standard library only reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

BARE = re.compile(r"[A-Za-z0-9_-]+")


def format_toml(tables: Mapping[str, Any]) -> str:
    """Return tables as TOML: plain values first, then a heading for each table; what lies deeper stands inline."""
    plain = {key: value for key, value in tables.items() if not isinstance(value, Mapping)}
    headed = {key: value for key, value in tables.items() if isinstance(value, Mapping)}
    parts = [_table_lines(plain), *(f"\n[{_format_key(key)}]\n{_table_lines(table)}" for key, table in headed.items())]
    return "".join(parts)


def _table_lines(table: Mapping[str, Any]) -> str:
    """Return a table as lines KEY = VALUE."""
    return "".join(f"{_format_key(key)} = {_format_value(value)}\n" for key, value in table.items())


def _format_key(key: str) -> str:
    """Return a key as TOML spells it."""
    return key if BARE.fullmatch(key) else _quote_string(key)


def _format_value(value: Any) -> str:
    """Return a value on one line. Raises TypeError for what TOML has no word for."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_format_key(key)} = {_format_value(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_format_value, value)) + "]"
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return _quote_string(value)
    raise TypeError(f"TOML has no {type(value).__name__}")


def _quote_string(text: str) -> str:
    """Return a basic string; JSON's escapes are TOML's as well, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
