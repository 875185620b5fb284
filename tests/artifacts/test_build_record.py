"""test_build_record"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.artifacts import build_record
from smedoit.artifacts.build_record import FileSum, Record
from smedoit.engine.decision import Seen, Snapshot
from smedoit.errors import ConfigError

SUMS = st.dictionaries(st.text(min_size=1), st.builds(FileSum, st.integers(0), st.text("0123456789abcdef")))
WORDS = st.dictionaries(st.text(), st.text())
RECORDS = st.builds(
    Record, release=st.text(), configuration=st.text(), locks=WORDS, inputs=SUMS, artifacts=SUMS, program=WORDS,
    libraries=WORDS, revisions=WORDS, host=WORDS,
)  # fmt: skip


def seen(number: int) -> Seen:
    return Seen((number, number, number), f"{number:x}")


def snapshot(reads: str, writes: str) -> Snapshot:
    """Return what a task saw: names of one letter."""
    return Snapshot({}, {f"/b/{one}": seen(ord(one)) for one in reads}, {f"/b/{one}": seen(1) for one in writes})


@given(RECORDS)
def test_what_was_written_is_read_back(one: Record) -> None:
    assert build_record.loads(build_record.dumps(one), Path("r.json")) == one


def test_what_is_no_record_is_refused_by_name() -> None:
    for text in ("", "{}", "[]", '{"format": 1}', '{"format": 1, "inputs": []}'):
        with pytest.raises(ConfigError, match=r"r\.json: is no build record"):
            build_record.loads(text, Path("r.json"))
    with pytest.raises(ConfigError, match="of format 99, this smedoit reads 1"):
        build_record.loads('{"format": 99}', Path("r.json"))


def test_inputs_are_found_through_all_that_was_made_on_the_way() -> None:
    tasks = [snapshot("ab", "c"), snapshot("cd", "e"), snapshot("xy", "z")]
    found = build_record.went_in(tasks, ["/b/e"], "/elsewhere")
    assert sorted(found) == ["/b/a", "/b/b", "/b/c", "/b/d"]
    assert found["/b/a"] == seen(ord("a"))


def test_what_the_build_itself_made_is_no_input() -> None:
    made = Snapshot({}, {"/b/stage/lock": seen(1), "/b/stagecoach": seen(2)}, {"/b/stage/iso": seen(3)})
    assert list(build_record.went_in([made], ["/b/stage/iso"], "/b/stage")) == ["/b/stagecoach"]


def test_differences_are_grouped_by_reason() -> None:
    before = {"a": FileSum(1, "a"), "b": FileSum(1, "b"), "c": FileSum(1, "c")}
    now = {"a": FileSum(1, "a"), "b": FileSum(2, "b"), "d": FileSum(1, "d")}
    assert build_record.differences(before, now) == {"is gone": ["c"], "is new": ["d"], "has changed": ["b"]}
    assert build_record.differences(before, before) == {}


def test_other_tools_are_named_with_both_versions() -> None:
    def built(code: str, **libraries: str) -> Record:
        return Record("10.1", "", {}, {}, {}, {"code": code}, libraries)

    assert build_record.other_versions(built("x", pycdlib="1.22"), built("x", pycdlib="1.22")) == []
    assert build_record.other_versions(built("x", pycdlib="1.22", solv="1"), built("y", pycdlib="1.23")) == [
        "pycdlib 1.22 then, 1.23 now",
        "solv 1 then, absent now",
        "smedoit's own code differs",
    ]
