# SPDX-License-Identifier: GPL-3.0-or-later
"""The repodata of a tier: what it keeps, and where it cannot be written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from smedoit.checks.previous_release import list_repo_packages
from smedoit.config.tiers import Tier
from smedoit.errors import FileError, PackageError
from smedoit.modularity.sources import read_repository_modules
from smedoit.repodata.inputs import RepoReader
from smedoit.sample.packages import write_rpm
from smedoit.tiers.repodata import write_tier_repodata
from tests.harness.modular import modular_repository
from tests.harness.modules import build
from tests.harness.repositories import recipe


def test_a_read_only_tier_says_that_its_repodata_may_come_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tier/x86_64").mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    with pytest.raises(FileError, match=r"(?s)tier/x86_64: is read-only.*set repodata = false for the tier smeos"):
        write_tier_repodata(Tier("smeos", tmp_path / "tier"), tmp_path / "tier/x86_64", ("x86_64",), 0, tmp_path / "f")


def test_module_metadata_of_a_tier_stays_when_its_repodata_is_written_again(tmp_path: Path) -> None:
    place = modular_repository(tmp_path / "tier/x86_64", [recipe("php-8.2-1")], build("php:8.2", "php-0:8.2-1.noarch"))
    before = read_repository_modules(place)
    write_rpm(recipe("bash"), place.place)
    write_tier_repodata(Tier("remi", tmp_path / "tier"), place.place, ("x86_64",), 0, tmp_path / "facts")
    assert len(list_repo_packages([place], RepoReader("x86_64", tmp_path / "facts"))) == 2
    assert before
    assert read_repository_modules(place) == before


@pytest.mark.parametrize("cut", ["repomd.xml", "*modules.yaml.gz"])
def test_damaged_repodata_of_a_tier_is_refused_with_the_way_to_write_it_anew(tmp_path: Path, cut: str) -> None:
    place = modular_repository(tmp_path / "tier/x86_64", [recipe("php-8.2-1")], build("php:8.2", "php-0:8.2-1.noarch"))
    [damaged] = (place.place / "repodata").glob(cut)
    damaged.write_bytes(damaged.read_bytes()[:-20])

    def write() -> str:
        return write_tier_repodata(Tier("remi", tmp_path / "tier"), place.place, ("x86_64",), 0, tmp_path / "facts")

    with pytest.raises(PackageError) as refused:
        write()
    assert str(refused.value).splitlines()[1:] == [
        f"  hint: remove {place.place}/repodata, and it is written anew; module metadata in it must come from its"
        " mirror again"
    ]
    shutil.rmtree(place.place / "repodata")
    assert write().startswith("1 packages")
