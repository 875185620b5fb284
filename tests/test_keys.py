from __future__ import annotations

from pathlib import Path

import pytest

from smedoit import keys
from smedoit.config import Key
from smedoit.errors import PackageError, TreeError
from smedoit.practice.packages import FINGERPRINTS, KEYS
from tests.corpus import corpus_dir

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
    wanted = [Key(KEYS / f"RPM-GPG-KEY-practice-{name}", FINGERPRINTS[name]) for name in ("koozali", "centos")]
    assert [one.fingerprint for one in keys.load(wanted)] == [key.fingerprint for key in wanted]


@pytest.mark.parametrize(("name", "fingerprint", "usable"), [(name, *facts) for name, facts in REAL.items()])
def test_a_real_key_is_pinned_or_says_that_it_cannot_be_used(name: str, fingerprint: str, usable: bool) -> None:
    pinned = keys.pinned(Key(corpus_dir() / "keys" / name, fingerprint))
    assert (pinned.verifier is not None, not pinned.obstacle) == (usable, usable)


@pytest.mark.parametrize(
    "fingerprint", ["d996aedc0d64d1e621b95ad2e964f9fb30d073b5", "77cef535745d5af04ecd115f522e846427933839"]
)
def test_of_a_file_of_several_keys_the_pinned_one_counts(fingerprint: str) -> None:
    ring = corpus_dir() / "rpms/rpm-rs/signing_keys/v4/rpm-testkey-v4-keyring.asc"
    assert keys.pinned(Key(ring, fingerprint)).verifier


def test_another_fingerprint_is_refused_with_both() -> None:
    with pytest.raises(PackageError) as caught:
        keys.pinned(Key(KOOZALI, FINGERPRINTS["centos"]))
    for words in (str(KOOZALI), FINGERPRINTS["koozali"], FINGERPRINTS["centos"], "hint:"):
        assert words in str(caught.value)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TreeError, match="key: cannot be read, no such file"):
        keys.pinned(Key(tmp_path / "key", FINGERPRINTS["koozali"]))


@pytest.mark.parametrize("data", [b"", b"text", bytes(100), KOOZALI.read_bytes()[:200], b"\x99\x01\x0d\x04"])
def test_what_is_no_key_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "key").write_bytes(data)
    with pytest.raises(PackageError, match="key: holds") as caught:
        keys.pinned(Key(tmp_path / "key", FINGERPRINTS["koozali"]))
    assert "Backtrace" not in str(caught.value)


def test_a_damaged_key_is_not_the_pinned_one(tmp_path: Path) -> None:
    text = KOOZALI.read_text(encoding="ascii")
    middle = len(text) // 3
    (tmp_path / "key").write_text(text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :])
    with pytest.raises(PackageError):
        keys.pinned(Key(tmp_path / "key", FINGERPRINTS["koozali"]))


@pytest.mark.parametrize(
    ("said", "verdict"), [("768b63564a", True), ("768B63564A", True), ("", False), ("868b63564a", False)]
)
def test_a_key_id_is_the_tail_of_the_fingerprint_in_any_case(said: str, verdict: bool) -> None:
    assert keys.pinned(Key(KOOZALI, FINGERPRINTS["koozali"])).is_id(said) is verdict
