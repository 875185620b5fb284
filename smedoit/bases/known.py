# SPDX-License-Identifier: GPL-3.0-or-later
"""The bases that there are, by their names in [release] base."""

from __future__ import annotations

import re

from smedoit.bases.el7 import EL7
from smedoit.bases.el8 import EL8
from smedoit.bases.el9 import EL9
from smedoit.bases.el10 import EL10
from smedoit.bases.enterprise_linux import Base

BASES = {base.name: base for base in (EL7, EL8, EL9, EL10)}
PLACES = tuple(dict.fromkeys(place for base in BASES.values() for place in base.repositories))  # the top first
USUAL = EL7  # where release.toml names none
DIST_TAG = re.compile(r"(?<![A-Za-z0-9])el[0-9]{1,3}(?![0-9])")  # in .el8_10, .el8.sme, .el8uek, .module+el8.10.0


def find_base(name: str) -> Base:
    """Return a base by its name. Raises KeyError."""
    return BASES[name]


def find_dist_tag(version: str) -> str:
    """Return what the release of a package, or the version of a kernel, is of: el8 for 553.el8_10; "" for nothing."""
    found = DIST_TAG.search(version)
    return found[0] if found else ""


def dist_words(tag: str) -> str:
    """Return what sentences call the Enterprise Linux of a tag, whether there is a base for it or not."""
    return BASES[tag].words if tag in BASES else f"Enterprise Linux {tag.removeprefix('el')}"
