# SPDX-License-Identifier: GPL-3.0-or-later
"""test_reader"""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pysequoia import Cert

from smedoit.config.tiers import KeySettings
from smedoit.errors import FileError
from smedoit.keys import keyring
from smedoit.keys.keyring import PinnedKey
from smedoit.package import Evr
from smedoit.rpm import payload, reader
from smedoit.rpm.header import BadPackageError
from smedoit.sample import packages
from smedoit.sample.packages import FINGERPRINTS, KEYS, RpmRecipe
from tests.harness.corpus import corpus_dir

CENTOS5 = "CentOS-5", "473d66d5212271fd51cc17b1a8a447dce8562897"
CENTOS6, CENTOS7 = "c1dac52d1664e8a4386dba430946fca2c105b9de", "6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5"
RSA, ECDSA = "d996aedc0d64d1e621b95ad2e964f9fb30d073b5", "560f3edd5d483fcf2e206993105c3db6d139a931"
ED25519 = "77cef535745d5af04ecd115f522e846427933839"
V6_RSA = "04f0f968f99081dfa46d9054b4baa3a6d7e19b8c11539d7095d41ef1e7668b8d"
V6_ED25519 = "ee11adb4fb08151e04ced70b413e0ace80950f1e78e7ecc6fdb8f64041dd35af"
V6_MLDSA = "e52b3cb536be98a1bd19500647e069157085e6f70608f0d32e0cddd4720227e6"
V4, V6 = "v4/rpm-testkey-v4-keyring.asc", "v6/rpm-testkey-v6-keyring.asc"
SIGNED_BASIC = "rpm-basic-2.3.4-5.el9.noarch.rpm"
EL7 = "centos/epel-release-7-5.noarch.rpm"
BOX = RpmRecipe("box", "1.0", "1.el7.sme", epoch=2, files=("/usr/bin/box",), size=3000)


def real(name: str, fingerprint: str) -> PinnedKey:
    return keyring.read_pinned_key(KeySettings(corpus_dir() / "keys" / f"RPM-GPG-KEY-{name}", fingerprint))


def own_key(ring: str, fingerprint: str) -> PinnedKey:
    """Return one of the keys that rpm-rs's own packages are signed with."""
    if ring == V4 and fingerprint == ECDSA:
        ring = "v4/rpm-testkey-v4-ecdsa-nistp256.asc"
    data = (corpus_dir() / "rpms/rpm-rs/signing_keys" / ring).read_bytes()
    [own] = [one for one in Cert.split_bytes(data) if one.fingerprint == fingerprint]
    with TemporaryDirectory() as place:
        path = Path(place) / ring.rpartition("/")[2]
        path.write_text(str(own))
        return keyring.read_pinned_key(KeySettings(path, fingerprint))


def practice() -> list[PinnedKey]:
    return [
        keyring.read_pinned_key(KeySettings(KEYS / f"RPM-GPG-KEY-practice-{name}", one))
        for name, one in FINGERPRINTS.items()
    ]


def refusal(path: Path, trusted: Sequence[PinnedKey]) -> str:
    with pytest.raises(BadPackageError) as caught:
        reader.read_package(path, path.name, trusted)
    return str(caught.value)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return packages.write_rpm(BOX, tmp_path)


# What a good package says of itself


def test_a_package_is_described_by_its_header(box: Path) -> None:
    found = reader.read_package(box, "tier/box.rpm", practice())
    assert (found.name, found.evr, found.arch) == ("box", Evr(2, "1.0", "1.el7.sme"), "noarch")
    assert (found.file, found.source_rpm) == ("tier/box.rpm", "box-1.0-1.el7.sme.src.rpm")


def test_its_size_and_sha256_are_those_of_the_whole_file(box: Path) -> None:
    found = reader.read_package(box, "box", practice())
    assert (found.size, found.sha256) == (box.stat().st_size, hashlib.sha256(box.read_bytes()).hexdigest())


@pytest.mark.parametrize("key", FINGERPRINTS)
def test_it_names_the_key_that_signed_it(tmp_path: Path, key: str) -> None:
    path = packages.write_rpm(RpmRecipe("a", "1", "1", key=key), tmp_path)
    assert reader.read_package(path, "a", practice()).key == FINGERPRINTS[key]


def test_a_source_package_is_src_whatever_machine_made_it(tmp_path: Path) -> None:
    path = packages.write_rpm(RpmRecipe("a", "1", "1", "x86_64", is_source=True), tmp_path)
    assert reader.read_package(path, "a", practice()).arch == "src"


@pytest.mark.parametrize("compression", packages.COMPRESSIONS)
def test_every_compression_of_a_practice_package_is_read(tmp_path: Path, compression: str) -> None:
    path = packages.write_rpm(RpmRecipe("a", "1", "1", compression=compression), tmp_path)
    assert reader.read_package(path, "a", practice()).name == "a"


REAL = {
    "centos-release-6-0.el6.centos.5.i686.rpm": ("CentOS-6", CENTOS6),
    "centos-release-6-0.el6.centos.5.x86_64.rpm": ("CentOS-6", CENTOS6),
    "centos-release-7-2.1511.el7.centos.2.10.x86_64.rpm": ("CentOS-7", CENTOS7),
    "epel-release-7-5.noarch.rpm": ("CentOS-7", CENTOS7),  # as CentOS rebuilt it for its own extras
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_package_is_verified_by_the_key_of_its_makers(name: str) -> None:
    key = real(*REAL[name])
    found = reader.read_package(corpus_dir() / "rpms/centos" / name, name, [key])
    assert (found.filename, found.key) == (name, key.fingerprint)


SIGNED = {
    "v4/signed/rpm-basic-with-rsa4096": (V4, RSA),
    "v4/signed/rpm-basic-with-ecdsa": (V4, ECDSA),
    "v4/signed/rpm-basic-with-ed25519": (V4, ED25519),
    "v4/signed/rpm-basic-with-ima": (V4, RSA),
    "v6/signed/rpm-basic-with-rsa4k": (V6, V6_RSA),
    "v6/signed/rpm-basic-with-ed25519": (V6, V6_ED25519),
    "v6/signed/rpm-basic-with-mldsa65-ed25519": (V6, V6_MLDSA),
    "v6/signed/rpm-basic-multiple-signatures": (V6, V6_RSA),
}


def signed(name: str, place: Path) -> Path:
    """Return a copy of a signed package under the name that its header calls for."""
    source = corpus_dir() / f"rpms/rpm-rs/RPMS/{name}-2.3.4-5.el9.noarch.rpm"
    return Path(shutil.copy(source, place / SIGNED_BASIC))


@pytest.mark.parametrize("name", SIGNED)
def test_every_kind_of_signature_is_verified(tmp_path: Path, name: str) -> None:
    ring, fingerprint = SIGNED[name]
    assert reader.read_package(signed(name, tmp_path), "a", [own_key(ring, fingerprint)]).key == fingerprint


@pytest.mark.parametrize("name", SIGNED)
def test_no_signature_counts_without_its_key(tmp_path: Path, name: str) -> None:
    said = refusal(signed(name, tmp_path), [real("CentOS-7", CENTOS7)])
    assert said.startswith("signed by key ")
    assert said.endswith(", which release.toml does not trust")


def test_of_several_signatures_one_of_a_pinned_key_is_enough(tmp_path: Path) -> None:
    path = signed("v6/signed/rpm-basic-multiple-signatures", tmp_path)
    for fingerprint in (V6_RSA, V6_ED25519):
        assert reader.read_package(path, "a", [own_key(V6, fingerprint)]).key == fingerprint


# What is refused, by name


def test_no_unsigned_package_of_the_corpus_passes() -> None:
    place, trusted = corpus_dir() / "rpms", [real("CentOS-7", CENTOS7)]
    found = [*place.glob("rpm-rs/*RPMS/**/*.rpm"), *place.glob("createrepo_c/*.rpm")]
    nobodys = [path for path in found if "signed" not in str(path.relative_to(place))]
    assert {refusal(path, trusted) for path in nobodys} == {"not signed"}
    assert len(nobodys) > 25


@pytest.mark.parametrize(
    "name",
    [
        "centos-release-3.1-1.i386.rpm",
        "centos-release-4-0.1.i386.rpm",
        "centos-release-4-0.1.x86_64.rpm",
        "centos-release-5-0.0.el5.centos.2.i386.rpm",
        "centos-release-5-0.0.el5.centos.2.x86_64.rpm",
        "centos-release-as-2.1AS-4.noarch.rpm",
    ],
)
def test_a_real_signature_by_dsa_is_refused_by_that_name(name: str) -> None:
    said = refusal(corpus_dir() / "rpms/centos" / name, [real("CentOS-7", CENTOS7)])
    assert said.startswith("signed with V3 DSA/SHA1 by key ")
    assert said.endswith(", which release.toml does not trust")


def test_pinning_its_dsa_key_does_not_let_a_package_pass() -> None:
    said = refusal(corpus_dir() / "rpms/centos/centos-release-5-0.0.el5.centos.2.x86_64.rpm", [real(*CENTOS5)])
    assert "signed by RPM-GPG-KEY-CentOS-5 with V3 DSA/SHA1, which cannot be checked here: " in said
    assert 'only legacy_reason = "why"' in said


def test_without_any_key_nothing_passes(box: Path) -> None:
    assert refusal(box, []) == f"signed by key {FINGERPRINTS['koozali']}, which release.toml does not trust"


def test_an_unsigned_practice_package_is_refused(tmp_path: Path) -> None:
    assert refusal(packages.write_rpm(RpmRecipe("a", "1", "1", key=""), tmp_path), practice()) == "not signed"


def test_a_name_that_belies_the_header_is_refused_with_the_right_one(box: Path) -> None:
    path = box.rename(box.with_name("box-9.9-1.noarch.rpm"))
    assert refusal(path, practice()) == "its name does not fit its header, which says box-1.0-1.el7.sme.noarch.rpm"


def test_a_bad_signature_of_one_pinned_key_is_not_healed_by_a_good_one_of_another(tmp_path: Path) -> None:
    path = signed("v4/signed/rpm-basic-with-ima", tmp_path)
    trusted = [own_key(V4, RSA), own_key(V4, ED25519)]
    import rpm_rs

    data = bytearray(path.read_bytes())
    at = rpm_rs.PackageMetadata.open(str(path)).package_segment_offsets().header
    said = set()
    for offset in range(200, at, 90):
        path.write_bytes(bytes([*data[:offset], data[offset] ^ 1, *data[offset + 1 :]]))
        try:
            reader.read_package(path, "a", trusted)
        except BadPackageError as bad:
            said.add(str(bad).partition(" (")[0])
    assert "its signature does not verify" in said


@pytest.mark.parametrize("data", [b"", b"text", bytes(96), bytes(4096), b"\xed\xab\xee\xdb" + bytes(4096)])
def test_what_is_no_rpm_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.rpm"
    path.write_bytes(data)
    assert refusal(path, practice()).startswith("not an RPM, or cut short")


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"a\.rpm: cannot be read, no such file"):
        reader.read_package(tmp_path / "a.rpm", "a", practice())


def test_a_file_that_changes_meanwhile_is_refused(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = payload.verify_payload

    def meddle(path: Path, *rest: Any) -> str:
        digest = check(path, *rest)
        path.write_bytes(path.read_bytes() + b"more")
        return digest

    monkeypatch.setattr(payload, "verify_payload", meddle)
    assert "changed while it was being read" in refusal(box, practice())


# Damage: a flipped byte, a cut tail


def victims(place: Path) -> list[tuple[Path, list[PinnedKey]]]:
    """Return a real package of CentOS 7's age and a practice package, each with its keys, in place."""
    copy = Path(shutil.copy(corpus_dir() / "rpms" / EL7, place))
    return [(copy, [real("CentOS-7", CENTOS7)]), (packages.write_rpm(BOX, place), practice())]


def offsets(path: Path) -> tuple[int, int]:
    """Return where the main header and the payload begin."""
    import rpm_rs

    found = rpm_rs.PackageMetadata.open(str(path)).package_segment_offsets()
    return found.header, found.payload


@pytest.mark.parametrize("which", [0, 1], ids=["el7", "practice"])
@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_no_flipped_byte_of_header_or_payload_passes(tmp_path: Path, which: int, flip: int) -> None:
    path, trusted = victims(tmp_path)[which]
    data, (header, payload) = path.read_bytes(), offsets(path)
    chance = random.Random(flip)
    chosen = {*range(header, header + 600), *chance.sample(range(header, payload), 400)}
    for offset in sorted({*chosen, *chance.sample(range(payload, len(data)), 200), payload, len(data) - 1}):
        path.write_bytes(bytes([*data[:offset], data[offset] ^ flip, *data[offset + 1 :]]))
        assert refusal(path, trusted), offset


@pytest.mark.parametrize("which", [0, 1], ids=["el7", "practice"])
@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_a_flipped_byte_before_the_header_is_refused_or_changes_nothing_signed(
    tmp_path: Path, which: int, flip: int
) -> None:
    path, trusted = victims(tmp_path)[which]
    good, data, (header, _) = reader.read_package(path, "a", trusted), path.read_bytes(), offsets(path)
    for offset in range(0, header, 3):
        path.write_bytes(bytes([*data[:offset], data[offset] ^ flip, *data[offset + 1 :]]))
        try:
            found = reader.read_package(path, "a", trusted)
        except BadPackageError:
            continue
        assert (found.nevra, found.size, found.key) == (good.nevra, good.size, good.key)


@pytest.mark.parametrize("which", [0, 1], ids=["el7", "practice"])
def test_no_cut_package_passes_wherever_it_is_cut(tmp_path: Path, which: int) -> None:
    path, trusted = victims(tmp_path)[which]
    data, (header, payload) = path.read_bytes(), offsets(path)
    edges = {edge + step for edge in (96, 112, header, header + 16, payload, len(data)) for step in (-8, -1, 0, 1)}
    for length in sorted({0, 1, 4, 95, *edges, *range(0, len(data), 97)} & set(range(len(data)))):
        path.write_bytes(data[:length])
        assert refusal(path, trusted), length


@pytest.mark.parametrize("which", [0, 1], ids=["el7", "practice"])
def test_bytes_behind_the_payload_are_refused(tmp_path: Path, which: int) -> None:
    path, trusted = victims(tmp_path)[which]
    path.write_bytes(path.read_bytes() + b"\0")
    assert "does not match" in refusal(path, trusted)


def test_a_payload_forged_with_its_unsigned_md5_is_refused_by_the_file(tmp_path: Path) -> None:
    path, trusted = victims(tmp_path)[0]
    other = corpus_dir() / "rpms/centos/centos-release-7-2.1511.el7.centos.2.10.x86_64.rpm"
    header, payload = offsets(path)
    forged = path.read_bytes()[:payload] + other.read_bytes()[offsets(other)[1] :]
    old = hashlib.md5(path.read_bytes()[header:], usedforsecurity=False).digest()
    new = hashlib.md5(forged[header:], usedforsecurity=False).digest()
    assert old in forged
    path.write_bytes(forged.replace(old, new))
    assert "payload" in refusal(path, trusted)


def test_a_practice_key_signs_nothing_but_practice_packages(tmp_path: Path) -> None:
    """Its secret half comes with smedoit: whatever else it signed, anybody may have signed."""
    import rpm_rs

    path = tmp_path / "a-1-1.noarch.rpm"
    builder = rpm_rs.PackageBuilder("a", "1", "GPLv2+", "noarch", "of somebody's own")
    builder.release("1")
    built = builder.build()
    built.sign(packages.practice_signer("koozali"), timestamp=packages.BUILT)
    path.write_bytes(bytes(built.to_bytes()))
    assert refusal(path, practice()) == "signed by a practice key, as everybody can, and no package of doit sample"
