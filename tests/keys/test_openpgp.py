# SPDX-License-Identifier: GPL-3.0-or-later
"""test_openpgp"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pysequoia import Tsk

from smedoit.keys import openpgp
from tests.harness.corpus import corpus_dir
from tests.harness.tools import need, read_with

OWNER = "A Practice <a@example.invalid>"
EXPIRY = {  # as their owners published them
    "CentOS-5": date(2017, 1, 3),
    "CentOS-6": date(2021, 6, 30),
    "CentOS-7": None,
    "EPEL-7": None,
    "SMEServer": None,
    "koozali": None,
    "remi": None,
    "remi2017": None,
}


@pytest.mark.parametrize("name", EXPIRY)
def test_a_real_key_says_when_it_expires_whatever_vouches_for_it(name: str) -> None:
    [one] = openpgp.parse_certificates((corpus_dir() / f"keys/RPM-GPG-KEY-{name}").read_bytes())
    assert (one.expires.date() if one.expires else None, one.revoked) == (EXPIRY[name], False)


@pytest.mark.parametrize("name", EXPIRY)
def test_gpg_reads_the_same_expiry(name: str) -> None:
    need("gpg")
    path = corpus_dir() / f"keys/RPM-GPG-KEY-{name}"
    public = next(
        line for line in read_with("gpg", "--show-keys", "--with-colons", path).splitlines() if "pub:" in line
    )
    [one] = openpgp.parse_certificates(path.read_bytes())
    said = public.split(":")
    assert (said[4].lower(), said[6]) == (
        one.fingerprint[-16:],
        str(int(one.expires.timestamp())) if one.expires else "",
    )


def test_a_revoked_key_says_so() -> None:
    secret = Tsk.generate(OWNER)
    public = secret.extract_certificate()
    [before] = openpgp.parse_certificates(bytes(public))
    [after] = openpgp.parse_certificates(bytes(public) + bytes(public.revoke(secret.certifier())))
    assert (before.revoked, after.revoked) == (False, True)


def test_a_revocation_by_somebody_else_does_not_count() -> None:
    public, other = Tsk.generate(OWNER).extract_certificate(), Tsk.generate("B <b@example.invalid>")
    revocation = other.extract_certificate().revoke(other.certifier())
    [one] = openpgp.parse_certificates(bytes(public) + bytes(revocation))
    assert not one.revoked


def test_a_key_with_a_limit_expires_when_it_says() -> None:
    public = Tsk.generate(OWNER, validity_seconds=86400).extract_certificate()
    [one] = openpgp.parse_certificates(bytes(public))
    assert one.expires == public.expiration
    assert one.owner == OWNER


def test_a_prolonged_key_counts_by_its_newest_word() -> None:
    secret = Tsk.generate(OWNER, validity_seconds=86400)
    public = secret.extract_certificate()
    later = public.expiration + timedelta(days=100)
    [one] = openpgp.parse_certificates(bytes(public.set_expiration(later, secret.certifier())))
    assert one.expires == later


def test_subkeys_belong_to_their_key() -> None:
    [one] = openpgp.parse_certificates((corpus_dir() / "keys/RPM-GPG-KEY-remi2017").read_bytes())
    [subkey] = one.subkeys
    assert one.is_id(subkey[-16:].upper())
    assert not one.is_id("")
    assert not one.is_id("0" * 16)


def test_a_pruned_key_is_the_same_key_without_what_others_signed() -> None:
    [one] = openpgp.parse_certificates((corpus_dir() / "keys/RPM-GPG-KEY-CentOS-5").read_bytes())
    [pruned] = openpgp.parse_certificates(one.pruned)
    assert (pruned.fingerprint, pruned.expires, pruned.owner) == (one.fingerprint, one.expires, one.owner)
    issuers = {
        str(packet.issuer_key_id)
        for packet in openpgp.parse_packets(one.pruned)
        if openpgp.packet_kind(packet) == "Signature"
    }
    assert issuers == {one.fingerprint[-16:]}


def test_a_ring_of_keys_comes_out_key_by_key() -> None:
    ring = corpus_dir() / "rpms/rpm-rs/signing_keys/v4/rpm-testkey-v4-keyring.asc"
    assert len(openpgp.parse_certificates(ring.read_bytes())) == 3


@pytest.mark.parametrize("data", [b"text", bytes(100), b"\x99\x01\x0d\x04"])
def test_what_is_no_key_is_a_value_error_without_a_backtrace(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        openpgp.parse_certificates(data)


def test_what_is_no_signature_says_nothing() -> None:
    assert openpgp.parse_signatures([b"", b"text", bytes(20)]) == []


def test_the_expiry_is_counted_from_the_birth_of_the_key() -> None:
    [one] = openpgp.parse_certificates((corpus_dir() / "keys/RPM-GPG-KEY-CentOS-5").read_bytes())
    assert one.expires is not None
    assert (one.expires - timedelta(days=3650)).date() == date(2007, 1, 6)


def test_more_than_any_key_has_is_a_value_error_at_once() -> None:
    with pytest.raises(ValueError, match="more than any key has"):
        openpgp.parse_certificates(b"\xc2\x01\x04" * openpgp.LARGEST)
