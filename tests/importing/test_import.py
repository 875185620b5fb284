# SPDX-License-Identifier: GPL-3.0-or-later
"""doit import: a release that exists becomes a world, and its first own build is what was imported."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from smedoit.bootset.pins import parse_pins
from smedoit.command.init import release_text
from smedoit.config.network import NetworkSettings
from smedoit.errors import ConfigError, ContentError
from smedoit.importing.importer import ImportRequest, import_release
from smedoit.installer import cpio
from smedoit.iso.tasks import on_medium
from smedoit.medium_paths import DISCINFO, EFI_IMAGE, GRUB_CFG, KERNEL, MEDIA_REPO, OVERLAYS, PRODUCT_IMG, TREEINFO
from smedoit.packages.lock import read_lock
from smedoit.runtime import digests, files
from smedoit.sample.packages import FINGERPRINTS, KEYS, write_rpm
from tests.harness import processes, servers
from tests.harness.corpus import corpus_dir
from tests.harness.project import Project
from tests.harness.tools import need, read_with

PRACTICE = [KEYS / f"RPM-GPG-KEY-practice-{name}" for name in FINGERPRINTS]


def import_place(place: object, home: Path, **changes: object) -> Project:
    """Return the world of a place, not built."""
    request = ImportRequest(**{"place": str(place), "home": home, "trust": True, "build": False, **changes})  # type: ignore[arg-type]
    import_release(request, on_medium)
    return Project(home)


def changed_tree(project: Project, home: Path, change: Callable[[Path], object]) -> Path:
    """Return a copy of a tree that something was done to."""
    copy = home / "copied/x86_64"
    shutil.copytree(project.tree, copy)
    change(copy)
    return copy


def states(top: Path) -> dict[str, tuple[int, int, str]]:
    """Return what tells whether anything below a directory was touched."""
    found = {}
    for path in sorted(top.rglob("*")):
        info = path.lstat()
        found[str(path)] = (info.st_mtime_ns, info.st_ctime_ns, digests.sha256_file(path) if path.is_file() else "")
    return found


@pytest.mark.exhaustive
def test_of_an_imported_iso_the_first_own_build_has_the_same_bytes(built: Project, tmp_path: Path) -> None:
    world = import_place(built.iso, tmp_path / "world")
    world.build("iso")
    assert world.release.release.full == "10.1.rc2"
    assert world.iso.name == built.iso.name
    assert world.iso.read_bytes() == built.iso.read_bytes()


@pytest.mark.exhaustive
def test_of_an_imported_tree_both_media_have_the_same_bytes(built: Project, tmp_path: Path) -> None:
    built.build("netinstall")
    before = states(built.tree)
    world = import_place(built.tree, tmp_path / "world")
    assert states(built.tree) == before
    world.build("iso", "netinstall")
    assert world.iso.read_bytes() == built.iso.read_bytes()
    assert world.release.netinstall_iso.read_bytes() == built.release.netinstall_iso.read_bytes()


@pytest.mark.exhaustive
def test_an_imported_network_medium_is_made_again_from_its_world(built: Project, tmp_path: Path) -> None:
    built.build("netinstall")
    original = built.release.netinstall_iso
    with pytest.raises(ConfigError, match="has no key that packages could be trusted by"):
        import_place(original, tmp_path / "refused")
    world = import_place(original, tmp_path / "world", key_files=PRACTICE)
    world.build("netinstall")
    assert world.release.netinstall_iso.read_bytes() == original.read_bytes()
    assert "inst.repo" not in (world.release.content.path / "isolinux/isolinux.cfg").read_text()


def test_the_lock_is_what_is_on_the_medium_and_the_pins_are_its_boot_set(built: Project, tmp_path: Path) -> None:
    world = import_place(built.iso, tmp_path / "world")
    locked, original = (
        {pick.package.nevra: (pick.package.sha256, pick.package.key) for pick in read_lock(file)}
        for file in (world.home / "packages.lock", built.release.lock)
    )
    assert locked == original
    pins = parse_pins((world.home / "boot_set.sha256").read_text(), "pins")
    assert pins[KERNEL].sha256 == digests.sha256_file(built.tree / KERNEL)
    assert pins[EFI_IMAGE].sha256 == digests.sha256_file(built.tree / EFI_IMAGE)


def test_nothing_is_written_before_the_keys_are_confirmed(built: Project, tmp_path: Path) -> None:
    home = tmp_path / "world"
    with pytest.raises(ConfigError) as refused:
        import_place(built.tree, home, trust=False)
    for fingerprint in FINGERPRINTS.values():
        assert fingerprint in str(refused.value)
    assert "must be confirmed, and nobody is here to ask" in str(refused.value)
    assert not home.exists()


def test_typing_the_end_of_a_fingerprint_trusts_its_key_and_only_that(built: Project, tmp_path: Path) -> None:
    koozali = FINGERPRINTS["koozali"]
    typed = iter(["wrong", koozali[-8:].upper(), ""])
    request = ImportRequest(str(built.tree), tmp_path / "world", build=False)
    import_release(request, on_medium, ask=lambda _: next(typed))
    rel = Project(tmp_path / "world").release
    assert [key.fingerprint for key in rel.keys] == [koozali]
    locked = read_lock(tmp_path / "world/packages.lock")
    assert {pick.package.key for pick in locked} == {koozali}
    [unverified] = [tier for tier in rel.tiers if not tier.stage]
    aside = list(unverified.path.rglob("*.rpm"))
    assert len(aside) + len(locked) == len(read_lock(built.release.lock))


def test_a_directory_that_holds_anything_is_refused(built: Project, tmp_path: Path) -> None:
    files.write_file(tmp_path / "notes.txt", "mine")
    with pytest.raises(ConfigError, match=r"is not empty, it has notes\.txt"):
        import_place(built.tree, tmp_path)


def test_an_interrupted_import_begins_anew(built: Project, tmp_path: Path) -> None:
    files.write_file(tmp_path / "world/.smedoit-import", "")
    files.write_file(tmp_path / "world/build/mirrors/imported/tree/of-another-place", "old")
    files.write_file(tmp_path / "world/build/src/stale", "old")
    world = import_place(built.tree, tmp_path / "world")
    assert not (tmp_path / "world/build/src/stale").exists()
    assert not (tmp_path / "world/build/mirrors").exists()
    assert not (world.home / ".smedoit-import").exists()


@pytest.mark.parametrize("name", ["centos8", "rocky9.6-remaster"])
def test_real_trees_of_later_bases_lack_what_their_own_base_has(name: str, tmp_path: Path) -> None:
    with pytest.raises(ContentError) as refused:
        import_place(corpus_dir() / "trees" / name, tmp_path / "world")
    for path in ("packages", "images/install.img, the installer's stage 2", "isolinux/isolinux.bin, the boot loader"):
        assert path in str(refused.value)


def test_a_tree_of_a_base_that_worlds_are_not_made_of_is_refused_in_one_sentence(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / ".treeinfo").write_text("[general]\nfamily = CentOS\nversion = 6.10\n")
    with pytest.raises(ContentError) as refused:
        import_place(tree, tmp_path / "world")
    assert str(refused.value) == (
        f"{tree}: is built on Enterprise Linux 6 (its .treeinfo says so); worlds can be made of Enterprise Linux 7,"
        " Enterprise Linux 8, Enterprise Linux 9, Enterprise Linux 10 only"
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize("base", ["el8", "el9", "el10"])
def test_of_an_imported_medium_of_a_later_base_the_first_own_build_has_the_same_bytes(
    base: str, tmp_path: Path
) -> None:
    """Two repositories, module streams, the installer's configuration; of EL 10 boot code and efiboot.img as well."""
    original = Project(tmp_path / "original")
    original.home.mkdir()
    original.file.write_text(release_text(base, True, datetime(2026, 11, 28, tzinfo=timezone.utc)), encoding="utf-8")
    original.build("sample", "iso")
    world = import_place(original.iso, tmp_path / "world")
    assert world.release.release.base == base
    assert [tier.repository for tier in world.release.tiers] == ["", "AppStream"]
    world.build("iso")
    assert world.iso.read_bytes() == original.iso.read_bytes()


@pytest.mark.parametrize("name", ["centos7.3", "centos7.5-remaster"])
def test_of_real_trees_that_are_not_whole_it_is_told_what_is_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(ContentError) as refused:
        import_place(corpus_dir() / "trees" / name, tmp_path / "world")
    for path in ("packages", "images/pxeboot/vmlinuz, the kernel", "LiveOS/squashfs.img, the installer's stage 2"):
        assert path in str(refused.value)
    assert not (tmp_path / "world").exists()


def test_what_no_layer_makes_is_told_with_its_reason(
    built: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(copy: Path) -> None:
        files.write_file(copy / "product/etc/left", "x")
        files.write_file(copy / "TRANS.TBL", "x")
        files.write_file(copy / "Packages/broken-1-1.noarch.rpm", "no package")
        (copy / "out").symlink_to("/etc/passwd")

    import_place(changed_tree(built, tmp_path, change), tmp_path / "world")
    said = capsys.readouterr().out
    assert "not carried over (4):" in said
    for name, reason in {
        "product/etc/left": "no layer makes it: product/ of the content tree never gets into a tree",
        "TRANS.TBL": "mkisofs leaves it on every medium, doit iso writes none",
        "Packages/broken-1-1.noarch.rpm": "is no package, or a damaged one",
    }.items():
        assert f"    {reason}:\n      {name}\n" in said
    assert "    leads out of" in said
    assert not any((tmp_path / "world").rglob("passwd"))


def test_comps_that_names_absent_packages_is_taken_with_their_names(built: Project, tmp_path: Path) -> None:
    def change(copy: Path) -> None:
        next((copy / "Packages").glob("qmail-*.rpm")).unlink()

    world = import_place(changed_tree(built, tmp_path, change), tmp_path / "world")
    assert list(world.release.groups.allow_missing) == ["qmail"]


def test_a_medium_for_bios_alone_is_not_said_to_lack_the_loaders_of_uefi(built: Project, tmp_path: Path) -> None:
    loaders = {"efibootmgr", "grub2-efi-x64", "shim-x64"}

    def change(copy: Path) -> None:
        for name in (*loaders, "authconfig"):
            next((copy / "Packages").glob(f"{name}-[0-9]*.rpm")).unlink()
        for name in (EFI_IMAGE, GRUB_CFG):
            (copy / name).unlink()

    world = import_place(changed_tree(built, tmp_path, change), tmp_path / "world").release
    assert world.release.firmware == ("bios",)
    assert {*world.closure.allow_missing} & {*loaders, "authconfig"} == {"authconfig"}


@pytest.mark.exhaustive
def test_tiers_beside_a_published_tree_are_tiers_that_stay_where_they_are(built: Project, tmp_path: Path) -> None:
    tree = tmp_path / "releases/10.1/smeos/x86_64"
    shutil.copytree(built.tree, tree)
    updates = tmp_path / "releases/10.1/smeupdates"
    shutil.copytree(built.tier("smeupdates-testing") / "x86_64", updates / "x86_64")
    before = states(updates)
    world = import_place(tree, tmp_path / "world")
    smeos, other = world.release.tiers
    assert (smeos.path.is_relative_to(world.home), smeos.stage) == (True, True)
    assert (other.name, other.path, other.stage, other.mirror) == ("smeupdates", updates / "x86_64", False, True)
    world.build("tiers", "updates")
    assert states(updates) == before


def test_packages_in_a_pool_are_taken_only_if_somebody_names_the_pool(
    built: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(copy: Path) -> None:
        (tmp_path / "pool").mkdir()
        for path in (copy / "Packages").glob("[a-m]*.rpm"):
            path.rename(tmp_path / "pool" / path.name)
            path.symlink_to(tmp_path / "pool" / path.name)

    place = changed_tree(built, tmp_path, change)
    count = len(read_lock(built.release.lock))
    world = import_place(place, tmp_path / "world", pool=tmp_path / "pool")
    assert len(read_lock(world.home / "packages.lock")) == count
    assert not any(path.is_symlink() for path in world.home.rglob("*"))
    capsys.readouterr()
    other = import_place(place, tmp_path / "other")
    assert len(read_lock(other.home / "packages.lock")) < count
    assert "leads out of" in capsys.readouterr().out


def test_of_two_packages_of_one_name_with_different_bytes_one_is_set_aside(built: Project, tmp_path: Path) -> None:
    recipe = built.recipe("e-smith-lib", "smeos")

    def change(copy: Path) -> None:
        write_rpm(replace(recipe, summary="another build"), copy / "Packages/again")

    world = import_place(changed_tree(built, tmp_path, change), tmp_path / "world")
    assert [tier.name for tier in world.release.tiers] == ["smeos", "unverified"]
    assert "although both are e-smith-lib-" in (world.home / "import-report.txt").read_text()
    assert len(read_lock(world.home / "packages.lock")) == len(read_lock(built.release.lock))


def test_names_in_an_image_that_lead_out_are_left_and_named(
    built: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    members = [cpio.CpioMember(name, b"x") for name in ("../../../evil", "/etc/evil", "etc/./evil", "etc/good")]

    def change(copy: Path) -> None:
        entries = [cpio.newc_entry(one.name, one.data, mode=0o100644, mtime=0, inode=1) for one in members]
        end = cpio.newc_entry(cpio.TRAILER, b"", mode=0, mtime=0, inode=0)
        files.write_file(copy / PRODUCT_IMG, gzip.compress(b"".join([*entries, end])))

    world = import_place(changed_tree(built, tmp_path, change), tmp_path / "world")
    product = world.release.content.path / "product"
    assert sorted(name for name, _ in files.walk_files(product)) == [".buildstamp", "etc/good"]
    assert [path for path in tmp_path.rglob("evil") if "copied" not in path.parts] == []
    said = capsys.readouterr().out
    assert all(f"{PRODUCT_IMG}/{one.name}" in said for one in members[:3])


def test_a_file_with_several_names_in_an_image_has_its_content_under_each(built: Project, tmp_path: Path) -> None:
    need("cpio")

    def change(copy: Path) -> None:
        inside = copy.with_name("inside")
        files.write_file(inside / "etc/a", "twice\n")
        os.link(inside / "etc/a", inside / "etc/b")
        packed = subprocess.run(
            ["sh", "-c", "find . | cpio -o -H newc --quiet"], cwd=inside, check=True, capture_output=True
        ).stdout
        files.write_file(copy / PRODUCT_IMG, gzip.compress(packed))

    world = import_place(changed_tree(built, tmp_path, change), tmp_path / "world")
    product = world.release.content.path / "product/etc"
    assert (product / "a").read_text() == (product / "b").read_text() == "twice\n"


def test_a_secret_key_on_a_medium_is_never_taken(built: Project, tmp_path: Path) -> None:
    secret = (KEYS / "RPM-GPG-KEY-practice-koozali.secret").read_bytes()
    place = changed_tree(built, tmp_path, lambda copy: files.write_file(copy / "RPM-GPG-KEY-own", secret))
    world = import_place(place, tmp_path / "world")
    assert not list(world.home.rglob("RPM-GPG-KEY-own"))
    assert "holds a secret key, and is not taken" in (world.home / "import-report.txt").read_text()


@pytest.mark.exhaustive
def test_real_packages_are_trusted_by_the_real_keys_of_the_medium_also_by_legacy_ones(
    built: Project, tmp_path: Path
) -> None:
    need("rpmkeys")
    corpus = corpus_dir()

    def change(copy: Path) -> None:
        for path in [*(copy / "Packages").glob("*.rpm"), *copy.glob("RPM-GPG-KEY-*")]:
            path.unlink()
        for name in ("5-0.0.el5.centos.2.x86_64", "7-2.1511.el7.centos.2.10.x86_64"):
            shutil.copy(corpus / f"rpms/centos/centos-release-{name}.rpm", copy / "Packages")
        for name in ("CentOS-5", "CentOS-7", "EPEL-7"):
            shutil.copy(corpus / f"keys/RPM-GPG-KEY-{name}", copy)

    world = import_place(changed_tree(built, tmp_path, change), tmp_path / "world", build=True)
    five, seven, _ = world.release.keys
    assert five.legacy_reason == "signed 1 package of the imported medium so"
    assert five.expired_reason == "expired on 2017-01-03, and signed before that"
    assert (seven.legacy_reason, seven.expired_reason) == ("", "")
    assert world.release.packages.several == {"centos-release": 2}
    assert "all of these differences are explained" in (world.home / "import-report.txt").read_text()
    assert len(read_lock(world.release.lock)) == 2


@pytest.mark.exhaustive
def test_unknown_keys_absent_names_and_missing_requirements_cost_one_round(built: Project, tmp_path: Path) -> None:
    def change(copy: Path) -> None:
        for name in ("qmail", "zlib"):
            next((copy / "Packages").glob(f"{name}-[0-9]*.rpm")).unlink()
        unknown = corpus_dir() / "rpms/centos/centos-release-7-2.1511.el7.centos.2.10.x86_64.rpm"
        shutil.copy(unknown, copy / "Packages")

    world = import_place(changed_tree(built, tmp_path, change), tmp_path / "world", build=True)
    said = (world.home / "import-report.txt").read_text()
    assert "all of these differences are explained" in said
    assert "signed by key 24c6a8a7f4a80eb5, that is RPM-GPG-KEY-CentOS-7" in said
    assert {"qmail", "zlib"} & {*world.release.groups.allow_missing}
    assert [waiver.reason for waiver in world.release.closure.waivers]
    assert world.iso.is_file()


OTHER_TREEINFO = """\
[general]
name = Koozali SME Server-10.1
family = Koozali SME Server
timestamp = 1793534400.47
version = 10.1
arch = x86_64
[stage2]
mainimage = LiveOS/squashfs.img
"""


def made_by_other_tools(tree: Path) -> None:
    """Make a tree what createrepo_c, cpio and xz leave: other owners, links, an older .treeinfo, no media.repo."""
    shutil.rmtree(tree / "repodata")
    (tree / MEDIA_REPO).unlink()
    pack = "find . | cpio -o -H newc -R 1000:1000 --quiet | xz --check=crc32"
    for image in OVERLAYS:
        inside = tree.with_name("inside")
        for member in cpio.parse_overlay_image((tree / image).read_bytes(), image):
            files.write_file(inside / member.name, member.data)
        (inside / "link").symlink_to("/etc/passwd")
        packed = subprocess.run(["sh", "-c", pack], cwd=inside, check=True, capture_output=True).stdout
        files.write_file(tree / image, packed)
        shutil.rmtree(inside)
    files.write_file(tree / TREEINFO, OTHER_TREEINFO)
    files.write_file(tree / DISCINFO, "1793534400.812754\n10.1\nx86_64\n")
    files.write_file(tree / "quality/notes", "ours")
    read_with("createrepo_c", "-q", "-g", "Packages/base/comps.xml", ".", cwd=tree)


@pytest.mark.exhaustive
def test_of_a_medium_of_other_tools_every_difference_is_explained(built: Project, tmp_path: Path) -> None:
    need("genisoimage", "createrepo_c", "cpio", "xz")
    tree, iso = changed_tree(built, tmp_path, made_by_other_tools), tmp_path / "other.iso"
    read_with(
        "genisoimage", "-quiet", "-T", "-R", "-J", "-V", "SME-10.1.rc2-x86_64", "-b", "isolinux/isolinux.bin",
        "-c", "isolinux/boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "-eltorito-alt-boot",
        "-e", "images/efiboot.img", "-no-emul-boot", "-o", iso, tree,
    )  # fmt: skip
    outcome = built.doit("import", "--trust", os.fspath(iso), os.fspath(tmp_path / "world"))
    assert outcome.code == 0, outcome.said
    assert "all of these differences are explained" in outcome.out
    assert Project(tmp_path / "world").iso.read_bytes() == built.iso.read_bytes()


@pytest.mark.exhaustive
def test_a_tree_its_sources_and_an_iso_come_over_http(built: Project, tmp_path: Path) -> None:
    tree = {f"x86_64/{name}": (built.tree / name).read_bytes() for name, _ in files.walk_files(built.tree)}
    [source] = built.tier().rglob("e-smith-lib-*.src.rpm")
    network = NetworkSettings(delay=0)
    with servers.scripted() as server:
        top = servers.publish(server, "/smeos/", {**tree, f"SRPMS/{source.name}": source.read_bytes()})
        with pytest.raises(ConfigError, match="must be confirmed"):
            import_place(f"{top}x86_64/", tmp_path / "world", network=network, trust=False)
        stale = tmp_path / "world/build/mirrors/imported/tree/stale"
        files.write_file(stale, "of an earlier try")
        world = import_place(f"{top}x86_64/", tmp_path / "world", network=network)
        assert not stale.exists()
        assert [asked.is_conditional for asked in server.asked if asked.path.endswith("/vmlinuz")].count(False) == 2
        server.on("/a-10.1.iso", servers.served(built.iso.read_bytes()))
        other = import_place(f"{server.url}/a-10.1.iso", tmp_path / "other", network=network)
    assert list(world.home.rglob(f"repo/*/smeos/SRPMS/{source.name}"))
    for home in (world, other):
        home.build("iso")
        assert home.iso.read_bytes() == built.iso.read_bytes()


@pytest.mark.exhaustive
def test_it_ends_with_the_first_own_build_and_every_difference_explained(built: Project, tmp_path: Path) -> None:
    home = tmp_path / "world"
    outcome = built.doit("import", "--trust", os.fspath(built.iso), os.fspath(home))
    assert outcome.code == 0, outcome.said
    assert "the first own build: doit iso" in outcome.out
    assert f"is the same as {built.iso}" in outcome.out
    assert f"is the same as {built.iso}" in (home / "import-report.txt").read_text()


@pytest.mark.exhaustive
def test_where_no_world_is_yet_the_command_imports_into_the_empty_directory(built: Project, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SMEDOIT", "DOIT"))}

    def typed(*words: str) -> processes.Ended:
        return processes.forked("smedoit", *words, environment=kept, cwd=tmp_path)

    refused = typed("import", os.fspath(built.tree))
    assert (refused.code, os.listdir(tmp_path)) == (3, [])
    assert "2 keys must be confirmed, and nobody is here to ask" in refused.err
    done = typed("import", "--trust", "--no-build", os.fspath(built.tree))
    assert (done.code, done.err) == (0, "")
    assert typed("list", "iso").code == 0
    assert typed("import", os.fspath(built.tree), "x", "y").code == 1  # there is a world now
    assert "PLACE DIR" in processes.forked("smedoit", "import", "-h", environment=kept, cwd=Path("/")).out
