# SPDX-License-Identifier: GPL-3.0-or-later
"""What koozali.py decided, and where it belongs now."""

from __future__ import annotations

import configparser

import pytest

from smedoit.bases.enterprise_linux import Base, Configuration
from smedoit.bases.known import BASES
from smedoit.errors import ContentError
from smedoit.installer.class_migration import MovedSetting, configuration_text, list_moved_settings, os_release_id
from smedoit.installer.configuration_tables import configuration_keys, stock_files
from smedoit.sample.installer import install_class_source

NEWER = [base for base in BASES.values() if base.configuration is not Configuration.INSTALL_CLASSES]
EACH = pytest.mark.parametrize("base", NEWER, ids=[base.name for base in NEWER])
KOOZALI = install_class_source("koozali.py").encode()
MORE = b"""
    default_autopart_type = AUTOPART_TYPE_LVM
    def setDefaultPartitioning(self, storage):
        storage.autoPartitionRequests = []
    def tweak(self, ksdata):
        ksdata.network.hostname = "gate"
    never_asked = {}
"""


def moved(base: Base, source: bytes = KOOZALI + MORE) -> dict[str, MovedSetting]:
    return {each.said: each for each in list_moved_settings(source, "koozali.py", base)}


@EACH
def test_what_an_install_class_decided_is_told_with_the_key_that_decides_it_now(base: Base) -> None:
    found = moved(base)
    assert (found["defaultFS = xfs"].section, found["defaultFS = xfs"].key) == ("Storage", "file_system_type")
    assert found["default_autopart_type = LVM"].value == "LVM"
    assert found["ignoredPackages = ntfsprogs reiserfs-utils"].key == "ignored_packages"
    assert str(found["setDefaultPartitioning()"]).startswith(
        "line 43: setDefaultPartitioning(): [Storage] default_part"
    )
    assert found["uses ksdata.network.hostname"].note.startswith(
        "a line network --hostname of usr/share/anaconda/inter"
    )
    assert "add-on" in found["tweak()"].note and "never asked" in found["never_asked"].note


@EACH
def test_a_key_is_named_only_where_that_installer_asks_for_it(base: Base) -> None:
    named = {(each.section, each.key) for each in moved(base).values() if each.section}
    assert named <= {*configuration_keys(base.anaconda)}


def test_a_key_that_was_renamed_is_named_as_each_installer_has_it() -> None:
    keys = [moved(base)["installUpdates = False"].key for base in NEWER]
    assert keys == ["enable_updates", "updates_repositories", "updates_repositories"]


@EACH
def test_the_configuration_has_what_the_class_decided_on_the_distributors_own(base: Base) -> None:
    path, text = configuration_text(base, "Koozali SME Server", "rocky", moved(base).values())
    parser = configparser.ConfigParser()
    parser.read_string(text)
    assert path == f"etc/anaconda/{base.configuration.value}/koozali.conf"
    assert parser["Bootloader"]["efi_dir"] == "rocky" and parser["Storage"]["file_system_type"] == "xfs"
    assert parser["Payload"]["default_source"] == "CLOSEST_MIRROR"
    identity = {section: dict(parser[section]) for section in parser if section.startswith(("Prod", "Prof"))}
    assert "Koozali SME Server" in str(identity) or os_release_id("Koozali SME Server") in str(identity)


@EACH
def test_what_no_python_27_compiles_is_no_install_class(base: Base) -> None:
    with pytest.raises(ContentError, match=r"^koozali\.py, line 1: "):
        list_moved_settings(b"def f(x: int): pass\n", "koozali.py", base)


@EACH
def test_the_tables_know_what_their_own_files_ask_for(base: Base) -> None:
    known, files = configuration_keys(base.anaconda), stock_files(base.anaconda)
    assert known["Payload", "default_source"].choices == ("CLOSEST_MIRROR", "CDN")
    for name, stock in files.items():
        parser = configparser.ConfigParser()
        parser.read_string(stock.text)
        asked = {(section, key) for section in parser.sections() for key in parser[section]}
        own = {pair for pair in asked if pair[0] not in ("Product", "Base Product", "Profile", "Profile Detection")}
        assert own <= {*known}, name
    assert f"{base.configuration.value}/rhel.conf" in files
