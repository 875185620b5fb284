# SPDX-License-Identifier: GPL-3.0-or-later
"""test_signing"""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.config.media import BootTestSettings, SigningSettings
from smedoit.config.schema import InvalidValueError


def test_without_a_key_nobody_signs() -> None:
    assert not SigningSettings().configured
    assert SigningSettings(key="a" * 40).configured
    assert SigningSettings(file=Path("k")).configured


@pytest.mark.parametrize(
    ("said", "key"),
    [({"key": "ABCD"}, "key"), ({"key": "g" * 40}, "key"), ({"key": "a" * 40, "file": Path("k")}, "file")],
)
def test_a_key_that_cannot_be_meant_is_refused(said: dict[str, object], key: str) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        SigningSettings(**said)  # type: ignore[arg-type]
    assert refusal.value.key == key


def test_a_key_file_lies_below_the_build_root() -> None:
    assert SigningSettings(file=Path("src/k")).anchored(Path("/b")).file == Path("/b/src/k")
    assert SigningSettings().anchored(Path("/b")) == SigningSettings()


@pytest.mark.parametrize(("said", "key"), [({"seconds": 0}, "seconds"), ({"memory": 64}, "memory"),
                                           ({"expect": ("",)}, "expect")])  # fmt: skip
def test_a_boot_test_that_proves_nothing_is_refused(said: dict[str, object], key: str) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        BootTestSettings(**said)  # type: ignore[arg-type]
    assert refusal.value.key == key
