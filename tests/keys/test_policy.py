# SPDX-License-Identifier: GPL-3.0-or-later
"""What a signature is worth: every row of the table in smedoit.keys.policy, and the mathematics under it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from pysequoia import CipherSuite, Profile, SignatureMode, Tsk, sign

from smedoit.config.tiers import KeySettings
from smedoit.keys import detached, keyring, openpgp, policy
from smedoit.keys.openpgp import OpenPgpCertificate, OpenPgpKey, OpenPgpSignature
from smedoit.rpm import header, reader
from tests.harness.corpus import corpus_dir

MADE, SIGNED = datetime(2014, 1, 1, tzinfo=timezone.utc), datetime(2016, 1, 1, tzinfo=timezone.utc)
DAY, DATE = timedelta(days=1), datetime(2026, 11, 1, tzinfo=timezone.utc)
PRIMARY = OpenPgpKey("a" * 40, "RSA", 4096, True, MADE, None, None, False, b"")
SUBKEY = replace(PRIMARY, fingerprint="b" * 40)
SIGNATURE = OpenPgpSignature("a" * 16, "RSA", "SHA256", 4, SIGNED)
BY_SUBKEY = replace(SIGNATURE, key="b" * 40)


def judge(
    signature: OpenPgpSignature = SIGNATURE,
    primary: OpenPgpKey = PRIMARY,
    subkey: OpenPgpKey = SUBKEY,
    legacy: bool = False,
    date: datetime | None = DATE,
) -> str:
    certificate = OpenPgpCertificate((primary, subkey), "A <a@example.invalid>", b"")
    return policy.judge_signature(signature, certificate, legacy_allowed=legacy, date=date).reason


def test_a_modern_signature_counts() -> None:
    assert judge() == judge(BY_SUBKEY) == ""


@pytest.mark.parametrize("digest", ["SHA224", "SHA256", "SHA384", "SHA512", "SHA3_256", "SHA3_512"])
def test_modern_digests_count(digest: str) -> None:
    assert judge(replace(SIGNATURE, hash=digest)) == ""


@pytest.mark.parametrize("digest", ["SHA1", "MD5", "RipeMD"])
def test_broken_digests_count_for_legacy_keys_only(digest: str) -> None:
    assert judge(replace(SIGNATURE, hash=digest)) == f"{digest} no longer counts"
    assert judge(replace(SIGNATURE, hash=digest), legacy=True) == ""


def test_an_unknown_digest_never_counts() -> None:
    assert judge(replace(SIGNATURE, hash="Unknown"), legacy=True) == "digest Unknown is not accepted"


@pytest.mark.parametrize(
    ("algorithm", "bits", "modern", "legacy"),
    [
        ("RSA", 4096, "", ""),
        ("RSA", 2048, "", ""),
        ("RSA", 2047, "RSA of 2047 bits no longer counts", ""),
        ("RSA", 1024, "RSA of 1024 bits no longer counts", ""),
        ("RSA", 1023, "RSA of 1023 bits is not accepted", "RSA of 1023 bits is not accepted"),
        ("DSA", 1024, "DSA no longer counts", ""),
        ("DSA", 3072, "DSA no longer counts", ""),
        ("DSA", 512, "DSA of 512 bits is not accepted", "DSA of 512 bits is not accepted"),
        ("ECDSA", 0, "", ""),
        ("EdDSA", 0, "", ""),
        ("Ed25519", 0, "", ""),
        ("Ed448", 0, "", ""),
        ("ML-DSA-65+Ed25519", 0, "", ""),
        ("ElGamal", 2048, "ElGamal is not accepted", "ElGamal is not accepted"),
        ("algorithm 99", 0, "algorithm 99 is not accepted", "algorithm 99 is not accepted"),
    ],
)
def test_algorithm_and_size(algorithm: str, bits: int, modern: str, legacy: str) -> None:
    key, signature = replace(PRIMARY, algorithm=algorithm, bits=bits), replace(SIGNATURE, algorithm=algorithm)
    assert (judge(signature, key), judge(signature, key, legacy=True)) == (modern, legacy)


def test_a_signature_that_claims_another_algorithm_than_its_key_is_refused() -> None:
    assert judge(replace(SIGNATURE, algorithm="EdDSA")) == "it claims EdDSA, but its key is RSA"


@pytest.mark.parametrize("which", ["key", "subkey"])
@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"expires": SIGNED + DAY}, ""),
        ({"expires": SIGNED}, "expired on 2016-01-01, before it signed"),
        ({"expires": SIGNED - DAY}, "expired on 2015-12-31, before it signed"),
        ({"revoked": SIGNED + DAY}, ""),
        ({"revoked": SIGNED}, "was revoked on 2016-01-01, before it signed"),
        ({"revoked": SIGNED - DAY}, "was revoked on 2015-12-31, before it signed"),
        ({"revoked": SIGNED + DAY, "compromised": True}, "is revoked as compromised"),
        ({"revoked": SIGNED - DAY, "compromised": True}, "is revoked as compromised"),
        ({"created": SIGNED + DAY}, "was made on 2016-01-02, after the signature"),
    ],
)
def test_state_of_the_key_when_it_signed(which: str, state: dict[str, datetime | bool], reason: str) -> None:
    changes = {"primary" if which == "key" else "subkey": replace(PRIMARY if which == "key" else SUBKEY, **state)}  # type: ignore[arg-type]
    said = judge(BY_SUBKEY, legacy=True, **changes)  # type: ignore[arg-type]
    assert said == (f"{which} {'ab'[which == 'subkey'] * 40} {reason}" if reason else "")


def test_the_state_of_a_subkey_says_nothing_of_the_primary_key() -> None:
    assert judge(subkey=replace(SUBKEY, revoked=SIGNED, compromised=True)) == ""


def test_a_subkey_that_is_not_for_signing_does_not_sign() -> None:
    assert judge(BY_SUBKEY, subkey=replace(SUBKEY, signs=False)) == f"key {'b' * 40} is not for signing"


def test_times_of_the_signature_itself() -> None:
    future = replace(SIGNATURE, created=datetime(2040, 1, 1, tzinfo=timezone.utc))
    assert judge(future) == "made on 2040-01-01, after [release] date 2026-11-01"
    assert judge(future, date=None) == ""
    assert judge(replace(SIGNATURE, created=DATE)) == ""
    assert judge(replace(SIGNATURE, created=None)) == "it does not say when it was made"
    expiring = replace(SIGNATURE, expires=DATE + DAY)
    assert judge(expiring).startswith("it expires on 2026-11-02")


def test_a_key_that_is_none_of_the_certificate_is_refused() -> None:
    assert judge(replace(SIGNATURE, key="c" * 16)).startswith("made by key cccccccccccccccc, which is none of")


def test_only_weakness_is_what_a_legacy_reason_mends() -> None:
    certificate = OpenPgpCertificate((PRIMARY,), "A", b"")
    weak = policy.judge_signature(replace(SIGNATURE, hash="SHA1"), certificate, legacy_allowed=False)
    late = policy.judge_signature(replace(SIGNATURE, hash="SHA1", created=None), certificate, legacy_allowed=False)
    assert (weak.is_weak, late.is_weak) == (True, False)


# Facts from real certificates


def test_what_a_certificate_says_of_its_keys() -> None:
    [remi] = openpgp.parse_certificates((corpus_dir() / "keys/RPM-GPG-KEY-remi2017").read_bytes())
    assert [(key.algorithm, key.bits, key.signs) for key in remi.keys] == [("RSA", 4096, True), ("RSA", 4096, False)]
    [centos5] = openpgp.parse_certificates((corpus_dir() / "keys/RPM-GPG-KEY-CentOS-5").read_bytes())
    assert [(key.algorithm, key.bits) for key in centos5.keys] == [("DSA", 1024), ("ElGamal", 0)]


@pytest.mark.parametrize("reason", [None, 0, 1, 2, 3])
def test_why_a_key_was_revoked_decides_about_its_past(reason: int | None) -> None:
    hashed = b"" if reason is None else bytes([2, 29 | 0x80, reason])
    body = bytes([4, 0x20, 1, 8]) + (6 + len(hashed)).to_bytes(2, "big") + bytes([5, 2, 0, 0, 0, 0]) + hashed + bytes(4)
    code = openpgp._revocation_reason(body)
    assert (code in openpgp.SOFT_REASONS) is (reason in (1, 3))


# Signatures over a stream


def signature_over(data: bytes, suite: CipherSuite) -> tuple[OpenPgpSignature, OpenPgpCertificate]:
    secret = Tsk.generate("A <a@example.invalid>", cipher_suite=suite, profile=Profile.RFC4880)
    [found] = openpgp.parse_signatures([bytes(sign(secret.signer(), data, mode=SignatureMode.DETACHED))])
    [certificate] = openpgp.parse_certificates(bytes(secret.extract_certificate()))
    return found, certificate


@pytest.mark.parametrize("suite", ["Cv25519", "P256", "P384", "P521", "RSA2k"])
def test_a_signature_of_version_4_over_a_stream(suite: str) -> None:
    signature, certificate = signature_over(b"header and payload", getattr(CipherSuite, suite))
    key = certificate.find_key(signature.key)
    assert key is not None
    for data, verdict in ((b"header and payload", True), (b"header and payloae", False), (b"", False)):
        check = detached.start_check(signature, key)
        assert check is not None
        check.feed(data[:5])
        check.feed(data[5:])
        assert check.is_good() is verdict


def test_no_damaged_signature_over_a_stream_is_good_or_ends_in_another_error() -> None:
    signature, certificate = signature_over(b"data", CipherSuite.RSA2k)
    key = certificate.find_key(signature.key)
    assert key is not None
    for body in (signature.body[:at] for at in range(len(signature.body))):
        assert not good(replace(signature, body=body), key)
    for at in range(len(signature.body) - 256, len(signature.body), 7):
        assert not good(
            replace(signature, body=signature.body[:at] + bytes([signature.body[at] ^ 1]) + signature.body[at + 1 :]),
            key,
        )


def good(signature: OpenPgpSignature, key: OpenPgpKey) -> bool:
    check = detached.start_check(signature, key)
    assert check is not None
    check.feed(b"data")
    return check.is_good()


@pytest.mark.parametrize(
    ("name", "key", "tag"),
    [
        ("centos-release-5-0.0.el5.centos.2.x86_64.rpm", "CentOS-5", "GPG"),
        ("centos-release-6-0.el6.centos.5.x86_64.rpm", "CentOS-6", "PGP"),
        ("centos-release-7-2.1511.el7.centos.2.10.x86_64.rpm", "CentOS-7", "PGP"),
    ],
)
def test_real_signatures_of_version_3_over_header_and_payload(name: str, key: str, tag: str) -> None:
    import rpm_rs

    path = corpus_dir() / "rpms/centos" / name
    meta = header.open_header(path)
    [certificate] = openpgp.parse_certificates((corpus_dir() / f"keys/RPM-GPG-KEY-{key}").read_bytes())
    value = meta.signature.entry(getattr(rpm_rs.SignatureTag, tag))
    [signature] = openpgp.parse_signatures([value if isinstance(value, bytes) else b""])
    data = path.read_bytes()[meta.package_segment_offsets().header :]
    for signed, verdict in ((data, True), (data[:-1], False)):
        check = detached.start_check(signature, certificate.keys[0])
        assert check is not None
        check.feed(signed)
        assert check.is_good() is verdict


def test_a_refusal_names_key_signature_and_reason() -> None:
    path = corpus_dir() / "rpms/centos/epel-release-7-5.noarch.rpm"
    settings = KeySettings(Path(corpus_dir() / "keys/RPM-GPG-KEY-CentOS-7"), "6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5")
    key = keyring.read_pinned_key(settings)
    expired = replace(key.certificate, keys=(replace(key.certificate.keys[0], expires=MADE + 200 * DAY),))
    with pytest.raises(header.BadPackageError) as caught:
        reader.read_package(path, path.name, [replace(key, certificate=expired)])
    assert str(caught.value) == (
        "the signature of RPM-GPG-KEY-CentOS-7 (V3 RSA/SHA256) does not count: key "
        "6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5 expired on 2014-07-20, before it signed"
    )
