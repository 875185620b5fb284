# SPDX-License-Identifier: GPL-3.0-or-later
"""What is linked into the tree is what the lock says, whatever others do to the tiers meanwhile."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.bases.el7 import EL7
from smedoit.bases.el10 import EL10
from smedoit.bases.enterprise_linux import BaseRpm
from smedoit.config.tiers import KeySettings, Tier
from smedoit.errors import PackageError
from smedoit.keys import keyring
from smedoit.keys.keyring import PinnedKey
from smedoit.packages import lock, scan, stage
from smedoit.packages.places import FLAT
from smedoit.packages.select import SelectedPackage
from smedoit.packages.stage import link_packages, verify_medium_keys
from smedoit.rpm import reader
from smedoit.runtime import digests, files
from smedoit.sample import packages
from smedoit.sample.packages import FINGERPRINTS, KEYS, RpmRecipe

NAMES = ("a", "b")


class Place:
    """A tier below a root, a lock of it, and the tree that it is linked into."""

    def __init__(self, root: Path) -> None:
        self.root, self.lock, self.target = root, root / "packages.lock", root / "tree/Packages"
        self.cache = root / "facts.sqlite"
        trusted = keyring.load_pinned_keys(
            [KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", FINGERPRINTS["koozali"])]
        )
        picks = []
        for name in NAMES:
            path = packages.write_rpm(RpmRecipe(name, "1", "1"), root / "tier")
            picks.append(SelectedPackage(reader.read_package(path, str(path.relative_to(root)), trusted), "tier"))
        files.write_file(self.lock, lock.format_lock(picks))

    def scan_tier(self) -> None:
        pinned = keyring.load_pinned_keys([KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", FINGERPRINTS["koozali"])])
        scan.load_tier_packages([Tier("smeos", self.root / "tier")], self.root, pinned, self.cache)

    def link(self) -> str:
        return link_packages(self.lock, self.root, self.target.parent, FLAT, self.cache)

    def source(self, name: str) -> Path:
        return self.root / f"tier/{name}-1-1.noarch.rpm"

    def names(self) -> list[str]:
        return sorted(path.name[0] for path in self.target.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_tree_holds_the_files_of_the_lock_as_links(place: Place) -> None:
    assert place.link() == "2 packages, 2 new, 0 removed"
    assert all((place.target / place.source(name).name).samefile(place.source(name)) for name in NAMES)


def test_a_file_that_was_replaced_after_it_was_chosen_is_named_and_not_linked(place: Place) -> None:
    files.write_file(place.source("a"), packages.build_rpm(RpmRecipe("a", "1", "1", size=9)))
    with pytest.raises(PackageError, match=r"was modified since it was selected:\n    \S+/tier/a-1-1") as caught:
        place.link()
    assert "run doit again" in str(caught.value)
    assert "b-1-1" not in str(caught.value)
    assert "a" not in place.names()


def test_a_file_that_is_written_in_place_after_it_was_linked_is_noticed(place: Place) -> None:
    place.link()
    with place.source("b").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")
    with pytest.raises(PackageError, match=r"was modified since it was selected:\n    \S+/tier/b-1-1"):
        place.link()
    assert place.names() == ["a"]


def test_a_replaced_file_of_equal_size_and_time_is_noticed(place: Place) -> None:
    path = place.source("a")
    times, data = path.stat(), path.read_bytes()
    files.write_file(path, data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(PackageError, match="was modified since"):
        place.link()


def test_files_that_went_are_all_named_before_anything_is_done(place: Place) -> None:
    for name in NAMES:
        place.source(name).unlink()
    with pytest.raises(PackageError, match=r"is not there any more:\n    \S+a-1-1\S+\n    \S+b-1-1"):
        place.link()
    assert not place.target.exists()


def test_what_nobody_touched_is_read_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.link()
    read: list[Path] = []
    monkeypatch.setattr(digests, "sha256_file", lambda path: read.append(path) or "")
    assert place.link() == "2 packages, 0 new, 0 removed"
    assert read == []


def test_a_copy_on_another_file_system_is_held_against_the_lock_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaging(source: Path, target: Path) -> None:
        files.write_file(target, source.read_bytes()[:-1])

    monkeypatch.setattr(stage, "link_file", damaging)
    with pytest.raises(PackageError, match="was modified since"):
        place.link()


def proven(place: Place, *names: str, rpm: BaseRpm = EL7.rpm) -> str:
    pinned = [KeySettings(KEYS / f"RPM-GPG-KEY-practice-{name}", FINGERPRINTS[name]) for name in names]
    for key in pinned:
        files.copy_file(key.file, place.target.parent / key.file.name)
    return verify_medium_keys(pinned, rpm, place.lock, place.target.parent, FLAT, place.cache)


def test_a_key_that_the_rpm_of_the_base_cannot_import_is_refused_once_by_name(place: Place) -> None:
    place.link()
    with pytest.raises(PackageError) as caught:
        proven(place, "koozali", rpm=replace(EL10.rpm, hashes=("SHA256",)))  # with which its packages are signed
    said = str(caught.value)
    assert "key that cannot be imported, its owner vouches for it with SHA512, which rpm 4.19 of Enter" in said
    assert "RPM-GPG-KEY-practice-koozali, which signed 2 packages" in said
    assert said.endswith("hint: ask the owner of the key for a new signature on it, with SHA-256")
    assert "a-1-1" not in said


def test_packages_that_the_rpm_of_the_base_refuses_are_told_with_what_to_do(place: Place) -> None:
    place.link()
    with pytest.raises(PackageError) as caught:
        proven(place, "koozali", "centos", rpm=replace(EL10.rpm, hashes=("SHA512",)))
    said = str(caught.value)
    assert "its signature RSA (V4 RSA/SHA256) cannot be checked by rpm 4.19 of Enterprise Linux 10:" in said
    assert "have packages that rpm 4.19 of Enterprise Linux 10 refuses built or signed again" in said
    assert "add the missing key" not in said


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the packages whose signatures are checked."""
    names: list[str] = []
    genuine = reader.find_signing_key

    def noting(path: Path, pinned: Sequence[PinnedKey]) -> str:
        names.append(path.name[0])
        return genuine(path, pinned)

    monkeypatch.setattr(reader, "find_signing_key", noting)
    return names


def test_what_was_found_signed_by_the_key_on_the_medium_is_not_tried_again(place: Place, tried: list[str]) -> None:
    place.scan_tier()
    place.link()
    said = proven(place, "koozali", "centos")
    assert said.startswith("RPM-GPG-KEY-practice-koozali verifies 2 packages, ")
    assert tried == []


def test_another_file_in_its_place_is_tried_whatever_the_cache_knows(place: Place, tried: list[str]) -> None:
    place.scan_tier()
    place.link()
    files.write_file(place.target / "a-1-1.noarch.rpm", place.source("a").read_bytes())
    proven(place, "koozali")
    assert tried == ["a"]


def test_a_key_file_with_other_bytes_proves_itself_again(place: Place, tried: list[str]) -> None:
    """With the same fingerprint it may lack the subkey that signs."""
    place.scan_tier()
    place.link()
    key = KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", FINGERPRINTS["koozali"])
    files.write_file(place.target.parent / key.file.name, b"Published by us.\n" + key.file.read_bytes())
    verify_medium_keys([key], EL7.rpm, place.lock, place.target.parent, FLAT, place.cache)
    assert tried == ["a", "b"]


def test_the_keys_on_the_medium_verify_what_lies_there(place: Place) -> None:
    place.link()
    assert proven(place, "koozali", "centos") == (
        "RPM-GPG-KEY-practice-koozali verifies 2 packages, RPM-GPG-KEY-practice-centos verifies 0 packages"
    )


def test_a_key_that_is_missing_on_the_medium_is_found_out(place: Place) -> None:
    place.link()
    with pytest.raises(PackageError, match=r"its keys do not verify its packages\n(.|\n)*a-1-1\.noarch\.rpm") as caught:
        proven(place, "centos")
    assert FINGERPRINTS["koozali"] in str(caught.value)


def test_a_package_that_lies_there_unsigned_is_found_out(place: Place) -> None:
    place.link()
    files.write_file(place.target / "a-1-1.noarch.rpm", packages.build_rpm(RpmRecipe("a", "1", "1", key="")))
    with pytest.raises(PackageError, match=r"not signed:\n    a-1-1\.noarch\.rpm"):
        proven(place, "koozali")


def test_another_key_file_on_the_medium_is_found_out(place: Place) -> None:
    place.link()
    key = KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", FINGERPRINTS["koozali"])
    shutil.copy(KEYS / "RPM-GPG-KEY-practice-centos", place.target.parent / key.file.name)
    with pytest.raises(PackageError, match=r"release\.toml pins"):
        verify_medium_keys([key], EL7.rpm, place.lock, place.target.parent, FLAT, place.cache)


def test_a_package_that_the_rpm_of_the_base_does_not_verify_is_found_out(place: Place) -> None:
    """We verify it all the same: rpm-rs reads tag 278, which rpm 4.11 passes over."""
    place.link()
    path = place.target / "a-1-1.noarch.rpm"
    data = path.read_bytes()
    rsa, unknown = (struct.pack(">II", tag, 7) for tag in (268, 279))
    files.write_file(path, data.replace(rsa, unknown, 1))
    with pytest.raises(PackageError, match=r"signed.*:\n    a-1-1\.noarch\.rpm"):
        proven(place, "koozali")
