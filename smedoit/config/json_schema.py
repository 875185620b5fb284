# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON schema of release.toml, for editors: made from the same classes that read the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import Field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_origin

from smedoit.config.explained import parse_docstring
from smedoit.config.inputs import NEVER
from smedoit.config.release import Release
from smedoit.config.schema import SettingsTable, default_value
from smedoit.config.tables import field_types, is_required, is_table

SCHEMA_FILE = Path(__file__).with_name("release.schema.json")  # what is shipped; a test holds it equal to what is made
DIALECT = "http://json-schema.org/draft-07/schema#"  # the newest that Taplo and VS Code's extensions know
TYPES = {str: "string", Path: "string", datetime: "string", int: "integer", bool: "boolean"}
NOT_IN_THE_FILE = ("file",)  # of Release: where release.toml lies


def format_schema() -> str:
    """Return the text of the schema."""
    schema = {"$schema": DIALECT, "title": "release.toml of smedoit", **_table_schema(Release)}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _table_schema(cls: type[SettingsTable]) -> dict[str, Any]:
    """Return the schema of a table."""
    doc, hints = parse_docstring(cls.__doc__ or ""), field_types(cls)
    known = [each for each in fields(cls) if cls is not Release or each.name not in NOT_IN_THE_FILE]
    return {
        "description": " ".join([doc.purpose + ".", *doc.paragraphs]),
        "type": "object",
        "additionalProperties": False,
        "required": [each.name for each in known if is_required(each)],
        "properties": {
            each.name: {
                **_value_schema(hints[each.name]),
                **({"description": doc.entries[each.name]} if each.name in doc.entries else {}),
                **({"enum": list(cls.choices[each.name])} if each.name in cls.choices else {}),
                **_default_schema(each),
            }
            for each in known
        },
    }


def _value_schema(kind: Any) -> dict[str, Any]:
    """Return the schema of a value of a declared type."""
    if is_table(kind):
        return _table_schema(kind)
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _value_schema(get_args(kind)[0])}
    if get_origin(kind) is Mapping:
        return {"type": "object", "additionalProperties": _value_schema(get_args(kind)[1])}
    return {"type": TYPES[kind]}


def _default_schema(field: Field[Any]) -> dict[str, Any]:
    """Return the default of a key, where it has one that says something."""
    value = None if is_required(field) else default_value(field)
    if value is None or isinstance(value, SettingsTable) or value in ("", (), {}, Path(), NEVER):
        return {}
    if isinstance(value, Mapping):
        return {"default": dict(value)}
    return {"default": list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value}
