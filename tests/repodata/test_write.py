# SPDX-License-Identifier: GPL-3.0-or-later
"""test_write"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smedoit.errors import FileError, PackageError
from smedoit.package import Package
from smedoit.repodata import write
from smedoit.repodata.write import RepoPackage
from smedoit.sample import groups, packages
from smedoit.sample.packages import RpmRecipe
from tests.harness.corpus import corpus_dir
from tests.harness.nouns import EPOCH, evr
from tests.harness.tools import need, read_with

# All but the time of the file, which createrepo_c takes from the file system, and we from the release.
FIELDS = (
    "name", "arch", "epoch", "version", "release", "pkgId", "checksum_type", "summary", "description", "url",
    "time_build", "rpm_license", "rpm_vendor", "rpm_group", "rpm_buildhost", "rpm_sourcerpm", "rpm_header_start",
    "rpm_header_end", "rpm_packager", "size_package", "size_installed", "size_archive", "location_href", "requires",
    "provides", "conflicts", "obsoletes", "suggests", "enhances", "recommends", "supplements", "files", "changelogs",
)  # fmt: skip


class Place:
    """A tree with packages and comps, and the repodata that is made of it."""

    def __init__(self, root: Path) -> None:
        self.root, self.directory, self.cache = root, root / "repodata", root / "cache/facts.sqlite"
        self.comps = root / "comps.xml"
        self.comps.write_text(groups.practice_comps(), encoding="utf-8")
        (root / "Packages").mkdir()

    def add(self, *names: str, **more: Any) -> list[RepoPackage]:
        return [
            self.located(packages.write_rpm(RpmRecipe(name, "1", "1", **more), self.root / "Packages"))
            for name in names
        ]

    def located(self, path: Path) -> RepoPackage:
        data = path.read_bytes()
        found = Package(path.name, evr("1"), "noarch", path.name, len(data), hashlib.sha256(data).hexdigest(), "")
        return RepoPackage(found, path, f"Packages/{path.name}")

    def make(self, found: Iterable[RepoPackage], epoch: int = EPOCH) -> int:
        return write.write_repodata(list(found), write.RepoExtras(self.comps), self.directory, epoch, self.cache)

    def content(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.directory.iterdir())}

    def records(self) -> dict[str, ET.Element]:
        root = ET.parse(self.directory / "repomd.xml").getroot()
        return {record.attrib["type"]: record for record in root if record.tag.endswith("data")}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def corpus(tmp_path: Path) -> tuple[Place, list[RepoPackage]]:
    """The packages of createrepo_c's own test suite, as a place of ours."""
    place = Place(tmp_path)
    names = sorted((corpus_dir() / "rpms/createrepo_c").glob("*.rpm"))
    return place, [place.located(Path(shutil.copy(name, tmp_path / "Packages"))) for name in names]


def read(directory: Path) -> dict[str, dict[str, Any]]:
    """Return href -> all that createrepo_c's reader knows of a package."""
    import createrepo_c as cr

    found = cr.RepositoryReader.from_path(str(directory)).iter_packages()
    return {package.location_href: {field: getattr(package, field) for field in FIELDS} for package in found}


# What others read in it


def test_createrepo_c_reads_every_package(place: Place) -> None:
    place.make(place.add("a", "b"))
    assert sorted(read(place.root)) == ["Packages/a-1-1.noarch.rpm", "Packages/b-1-1.noarch.rpm"]


def test_it_is_equal_to_what_the_reference_tool_writes(corpus: tuple[Place, list[RepoPackage]]) -> None:
    need("createrepo_c")
    place, found = corpus
    place.make(found)
    reference = place.root / "reference"
    shutil.copytree(place.root / "Packages", reference / "Packages")
    read_with("createrepo_c", "--no-database", "--general-compress-type=gz", reference)
    ours, theirs = read(place.root), read(reference)
    assert len(theirs) == len(found)
    for href in theirs:
        assert ours[href] == theirs[href], href


def test_names_in_old_encodings_do_not_break_the_xml(corpus: tuple[Place, list[RepoPackage]]) -> None:
    place, found = corpus
    place.make(found)
    for path in place.directory.glob("*.xml.gz"):
        ET.fromstring(gzip.decompress(path.read_bytes()))


def test_every_file_has_the_digests_and_sizes_that_repomd_says(place: Place) -> None:
    place.make(place.add("a"))
    for record in place.records().values():
        values = {child.tag.rpartition("}")[2]: child for child in record}
        path = place.root / values["location"].attrib["href"]
        data = path.read_bytes()
        assert hashlib.sha256(data).hexdigest() == values["checksum"].text
        assert str(len(data)) == values["size"].text
        if "open-checksum" in values:
            opened = gzip.decompress(data)
            assert hashlib.sha256(opened).hexdigest() == values["open-checksum"].text
            assert str(len(opened)) == values["open-size"].text


def test_centos_7_reads_nothing_but_gzip_and_plain_files(place: Place) -> None:
    place.make(place.add("a"))
    assert set(place.records()) == {"primary", "filelists", "other", "group", "group_gz"}
    for name, data in place.content().items():
        assert data.startswith(b"\x1f\x8b") is name.endswith(".gz")
        assert name.endswith((".gz", ".xml"))


def test_the_groups_are_the_comps_file_byte_for_byte(place: Place) -> None:
    place.make(place.add("a"))
    comps = place.comps.read_bytes()
    hrefs = [
        child.attrib["href"]
        for kind in ("group", "group_gz")
        for child in place.records()[kind]
        if child.attrib.get("href")
    ]
    plain, zipped = ((place.root / href).read_bytes() for href in hrefs)
    assert plain == gzip.decompress(zipped) == comps


def test_repomd_stays_below_the_50000_bytes_that_anaconda_verifies(place: Place) -> None:
    place.make(place.add("a"))
    assert (place.directory / "repomd.xml").stat().st_size < 50000


def test_a_repository_of_nothing_is_one(place: Place) -> None:
    assert place.make([]) == 0
    assert read(place.root) == {}


# The same inputs, the same bytes


def test_the_same_packages_make_the_same_bytes(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    place.make(place.add("a", "b"))
    other = Place(tmp_path_factory.mktemp("other"))
    other.make(other.add("a", "b"))
    assert other.content() == place.content()


def test_what_was_remembered_makes_the_same_bytes(place: Place) -> None:
    found = place.add("a", "b")
    place.make(found[:1])
    place.make(found)
    remembered = place.content()
    place.cache.unlink()
    place.make(found)
    assert place.content() == remembered


def test_times_of_files_change_nothing(place: Place) -> None:
    [found] = place.add("a")
    place.make([found])
    before = place.content()
    os.utime(found.path, (1, 1))
    place.cache.unlink()
    place.make([found])
    assert place.content() == before


def test_the_release_date_is_the_time_of_everything(place: Place) -> None:
    place.make(place.add("a"))
    assert {child.text for kind in place.records().values() for child in kind if child.tag.endswith("timestamp")} == {
        str(EPOCH)
    }
    assert f"<revision>{EPOCH}</revision>" in (place.directory / "repomd.xml").read_text(encoding="utf-8")


def test_another_release_date_changes_every_time(place: Place) -> None:
    found = place.add("a")
    place.make(found)
    assert place.make(found, EPOCH + 60) == 1
    [primary] = place.directory.glob("*primary.xml.gz")
    assert f'file="{EPOCH + 60}"' in gzip.decompress(primary.read_bytes()).decode()


# Nothing twice, nothing left over


def test_only_what_is_new_is_parsed(place: Place) -> None:
    first, second = place.add("a", "b")
    assert [place.make([first]), place.make([first, second]), place.make([second]), place.make([first])] == [1, 1, 0, 0]


def test_a_package_that_went_is_in_nothing_any_more(place: Place) -> None:
    first, second = place.add("a", "b")
    place.make([first, second])
    place.make([second])
    assert list(read(place.root)) == ["Packages/b-1-1.noarch.rpm"]


def test_only_the_files_that_repomd_names_are_left(place: Place) -> None:
    first, second = place.add("a", "b")
    place.make([first])
    place.make([first, second])
    named = {child.attrib["href"] for record in place.records().values() for child in record if "href" in child.attrib}
    assert {f"repodata/{name}" for name in place.content()} == {*named, "repodata/repomd.xml"}


@pytest.mark.parametrize("data", [b"", b"not a database", b"SQLite format 3\0" + bytes(2000)])
def test_a_damaged_cache_is_started_again(place: Place, data: bytes) -> None:
    found = place.add("a")
    place.cache.parent.mkdir()
    place.cache.write_bytes(data)
    assert place.make(found) == 1


def test_nothing_temporary_is_left_beside_the_cache(place: Place) -> None:
    place.make(place.add("a"))
    assert os.listdir(place.cache.parent) == ["facts.sqlite"]


# What is refused


def test_a_package_that_changed_since_the_lock_is_refused_by_its_file(place: Place) -> None:
    [found] = place.add("a")
    found.path.write_bytes(packages.build_rpm(RpmRecipe("a", "1", "1", size=9999)))
    with pytest.raises(PackageError, match=r"a-1-1\.noarch\.rpm: changed since packages\.lock was written"):
        place.make([found])


def test_a_refused_package_leaves_the_old_metadata_whole(place: Place) -> None:
    good, bad = place.add("a", "b")
    place.make([good])
    before = place.content()
    bad.path.write_bytes(packages.build_rpm(RpmRecipe("b", "1", "1", size=9999)))
    with pytest.raises(PackageError):
        place.make([good, bad])
    assert place.content() == before


def test_a_package_that_is_gone_is_a_sentence(place: Place) -> None:
    [found] = place.add("a")
    found.path.unlink()
    with pytest.raises(FileError, match=r"a-1-1\.noarch\.rpm: cannot be read, no such file"):
        place.make([found])


def test_a_package_that_is_none_any_more_is_a_sentence(place: Place) -> None:
    [found] = place.add("a")
    found.path.write_bytes(b"no package")
    with pytest.raises((PackageError, FileError), match=r"a-1-1\.noarch\.rpm: "):
        place.make([found])


def test_missing_groups_are_a_sentence(place: Place) -> None:
    place.comps.unlink()
    with pytest.raises(FileError, match=r"comps\.xml: cannot be read, no such file"):
        place.make(place.add("a"))


# Packages that nobody vouches for


def unknown(found: Iterable[RepoPackage]) -> list[RepoPackage]:
    return [replace(package, package=None) for package in found]


def test_a_package_of_unknown_content_is_described_like_a_known_one(place: Place) -> None:
    found = place.add("a", "b")
    place.make(found)
    known = place.content()
    place.cache.unlink()
    assert (place.make(unknown(found)), place.content()) == (2, known)


def test_of_unknown_content_only_what_is_new_or_changed_is_parsed(place: Place) -> None:
    found = unknown(place.add("a", "b", "c"))
    place.make(found)
    assert place.make(found) == 0
    found[0].path.write_bytes(packages.build_rpm(RpmRecipe("a", "1", "1", size=9)))
    assert place.make([*found, *unknown(place.add("d"))]) == 2
    changed = read(place.root)[found[0].href]
    assert changed["pkgId"] == hashlib.sha256(found[0].path.read_bytes()).hexdigest()


def test_all_files_that_are_no_package_are_named_at_once(place: Place) -> None:
    found = unknown(place.add("a", "b", "c"))
    for package in found[1:]:
        package.path.write_bytes(b"no package")
    with pytest.raises(PackageError) as caught:
        place.make(found)
    assert "b-1-1.noarch.rpm" in str(caught.value)
    assert "c-1-1.noarch.rpm" in str(caught.value)


def test_what_is_retained_goes_with_the_next_change(place: Place) -> None:
    ever: list[set[str]] = []
    for name in ("a", "b", "c"):
        found = [*(place.located(path) for path in sorted((place.root / "Packages").iterdir())), *place.add(name)]
        write.write_repodata(found, write.NO_EXTRAS, place.directory, EPOCH, place.cache, retain=True)
        ever.append({location.get("href", "") for location in hrefs(place)})
    names = {f"repodata/{path.name}" for path in place.directory.iterdir()} - {"repodata/repomd.xml"}
    assert names == ever[1] | ever[2]


def hrefs(place: Place) -> list[ET.Element]:
    """Return every location that repomd.xml names."""
    return [
        location for location in ET.parse(place.directory / "repomd.xml").iter() if location.tag.endswith("location")
    ]
