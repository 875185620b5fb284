# SPDX-License-Identifier: GPL-3.0-or-later
"""What rpm 4.11 of CentOS 7 verifies, as a table; rpmkeys of this machine is the second reader of what it accepts."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from pysequoia import Cert

from smedoit.bases.el7 import RPM as RPM_4_11
from smedoit.bases.known import BASES
from smedoit.config.tiers import KeySettings
from smedoit.keys import base_rpm, keyring, openpgp
from smedoit.keys.keyring import PinnedKey
from smedoit.rpm import signatures
from smedoit.sample.packages import FINGERPRINTS, KEYS, RpmRecipe, write_rpm
from tests.harness.corpus import corpus_dir
from tests.harness.tools import need, read_with
from tests.rpm.surgery import split_rpm

CENTOS7, CENTOS6 = "6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5", "c1dac52d1664e8a4386dba430946fca2c105b9de"
CENTOS5 = "473d66d5212271fd51cc17b1a8a447dce8562897"
RELEASE7 = "centos/centos-release-7-2.1511.el7.centos.2.10.x86_64.rpm"
OPENPGP, DSA, RSA = 278, 267, 268

# A package, the key on the medium, and what rpm 4.11 makes of it; "" where it is good.
FACTS = {
    "RSA/SHA256 of version 3": (RELEASE7, "RPM-GPG-KEY-CentOS-7", CENTOS7, ""),
    "the same of CentOS 6": ("centos/centos-release-6-0.el6.centos.5.x86_64.rpm", "RPM-GPG-KEY-CentOS-6", CENTOS6, ""),
    "DSA/SHA1": ("centos/centos-release-5-0.0.el5.centos.2.x86_64.rpm", "RPM-GPG-KEY-CentOS-5", CENTOS5, ""),
    "a key that is not there": (RELEASE7, "RPM-GPG-KEY-CentOS-6", CENTOS6, "which is not on the medium"),
    "no signature at all": ("createrepo_c/Archer-3.4.5-6.x86_64.rpm", "RPM-GPG-KEY-CentOS-7", CENTOS7, "not signed"),
    "Ed25519": ("createrepo_c/empty-signed-eddsa-0-0.x86_64.rpm", "RPM-GPG-KEY-CentOS-7", CENTOS7, "cannot be checked"),
    "ECDSA": ("rpm-rs/RPMS/v4/signed/rpm-basic-with-ecdsa-2.3.4-5.el9.noarch.rpm", "RPM-GPG-KEY-CentOS-7", CENTOS7,
              "cannot be checked by rpm 4.11"),
    "good ones under 278 alone": ("rpm-rs/RPMS/v6/signed/rpm-basic-with-rsa4k-2.3.4-5.el9.noarch.rpm",
                                  "RPM-GPG-KEY-CentOS-7", CENTOS7, "not signed for rpm 4.11"),
    "Ed25519 of version 4 before others": ("rpm-rs/RPMS/v4/signed/rpm-basic-with-ima-2.3.4-5.el9.noarch.rpm",
                                           "RPM-GPG-KEY-CentOS-7", CENTOS7, "signature DSA .* cannot be checked"),
}  # fmt: skip


def key(name: str, fingerprint: str) -> PinnedKey:
    return keyring.read_pinned_key(KeySettings(corpus_dir() / "keys" / name, fingerprint))


def flaw(path: Path, *keys: PinnedKey) -> str:
    return signatures.find_installer_flaw(path, keys, RPM_4_11)


@pytest.mark.parametrize("fact", FACTS)
def test_what_rpm_of_centos_7_makes_of_a_real_package(fact: str) -> None:
    path, name, fingerprint, words = FACTS[fact]
    said = flaw(corpus_dir() / "rpms" / path, key(name, fingerprint))
    assert re.search(words, said) if words else not said, said


@pytest.mark.parametrize("fact", ["RSA/SHA256 of version 3", "the same of CentOS 6"])
def test_rpmkeys_accepts_what_it_accepts(fact: str, tmp_path: Path) -> None:
    need("rpmkeys")
    path, name, _, _ = FACTS[fact]
    database = ("--define", f"_dbpath {tmp_path}")
    read_with("rpmkeys", *database, "--import", corpus_dir() / "keys" / name)
    assert "NOKEY" not in read_with("rpmkeys", *database, "-Kv", corpus_dir() / "rpms" / path)


def practice_package(place: Path) -> tuple[Path, PinnedKey]:
    pinned = keyring.read_pinned_key(KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", FINGERPRINTS["koozali"]))
    return write_rpm(RpmRecipe("a", "1", "1"), place), pinned


def retagged(path: Path, old: int, new: int) -> None:
    """Put what stands under one tag of the signature header under another."""
    before, main, payload = split_rpm(path)
    assert before.count(struct.pack(">II", old, 7)) == 1
    path.write_bytes(before.replace(struct.pack(">II", old, 7), struct.pack(">II", new, 7)) + main + payload)


def test_a_signature_that_is_not_under_its_tags_is_none(tmp_path: Path) -> None:
    path, pinned = practice_package(tmp_path)
    assert flaw(path, pinned) == ""
    retagged(path, RSA, 279)
    assert flaw(path, pinned).startswith("not signed")


def test_a_broken_signature_of_its_tags_is_not_healed_by_a_good_one_elsewhere(tmp_path: Path) -> None:
    path, pinned = practice_package(tmp_path)
    before, main, payload = split_rpm(path)
    [signature] = signatures._parse_signatures(signatures.open_header(path), ("RSA",))
    tail = signature.body[-40:]
    path.write_bytes(before.replace(tail, tail[:-1] + bytes([tail[-1] ^ 1])) + main + payload)
    assert "does not verify: damaged or forged" in flaw(path, pinned)


def test_a_subkey_is_unknown_to_it(tmp_path: Path) -> None:
    """remi2017 signs with its primary key; here the practice key is put under another one."""
    path, pinned = practice_package(tmp_path)
    other = key("RPM-GPG-KEY-CentOS-7", CENTOS7)
    below = replace(other.certificate, keys=(*other.certificate.keys, *pinned.certificate.keys))
    assert "is by the subkey" in flaw(path, replace(other, certificate=below))


# What the rpm of each base makes of the same packages: name of the base -> words, "" where it is good
V4 = "rpm-rs/RPMS/v4/signed/rpm-basic-with-{}-2.3.4-5.el9.noarch.rpm"
V6 = "rpm-rs/RPMS/v6/signed/rpm-basic-with-{}-2.3.4-5.el9.noarch.rpm"
BY_BASE = {
    "RSA/SHA256 of version 3": (RELEASE7, "RPM-GPG-KEY-CentOS-7", {"el8": "", "el9": "", "el10": ""}),
    "DSA/SHA1": (
        "centos/centos-release-5-0.0.el5.centos.2.x86_64.rpm",
        "RPM-GPG-KEY-CentOS-5",
        {
            "el8": "",
            "el9": r"\(V\d DSA/SHA1\) is made with SHA-1, which rpm 4.16 of Enterprise Linux 9 refuses",
            "el10": "is made with SHA-1, which rpm 4.19 of Enterprise Linux 10 refuses",
        },
    ),
    "Ed25519": (
        V4.format("ed25519"),
        "v4/rpm-testkey-v4-ed25519.asc",
        {"el7": "cannot be checked", "el8": "cannot be checked", "el9": "", "el10": ""},
    ),
    "RSA of version 6 under OPENPGP alone": (
        V6.format("rsa4k"),
        "v6/rpm-testkey-v6-rsa4k.asc",
        {"el8": "not signed for rpm 4.14", "el9": "not signed for rpm 4.16 of Enterprise Linux 9", "el10": ""},
    ),
    "Ed25519 of version 6 under OPENPGP alone": (
        V6.format("ed25519"),
        "v6/rpm-testkey-v6-ed25519.asc",
        {"el7": "not signed for rpm 4.11", "el9": "not signed for rpm 4.16", "el10": ""},
    ),
    "ML-DSA of version 6": (V6.format("mldsa65-ed25519"), "v6/rpm-testkey-v6-mldsa65-ed25519.asc", {"el10": ""}),
    "ECDSA": (
        V4.format("ecdsa"),
        "v4/rpm-testkey-v4-ecdsa-nistp256.asc",
        {"el7": "cannot be checked", "el8": "cannot be checked", "el9": "cannot be checked", "el10": ""},
    ),
}


def corpus_key(name: str) -> PinnedKey:
    place = corpus_dir() / ("rpms/rpm-rs/signing_keys" if "/" in name else "keys") / name
    return keyring.read_pinned_key(KeySettings(place, openpgp.parse_certificates(place.read_bytes())[0].fingerprint))


@pytest.mark.parametrize(("fact", "base"), [(fact, base) for fact, told in BY_BASE.items() for base in told[2]])
def test_what_each_rpm_makes_of_a_real_package(fact: str, base: str) -> None:
    path, name, words = BY_BASE[fact]
    said = signatures.find_installer_flaw(corpus_dir() / "rpms" / path, [corpus_key(name)], BASES[base].rpm)
    assert re.search(words[base], said) if words[base] else not said, said


# A key, and on which bases it cannot be imported
OWN = {
    "RPM-GPG-KEY-koozali": {
        "el10": "its owner vouches for it with SHA-1, which rpm 4.19 of Enterprise Linux 10 refuses"
    },
    "RPM-GPG-KEY-SMEServer": {"el10": "SHA-1"},
    "RPM-GPG-KEY-remi": {
        "el9": r"its owner vouches for the subkey \w{40} with SHA-1, which rpm 4.16 of Enterprise Linux 9 refuses",
        "el10": "SHA-1",
    },
    "RPM-GPG-KEY-remi2017": {},
}


@pytest.mark.parametrize(("name", "base"), [(name, base) for name in OWN for base in BASES])
def test_a_key_is_imported_unless_what_its_rpm_looks_at_is_sha_1(name: str, base: str) -> None:
    said = base_rpm.find_key_flaw(corpus_key(name).certificate, BASES[base].rpm)
    words = OWN[name].get(base, "")
    assert re.search(words, said) if words else not said, said


def sequoia_refuses(path: Path) -> bool:
    """Return whether Sequoia, which rpm of EL 10 asks, finds no signature that makes the key one."""
    try:
        list(Cert.from_bytes(path.read_bytes()).user_ids)
    except Exception as error:  # as the binding raises them
        return "No binding signature" in str(error)
    return False


def test_sequoia_is_of_the_same_opinion_on_every_real_key() -> None:
    paths = sorted((corpus_dir() / "keys").iterdir())
    ours = {path for path in paths if base_rpm.find_key_flaw(corpus_key(path.name).certificate, BASES["el10"].rpm)}
    assert ours == {path for path in paths if sequoia_refuses(path)}
    assert 0 < len(ours) < len(paths)


def test_a_key_that_only_a_later_rpm_refuses_is_told() -> None:
    koozali, remi = (corpus_key(f"RPM-GPG-KEY-{name}").certificate for name in ("koozali", "remi2017"))
    said = base_rpm.find_key_remark(koozali, BASES["el9"].rpm)
    assert (
        said
        == "its owner vouches for it with SHA-1: rpm 4.16 of Enterprise Linux 9 does not look, later ones refuse it"
    )
    assert base_rpm.find_key_remark(remi, BASES["el9"].rpm) == ""
    assert base_rpm.find_key_remark(koozali, BASES["el7"].rpm) == ""


def test_a_subkey_that_its_owner_vouches_for_with_sha_1_signs_nothing_on_el_10(tmp_path: Path) -> None:
    path, pinned = practice_package(tmp_path)
    other = corpus_key("RPM-GPG-KEY-remi2017")
    [signer] = pinned.certificate.keys
    below = replace(other.certificate, keys=(other.certificate.keys[0], replace(signer, vouched=("SHA1",))))
    said = signatures.find_installer_flaw(path, [replace(other, certificate=below)], BASES["el10"].rpm)
    assert "vouched for with SHA-1, which rpm 4.19 of Enterprise Linux 10 refuses" in said
    assert base_rpm.find_key_flaw(below, BASES["el10"].rpm) == ""  # its other keys count


def test_a_short_rsa_key_is_refused_where_the_policy_does(tmp_path: Path) -> None:
    path, pinned = practice_package(tmp_path)
    [own] = pinned.certificate.keys
    short = replace(pinned, certificate=replace(pinned.certificate, keys=(replace(own, bits=1024),)))
    said = {name: signatures.find_installer_flaw(path, [short], base.rpm) for name, base in BASES.items()}
    assert [name for name, flaw in said.items() if "is by an RSA key of 1024 bits" in flaw] == ["el10"]


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (
            RpmRecipe("b", "1", "1", requires=("rpmlib(RichDependencies) <= 4.12.0-1",)),
            "it needs rpmlib(RichDependencies)",
        ),
        (RpmRecipe("b", "1~rc1", "1"), ""),
        (RpmRecipe("b", "1^git1", "1", requires=("rpmlib(CaretInVersions) <= 4.15.0-1",)), "rpmlib(CaretInVersions)"),
    ],
)
def test_a_package_that_asks_for_more_than_rpm_4_11_is_able_to_is_refused_there(
    recipe: RpmRecipe, words: str, tmp_path: Path
) -> None:
    pinned = practice_package(tmp_path)[1]
    path = write_rpm(recipe, tmp_path)
    said = {name: signatures.find_installer_flaw(path, [pinned], base.rpm) for name, base in BASES.items()}
    assert words in said.pop("el7")
    assert not any(said.values())


def test_a_feature_that_nobody_knows_is_refused_as_rpm_does(tmp_path: Path) -> None:
    pinned = practice_package(tmp_path)[1]
    path = write_rpm(RpmRecipe("b", "1", "1", requires=("rpmlib(Telepathy) <= 7",)), tmp_path)
    said = signatures.find_installer_flaw(path, [pinned], BASES["el10"].rpm)
    assert said == "it needs rpmlib(Telepathy), and rpm 4.19 of Enterprise Linux 10 has no such"


@pytest.mark.parametrize(("compression", "refused"), [("gzip", []), ("xz", []), ("zstd", ["el7"])])
def test_a_payload_that_the_rpm_cannot_unpack_is_refused(compression: str, refused: list[str], tmp_path: Path) -> None:
    pinned = practice_package(tmp_path)[1]
    path = write_rpm(RpmRecipe("b", "1", "1", compression=compression), tmp_path)
    said = {name: signatures.find_installer_flaw(path, [pinned], base.rpm) for name, base in BASES.items()}
    assert [name for name, flaw in said.items() if flaw] == refused
    assert not refused or said["el7"] == "its payload is compressed with zstd, which rpm 4.11 cannot unpack"
