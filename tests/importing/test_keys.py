# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys an import finds, and that a person confirms them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smedoit.errors import ConfigError
from smedoit.importing.keys import (
    CandidateKey,
    confirm_keys,
    count_signers,
    name_signer,
    parse_candidate,
    separate_practice,
)
from smedoit.keys.openpgp import OpenPgpSignature
from smedoit.sample.packages import FINGERPRINTS, KEYS
from tests.harness.corpus import corpus_dir

KOOZALI = FINGERPRINTS["koozali"]


def candidate(name: str = "koozali") -> CandidateKey:
    found = parse_candidate(
        f"RPM-GPG-KEY-practice-{name}", "here", (KEYS / f"RPM-GPG-KEY-practice-{name}").read_bytes()
    )
    assert isinstance(found, CandidateKey)
    return found


def signature(key: str, digest: str = "SHA256") -> OpenPgpSignature:
    return OpenPgpSignature(key, "RSA", digest, 4)


def refuse(_: str) -> str:
    raise AssertionError("nobody is to be asked")


def test_a_secret_key_a_ring_and_what_is_no_key_are_no_candidates() -> None:
    secret = (KEYS / "RPM-GPG-KEY-practice-koozali.secret").read_bytes()
    both = b"\n".join((KEYS / f"RPM-GPG-KEY-practice-{name}").read_bytes() for name in FINGERPRINTS)
    for data, reason in {secret: "holds a secret key", both: "holds 2 keys", b"hello": "holds no OpenPGP key"}.items():
        found = parse_candidate("RPM-GPG-KEY-x", "here", data)
        assert isinstance(found, str)
        assert found.startswith(reason)


def test_each_key_tells_how_many_packages_it_signed_and_how_many_weakly() -> None:
    key_id, other = KOOZALI[-16:], "0" * 16
    signed = {"a": [signature(key_id)], "b": [signature(key_id, "SHA1")], "c": [signature(other)], "d": []}
    [key], unknown = count_signers([candidate(), candidate()], signed)
    assert (key.signed, key.weak) == (2, 1)
    assert unknown == {other: ["c"], "": ["d"]}
    assert "signed 2 packages, 1 of them by an algorithm that counts no longer" in str(key)


def test_a_known_key_is_named_by_its_owner() -> None:
    data = (corpus_dir() / "keys/RPM-GPG-KEY-koozali").read_bytes()
    assert "known as the key of Koozali SME Server 10" in str(parse_candidate("k", "of the medium", data))
    assert "secret half everybody has" in str(candidate())
    assert "that is RPM-GPG-KEY-CentOS-7" in name_signer("24c6a8a7f4a80eb5")
    assert name_signer("") == "not signed"


def test_practice_and_real_keys_do_not_mix() -> None:
    found = parse_candidate("real", "here", (corpus_dir() / "keys/RPM-GPG-KEY-CentOS-7").read_bytes())
    assert isinstance(found, CandidateKey)
    practice, signed = replace(candidate(), signed=5), replace(found, signed=1)
    assert separate_practice([practice]) == ([practice], {})
    assert separate_practice([practice, found])[0] == [practice]
    assert "practice keys only" in separate_practice([practice, found])[1]["real"]
    kept, others = separate_practice([practice, signed])
    assert kept == [signed]
    assert "everybody can sign with" in others[practice.name]


def test_without_somebody_to_ask_only_trust_confirms() -> None:
    shown: list[str] = []
    assert confirm_keys([candidate()], True, refuse, shown.append) == [candidate()]
    assert KOOZALI in shown[0]
    with pytest.raises(ConfigError, match=KOOZALI):
        confirm_keys([candidate()], False, None, shown.append)


def test_only_the_end_of_the_fingerprint_confirms_a_key() -> None:
    typed = iter(["yes", f" {KOOZALI[-8:].upper()} ", ""])
    shown: list[str] = []
    keys = confirm_keys([candidate(), candidate("centos")], False, lambda _: next(typed), shown.append)
    assert [key.fingerprint for key in keys] == [KOOZALI]
    assert any("those are not the last 8" in line for line in shown)


def test_whoever_trusts_no_key_gets_no_world() -> None:
    with pytest.raises(ConfigError, match="no key is trusted"):
        confirm_keys([candidate()], False, lambda _: "", lambda _: None)
