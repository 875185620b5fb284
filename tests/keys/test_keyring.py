# SPDX-License-Identifier: GPL-3.0-or-later
"""test_keyring"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pysequoia import ArmorKind, Tsk, armor

from smedoit.config.tiers import KeySettings
from smedoit.errors import FileError, PackageError
from smedoit.keys import keyring, known, openpgp
from smedoit.keys.keyring import PinnedKey
from smedoit.sample.packages import FINGERPRINTS, KEYS
from tests.harness.corpus import corpus_dir
from tests.harness.tools import need, read_with

MOMENT = datetime(2026, 11, 1, tzinfo=timezone.utc)
KOOZALI = KEYS / "RPM-GPG-KEY-practice-koozali"
# As their owners publish them, and whether rpm-rs can check with them: it knows no DSA.
REAL = {
    "RPM-GPG-KEY-CentOS-5": ("473d66d5212271fd51cc17b1a8a447dce8562897", False),
    "RPM-GPG-KEY-CentOS-6": ("c1dac52d1664e8a4386dba430946fca2c105b9de", True),
    "RPM-GPG-KEY-CentOS-7": ("6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5", True),
    "RPM-GPG-KEY-CentOS-Testing-7": ("ba02a5e6aff970f7269dd972c78893ac8fae34bd", True),
    "RPM-GPG-KEY-EPEL-7": ("91e97d7c4a5e96f17f3e888f6a2faea2352c64e5", True),
    "RPM-GPG-KEY-SMEServer": ("7d789fea39686c61d320dd683d7205081e9c9308", False),
    "RPM-GPG-KEY-koozali": ("a9a004b25a9f5621aef29ae91a0dbcc056873151", True),
    "RPM-GPG-KEY-remi": ("1ee04cce88a4ae4aa29a5df5004e6f4700f97f56", False),
    "RPM-GPG-KEY-remi2017": ("44e89cd5b23362c224ce5a5de080f29f0364b949", True),
}


def test_keys_come_in_the_order_of_release_toml() -> None:
    wanted = [KeySettings(KEYS / f"RPM-GPG-KEY-practice-{name}", FINGERPRINTS[name]) for name in ("koozali", "centos")]
    assert [one.fingerprint for one in keyring.load_pinned_keys(wanted)] == [key.fingerprint for key in wanted]


@pytest.mark.parametrize(("name", "fingerprint", "usable"), [(name, *facts) for name, facts in REAL.items()])
def test_a_real_key_is_pinned_or_says_that_it_cannot_be_used(name: str, fingerprint: str, usable: bool) -> None:
    pinned = keyring.read_pinned_key(KeySettings(corpus_dir() / "keys" / name, fingerprint))
    assert (pinned.verifier is not None, not pinned.obstacle) == (usable, usable)


def refused(directory: Path, data: bytes) -> str:
    """Return why a file with this content is not the practice key of Koozali."""
    path = directory / "RPM-GPG-KEY-ours"
    path.write_bytes(data)
    with pytest.raises(PackageError) as caught:
        keyring.read_pinned_key(KeySettings(path, FINGERPRINTS["koozali"]))
    return str(caught.value)


def test_a_file_of_several_keys_is_refused_with_what_to_write_instead() -> None:
    ring = corpus_dir() / "rpms/rpm-rs/signing_keys/v4/rpm-testkey-v4-keyring.asc"
    with pytest.raises(PackageError, match=r"holds \w{40}.* beside the pinned key") as caught:
        keyring.read_pinned_key(KeySettings(ring, "77cef535745d5af04ecd115f522e846427933839"))
    assert "gpg --armor --export 77cef535745d5af04ecd115f522e846427933839" in str(caught.value)


@pytest.mark.parametrize("between", [b"", b"and theirs:\n", b"x "])
def test_a_further_block_behind_the_pinned_key_is_seen_as_rpm_sees_it(tmp_path: Path, between: bytes) -> None:
    """rpm --import takes every block of a file; parsers stop behind the first."""
    said = refused(tmp_path, KOOZALI.read_bytes() + between + (KEYS / "RPM-GPG-KEY-practice-centos").read_bytes())
    assert f"holds {FINGERPRINTS['centos']} beside the pinned key" in said


def secret_key_files() -> dict[str, bytes]:
    public, secret = KOOZALI.read_bytes(), (KEYS / "RPM-GPG-KEY-practice-koozali.secret").read_bytes()
    return {
        "a secret key": secret,
        "a secret key behind the public one": public + secret,
        "a secret key that calls itself public": armor(bytes(Tsk.from_bytes(secret)), ArmorKind.PublicKey).encode(),
    }


@pytest.mark.parametrize("kind", secret_key_files())
def test_a_secret_key_in_a_key_file_is_refused_and_not_shown(tmp_path: Path, kind: str) -> None:
    said = refused(tmp_path, secret_key_files()[kind])
    assert "RPM-GPG-KEY-ours: holds a secret key, which would be on the medium for everybody" in said
    assert "BEGIN" not in said


def test_another_fingerprint_is_refused_with_both() -> None:
    with pytest.raises(PackageError) as caught:
        keyring.read_pinned_key(KeySettings(KOOZALI, FINGERPRINTS["centos"]))
    for words in (str(KOOZALI), FINGERPRINTS["koozali"], FINGERPRINTS["centos"], "hint:"):
        assert words in str(caught.value)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="key: cannot be read, no such file"):
        keyring.read_pinned_key(KeySettings(tmp_path / "key", FINGERPRINTS["koozali"]))


@pytest.mark.parametrize("data", [b"", b"text", bytes(100), KOOZALI.read_bytes()[:200], b"\x99\x01\x0d\x04"])
def test_what_is_no_key_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "key").write_bytes(data)
    with pytest.raises(PackageError, match="key: holds") as caught:
        keyring.read_pinned_key(KeySettings(tmp_path / "key", FINGERPRINTS["koozali"]))
    assert "Backtrace" not in str(caught.value)


def test_a_damaged_key_is_not_the_pinned_one(tmp_path: Path) -> None:
    text = KOOZALI.read_text(encoding="ascii")
    middle = len(text) // 3
    (tmp_path / "key").write_text(text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :])
    with pytest.raises(PackageError):
        keyring.read_pinned_key(KeySettings(tmp_path / "key", FINGERPRINTS["koozali"]))


@pytest.mark.parametrize(
    ("said", "verdict"), [("768b63564a", True), ("768B63564A", True), ("", False), ("868b63564a", False)]
)
def test_a_key_id_is_the_tail_of_the_fingerprint_in_any_case(said: str, verdict: bool) -> None:
    assert keyring.read_pinned_key(KeySettings(KOOZALI, FINGERPRINTS["koozali"])).is_id(said) is verdict


# Keys that no longer count, and keys that nobody pinned


def loaded(directory: Path, data: bytes, **more: str) -> tuple[KeySettings, PinnedKey]:
    path = directory / "RPM-GPG-KEY-own"
    path.write_bytes(data)
    key = KeySettings(path, openpgp.parse_certificates(data)[0].fingerprint, **more)
    return key, keyring.read_pinned_key(key)


def test_a_revoked_key_is_refused_whatever_reason_is_given(tmp_path: Path) -> None:
    secret = Tsk.generate("A <a@example.invalid>")
    public = secret.extract_certificate()
    data = armor(bytes(public) + bytes(public.revoke(secret.certifier())), ArmorKind.PublicKey).encode()
    key, one = loaded(tmp_path, data, expired_reason="why not")
    with pytest.raises(PackageError, match=rf"revoked by its owner:\n    {key.file} \({key.fingerprint}\)"):
        keyring.refuse_expired_keys([key], [one], MOMENT)


def test_a_key_that_rpm_could_not_import_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="RPM-GPG-KEY-own: is not armored"):
        loaded(tmp_path, bytes(Tsk.generate("A <a@example.invalid>").extract_certificate()))


def test_all_keys_that_no_longer_count_stand_in_one_report() -> None:
    wanted = [KeySettings(corpus_dir() / "keys" / name, REAL[name][0]) for name in sorted(REAL)]
    with pytest.raises(PackageError) as caught:
        keyring.refuse_expired_keys(wanted, keyring.load_pinned_keys(wanted), MOMENT)
    said = str(caught.value)
    assert "expired on 2017-01-03, before [release] date" in said
    assert "expired on 2021-06-30, before [release] date" in said
    assert "CentOS-7" not in said


def test_an_expired_key_counts_with_a_reason_and_before_its_time() -> None:
    name = "RPM-GPG-KEY-CentOS-6"
    key = KeySettings(corpus_dir() / "keys" / name, REAL[name][0])
    keyring.refuse_expired_keys([key], keyring.load_pinned_keys([key]), datetime(2021, 6, 29, tzinfo=timezone.utc))
    excused = replace(key, expired_reason="signed in its time")
    keyring.refuse_expired_keys([excused], keyring.load_pinned_keys([excused]), MOMENT)


def test_a_key_of_gpg_s_that_expired_this_summer_is_told_with_its_day(tmp_path: Path) -> None:
    """As RPM-GPG-KEY-sme11 of SME Server 11: RSA of 2048 bits, SHA-256, two years."""
    need("gpg")
    with TemporaryDirectory(prefix="gpg") as home:  # short: the socket of the agent lies there
        gpg = ("gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback")
        when = ("--faked-system-time", "20240711T100000!")
        read_with(*gpg, *when, "--quick-generate-key", "Practice 11 <a@example.invalid>", "rsa2048", "sign", "2y")
        public = read_with(*gpg, "--armor", "--export")
        read_with("gpgconf", "--homedir", home, "--kill", "all")
    key, one = loaded(tmp_path, public.encode())
    with pytest.raises(PackageError, match=r"expired on 2026-07-11, before \[release\] date:") as caught:
        keyring.refuse_expired_keys([key], [one], MOMENT)
    assert key.fingerprint in str(caught.value) and 'add expired_reason = "why"' in str(caught.value)
    keyring.refuse_expired_keys([key], [one], datetime(2026, 7, 10, tzinfo=timezone.utc))
    keyring.refuse_expired_keys([replace(key, expired_reason="its packages are older")], [one], MOMENT)


@pytest.mark.parametrize("key_id", ["6a2faea2352c64e5", "352C64E5", "91e97d7c4a5e96f17f3e888f6a2faea2352c64e5"])
def test_a_published_key_is_known_by_its_id(key_id: str) -> None:
    assert keyring.key_origin(key_id, None).startswith("that is RPM-GPG-KEY-EPEL-7, Fedora EPEL 7, fingerprint 91e9")


def test_every_published_key_is_as_the_corpus_has_it() -> None:
    there = [one for one in known.PUBLISHED if (corpus_dir() / "keys" / one.file).is_file()]
    assert {one.file for one in there} == REAL.keys()  # those of Rocky Linux are not in it
    for one in there:
        fingerprints = {
            found.fingerprint for found in openpgp.parse_certificates((corpus_dir() / "keys" / one.file).read_bytes())
        }
        assert fingerprints == {one.fingerprint}


def test_a_key_file_in_the_content_tree_is_found_by_its_subkey(tmp_path: Path) -> None:
    path = Path(shutil.copy(corpus_dir() / "keys/RPM-GPG-KEY-remi2017", tmp_path))
    (tmp_path / "RPM-GPG-KEY-broken").write_text("no key")
    [one] = openpgp.parse_certificates(path.read_bytes())
    assert keyring.find_key_file(one.subkeys[0][-16:], tmp_path) == (path, one.fingerprint)


def test_an_id_that_nobody_knows_has_no_origin(tmp_path: Path) -> None:
    assert keyring.key_origin("0123456789abcdef", tmp_path) == ""
    assert keyring.key_origin("5", tmp_path / "nowhere") == ""


def test_whether_a_key_is_legacy_is_part_of_what_its_verdicts_depend_on() -> None:
    name = "RPM-GPG-KEY-remi"
    key = KeySettings(corpus_dir() / "keys" / name, REAL[name][0])
    assert keyring.read_pinned_key(key).token != keyring.read_pinned_key(replace(key, legacy_reason="needed")).token
