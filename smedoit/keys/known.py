# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that SME Server releases are built with, under the file names their owners publish them by."""

from __future__ import annotations

from dataclasses import dataclass

PRACTICE_VENDOR = "smedoit practice"  # of every package of doit sample, and of none that practice keys may sign besides


@dataclass(frozen=True)
class KnownKey:
    """A public key as its owner publishes it; fingerprint is "" where only the id was ever seen in packages."""

    file: str
    owner: str
    fingerprint: str = ""

    def __str__(self) -> str:
        return f"{self.file}, {self.owner}" + (f", fingerprint {self.fingerprint}" if self.fingerprint else "")


PUBLISHED = (
    KnownKey("RPM-GPG-KEY-CentOS-5", "CentOS 5", "473d66d5212271fd51cc17b1a8a447dce8562897"),
    KnownKey("RPM-GPG-KEY-CentOS-6", "CentOS 6", "c1dac52d1664e8a4386dba430946fca2c105b9de"),
    KnownKey("RPM-GPG-KEY-CentOS-7", "CentOS 7", "6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5"),
    KnownKey("RPM-GPG-KEY-CentOS-Testing-7", "CentOS 7 Testing", "ba02a5e6aff970f7269dd972c78893ac8fae34bd"),
    KnownKey("RPM-GPG-KEY-EPEL-7", "Fedora EPEL 7", "91e97d7c4a5e96f17f3e888f6a2faea2352c64e5"),
    KnownKey("RPM-GPG-KEY-Rocky-8", "Rocky Linux 8", "7051c470a929f454cebe37b715af5dac6d745a60"),
    KnownKey("RPM-GPG-KEY-Rocky-9", "Rocky Linux 9", "21cb256ae16fc54c6e652949702d426d350d275d"),
    KnownKey("RPM-GPG-KEY-Rocky-10", "Rocky Linux 10", "fc226859c0860bf0ddb95b085b106c736fedfc85"),
    KnownKey("RPM-GPG-KEY-SMEServer", "SME Server 7", "7d789fea39686c61d320dd683d7205081e9c9308"),
    KnownKey("RPM-GPG-KEY-koozali", "Koozali SME Server 10", "a9a004b25a9f5621aef29ae91a0dbcc056873151"),
    KnownKey("RPM-GPG-KEY-remi", "Remi Collet, until 2016", "1ee04cce88a4ae4aa29a5df5004e6f4700f97f56"),
    KnownKey("RPM-GPG-KEY-remi2017", "Remi's RPM repository, 2017", "44e89cd5b23362c224ce5a5de080f29f0364b949"),
)
SEEN = {  # key ids that are only known from old packages
    "2802e89216ff0e46": KnownKey("RPM-GPG-KEY-CentOS-2", "CentOS 2.1"),
    "7049e44d025e513b": KnownKey("RPM-GPG-KEY-CentOS-3", "CentOS 3"),
    "a53d0bab443e1821": KnownKey("RPM-GPG-KEY-centos4", "CentOS 4"),
}


def find_known_key(key_id: str) -> KnownKey | None:
    """Return the well-known key that key_id (a fingerprint, or the last digits of one) means, None if it is none."""
    wanted = key_id.lower()
    by_tail = (key for key in PUBLISHED if len(wanted) >= 8 and key.fingerprint.endswith(wanted))
    return next(by_tail, None) or SEEN.get(wanted)
