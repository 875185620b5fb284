# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports are written whole and shown in part: the first entries of each list, and what to do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smedoit.errors import SmeError, format_grouped
from smedoit.runtime.outline import parse_outline, shorten_report


def test_the_first_entries_of_each_list_are_shown_and_the_rest_is_counted() -> None:
    report = format_grouped({"not signed": [f"a{n}.rpm" for n in range(30)], "damaged": ["b.rpm"]})
    shown, is_cut = shorten_report(report, most=3)
    assert is_cut
    assert shown.splitlines() == [
        "  damaged:", "    b.rpm", "  not signed:", "    a0.rpm", "    a1.rpm", "    a2.rpm", "    … and 27 more",
    ]  # fmt: skip


def test_what_to_do_is_never_left_out() -> None:
    said = str(SmeError("3 faults:\n" + "\n".join(f"  fault {n}" for n in range(9)), hint="mend them"))
    assert shorten_report(said, most=2)[0].splitlines() == [
        "3 faults:", "  fault 0", "  fault 1", "  … and 7 more", "  hint: mend them",
    ]  # fmt: skip


def test_an_entry_takes_with_it_what_belongs_to_it() -> None:
    said = "top:\n  one\n    because\n  two\n    because\n  three\n    because"
    assert shorten_report(said, most=2)[0] == "top:\n  one\n    because\n  two\n    because\n  … and 1 more"


def test_a_short_report_is_shown_as_it_is() -> None:
    said = "top:\n  one\n\n  two\nbelow"
    assert shorten_report(said) == (said, False)


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["a", "hint: b", "c:"])), max_size=40))
def test_every_line_has_its_place_in_the_outline(lines: list[tuple[int, str]]) -> None:
    text = "\n".join(" " * indent + line for indent, line in lines)
    pending, found = [*parse_outline(text)], 0
    while pending:
        entry = pending.pop()
        found += 1
        assert all(below.indent > entry.indent for below in entry.entries if below.line.strip())
        pending += entry.entries
    assert found == len(text.splitlines())
    assert shorten_report(text, most=100) == (text, False)
