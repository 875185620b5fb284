# SPDX-License-Identifier: GPL-3.0-or-later
"""The bases that there are, by their names in [release] base."""

from __future__ import annotations

from smedoit.bases.el7 import EL7
from smedoit.bases.el8 import EL8
from smedoit.bases.el9 import EL9
from smedoit.bases.el10 import EL10
from smedoit.bases.enterprise_linux import Base

BASES = {base.name: base for base in (EL7, EL8, EL9, EL10)}
PLACES = tuple(dict.fromkeys(place for base in BASES.values() for place in base.repositories))  # the top first
USUAL = EL7  # where release.toml names none


def find_base(name: str) -> Base:
    """Return a base by its name. Raises KeyError."""
    return BASES[name]
