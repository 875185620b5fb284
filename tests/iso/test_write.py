# SPDX-License-Identifier: GPL-3.0-or-later
"""test_write"""

from __future__ import annotations

import binascii
import dataclasses
import os
import re
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smedoit.bootfiles.images import STAND_IN
from smedoit.errors import ContentError, FileError
from smedoit.fat import format
from smedoit.iso import write
from smedoit.iso.medium import IsoMedium
from smedoit.runtime.files import walk_files, write_file
from smedoit.sample.boot_record import message_boot_record
from tests.harness.nouns import EPOCH
from tests.harness.tools import need, read_with

SECTOR, BLOCK, CYLINDER = 2048, 512, 1 << 20
LABEL = "SME-10.1-x86_64"
MENU = b"menuentry local {\n  exit\n}\n"
LOADER = message_boot_record("hello")
LONG = "a-package-of-a-very-long-name-" * 4  # 120 characters
FILES = {
    "README.txt": b"hello\n",
    "empty": b"",
    ".treeinfo": b"[general]\n",
    ".discinfo": b"1.0\n",
    "Packages/a/a-1-1.noarch.rpm": b"a" * 3000,
    "Packages/a/A-1-1.noarch.rpm": b"A" * 3000,
    f"Packages/l/{LONG[:114]}-1.rpm": b"long",
    "LiveOS/squashfs.img": b"live" * 5000,
    "isolinux/isolinux.cfg": b"default linux\n",
    "two.dots.in.name": b"dots",
    "with blank": b"blank",
    "a+b~c^d": b"signs",
    "deep/1/2/3/4/5/6/7/8/file": b"deep",
}


def medium(place: Path, files: Mapping[str, bytes], **changes: str) -> IsoMedium:
    """Return a medium that boots, of files that are written below place."""
    boots = {
        "isolinux/isolinux.bin": LOADER,
        "images/efiboot.img": format.build_fat_image(
            Path("efiboot.img"), {"EFI/BOOT/BOOTX64.EFI": STAND_IN, "EFI/BOOT/grub.cfg": MENU}, "ANACONDA", EPOCH
        ),
    }
    for name, data in {**boots, **files}.items():
        write_file(place / name, data, durable=False)
    found = {relative: place / relative for relative, _ in walk_files(place)}
    return IsoMedium(changes.get("volume", LABEL), "Koozali SME Server", "Koozali SME Server 10.1", EPOCH, found)


def written(place: Path, files: Mapping[str, bytes], **changes: str) -> Path:
    target = place / "medium.iso"
    write.write_iso(medium(place / "tree", files, **changes), target)
    return target


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A medium of all FILES; no test may change it."""
    return written(tmp_path_factory.mktemp("iso"), FILES)


def extracted(image: Path, place: Path, *options: str) -> dict[str, bytes]:
    """Return path -> content of every file, as xorriso reads it."""
    need("xorriso")
    read_with("xorriso", *options, "-osirrox", "on", "-indev", image, "-extract", "/", place)
    read_with("chmod", "-R", "u+w", place)
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def sectors(image: Path) -> dict[str, int]:
    """Return path -> first sector of its content, as xorriso reads it."""
    need("xorriso")
    listed = read_with("xorriso", "-indev", image, "-find", "/", "-type", "f", "-exec", "report_lba")
    lines = re.findall(r"^File data lba:\s*\d+ ,\s*(\d+) ,\s*\d+ ,\s*\d+ , '/(.*)'$", listed, re.MULTILINE)
    return {path: int(sector) for sector, path in lines}


# Files and names


def test_xorriso_reads_every_file_by_its_whole_name(image: Path, tmp_path: Path) -> None:
    found = extracted(image, tmp_path / "out")
    assert {name: found.get(name) for name in FILES} == FILES


def test_nothing_else_is_on_it_but_what_boots(image: Path, tmp_path: Path) -> None:
    assert set(extracted(image, tmp_path / "out")) - set(FILES) == {
        "isolinux/isolinux.bin",
        "isolinux/boot.cat",
        "images/efiboot.img",
    }


@pytest.mark.parametrize("tree_of", ["-R", "-J"])
def test_isoinfo_lists_the_same_tree(image: Path, tree_of: str) -> None:
    need("isoinfo")
    listed = read_with("isoinfo", tree_of, "-f", "-i", image).splitlines()
    short = {name for name in FILES if len(name.rpartition("/")[2]) <= 64 and name.count("/") < 8}
    assert {f"/{name}" for name in short} <= set(listed)


def test_a_joliet_name_too_long_is_cut_in_its_middle_and_keeps_its_end(image: Path) -> None:
    need("isoinfo")
    [cut] = [
        name for name in read_with("isoinfo", "-J", "-f", "-i", image).splitlines() if name.startswith("/Packages/l/")
    ]
    assert len(cut.rpartition("/")[2]) == 64
    assert cut.endswith("-1.rpm")


UNUSUAL = [
    "릴리스 노트 10.1.txt", "릴" * 40 + ".txt", "ä" * 64 + ".txt", "😀" * 40 + ".txt", "Grüße.txt",
    "notes: what's new?.txt", "a*b;c\\d.txt", "com;1", "name with a dot at its end.", "..hidden", "?", "*",
]  # fmt: skip


def test_names_in_any_script_and_with_any_sign_are_whole_for_linux_and_carried_by_joliet(tmp_path: Path) -> None:
    image = written(tmp_path, {f"docs/{name}": name.encode() for name in UNUSUAL})
    found = extracted(image, tmp_path / "out")
    assert {name: found.get(f"docs/{name}") for name in UNUSUAL} == {name: name.encode() for name in UNUSUAL}
    joliet = {
        name.removeprefix("docs/"): data
        for name, data in extracted(image, tmp_path / "joliet", "-read_fs", "norock").items()
        if name.startswith("docs/")
    }
    assert sorted(joliet.values()) == sorted(name.encode() for name in UNUSUAL)
    assert joliet["릴리스 노트 10.1.txt"] == "릴리스 노트 10.1.txt".encode()
    assert all(len(name.encode("utf-16-be")) <= 128 and not re.search(r"[*/:;?\\\\]", name) for name in joliet)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=80))
def test_whatever_a_file_is_called_joliet_can_carry_it_and_keeps_what_it_can(name: str) -> None:
    carried = write.joliet_name(name)
    assert 0 < len(carried.encode()) <= 64
    assert not write.JOLIET_FORBIDDEN.search(carried)
    assert carried == name or re.search("~[0-9a-f]{6}~", carried)
    assert write.joliet_name(carried) == carried


def test_a_rock_ridge_name_of_120_characters_is_whole(image: Path) -> None:
    need("isoinfo")
    assert f"/Packages/l/{LONG[:114]}-1.rpm" in read_with("isoinfo", "-R", "-f", "-i", image).splitlines()


def test_names_that_differ_in_case_alone_are_two_files(image: Path, tmp_path: Path) -> None:
    found = extracted(image, tmp_path / "out")
    assert found["Packages/a/a-1-1.noarch.rpm"] != found["Packages/a/A-1-1.noarch.rpm"]


def test_cut_names_that_are_alike_stay_apart(tmp_path: Path) -> None:
    need("isoinfo")
    names = [f"{'x' * 50}{number}{'y' * 50}.rpm" for number in range(9)]
    image = written(tmp_path, {f"Packages/{name}": name.encode() for name in names})
    found = extracted(image, tmp_path / "out")
    assert {name: found[f"Packages/{name}"] for name in names} == {name: name.encode() for name in names}
    joliet = [line for line in read_with("isoinfo", "-J", "-f", "-i", image).splitlines() if "/Packages/" in line]
    assert len(set(joliet)) == len(names)


def test_directories_can_be_entered_and_files_read_by_everybody(image: Path) -> None:
    need("xorriso")
    listed = read_with("xorriso", "-indev", image, "-find", "/", "-exec", "lsdl").splitlines()
    modes = {line.split()[0] for line in listed if line[:1] in "-d" and "'/" in line}
    assert modes <= {"-rw-r--r--", "drwxr-xr-x", "-r--r--r--", "dr-xr-xr-x"}
    assert {line.split()[2] for line in listed if "'/" in line} == {"0"}


def test_every_time_on_it_is_the_release_date(image: Path) -> None:
    need("isoinfo")
    listed = read_with("isoinfo", "-R", "-l", "-i", image)
    assert set(re.findall(r" (\w{3}\s+\d+ \d{4}) \[", listed)) == {"Nov  1 2026"}


@given(
    st.dictionaries(
        st.text("aA1._- ~é", min_size=1, max_size=100).filter(lambda name: name.strip("./") and name.strip() == name),
        st.binary(max_size=9),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=15, deadline=None)
def test_any_name_and_content_comes_back(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    place = tmp_path_factory.mktemp("any")
    found = extracted(written(place, {f"d/{name}": data for name, data in files.items()}), place / "out")
    assert {name: found.get(f"d/{name}") for name in files} == files


# Places


def test_write_says_where_every_file_lies(tmp_path: Path) -> None:
    iso_medium = medium(tmp_path / "tree", FILES)
    offsets = write.write_iso(iso_medium, tmp_path / "medium.iso")
    data = (tmp_path / "medium.iso").read_bytes()
    for name, content in FILES.items():
        assert data[offsets[name] : offsets[name] + len(content)] == content, name


def test_large_twins_share_one_place(tmp_path: Path) -> None:
    kernel = bytes(range(256)) * 4096
    image = written(tmp_path, {"images/pxeboot/vmlinuz": kernel, "isolinux/vmlinuz": kernel})
    places = sectors(image)
    assert places["images/pxeboot/vmlinuz"] == places["isolinux/vmlinuz"]
    assert extracted(image, tmp_path / "out")["isolinux/vmlinuz"] == kernel


def test_twins_by_size_alone_do_not(tmp_path: Path) -> None:
    files = {"a": b"a" * write.DEDUPLICATED_FROM, "b": b"b" * write.DEDUPLICATED_FROM}
    image = written(tmp_path, files)
    found = extracted(image, tmp_path / "out")
    assert {name: found[name] for name in files} == files


def test_a_file_of_no_bytes_is_there(image: Path, tmp_path: Path) -> None:
    assert extracted(image, tmp_path / "out")["empty"] == b""


# Labels


@pytest.mark.parametrize("volume", ["S", LABEL, "SME Server 10.1 x86_64", "exactly-sixteen1", "X" * 17, "y" * 32])
def test_the_label_is_whole(tmp_path: Path, volume: str) -> None:
    need("isoinfo")
    image = written(tmp_path, {}, volume=volume)
    assert f"\nVolume id: {volume}\n" in read_with("isoinfo", "-d", "-i", image)


@pytest.mark.parametrize("volume", [LABEL, "SME Server 10.1 x86_64", "y" * 32])
def test_the_joliet_label_is_its_beginning_so_that_blkid_takes_the_whole(tmp_path: Path, volume: str) -> None:
    data = written(tmp_path, {}, volume=volume).read_bytes()
    [joliet] = [at for at in range(16 * SECTOR, 32 * SECTOR, SECTOR) if data[at : at + 6] == b"\x02CD001"]
    assert data[joliet + 40 : joliet + 72].decode("utf-16-be").rstrip() == volume[:16].rstrip()


@pytest.mark.parametrize("volume", [LABEL, "SME Server 10.1 x86_64", "y" * 32])
def test_blkid_finds_it_by_its_label(tmp_path: Path, volume: str) -> None:
    need("blkid")
    image = written(tmp_path, {}, volume=volume)
    assert read_with("blkid", "-p", "-s", "LABEL", "-o", "value", image).rstrip("\n") == volume


# Booting


def test_both_ways_to_boot_from_cd_are_in_the_catalogue(image: Path) -> None:
    need("xorriso")
    said = read_with("xorriso", "-indev", image, "-report_el_torito", "plain")
    assert re.search(r"boot img :\s+1\s+BIOS\s+y\s+none\s+0x0000\s+0x00\s+4\s", said)
    assert re.search(r"boot img :\s+2\s+UEFI\s+y\s+none", said)
    assert "img path :   1  /isolinux/isolinux.bin" in said
    assert "img path :   2  /images/efiboot.img" in said


def test_the_boot_info_table_is_in_the_medium_and_not_in_the_source(image: Path) -> None:
    need("xorriso")
    said = read_with("xorriso", "-indev", image, "-report_el_torito", "plain")
    assert "img opts :   1  boot-info-table" in said
    assert (image.parent / "tree/isolinux/isolinux.bin").read_bytes() == LOADER


def test_the_boot_info_table_tells_the_loader_where_it_lies(image: Path) -> None:
    at = sectors(image)["isolinux/isolinux.bin"]
    data = image.read_bytes()[at * SECTOR : at * SECTOR + len(LOADER)]
    words = struct.unpack(f"<{(len(LOADER) - 64) // 4}L", LOADER[64:])
    assert struct.unpack_from("<4L", data, 8) == (16, at, len(LOADER), sum(words) & 0xFFFFFFFF)


def test_a_usb_stick_boots_by_mbr_and_by_efi(image: Path) -> None:
    need("xorriso")
    said = read_with("xorriso", "-indev", image, "-report_system_area", "plain")
    blocks, efi = image.stat().st_size // BLOCK, sectors(image)["images/efiboot.img"] * 4
    assert re.search(rf"MBR partition\s+:\s+1\s+0x80\s+0x\w\w\s+0\s+{blocks}\n", said)
    assert re.search(rf"MBR partition\s+:\s+2\s+0x00\s+0xef\s+{efi}\s+\d+\n", said)
    assert "MBR partition path :   2  /images/efiboot.img" in said
    assert "GPT partition path :   2  /images/efiboot.img" in said


BOOTS = ("isolinux/isolinux.bin", "images/efiboot.img")


def of_one_firmware(place: Path, firmware: str) -> Path:
    """Return a medium for one firmware, which has no file of the other."""
    whole, own = medium(place / "tree", {"README.txt": b"hello\n"}), BOOTS[firmware == "uefi"]
    kept = {name: source for name, source in whole.files.items() if name not in BOOTS or name == own}
    write.write_iso(dataclasses.replace(whole, files=kept, firmware=(firmware,)), place / "medium.iso")
    return place / "medium.iso"


def test_a_medium_for_bios_alone_has_one_entry_and_an_mbr_without_a_partition_for_uefi(tmp_path: Path) -> None:
    need("xorriso")
    image = of_one_firmware(tmp_path, "bios")
    said = read_with("xorriso", "-indev", image, "-report_el_torito", "plain", "-report_system_area", "plain")
    assert re.findall(r"boot img :\s+(\d)\s+(\w+)\s+y\s+none", said) == [("1", "BIOS")]
    assert "img opts :   1  boot-info-table isohybrid-suitable" in said
    blocks = image.stat().st_size // BLOCK
    found = re.findall(r"MBR partition\s+:\s+(\d)\s+(0x\w\w)\s+(0x\w\w)\s+(\d+)\s+(\d+)\n", said)
    assert found == [("1", "0x80", "0x17", "0", str(blocks))]
    assert "GPT" not in said
    assert set(extracted(image, tmp_path / "out")) == {"README.txt", "isolinux/isolinux.bin", "isolinux/boot.cat"}


def test_a_medium_for_uefi_alone_has_one_entry_and_partitions_that_lead_to_efiboot_img(tmp_path: Path) -> None:
    need("xorriso")
    image = of_one_firmware(tmp_path, "uefi")
    said = read_with("xorriso", "-indev", image, "-report_el_torito", "plain", "-report_system_area", "plain")
    assert re.findall(r"boot img :\s+(\d)\s+(\w+)\s+y\s+none", said) == [("1", "UEFI")]
    assert "img path :   1  /images/efiboot.img" in said
    blocks, efi = image.stat().st_size // BLOCK, sectors(image)["images/efiboot.img"] * 4
    assert re.search(rf"MBR partition\s+:\s+1\s+0x80\s+0x\w\w\s+0\s+{blocks}\n", said)
    assert re.search(rf"MBR partition\s+:\s+2\s+0x00\s+0xef\s+{efi}\s+\d+\n", said)
    assert "MBR partition path :   2  /images/efiboot.img" in said
    assert "GPT partition path :   2  /images/efiboot.img" in said
    assert set(extracted(image, tmp_path / "out")) == {"README.txt", "images/efiboot.img", "isolinux/boot.cat"}


def test_both_gpts_of_a_medium_for_uefi_alone_hold_and_bios_is_told_to_look_elsewhere(tmp_path: Path) -> None:
    data = of_one_firmware(tmp_path, "uefi").read_bytes()
    last = len(data) // BLOCK - 1
    first, spare = gpt(data, 1), gpt(data, last)
    assert (first[:2], spare[:2], first[2]) == ((1, last), (last, 1), spare[2])
    assert data[:2] == b"\xcd\x18"


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_a_medium_for_one_firmware_is_the_same_bytes_each_time(tmp_path: Path, firmware: str) -> None:
    first, second = (of_one_firmware(tmp_path / name, firmware).read_bytes() for name in "ab")
    assert first == second


def gpt(data: bytes, block: int) -> tuple[int, int, list[tuple[int, int]]]:
    """Return (own block, other table's block, used partitions) of a GPT whose checksums hold.

    Source: UEFI specification, 5.3.2 GPT Header
    """
    header = data[block * BLOCK : block * BLOCK + 92]
    assert header[:8] == b"EFI PART"
    (size, crc), (own, other) = struct.unpack_from("<LL", header, 12), struct.unpack_from("<QQ", header, 24)
    assert size == 92
    assert binascii.crc32(header[:16] + bytes(4) + header[20:92]) == crc
    entries, count, length, entries_crc = struct.unpack_from("<QLLL", header, 72)
    table = data[entries * BLOCK : entries * BLOCK + count * length]
    assert binascii.crc32(table) == entries_crc
    parts = [table[at : at + length] for at in range(0, len(table), length)]
    return own, other, [struct.unpack_from("<QQ", part, 32) for part in parts if any(part[:16])]  # type: ignore[misc]


def test_the_checksums_of_both_gpts_hold_and_each_names_the_other(image: Path) -> None:
    data = image.read_bytes()
    last = len(data) // BLOCK - 1
    first, spare = gpt(data, 1), gpt(data, last)
    assert (first[:2], spare[:2]) == ((1, last), (last, 1))
    assert first[2] == spare[2]


def test_the_gpts_second_partition_is_efiboot_img(image: Path) -> None:
    start, end = gpt(image.read_bytes(), 1)[2][1]
    assert start == sectors(image)["images/efiboot.img"] * 4
    assert (end + 1 - start) * BLOCK >= (image.parent / "tree/images/efiboot.img").stat().st_size


def test_sgdisk_finds_no_fault_but_the_overlaps_that_every_hybrid_has(image: Path) -> None:
    need("sgdisk")
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"  # it ends with a fault where partitions overlap, so no read_with
    said = subprocess.run(
        ["sgdisk", "-v", image], capture_output=True, text=True, env={"PATH": path}, check=False
    ).stdout
    problems = re.findall(r"^(?:Problem|Warning|Caution): (.*)", said, re.MULTILINE)
    assert problems
    assert all("overlap" in problem for problem in problems), said


def test_it_ends_on_a_cylinder_as_old_firmware_wants_it(image: Path) -> None:
    assert image.stat().st_size % CYLINDER == 0


@pytest.mark.parametrize("spare", [-2, -1, 0, 1, 2, 16, 17, 18, 148, 149, 150, 151, 152])
def test_the_spare_gpt_never_lies_in_a_file_nor_in_the_volume(tmp_path: Path, spare: int) -> None:
    """Choose the last file's size so that what is left of the last cylinder is spare sectors, pads included."""
    place = tmp_path / "tree"
    bare = written(tmp_path, {"zzz": b"x" * SECTOR})
    used = sectors(bare)["zzz"] + 1
    room = -(used + spare) % (CYLINDER // SECTOR)
    last = b"\xff" * (SECTOR * (room + 1))
    write_file(place / "zzz", last)
    target = tmp_path / "full.iso"
    offset = write.write_iso(medium(place, {"zzz": last}), target)["zzz"]
    data = target.read_bytes()
    assert data[offset : offset + len(last)] == last
    entries = struct.unpack_from("<Q", data[-BLOCK:], 72)[0] * BLOCK
    assert offset + len(last) <= entries
    assert gpt(data, len(data) // BLOCK - 1)


def test_the_volume_is_never_larger_than_the_file(image: Path) -> None:
    data = image.read_bytes()
    assert struct.unpack_from(">L", data, 16 * SECTOR + 84)[0] * SECTOR <= len(data)


# The same medium, the same bytes


def test_the_same_medium_makes_the_same_bytes(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert written(tmp_path, dict(reversed(FILES.items()))).read_bytes() == image.read_bytes()


def test_another_date_or_label_makes_another_disk(tmp_path: Path) -> None:
    guids = set()
    for number, volume in enumerate((LABEL, "SME-10.2-x86_64")):
        guids.add(written(tmp_path / str(number), {}, volume=volume).read_bytes()[BLOCK + 56 : BLOCK + 72])
    assert len(guids) == 2


def test_pycdlib_gets_its_clock_back() -> None:
    import time

    from pycdlib import pycdlib

    with write.frozen_clock(EPOCH):
        assert pycdlib.time.time() == EPOCH
    assert pycdlib.time is time


# What is refused


@pytest.mark.parametrize("name", ["isolinux/isolinux.bin", "images/efiboot.img"])
def test_without_a_boot_image_it_is_refused_by_that_name(tmp_path: Path, name: str) -> None:
    iso_medium = medium(tmp_path / "tree", {})
    without = {path: source for path, source in iso_medium.files.items() if path != name}
    with pytest.raises(ContentError, match=f"{re.escape(name)}: is not in the tree, the medium would not boot"):
        write.write_iso(IsoMedium(iso_medium.volume, "", "", EPOCH, without), tmp_path / "medium.iso")


@pytest.mark.parametrize("loader", [b"", b"x" * 24576, LOADER[:60]])
def test_a_loader_that_cannot_start_from_usb_is_refused(tmp_path: Path, loader: bytes) -> None:
    iso_medium = medium(tmp_path / "tree", {"isolinux/isolinux.bin": loader})
    with pytest.raises(ContentError, match=r"isolinux\.bin: is no isolinux\.bin that can start from USB"):
        write.write_iso(iso_medium, tmp_path / "medium.iso")


def test_a_file_that_went_meanwhile_is_named(tmp_path: Path) -> None:
    iso_medium = medium(tmp_path / "tree", FILES)
    iso_medium.files["README.txt"].unlink()
    with pytest.raises(FileError, match=r"README\.txt: cannot be read, no such file"):
        write.write_iso(iso_medium, tmp_path / "medium.iso")


def test_publisher_and_application_of_any_length_and_letters_are_carried(tmp_path: Path) -> None:
    iso_medium = medium(tmp_path / "tree", {})
    write.write_iso(
        IsoMedium(iso_medium.volume, "É" * 64, "Ünïcödé " * 12, EPOCH, iso_medium.files), tmp_path / "medium.iso"
    )
    assert (tmp_path / "medium.iso").stat().st_size
