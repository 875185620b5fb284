# SPDX-License-Identifier: GPL-3.0-or-later
"""test_rpmkeys"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from smedoit.config.tiers import KeySettings
from smedoit.errors import SmeError
from smedoit.keys import keyring, openpgp, rpmkeys
from smedoit.rpm import header, reader
from tests.harness.corpus import corpus_dir
from tests.harness.tools import need

CENTOS5 = ("RPM-GPG-KEY-CentOS-5", "473d66d5212271fd51cc17b1a8a447dce8562897")
REMI = ("RPM-GPG-KEY-remi", "1ee04cce88a4ae4aa29a5df5004e6f4700f97f56")
SIGNED = "centos-release-5-0.0.el5.centos.2.x86_64.rpm"
GOOD = """/a.rpm:
    Header V3 DSA/SHA1 Signature, key ID e8562897: OK
    Header SHA1 digest: OK
    V3 DSA/SHA1 Signature, key ID e8562897: OK
    MD5 digest: OK
"""


def key(name: str, fingerprint: str, reason: str = "of 2007, and still on the medium") -> keyring.PinnedKey:
    return keyring.read_pinned_key(KeySettings(corpus_dir() / "keys" / name, fingerprint, legacy_reason=reason))


def certificate() -> openpgp.OpenPgpCertificate:
    [one] = openpgp.parse_certificates((corpus_dir() / "keys" / CENTOS5[0]).read_bytes())
    return one


def package(place: Path) -> Path:
    return Path(shutil.copy(corpus_dir() / "rpms/centos" / SIGNED, place))


def refusal(path: Path, trusted: keyring.PinnedKey) -> str:
    with pytest.raises(header.BadPackageError) as caught:
        reader.read_package(path, path.name, [trusted])
    return str(caught.value)


@pytest.mark.parametrize("arch", ["i386", "x86_64"])
def test_a_real_dsa_signature_counts_for_a_key_marked_legacy(arch: str) -> None:
    need("rpmkeys")
    path = corpus_dir() / f"rpms/centos/centos-release-5-0.0.el5.centos.2.{arch}.rpm"
    found = reader.read_package(path, path.name, [key(*CENTOS5)])
    assert (found.name, found.arch, found.key) == ("centos-release", arch, CENTOS5[1])


def test_without_the_mark_the_same_key_does_not_count() -> None:
    path = corpus_dir() / "rpms/centos" / SIGNED
    assert "cannot be checked here" in refusal(path, key(*CENTOS5, reason=""))


def test_another_legacy_key_does_not_count() -> None:
    path = corpus_dir() / "rpms/centos" / SIGNED
    assert refusal(path, key(*REMI)).endswith("by key a8a447dce8562897, which release.toml does not trust")


def test_a_forged_key_id_does_not_help(tmp_path: Path) -> None:
    need("rpmkeys")
    path = package(tmp_path)
    data = path.read_bytes()
    forged = bytes.fromhex(CENTOS5[1][-16:]), bytes.fromhex(REMI[1][-16:])
    assert forged[0] in data
    path.write_bytes(data.replace(*forged))
    assert "rpm does not verify it with RPM-GPG-KEY-remi: " in refusal(path, key(*REMI))


@pytest.mark.parametrize("offset", [-100, 1500, 3000])
def test_a_flipped_byte_of_header_or_payload_is_refused(tmp_path: Path, offset: int) -> None:
    need("rpmkeys")
    path = package(tmp_path)
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)
    assert "rpm does not verify it" in refusal(path, key(*CENTOS5))


def test_a_cut_tail_is_refused(tmp_path: Path) -> None:
    need("rpmkeys")
    path = package(tmp_path)
    path.write_bytes(path.read_bytes()[:-50])
    assert "rpm does not verify it" in refusal(path, key(*CENTOS5))


@pytest.mark.parametrize("name", ["RPM-GPG-KEY-SMEServer", "RPM-GPG-KEY-remi", "RPM-GPG-KEY-CentOS-5"])
def test_rpm_takes_every_legacy_key_of_the_corpus(name: str, tmp_path: Path) -> None:
    need("rpmkeys")
    [one] = openpgp.parse_certificates((corpus_dir() / "keys" / name).read_bytes())
    rpmkeys.LegacyKeyring(one, name).fill(tmp_path)
    assert (tmp_path / "db").is_dir()


def test_a_modern_signature_of_a_legacy_key_needs_no_rpm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    centos7 = key("RPM-GPG-KEY-CentOS-7", "6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5")
    path = corpus_dir() / "rpms/centos/epel-release-7-5.noarch.rpm"
    assert reader.read_package(path, path.name, [centos7]).name == "epel-release"


def test_a_machine_without_rpm_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SmeError, match=r"rpmkeys: cannot be run(.|\n)*package rpm"):
        reader.read_package(corpus_dir() / "rpms/centos" / SIGNED, SIGNED, [key(*CENTOS5)])


def test_what_rpm_says_of_a_good_package_is_believed() -> None:
    assert rpmkeys.parse_rpmkeys_output(GOOD, certificate())


def test_a_signature_of_the_header_alone_proves_no_payload() -> None:
    assert not rpmkeys.parse_rpmkeys_output(
        GOOD.replace("    V3 DSA/SHA1 Signature, key ID e8562897: OK\n", ""), certificate()
    )


@pytest.mark.parametrize(
    "line",
    [
        "    Header V3 DSA/SHA1 Signature, key ID e8562897: NOKEY",
        "    Header V3 DSA/SHA1 Signature, key ID e8562897: BAD",
        "    Header V3 DSA/SHA1 Signature, key ID 00f97f56: OK",
        "    MD5 digest: BAD (Expected a != b)",
        "    Payload SHA256 digest: NOTFOUND",
        "    something that a later rpm says: OK",
    ],
)
def test_any_line_that_is_not_known_and_good_is_a_refusal(line: str) -> None:
    with pytest.raises(rpmkeys.UnverifiedError) as caught:
        rpmkeys.parse_rpmkeys_output(f"{GOOD}{line}\n", certificate())
    assert str(caught.value) == line.strip()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["Payload SHA256 digest: NOTFOUND", "V4 DSA/SHA1 Signature, key ID e8562897: BAD"], 1),
        (["Header SHA256 digest: NOTFOUND", "MD5 digest: BAD (Expected a != b)"], 1),
        (["MD5 digest: BAD (Expected a != b)", "V3 DSA/SHA1 Signature, key ID e8562897: BAD"], 1),
        (["Payload SHA256 digest: NOTFOUND", "Header V3 DSA/SHA1 Signature, key ID e8562897: NOKEY"], 1),
        (["Payload SHA256 digest: NOTFOUND", "Header SHA256 digest: NOTFOUND"], 0),
    ],
)
def test_of_several_complaints_what_is_bad_is_told_before_what_is_absent(lines: list[str], told: int) -> None:
    with pytest.raises(rpmkeys.UnverifiedError) as caught:
        rpmkeys.parse_rpmkeys_output("\n    ".join(["/a.rpm:", *lines]) + "\n", certificate())
    assert str(caught.value) == lines[told]


@pytest.mark.parametrize("said", ["", "/a.rpm:\n", "/a.rpm:\n    MD5 digest: OK\n"])
def test_digests_alone_prove_nothing(said: str) -> None:
    with pytest.raises(rpmkeys.UnverifiedError, match="no signature of that key"):
        rpmkeys.parse_rpmkeys_output(said, certificate())
