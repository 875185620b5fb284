# SPDX-License-Identifier: GPL-3.0-or-later
"""test_json_schema"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smedoit.config import json_schema
from smedoit.config.json_schema import SCHEMA_FILE
from smedoit.config.toml import parse_toml
from tests.config.test_release import SMALLEST
from tests.harness.tools import need

SAMPLE = Path(__file__).parents[2] / "release.toml"
KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


def test_the_schema_that_is_shipped_is_the_one_that_the_classes_make() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == json_schema.format_schema(), (
        "run: doit config --schema > smedoit/config/release.schema.json"
    )


def schema_complaints(schema: dict[str, Any], value: Any, path: str = "") -> Iterator[str]:
    """Yield where a value is not what the part of JSON schema that we use allows."""
    kind = KINDS[schema["type"]]
    if not isinstance(value, kind) and not hasattr(value, "isoformat"):
        yield f"{path}: no {schema['type']}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path}: no choice"
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from schema_complaints(schema["items"], entry, f"{path}.{number}")
    elif isinstance(value, dict):
        known, more = schema.get("properties", {}), schema["additionalProperties"]
        yield from (f"{path}.{key}: missing" for key in schema.get("required", ()) if key not in value)
        for key, entry in value.items():
            if key not in known and not more:
                yield f"{path}.{key}: unknown"
            else:
                yield from schema_complaints(known.get(key, more), entry, f"{path}.{key}")


@pytest.mark.parametrize("text", [SMALLEST, SAMPLE.read_text("utf-8")], ids=["the smallest", "our own"])
def test_an_editor_finds_nothing_wrong_with_a_good_file(text: str) -> None:
    schema = json.loads(json_schema.format_schema())
    assert [*schema_complaints(schema, parse_toml(text, SAMPLE))] == []


def test_an_editor_finds_wrong_types_unknown_keys_and_what_is_no_choice() -> None:
    text = SMALLEST.replace("major = 10", 'major = "10"') + 'place = "top"\nplac = 1\n[tires]\n'
    schema = json.loads(json_schema.format_schema())
    assert [*schema_complaints(schema, parse_toml(text, SAMPLE))] == [
        ".release.major: no integer", ".translations.place: no choice",
        ".translations.plac: unknown", ".tires: unknown",
    ]  # fmt: skip


def test_every_key_has_its_explanation_for_the_editor() -> None:
    def bare(schema: dict[str, Any], path: str) -> Iterator[str]:
        for key, inner in schema.get("properties", {}).items():
            entries = inner.get("items", inner)
            if not (inner.get("description") or entries.get("description") or inner["type"] == "object"):
                yield f"{path}.{key}"
            yield from bare(entries, f"{path}.{key}")

    assert [*bare(json.loads(json_schema.format_schema()), "")] == []


def test_taplo_takes_our_file_by_the_schema_and_finds_a_wrong_key(tmp_path: Path) -> None:
    need("taplo")
    file = tmp_path / "release.toml"
    shutil.copy(SCHEMA_FILE, tmp_path / "release.schema.json")

    def lint(text: str) -> subprocess.CompletedProcess[str]:
        file.write_text(f"#:schema ./release.schema.json\n{text}", encoding="utf-8")
        return subprocess.run(["taplo", "lint", file.name], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert lint(SAMPLE.read_text("utf-8")).returncode == 0
    assert "'tires' was unexpected" in lint(SAMPLE.read_text("utf-8") + "[tires]\n").stderr
