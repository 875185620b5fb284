# SPDX-License-Identifier: GPL-3.0-or-later
"""What the overlay brings to the installers of EL 8, 9 and 10, as doit install_classes checks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import Base, Configuration
from smedoit.bases.known import BASES
from smedoit.branding.rules import Branding
from smedoit.errors import ContentError
from smedoit.installer import configuration_check, python3_sources
from smedoit.installer.install_classes import OverlayRoots
from smedoit.installer.python3_sources import find_python3_fault
from smedoit.runtime import files
from smedoit.sample.installer import install_class_source, installer_texts
from tests.harness.nouns import identity

NEWER = [base for base in BASES.values() if base.configuration is not Configuration.INSTALL_CLASSES]
EACH = pytest.mark.parametrize("base", NEWER, ids=[base.name for base in NEWER])
ADDON = "product/usr/share/anaconda/addons/org_koozali/__init__.py"


def check(content: Path, base: Base, shipped: str = "rocky", **changes: str) -> str:
    roots = OverlayRoots([content / "product"], content / "updates", ("README.txt",), base)
    ours = identity(base=base.name, **changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(configuration_check, "efi_directories", lambda _: frozenset({"BOOT", shipped}))
        return configuration_check.check_configuration(roots, Branding(ours))


@pytest.fixture
def practice(tmp_path: Path, base: Base) -> Path:
    for relative, text in installer_texts(base, "Koozali SME Server").items():
        files.write_file(tmp_path / relative, text)
    return tmp_path


@EACH
def test_the_practice_content_is_taken_without_a_remark(practice: Path, base: Base) -> None:
    said = check(practice, base)
    assert said.startswith("the installer takes the configuration of ") and "\n" not in said


@EACH
def test_all_faults_are_told_together_by_the_files_of_the_content(practice: Path, base: Base) -> None:
    files.write_file(practice / ADDON, "print 'Koozali'\n")
    place = practice / f"product/{base.python.site}/pyanaconda/installclasses/koozali.py"
    files.write_file(place, install_class_source("koozali.py"))
    release = practice / "product/etc/os-release"
    files.write_file(release, "NAME=SME\nID=koozali-sme-server\n")
    with pytest.raises(ContentError) as caught:
        check(practice, base, shipped="almalinux")
    said = str(caught.value)
    assert f"{place}: is an install class, and the installer of {base.words} has none" in said
    assert (
        f"{practice / ADDON}, line 1: " in said and f"it is Python 2, and the installer runs with {base.python}" in said
    )
    assert "shim and GRUB of the medium have EFI/BOOT, EFI/almalinux" in said
    assert (f"{release}: has no PLATFORM_ID" in said) == bool(base.platform)


@EACH
def test_a_product_that_was_renamed_alone_is_refused_for_a_test_release_as_well(practice: Path, base: Base) -> None:
    if base.configuration is Configuration.PROFILES:
        assert check(practice, base, product="Other") == check(practice, base)
        return
    with pytest.raises(ContentError, match=r"koozali\.conf: is for Koozali SME Server; nothing in etc/anaconda"):
        check(practice, base, product="Other", label="alpha1")


@EACH
def test_an_add_on_is_held_against_the_python_of_the_base(practice: Path, base: Base) -> None:
    files.write_file(practice / ADDON, "def f(a, *, b: int = 1) -> str:\n    return f'{a!r:>{b}}'\n")
    said = check(practice, base)
    assert said.startswith(
        f"1 Python file held against {base.python}, what they import of others than pyanaconda is not; the"
    )


@EACH
def test_a_module_that_this_anaconda_has_not_is_told_with_the_nearest(practice: Path, base: Base) -> None:
    source = (
        "import os\nfrom pyanaconda.core.constants import X\nimport pyanaconda.instalclass\n"
        "from pyanaconda.core.configuraton import y\ntry:\n    import pyanaconda.gone\nexcept ImportError:\n    pass\n"
        "import pyanaconda.own\n"
    )
    files.write_file(practice / ADDON, source)
    files.write_file(practice / f"product/{base.python.site}/pyanaconda/own.py", "")
    said = check(practice, base).split("\n  ")
    assert len(said) == 3
    assert "line 3: imports pyanaconda.instalclass, which anaconda" in said[1]
    assert said[2].endswith(
        f"which anaconda {base.anaconda} does not have; did you mean pyanaconda.core.configuration?"
    )


SINCE = {  # what a Python takes, and since when
    "async def f():\n    return [x async for x in y]\n": (3, 6),
    "x = 1_000\n": (3, 6),
    "async def f():\n    await x\n": (3, 6),
    "if (x := 1): pass\n": (3, 8),
    "def f(a, /, b): pass\n": (3, 8),
    "with (open(a) as b, open(c) as d): pass\n": (3, 9),
    "match x:\n    case 1: pass\n": (3, 10),
}
NEVER = ("print 'x'\n", "exec 'a'\n", "raise E, 'x'\n", "0777\n", "a <> b\n", "def f(x:\n", "return 1\n", "x = )\n")


@EACH
def test_a_source_compiles_from_the_version_on_that_took_its_grammar(base: Base) -> None:
    for source, version in SINCE.items():
        fault = find_python3_fault(source.encode(), base.python)
        assert (fault is None) == (base.python.version >= version), source
    for source in NEVER:
        assert find_python3_fault(source.encode(), base.python), source


@EACH
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"x = '\xe9'\n", "cannot be decoded"),
        (b"# coding: nonsense\n", "cannot be decoded: unknown encoding"),
        (b"x = 1\0\n", "holds a null byte"),
        (b"(" * 100000, "brackets within each other"),
        (b"#" * (python3_sources.LARGEST + 1), "is larger than 256 KiB"),
        (b"def f():\n\tif 1:\n        pass\n", "inconsistent use of tabs"),
    ],
)
def test_what_no_python_3_reads_is_refused_in_a_sentence(data: bytes, words: str, base: Base) -> None:
    assert words in str(find_python3_fault(data, base.python))


@EACH
def test_sources_of_an_encoding_that_they_declare_compile(base: Base) -> None:
    assert find_python3_fault("# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"), base.python) is None
    assert find_python3_fault("\ufeffx = 'é'\r\n".encode(), base.python) is None
