# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the first own build differs from what was imported."""

from __future__ import annotations

import pytest

from smedoit.branding.rules import Branding
from smedoit.compare.differences import ADDED, BOOT, CHANGED, FILES, PACKAGES, PACKED, REMOVED, UP, Difference
from smedoit.importing.explain import explain_differences
from smedoit.medium_paths import EFI_IMAGE, PRODUCT_IMG
from tests.harness.nouns import identity

LEFT = {"quality/x": "no layer makes it", f"{PRODUCT_IMG}/link": "is a link", "a.noarch 1-1": "not signed"}


def reasons(*found: Difference) -> list[str]:
    explained, unexplained = explain_differences(found, Branding(identity()), LEFT)
    assert len(unexplained) + sum(map(len, explained.values())) == len(found)
    return list(explained)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Difference(FILES, CHANGED, ".treeinfo"), "doit treeinfo writes it anew"),
        (Difference(FILES, REMOVED, "repodata/primary.xml.zst"), "doit repodata writes it anew"),
        (Difference(FILES, CHANGED, PRODUCT_IMG, PACKED), "doit product_img packs it anew"),
        (Difference(FILES, ADDED, PRODUCT_IMG), "doit product_img always makes one"),
        (Difference(FILES, CHANGED, "isolinux/isolinux.cfg"), "its release is written into it from [release]"),
        (Difference(PRODUCT_IMG, CHANGED, ".buildstamp"), "its release is written into it from [release]"),
        (Difference(EFI_IMAGE, CHANGED, "efi/boot/GRUB.CFG"), "its release is written into it from [release]"),
        (Difference(FILES, REMOVED, "quality/x"), "no layer makes it"),
        (Difference(PRODUCT_IMG, REMOVED, "link"), "is a link"),
        (Difference(PACKAGES, REMOVED, "a.noarch", "1-1"), "not signed"),
        (Difference(FILES, ADDED, "RPM-GPG-KEY-x"), "the keys of [[keys]], and no others, are on the medium"),
        (
            Difference(BOOT, CHANGED, "GPT", "none", "yes"),
            "doit iso writes the boot records of BIOS and UEFI, CD and USB",
        ),
    ],
)
def test_what_a_task_makes_or_the_import_left_is_explained(found: Difference, reason: str) -> None:
    assert reasons(found) == [reason]


@pytest.mark.parametrize(
    "found",
    [
        Difference(FILES, CHANGED, "README.txt"),
        Difference(FILES, REMOVED, "isolinux/isolinux.cfg"),
        Difference(FILES, CHANGED, "images/pxeboot/vmlinuz"),
        Difference(FILES, CHANGED, "RPM-GPG-KEY-x"),
        Difference(PRODUCT_IMG, REMOVED, ".buildstamp"),
        Difference(PRODUCT_IMG, CHANGED, "usr/share/anaconda/pixmaps/logo.png"),
        Difference(EFI_IMAGE, CHANGED, "EFI/BOOT/BOOTX64.EFI"),
        Difference(PACKAGES, REMOVED, "b.noarch", "1-1"),
        Difference(PACKAGES, UP, "a.noarch", "1-1", "2-1"),
    ],
)
def test_what_nobody_meant_stays_without_an_explanation(found: Difference) -> None:
    assert reasons(found) == []


@pytest.mark.parametrize(
    ("base", "name"), [("el8", "BaseOS/repodata/primary.xml.gz"), ("el10", "AppStream/repodata/repomd.xml")]
)
def test_the_repodata_of_each_repository_of_a_later_base_is_explained(base: str, name: str) -> None:
    found = Difference(FILES, CHANGED, name)
    explained, _ = explain_differences([found], Branding(identity(base=base)), LEFT)
    assert [*explained] == ["doit repodata writes it anew"]
