# SPDX-License-Identifier: GPL-3.0-or-later
"""From a sealed ISO to its jigdo: what is read for it, what is not, and what is refused."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from smedoit.config.media import ReleaseUrls
from smedoit.errors import ConfigError, Findings, VerifyError
from smedoit.iso.build import IsoTarget, finish_medium
from smedoit.iso.medium import IsoMedium
from smedoit.jigdo import format, make, template, verify
from smedoit.jigdo.format import FileRegion
from smedoit.runtime import digests
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.files import link_file, walk_files, write_file
from tests.harness.nouns import EPOCH, identity

MIRRORS = ReleaseUrls(("http://a.example/{full}",))
NAMES = tuple(f"Packages/{name}.rpm" for name in ("a", "b", "c"))


class Place:
    """A tree, an ISO written from it, and the step that makes its jigdo."""

    def __init__(self, root: Path) -> None:
        self.root, self.tree, self.iso = root, root / "x86_64", root / "iso/sme.iso"
        for name in (*NAMES, "README"):
            write_file(self.tree / name, random.Random(name).randbytes(20_000 if name != "README" else 100))
        self.write()

    def write(self) -> None:
        files = {name: self.tree / name for name, _ in walk_files(self.tree)}
        medium = IsoMedium("SME", "x", "x", EPOCH, files, firmware=())
        finish_medium(medium, IsoTarget(self.iso, self.root / "layout", self.root / "facts.sqlite"))

    def make(self, mirrors: ReleaseUrls = MIRRORS) -> str:
        published = {self.tree: "x86_64"}
        memory = self.root / "facts.sqlite"
        return make.make_jigdo_files(
            mirrors.needed(identity(), "the test"), self.iso.parent, "sme*.iso", self.root / "layout", published, memory
        )

    def parts(self) -> list[FileRegion]:
        return [
            region
            for region in template.read_template(self.iso.with_suffix(".template")).regions
            if isinstance(region, FileRegion)
        ]

    def faults(self) -> Mapping[str, list[str]]:
        findings = Findings()
        verify.check_jigdo(self.iso, {"x86_64": self.tree}, MIRRORS.bases(identity()), findings)
        return findings.found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds and names of what is read for a digest."""
    names: list[str] = []
    for kind, read in dict(digests.READERS).items():

        def noting(path: Path, kind: str = kind, read: object = read) -> str:
            names.append(f"{kind} {path.name}")
            return str(read(path))  # type: ignore[operator]

        monkeypatch.setitem(digests.READERS, kind, noting)  # type: ignore[arg-type]
    return names


def test_every_package_is_a_part_and_the_small_rest_is_not(place: Place) -> None:
    place.make()
    assert sorted(format.parse_jigdo(place.iso.with_suffix(".jigdo").read_text()).parts.values()) == [
        f"x86_64/{name}" for name in NAMES
    ]
    assert place.faults() == {}


def test_with_everything_known_nothing_is_hashed_but_the_template(place: Place, opened: list[str]) -> None:
    place.make()
    del opened[:]
    place.make()
    assert opened == ["md5 sme.template"]


def test_of_a_new_iso_only_what_is_new_is_hashed(place: Place, opened: list[str]) -> None:
    place.make()
    write_file(place.tree / NAMES[1], random.Random("new").randbytes(30_000))
    place.write()
    del opened[:]
    place.make()
    assert sorted(opened) == ["md5 b.rpm", "md5 sme.iso", "md5 sme.template", "rsync64 b.rpm"]
    assert place.faults() == {}


def test_hard_links_in_another_release_s_tree_are_read_once_to_see_that_they_are_the_same(
    place: Place, opened: list[str]
) -> None:
    place.make()
    for name, _ in list(walk_files(place.tree)):
        link_file(place.tree / name, place.root / "next" / name)
    place.tree = place.root / "next"
    place.write()
    del opened[:]
    for _ in range(2):
        place.make()
    assert sorted(path for path in opened if "rpm" in path) == ["md5 a.rpm", "md5 b.rpm", "md5 c.rpm"]


def test_without_a_cache_the_same_bytes_come_out(place: Place) -> None:
    place.make()
    before = [place.iso.with_suffix(suffix).read_bytes() for suffix in (".jigdo", ".template")]
    (place.root / "facts.sqlite").unlink()
    place.make()
    assert [place.iso.with_suffix(suffix).read_bytes() for suffix in (".jigdo", ".template")] == before


def test_an_iso_that_was_changed_after_sealing_is_refused(place: Place) -> None:
    data = bytearray(place.iso.read_bytes())
    data[-5] ^= 1
    place.iso.write_bytes(data)
    with pytest.raises(VerifyError, match=r"(?s)sme\.iso: modified after it was sealed.*hint: delete it"):
        place.make()
    assert not place.iso.with_suffix(".jigdo").exists()


def test_a_file_that_is_not_any_more_what_the_iso_was_written_from_is_refused_by_name(place: Place) -> None:
    write_file(place.tree / NAMES[0], random.Random("other").randbytes(20_000))
    write_file(place.tree / NAMES[2], b"short")
    with pytest.raises(VerifyError, match=r"(?s)written from files that have changed.*a\.rpm.*c\.rpm"):
        place.make()


def test_a_file_that_was_only_touched_or_copied_is_what_it_was(place: Place) -> None:
    os.utime(place.tree / NAMES[0], (1, 1))
    write_file(place.tree / NAMES[1], (place.tree / NAMES[1]).read_bytes())
    place.make()
    assert len(place.parts()) == len(NAMES)
    assert place.faults() == {}


def test_without_mirrors_nothing_is_written(place: Place) -> None:
    with pytest.raises(ConfigError, match=r"\[release_urls\] names no URL"):
        place.make(ReleaseUrls())
    assert not place.iso.with_suffix(".template").exists()


def test_the_files_of_an_iso_that_is_gone_go_too(place: Place) -> None:
    place.make()
    place.iso.rename(place.iso.with_name("sme-disc1.iso"))
    (place.root / "layout/sme.json").rename(place.root / "layout/sme-disc1.json")
    place.make()
    assert sorted(path.name for path in place.iso.parent.glob("*.jigdo")) == ["sme-disc1.jigdo"]


def test_a_damaged_layout_is_refused_with_its_name(place: Place) -> None:
    (place.root / "layout/sme.json").write_text("{}")
    with pytest.raises(VerifyError, match=r"layout/sme\.json: is no layout"):
        place.make()


def test_digests_learned_by_others_are_kept(place: Place) -> None:
    known = DigestCache(place.root / "facts.sqlite")
    known.sha256(place.tree / "README")
    known.save()
    place.make()
    assert set(DigestCache(place.root / "facts.sqlite").known_digests([place.tree / "README"])) == {
        place.tree / "README"
    }
