# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks on packages whose header has no digest of the payload, as all of CentOS 7 are: each one must be refused.

What is changed is what nobody signed once the signature over header and payload is gone: the archive, the
sizes, the MD5. rpm 4.11 installs all of these.
"""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from smedoit.config.tiers import KeySettings
from smedoit.keys import keyring, openpgp
from smedoit.keys.rpmkeys import LegacyKeyring
from smedoit.rpm import header, payload, reader
from smedoit.rpm.header import BadPackageError
from tests.harness.corpus import corpus_dir
from tests.harness.tools import need
from tests.rpm import surgery
from tests.rpm.surgery import Member

CENTOS7 = "RPM-GPG-KEY-CentOS-7", "6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5"
VICTIM = "centos-release-7-2.1511.el7.centos.2.10.x86_64.rpm"
LINK, FILE, DIRECTORY = b"./etc/redhat-release", b"./etc/issue", b"./etc/pki/rpm-gpg"


def victim() -> Path:
    return corpus_dir() / "rpms/centos" / VICTIM


def trusted() -> list[keyring.PinnedKey]:
    return [keyring.read_pinned_key(KeySettings(corpus_dir() / "keys" / CENTOS7[0], CENTOS7[1]))]


def edit(name: bytes, **changes: int | bytes) -> Callable[[list[Member]], bytes]:
    """Return an attack that changes fields (or the content) of one file of the archive."""

    def attack(members: list[Member]) -> bytes:
        [found] = [member for member in members if member.name == name]
        for field, value in changes.items():
            if isinstance(value, bytes):
                found.content = value
            else:
                found.fields[field] = value
        return surgery.pack_members(members)

    return attack


def drop(members: list[Member]) -> bytes:
    return surgery.pack_members([member for member in members if member.name != FILE])


def rename(members: list[Member]) -> bytes:
    members[2].name = b"./etc/passwd"
    return surgery.pack_members(members)


def add(members: list[Member]) -> bytes:
    fields = {**members[0].fields, "inode": 99}
    return surgery.pack_members([*members, Member(b"./etc/sudoers.d/all", fields, b"ALL ALL=(ALL) NOPASSWD: ALL\n")])


def swap_contents_by_link(members: list[Member]) -> bytes:
    for member in members[:2]:
        member.fields.update(inode=77, nlink=2)
    return surgery.pack_members(members)


def between(members: list[Member]) -> bytes:
    packed = bytearray(members[0].pack())
    packed[-1] = 1  # what fills up to the next multiple of four
    return bytes(packed) + surgery.pack_members(members[1:])


ATTACKS: dict[str, tuple[Callable[[list[Member]], bytes], str]] = {
    "symlink retargeted": (edit(LINK, content=b"/tmp/evil-file"), "leads elsewhere"),
    "symlink made longer": (edit(LINK, content=b"centos-release/../../tmp"), "leads elsewhere"),
    "file dropped": (drop, "is in the signed header, but not in its payload"),
    "file renamed": (rename, "etc/passwd is in its payload, but not in the signed header"),
    "file added": (add, "etc/sudoers.d/all is in its payload, but not in the signed header"),
    "file doubled": (lambda members: surgery.pack_members([members[0], *members]), "is in its payload twice"),
    "order changed": (lambda members: surgery.pack_members(members[::-1]), "is not where the signed header has it"),
    "content changed": (edit(FILE, content=b"root::0:0::/root:/bin/s"), "does not match the signed header"),
    "content cut": (edit(FILE, content=b""), "does not match the signed header"),
    "archive cut in half": (lambda members: surgery.pack_members(members)[:20000], "ends too early"),
    "archive empty": (lambda _: b"", "ends too early"),
    "only a trailer": (lambda _: surgery.TRAILER, "is in the signed header, but not in its payload"),
    "half the files": (lambda members: surgery.pack_members(members[:14]), "is in the signed header, but not"),
    "file into symlink": (edit(FILE, mode=stat.S_IFLNK | 0o777, content=b"/etc/shadow"), "has mode 120777"),
    "file into FIFO": (edit(FILE, mode=stat.S_IFIFO | 0o644, content=b""), "has mode 10644"),
    "file into device": (edit(FILE, mode=stat.S_IFBLK | 0o666, rmajor=8, content=b""), "has mode 60666"),
    "file set uid": (edit(FILE, mode=stat.S_IFREG | 0o4755), "has mode 104755"),
    "directory into symlink": (edit(DIRECTORY, mode=stat.S_IFLNK | 0o777, content=b"/tmp"), "has mode 120777"),
    "directory with content": (edit(DIRECTORY, content=b"content"), "has content in its payload"),
    "symlink into file": (edit(LINK, mode=stat.S_IFREG | 0o644), "has mode 100644"),
    "mode with more bits": (edit(FILE, mode=0x10000 | stat.S_IFREG | 0o644), "has mode"),
    "time changed": (edit(FILE, mtime=1), "another time"),
    "hard links made up": (swap_contents_by_link, "has other hard links"),
    "lonely hard link": (edit(FILE, nlink=2), "has other hard links"),
    "data between files": (between, "holds data between its files"),
    "garbage behind the trailer": (lambda members: surgery.pack_members(members) + b"more", "goes on behind"),
    "zeros behind the trailer": (lambda members: surgery.pack_members(members) + bytes(512), "goes on behind"),
    "second archive": (lambda members: surgery.pack_members(members) * 2, "goes on behind"),
    "no archive": (lambda _: b"\0" * 4096, "no archive that rpm makes"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_without_a_signature_over_it_an_altered_payload_is_refused(tmp_path: Path, name: str) -> None:
    attack, reason = ATTACKS[name]
    forged = surgery.write_forged(victim(), tmp_path, attack(surgery.read_members(victim())))
    with pytest.raises(BadPackageError) as caught:
        reader.read_package(forged, forged.name, trusted())
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", ATTACKS)
def test_with_the_signature_left_in_an_altered_payload_is_refused_for_that(tmp_path: Path, name: str) -> None:
    archive = ATTACKS[name][0](surgery.read_members(victim()))
    forged = surgery.write_forged(victim(), tmp_path, archive, keep_signature=True)
    with pytest.raises(BadPackageError, match="over its header and payload does not verify: damaged or forged"):
        reader.read_package(forged, forged.name, trusted())


@pytest.mark.parametrize("tail", [b"\0", b"more", b"\xfd7zXZ\0", bytes(512)])
def test_garbage_behind_the_compressed_archive_is_refused(tmp_path: Path, tail: bytes) -> None:
    archive = surgery.pack_members(surgery.read_members(victim()))
    for keep, reason in ((False, "goes on behind the archive"), (True, "does not verify")):
        forged = surgery.write_forged(victim(), tmp_path, archive, tail=tail, keep_signature=keep)
        with pytest.raises(BadPackageError, match=reason):
            reader.read_package(forged, forged.name, trusted())


def test_a_second_compressed_stream_is_refused(tmp_path: Path) -> None:
    archive = surgery.pack_members(surgery.read_members(victim()))
    forged = surgery.write_forged(victim(), tmp_path, archive, tail=lzma.compress(archive))
    with pytest.raises(BadPackageError, match="goes on behind the archive"):
        reader.read_package(forged, forged.name, trusted())


def test_an_untouched_package_passes_file_by_file_once_that_signature_is_gone(tmp_path: Path) -> None:
    copy = surgery.write_forged(victim(), tmp_path, surgery.pack_members(surgery.read_members(victim())))
    assert reader.read_package(copy, copy.name, trusted()).key == CENTOS7[1]


def test_a_signature_over_it_proves_the_payload_without_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "compare_payload_files", None)
    assert reader.read_package(victim(), VICTIM, trusted()).name == "centos-release"


def test_a_signature_over_it_that_names_another_key_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, main, compressed = surgery.split_rpm(victim())
    at = before.rindex(bytes.fromhex(CENTOS7[1][-16:]))
    forged = tmp_path / VICTIM
    forged.write_bytes(before[:at] + bytes(8) + before[at + 8 :] + main + compressed)
    compared: list[Path] = []
    monkeypatch.setattr(payload, "compare_payload_files", lambda path, _: compared.append(path))
    assert reader.read_package(forged, forged.name, trusted()).key == CENTOS7[1]
    assert compared == [forged]


@pytest.mark.parametrize("keep", [True, False])
def test_rpm_finds_nothing_bad_once_that_signature_is_gone(tmp_path: Path, keep: bool) -> None:
    need("rpmkeys")
    [certificate] = openpgp.parse_certificates((corpus_dir() / "keys" / CENTOS7[0]).read_bytes())
    ring = LegacyKeyring(certificate, CENTOS7[0])
    archive = ATTACKS["symlink retargeted"][0](surgery.read_members(victim()))
    forged = surgery.write_forged(victim(), tmp_path, archive, keep_signature=keep)
    command, environment = list(map(str, ring.command("-Kv", forged))), {"PATH": "/usr/bin:/bin", **ring.environment()}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout
    assert "Header V3 RSA/SHA256 Signature, key ID f4a80eb5: OK" in printed
    assert "MD5 digest: OK" in printed
    assert ("V3 RSA/SHA256 Signature, key ID f4a80eb5: BAD" in printed) is keep
    assert ("BAD" in printed) is keep


def test_every_real_package_without_digest_of_its_payload_is_as_its_header_says() -> None:
    compared = 0
    for path in sorted((corpus_dir() / "rpms").glob("*/*.rpm")):
        try:
            payload.compare_payload_files(path, header.open_header(path))
            compared += 1
        except BadPackageError as bad:
            assert "MD5 digests only" in str(bad), path
    assert compared >= 16


SPEC = """
Name: odd
Version: 1
Release: 1
Summary: every kind of file
License: none
BuildArch: noarch
%description
%install
mkdir -p %{buildroot}/opt/odd/empty
cd %{buildroot}/opt/odd
echo one > one
ln one two
ln one three
echo four > four
ln four five
ln -s ../four six
: > zero
ln zero nil
mkfifo pipe
touch ghost
%files
%dir /opt/odd
%dir /opt/odd/empty
/opt/odd/one
/opt/odd/two
/opt/odd/three
/opt/odd/four
/opt/odd/five
/opt/odd/six
/opt/odd/zero
/opt/odd/nil
/opt/odd/pipe
%ghost /opt/odd/ghost
%dev(c,1,3) /opt/odd/null
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a package of rpmbuild's with hard links, a FIFO, a device and a ghost; compressed with gzip."""
    need("rpmbuild")
    place = tmp_path_factory.mktemp("odd")
    (place / "odd.spec").write_text(SPEC)
    command = ["rpmbuild", "-bb", "--define", f"_topdir {place}", "--define", "_binary_payload w6.gzdio", "odd.spec"]
    subprocess.run(
        command, cwd=place, check=True, capture_output=True, env={"PATH": "/usr/bin:/bin", "HOME": str(place)}
    )
    [built] = place.glob("RPMS/*/*.rpm")
    return built


def compare(path: Path) -> str:
    try:
        payload.compare_payload_files(path, header.open_header(path))
    except BadPackageError as bad:
        return str(bad)
    return ""


def test_a_package_with_every_kind_of_file_is_as_its_header_says(odd: Path) -> None:
    assert compare(odd) == ""


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("one", {"inode": 99}, "other hard links"),
        ("one", {"nlink": 1}, "other hard links"),
        ("one", {"nlink": 2}, "other hard links"),
        ("one", {"content": b"one\n"}, "more than one"),
        ("one", {"content": b"uno\n"}, "does not match"),
        ("two", {"content": b""}, "no content"),
        ("four", {"content": b""}, "no content"),
        ("six", {"content": b"../one"}, "leads elsewhere"),
        ("pipe", {"mode": stat.S_IFREG | 0o644}, "has mode"),
        ("pipe", {"content": b"x"}, "has content"),
        ("zero", {"content": b"x"}, "does not match"),
        ("null", {"rminor": 5}, "another device"),
        ("null", {"rmajor": 8}, "another device"),
    ],
)
def test_a_hard_link_a_device_or_a_pipe_that_differs_is_refused(
    tmp_path: Path, odd: Path, name: str, changes: dict[str, int | bytes], reason: str
) -> None:
    archive = edit(b"./opt/odd/" + name.encode(), **changes)(surgery.read_members(odd))
    before, main, _ = surgery.split_rpm(odd)
    path = Path(shutil.copy(odd, tmp_path))
    path.write_bytes(before + main + gzip.compress(archive))
    assert reason in compare(path)
