# SPDX-License-Identifier: GPL-3.0-or-later
"""test_fat"""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.errors import ContentError, FileError
from smedoit.fat.format import build_fat_image
from smedoit.fat.volume import FatVolume, list_fat_files, read_fat_file, replace_fat_file
from tests.harness.tools import need, read_with

EPOCH = 1793534400  # 2026-11-01 12:00 UTC
CFG = "EFI/BOOT/grub.cfg"
FILES = {
    CFG: b"set timeout=60\n",
    "EFI/BOOT/BOOTX64.EFI": bytes(range(256)) * 70,
    "EFI/BOOT/fonts/unicode.pf2": b"",
    "a.txt": b"a",
}


def write_fat_image(path: Path, files: dict[str, bytes], label: str, epoch: int, size: int = 0) -> None:
    path.write_bytes(build_fat_image(path, files, label, epoch, size))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    made = tmp_path / "efiboot.img"
    write_fat_image(made, FILES, "ANACONDA", EPOCH)
    return made


def foreign(tmp_path: Path, size: int, *options: str) -> Path:
    """Return an image that mkfs.fat and mtools made, as upstream's was."""
    need("mkfs.fat", "mmd", "mcopy")
    made = tmp_path / "foreign.img"
    made.write_bytes(bytes(size))
    read_with("mkfs.fat", "-n", "ANACONDA", *options, made)
    read_with("mmd", "-i", made, "::/EFI", "::/EFI/BOOT")
    for name in ("BOOTX64.EFI", "grub.cfg", "MokManager.efi"):
        (tmp_path / name).write_bytes(FILES.get(f"EFI/BOOT/{name}", b"mok"))
        read_with("mcopy", "-i", made, tmp_path / name, f"::/EFI/BOOT/{name}")
    return made


KINDS = {
    "FAT12, a floppy": (1474560, ()),
    "FAT12, 512 root entries": (4 << 20, ("-F", "12", "-r", "512")),
    "FAT16": (9 << 20, ("-F", "16", "-s", "4")),
    "FAT16, long tables": (16 << 20, ("-F", "16", "-s", "4", "-a", "-R", "7")),
    "FAT32": (40 << 20, ("-F", "32", "-s", "1")),
}


@pytest.fixture(params=KINDS, ids=str)
def upstream(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    size, options = KINDS[request.param]
    return foreign(tmp_path, size, *options)


def test_what_was_put_in_comes_out(image: Path) -> None:
    assert {name: read_fat_file(image, name) for name in list_fat_files(image)} == FILES


def test_the_same_files_make_the_same_bytes(image: Path, tmp_path: Path) -> None:
    write_fat_image(tmp_path / "again.img", dict(reversed(FILES.items())), "ANACONDA", EPOCH)
    assert (tmp_path / "again.img").read_bytes() == image.read_bytes()


@pytest.mark.parametrize("size", [0, 1 << 20, 4085 * 2048, 9 << 20, 40 << 20])
def test_fsck_and_mtools_agree_with_our_image(tmp_path: Path, size: int) -> None:
    need("fsck.fat", "mdir", "mtype")
    image = tmp_path / "efiboot.img"
    write_fat_image(image, FILES, "ANACONDA", EPOCH, size)
    read_with("fsck.fat", "-n", image)
    assert "::/EFI/BOOT/grub.cfg" in read_with("mdir", "-i", image, "-/", "-b", "::/").split()
    assert read_with("mtype", "-i", image, f"::/{CFG}") == "set timeout=60\n"
    assert "2026-11-01  12:00" in read_with("mdir", "-i", image, "::/EFI/BOOT")


def test_an_image_of_many_files_in_one_directory_is_sound(tmp_path: Path) -> None:
    need("fsck.fat", "mdir")
    image = tmp_path / "many.img"
    write_fat_image(image, {f"many/{number}.txt": b"x" * number for number in range(300)}, "MANY", EPOCH)
    read_with("fsck.fat", "-n", image)
    assert len(read_with("mdir", "-i", image, "-b", "::/many").split()) == 300


@pytest.mark.parametrize("content", [b"", b"short", b"longer " * 9000], ids=["empty", "shorter", "longer"])
def test_a_replaced_file_reads_as_the_new_one_and_all_others_as_before(
    upstream: Path, tmp_path: Path, content: bytes
) -> None:
    need("fsck.fat", "mtype")
    target = tmp_path / "new.img"
    replace_fat_file(upstream, target, CFG, content, EPOCH)
    read_with("fsck.fat", "-n", target)
    assert read_with("mtype", "-i", target, f"::/{CFG}") == content.decode()
    for name in set(list_fat_files(upstream)) - {CFG}:
        assert read_fat_file(target, name) == read_fat_file(upstream, name)
    assert target.stat().st_size == upstream.stat().st_size


def test_long_names_are_read(upstream: Path) -> None:
    assert list_fat_files(upstream) == ["EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/MokManager.efi", "EFI/BOOT/grub.cfg"]


def test_names_are_found_in_any_case(image: Path) -> None:
    assert read_fat_file(image, "/efi/boot/GRUB.CFG") == FILES[CFG]


def test_replacing_depends_on_the_inputs_only(image: Path, tmp_path: Path) -> None:
    for name in ("one.img", "two.img"):
        replace_fat_file(image, tmp_path / name, CFG, b"new\n", EPOCH + 60)
    assert (tmp_path / "one.img").read_bytes() == (tmp_path / "two.img").read_bytes()


def test_what_was_replaced_leaves_no_trace(image: Path) -> None:
    replace_fat_file(image, image, CFG, b"secret" * 2000, EPOCH)
    replace_fat_file(image, image, CFG, b"open", EPOCH)
    assert b"secret" not in image.read_bytes()


def test_replacing_again_and_again_uses_no_more_room(image: Path, tmp_path: Path) -> None:
    once, often = tmp_path / "once.img", tmp_path / "often.img"
    replace_fat_file(image, once, CFG, b"x" * 5000, EPOCH)
    often.write_bytes(image.read_bytes())
    for number in range(500):
        replace_fat_file(often, often, CFG, b"x" * (5000 - number % 2 * 4000), EPOCH)
    replace_fat_file(often, often, CFG, b"x" * 5000, EPOCH)
    assert often.read_bytes() == once.read_bytes()


def test_without_room_the_image_stays_and_the_sentence_counts(image: Path) -> None:
    before = image.read_bytes()
    with pytest.raises(ContentError, match=r"efiboot\.img: has room for \d+ bytes, 9000000 are needed"):
        replace_fat_file(image, image, CFG, bytes(9000000), EPOCH)
    assert image.read_bytes() == before


def test_a_missing_file_is_answered_with_what_is_there(image: Path) -> None:
    with pytest.raises(ContentError, match=r"(?s)holds no file EFI/BOOT/grub\.conf.*EFI/BOOT/grub\.cfg"):
        read_fat_file(image, "EFI/BOOT/grub.conf")


def test_a_directory_is_no_file(image: Path) -> None:
    with pytest.raises(ContentError, match="holds no file EFI/BOOT"):
        read_fat_file(image, "EFI/BOOT")


@pytest.mark.parametrize("data", [b"", b"text", bytes(4096), bytes(510) + b"\x55\xaa", b"\xff" * 510 + b"\x55\xaa"])
def test_what_is_no_fat_image_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    wrong = tmp_path / "efiboot.img"
    wrong.write_bytes(data)
    with pytest.raises(ContentError, match=r"efiboot\.img: is not a FAT image"):
        list_fat_files(wrong)


def test_a_truncated_image_is_refused_in_words(image: Path) -> None:
    image.write_bytes(image.read_bytes()[:-2048])
    with pytest.raises(ContentError, match="is cut short"):
        list_fat_files(image)


def test_a_chain_that_runs_in_a_circle_is_refused_in_words(image: Path) -> None:
    volume = FatVolume.read(image)
    first = volume.find("EFI/BOOT/BOOTX64.EFI").first
    volume.link(first + 1, first)
    image.write_bytes(volume.image)
    with pytest.raises(ContentError, match="is damaged"):
        read_fat_file(image, "EFI/BOOT/BOOTX64.EFI")


def test_an_absent_image_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        list_fat_files(tmp_path / "efiboot.img")


def test_a_name_beyond_the_short_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"MokManager\.efi does not fit"):
        write_fat_image(tmp_path / "x.img", {"MokManager.efi": b""}, "X", EPOCH)
