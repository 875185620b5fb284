# SPDX-License-Identifier: GPL-3.0-or-later
"""test_side_by_side: several release.toml with one root"""

from __future__ import annotations

import pytest

from smedoit.config import release
from tests.harness.project import Project


@pytest.mark.exhaustive
def test_two_releases_of_one_root_share_its_cache_and_keep_what_they_made(project: Project) -> None:
    """The second one reads no package again, and neither disturbs the other."""
    other = project.home / "release-next.toml"
    text = project.file.read_text(encoding="utf-8")
    other.write_text(text.replace('label = "rc2"', 'label = "rc3"'), encoding="utf-8")
    first, second = release.load_release(project.file), release.load_release(other)
    assert (first.root, first.fact_cache) == (second.root, second.fact_cache)
    project.build("packages")
    facts = first.fact_cache.read_bytes()
    made = first.lock.read_bytes()
    said = project.build("packages", f"release={other}")
    assert "10.1.rc3" in str(second.lock)
    assert second.lock.is_file()
    assert first.lock.read_bytes() == made
    assert first.fact_cache.read_bytes() == facts, "what was learned of each package held for the second release"
    assert project.build("packages").ran == set(), said.said
    assert project.build("packages", f"release={other}").ran == set()
