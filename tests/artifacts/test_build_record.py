# SPDX-License-Identifier: GPL-3.0-or-later
"""test_build_record"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.artifacts import build_record
from smedoit.artifacts.build_record import BuildRecord, FileChecksum
from smedoit.engine.decision import FileState, TaskSnapshot
from smedoit.errors import ConfigError
from smedoit.runtime.files import FileStamp

SUMS = st.dictionaries(st.text(min_size=1), st.builds(FileChecksum, st.integers(0), st.text("0123456789abcdef")))
BELOW = st.text(min_size=1).filter(lambda path: not path.startswith("/") and ".." not in path and "\0" not in path)
MADE = st.dictionaries(BELOW, st.builds(FileChecksum, st.integers(0), st.text("0123456789abcdef")))
WORDS = st.dictionaries(st.text(), st.text())
RECORDS = st.builds(
    BuildRecord, release=st.text(), configuration=st.text(), locks=WORDS, inputs=SUMS, artifacts=MADE, program=WORDS,
    libraries=WORDS, revisions=WORDS, host=WORDS,
)  # fmt: skip


def seen(number: int) -> FileState:
    return FileState(FileStamp(number, number, number, number), f"{number:x}")


def snapshot(reads: str, writes: str) -> TaskSnapshot:
    """Return what a task saw: names of one letter."""
    return TaskSnapshot({}, {f"/b/{one}": seen(ord(one)) for one in reads}, {f"/b/{one}": seen(1) for one in writes})


@given(RECORDS)
def test_what_was_written_is_read_back(one: BuildRecord) -> None:
    assert build_record.parse_build_record(build_record.format_build_record(one), Path("r.json")) == one


def test_what_is_no_record_is_refused_by_name() -> None:
    for text in ("", "{}", "[]", '{"format": 1}', '{"format": 1, "inputs": []}'):
        with pytest.raises(ConfigError, match=r"r\.json: is no build record"):
            build_record.parse_build_record(text, Path("r.json"))
    with pytest.raises(ConfigError, match="of format 99, this smedoit reads 1"):
        build_record.parse_build_record('{"format": 99}', Path("r.json"))


@pytest.mark.parametrize("path", ["../secret", "/etc/shadow", "a/../../b", "a\0b", ".."])
def test_an_artifact_lies_below_the_root(path: str) -> None:
    forged = BuildRecord("10.1", "", {}, {}, {path: FileChecksum(0, "")}, {}, {})
    with pytest.raises(ConfigError, match=r"r\.json: is no build record, .*leads out of the root"):
        build_record.parse_build_record(build_record.format_build_record(forged), Path("r.json"))


def test_inputs_are_found_through_all_that_was_made_on_the_way() -> None:
    tasks = [snapshot("ab", "c"), snapshot("cd", "e"), snapshot("xy", "z")]
    found = build_record.artifact_inputs(tasks, ["/b/e"], "/elsewhere")
    assert sorted(found) == ["/b/a", "/b/b", "/b/c", "/b/d"]
    assert found["/b/a"] == seen(ord("a"))


def test_what_the_build_itself_made_is_no_input() -> None:
    made = TaskSnapshot({}, {"/b/stage/lock": seen(1), "/b/stagecoach": seen(2)}, {"/b/stage/iso": seen(3)})
    assert list(build_record.artifact_inputs([made], ["/b/stage/iso"], "/b/stage")) == ["/b/stagecoach"]


def test_differences_are_grouped_by_reason() -> None:
    before = {"a": FileChecksum(1, "a"), "b": FileChecksum(1, "b"), "c": FileChecksum(1, "c")}
    now = {"a": FileChecksum(1, "a"), "b": FileChecksum(2, "b"), "d": FileChecksum(1, "d")}
    assert build_record.file_differences(before, now) == {"is gone": ["c"], "is new": ["d"], "has changed": ["b"]}
    assert build_record.file_differences(before, before) == {}


def test_other_tools_are_named_with_both_versions() -> None:
    def built(code: str, **libraries: str) -> BuildRecord:
        return BuildRecord("10.1", "", {}, {}, {}, {"code": code}, libraries)

    assert build_record.version_differences(built("x", pycdlib="1.22"), built("x", pycdlib="1.22")) == []
    assert build_record.version_differences(built("x", pycdlib="1.22", solv="1"), built("y", pycdlib="1.23")) == [
        "pycdlib 1.22 then, 1.23 now",
        "solv 1 then, absent now",
        "smedoit's own code differs",
    ]
