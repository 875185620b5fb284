"""test_toml"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.config import release, toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAIN = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=20)


@given(st.dictionaries(NAMES, VALUES))
def test_what_was_written_is_read_back(tables: dict[str, Any]) -> None:
    assert tomllib.loads(toml.format_toml(tables)) == tables


def test_the_projects_own_release_survives() -> None:
    tables = release.read_toml(Path(__file__).parents[2] / "release.toml")
    assert tomllib.loads(toml.format_toml(tables)) == tables


def test_a_date_stays_a_date() -> None:
    date = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
    assert tomllib.loads(toml.format_toml({"release": {"date": date}})) == {"release": {"date": date}}


def test_what_toml_has_no_word_for_is_refused() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        toml.format_toml({"a": None})
