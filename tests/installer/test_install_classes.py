# SPDX-License-Identifier: GPL-3.0-or-later
"""test_install_classes"""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.errors import ContentError
from smedoit.installer import install_classes
from smedoit.runtime import files
from smedoit.sample.installer import install_class_source

GOOD = install_class_source("koozali.py")
PATH = "run/install/product/pyanaconda/installclasses/koozali.py"


# The step, on a content tree


@pytest.fixture
def content(tmp_path: Path) -> Path:
    files.write_file(tmp_path / "content/product" / PATH, GOOD)
    files.write_file(tmp_path / "content/updates/run/install/updates/x.py", "a = 1\n")
    files.write_file(tmp_path / "content/updates/po/x.py", "goes into no image\n")
    return tmp_path / "content"


def check(content: Path) -> str:
    return install_classes.check_install_classes(
        [content / "absent", content / "product", content / "updates"], ("po/*",)
    )


def test_a_source_that_the_installer_could_not_import_stops_the_build(content: Path) -> None:
    assert check(content) == "2 Python files held against Python 2.7"
    files.write_file(content / "product" / PATH, GOOD + "\n    async def f(self): pass\n")
    with pytest.raises(ContentError, match=r"would not compile\n  \S+/koozali\.py, line \d+: (.|\n)*hint: correct"):
        check(content)


def test_a_shim_that_leads_nowhere_changes_nothing(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "bin/python2.7"
    files.write_file(shim, "#!/bin/sh\necho 'command not found' >&2\nexit 127\n", 0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")
    assert check(content) == "2 Python files held against Python 2.7"
    files.write_file(content / "product" / PATH, "def f(a: int): pass\n")
    with pytest.raises(ContentError, match=r"koozali\.py, line 1: invalid syntax at ':'"):
        check(content)


def test_the_classes_are_looked_at_as_well(content: Path) -> None:
    files.write_file(content / "product" / PATH, GOOD.replace("30000", "10"))
    assert "CentOS's own would win" in check(content)


# What the installer's own rules make of install classes


def test_the_practice_classes_leave_nothing_to_say() -> None:
    assert install_classes.install_class_remarks({PATH: GOOD, "usr/share/x.py": ""}) == []


def test_a_class_that_would_lose_against_centos_is_told() -> None:
    [said] = install_classes.install_class_remarks({PATH: GOOD.replace("30000", "20000")})
    assert said == "no install class has a sortPriority above 25000, so CentOS's own would win"


def test_a_winner_without_efi_dir_is_told() -> None:
    [said] = install_classes.install_class_remarks({PATH: GOOD.replace("    efi_dir", "    efi_directory")})
    assert said == f"{PATH}: sets no efi_dir, every installation under UEFI would end in a traceback"


def test_a_winner_that_builds_on_another_class_may_have_its_efi_dir_from_there() -> None:
    inherited = "from pyanaconda.installclasses.centos import InstallClass\n" + GOOD.replace("    efi_dir", "    x")
    assert install_classes.install_class_remarks({PATH: inherited}) == []


def test_images_without_install_classes_leave_the_choice_to_upstream() -> None:
    assert (
        install_classes.install_class_remarks({"usr/lib/x.py": "", "pyanaconda/installclasses/__init__.py": ""}) == []
    )
