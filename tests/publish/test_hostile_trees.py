# SPDX-License-Identifier: GPL-3.0-or-later
"""Published trees that somebody made to do harm: verify_published reads what strangers wrote."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.config.network import NetworkSettings
from smedoit.config.release import Release, load_release
from smedoit.errors import VerifyError
from smedoit.publish import readback
from smedoit.repodata.read import metadata_checksum
from tests.harness import servers
from tests.harness.project import PROJECT
from tests.harness.servers import ScriptedServer, scripted

HEX = "a" * 64


@pytest.fixture(scope="module")
def rel() -> Release:
    return replace(load_release(PROJECT / "release.toml"), network=NetworkSettings(timeout=1, delay=0, tries=1))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted() as running:
        yield running


def repomd_of(*records: tuple[str, str, str, str]) -> bytes:
    """Return repomd.xml with (type, algorithm, checksum, place) of each file."""
    body = "".join(
        f'<data type="{kind}"><checksum type="{how}">{checksum}</checksum><location href="{href}"/></data>'
        for kind, how, checksum, href in records
    )
    return f'<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>{body}</repomd>'.encode()


def primary_of(*packages: tuple[str, str, str]) -> bytes:
    """Return primary metadata with (algorithm, checksum, place) of each package."""
    body = "".join(
        f'<package type="rpm"><name>a</name><arch>noarch</arch><version epoch="0" ver="1" rel="1"/>'
        f'<checksum type="{how}" pkgid="YES">{checksum}</checksum><location href="{href}"/></package>'
        for how, checksum, href in packages
    )
    head = f'<metadata xmlns="http://linux.duke.edu/metadata/common" packages="{len(packages)}">'
    return gzip.compress(f"{head}{body}</metadata>".encode(), mtime=0)


def repository(place: Path, *packages: tuple[str, str, str]) -> Path:
    """Write a repository with packages of one byte."""
    primary = primary_of(*packages)
    (place / "repodata").mkdir(parents=True)
    (place / "repodata/primary.xml.gz").write_bytes(primary)
    record = ("primary", "sha256", hashlib.sha256(primary).hexdigest(), "repodata/primary.xml.gz")
    (place / "repodata/repomd.xml").write_bytes(repomd_of(record))
    for _, _, href in packages:
        (place / href).write_bytes(b"x")
    return place


def passed(rel: Release, place: Path) -> str:
    said = readback.verify_published_tree(rel, "", str(place))
    return f"{said['did']}\n{said['result']}"


def refused(rel: Release, place: str | Path) -> str:
    url = str(place) if "://" in str(place) else ""
    with pytest.raises(VerifyError) as raised:
        readback.verify_published_tree(rel, url, "" if url else str(place))
    return str(raised.value)


def test_a_server_never_makes_us_write_outside_of_our_copies(
    rel: Release, server: ScriptedServer, tmp_path: Path
) -> None:
    target = tmp_path / "authorized_keys"
    for href in (str(target), f"../../../../../../../../../..{target}"):
        repomd = repomd_of(("primary", "sha256", HEX, href))
        url = servers.publish(server, "/pub/", {"repodata/repomd.xml": repomd})
        server.on(f"/pub/{href}", servers.served(b"mine"))
        refused(rel, url)
        assert not target.exists()


@pytest.mark.parametrize("href", ["a" * 300, "b/" * 3000 + "c"])
def test_a_name_that_no_file_system_takes_is_a_fault_of_the_tree(
    rel: Release, server: ScriptedServer, tmp_path: Path, href: str
) -> None:
    repomd = repomd_of(("primary", "sha256", HEX, href))
    (tmp_path / "repodata").mkdir()
    (tmp_path / "repodata/repomd.xml").write_bytes(repomd)
    url = servers.publish(server, "/pub/", {"repodata/repomd.xml": repomd})
    assert "file name too long" in refused(rel, tmp_path)
    assert "which repodata/repomd.xml names" in refused(rel, url)


def test_a_name_that_is_no_utf8_is_asked_for_byte_by_byte(rel: Release, server: ScriptedServer) -> None:
    url = servers.publish(server, "/pub/", {"SHA256SUMS": HEX.encode() + b"  a\xffb\n"})
    refused(rel, url)
    assert "/pub/a%FFb" in [one.path for one in server.asked]


@pytest.mark.parametrize("kind", ["shake_128", "xxh3", ""])
def test_an_algorithm_that_nobody_can_compute_is_said_and_no_pass_in_silence(
    rel: Release, tmp_path: Path, kind: str
) -> None:
    said = passed(rel, repository(tmp_path / "r", (kind, HEX, "a.rpm")))
    assert "of a.rpm nobody says a checksum that can be computed here" in said


def test_metadata_by_an_algorithm_without_a_length_has_no_checksum(tmp_path: Path) -> None:
    assert metadata_checksum(tmp_path, "shake_256") == ""


def test_a_list_without_an_end_is_refused_before_it_fills_the_memory(rel: Release, tmp_path: Path) -> None:
    repository(tmp_path / "r", ("sha256", HEX, "a.rpm"))
    for name in ("SHA256SUMS", ".treeinfo", "m.jigdo", "repodata/repomd.xml.asc"):
        with (tmp_path / "r" / name).open("wb") as file:
            file.truncate(1 << 40)  # a hole, which takes no room
    said = refused(rel, tmp_path / "r")
    for name in ("SHA256SUMS", ".treeinfo", "m.jigdo"):
        assert f"{name}: has 1024.0 GiB, more than any such file" in said
    assert "repodata/repomd.xml.asc could not be judged" in said


def test_directories_a_thousand_deep_are_read(rel: Release, tmp_path: Path) -> None:
    repository(tmp_path / "r", ("sha256", hashlib.sha256(b"x").hexdigest(), "a.rpm"))
    here = os.open(tmp_path / "r", os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert "nothing is wrong" in passed(rel, tmp_path / "r")
    while (tmp_path / "r/d/d").exists():  # whoever tidies up calls itself for each directory, too
        (tmp_path / "r/d/d").rename(tmp_path / "below")
        (tmp_path / "r/d").rmdir()
        (tmp_path / "below").rename(tmp_path / "r/d")


def test_where_nothing_can_be_used_as_metadata_it_is_told_why(rel: Release, tmp_path: Path) -> None:
    (tmp_path / "repodata").mkdir()
    (tmp_path / "repodata/repomd.xml").write_text("<!DOCTYPE r [<!ENTITY a 'b'>]><repomd>&a;</repomd>")
    os.mkfifo(tmp_path / "SHA256SUMS")
    said = refused(rel, tmp_path)
    assert "nothing there says what it should hold" in said
    assert "SHA256SUMS" in said
    assert "repodata/repomd.xml" in said


def test_index_pages_with_names_that_lead_out_are_told_and_not_used(rel: Release, server: ScriptedServer) -> None:
    url = servers.publish(server, "/pub/", {"SHA256SUMS": HEX.encode() + b"  a\n"})
    server.on("/pub/", servers.listing(["SHA256SUMS", "%2e%2e", "a%0ab"]))
    assert "lists names that are not safe, so none of them is used" in refused(rel, url)
