# SPDX-License-Identifier: GPL-3.0-or-later
"""An earlier lock is a choice, never a proof; and nothing on a medium was signed after its release."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import pytest

from smedoit.config.identity import ReleaseIdentity
from smedoit.config.modules import ModulesSettings
from smedoit.config.packages import PackageExclusions, PackageSelection
from smedoit.config.tiers import PRACTICE_KEYS, KeySettings, Tier
from smedoit.errors import PackageError
from smedoit.packages import choose, lock
from smedoit.packages.scan import PackageSources
from smedoit.packages.select import SelectedPackage
from smedoit.rpm import reader
from smedoit.sample.packages import KEYS, write_rpm
from tests.harness.corpus import corpus_dir
from tests.harness.modules import build
from tests.harness.repositories import recipe
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


def choose_modular(place: Path, enabled: dict[str, str], earlier: str = "") -> tuple[str, dict[str, str]]:
    """Return what is said, and NEVRA -> module, when packages of two streams and a plain one are chosen."""
    php = partial(recipe, key="koozali", size=10)
    recipes = [
        php("php-8.2-1.module_el8", module="php:8.2:1:aaaa"),
        php("php-9.0-1.module_el8", module="php:9.0:1:bbbb"),
        php("php-7.4-1.el8"),
        php("ruby-3.1-1.module_el8", module="ruby:3.1:1:cccc"),
        php("bash-4.4-1.el8"),
    ]
    for one in recipes:
        write_rpm(one, place / "tier")
    (place / "modules.yaml").write_text(
        build("php:8.2", "php-0:8.2-1.module_el8.noarch")
        + build("php:9.0", "php-0:9.0-1.module_el8.noarch")
        + build("perl:5.26", "perl-4:5.26-1.module_el8.x86_64")
    )
    key = KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", PRACTICE_KEYS["koozali"])
    sources = PackageSources([Tier("tier", place / "tier")], [key], place, place, DATE)
    identity = ReleaseIdentity("SME Server", "SME", "smeserver", 11, "11.0", "x86_64", DATE, base="el8")
    modules = ModulesSettings((place / "modules.yaml",), enabled)
    rules = choose.SelectionRules(PackageSelection(lock=earlier), PackageExclusions(), identity, modules)
    said = choose.choose_packages(sources, rules, place / "lock", place / "locks", place / "facts.sqlite")
    return said, {pick.package.nevra: pick.module for pick in lock.read_lock(place / "lock")}


def test_a_package_of_an_enabled_stream_is_chosen_although_other_streams_are_newer(tmp_path: Path) -> None:
    said, chosen = choose_modular(tmp_path, {"php": "8.2"})
    assert chosen == {"bash-4.4-1.el8.noarch": "", "php-8.2-1.module_el8.noarch": "php:8.2"}
    assert "passed over, for [modules] enabled does not name them: php:9.0, ruby:3.1" in said


def test_without_modules_no_package_of_one_is_chosen(tmp_path: Path) -> None:
    _, chosen = choose_modular(tmp_path, {})
    assert chosen == {"bash-4.4-1.el8.noarch": "", "php-7.4-1.el8.noarch": ""}


def test_what_the_scan_remembers_knows_of_which_module_a_package_is(tmp_path: Path) -> None:
    assert choose_modular(tmp_path, {"php": "8.2"}) == choose_modular(tmp_path, {"php": "8.2"})


def test_a_stream_whose_packages_are_in_no_tier_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"none of their packages on the medium: perl:5\.26"):
        choose_modular(tmp_path, {"perl": "5.26"})


def test_an_earlier_lock_of_other_modules_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    choose_modular(tmp_path, {"php": "8.2"})
    earlier = shutil.copy(tmp_path / "lock", tmp_path / "earlier.lock")
    with pytest.raises(PackageError, match=r"of php:8\.2, which \[modules\] enabled does not name:\n *php-8\.2"):
        choose_modular(tmp_path, {}, str(earlier))
    _, chosen = choose_modular(tmp_path, {"php": "8.2"}, str(earlier))
    assert chosen["php-8.2-1.module_el8.noarch"] == "php:8.2"


@pytest.mark.parametrize("base", ["el7", "el8"])
def test_an_earlier_lock_of_a_tier_that_is_gone_is_refused_where_the_tier_says_in_which_repository_a_package_lies(
    tmp_path: Path, base: str
) -> None:
    (tmp_path / "tier").mkdir()
    write_rpm(recipe("bash-4.4-1.el8", key="koozali", size=10), tmp_path / "tier")
    key = KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", PRACTICE_KEYS["koozali"])
    identity = ReleaseIdentity("SME Server", "SME", "smeserver", 11, "11.0", "x86_64", DATE, base=base)

    def choose_from(tier: str, earlier: str = "") -> str:
        sources = PackageSources([Tier(tier, tmp_path / "tier")], [key], tmp_path, tmp_path, DATE)
        rules = choose.SelectionRules(PackageSelection(lock=earlier), PackageExclusions(), identity)
        return choose.choose_packages(sources, rules, tmp_path / "lock", tmp_path / "locks", tmp_path / "facts.sqlite")

    choose_from("apps")
    earlier = str(shutil.copy(tmp_path / "lock", tmp_path / "earlier.lock"))
    if base == "el7":
        assert choose_from("smeos", earlier).startswith("1 packages of the lock")
        return
    with pytest.raises(PackageError) as refused:
        choose_from("smeos", earlier)
    assert str(refused.value).splitlines() == [
        f"{earlier}: has packages of tiers that are not in release.toml, so nothing says in which repository they lie",
        "  apps:",
        "    bash-4.4-1.el8.noarch",
        "  hint: add the tiers to [[tiers]] of release.toml, with their repository, or remove [packages] lock to select"
        " from those that are there",
    ]
    assert choose_from("apps", earlier).startswith("1 packages of the lock")


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
