# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading jigdo's files back: whatever does not make the image from the mirrors is found, with its reason."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from smedoit.errors import Findings
from smedoit.jigdo import format, template, verify
from smedoit.jigdo.format import FileRegion
from smedoit.runtime import digests

MIRRORS = ("http://a.example/10.1", "http://b.example/10.1")
FILES = {name: random.Random(name).randbytes(size) for name, size in (("a.rpm", 20_000), ("b.rpm", 9_000))}
PLACES = {"a.rpm": 4096, "b.rpm": 30_720}
SIZE = 50_000


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image with two files of a tree in it, its template, and its .jigdo."""
    data = bytearray(random.Random("rest").randbytes(SIZE))
    (tmp_path / "tree").mkdir()
    parts = []
    for name, content in FILES.items():
        (tmp_path / "tree" / name).write_bytes(content)
        data[PLACES[name] : PLACES[name] + len(content)] = content
        md5 = hashlib.md5(content).hexdigest()
        parts.append(
            FileRegion(PLACES[name], len(content), f"x86_64/{name}", md5, digests.rsync64_sum(content[: digests.BLOCK]))
        )
    path = tmp_path / "sme.iso"
    path.write_bytes(data)
    describe(path, parts)
    return path


def describe(path: Path, parts: list[FileRegion], mirrors: tuple[str, ...] = MIRRORS) -> None:
    target = path.with_name("sme.template")
    template.write_template(path, format.image_regions(parts, SIZE), digests.md5_file(path), target)
    path.with_name("sme.jigdo").write_text(
        format.format_jigdo(path.name, {}, SIZE, digests.md5_file(target), parts, mirrors)
    )


def faults(path: Path, mirrors: tuple[str, ...] = MIRRORS) -> list[str]:
    findings = Findings()
    verify.check_jigdo(path, {"x86_64": path.parent / "tree"}, mirrors, findings)
    assert set(findings.found) <= {"jigdo"}
    return findings.found.get("jigdo", [])


def change(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_an_image_that_its_jigdo_makes_has_no_fault(image: Path) -> None:
    assert faults(image) == []


def test_the_parts_are_counted(image: Path) -> None:
    assert verify.check_jigdo(image, {"x86_64": image.parent / "tree"}, MIRRORS, Findings()) == len(FILES)


@pytest.mark.parametrize("at", [0, 4000, 30_000, SIZE - 1])
def test_an_image_that_was_changed_where_no_file_is_differs_from_its_template(image: Path, at: int) -> None:
    change(image, at)
    found = faults(image)
    assert any("holds other bytes than the image" in fault for fault in found)
    assert any("does not belong to it: its MD5 differs" in fault for fault in found)


@pytest.mark.parametrize("at", [4096, 24_095, 30_720])
def test_an_image_that_was_changed_within_a_file_differs_from_the_mirrors(image: Path, at: int) -> None:
    change(image, at)
    assert any("is not on the mirrors as it is on the image" in fault for fault in faults(image))


@pytest.mark.parametrize("harm", ["changed", "gone", "shorter", "longer"])
def test_a_file_that_the_mirrors_will_have_otherwise_is_found(image: Path, harm: str) -> None:
    path = image.parent / "tree/b.rpm"
    if harm == "gone":
        path.unlink()
    elif harm == "changed":
        change(path, 8999)
    else:
        path.write_bytes(path.read_bytes()[:-1] if harm == "shorter" else path.read_bytes() + b"x")
    assert faults(image) == ["sme.template: the file for 30720 is not on the mirrors as it is on the image"]


def test_a_template_of_another_image_does_not_belong_to_it(image: Path) -> None:
    data = image.read_bytes()
    image.write_bytes(data + bytes(2048))
    assert faults(image) == [f"sme.template does not belong to it: it makes {SIZE} bytes, the image has {SIZE + 2048}"]


def test_a_template_that_the_jigdo_does_not_mean_is_found(image: Path) -> None:
    path = image.with_name("sme.template")
    path.write_bytes(path.read_bytes().replace(b"smedoit", b"SMEdoit", 1))
    assert faults(image) == ["sme.template is not the template that its .jigdo names"]


def test_wrong_sums_of_a_part_are_found(image: Path) -> None:
    parts = [
        region
        for region in template.read_template(image.with_name("sme.template")).regions
        if isinstance(region, FileRegion)
    ]
    named = zip(parts, FILES, strict=True)
    describe(
        image,
        [
            FileRegion(region.offset, region.size, f"x86_64/{name}", region.md5, region.rsync64 ^ 1)
            for region, name in named
        ],
    )
    assert faults(image) == [f"sme.template: the sums of the part at {at} are wrong" for at in PLACES.values()]


def test_a_jigdo_that_names_other_mirrors_is_found(image: Path) -> None:
    assert faults(image, MIRRORS[:1]) == [
        "its .jigdo names the servers http://a.example/10.1/smeos/, http://b.example/10.1/smeos/"
    ]


def test_a_path_that_leads_out_of_the_tree_is_no_file_of_the_mirrors(image: Path) -> None:
    (image.parent / "b.rpm").write_bytes(FILES["b.rpm"])
    (image.parent / "tree/b.rpm").unlink()
    path = image.with_name("sme.jigdo")
    path.write_text(path.read_text().replace("x86_64/b.rpm", "x86_64/../b.rpm"))
    assert faults(image) == ["sme.template: the file for 30720 is not on the mirrors as it is on the image"]


@pytest.mark.parametrize(("name", "left"), [("sme.template", 100), ("sme.jigdo", 100), ("sme.template", 0)])
def test_what_cannot_be_read_is_said(image: Path, name: str, left: int) -> None:
    path = image.with_name(name)
    path.write_bytes(path.read_bytes()[:left])
    [fault] = faults(image)
    assert fault.startswith("sme: it ")
