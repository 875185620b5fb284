# SPDX-License-Identifier: GPL-3.0-or-later
"""test_install_classes"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smedoit.config.checks import AnacondaSettings
from smedoit.errors import CheckError, ContentError
from smedoit.installer import install_classes
from smedoit.runtime import files
from smedoit.sample.installer import FILES, install_class_source
from tests.harness.nouns import identity

GOOD = install_class_source("koozali.py")
CENTOS = install_class_source("centos.py")
PRODUCT = "run/install/product/pyanaconda/installclasses"
SITE = "usr/lib64/python2.7/site-packages/pyanaconda/installclasses"
PATH = f"{PRODUCT}/koozali.py"
NOTHING_TO_SAY = "2 Python files held against Python 2.7"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    files.write_file(tmp_path / "content/product" / PATH, GOOD)
    files.write_file(tmp_path / "content/updates/run/install/updates/x.py", "a = 1\n")
    files.write_file(tmp_path / "content/updates/po/x.py", "goes into no image\n")
    return tmp_path / "content"


def check(content: Path, label: str = "rc2", **settings: Any) -> str:
    roots = install_classes.OverlayRoots([content / "absent", content / "product"], content / "updates", ("po/*",))
    return install_classes.check_install_classes(roots, identity(label=label), AnacondaSettings(**settings))


def plant(content: Path, text: str, path: str = PATH) -> None:
    files.write_file(content / "product" / path, text)


# The step, on a content tree


def test_a_source_that_the_installer_could_not_compile_stops_the_build(content: Path) -> None:
    assert check(content) == NOTHING_TO_SAY
    plant(content, GOOD + "\n    async def f(self): pass\n")
    with pytest.raises(ContentError, match=r"would not compile\n  \S+/koozali\.py, line \d+: (.|\n)*hint: correct"):
        check(content)


def test_a_letter_of_no_declared_encoding_stops_the_build(content: Path) -> None:
    plant(content, f"{GOOD}# Jürgen\n")
    with pytest.raises(
        ContentError, match=r"koozali\.py, line \d+: byte 0xc3 is not ASCII, and no encoding is declared"
    ):
        check(content)
    plant(content, f"# -*- coding: utf-8 -*-\n{GOOD}# Jürgen\n")
    assert check(content) == NOTHING_TO_SAY


def test_a_shim_that_leads_nowhere_changes_nothing(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "bin/python2.7"
    files.write_file(shim, "#!/bin/sh\necho 'command not found' >&2\nexit 127\n", 0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")
    assert check(content) == NOTHING_TO_SAY
    plant(content, "def f(a: int): pass\n")
    with pytest.raises(ContentError, match=r"koozali\.py, line 1: invalid syntax at ':'"):
        check(content)


def test_an_import_that_finds_nothing_stops_the_build_and_a_test_release_too(content: Path) -> None:
    plant(content, GOOD.replace("import nm", "import mn"))
    with pytest.raises(
        ContentError, match=r"would end when it imports.*\n  \S+koozali\.py, line 10: pyanaconda has no mn"
    ):
        check(content)


def test_modules_of_a_runtime_of_ones_own_are_named_in_release_toml(content: Path) -> None:
    plant(content, f"import esmith.db\n{GOOD}")
    with pytest.raises(ContentError, match=r"line 1: there is no module esmith in(.|\n)*\[anaconda\] modules"):
        check(content)
    assert check(content, modules=("esmith",)) == NOTHING_TO_SAY


def test_imports_of_an_anaconda_that_there_is_no_table_of_are_told(content: Path) -> None:
    plant(content, GOOD.replace("import nm", "import mn"))
    said = check(content, srpm="https://x/anaconda-21.48.22.134-1.el7.centos.src.rpm", patches="p")
    assert "line 10: pyanaconda has no mn" in said
    with pytest.raises(ContentError, match="pyanaconda has no mn"):
        check(content, srpm="anaconda-21.48.22.159-1.el7.centos.src.rpm", patches="p")


def test_what_fails_only_when_it_is_called_is_told(content: Path) -> None:
    plant(content, GOOD.replace("network.update_onboot_value", "network.update_onboot_values"))
    assert check(content, "").endswith(
        f"{content}/product/{PATH}, line 36: pyanaconda.network has no update_onboot_values;"
        " did you mean update_onboot_value?"
    )


def test_the_place_in_updates_is_that_of_the_image(content: Path) -> None:
    files.write_file(content / "updates/pyanaconda/installclasses/koozali.py", GOOD.replace("30000", "10"))
    assert f"product/{PATH}: differs from run/install/updates/pyanaconda/installclasses/koozali.py, which" in check(
        content
    )


def test_the_practice_content_leaves_nothing_to_say(tmp_path: Path) -> None:
    for relative, text in FILES.items():
        files.write_file(tmp_path / "content" / relative, text)
    assert check(tmp_path / "content", label="") == "4 Python files held against Python 2.7"


# Which class wins


def test_a_class_that_loses_is_refused_for_a_final_release_and_told_before(content: Path) -> None:
    plant(content, GOOD.replace("30000", "20000"))
    said = (
        f"{content}/product/{PATH}: has sortPriority 20000, not above 25000,"
        f" so the installer would take CentOS Linux ({SITE}/centos.py)"
    )
    assert f"warning: {said}" in check(content)
    with pytest.raises(CheckError) as refused:
        check(content, label="")
    assert said in str(refused.value)


LOSERS = {
    "a lower priority": GOOD.replace("30000", "24999"),
    "no priority": GOOD.replace("    sortPriority = 30000\n", ""),
    "hidden": GOOD.replace("hidden = False", "hidden = True"),
    "hidden for this product": GOOD.replace("hidden = False", 'hidden = productName.startswith(("SME", "Koozali"))'),
    "hidden by the product's module": GOOD.replace(
        "hidden = False", 'hidden = product.productName == "Koozali SME Server"'
    ).replace("from pyanaconda.product import productName", "from pyanaconda import product"),
    "hidden under an if": GOOD.replace(
        "hidden = False", 'if not productName.startswith("SME "):\n        hidden = True\n    else:\n        pass'
    ),
    "a priority that is set again": GOOD.replace("efi_dir", "sortPriority = 20000\n    efi_dir"),
    "not in __all__": f"__all__ = ['Helper']\nclass Helper(object): pass\n{GOOD}",
    "no install class": GOOD.replace("class InstallClass(BaseInstallClass)", "class InstallClass(object)"),
    "a priority of a constant": GOOD.replace("30000", "PRIORITY").replace("class Ins", "PRIORITY = 9\n\n\nclass Ins"),
}
INIT = "BaseInstallClass.__init__(self)"
NO_EFI_DIR = GOOD.replace('    efi_dir = "centos"\n', "")
WINNERS = {
    "efi_dir in capitals": GOOD.replace('"centos"', '"CentOS"'),
    "efi_dir of an instance": NO_EFI_DIR.replace(INIT, f"{INIT}\n        self.efi_dir = 'centos'"),
    "efi_dir of a property": NO_EFI_DIR.replace(
        "    _l10n", "    @property\n    def efi_dir(self): return 'x'\n    _l10n"
    ),
    "efi_dir from outside": f"{NO_EFI_DIR}\nInstallClass.efi_dir = 'centos'\n",
    "efi_dir among others": GOOD.replace('efi_dir = "centos"', 'efi_dir, x = "centos", 1'),
    "efi_dir of a loop": GOOD.replace('efi_dir = "centos"', 'for efi_dir in ("centos",): pass'),
    "attributes that are set by name": GOOD.replace(INIT, f"{INIT}\n        setattr(self, 'y', 1)\n        self.y"),
    "upstream's class by its bare name": f"from rhel import RHELBaseInstallClass\nimport centos\n{GOOD}",
    "an attribute of anaconda 19": GOOD.replace("    _l10n", "    id = _name = 'x'\n    _l10n"),
    "a star": GOOD.replace("import BaseInstallClass", "import *"),
    "a class of another package": (
        "from gi.repository import Thing\nfrom meh import Config\n\n\nclass Own(Thing): pass\nclass A(Config): pass\n"
        + GOOD
    ),
    "a mixin": GOOD.replace("InstallClass(Base", "Mixin(object):\n    pass\n\n\nclass InstallClass(Mixin, Base"),
    "as it is": GOOD,
    "hidden for others": GOOD.replace("hidden = False", 'hidden = not productName.startswith("Koozali")'),
    "in __all__": f"__all__ = ['InstallClass']\n{GOOD}",
    "the priority of CentOS, and a name behind it": GOOD.replace("30000", "25000"),
    "a long number": GOOD.replace("30000", "0x7530L"),
    "a priority that nobody knows": f"import os\n{GOOD}".replace("30000", "os.getpid() + 1000"),
    "built on CentOS's": (
        "from pyanaconda.installclasses.centos import CentOSBaseInstallClass as BaseInstallClass\n"
        + GOOD.replace("from pyanaconda.installclass import BaseInstallClass\n", "").replace("    efi_dir", "    x")
    ),
    "built on a class of its own": (
        GOOD.replace("class InstallClass(BaseInstallClass)", "class KoozaliBase(BaseInstallClass)")
        + "\n\nclass Koozali(KoozaliBase):\n    sortPriority = 40000\n"
    ),
}


@pytest.mark.parametrize("text", LOSERS.values(), ids=LOSERS)
def test_a_class_that_the_installer_would_not_take_is_seen(content: Path, text: str) -> None:
    plant(content, text)
    plant(content, CENTOS, f"{SITE}/centos.py")
    said = check(content)
    assert ("so the installer would take CentOS Linux" in said) or ("it is no install class" in said)
    with pytest.raises(CheckError):
        check(content, label="")


@pytest.mark.parametrize("text", WINNERS.values(), ids=WINNERS)
def test_a_class_that_the_installer_takes_passes_a_final_release(content: Path, text: str) -> None:
    plant(content, text)
    assert check(content, label="") == NOTHING_TO_SAY


def test_a_helper_beside_a_class_is_no_install_class(content: Path) -> None:
    plant(content, f"from smehelper import X\n{GOOD}")
    plant(content, "X = 1\n", f"{PRODUCT}/smehelper.py")
    assert check(content, label="") == "3 Python files held against Python 2.7"


def test_the_directory_below_anacondas_own_comes_first(content: Path) -> None:
    plant(content, GOOD.replace("30000", "10"), "root/installclasses/koozali.py")
    with pytest.raises(CheckError, match=r"product/root/installclasses/koozali\.py: has sortPriority 10, not above"):
        check(content, label="")


def test_an_overlay_of_nothing_but_upstreams_classes_may_win_with_them(content: Path) -> None:
    (content / "product" / PATH).unlink()
    plant(content, CENTOS, f"{SITE}/centos.py")
    assert check(content, label="") == NOTHING_TO_SAY


def test_images_without_install_classes_leave_the_choice_to_upstream(content: Path) -> None:
    (content / "product" / PATH).unlink()
    plant(content, "", "usr/lib/x.py")
    plant(content, "", f"{PRODUCT}/__init__.py")
    assert check(content, label="") == "3 Python files held against Python 2.7"


@pytest.mark.parametrize(
    "path",
    [
        "pyanaconda/installclasses/koozali.py",
        f"{PRODUCT}/sme/koozali.py",
        f"{PRODUCT}/koozali.PY",
        "root/koozali/installclasses/koozali.py",
        "run/install/product/installclasses/koozali.py",
        "usr/lib/python2.7/site-packages/pyanaconda/installclasses/koozali.py",
    ],
)
def test_a_class_where_nobody_looks_for_one_stops_a_final_release(content: Path, path: str) -> None:
    (content / "product" / PATH).unlink()
    plant(content, GOOD, path)
    with pytest.raises(CheckError, match=f"product/{path}: no installer looks for an install class there; it looks"):
        check(content, label="")


# What the installer asks a class for

LACKING = {
    "a module for a base": (GOOD.replace("(BaseInstallClass):", "(nm):"), "line 13: the base nm is a module"),
    "an attribute of the base": (
        GOOD.replace("ExtraArgs = []", "ExtraArgs = BaseInstallClass.bootloaderExtraArg"),
        "line 21: BaseInstallClass has no bootloaderExtraArg; did you mean bootloaderExtraArgs?",
    ),
    "a text for __all__": (f"__all__ = 'InstallClass'\n{GOOD}", "__all__ names C, which is not in it"),
    "no efi_dir": (GOOD.replace("    efi_dir", "    efi_directory"), f"{PATH}: sets no efi_dir, every installation"),
    "an empty efi_dir": (GOOD.replace('efi_dir = "centos"', "efi_dir = None"), "its efi_dir is no name"),
    "a directory of nobody": (GOOD.replace('"centos"', '"koozali"'), 'efi_dir is "koozali", but no shim has one'),
    "too few arguments": (
        GOOD.replace("configure(self, anaconda):", "configure(self):"),
        "line 27: the installer gives",
    ),
    "too many arguments": (GOOD.replace("def __init__(self):", "def __init__(self, x):"), "__init__ 1 arguments"),
    "a name that is not there in __all__": (
        f"__all__ = ['Koozali']\n{GOOD}",
        "__all__ names Koozali, which is not in it",
    ),
}
REMARKED = {
    "a method without self": (
        GOOD.replace("__init__(self)\n", "__init__()\n").replace("def __init__()", "def __init__(self)"),
        "line 40: BaseInstallClass.__init__() is called without self",
    ),
    "a misspelt method of its own": (
        GOOD.replace("self.setDefaultPartitioning", "self.setDefaultPartioning"),
        "line 29: self has no setDefaultPartioning; did you mean setDefaultPartitioning?",
    ),
    "a text for a list": (
        GOOD.replace("ExtraArgs = []", "ExtraArgs = 'quiet'"),
        "line 21: bootloaderExtraArgs is a text",
    ),
    "super of Python 3": (
        GOOD.replace("BaseInstallClass.__init__(self)", "super().__init__()"),
        "super() needs the class",
    ),
    "a misspelt attribute": (GOOD.replace("ignoredPackages", "ignorePackages"), "line 22: sets ignorePackages, which"),
    "a misspelt method": (GOOD.replace("setNetworkOnbootDefault", "setNetworkOnBootDefault"), "mean setNetworkOnboot"),
    "no domain": (GOOD.replace("    _l10n_domain", "    l10n"), "sets no _l10n_domain; whoever asks"),
    "no name": (GOOD.replace("    name =", "    title ="), "sets no name; the installer's log "),
    "a comma too many": (GOOD.replace("30000", "30000,"), "sortPriority is no number"),
    "a priority of letters": (GOOD.replace("30000", '"30000"'), "sortPriority is no number"),
}


@pytest.mark.parametrize(("text", "words"), LACKING.values(), ids=LACKING)
def test_a_class_that_the_installer_would_end_at_stops_a_final_release(content: Path, text: str, words: str) -> None:
    plant(content, text)
    assert words in check(content)
    with pytest.raises(CheckError) as refused:
        check(content, label="")
    assert words in str(refused.value)


@pytest.mark.parametrize(("text", "words"), REMARKED.values(), ids=REMARKED)
def test_what_the_installer_would_not_miss_is_told(content: Path, text: str, words: str) -> None:
    plant(content, text)
    assert words in check(content, label="")


def test_efi_dir_is_what_the_mediums_own_loaders_bring(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install_classes, "package_paths", lambda path: ["/etc/x", f"/boot/efi/EFI/{path}/shimx64.efi"])
    roots = install_classes.OverlayRoots([content / "product"], content / "updates", ("po/*",))
    with pytest.raises(CheckError, match='efi_dir is "centos", but shim and GRUB of the medium have EFI/rocky:'):
        install_classes.check_install_classes(roots, identity(label=""), AnacondaSettings(), [Path("rocky")])
    assert (
        install_classes.check_install_classes(roots, identity(label=""), AnacondaSettings(), [Path("centos")])
        == NOTHING_TO_SAY
    )
