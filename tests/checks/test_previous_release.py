# SPDX-License-Identifier: GPL-3.0-or-later
"""The last release is nobody's to delete: what cannot be read of it is got again."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.checks.previous_release import PreviousRelease, open_previous_release, previous_release_packages
from smedoit.config.network import NetworkSettings
from smedoit.errors import SmeError
from smedoit.repodata.inputs import RepoReader


@pytest.mark.parametrize("name", ["packages.lock", "smeserver-10.0-x86_64.iso"])
def test_a_last_release_that_is_damaged_is_to_be_got_again_and_never_deleted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"{}" * 40000)
    reader = RepoReader("x86_64", tmp_path / "facts.sqlite")
    last = PreviousRelease(str(tmp_path / name), reader, NetworkSettings(), tmp_path / "fetched")
    with pytest.raises(SmeError) as caught, open_previous_release(last) as place:
        previous_release_packages(place, reader)
    assert "hint: get another copy of it, or correct [quality] previous_release" in str(caught.value)
    assert "delete it" not in str(caught.value)
