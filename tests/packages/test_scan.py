# SPDX-License-Identifier: GPL-3.0-or-later
"""test_scan"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.config.tiers import KeySettings, Tier
from smedoit.errors import FileError, PackageError
from smedoit.keys import keyring
from smedoit.package import Package
from smedoit.packages import scan
from smedoit.rpm import header, reader
from smedoit.runtime.outline import shorten_report
from smedoit.sample import packages
from smedoit.sample.packages import FINGERPRINTS, KEYS, RpmRecipe
from tests.harness.corpus import corpus_dir
from tests.harness.tools import need

BOTH = tuple(FINGERPRINTS)


class World:
    """Tiers below a root, and the cache of what was read in them."""

    def __init__(self, root: Path) -> None:
        self.root, self.cache = root, root / "facts.sqlite"

    def add(self, tier: str, name: str, place: str = "x86_64/RPMS", **more: str) -> Path:
        return packages.write_rpm(RpmRecipe(name, "1", "1", **more), self.root / tier / place)  # type: ignore[arg-type]

    def take(self, *tiers: str, trusted: Iterable[str] = BOTH, **more: object) -> dict[str, list[Package]]:
        pinned = keyring.load_pinned_keys(
            KeySettings(KEYS / f"RPM-GPG-KEY-practice-{name}", FINGERPRINTS[name]) for name in trusted
        )
        wanted = [Tier(tier, self.root / tier, **more) for tier in tiers]  # type: ignore[arg-type]
        return scan.load_tier_packages(wanted, self.root, pinned, self.cache)

    def names(self, *tiers: str) -> dict[str, list[str]]:
        return {tier: [package.name for package in found] for tier, found in self.take(*tiers).items()}

    def refusal(self, *tiers: str) -> str:
        with pytest.raises(PackageError) as caught:
            self.take(*tiers)
        return str(caught.value)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were opened, as they are opened."""
    names: list[str] = []
    read = reader.read_package

    def noting(path: Path, *more: object) -> Package:
        names.append(path.name)
        return read(path, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "read_package", noting)
    return names


def test_a_tier_may_have_any_shape(world: World) -> None:
    for name, place in (("a", "x86_64/RPMS"), ("b", "Packages/b"), ("c", "."), ("d", "SRPMS")):
        world.add("smeos", name, place)
    assert sorted(world.names("smeos")["smeos"]) == ["a", "b", "c", "d"]


def test_tiers_keep_their_order_and_packages_are_sorted_by_file(world: World) -> None:
    for tier in ("one", "two"):
        for name in ("b", "a"):
            world.add(tier, name)
    assert list(world.names("two", "one").items()) == [("two", ["a", "b"]), ("one", ["a", "b"])]


def test_a_file_below_root_is_named_relative_to_it(world: World) -> None:
    path = world.add("smeos", "a")
    [[found]] = world.take("smeos").values()
    assert world.root / found.file == path
    assert not Path(found.file).is_absolute()


def test_a_file_elsewhere_keeps_its_whole_name(tmp_path: Path) -> None:
    world = World(tmp_path / "root")
    path = packages.write_rpm(RpmRecipe("a", "1", "1"), tmp_path / "elsewhere")
    [[found]] = scan.load_tier_packages(
        [Tier("far", path.parent)],
        world.root,
        keyring.load_pinned_keys([KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", FINGERPRINTS["koozali"])]),
        world.cache,
    ).values()
    assert found.file == str(path)


def test_files_that_are_no_rpm_are_passed_over(world: World) -> None:
    path = world.add("smeos", "a")
    (path.parent / "README").write_text("hello")
    (path.parent / "a.rpm.smedoit-new").write_text("half written")
    assert world.names("smeos") == {"smeos": ["a"]}


def test_a_link_to_a_file_in_the_tier_counts_as_the_file(world: World) -> None:
    path = world.add("smeos", "a", "all")
    (world.root / "smeos/new").mkdir()
    (world.root / "smeos/new" / path.name).symlink_to(f"../all/{path.name}")
    assert world.names("smeos") == {"smeos": ["a", "a"]}


# What was read is remembered


def test_an_unchanged_file_is_never_opened_again(world: World, opened: list[str]) -> None:
    world.add("smeos", "a")
    first = world.take("smeos")
    opened.clear()
    assert (world.take("smeos"), opened) == (first, [])


def test_only_a_new_file_is_opened(world: World, opened: list[str]) -> None:
    world.add("smeos", "a")
    world.take("smeos")
    opened.clear()
    new = world.add("smeos", "b")
    world.take("smeos")
    assert opened == [new.name]


def test_a_file_of_the_same_time_and_another_size_is_opened_again(world: World, opened: list[str]) -> None:
    path = world.add("smeos", "a")
    times = path.stat()
    world.take("smeos")
    opened.clear()
    path.write_bytes(packages.build_rpm(RpmRecipe("a", "1", "1", size=5000)))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    world.take("smeos")
    assert opened == [path.name]


def test_a_file_in_two_tiers_is_opened_once(world: World, opened: list[str]) -> None:
    path = world.add("smeos", "a")
    key = keyring.read_pinned_key(KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", FINGERPRINTS["koozali"]))
    scan.load_tier_packages(
        [Tier("one", world.root / "smeos"), Tier("two", path.parent)], world.root, [key], world.cache
    )
    assert opened == [path.name]


def test_a_file_that_went_is_forgotten(world: World) -> None:
    world.add("smeos", "a")
    gone = world.add("smeos", "b")
    world.take("smeos")
    gone.unlink()
    world.add("smeos", "c")  # what is gone goes when something is written
    assert world.names("smeos") == {"smeos": ["a", "c"]}
    with closing(sqlite3.connect(world.cache)) as database:
        known = {Path(file).name for (file,) in database.execute("SELECT file FROM fact")}
    assert known == {"a-1-1.noarch.rpm", "c-1-1.noarch.rpm"}


def test_what_a_key_vouched_for_falls_with_the_key(world: World) -> None:
    world.add("smeos", "a", key="centos")
    world.take("smeos")
    with pytest.raises(PackageError, match=f"signed by key {FINGERPRINTS['centos']}"):
        world.take("smeos", trusted=["koozali"])


def test_a_refusal_is_remembered_too(world: World, opened: list[str]) -> None:
    world.add("smeos", "a")
    world.add("smeos", "b", key="")
    first = world.refusal("smeos")
    opened.clear()
    assert (world.refusal("smeos"), opened) == (first, [])


def test_a_refused_file_is_read_again_when_another_key_is_trusted(world: World, opened: list[str]) -> None:
    bad = world.add("smeos", "b", key="centos")
    with pytest.raises(PackageError):
        world.take("smeos", trusted=["koozali"])
    opened.clear()
    assert ([package.name for package in world.take("smeos")["smeos"]], opened) == (["b"], [bad.name])


def test_what_rpm_vouched_for_falls_when_its_key_is_no_longer_legacy(tmp_path: Path) -> None:
    need("rpmkeys")
    name = "centos-release-5-0.0.el5.centos.2.x86_64.rpm"
    (tmp_path / "tier").mkdir()
    shutil.copy(corpus_dir() / "rpms/centos" / name, tmp_path / "tier")
    key = KeySettings(
        corpus_dir() / "keys/RPM-GPG-KEY-CentOS-5", "473d66d5212271fd51cc17b1a8a447dce8562897", legacy_reason="needed"
    )
    tiers, cache = [Tier("tier", tmp_path / "tier")], tmp_path / "facts.sqlite"
    [found] = scan.load_tier_packages(tiers, tmp_path, keyring.load_pinned_keys([key]), cache)["tier"]
    assert found.key == key.fingerprint
    with pytest.raises(PackageError, match="cannot be checked here"):
        scan.load_tier_packages(tiers, tmp_path, keyring.load_pinned_keys([replace(key, legacy_reason="")]), cache)


def test_what_rpm_vouched_for_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("rpmkeys")
    name = "centos-release-5-0.0.el5.centos.2.x86_64.rpm"
    (tmp_path / "tier").mkdir()
    shutil.copy(corpus_dir() / "rpms/centos" / name, tmp_path / "tier")
    key = KeySettings(
        corpus_dir() / "keys/RPM-GPG-KEY-CentOS-5", "473d66d5212271fd51cc17b1a8a447dce8562897", legacy_reason="needed"
    )
    tiers, cache = [Tier("tier", tmp_path / "tier")], tmp_path / "facts.sqlite"
    first = scan.load_tier_packages(tiers, tmp_path, keyring.load_pinned_keys([key]), cache)
    monkeypatch.setenv("PATH", "")
    assert scan.load_tier_packages(tiers, tmp_path, keyring.load_pinned_keys([key]), cache) == first


def test_a_mended_file_is_read_again(world: World) -> None:
    bad = world.add("smeos", "b", key="")
    world.refusal("smeos")
    bad.write_bytes(packages.build_rpm(RpmRecipe("b", "1", "1")))
    assert world.names("smeos") == {"smeos": ["b"]}


def test_a_file_that_changed_meanwhile_is_not_remembered_as_bad(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("smeos", "a")
    with monkeypatch.context() as patch:

        def changing(*_: object) -> Package:
            raise header.BadPackageError("changed while it was being read", passing=True)

        patch.setattr(reader, "read_package", changing)
        world.refusal("smeos")
    assert world.names("smeos") == {"smeos": ["a"]}


def test_what_was_learned_of_other_tiers_is_kept(world: World, opened: list[str]) -> None:
    for tier in ("one", "two"):
        world.add(tier, "a")
        world.take(tier)
    opened.clear()
    world.take("one", "two")
    assert opened == []


def test_an_unknown_key_says_whose_it_is_and_which_tiers_need_it(tmp_path: Path) -> None:
    name = "centos-release-7-2.1511.el7.centos.2.10.x86_64.rpm"
    content = tmp_path / "content"
    for place in (tmp_path / "one", tmp_path / "two", content):
        place.mkdir()
    for tier in ("one", "two"):
        shutil.copy(corpus_dir() / "rpms/centos" / name, tmp_path / tier)
    shutil.copy(corpus_dir() / "rpms/centos/epel-release-7-5.noarch.rpm", tmp_path / "two")
    lying = Path(shutil.copy(corpus_dir() / "keys/RPM-GPG-KEY-CentOS-7", content))
    world = World(tmp_path)
    pinned = keyring.load_pinned_keys([KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", FINGERPRINTS["koozali"])])
    tiers = [Tier(tier, tmp_path / tier) for tier in ("one", "two")]
    with pytest.raises(PackageError) as caught:
        scan.load_tier_packages(tiers, tmp_path, pinned, world.cache, content=content)
    said = str(caught.value)
    assert "signed by key 24c6a8a7f4a80eb5, which release.toml does not trust; that is RPM-GPG-KEY-CentOS-7" in said
    assert f"found in {lying}, fingerprint 6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5" in said
    assert "needed by 1 of one, 2 of two:" in said
    assert str(tmp_path / "two" / name) in said


def test_a_survey_tells_good_bad_and_absent_apart(world: World) -> None:
    world.add("one", "a")
    bad = world.add("one", "b", key="")
    pinned = keyring.load_pinned_keys(
        KeySettings(KEYS / f"RPM-GPG-KEY-practice-{name}", FINGERPRINTS[name]) for name in BOTH
    )
    tiers = [Tier("one", world.root / "one"), Tier("gone", world.root / "gone")]
    seen = scan.scan_tiers(tiers, world.root, pinned, world.cache)
    [refused] = seen.refused["one"]
    assert [package.name for package in seen.packages["one"]] == ["a"]
    assert (refused.file, refused.reason) == (str(bad), "not signed")
    assert refused.claims is not None
    assert refused.claims.nevra == "b-1-1.noarch"
    assert "tier gone is not there" in str(seen.absent["gone"])


@pytest.mark.parametrize("value", ["", "[]", "{", "null", '{"x": 5}', '{"trust": "", "refused": ""}'])
def test_a_fact_that_cannot_be_meant_is_none(world: World, value: str) -> None:
    world.add("smeos", "a")
    world.take("smeos")
    with closing(sqlite3.connect(world.cache)) as database, database:
        database.execute("UPDATE fact SET value = ? WHERE kind = ?", (value.encode(), scan.PACKAGES))
    assert world.names("smeos") == {"smeos": ["a"]}


# What is refused


def test_all_bad_packages_of_all_tiers_stand_in_one_report_by_reason(world: World) -> None:
    unsigned = [world.add(tier, name, key="") for tier, name in (("one", "a"), ("two", "b"))]
    cut = world.add("two", "c")
    cut.write_bytes(cut.read_bytes()[:-10])
    misnamed = world.add("one", "d")
    misnamed = misnamed.rename(misnamed.with_name("e-1-1.noarch.rpm"))
    said = world.refusal("one", "two")
    assert said.startswith("4 of the tiers' files cannot be trusted")
    assert "  not signed:\n" + "".join(f"    {path}\n" for path in unsigned) in said
    assert f"its payload does not match the digest in its signed header: damaged or cut short:\n    {cut}\n" in said
    assert f"its name does not fit its header, which says d-1-1.noarch.rpm:\n    {misnamed}\n" in said


def test_a_hundred_bad_packages_are_all_named_and_still_fit_a_screen(world: World) -> None:
    for number in range(100):
        path = world.root / f"smeos/{number:03}.rpm"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"no package")
    said = world.refusal("smeos")
    assert said.count(".rpm") >= 100
    shown, is_cut = shorten_report(said)
    assert is_cut
    assert "    … and 80 more\n" in shown
    assert len(shown.splitlines()) < 30
    assert shown.splitlines()[-1] == said.splitlines()[-1]  # the hint


def test_a_dangling_link_is_refused(world: World) -> None:
    link = world.add("smeos", "a").with_name("b-1-1.noarch.rpm")
    link.symlink_to("nowhere")
    said = world.refusal("smeos")
    assert "is a dangling link:" in said
    assert str(link) in said


def test_a_link_out_of_the_tier_is_refused(world: World) -> None:
    outside = world.add("smetest", "b")
    link = world.add("smeos", "a").with_name(outside.name)
    link.symlink_to(outside)
    assert "leads out of" in world.refusal("smeos")


def test_a_mirror_may_keep_its_packages_in_a_pool(world: World) -> None:
    for name, place in (("a", "x"), ("b", "x"), ("c", "y")):
        world.add("pool", name, place)
    tier = world.add("os", "r", "x86_64/Packages").parent
    (tier / "a-1-1.noarch.rpm").symlink_to("../../../pool/x/a-1-1.noarch.rpm")
    (tier / "y").symlink_to("../../../pool/y")
    (tier / "again").symlink_to("../../../pool/y")
    (world.root / "pool/y/up").symlink_to("../y")  # leads back to itself
    assert "leads out of" in world.refusal("os")
    taken = world.take("os", pool=world.root / "pool")
    assert sorted(package.name for package in taken["os"]) == ["a", "c", "r"]
    (tier / "out").symlink_to("/etc")
    with pytest.raises(PackageError, match="is a link to a directory elsewhere"):
        world.take("os", pool=world.root / "pool")


def test_a_linked_directory_within_the_tier_counts_once(world: World) -> None:
    world.add("smeos", "a", "all/a")
    (world.root / "smeos/x86_64").symlink_to("all")
    assert world.names("smeos") == {"smeos": ["a"]}


def test_a_linked_directory_is_refused_because_its_packages_would_be_missed(world: World) -> None:
    world.add("smeos", "a")
    world.add("smetest", "b")
    (world.root / "smeos/more").symlink_to("../smetest")
    said = world.refusal("smeos")
    assert "is a link to a directory" in said
    assert str(world.root / "smeos/more") in said


def test_a_link_that_leads_to_itself_is_refused(world: World) -> None:
    link = world.add("smeos", "a").with_name("b-1-1.noarch.rpm")
    link.symlink_to(link)
    assert str(link) in world.refusal("smeos")


def test_a_pipe_in_a_packages_place_is_refused_and_not_waited_for(world: World) -> None:
    os.mkfifo(world.add("smeos", "a").with_name("b-1-1.noarch.rpm"))
    assert "is not a regular file" in world.refusal("smeos")


def test_a_tier_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(FileError, match=r"smeos: tier smeos is not there\n  hint: .*release\.toml"):
        world.take("smeos")


def test_a_directory_that_nobody_may_read_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.add("smeos", "a").parent

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FileError, match="RPMS: cannot be read, permission denied"):
        world.take("smeos")


def test_an_empty_tier_is_refused_unless_it_may_be(world: World) -> None:
    (world.root / "smeos").mkdir()
    with pytest.raises(FileError, match=r"tier smeos holds no RPM\n  hint: .*may_be_empty = true"):
        world.take("smeos")
    assert world.take("smeos", may_be_empty=True) == {"smeos": []}


def test_only_staged_tiers_count() -> None:
    tiers = [Tier("a", Path("a")), Tier("b", Path("b"), stage=False), Tier("c", Path("c"))]
    assert [tier.name for tier in scan.staged_tiers(tiers)] == ["a", "c"]


def test_a_copy_of_the_world_reads_the_same_packages(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    world.add("smeos", "a")
    found = world.take("smeos")
    copy = World(tmp_path_factory.mktemp("copy") / "root")
    shutil.copytree(world.root, copy.root)
    assert copy.take("smeos") == found
