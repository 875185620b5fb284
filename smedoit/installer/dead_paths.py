# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of an overlay image that a base's installer never looks at, though an earlier or a later one does.

Source: anaconda.py, core/constants.py, ui/gui/__init__.py and core/configuration of anaconda 33.16.10.5, 34.25.7.19 and
40.22.3.57
"""

from __future__ import annotations

import re

from smedoit.bases.enterprise_linux import STAMP_NAME, Base, Configuration

UPDATES_TOP, PRODUCT_TOP = "run/install/updates", "run/install/product"
LINKS = ("tmp/updates", "tmp/product")
STYLE = "anaconda-gtk.css"  # which every installer reads below run/install
DEFAULTS = "interactive-defaults.ks"
LOCALE = "usr/share/locale"
CLASSES = "pyanaconda/installclasses/"
CLASS_WORD = b"BaseInstallClass"  # of anaconda 21 and 28, and of no later one
PYTHON_DIRECTORY = re.compile(r"usr/lib(?:64)?/python([0-9]+)\.([0-9]+)/")


def dead_path_reason(name: str, data: bytes, base: Base) -> str:
    """Return why the installer of a base never reads a file of an overlay image, and where it belongs; "" if it may.

    name  the file's path in the installer
    """
    if base.configuration is Configuration.INSTALL_CLASSES:
        return ""
    directory = base.configuration.value
    if CLASSES in name or (name.endswith(".py") and CLASS_WORD in data):
        return (
            f"is an install class, and the installer of {base.words} has none; what it decides belongs in"
            f" etc/anaconda/{directory}/NAME.conf, chosen by {base.configuration.chosen_by}, or in etc/anaconda/conf.d"
        )
    for other in Configuration:
        if other is not base.configuration and name.startswith(f"etc/anaconda/{other.value}/"):
            return f"the installer of {base.words} reads etc/anaconda/{directory} instead, chosen by " + (
                base.configuration.chosen_by
            )
    if (found := PYTHON_DIRECTORY.match(name)) and (int(found[1]), int(found[2])) != base.python.version:
        return f"the installer of {base.words} runs with {base.python}, and imports from {base.python.site}"
    if not base.reads_updates:
        for top in (UPDATES_TOP, PRODUCT_TOP, *LINKS):
            if name.startswith(f"{top}/") and name not in (f"{UPDATES_TOP}/{STYLE}", f"{PRODUCT_TOP}/{STYLE}"):
                return f"the installer of {base.words} reads nothing there; {_final_place(name[len(top) + 1 :], base)}"
    return ""


def _final_place(relative: str, base: Base) -> str:
    """Return where a file belongs that earlier installers had below run/install/updates or run/install/product."""
    place = moved_location(relative, base)
    if place:
        return f"put it at {place}"
    return "put it where it belongs below usr or etc"


def moved_location(relative: str, base: Base) -> str:
    """Return where a file belongs that earlier installers had in /tmp/updates, "" if nobody can tell."""
    top, _, rest = relative.partition("/")
    if relative == STAMP_NAME:
        return STAMP_NAME
    if relative == DEFAULTS:
        return f"usr/share/anaconda/{DEFAULTS}"
    if top == "po" and rest:
        return f"{LOCALE}/{rest}"
    if top == "pyanaconda" and rest:
        return f"{base.python.site}/{relative}"
    if top == "anaconda.repos.d" and rest:
        return f"etc/{relative}"
    if not rest and top.endswith(".rules"):
        return f"etc/udev/rules.d/{top}"
    return f"{UPDATES_TOP}/{STYLE}" if relative == STYLE else ""


def product_remark(name: str, base: Base) -> str:
    """Return what is odd about a file of Python's below run/install/product, "" where it is imported from there."""
    if base.configuration is Configuration.INSTALL_CLASSES or not base.reads_updates:
        return ""
    if name.startswith(f"{PRODUCT_TOP}/") and name.endswith((".py", ".so")):
        return f"nobody imports it there; {base.python} finds what is below {UPDATES_TOP} and {base.python.site}"
    return ""
