# SPDX-License-Identifier: GPL-3.0-or-later
"""Beyond 4 and 8 GiB, where numbers of 32 bits end. Sparse inputs, a real ISO, some 80 seconds on a slow disk."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.errors import Findings
from smedoit.fat import format
from smedoit.iso import media_check, verify_partitions, write
from smedoit.iso.medium import IsoMedium
from smedoit.iso.read import IsoImage
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.runtime.digests import sha256_file
from smedoit.runtime.files import walk_files, write_file
from smedoit.sample.boot_record import message_boot_record
from tests.harness.nouns import EPOCH
from tests.harness.tools import need, read_with

GIB, SECTOR = 1 << 30, 2048
ROOM = 20 * GIB
EDGE = 4 * GIB - SECTOR  # where one extent of ISO 9660 ends, and the next one begins
pytestmark = pytest.mark.exhaustive
SIZES = {"Packages/a-1-1.noarch.rpm": 4 * GIB + 5_000_001, "Packages/b-1-1.noarch.rpm": 4 * GIB + 777}
BEHIND = {"Packages/c-1-1.noarch.rpm": b"behind them all"}


def marks(name: str, size: int) -> dict[int, bytes]:
    """Return offset -> what stands there in a large file that is empty otherwise."""
    word = name.encode()[-16:]
    return {0: b"begin " + word, EDGE - 8: b"over the edge " + word, size - 20: b"end " + word}


def sparse(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
        for at, mark in marks(path.name, size).items():
            file.seek(at)
            file.write(mark)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("big")
    if shutil.disk_usage(place).free < ROOM:
        pytest.skip(f"needs {ROOM >> 30} GiB of room in {place}")
    write_file(place / "isolinux/isolinux.bin", message_boot_record("hello"))
    efiboot = format.build_fat_image(Path("efiboot.img"), {"EFI/BOOT/grub.cfg": b"x"}, "ANACONDA", EPOCH)
    write_file(place / "images/efiboot.img", efiboot)
    for name, size in SIZES.items():
        sparse(place / name, size)
    for name, data in BEHIND.items():
        write_file(place / name, data)
    files = {relative: place / relative for relative, _ in walk_files(place)}
    target = place / "medium.iso"
    write.write_iso(IsoMedium("SME-10.1-x86_64", "x", "x", EPOCH, files), target)
    media_check.implant_md5(target)
    yield target
    shutil.rmtree(place)  # pytest would keep it for three runs


def extents(image: Path) -> dict[str, list[tuple[int, int]]]:
    """Return path -> (first sector, bytes) of each of its extents, as xorriso reads them."""
    need("xorriso")
    listed = read_with("xorriso", "-indev", image, "-find", "/", "-type", "f", "-exec", "report_sections")
    line = re.compile(r"^File data lba:\s*\d+ ,\s*(\d+) ,\s*\d+ ,\s*(\d+) , '/(.*)'$", re.MULTILINE)
    found: dict[str, list[tuple[int, int]]] = {}
    for sector, size, path in line.findall(listed):
        found.setdefault(path, []).append((int(sector), int(size)))
    return found


def test_the_medium_is_larger_than_8_gib(image: Path) -> None:
    assert image.stat().st_size > 8 * GIB


def test_xorriso_reads_every_file_in_its_whole_size(image: Path) -> None:
    found = {path: sum(size for _, size in parts) for path, parts in extents(image).items()}
    assert {name: found[name] for name in (*SIZES, *BEHIND)} == {**SIZES, **{k: len(v) for k, v in BEHIND.items()}}


def test_what_stands_in_a_large_file_stands_where_xorriso_says(image: Path) -> None:
    parts = extents(image)
    with image.open("rb") as file:
        for name, size in SIZES.items():
            first, *others = parts[name]
            follows = first[0] + first[1] // SECTOR
            assert [sector for sector, _ in others] == [follows]  # so that one reading goes over the edge
            for at, mark in marks(Path(name).name, size).items():
                file.seek(first[0] * SECTOR + at)
                assert file.read(len(mark)) == mark


def test_a_file_behind_8_gib_is_read(image: Path) -> None:
    [(sector, size)] = extents(image)[next(iter(BEHIND))]
    assert sector * SECTOR > 8 * GIB
    with image.open("rb") as file:
        file.seek(sector * SECTOR)
        assert file.read(size) == next(iter(BEHIND.values()))


def test_verify_reads_a_large_file_over_all_of_its_extents(image: Path) -> None:
    iso_image, findings = IsoImage(image), Findings()
    sources = {name: image.parent / name for name in (*SIZES, *BEHIND)}
    assert {name: iso_image.sha256(name) for name in sources} == {
        name: sha256_file(source) for name, source in sources.items()
    }
    verify_partitions.check_partitions(iso_image, ExpectedIso("SME-10.1-x86_64", {}, ()), findings)
    assert findings.found == {}


def test_checkisomd5_passes_it(image: Path) -> None:
    need("checkisomd5")
    done = subprocess.run(["checkisomd5", image], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")
