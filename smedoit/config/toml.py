"""Tables as TOML text; the standard library only reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

BARE = re.compile(r"[A-Za-z0-9_-]+")


def dumps(tables: Mapping[str, Any]) -> str:
    """Return tables as TOML: plain values first, then a heading for each table; what lies deeper stands inline."""
    plain = {key: value for key, value in tables.items() if not isinstance(value, Mapping)}
    headed = {key: value for key, value in tables.items() if isinstance(value, Mapping)}
    parts = [lines(plain), *(f"\n[{spelled_key(key)}]\n{lines(table)}" for key, table in headed.items())]
    return "".join(parts)


def lines(table: Mapping[str, Any]) -> str:
    """Return a table as lines KEY = VALUE."""
    return "".join(f"{spelled_key(key)} = {spelled(value)}\n" for key, value in table.items())


def spelled_key(key: str) -> str:
    """Return a key as TOML spells it."""
    return key if BARE.fullmatch(key) else quoted(key)


def spelled(value: Any) -> str:
    """Return a value on one line. Raises TypeError for what TOML has no word for."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{spelled_key(key)} = {spelled(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(spelled, value)) + "]"
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    raise TypeError(f"TOML has no {type(value).__name__}")


def quoted(text: str) -> str:
    """Return a basic string; JSON's escapes are TOML's as well, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
