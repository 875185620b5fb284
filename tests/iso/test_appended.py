# SPDX-License-Identifier: GPL-3.0-or-later
"""Media that GRUB starts, with efiboot.img as a partition: what xorriso writes, as others read it."""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.bases.el10 import EL10
from smedoit.errors import ContentError, FileError, SmeError
from smedoit.fat import format
from smedoit.iso import write
from smedoit.iso.appended import quote_word
from smedoit.iso.medium import IsoMedium
from smedoit.iso.read import IsoImage
from smedoit.runtime import process
from smedoit.runtime.files import remove_partial_files, walk_files, write_file
from tests.harness.nouns import EPOCH
from tests.harness.tools import need, read_with
from tests.iso.test_write import FILES, UNUSUAL, extracted

SECTOR = 2048
LABEL = "SME-13-x86_64"
BOOTS = {
    "images/eltorito.img": bytes(range(256)) + b"cdrom read fails" + bytes(range(256)) * 19,
    "images/boot_hybrid.img": b"\xeb\x63GRUB ".ljust(510, b"\x90") + b"\x55\xaa",
    "boot/grub2/grub.cfg": b"menuentry a {\n}\n",
    "images/efiboot.img": format.build_fat_image(Path("e"), {"EFI/BOOT/grub.cfg": b"x\n"}, "ANACONDA", EPOCH),
}
UNLISTED = {"images/efiboot.img", "images/boot_hybrid.img"}


def appended_medium(place: Path, files: Mapping[str, bytes]) -> IsoMedium:
    """Return a medium of EL 10's form, of files that are written below place."""
    for name, data in {**BOOTS, **files}.items():
        write_file(place / name, data, durable=False)
    found = {relative: place / relative for relative, _ in walk_files(place)}
    return IsoMedium(LABEL, "Koozali SME Server", "Koozali SME Server 13.0", EPOCH, found, base=EL10)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A medium of all FILES; no test may change it."""
    need("xorriso")
    place = tmp_path_factory.mktemp("appended")
    write.write_iso(appended_medium(place / "tree", FILES), place / "medium.iso")
    return place / "medium.iso"


def test_every_file_is_on_it_but_efiboot_img_and_the_code_of_the_mbr(image: Path, tmp_path: Path) -> None:
    found = extracted(image, tmp_path / "out")
    assert {name: found.get(name) for name in FILES} == FILES
    assert set(found) == {*FILES, *BOOTS} - UNLISTED


def test_its_catalogue_its_mbr_and_its_gpt_are_those_of_lorax(image: Path) -> None:
    said = read_with("xorriso", "-indev", image, "-report_el_torito", "plain", "-report_system_area", "plain")
    assert re.findall(r"boot img :\s+(\d)\s+(\w+)\s+y\s+none\s+0x0000\s+0x00\s+(\d+)", said) == [
        ("1", "BIOS", "4"),
        ("2", "UEFI", str(len(BOOTS["images/efiboot.img"]) // 512)),
    ]
    assert "El Torito img path :   1  /images/eltorito.img" in said
    assert "img opts :   1  boot-info-table grub2-boot-info" in said
    assert "MBR protective-msdos-label grub2-mbr cyl-align-off GPT" in said
    assert re.findall(r"partname local :\s+\d\s+(\w+)", said) == ["ISO9660", "Appended2", "Gap1"]
    assert re.search(r"GPT start and size :\s+1\s+64\s", said)


def test_both_of_its_tables_hold(image: Path) -> None:
    need("sgdisk")
    assert "No problems found" in read_with("sgdisk", "-v", image)


def test_the_whole_partition_is_efiboot_img_and_a_file_system_begins_at_the_first(image: Path) -> None:
    found = IsoImage(image)
    assert found.read_efi_image() == BOOTS["images/efiboot.img"]
    assert found.at(32 * SECTOR, 6) == b"\x01CD001"


def test_write_says_where_every_file_lies_and_where_the_partition(tmp_path: Path) -> None:
    need("xorriso")
    offsets = write.write_iso(appended_medium(tmp_path / "tree", FILES), tmp_path / "medium.iso")
    data = (tmp_path / "medium.iso").read_bytes()
    expected = {**FILES, "images/efiboot.img": BOOTS["images/efiboot.img"]}
    assert set(offsets) == {*FILES, *BOOTS} - {"images/boot_hybrid.img"}
    for name, content in expected.items():
        assert data[offsets[name] : offsets[name] + len(content)] == content, name


@pytest.mark.parametrize("unequal", ["time", "inodes and links"])
def test_the_same_medium_is_the_same_bytes_whenever_and_from_wherever_it_is_made(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unequal: str
) -> None:
    medium = appended_medium(tmp_path / "tree", dict(reversed(FILES.items())))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    if unequal == "time":
        time.sleep(1.1)
    else:
        twin = medium.files["Packages/a/a-1-1.noarch.rpm"]
        (tmp_path / "tree/twin").hardlink_to(twin)
        linked = replace(medium, files={**medium.files, "twin": tmp_path / "tree/twin"})
        write.write_iso(linked, tmp_path / "linked.iso")
        write_file(tmp_path / "copy", twin.read_bytes())
        medium = replace(medium, files={**medium.files, "twin": tmp_path / "copy"})
        write.write_iso(medium, tmp_path / "copied.iso")
        assert (tmp_path / "linked.iso").read_bytes() == (tmp_path / "copied.iso").read_bytes()
        return
    write.write_iso(medium, tmp_path / "again.iso")
    assert (tmp_path / "again.iso").read_bytes() == image.read_bytes()


def test_every_time_on_it_is_the_release_date_and_every_owner_root(image: Path) -> None:
    listed = read_with("isoinfo", "-R", "-l", "-i", image)
    assert set(re.findall(r" (\w{3}\s+\d+ \d{4}) \[", listed)) == {"Nov  1 2026"}
    owned = {tuple(line.split()[i] for i in (0, 2, 3)) for line in listed.splitlines() if re.match("[-d][-r]", line)}
    assert owned == {("-rw-r--r--", "0", "0"), ("drwxr-xr-x", "0", "0")}
    data = image.read_bytes()[16 * SECTOR + 813 :]
    assert data[:16] == data[17:33] == time.strftime("%Y%m%d%H%M%S00", time.gmtime(EPOCH)).encode()


HOSTILE = [
    *UNUSUAL, "a=b", "back\\slash", "-as", "new\nline", "'quoted'", '"', "#", "$(x)", "`x`", "[a-z]", "\\x41", "\udcff",
]  # fmt: skip


def test_no_name_means_anything_to_xorriso(tmp_path: Path) -> None:
    need("xorriso")
    names = {f"d/{name}": str(number).encode() for number, name in enumerate(HOSTILE)}
    write.write_iso(appended_medium(tmp_path / "=\\ -tree'", names), tmp_path / "a=b\\.iso")
    found = IsoImage(tmp_path / "a=b\\.iso")
    assert {name: found.read(name) for name in names} == names


@pytest.mark.parametrize("word", ["", "a b", "\n", "\\", '"', "é", "\udcff"])
def test_a_word_is_quoted_so_that_nothing_in_it_is_special(word: str) -> None:
    assert re.fullmatch(rb'"([A-Za-z0-9._/+=:,\x80-\xff-]|\\x[0-9a-f]{2})*"', quote_word(word))


def test_a_long_path_of_letters_beyond_ascii_fits_into_a_line_of_commands(tmp_path: Path) -> None:
    need("xorriso")
    name = "/".join(["語" * 70] * 3)  # xorriso takes 4 KiB of a line
    medium = appended_medium(tmp_path / ("木" * 70) / ("木" * 70), {name: b"text"})
    write.write_iso(medium, tmp_path / "medium.iso")
    assert IsoImage(tmp_path / "medium.iso").read(name) == b"text"


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_a_medium_for_one_firmware_has_one_entry(tmp_path: Path, firmware: str) -> None:
    need("xorriso")
    medium = replace(appended_medium(tmp_path / "tree", {}), firmware=(firmware,))
    write.write_iso(medium, tmp_path / "medium.iso")
    said = read_with("xorriso", "-indev", tmp_path / "medium.iso", "-report_el_torito", "plain",
                     "-report_system_area", "plain")  # fmt: skip
    assert re.findall(r"boot img :\s+\d\s+(\w+)", said) == [firmware.upper()]
    assert ("GPT type GUID" in said) is (firmware == "uefi")
    assert ("grub2-mbr" in said) is (firmware == "bios")


def test_an_efiboot_img_beyond_the_catalogues_16_bits_is_read_by_its_partition(tmp_path: Path) -> None:
    need("xorriso")
    large = BOOTS["images/efiboot.img"].ljust(33 << 20, b"\0")
    write.write_iso(appended_medium(tmp_path / "tree", {"images/efiboot.img": large}), tmp_path / "medium.iso")
    assert IsoImage(tmp_path / "medium.iso").read_efi_image() == large


def test_an_efiboot_img_that_ends_within_a_sector_is_read_without_what_fills_it_up(tmp_path: Path) -> None:
    need("xorriso")
    whole = bytearray(BOOTS["images/efiboot.img"])
    at, form = (19, "<H") if struct.unpack_from("<H", whole, 19)[0] else (32, "<L")
    struct.pack_into(form, whole, at, len(whole) // 512 - 1)
    cut = bytes(whole[:-512])
    write.write_iso(appended_medium(tmp_path / "tree", {"images/efiboot.img": cut}), tmp_path / "medium.iso")
    assert IsoImage(tmp_path / "medium.iso").read_efi_image() == cut


def test_grub_is_told_where_it_lies(image: Path) -> None:
    at = int(IsoImage(image).records["images/eltorito.img"].extent_location())
    data = image.read_bytes()
    assert struct.unpack_from("<Q", data, 432)[0] == at * 4 + 4
    assert struct.unpack_from("<Q", data, at * SECTOR + 2548)[0] == at * 4 + 5


BAD = {
    "no code for the MBR": ("images/boot_hybrid.img", b"x" * 512, "is no boot code of GRUB for an MBR"),
    "code of somebody else for the MBR": (
        "images/boot_hybrid.img",
        b"x" * 510 + b"\x55\xaa",
        "is no boot code of GRUB for an MBR",
    ),
    "a junk image": ("images/eltorito.img", b"x" * 70_000, "is no image that GRUB starts BIOS with"),
    "an image of another loader": ("images/eltorito.img", b"x" * 2048, "is no image that GRUB starts BIOS with"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_grub_could_not_start_from_is_refused(tmp_path: Path, case: str) -> None:
    name, data, sentence = BAD[case]
    with pytest.raises(ContentError, match=f"{name}: {sentence}"):
        write.write_iso(appended_medium(tmp_path / "tree", {name: data}), tmp_path / "medium.iso")


@pytest.mark.parametrize("name", sorted({*BOOTS} - {"boot/grub2/grub.cfg"}))
def test_what_it_starts_from_and_is_absent_is_named(tmp_path: Path, name: str) -> None:
    medium = appended_medium(tmp_path / "tree", {})
    medium = replace(medium, files={path: source for path, source in medium.files.items() if path != name})
    with pytest.raises(ContentError, match=f"{name}: is not in the tree, the medium would not boot"):
        write.write_iso(medium, tmp_path / "medium.iso")


def test_without_xorriso_a_sentence_says_which_package_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SmeError, match=r"xorriso: cannot be run, no such file.*\n.* in the package xorriso"):
        write.write_iso(appended_medium(tmp_path / "tree", {}), tmp_path / "medium.iso")


def test_after_a_kill_the_next_run_clears_its_commands_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = dict[Path, bytes]()

    def be_killed(command: list[object], *_: object, **__: object) -> None:
        commands = Path(str(command[-2]))
        left[commands.relative_to(tmp_path / "iso")] = commands.read_bytes()
        raise InterruptedError

    monkeypatch.setattr(process, "follow_program", be_killed)
    (tmp_path / "iso").mkdir()
    with pytest.raises(InterruptedError):
        write.write_iso(appended_medium(tmp_path / "tree", {}), tmp_path / "iso/medium.iso")
    for name, data in left.items():  # as a kill leaves it
        write_file(tmp_path / "iso" / name, data)
    assert left
    remove_partial_files(tmp_path / "iso")
    assert [*(tmp_path / "iso").iterdir()] == []


def test_a_file_that_went_meanwhile_is_named(tmp_path: Path) -> None:
    medium = appended_medium(tmp_path / "tree", FILES)
    medium.files["README.txt"].unlink()
    with pytest.raises(FileError, match=r"README\.txt: cannot be read, no such file"):
        write.write_iso(medium, tmp_path / "medium.iso")
