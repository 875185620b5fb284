# SPDX-License-Identifier: GPL-3.0-or-later
"""test_media_check"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smedoit.errors import FileError, VerifyError
from smedoit.fat import format
from smedoit.iso import media_check, write
from smedoit.iso.medium import IsoMedium
from smedoit.runtime import checksums, digests
from smedoit.runtime.files import write_file
from smedoit.sample.boot_record import message_boot_record
from tests.harness.nouns import EPOCH
from tests.harness.tools import need, read_with

SECTOR = 2048
PVD = 16 * SECTOR


def written(place: Path, size: int, seed: int = 1) -> Path:
    """Return an unsealed medium with a file of size bytes that nothing repeats in."""
    files = {
        "isolinux/isolinux.bin": message_boot_record("hello"),
        "images/efiboot.img": format.build_fat_image(
            Path("efiboot.img"), {"EFI/BOOT/grub.cfg": b"x"}, "ANACONDA", EPOCH
        ),
        "data": random.Random(seed).randbytes(size),
    }
    for name, data in files.items():
        write_file(place / name, data, durable=False)
    target = place / "medium.iso"
    write.write_iso(IsoMedium("SME", "x", "x", EPOCH, {name: place / name for name in files}), target)
    return target


@pytest.fixture(scope="module")
def unsealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("iso"), 3_000_000)


@pytest.fixture
def image(unsealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(unsealed, tmp_path / "medium.iso"))


def checked(image: Path) -> int:
    """Return how checkisomd5 ends: 0 is good, 1 is bad or not sealed."""
    need("checkisomd5")
    done = subprocess.run(["checkisomd5", image], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return done.returncode


def field(image: Path) -> bytes:
    return image.read_bytes()[PVD + 883 : PVD + 883 + 512]


def test_checkisomd5_passes_a_sealed_medium(image: Path) -> None:
    media_check.implant_md5(image)
    assert checked(image) == 0


def test_checkisomd5_fails_an_unsealed_one(image: Path) -> None:
    assert checked(image) == 1


@pytest.mark.parametrize("where", [0.02, 0.3, 0.6, 0.9])
def test_checkisomd5_finds_a_flipped_byte(image: Path, where: float) -> None:
    media_check.implant_md5(image)
    data = bytearray(image.read_bytes())
    data[int(where * 3_000_000) + 200_000] ^= 1
    image.write_bytes(data)
    assert checked(image) == 1


@pytest.mark.parametrize("size", [1_000_000, 1_048_576, 2_345_678, 5_000_001])
def test_implantisomd5_writes_the_same_bytes(tmp_path: Path, size: int) -> None:
    need("implantisomd5")
    ours = written(tmp_path, size, seed=size)
    theirs = Path(shutil.copy(ours, tmp_path / "theirs.iso"))
    media_check.implant_md5(ours)
    read_with("implantisomd5", "--supported-iso", theirs)
    assert field(ours) == field(theirs)
    assert ours.read_bytes() == theirs.read_bytes()


@given(st.integers(336, 4000), st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_implantisomd5_agrees_on_any_number_of_sectors(
    tmp_path_factory: pytest.TempPathFactory, sectors: int, seed: int
) -> None:
    need("implantisomd5")
    place = tmp_path_factory.mktemp("any")
    data = bytearray(random.Random(seed).randbytes(sectors * SECTOR))
    data[PVD : PVD + SECTOR] = bytes(SECTOR)
    data[PVD : PVD + 6] = b"\x01CD001"
    struct.pack_into("<L", data, PVD + 80, sectors)
    struct.pack_into(">L", data, PVD + 84, sectors)
    data[PVD + 883 : PVD + 883 + 512] = b" " * 512
    for name in ("ours.iso", "theirs.iso"):
        (place / name).write_bytes(data)
    media_check.implant_md5(place / "ours.iso")
    read_with("implantisomd5", "--supported-iso", place / "theirs.iso")
    assert field(place / "ours.iso") == field(place / "theirs.iso")
    assert checked(place / "ours.iso") == 0


def test_a_medium_of_another_maker_can_be_sealed(tmp_path: Path) -> None:
    need("xorriso")
    write_file(tmp_path / "in/data", random.Random(1).randbytes(2_000_000))
    image = tmp_path / "medium.iso"
    read_with("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "X", "-o", image, tmp_path / "in")
    media_check.implant_md5(image)
    assert checked(image) == 0


def test_the_field_holds_what_anaconda_reads_and_nothing_else_changes(unsealed: Path, image: Path) -> None:
    digest = media_check.implant_md5(image)
    text = field(image).decode("ascii")
    assert text.startswith(f"ISO MD5SUM = {digest};SKIPSECTORS = 15;RHLISOSTATUS=1;FRAGMENT SUMS = ")
    assert text.rstrip().endswith(";FRAGMENT COUNT = 20;THIS IS NOT THE SAME AS RUNNING MD5SUM ON THIS ISO!!")
    before, after = unsealed.read_bytes(), image.read_bytes()
    assert before[: PVD + 883] + before[PVD + 883 + 512 :] == after[: PVD + 883] + after[PVD + 883 + 512 :]


def test_sealing_twice_is_sealing_once(image: Path) -> None:
    media_check.implant_md5(image)
    once = image.read_bytes()
    media_check.implant_md5(image)
    assert image.read_bytes() == once


def test_what_was_implanted_can_be_read(image: Path) -> None:
    digest = media_check.implant_md5(image)
    assert media_check.read_implanted_md5(image) == (digest, media_check.compute_media_sums(image)[1])
    assert len(media_check.read_implanted_md5(image)[1]) == 60


def test_an_unsealed_medium_is_told_apart(image: Path) -> None:
    with pytest.raises(VerifyError, match="has no implanted MD5; its default boot entry would stop"):
        media_check.read_implanted_md5(image)


@pytest.mark.parametrize("data", [b"", b"text", bytes(100_000)])
def test_what_is_no_iso_is_refused_and_stays(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.iso").write_bytes(data)
    with pytest.raises(VerifyError, match=r"x\.iso: is no ISO 9660 image"):
        media_check.implant_md5(tmp_path / "x.iso")
    assert (tmp_path / "x.iso").read_bytes() == data


def test_a_cut_medium_is_refused_in_words(image: Path) -> None:
    os.truncate(image, 2_000_000)
    with pytest.raises(VerifyError, match=r"medium\.iso: is cut short"):
        media_check.implant_md5(image)


def test_an_absent_medium_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"x\.iso: cannot be read, no such file"):
        media_check.implant_md5(tmp_path / "x.iso")


# Checksum files


def test_the_sha256_is_that_of_the_whole_file(image: Path) -> None:
    assert digests.sha256_file(image) == hashlib.sha256(image.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["medium.iso", "with blank.iso"])
def test_sha256sum_reads_our_line(image: Path, name: str) -> None:
    need("sha256sum")
    image.rename(image.with_name(name))
    (image.parent / "SHA256").write_text(checksums.checksum_line(digests.sha256_file(image.with_name(name)), name))
    done = subprocess.run(["sha256sum", "-c", "SHA256"], cwd=image.parent, capture_output=True, text=True, check=False)
    assert done.stdout == f"{name}: OK\n"
