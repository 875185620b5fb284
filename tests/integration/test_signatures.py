# SPDX-License-Identifier: GPL-3.0-or-later
"""The corpus of real packages as a tier: every signature is verified, or refused by name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from smedoit.config.tiers import KeySettings, Tier
from smedoit.keys import keyring
from smedoit.keys.keyring import PinnedKey
from smedoit.package import Package
from smedoit.packages import scan
from smedoit.rpm import header, reader
from tests.harness.corpus import corpus_dir
from tests.harness.tools import need

CENTOS5, CENTOS6 = "473d66d5212271fd51cc17b1a8a447dce8562897", "c1dac52d1664e8a4386dba430946fca2c105b9de"
CENTOS7 = "6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5"
RSA, ED25519 = "d996aedc0d64d1e621b95ad2e964f9fb30d073b5", "77cef535745d5af04ecd115f522e846427933839"
ECDSA = "560f3edd5d483fcf2e206993105c3db6d139a931"
V6_RSA = "04f0f968f99081dfa46d9054b4baa3a6d7e19b8c11539d7095d41ef1e7668b8d"
V6_ED25519 = "ee11adb4fb08151e04ced70b413e0ace80950f1e78e7ecc6fdb8f64041dd35af"
V6_MLDSA = "e52b3cb536be98a1bd19500647e069157085e6f70608f0d32e0cddd4720227e6"
LEGACY = {"RPM-GPG-KEY-CentOS-5": CENTOS5, "RPM-GPG-KEY-remi": "1ee04cce88a4ae4aa29a5df5004e6f4700f97f56"}
TRUSTED = {"RPM-GPG-KEY-CentOS-6": CENTOS6, "RPM-GPG-KEY-CentOS-7": CENTOS7}
RINGS = {
    "v4/rpm-testkey-v4-rsa4096.asc": RSA,
    "v4/rpm-testkey-v4-ed25519.asc": ED25519,
    "v4/rpm-testkey-v4-ecdsa-nistp256.asc": ECDSA,
    "v6/rpm-testkey-v6-rsa4k.asc": V6_RSA,
    "v6/rpm-testkey-v6-ed25519.asc": V6_ED25519,
    "v6/rpm-testkey-v6-mldsa65-ed25519.asc": V6_MLDSA,
}
UNKNOWN = r"signed (with \S+ \S+ )?by key {}, which release\.toml does not trust"
# Path below rpms/, as a pattern -> the fingerprint that vouches for it, or a pattern for the reason that it is refused.
VERDICTS = {
    "centos/centos-release-3.1-1": UNKNOWN.format("7049e44d025e513b"),
    "centos/centos-release-4-0.1": UNKNOWN.format("a53d0bab443e1821"),
    "centos/centos-release-5-0.0": CENTOS5,
    "centos/centos-release-6-0": CENTOS6,
    "centos/centos-release-7-2": CENTOS7,
    "centos/centos-release-as-2.1AS-4": UNKNOWN.format("2802e89216ff0e46"),
    "centos/epel-release-7-5": CENTOS7,
    "createrepo_c/empty-signed-eddsa": UNKNOWN.format("cf8c082347d880260b41ee569b34bebb1f1d8f8a"),
    "createrepo_c/empty-signed-rsa": UNKNOWN.format("d888bf9469701ec37d429716183f6899719ce7a5"),
    "createrepo_c/empty-signed-v6-multiple": UNKNOWN.format(r"\w+ and \w+"),
    "createrepo_c/": "not signed",
    "rpm-rs/RPMS/v4/signed/rpm-basic-with-ecdsa": ECDSA,
    "rpm-rs/RPMS/v4/signed/rpm-basic-with-ed25519": ED25519,
    "rpm-rs/RPMS/v4/signed/rpm-basic-with-ima": RSA,
    "rpm-rs/RPMS/v4/signed/rpm-basic-with-rsa4096": RSA,
    "rpm-rs/RPMS/v6/signed/rpm-basic-multiple-signatures": V6_RSA,
    "rpm-rs/RPMS/v6/signed/rpm-basic-with-ed25519": V6_ED25519,
    "rpm-rs/RPMS/v6/signed/rpm-basic-with-mldsa65-ed25519": V6_MLDSA,
    "rpm-rs/RPMS/v6/signed/rpm-basic-with-rsa4k": V6_RSA,
    "rpm-rs/": "not signed",
}


def trusted() -> list[PinnedKey]:
    """Return the keys of the corpus: those of CentOS, of rpm-rs's own packages, and two that are legacy."""
    place, rings = corpus_dir() / "keys", corpus_dir() / "rpms/rpm-rs/signing_keys"
    return keyring.load_pinned_keys(
        [
            *(
                KeySettings(place / name, fingerprint, legacy_reason="old, and still needed")
                for name, fingerprint in LEGACY.items()
            ),
            *(KeySettings(place / name, fingerprint) for name, fingerprint in TRUSTED.items()),
            *(KeySettings(rings / name, fingerprint) for name, fingerprint in RINGS.items()),
        ]
    )


@pytest.fixture(scope="module")
def tier(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the scan says: path of every package of the corpus -> fingerprint, or why it is refused."""
    need("rpmkeys")
    place, corpus = tmp_path_factory.mktemp("tier"), corpus_dir() / "rpms"
    origins = {}
    for number, path in enumerate(sorted(corpus.rglob("*.rpm"))):
        copy = place / str(number) / right_name(path)
        copy.parent.mkdir()
        origins[str(shutil.copy(path, copy))] = str(path.relative_to(corpus))
    seen = scan.scan_tiers([Tier("corpus", place)], place, trusted(), place / "facts.sqlite")
    verdicts = {origins[str(place / one.file)]: one.key for one in seen.packages["corpus"]}
    verdicts |= {origins[one.file]: one.reason for one in seen.refused["corpus"]}
    assert set(verdicts) == set(origins.values())
    return verdicts


def right_name(path: Path) -> str:
    """Return the file name that a package's header calls for; its makers gave some of them others."""
    found = reader.read_unverified_header(header.open_header(path), path.name, 0)
    assert isinstance(found, Package)
    return found.filename


def test_every_package_of_the_corpus_is_verified_or_refused_by_name(tier: dict[str, str]) -> None:
    assert len(tier) > 45
    for path, verdict in tier.items():
        expected = next(words for beginning, words in VERDICTS.items() if path.startswith(beginning))
        assert re.fullmatch(expected, verdict), (path, verdict)


@pytest.mark.parametrize("beginning", [one for one in VERDICTS if "signed" in one or "centos" in one])
def test_every_variant_is_in_the_corpus(tier: dict[str, str], beginning: str) -> None:
    assert any(path.startswith(beginning) for path in tier)
