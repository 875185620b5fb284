# SPDX-License-Identifier: GPL-3.0-or-later
"""The [[tiers]] and [[keys]] tables: where packages come from, and whose signature counts."""

from __future__ import annotations

import re
from pathlib import Path

from smedoit.config.identity import WORD
from smedoit.config.schema import SettingsTable, require_value

FINGERPRINT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
NO_FINGERPRINT = "a fingerprint is 40 hexadecimal digits (64 for an OpenPGP v6 key), in groups or not"
DECORATION = re.compile(r".*=|[\s:]|0[xX](?=[0-9a-fA-F ]+$)", re.DOTALL)
PRACTICE_KEYS = {  # of doit sample; their secret halves come with smedoit, so what they sign is worth nothing
    "koozali": "48b7bc187a21c87aca69dfe167f25a768b63564a",
    "centos": "e78a05292e7f6b731961340d915b4309a2355a59",
}


def plain_fingerprint(said: str) -> str:
    """Return a fingerprint in lower case and one piece, however gpg, rpm or a page shows it."""
    return DECORATION.sub("", said).lower()


class Tier(SettingsTable):
    """One [[tiers]] entry: a repository of the update cycle, the most trusted first.

    name           what promotions, waivers and reports call it
    path           its directory; it is read recursively, whatever its shape
    stage          whether its packages may go on a medium
    may_be_empty   whether a tier without any package is right
    architectures  below path each has a repository of its own, beside SRPMS; none means [release] arch
    promote_to     the tier that packages of this one may go on to; the wiki's cycle if it is not said
    mirror         upstream's: one repository at path, and nothing is ever taken away from it
    flat           one repository at path, binary and source packages in it side by side
    pool           the directory that links in it may lead to, as in mirrors that keep their packages in a pool; without
                   it they must stay below path
    repodata       False where it comes from elsewhere, as a mirror's own does
    repository     the repository of the medium that its packages lie in, like "AppStream"; the first of them if it is
                   not said
    """

    name: str
    path: Path
    stage: bool = True
    may_be_empty: bool = False
    architectures: tuple[str, ...] = ()
    promote_to: str = ""
    mirror: bool = False
    flat: bool = False
    pool: Path = Path()
    repodata: bool = True
    repository: str = ""

    @property
    def link_root(self) -> Path:
        """Where links in it may lead to, beside what lies below path."""
        return self.path if self.pool == Path() else self.pool

    @property
    def is_one_repository(self) -> bool:
        """Whether all of it is one repository, whatever its shape; else each architecture and the sources are one."""
        return self.mirror or self.flat

    def __post_init__(self) -> None:
        for number, arch in enumerate(self.architectures):
            require_value(WORD.fullmatch(arch), ("architectures", number), f"{arch!r} names no architecture")
        require_value(
            not (self.flat and self.architectures), "flat", "a flat tier has no directories for its architectures"
        )
        require_value(self.promote_to != self.name, "promote_to", "a tier cannot be promoted to itself", "name")
        require_value(WORD.fullmatch(self.name), "name", "use letters, digits, '.', '_' and '-' only")
        require_value(
            not (self.stage and self.name == "smetest"),
            "stage",
            "smetest is for developers and never goes on a medium; promote what is ready to smeupdates-testing",
            "name",
        )


class KeySettings(SettingsTable):
    """One [[keys]] entry: a public key file, and the fingerprint it must have.

    file            the public key, armored; it is put on the medium
    fingerprint     40 hexadecimal digits (64 for an OpenPGP v6 key), also in groups as gpg prints them; the file must
                    have it
    legacy_reason   why signatures of an algorithm that is no longer trusted (DSA, SHA-1) count if this key made them
    expired_reason  why what this key signed is still welcome although it has expired
    """

    file: Path
    fingerprint: str
    legacy_reason: str = ""
    expired_reason: str = ""

    def __post_init__(self) -> None:
        vars(self)["fingerprint"] = plain_fingerprint(self.fingerprint)
        require_value(FINGERPRINT.fullmatch(self.fingerprint), "fingerprint", NO_FINGERPRINT)

    @property
    def is_practice(self) -> bool:
        """Whether it is a key whose secret half everybody has."""
        return self.fingerprint in PRACTICE_KEYS.values()
