# SPDX-License-Identifier: GPL-3.0-or-later
"""test_gpg"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.config.media import SigningSettings
from smedoit.errors import SignError, SmeError
from smedoit.keys.gpg import is_good_signature, load_signing_certificate, sign_file
from smedoit.sample.packages import FINGERPRINTS, KEYS
from tests.harness.nouns import EPOCH
from tests.harness.tools import need, read_with

SECRET = SigningSettings(file=KEYS / "RPM-GPG-KEY-practice-koozali.secret")
PUBLIC = KEYS / "RPM-GPG-KEY-practice-koozali"


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home of gpg, with an agent that nobody can answer; it ends with the test."""
    need("gpg", "gpgconf")
    place = tmp_path / "gnupg"
    place.mkdir(mode=0o700)
    (place / "gpg-agent.conf").write_text("pinentry-program /bin/false\n")
    monkeypatch.setenv("GNUPGHOME", str(place))
    yield place
    read_with("gpgconf", "--homedir", place, "--kill", "all")


def gpg(home: Path, *words: str | Path) -> str:
    return read_with("gpg", "--homedir", home, "--batch", *words)


def new_key(home: Path, passphrase: str = "", expires: str = "never") -> str:
    """Return the fingerprint of a key made now."""
    gpg(home, "--pinentry-mode", "loopback", "--passphrase", passphrase, "--quick-gen-key",
        "Test <test@example.invalid>", "rsa2048", "sign", expires)  # fmt: skip
    listing = gpg(home, "--with-colons", "--list-keys")
    return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr")).lower()


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = tmp_path / "SHA256SUMS"
    path.write_text("a checksum\n")
    return path


def beside(path: Path, text: str) -> Path:
    made = path.with_name(f"{path.name}.asc")
    made.write_text(text)
    return made


def test_gpg_accepts_what_a_key_file_signed(agent: Path, signed: Path) -> None:
    gpg(agent, "--import", PUBLIC)
    made = beside(signed, sign_file(signed, SECRET, EPOCH))
    assert "GOODSIG" in read_with("gpg", "--homedir", agent, "--status-fd", "1", "--verify", made, signed)


def test_gpg_accepts_what_gpg_signed_and_so_do_we(agent: Path, signed: Path) -> None:
    key = SigningSettings(key=new_key(agent))
    made = beside(signed, sign_file(signed, key, EPOCH))
    assert "GOODSIG" in read_with("gpg", "--homedir", agent, "--status-fd", "1", "--verify", made, signed)
    assert is_good_signature(signed, made, load_signing_certificate(key, True))


def test_gpg_signs_the_same_bytes_at_any_time(agent: Path, signed: Path) -> None:
    key, later = SigningSettings(key=new_key(agent)), 4102444000
    assert sign_file(signed, key, later) == sign_file(signed, key, later)


def test_a_key_younger_than_the_release_signs_with_its_own_day_of_birth(agent: Path, signed: Path) -> None:
    key = SigningSettings(key=new_key(agent))
    made = beside(signed, sign_file(signed, key, epoch := 315532800))
    born = load_signing_certificate(key, True).born
    assert born > epoch
    packets = gpg(agent, "--list-packets", made)
    assert f"created {born}," in packets


def test_a_changed_file_or_another_key_does_not_fit(agent: Path, signed: Path) -> None:
    made = beside(signed, sign_file(signed, SECRET, EPOCH))
    owner = load_signing_certificate(SECRET, True)
    assert owner.fingerprint == FINGERPRINTS["koozali"]
    assert is_good_signature(signed, made, owner)
    assert not is_good_signature(signed, made, load_signing_certificate(SigningSettings(key=new_key(agent)), True))
    signed.write_text("another checksum\n")
    assert not is_good_signature(signed, made, owner)


def test_what_is_no_signature_does_not_fit(signed: Path) -> None:
    assert not is_good_signature(signed, beside(signed, "no signature"), load_signing_certificate(SECRET, True))


def test_a_locked_key_is_said_to_be_locked(agent: Path, signed: Path) -> None:
    key = new_key(agent, passphrase="secret")
    read_with("gpgconf", "--homedir", agent, "--kill", "all")  # the agent forgets the passphrase
    with pytest.raises(SignError, match=rf"key {key} cannot sign: it is locked .*\n.*unlock gpg-agent"):
        sign_file(signed, SigningSettings(key=key), EPOCH)


def test_a_key_without_its_secret_half_is_said_to_have_none(agent: Path, signed: Path) -> None:
    gpg(agent, "--import", PUBLIC)
    with pytest.raises(SignError, match="it has no secret half here"):
        sign_file(signed, SigningSettings(key=FINGERPRINTS["koozali"]), EPOCH)


@pytest.mark.usefixtures("agent")
def test_a_key_that_nobody_has_is_named(signed: Path) -> None:
    with pytest.raises(SignError, match=f"key {'1' * 40} cannot sign"):
        sign_file(signed, SigningSettings(key="1" * 40), EPOCH)


def test_a_key_that_has_expired_cannot_sign(agent: Path, signed: Path) -> None:
    key = new_key(agent, expires="1d")
    with pytest.raises(SignError, match=f"key {key} cannot sign"):
        sign_file(signed, SigningSettings(key=key), 4102444000)


def test_without_gpg_the_sentence_names_it_and_its_package(signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SmeError, match=r"gpg: cannot be run.*\n.*package gnupg"):
        sign_file(signed, SigningSettings(key="1" * 40), EPOCH)


@pytest.mark.parametrize(("data", "words"), [(b"nonsense", "is no OpenPGP key"), (None, "this key cannot sign")])
def test_a_key_file_that_cannot_sign_is_named(tmp_path: Path, signed: Path, data: bytes | None, words: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(PUBLIC.read_bytes() if data is None else data)
    with pytest.raises(SignError, match=words) as refusal:
        load_signing_certificate(SigningSettings(file=path), True)
        sign_file(signed, SigningSettings(file=path), EPOCH)
    assert str(path) in str(refusal.value)


def test_a_practice_key_signs_no_other_release() -> None:
    with pytest.raises(SignError, match=f"names the practice key {FINGERPRINTS['koozali']}, with which everybody can"):
        load_signing_certificate(SECRET, False)
