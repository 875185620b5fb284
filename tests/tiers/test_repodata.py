# SPDX-License-Identifier: GPL-3.0-or-later
"""The repodata of a tier, where it cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from smedoit.config.tiers import Tier
from smedoit.errors import FileError
from smedoit.tiers.repodata import write_tier_repodata


def test_a_read_only_tier_says_that_its_repodata_may_come_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tier/x86_64").mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    with pytest.raises(FileError, match=r"(?s)tier/x86_64: is read-only.*set repodata = false for the tier smeos"):
        write_tier_repodata(Tier("smeos", tmp_path / "tier"), tmp_path / "tier/x86_64", ("x86_64",), 0, tmp_path / "f")
