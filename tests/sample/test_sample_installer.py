# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice content's part in the installer, of each base."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import Base, Configuration
from smedoit.bases.known import BASES
from smedoit.branding.rules import Branding
from smedoit.config.inputs import ContentSettings
from smedoit.installer import cpio, overlays
from smedoit.runtime import files
from smedoit.sample.installer import FILES, installer_texts
from tests.harness.nouns import identity

PRODUCT = "Koozali SME Server"


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_the_images_are_made_of_it_without_a_word_on_any_file(base: Base, tmp_path: Path) -> None:
    for relative, text in installer_texts(base, PRODUCT).items():
        files.write_file(tmp_path / relative, text)
    ours, target = identity(base=base.name), tmp_path / "made.img"
    content = ContentSettings(tmp_path)
    assert "\n" not in overlays.write_product_img(content, "", "", Branding(ours), target)
    found = {member.name: member.data.decode() for member in cpio.parse_overlay_image(target.read_bytes(), "made.img")}
    assert "Product=Koozali SME Server\nVersion=10.1rc2\n" in found[".buildstamp"]
    assert (f'PLATFORM_ID="{base.platform}"\n' in found["etc/os-release"]) == bool(base.platform)
    (tmp_path / "none").mkdir()
    said = overlays.write_updates_img(content, ("README.txt",), tmp_path / "none", "locale", ours, target)
    assert said.startswith("1 files") and "\n" not in said


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_only_el_7_has_install_classes_and_the_others_their_configuration(base: Base) -> None:
    texts = installer_texts(base, PRODUCT)
    has_classes = base.configuration is Configuration.INSTALL_CLASSES
    assert (texts == FILES) == has_classes
    assert any(name.endswith(".py") for name in texts) == has_classes
    if not has_classes:
        own = texts[f"product/etc/anaconda/{base.configuration.value}/koozali.conf"]
        assert f"efi_dir = {base.upstream.ident}\n" in own and "default_source = CLOSEST_MIRROR\n" in own
