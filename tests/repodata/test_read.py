# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories of others: whatever is wrong with them ends in a sentence, never with the interpreter."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import Any

import createrepo_c as cr
import pytest

from smedoit.errors import PackageError
from smedoit.repodata import read
from smedoit.repodata.inputs import RepoSource
from smedoit.repodata.parse import list_packages
from smedoit.runtime.files import write_file
from tests.harness.corpus import corpus_dir
from tests.harness.repositories import recipe, repository

PRIMARY = ("primary",)
KINDS = ("primary", "filelists", "other")


def write_repodata(place: Path, suffix: str = ".gz", compression: Any = None) -> Path:
    """Give the RPMs at place repodata in a compression; return its directory."""
    source, directory = RepoSource("made", place, "x86_64"), place / "repodata"
    with read.plain_metadata(source, KINDS, place.parent / "facts.sqlite") as files:
        directory.mkdir()
        repomd = cr.Repomd()
        for kind, plain in files.items():
            packed = directory / f"{kind}.xml{suffix}"
            cr.compress_file(str(plain), str(packed), compression or cr.GZ_COMPRESSION)
            record = cr.RepomdRecord(kind, str(packed))
            record.fill(cr.SHA256)
            repomd.set_record(record)
    (directory / "repomd.xml").write_text(repomd.xml_dump(), encoding="utf-8")
    return directory


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror with repodata."""
    place = repository(tmp_path / "mirror", [recipe("a", requires=("b",)), recipe("b-2-1", epoch=1)]).place
    write_repodata(place)
    return place


def names(place: Path) -> list[str]:
    """Return what libsolv finds in the repository at place."""
    source = RepoSource("mirror", place, "x86_64")
    with read.plain_metadata(source, PRIMARY, place.parent / "facts.sqlite") as files:
        pool = read.create_solver_pool("x86_64", {"mirror": files})  # it must outlive its packages
        return sorted(str(solvable) for solvable in pool.solvables_iter())


def refusal(place: Path) -> str:
    with pytest.raises(PackageError) as caught:
        names(place)
    assert "hint: " in str(caught.value)
    return str(caught.value)


def reseal(directory: Path, name: str, data: bytes, *, opened: bytes | None = None) -> None:
    """Put data into a metadata file and make repomd.xml agree with it."""
    path = directory / name
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(data)
    text = (directory / "repomd.xml").read_text().replace(old, hashlib.sha256(data).hexdigest())
    if opened is not None:
        text = re.sub(r"<open-checksum.*?</open-checksum>\s*", "", text)
    (directory / "repomd.xml").write_text(text)


# What is good


def test_repodata_is_read_as_it_is(mirror: Path) -> None:
    for rpm in mirror.glob("*.rpm"):
        rpm.unlink()  # a mirror may hold metadata alone
    assert names(mirror) == ["a-1-1.noarch", "b-1:2-1.noarch"]


def test_without_repodata_the_packages_are_read(tmp_path: Path) -> None:
    place = repository(tmp_path / "tier", [recipe("a"), recipe("b-2-1", epoch=1)]).place
    assert names(place) == ["a-1-1.noarch", "b-1:2-1.noarch"]


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".bz2", "BZ2"), (".xz", "XZ"), (".gz", "GZ"), (".zst", "ZSTD"), ("", "NO")]
)
def test_every_compression_of_createrepo_c_is_read(tmp_path: Path, suffix: str, kind: str) -> None:
    place = repository(tmp_path / "tier", [recipe("a")]).place
    write_repodata(place, suffix, getattr(cr, f"{kind}_COMPRESSION"))
    assert names(place) == ["a-1-1.noarch"]


@pytest.mark.parametrize("below", ["", "x86_64/", "../"])
def test_repodata_is_found_where_tiers_and_mirrors_have_it(tmp_path: Path, below: str) -> None:
    place = tmp_path / "os/Packages"
    place.mkdir(parents=True)
    made = (place / below).resolve() / "repodata/repomd.xml"
    write_file(made, "x")
    assert RepoSource("m", place, "x86_64").repomd == made


def test_packages_are_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = repository(tmp_path / "tier", [recipe("a"), recipe("b")]).place
    assert len(names(place)) == 2
    monkeypatch.setattr(read, "parse_rpm", lambda *_: pytest.fail("parsed again"))
    assert len(names(place)) == 2


def test_a_package_that_was_replaced_is_parsed_again(tmp_path: Path) -> None:
    place = repository(tmp_path / "tier", [recipe("a")]).place
    names(place)
    (place / "a-1-1.noarch.rpm").write_bytes(b"no RPM at all")
    assert names(place) == []


def test_real_packages_of_every_encoding_are_read(tmp_path: Path) -> None:
    corpus = RepoSource("corpus", corpus_dir() / "rpms/createrepo_c", "x86_64")
    with read.plain_metadata(corpus, KINDS, tmp_path / "facts.sqlite") as files:
        text = files["primary"].read_text(encoding="utf-8")
    assert {"balicek-iso88591", "balicek-iso88592", "balicek-utf8"} <= set(re.findall("<name>(.*?)</name>", text))


# What is not


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nowhere: mirror is not there" in refusal(tmp_path / "nowhere")


def test_missing_metadata_is_named(mirror: Path) -> None:
    (mirror / "repodata/primary.xml.gz").unlink()
    assert "primary.xml.gz: is not there, although repomd.xml names it" in refusal(mirror)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_truncated_metadata_is_refused(mirror: Path, share: float) -> None:
    path = mirror / "repodata/primary.xml.gz"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "primary.xml.gz: is damaged or cut short" in refusal(mirror)


def test_metadata_truncated_before_it_was_summed_is_refused(mirror: Path) -> None:
    directory = mirror / "repodata"
    data = gzip.decompress((directory / "primary.xml.gz").read_bytes())
    reseal(directory, "primary.xml.gz", gzip.compress(data[:-100]), opened=b"")
    assert "primary.xml.gz: cannot be unpacked" in refusal(mirror)


@pytest.mark.parametrize(
    "magic", [b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\xfd7zXZ\0", b"\x1f\x8b\x08\0", b"BZh9", b"<?xml", b""]
)
def test_a_compression_that_cannot_be_read_is_refused(mirror: Path, magic: bytes) -> None:
    reseal(mirror / "repodata", "primary.xml.gz", magic + bytes(range(99)), opened=b"")
    assert "its compression is one that cannot be read here, or it is damaged" in refusal(mirror)


def test_zstd_where_the_library_lacks_it_is_refused(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise cr.CreaterepoCError("zstd is not supported")

    monkeypatch.setattr(cr, "decompress_file", refuse)
    packed = b"\x28\xb5\x2f\xfd\x20\x01\x09\0\0x"  # a frame with one byte in it
    reseal(mirror / "repodata", "primary.xml.gz", packed, opened=b"x")
    assert "its compression is one that cannot be read here" in refusal(mirror)


def test_metadata_that_unpacks_to_gigabytes_is_refused(mirror: Path) -> None:
    reseal(mirror / "repodata", "primary.xml.gz", gzip.compress(bytes(1 << 20)) * 200, opened=b"")
    assert "it unpacks to more than 64.0 MiB: no honest file does" in refusal(mirror)


def test_a_repomd_that_is_no_utf_8_is_refused(mirror: Path) -> None:
    text = (mirror / "repodata/repomd.xml").read_bytes()
    (mirror / "repodata/repomd.xml").write_bytes(text.replace(b"repodata/", b"repodata/\xff\xfe"))
    assert "repomd.xml" in refusal(mirror)


@pytest.mark.parametrize("text", ["", "<x/>", "<html>404</html>", "\0\1\2", '<?xml version="1.0"?><repomd>'])
def test_a_repomd_that_is_none_is_refused(mirror: Path, text: str) -> None:
    (mirror / "repodata/repomd.xml").write_text(text)
    assert "repomd.xml" in refusal(mirror)


def test_a_repomd_that_does_not_say_where_its_files_lie_is_refused(mirror: Path) -> None:
    text = '<repomd xmlns="http://linux.duke.edu/metadata/repo"><data type="primary"/></repomd>'
    (mirror / "repodata/repomd.xml").write_text(text)
    assert "does not say where its primary metadata lies" in refusal(mirror)


def test_a_package_that_lies_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "primary.xml").write_text(
        '<metadata xmlns="http://linux.duke.edu/metadata/common" packages="1"><package type="rpm"><name>a</name>'
        '<checksum type="sha256" pkgid="YES">00</checksum></package></metadata>'
    )
    with pytest.raises(PackageError, match="does not say where 1 of its packages lie"):
        list_packages(tmp_path / "primary.xml")


def test_a_repomd_that_leads_out_of_its_repository_is_refused(mirror: Path) -> None:
    path = mirror / "repodata/repomd.xml"
    path.write_text(path.read_text().replace("repodata/primary", "../../../etc/primary"))
    assert "which lies outside" in refusal(mirror)


def test_xml_that_breaks_off_inside_is_refused(mirror: Path) -> None:
    directory = mirror / "repodata"
    data = gzip.decompress((directory / "primary.xml.gz").read_bytes())
    broken = data.replace(b"<format>", b"<format", 1)
    reseal(directory, "primary.xml.gz", gzip.compress(broken), opened=b"")
    assert "its metadata is damaged" in refusal(mirror)


def test_libsolv_is_never_handed_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="is not there"):
        read.create_solver_pool("x86_64", {"mirror": {"primary": tmp_path / "nothing.xml"}})
