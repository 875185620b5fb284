# SPDX-License-Identifier: GPL-3.0-or-later
"""test_fingerprints"""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.config.checks import QaWaiver
from smedoit.config.media import SigningSettings
from smedoit.config.tiers import PRACTICE_KEYS, KeySettings

PLAIN = PRACTICE_KEYS["koozali"]
PRINTED = [
    "48B7 BC18 7A21 C87A CA69  DFE1 67F2 5A76 8B63 564A",
    "48b7bc187a21c87aca69dfe167f25a768b63564a",
    "48B7BC187A21C87ACA69DFE167F25A768B63564A",
    "0x48B7BC187A21C87ACA69DFE167F25A768B63564A",
    "      Key fingerprint = 48B7 BC18 7A21 C87A CA69  DFE1 67F2 5A76 8B63 564A",
    "48:B7:BC:18:7A:21:C8:7A:CA:69:DF:E1:67:F2:5A:76:8B:63:56:4A",
    "48B7\u00a0BC18\u00a07A21 C87A CA69 DFE1 67F2 5A76 8B63 564A\n",
]


@pytest.mark.parametrize("said", PRINTED)
def test_a_fingerprint_counts_as_gpg_and_web_pages_print_it(said: str) -> None:
    key = KeySettings(Path("k"), said)
    assert (key.fingerprint, key.is_practice) == (PLAIN, True)
    assert SigningSettings(key=said) == SigningSettings(key=PLAIN)


def test_a_waiver_for_a_key_counts_as_gpg_prints_the_key() -> None:
    waiver = QaWaiver("practice", key=PRINTED[0])
    assert waiver.matches("a", "a-1-1.noarch", "smeos", PLAIN)
    assert QaWaiver("practice", key="48B7*").matches("a", "a-1-1.noarch", "smeos", PLAIN)
