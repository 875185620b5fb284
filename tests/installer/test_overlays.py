# SPDX-License-Identifier: GPL-3.0-or-later
"""test_overlays"""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.branding.rules import Branding
from smedoit.config.branding import BrandingRule
from smedoit.config.inputs import ContentSettings
from smedoit.errors import ContentError
from smedoit.installer import cpio, overlays
from smedoit.runtime import files
from tests.harness.nouns import identity

STAMP = "[Main]\nVersion=9\nIsFinal=True\n"
KEEP = BrandingRule(("product/.buildstamp",), "keep")


def product_members(content: Path, *rules: BrandingRule) -> tuple[dict[str, str], str]:
    """Return the files of product.img, and what is said of it."""
    target = content / "product.img"
    said = overlays.write_product_img(ContentSettings(content), "", "", Branding(identity(label="rc2"), rules), target)
    members = cpio.parse_overlay_image(target.read_bytes(), "product.img")
    return {member.name: member.data.decode() for member in members}, said


def test_the_buildstamp_that_is_read_last_is_rendered_as_the_first_one(tmp_path: Path) -> None:
    for place in (".buildstamp", "run/install/product/.buildstamp"):
        files.write_file(tmp_path / "product" / place, STAMP)
    rendered, _ = product_members(tmp_path)
    assert all("Version=10.1rc2\nIsFinal=False\n" in text for text in rendered.values())


def test_a_buildstamp_that_a_rule_keeps_is_held_against_the_installer(tmp_path: Path) -> None:
    files.write_file(tmp_path / "product/.buildstamp", STAMP)
    assert product_members(tmp_path, KEEP)[0][".buildstamp"] == STAMP
    files.write_file(tmp_path / "product/.buildstamp", STAMP.replace("True", "soon"))
    with pytest.raises(ContentError, match=r"product/\.buildstamp, line 3: IsFinal=soon ends the installer"):
        product_members(tmp_path, KEEP)


def test_a_buildstamp_that_nobody_reads_is_told(tmp_path: Path) -> None:
    files.write_file(tmp_path / "product/.buildstamp", STAMP)
    files.write_file(tmp_path / "product/etc/.buildstamp", "whatever")
    files.write_file(tmp_path / "product/.BuildStamp", "whatever")
    assert (
        "no installer reads .BuildStamp, etc/.buildstamp; it reads .buildstamp and run/" in product_members(tmp_path)[1]
    )


def write_updates(content: Path) -> str:
    return overlays.write_updates_img(
        ContentSettings(content), (), content / "none", "updates", identity(), content / "updates.img"
    )


def test_a_buildstamp_in_updates_is_refused_where_it_would_win(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    files.write_file(tmp_path / "updates/.buildstamp", STAMP)
    assert "no installer reads run/install/updates/.buildstamp" in write_updates(tmp_path)
    files.write_file(tmp_path / "updates/run/install/product/.buildstamp", STAMP)
    with pytest.raises(ContentError, match=r"updates/run/install/product/\.buildstamp: the installer reads it after"):
        write_updates(tmp_path)
