# SPDX-License-Identifier: GPL-3.0-or-later
"""What the overlay's sources import and use, against the tables of the installer's runtime and each other."""

from __future__ import annotations

import pytest

from smedoit.installer.python27_imports import OverlayModules, find_import_faults, shadowing_remarks
from smedoit.installer.python27_names import read_source_names
from smedoit.installer.python27_rules import check_python27
from smedoit.installer.runtime_modules import runtime_modules

UPDATES, PRODUCT = "run/install/updates", "run/install/product/pyanaconda/installclasses"
SITE = "usr/lib64/python2.7/site-packages"
KOOZALI = f"{PRODUCT}/koozali.py"


def overlay(texts: dict[str, str], *more: str) -> OverlayModules:
    sources = {path: read_source_names(check_python27(text.encode())) for path, text in texts.items()}
    data = {path: text.encode() for path, text in texts.items()}
    return OverlayModules(sources, data, frozenset(texts), frozenset(more))


def faults(texts: str | dict[str, str]) -> list[str]:
    """Return what is wrong; what the installer meets only when it calls something begins with "later"."""
    found = find_import_faults(overlay({KOOZALI: texts} if isinstance(texts, str) else texts))
    return [f"{'' if fault.is_certain else 'later '}{fault.line}: {fault.reason}" for fault in found]


WRONG = {
    "a module of anaconda": ("import pyanaconda.netwrok", "1: there is no module pyanaconda.netwrok; did you mean"),
    "a name of a module": (
        "\nfrom pyanaconda.product import prodctName",
        "2: pyanaconda.product has no prodctName; did",
    ),
    "a module of anaconda 19": ("from pyanaconda.packages import x", "no module pyanaconda.packages"),
    "a module of blivet 2": ("from blivet.devices.lvm import LVMVolumeGroupDevice2", "blivet.devices.lvm has no LVM"),
    "a module of Python 3": ("import configparser", "no module configparser, which is Python 3's; Python 2.7 has"),
    "a module below one of Python 3": ("from urllib.request import urlopen", "Python 2.7 has urllib2"),
    "a name of Python 3": ("from shutil import which", "1: shutil has no which"),
    "an attribute of Python 3": ("import subprocess\nx = subprocess.run(['a'])", "2: subprocess has no run"),
    "an attribute of anaconda": (
        "from pyanaconda import iutil\nx = iutil.nothing()",
        "2: pyanaconda.iutil has no noth",
    ),
    "an attribute of a module below": (
        "import os\nx = os.path.exist('a')",
        "2: os.path has no exist; did you mean exi",
    ),
    "a misspelt module": ("import loging", "1: there is no module loging; did you mean logging?"),
    "nobody's module": ("import esmith", "1: there is no module esmith in Python 2.7, in anaconda"),
    "a relative import": (
        "from . import network",
        "1: a relative import, and the installer imports koozali.py outside",
    ),
    "a name": ("class A(BaseInstalClass): pass", "1: nothing is called BaseInstalClass"),
    "a name in a class": ("class A(object):\n    hidden = Flase", "2: nothing is called Flase; did you mean False?"),
    "a name of another class": ("class A(object):\n    x = 1\nclass B(object):\n    y = x", "4: nothing is called x"),
    "a name that comes later": ("class A(B): pass\nclass B(object): pass", "1: nothing is called B, or not yet"),
    "a default": ("def f(a=None, b=nul): pass", "1: nothing is called nul"),
    "a decorator": ("@propery\ndef f(self): pass", "1: nothing is called propery; did you mean property?"),
    "a builtin of Python 3": ("import os\nx = FileNotFoundError", "2: nothing is called FileNotFoundError"),
    "a name in a function": ("def f():\n    return sefl.x", "later 2: nothing is called sefl"),
    "a name of a class in its method": (
        "class A(object):\n    x = 1\n    def f(self): return x",
        "later 3: nothing is call",
    ),
    "an import in a function": (
        "def f():\n    import pyanaconda.nothing",
        "later 2: there is no module pyanaconda.noth",
    ),
    "an import under a condition": ("if 1:\n    from os import pth", "later 2: os has no pth; did you mean path?"),
    "a try that catches something else": (
        "try:\n    import loging\nexcept KeyError:\n    pass",
        "2: there is no module l",
    ),
    "a finally": ("try:\n    import loging\nfinally:\n    pass", "2: there is no module loging"),
    "a name that a known star does not bring": (
        "from pyanaconda.product import *\nx = productNme",
        "nothing is called p",
    ),
}
RIGHT = {
    "a try for two Pythons": "try:\n    import configparser\nexcept ImportError:\n    import ConfigParser\n",
    "a condition for two Pythons": "import sys\nif sys.version_info[0] > 2:\n    import queue\n",
    "hasattr": "import os\nif hasattr(os, 'run'):\n    os.run\nx = hasattr(os, 'r') and os.r\n",
    "a star of nobody knows": "from gi.repository.GLib import *\nx = idle_add\n",
    "a known star": "from pyanaconda.constants import *\nx = productName\nfrom os import *\ny = path\n",
    "other packages": "import gi\ngi.require_version('Gtk', '3.0')\nfrom gi.repository import Gtk\nGtk.Window\n",
    "the runtime": "import yum, rpm, libuser, selinux, dbus, parted, blivet, pykickstart.parser, meh.ui.gui\n",
    "modules below": "import os.path, xml.etree.ElementTree as ET, logging.handlers\nlogging.handlers.SysLogHandler\n",
    "a name in globals": "globals()['a'] = 1\nprint a\n",
    "exec": "exec 'a = 1'\nprint a\n",
    "global": "def f():\n    global a\n    a = 1\nf()\nprint a\n",
    "comprehensions": "x = [a for a in (1, 2)]\na\ny = dict((b, c) for b, c in zip(x, x) if b)\n{d: d for d in x}\n",
    "nested comprehensions": "class A(object):\n    x = [1]\n    y = [b for a in [x] for b in a if b in x]\n",
    "names of a loop": "for a, (b, c) in []:\n    a, b, c\nwith open('x') as f, open('y') as (g, h):\n    f, g, h\n",
    "what a loop brings later": "while True:\n    if 0: print later\n    later = 1\n",
    "an except": "try:\n    pass\nexcept (OSError, IOError), error:\n    print error\n",
    "arguments": "def f(a, (b, c), *d, **e):\n    return lambda g, h=a: (a, b, c, d, e, g, h)\n",
    "a function before its helper": "def f():\n    return helper()\ndef helper(): pass\n",
    "a keyword": "def f(**k): pass\nf(nothing=1)\n",
    "deleted names": "a = 1\ndel a\n",
    "adding to": "a = 1\na += 1\nprint a\n",
    "names of every module": "print __name__, __file__, __doc__\nclass A(object):\n    print __module__\n",
    "an attribute that is set": "import os\nos.mine = 1\nprint os.mine\n",
    "a name that is bound twice": "import os\nif os.name == 'x':\n    os = None\nos.whatever\n",
    "attributes of others": "from pyanaconda.flags import flags\nflags.whatever\nimport os\nos.environ.whatever\n",
    "a decorator": "class A(object):\n    @property\n    def x(self): pass\n    @x.setter\n    def x(self, v): pass\n",
    "a base": "from pyanaconda.installclasses.rhel import RHELBaseInstallClass as B\nclass A(B): pass\n",
}
TOGETHER = {
    "a module beside in updates": {
        f"{UPDATES}/pyanaconda/extra.py": "a = 1",
        KOOZALI: "from pyanaconda.extra import a",
    },
    "a class directory is searched by itself": {KOOZALI: "import kbase\nkbase.a", f"{PRODUCT}/kbase.py": "a = 1"},
    "a package of its own": {f"{SITE}/k/__init__.py": "", f"{SITE}/k/l.py": "a = 1", KOOZALI: "import k.l\nk.l.a"},
    "a relative import in a package": {
        f"{UPDATES}/pyanaconda/x.py": "from . import network\nfrom .y import a",
        f"{UPDATES}/pyanaconda/y.py": "a = 1",
    },
    "an implicit one": {f"{UPDATES}/pyanaconda/x.py": "import network, os\nnetwork.update_onboot_value\nos.path"},
    "a compiled module": {f"{UPDATES}/thing.so": "", KOOZALI: "import thing\nthing.whatever"},
    "an addon": {
        "usr/share/anaconda/addons/org_k/__init__.py": "",
        "usr/share/anaconda/addons/org_k/ks.py": "from org_k import __name__\nfrom pyanaconda.addons import AddonData",
    },
    "a program's neighbour": {"usr/bin/tool.py": "import helper", "usr/bin/helper.py": ""},
    "a circle": {f"{UPDATES}/a.py": "from b import *", f"{UPDATES}/b.py": "from a import *\nx = 1"},
    "links of the runtime": {"lib64/python2.7/site-packages/k.py": "", KOOZALI: "import k"},
}
APART = {
    "a directory that nobody searches": (
        {"run/install/product/pyanaconda/extra.py": "a = 1", KOOZALI: "from pyanaconda import extra"},
        "1: pyanaconda has no extra",
    ),
    "a package without its __init__": ({f"{SITE}/k/l.py": "", KOOZALI: "import k.l"}, "1: there is no module k"),
    "a copy of another release": (
        {
            f"{UPDATES}/pyanaconda/nm.py": "def nm_devices(): pass",
            KOOZALI: "from pyanaconda.nm import nm_device_carrier",
        },
        "1: pyanaconda.nm has no nm_device_carrier",
    ),
    "a copy that anaconda itself takes more from": (
        {f"{SITE}/pyanaconda/i18n.py": "def _(text): return text\n"},
        "1: has no N_, which pyanaconda.",
    ),
    "a name of a neighbour": (
        {KOOZALI: "from kbase import Bas", f"{PRODUCT}/kbase.py": "class Base(object): pass"},
        "1: kbase has no Bas; did you mean Base?",
    ),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_what_the_installer_does_not_have_is_seen_with_its_line(text: str, words: str) -> None:
    [said] = faults(text)
    assert words in said
    assert said.startswith("later") == words.startswith("later")


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_the_installer_has_or_nobody_can_know_passes(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize("texts", TOGETHER.values(), ids=TOGETHER)
def test_what_the_overlay_brings_is_found_where_python_looks(texts: dict[str, str]) -> None:
    python = {path: text for path, text in texts.items() if path.endswith(".py")}
    sources = {path: read_source_names(check_python27(text.encode())) for path, text in python.items()}
    assert [*find_import_faults(OverlayModules(sources, {}, frozenset(texts)))] == []


@pytest.mark.parametrize(("texts", "words"), APART.values(), ids=APART)
def test_what_lies_where_python_does_not_look_is_missed(texts: dict[str, str], words: str) -> None:
    assert any(words in said for said in faults(texts))


def test_a_copy_that_lacks_names_of_the_runtimes_own_is_told() -> None:
    names = " = ".join(sorted(name for name in runtime_modules()["pyanaconda.product"].names))
    whole = overlay({f"{UPDATES}/pyanaconda/product.py": f"{names} = 1\n"})
    assert [*shadowing_remarks(whole)] == []
    [said] = shadowing_remarks(overlay({f"{SITE}/pyanaconda/product.py": "import os\nproductName = 'x'\n"}))
    assert said.startswith(
        f"{SITE}/pyanaconda/product.py: lacks ConfigParser, bugUrl, config, distributionText and 5 more"
    )


def test_the_tables_have_what_they_are_for() -> None:
    modules = runtime_modules()
    assert {"update_onboot_value", "default_route_device"} <= modules["pyanaconda.network"].names
    assert {"productName", "isFinal"} <= modules["pyanaconda.product"].exported
    assert {"_", "N_"} <= modules["pyanaconda.i18n"].exported
    assert "FileNotFoundError" not in modules["__builtin__"].names
    assert modules["gi"].has_below
