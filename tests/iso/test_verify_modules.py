# SPDX-License-Identifier: GPL-3.0-or-later
"""The module metadata on a finished medium is held against the lock, and its defaults are ones that dnf can follow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from smedoit.bases.el8 import EL8
from smedoit.errors import Findings
from smedoit.iso.verify_contents import ExpectedIso, check_iso_repodata
from smedoit.packages.places import MediumLayout
from smedoit.packages.select import SelectedPackage
from tests.harness.modular import modular_repository
from tests.harness.modules import build, defaults_text
from tests.harness.nouns import package
from tests.harness.repositories import recipe

PHP = build("php:8.2", "php-0:8.2-1.module_el8.noarch")


@dataclass
class TreeImage:
    """The files of a directory, asked as those of an ISO are."""

    root: Path

    @property
    def records(self) -> dict[str, Any]:
        return {path.relative_to(self.root).as_posix(): path for path in self.root.rglob("*") if path.is_file()}

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def sha256(self, name: str) -> str:
        return hashlib.sha256(self.read(name)).hexdigest()


@pytest.mark.parametrize(
    ("module", "texts", "said"),
    [
        ("php:8.2", [PHP, defaults_text("php", "8.2")], []),
        ("php:8.2", [], ["module metadata and the lock differ about php-8.2-1.module_el8.noarch"]),
        (
            "",
            [PHP, defaults_text("php", "8.2")],
            ["module metadata and the lock differ about php-8.2-1.module_el8.noarch"],
        ),
        ("php:8.2", [PHP, defaults_text("php", "7.4")], ["the default stream php:7.4 is not there"]),
    ],
)
def test_module_metadata_is_held_against_the_lock(
    module: str, texts: list[str], said: list[str], tmp_path: Path
) -> None:
    modular_repository(tmp_path / "iso/AppStream", [recipe("php-8.2-1.module_el8")], *texts)
    [rpm] = (tmp_path / "iso/AppStream").glob("*.rpm")
    digest = hashlib.sha256(rpm.read_bytes()).hexdigest()
    picks = [SelectedPackage(package("php-8.2-1.module_el8.noarch", sha256=digest), "appstream", module)]
    findings, layout = Findings(), MediumLayout(("AppStream",), below="")
    expected = ExpectedIso("SME", {}, picks, layout=layout, base=EL8)
    check_iso_repodata(TreeImage(tmp_path / "iso"), expected, findings)  # type: ignore[arg-type]
    assert findings.found == ({"modules": said} if said else {})
