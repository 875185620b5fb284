# SPDX-License-Identifier: GPL-3.0-or-later
"""An earlier lock is a choice, never a proof; and nothing on a medium was signed after its release."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from smedoit.config.identity import ReleaseIdentity
from smedoit.config.packages import PackageExclusions, PackageSelection
from smedoit.config.tiers import KeySettings, Tier
from smedoit.errors import PackageError
from smedoit.packages import choose, lock
from smedoit.packages.scan import PackageSources
from smedoit.packages.select import SelectedPackage
from smedoit.rpm import reader
from tests.harness.corpus import corpus_dir
from tests.harness.tools import need
from tests.rpm import surgery

KEY = KeySettings(Path("key"), "6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5")
VICTIM = "centos-release-7-2.1511.el7.centos.2.10.x86_64.rpm"
DATE = datetime(2026, 11, 1, tzinfo=timezone.utc)


@pytest.fixture
def sources(tmp_path: Path) -> PackageSources:
    """Return a tier with one real package of CentOS 7, and the key that signed it."""
    key = replace(KEY, file=corpus_dir() / "keys/RPM-GPG-KEY-CentOS-7")
    (tmp_path / "tier").mkdir()
    shutil.copy(corpus_dir() / "rpms/centos" / VICTIM, tmp_path / "tier")
    return PackageSources([Tier("tier", tmp_path / "tier")], [key], tmp_path, tmp_path, DATE)


def test_a_distribution_for_i386_with_an_old_dsa_key_is_chosen_whole(tmp_path: Path) -> None:
    need("rpmkeys")
    names = ("centos-release-5-0.0.el5.centos.2.i386.rpm", "centos-release-6-0.el6.centos.5.i686.rpm")
    (tmp_path / "tier").mkdir()
    for name in (*names, "centos-release-5-0.0.el5.centos.2.x86_64.rpm"):
        shutil.copy(corpus_dir() / "rpms/centos" / name, tmp_path / "tier")
    keys = [
        KeySettings(corpus_dir() / f"keys/RPM-GPG-KEY-CentOS-{major}", fingerprint, "its time", "its time")
        for major, fingerprint in ((5, "473d66d5212271fd51cc17b1a8a447dce8562897"),
                                   (6, "c1dac52d1664e8a4386dba430946fca2c105b9de"))
    ]  # fmt: skip
    sources = PackageSources([Tier("tier", tmp_path / "tier")], keys, tmp_path, tmp_path, DATE)
    identity = ReleaseIdentity("SME Server", "SME", "smeserver", 9, "9.2", "i386", DATE)
    rules = choose.SelectionRules(PackageSelection(), PackageExclusions(), identity)
    said = choose.choose_packages(sources, rules, tmp_path / "lock", tmp_path / "locks", tmp_path / "facts.sqlite")
    assert {pick.package.filename for pick in lock.read_lock(tmp_path / "lock")} == {*names}
    assert "1 package left out, x86_64 is neither i386 nor noarch: centos-release-10:5-0.0.el5" in said
    assert "1 package built for el6, on a medium of Enterprise Linux 7: centos-release-6-0.el6.centos.5.i686" in said


def choose_by(sources: PackageSources, earlier: Path | None = None) -> Path:
    root = sources.root
    identity = ReleaseIdentity("SME Server", "SME", "smeserver", 10, "10.1", "x86_64", DATE)
    rules = choose.SelectionRules(PackageSelection(lock=str(earlier or "")), PackageExclusions(), identity)
    choose.choose_packages(sources, rules, root / "lock", root / "locks", root / "facts.sqlite")
    return root / "lock"


def test_an_earlier_lock_gives_the_same_again(sources: PackageSources) -> None:
    written = choose_by(sources)
    earlier = Path(shutil.copy(written, sources.root / "earlier.lock"))
    assert choose_by(sources, earlier).read_bytes() == earlier.read_bytes()


def test_a_lock_that_vouches_for_a_forged_payload_is_refused(sources: PackageSources) -> None:
    [pick] = lock.read_lock(choose_by(sources))
    path = sources.root / pick.package.file
    members = surgery.read_members(path)
    members[9].content = b"/tmp/evil-file"
    surgery.write_forged(path, path.parent, surgery.pack_members(members))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    package = replace(pick.package, sha256=digest, size=path.stat().st_size)
    earlier = sources.root / "forged.lock"
    earlier.write_text(lock.format_lock([SelectedPackage(package, "tier")]))
    with pytest.raises(PackageError, match="etc/redhat-release leads elsewhere in its payload"):
        choose_by(sources, earlier)


@pytest.mark.parametrize("field", ["name", "arch", "key", "source_rpm"])
def test_a_lock_that_says_something_else_than_the_package_is_refused(sources: PackageSources, field: str) -> None:
    [pick] = lock.read_lock(choose_by(sources))
    earlier = sources.root / "other.lock"
    earlier.write_text(lock.format_lock([replace(pick, package=replace(pick.package, **{field: "other"}))]))  # type: ignore[arg-type]
    with pytest.raises(PackageError, match="is not the package that the lock describes"):
        choose_by(sources, earlier)


def test_a_package_signed_after_the_release_is_refused_by_its_day(sources: PackageSources) -> None:
    signed = reader.read_package(sources.root / "tier" / VICTIM, VICTIM, choose.keyring.load_pinned_keys(sources.keys))
    before = datetime(2015, 12, 9, tzinfo=timezone.utc)
    assert signed.signed == 1449655309
    with pytest.raises(PackageError, match=r"after \[release\] date, 2015-12-09\n.*signed on 2015-12-09"):
        choose_by(replace(sources, date=before))
    choose_by(replace(sources, date=datetime(2015, 12, 10, tzinfo=timezone.utc)))


def test_what_the_scan_remembers_knows_when_a_package_was_signed(sources: PackageSources) -> None:
    choose_by(sources)
    with pytest.raises(PackageError, match="signed on 2015-12-09"):
        choose_by(replace(sources, date=datetime(2015, 12, 9, tzinfo=timezone.utc)))
