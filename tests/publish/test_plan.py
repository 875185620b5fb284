# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: what changes, in which order, what must never change, and how a plan reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.checks.result import CheckResult
from smedoit.config.identity import TESTING
from smedoit.errors import PublishError
from smedoit.publish.channels import PublishLocation
from smedoit.publish.plan import (
    COPY,
    LINK,
    REMOVE,
    REPLACE,
    PublishedFile,
    PublishPlan,
    directory_changes,
    format_publish_plan,
    missing_repodata,
    plan_fingerprint,
    publish_changes,
    refuse_failed_checks,
    refuse_mass_deletion,
    shorten_digests,
)

PRIMARY = "smeupdates/x86_64/repodata/0a-primary.xml.gz"
REPOMD = "smeupdates/x86_64/repodata/repomd.xml"
RPM = "smeupdates/x86_64/RPMS/a-1-1.noarch.rpm"


def file(content: str = "", shared: bool = True, size: int = 10) -> PublishedFile:
    return PublishedFile(size, content, Path("/source"), shared)


def files(*paths: str, **contents: str) -> dict[str, PublishedFile]:
    return {path: file(contents.get(path, path)) for path in paths}


def plan(
    wanted: Mapping[str, PublishedFile], present: Mapping[str, PublishedFile] | None = None, **facts: Any
) -> PublishPlan:
    made = publish_changes(wanted, present)
    place, before = PublishLocation(TESTING, "10.1.rc2"), facts.pop("before", "10.1.rc1")
    checks = facts.pop("checks", ())
    return PublishPlan(place, Path("/target"), "10.1.rc1", before, wanted, made, checks, fresh=present is None)


def kinds(made: PublishPlan) -> dict[str, str]:
    return {one.path: one.kind for one in made.changes}


def test_packages_and_media_are_linked_and_all_else_is_copied() -> None:
    made = plan(files(RPM, REPOMD, "iso/x86_64/a.iso", "iso/x86_64/a.template", "smeos/x86_64/LiveOS/squashfs.img"))
    assert {path for path, kind in kinds(made).items() if kind == LINK} == {RPM, "iso/x86_64/a.iso"}
    assert made.copied == 30


def test_a_package_on_another_file_system_is_copied_and_counted() -> None:
    assert plan({RPM: file(shared=False, size=7)}).copied == 7


def test_packages_come_before_the_metadata_that_names_them_and_removals_last() -> None:
    old = files("smeupdates/x86_64/RPMS/gone-1-1.noarch.rpm", "smeupdates/x86_64/repodata/00-primary.xml.gz")
    made = plan(
        {**files(RPM, PRIMARY), REPOMD: file("new")},
        {**old, REPOMD: file("old")},
    )
    assert [(one.kind, one.path) for one in made.changes] == [
        (LINK, RPM),
        (COPY, PRIMARY),
        (REPLACE, REPOMD),
        (REMOVE, "smeupdates/x86_64/repodata/00-primary.xml.gz"),
        (REMOVE, "smeupdates/x86_64/RPMS/gone-1-1.noarch.rpm"),
    ]


PATHS = st.sampled_from([
    f"{tier}/x86_64/{name}" for tier in ("smeupdates", "smetest")
    for name in ("RPMS/a.rpm", "RPMS/b.rpm", "repodata/1-primary.xml.gz", "repodata/2-primary.xml.gz",
                 "repodata/repomd.xml", "repoview/index.html")
])  # fmt: skip


@given(st.dictionaries(PATHS, st.sampled_from("xy")), st.dictionaries(PATHS, st.sampled_from("xy")))
def test_doing_the_changes_in_their_order_makes_what_is_wanted(wanted: dict[str, str], there: dict[str, str]) -> None:
    try:
        made = publish_changes(
            {path: file(what) for path, what in wanted.items()}, {p: file(w) for p, w in there.items()}
        )
    except PublishError:
        changed = [path for path in wanted if path in there and wanted[path] != there[path]]
        assert any(path.endswith((".rpm", "-primary.xml.gz")) for path in changed)
        return
    now = dict(there)
    for one in made:
        if one.kind == REMOVE:
            del now[one.path]
        else:
            assert (one.path in now) == (one.kind == REPLACE)
            now[one.path] = one.file.sha256
    assert now == wanted
    removals = [one.kind == REMOVE for one in made]
    assert removals == sorted(removals)


@pytest.mark.parametrize("path", ["iso/x86_64/a.iso", "smeos/x86_64/.treeinfo", "smeos/x86_64/repodata/repomd.xml"])
def test_a_release_with_other_bytes_is_refused(path: str) -> None:
    with pytest.raises(PublishError, match=r"is published with other bytes:\n.*" + path):
        plan({path: file("new")}, {path: file("old")})


def test_a_part_of_a_release_that_went_or_came_is_refused() -> None:
    with pytest.raises(PublishError, match="is published and was not built"):
        plan({}, files("iso/x86_64/a.iso"))
    with pytest.raises(PublishError, match="was built and is not published"):
        plan(files("iso/x86_64/a.iso"), {})


def test_a_package_never_changes_under_its_name() -> None:
    with pytest.raises(PublishError, match="was published with other bytes under this name"):
        plan({RPM: file("new")}, {RPM: file("old")})


def test_metadata_that_an_old_repomd_names_is_never_replaced() -> None:
    with pytest.raises(PublishError, match=r"still have the old repomd.xml"):
        plan({PRIMARY: file("new")}, {PRIMARY: file("old")})


def test_the_same_release_again_is_no_work() -> None:
    same = files(RPM, REPOMD, "iso/x86_64/a.iso")
    assert plan(same, same, before="10.1.rc2").idle
    assert not plan(same, same, before="10.1.rc1").idle  # the link still has to be switched


def test_more_removals_than_release_toml_lets_are_refused() -> None:
    gone = plan({}, files(*(f"smeupdates/x86_64/RPMS/a-{n}.rpm" for n in range(4))))
    refuse_mass_deletion(gone, 4)
    with pytest.raises(PublishError, match="4 files would be deleted, \\[publish\\] max_delete allows 3"):
        refuse_mass_deletion(gone, 3)


def test_failed_checks_are_all_named_and_waived_ones_are_not() -> None:
    checks = [
        CheckResult("verify", "", ("not passed for a.iso",), "run: doit verify"),
        CheckResult("signed", "", ("no key",), "run: doit sign"),
        CheckResult("boot_test", "", waivers=(("not passed for a.iso", "no qemu"),)),
    ]
    with pytest.raises(PublishError) as refused:
        refuse_failed_checks(checks)
    assert str(refused.value).splitlines()[:3] == [
        "publish blocked: 2 checks failed",
        "  verify  not passed for a.iso  run: doit verify",
        "  signed  no key                run: doit sign",
    ]
    refuse_failed_checks(checks[2:])


def test_the_plan_shows_channel_source_changes_needs_link_and_checks() -> None:
    made = plan(files(RPM, REPOMD, "iso/x86_64/a.iso"), checks=(CheckResult("verify", "unchanged"),))
    assert format_publish_plan(made) == [
        "channel testing: /target/testing/10.1.rc2, new",
        "tiers from 10.1.rc1",
        "iso/x86_64: 1 linked (10 bytes)",
        "smeupdates: 1 linked (10 bytes), 1 copied (10 bytes)",
        "10 bytes and 8 inodes are needed",
        "link testing/10: 10.1.rc1 -> 10.1.rc2",
        "checks:",
        "  verify  passed  unchanged",
    ]


def test_packages_that_no_yum_will_see_are_named() -> None:
    assert missing_repodata(files(RPM)) == ["smeupdates/x86_64"]
    assert missing_repodata(files(RPM, REPOMD)) == []


def test_packages_below_a_repository_of_the_tree_are_seen_by_dnf() -> None:
    places = [f"smeos/x86_64/{name}" for name in ("BaseOS", "AppStream")]
    packages = [f"{place}/Packages/a-1-1.noarch.rpm" for place in places]
    metadata = [f"{place}/repodata/repomd.xml" for place in places]
    assert missing_repodata(files(*packages, *metadata)) == []
    assert missing_repodata(files(*packages, *metadata[:1])) == ["smeos/x86_64"]


def test_two_plans_with_other_content_differ_although_they_look_alike() -> None:
    one, other = plan({RPM: file("x")}), plan({RPM: file("y")})
    assert format_publish_plan(one) == format_publish_plan(other)
    assert plan_fingerprint(one) != plan_fingerprint(other)


def test_directories_come_with_their_first_file_and_go_with_their_last() -> None:
    made = plan(files("smeupdates/new/b.rpm"), files("smeupdates/old/RPMS/a.rpm"))
    assert directory_changes(made, ["smeupdates"]) == (
        ["smeupdates/new"],
        ["smeupdates/old/RPMS", "smeupdates/old"],
    )


def test_digests_in_names_of_metadata_fill_no_lines() -> None:
    digest = "0123456789abcdef" * 4
    assert shorten_digests(f"smeos/repodata/{digest}-primary.xml.gz") == "smeos/repodata/01234567…-primary.xml.gz"
    assert shorten_digests("smeos/x86_64/a-1-1.noarch.rpm") == "smeos/x86_64/a-1-1.noarch.rpm"
