# SPDX-License-Identifier: GPL-3.0-or-later
"""A medium taken apart: which files its content tree, translations and boot set consist of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smedoit.bases.enterprise_linux import Base
from smedoit.config.inputs import PLACES
from smedoit.errors import ContentError
from smedoit.installer import cpio, gettext_catalog
from smedoit.installer.cpio import CpioMember
from smedoit.installer.dead_paths import UPDATES_TOP
from smedoit.installer.tasks import NOT_IN_UPDATES_IMG
from smedoit.runtime.filesets import matches_patterns

CATALOG = re.compile(r"(?P<place>usr/share/locale|run/install/updates/po)/(?P<relative>[^/]+/LC_MESSAGES/anaconda\.mo)")


@dataclass(frozen=True)
class UpdatesParts:
    """What updates.img was made of.

    own       path in updates/ of the content tree -> file
    catalogs  LANG/LC_MESSAGES/anaconda.mo -> translation
    place     [translations] place; where there are translations in both, the one that has more
    lost      files of the image that updates/ could not bring there
    """

    own: Mapping[str, CpioMember]
    catalogs: Mapping[str, CpioMember]
    place: str
    lost: Sequence[str]


def split_updates(members: Mapping[str, CpioMember], base: Base) -> UpdatesParts:
    """Return what updates.img was made of, so that what is made of it again for this base is the same."""
    catalogs: dict[str, dict[str, CpioMember]] = {place: {} for place in PLACES}
    for name, member in members.items():
        if (found := CATALOG.fullmatch(name)) and _is_catalog(found["relative"], member.data):
            place = next(key for key, top in PLACES.items() if top == found["place"])
            catalogs[place][found["relative"]] = member
    place = max(catalogs, key=lambda key: (len(catalogs[key]), key == "locale"))
    taken = {cpio.catalog_location(relative, PLACES[place]) for relative in catalogs[place]}
    paths = {name: _updates_path(name, base) for name in members if name not in taken}
    lost = [name for name, path in paths.items() if cpio.updates_location(path, base) != name]
    return UpdatesParts(
        {path: members[name] for name, path in paths.items() if name not in lost}, catalogs[place], place, lost
    )


def _is_catalog(relative: str, data: bytes) -> bool:
    """Return whether a file is a translation that updates.img may be made with."""
    try:
        gettext_catalog.parse_catalog(relative, data)
    except ContentError:
        return False
    return True


def _updates_path(name: str, base: Base) -> str:
    """Return where in updates/ a file of the image comes from: without run/install/updates/ where that leads back."""
    short = name.removeprefix(f"{UPDATES_TOP}/")
    leads_back = cpio.updates_location(short, base) == name
    return short if leads_back and not matches_patterns(short, NOT_IN_UPDATES_IMG) else name
