# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice boot set, with and without what the host can lend."""

from __future__ import annotations

import configparser
import gzip
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from productmd.treeinfo import TreeInfo

from smedoit.bases.enterprise_linux import BIOS, UEFI, Base, Loader
from smedoit.bases.known import BASES, USUAL
from smedoit.config import release
from smedoit.fat import volume
from smedoit.runtime import files
from smedoit.sample import boot, initrd, kernel, loaders, menus, runtime
from smedoit.sample.boot_record import LOADED_AT, MARK, SIZE, message_boot_record
from smedoit.sample.kernel import HostKernel
from smedoit.sample.upstream import upstream_treeinfo
from tests.harness.tools import missing, need, read_with

RELEASE = Path(__file__).parents[2] / "release.toml"
UPSTREAM = {
    ".treeinfo",
    "EFI/BOOT/BOOTX64.EFI",
    "EFI/BOOT/grub.cfg",
    "EFI/BOOT/grubx64.efi",
    "LiveOS/squashfs.img",
    "images/boot.iso",
    "images/efiboot.img",
    "images/pxeboot/initrd.img",
    "images/pxeboot/vmlinuz",
    "isolinux/initrd.img",
    "isolinux/isolinux.bin",
    "isolinux/vmlinuz",
}


@pytest.fixture
def rel(tmp_path: Path) -> release.Release:
    loaded = release.load_release(RELEASE)
    return replace(loaded, boot_set=replace(loaded.boot_set, path=tmp_path / "os/x86_64"))


def built_on(rel: release.Release, base: Base) -> release.Release:
    return replace(rel, release=replace(rel.release, base=base.name))


EACH = pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
AND_THE_OTHERS = pytest.mark.parametrize(
    "base",
    [
        pytest.param(base, marks=[] if base is USUAL else pytest.mark.exhaustive, id=base.name)
        for base in BASES.values()
    ],
)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that has nothing to lend."""
    for module, names in ((loaders, ("ISOLINUX", "GRUB", "GRUB_FOR_BIOS", "GRUB_MAKERS")), (initrd, ("BUSYBOXES",))):
        for name in names:
            monkeypatch.setattr(module, name, ())
    monkeypatch.setattr(runtime, "PROGRAMS", ("no-such-program",))


def content(directory: Path) -> dict[str, bytes]:
    """Return path -> content of every file."""
    found = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


def test_the_boot_set_has_upstreams_files(rel: release.Release) -> None:
    boot.make_boot_set(rel)
    assert set(content(rel.boot_set.path)) >= UPSTREAM


@pytest.mark.usefixtures("bare")
def test_a_bare_host_gets_the_same_files_and_the_stand_ins_say_what_they_are(rel: release.Release) -> None:
    boot.make_boot_set(rel)
    made = content(rel.boot_set.path)
    assert set(made) == {*UPSTREAM, "isolinux/vesamenu.c32"}  # which the practice menu names
    assert b"stand-in for the kernel" in made["images/pxeboot/vmlinuz"]
    assert b"Koozali SME Server 10.1 RC2 practice medium" in made["isolinux/isolinux.bin"]


@pytest.mark.usefixtures("bare")
@EACH
def test_a_boot_set_has_what_its_base_needs_also_where_the_host_has_nothing_to_lend(
    rel: release.Release, base: Base
) -> None:
    boot.make_boot_set(built_on(rel, base))
    made, needed = content(rel.boot_set.path), {base.stage2, base.mbr_image, *base.bios.twins} - {""}
    assert needed | {name for kind in (BIOS, UEFI) for name in (base.boots[kind].image, *base.boots[kind].needed)} <= {
        *made
    }
    assert [other for other in BASES.values() if other.stage2 in made and other.stage2 != base.stage2] == []
    assert all(made[twin] == made[other] for twin, other in base.bios.twins.items())
    assert len(made.get(base.mbr_image, bytes(512))) == 512
    treeinfo = configparser.ConfigParser()
    treeinfo.read_string(made[".treeinfo"].decode())
    assert (treeinfo["stage2"]["mainimage"], treeinfo["general"]["version"]) == (base.stage2, base.upstream.version)


@AND_THE_OTHERS
def test_two_boot_sets_of_one_host_are_equal(rel: release.Release, tmp_path: Path, base: Base) -> None:
    rel = built_on(rel, base)
    boot.make_boot_set(rel)
    boot.make_boot_set(replace(rel, boot_set=replace(rel.boot_set, path=tmp_path / "other")))
    assert content(rel.boot_set.path) == content(tmp_path / "other")


@EACH
def test_the_menus_of_the_content_have_what_the_loaders_of_their_base_show(base: Base) -> None:
    texts = menus.menu_texts(base)
    assert set(texts) == {*base.bios.texts, *base.uefi.texts, f"netinstall/{base.bios.menu}"}
    for menu in (texts[base.bios.menu], texts[base.uefi.menu]):
        assert menu.count("inst.stage2=hd:LABEL=") == 2 + len(base.upstream.entries)
        assert menu.count("rd.live.check") == 1
        assert all(options in menu for options in base.upstream.entries.values())


@pytest.mark.parametrize("base", [base for base in BASES.values() if base.bios.loader is Loader.GRUB])
def test_grub_itself_reads_the_menu_for_bios(base: Base, tmp_path: Path) -> None:
    need("grub-script-check")
    (tmp_path / "grub.cfg").write_text(menus.menu_texts(base)[base.bios.menu])
    read_with("grub-script-check", tmp_path / "grub.cfg")


@pytest.mark.parametrize("base", [base for base in BASES.values() if len(base.repositories) > 1])
def test_productmd_reads_treeinfo_of_a_boot_set_with_two_repositories(base: Base, tmp_path: Path) -> None:
    (tmp_path / ".treeinfo").write_text(upstream_treeinfo(base))
    info = TreeInfo()
    info.load(str(tmp_path / ".treeinfo"))
    assert info.stage2.mainimage == base.stage2
    assert {variant.paths.repository for variant in info.variants.get_variants()} == {*base.repositories}


def test_what_is_there_already_stays(rel: release.Release) -> None:
    real = rel.boot_set.path / "isolinux/isolinux.bin"
    real.parent.mkdir(parents=True)
    real.write_bytes(b"the real one")
    boot.make_boot_set(rel)
    before = {path: files.stamp_file(path) for path in rel.boot_set.path.rglob("*")}
    boot.make_boot_set(rel)
    assert {path: files.stamp_file(path) for path in rel.boot_set.path.rglob("*")} == before
    assert real.read_bytes() == b"the real one"


def test_cd_and_network_start_the_same_kernel(rel: release.Release) -> None:
    boot.make_boot_set(rel)
    made = content(rel.boot_set.path)
    for name in ("vmlinuz", "initrd.img"):
        assert made[f"isolinux/{name}"] == made[f"images/pxeboot/{name}"]


def test_efiboot_holds_what_lies_beside_it_and_room_for_a_longer_menu(rel: release.Release) -> None:
    boot.make_boot_set(rel)
    made = content(rel.boot_set.path)
    image = rel.boot_set.path / "images/efiboot.img"
    for name in volume.list_fat_files(image):
        assert volume.read_fat_file(image, name) == made[name]
    volume.replace_fat_file(image, image, "EFI/BOOT/grub.cfg", b"# longer\n" * 10000, 1793534400)


def test_treeinfo_names_files_that_are_there(rel: release.Release) -> None:
    boot.make_boot_set(rel)
    treeinfo = configparser.ConfigParser()
    treeinfo.read(rel.boot_set.path / ".treeinfo")
    for path in (treeinfo["stage2"]["mainimage"], *treeinfo["images-x86_64"].values()):
        assert (rel.boot_set.path / path).is_file()


def test_the_initrd_is_small_and_cpio_lists_it(rel: release.Release) -> None:
    need("cpio")
    if boot.find_host_kernel() is None:
        missing("a kernel that can be read, its modules, and a static busybox")
    boot.make_boot_set(rel)
    image = (rel.boot_set.path / "images/pxeboot/initrd.img").read_bytes()
    assert len(image) < 12_000_000
    listed = read_with("cpio", "-itv", "--numeric-uid-gid", stdin=gzip.decompress(image)).splitlines()
    assert [line.split()[-1] for line in listed if "init" in line] == ["init"]
    assert all(line.split()[2:4] == ["0", "0"] for line in listed)


def test_a_boot_record_leaves_room_for_the_boot_info_table_and_bears_isolinuxs_mark() -> None:
    record = message_boot_record("hello")
    assert (len(record), record[2:64], record[64:68]) == (SIZE, bytes(62), MARK)


def test_a_boot_record_points_at_its_message() -> None:
    record = message_boot_record("one\ntwo")
    text = record.index(b"one\r\ntwo\0")
    assert bytes([0xBE]) + (LOADED_AT + text).to_bytes(2, "little") in record


def test_a_message_too_long_for_a_boot_record_is_refused() -> None:
    message_boot_record("x" * 1900)
    with pytest.raises(ValueError, match="no room for a message of 2000"):
        message_boot_record("x" * 2000)


def host(place: Path, builtin: str = "", **needs: str) -> HostKernel:
    """Return a kernel with the needed modules, and what some of them need."""
    modules = place / "6.10.0"
    names = [name for name in kernel.NEEDED if name not in builtin.split()] + [*needs]
    lines = {f"kernel/{name}.ko.xz": needs.get(name, "") for name in names}
    modules.mkdir(parents=True)
    (modules / "modules.dep").write_text("".join(f"{file}: {need}\n" for file, need in lines.items()))
    (modules / "modules.builtin").write_text("".join(f"kernel/{name}.ko\n" for name in builtin.split()))
    (place / "vmlinuz").write_bytes(b"")
    return HostKernel(place / "vmlinuz", modules)


def test_a_module_is_loaded_after_those_it_needs(tmp_path: Path) -> None:
    order = host(tmp_path, isofs="kernel/b.ko.xz kernel/a.ko.xz", b="kernel/a.ko.xz", a="").order()
    assert order[:3] == ["kernel/a.ko.xz", "kernel/b.ko.xz", "kernel/isofs.ko.xz"]


def test_a_module_built_into_the_kernel_is_not_looked_for(tmp_path: Path) -> None:
    kernel = host(tmp_path, builtin="isofs xhci-pci")
    assert kernel.usable()
    assert not {"kernel/isofs.ko.xz", "kernel/xhci-pci.ko.xz"} & set(kernel.order())


def test_a_kernel_packed_as_this_python_cannot_undo_is_not_used(tmp_path: Path) -> None:
    assert not host(tmp_path, isofs="kernel/cdrom.ko.zst").usable()


def test_a_kernel_that_could_not_read_a_medium_is_not_used(tmp_path: Path) -> None:
    kernel = host(tmp_path)
    dependencies = kernel.modules / "modules.dep"
    dependencies.write_text(dependencies.read_text().replace("kernel/isofs.ko.xz:", "kernel/ext4.ko.xz:"))
    assert not kernel.usable()


def test_kernel_6_10_is_newer_than_6_9() -> None:
    assert kernel.kernel_sort_key(Path("6.10.0-1-amd64")) > kernel.kernel_sort_key(Path("6.9.12-1-amd64"))


def test_a_busybox_that_needs_libraries_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tmp_path / "busybox"
    text.write_text("#!/bin/sh\n")
    monkeypatch.setattr(initrd, "BUSYBOXES", (str(text), "/bin/ls", "/nowhere"))
    assert initrd.find_busybox() is None


def test_stage_2_is_a_squashfs_with_an_ext4_image_that_belongs_to_root_and_knows_no_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in (*runtime.PROGRAMS, "unsquashfs", "dumpe2fs"):
        need(program)
    shell = tmp_path / "busybox"
    shell.write_bytes(b"\x7fELF and so on")
    image = tmp_path / "squashfs.img"
    image.write_bytes(runtime.build_runtime(shell, "6.1.0", BASES["el7"]))
    config = tmp_path / "mke2fs.conf"
    config.write_text("[defaults]\n  inode_size = 128\n  blocksize = 4096\n")
    monkeypatch.setenv("MKE2FS_CONFIG", str(config))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "5")
    before = os.umask(0o077)
    try:
        assert runtime.build_runtime(shell, "6.1.0", BASES["el7"]) == image.read_bytes()
    finally:
        os.umask(before)
    read_with("unsquashfs", "-d", str(tmp_path / "out"), str(image))
    rootfs = str(tmp_path / "out/LiveOS/rootfs.img")
    header = read_with("dumpe2fs", "-h", rootfs)
    assert re.findall("Filesystem created: +(.*)", header) == ["Mon Dec  5 13:20:27 2016"]
    listed = read_with("debugfs", "-R", "ls -l /sbin", rootfs)
    assert re.search(r"100755 \(1\)\s+0\s+0\s+\d+\s+ 5-Dec-2016 13:20 init", listed), listed
