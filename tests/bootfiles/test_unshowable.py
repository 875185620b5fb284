# SPDX-License-Identifier: GPL-3.0-or-later
"""test_unshowable"""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.bootfiles.isolinux import unshowable_lines
from smedoit.branding.rules import Branding
from smedoit.medium_paths import ISOLINUX_CFG
from smedoit.runtime.files import write_file
from smedoit.tree import fill
from tests.harness.nouns import identity

MENU = (
    "# 쿠잘리\nmenu title Welcome to SME Server 10.0\nlabel linux\n  menu label ^설치\n"
    "  append inst.stage2=hd:LABEL=x # ü\n"
)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (MENU, [4]),
        ("SME Server\n환영합니다\nGrüße\n", [2, 3]),
        ("SME Server\n\x0f0eplain\x07\n", []),
        ("text help\n한국어\nendtext\n", [2]),
        ("\x0c\x0f0eWelcome\n환영합니다\n", [2]),  # a form feed clears the screen, and begins no line
        (b"\xc9\xcd\xcd\xbb a frame of CP437, Gr\x81\xe1e\n".decode("utf-8", "surrogateescape"), []),
    ],
)
def test_letters_that_isolinux_has_not_are_found_where_somebody_would_see_them(text: str, lines: list[int]) -> None:
    assert unshowable_lines(text) == lines


def test_the_task_tells_of_letters_that_nobody_could_read_and_writes_them_as_they_are(tmp_path: Path) -> None:
    content, target = tmp_path / "content", tmp_path / "tree"
    write_file(content / ISOLINUX_CFG, MENU)
    write_file(content / "isolinux/boot.msg", "SME Server 10.0\n환영합니다\n")
    said = fill.write_bios_menu((content, content), Branding(identity(label="rc2")), target)
    assert said.splitlines()[1:] == [
        "  isolinux/isolinux.cfg, line 4: isolinux shows other signs in the place of letters beyond ASCII",
        "  isolinux/boot.msg, line 2: isolinux shows other signs in the place of letters beyond ASCII",
    ]
    assert (target / "isolinux/boot.msg").read_text("utf-8") == "SME Server 10.1 RC2\n환영합니다\n"
