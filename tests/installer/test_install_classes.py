# SPDX-License-Identifier: GPL-3.0-or-later
"""test_install_classes"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from smedoit.errors import ContentError
from smedoit.installer import install_classes
from smedoit.runtime import files
from smedoit.sample.installer import CLASSES, install_class_source
from tests.harness.tools import need

GOOD = install_class_source("koozali.py")
PATH = "run/install/product/pyanaconda/installclasses/koozali.py"
OLD_WORDS = (
    'from __future__ import division\nprint "x"\ntry:\n    exec "a = 1" in {}\nexcept (A), e:\n    raise X, "y"\n'
)


def program(place: Path, name: str, text: str) -> None:
    """Put a program into place."""
    path = place / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is the only place with programs, but for those of the system's own."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    return place


@pytest.fixture
def judge(bin: Path) -> None:
    """Jython is a Python 2.7 that Debian still has."""
    need("jython")
    program(bin, "python2.7", f'exec {shutil.which("jython")} "$@"')


def complaints(tmp_path: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
    found = install_classes.find_python27_errors([tmp_path / f"{name}.py" for name in texts])
    return [line.removeprefix(f"{tmp_path}/") for line in found]


@pytest.mark.usefixtures("judge")
def test_what_python_2_7_imports_passes(tmp_path: Path) -> None:
    practice = {name.partition(".")[0]: install_class_source(name) for name in CLASSES}
    printing = "from __future__ import print_function\nprint(1, file=None)\n"
    assert install_classes.has_python27()
    assert complaints(tmp_path, **practice, old=OLD_WORDS, printing=printing, empty="") == []


@pytest.mark.usefixtures("judge")
def test_what_only_a_newer_python_reads_is_named_by_file_and_line(tmp_path: Path) -> None:
    words = ["def f(a: int): pass", "async def f(): pass", 'x = f"{y}"', "nonlocal x", "def f(*, a): pass", "x = 1 +"]
    texts = {f"bad{number}": f"a = 1\n{line}\n" for number, line in enumerate(words)}
    found = complaints(tmp_path, good=GOOD, **texts)
    assert [line.partition(":")[0] for line in found] == [f"bad{number}.py, line 2" for number in range(len(words))]


def test_a_shim_that_leads_nowhere_is_no_python(bin: Path) -> None:
    program(bin, "python2.7", "echo 'command not found' >&2; exit 127")
    assert not install_classes.has_python27()


def test_a_python_of_another_version_is_none(bin: Path) -> None:
    program(bin, "python2.7", "echo 3.9")
    assert not install_classes.has_python27()


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


@pytest.mark.usefixtures("judge")
def test_a_source_that_the_installer_could_not_import_stops_the_build(content: Path) -> None:
    assert check(content) == "2 Python files compiled by Python 2.7"
    files.write_file(content / "product" / PATH, GOOD + "\n    async def f(self): pass\n")
    with pytest.raises(ContentError, match=r"does not compile\n  \S+/koozali\.py, line \d+: (.|\n)*hint: correct"):
        check(content)


@pytest.mark.usefixtures("bin")
def test_a_machine_without_python_2_7_says_so_and_still_looks_at_the_classes(content: Path) -> None:
    assert check(content) == f"2 {install_classes.NOT_CHECKED}"
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
