# SPDX-License-Identifier: GPL-3.0-or-later
"""Unsigned packages: copies of them are signed, read back, and put into another tier; nothing else changes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smedoit.bases.el7 import EL7
from smedoit.config.media import SigningSettings
from smedoit.config.release import Release, load_release
from smedoit.config.tiers import KeySettings, Tier
from smedoit.errors import ConfigError, FileError, PackageError, SignError
from smedoit.keys import keyring
from smedoit.packages import scan
from smedoit.rpm import signatures
from smedoit.sample import packages
from smedoit.sample.packages import FINGERPRINTS, KEYS, RpmRecipe
from smedoit.tiers.signed_copies import sign_unsigned_packages
from tests.harness.corpus import corpus_dir
from tests.harness.project import PROJECT, flip
from tests.harness.signers import Signer, signing
from tests.harness.tools import need

OLD = "Archer-3.4.5-6.x86_64.rpm"  # an unsigned package that createrepo_c's authors built long ago


@pytest.fixture
def rel(tmp_path: Path) -> Release:
    """A practice release with a tier of unsigned packages, and one for signed copies."""
    need("rpmsign", "rpmkeys", "gpg", "gpgconf")
    found = load_release(PROJECT / "release.toml")
    for name in ("ours", "signed"):
        (tmp_path / name / "x86_64/RPMS").mkdir(parents=True)
    for name in ("a", "b"):
        packages.write_rpm(RpmRecipe(name, "1", "1", key=""), tmp_path / "ours/x86_64/RPMS")
    packages.write_rpm(RpmRecipe("c", "1", "1"), tmp_path / "ours/x86_64/RPMS")
    return replace(
        found,
        paths=replace(found.paths, root=tmp_path),
        tiers=(Tier("ours", tmp_path / "ours"), Tier("signed", tmp_path / "signed")),
        keys=(KeySettings(KEYS / "RPM-GPG-KEY-practice-koozali", FINGERPRINTS["koozali"]),),
        signing=SigningSettings(file=KEYS / "RPM-GPG-KEY-practice-koozali.secret"),
    )


@pytest.fixture(scope="module")
def upstream() -> Iterator[Signer]:
    with signing() as signer:
        yield signer


def sign(rel: Release, *names: str, dry_run: bool = False, **changes: Any) -> str:
    return sign_unsigned_packages(rel, names, **{"source": "ours", "target": "signed", **changes}, dry_run=dry_run)[
        "did"
    ]


def bytes_of(rel: Release, tier: str) -> dict[str, bytes]:
    place = rel.root / tier
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in sorted(place.rglob("*.rpm"))}


def test_unsigned_packages_get_signed_copies_and_stay_as_they_are(rel: Release) -> None:
    before = bytes_of(rel, "ours")
    said = sign(rel)
    assert said.startswith("2 signed copies in signed; the originals in ours are unsigned")
    assert "set stage = false for ours in release.toml" in said
    assert bytes_of(rel, "ours") == before
    pinned = keyring.load_pinned_keys(rel.keys)
    taken = scan.load_tier_packages([rel.tiers[1]], rel.root, pinned, rel.fact_cache)["signed"]
    assert [(package.name, package.key) for package in taken] == [(name, FINGERPRINTS["koozali"]) for name in "ab"]
    assert {package.signed for package in taken} == {rel.release.epoch}
    for path in (rel.root / "signed").rglob("*.rpm"):
        assert signatures.find_installer_flaw(path, pinned, EL7.rpm) == ""
    assert sign(rel).startswith("0 signed copies in signed, 2 were there already")


def test_equal_packages_get_equal_copies(rel: Release) -> None:
    sign(rel, "a")
    first = bytes_of(rel, "signed")
    assert set(first) == {"x86_64/RPMS/a-1-1.noarch.rpm"}
    shutil.rmtree(rel.root / "signed/x86_64")
    sign(rel, "a-1-1*")
    assert bytes_of(rel, "signed") == first


def test_a_dry_run_signs_nothing(rel: Release, capsys: pytest.CaptureFixture[str]) -> None:
    assert sign(rel, dry_run=True) == "dry run: nothing was changed"
    assert bytes_of(rel, "signed") == {}
    assert "ours/x86_64/RPMS/a-1-1.noarch.rpm" in capsys.readouterr().out


def test_a_real_key_signs_packages_of_others_and_old_ones_without_a_digest_of_the_payload(
    rel: Release, upstream: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNUPGHOME", str(upstream.home))
    shutil.copy(corpus_dir() / "rpms/createrepo_c" / OLD, rel.root / "ours/x86_64/RPMS")
    real = replace(rel, keys=(upstream.key,), signing=SigningSettings(key=upstream.fingerprint))
    sign(real, "Archer")
    verdicts = scan.scan_package_files(
        (rel.root / "signed").rglob("*.rpm"), rel.root, keyring.load_pinned_keys(real.keys), rel.fact_cache
    )
    assert [verdict.key for verdict in verdicts.values()] == [upstream.fingerprint]  # type: ignore[union-attr]


REFUSED = {
    "a damaged package": (
        lambda rel: (rel.root / "ours/x86_64/RPMS/a-1-1.noarch.rpm").write_bytes(
            flip(-40, (rel.root / "ours/x86_64/RPMS/a-1-1.noarch.rpm").read_bytes())
        ),
        {}, PackageError, "its digests do not fit",
    ),
    "a package of others, by a practice key": (
        lambda rel: shutil.copy(corpus_dir() / "rpms/createrepo_c" / OLD, rel.root / "ours/x86_64/RPMS"),
        {}, SignError, "signed by a practice key, as everybody can",
    ),
    "something in the place of a copy": (
        lambda rel: (rel.root / "signed/x86_64/RPMS/a-1-1.noarch.rpm").write_bytes(b"mine"),
        {}, PackageError, "is no copy of ours",
    ),
    "no second tier": (lambda _: None, {"target": ""}, ConfigError, "needs two tiers"),
    "a tier that is none": (lambda _: None, {"target": "more"}, ConfigError, "there is no such tier"),
    "a tier that is not there": (lambda rel: shutil.rmtree(rel.root / "signed"), {}, FileError, "is not there"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_signed_is_refused_and_no_copy_is_placed(rel: Release, case: str) -> None:
    plant, options, error, words = REFUSED[case]
    plant(rel)
    placed = bytes_of(rel, "signed") if (rel.root / "signed").is_dir() else {}
    with pytest.raises(error, match=words):
        sign(rel, **options)
    assert (bytes_of(rel, "signed") if placed or (rel.root / "signed").is_dir() else {}) == placed


def test_a_word_that_means_no_unsigned_package_is_named(rel: Release) -> None:
    with pytest.raises(PackageError, match="holds no unsigned package that c means"):
        sign(rel, "a", "c")


def test_the_key_that_signs_must_be_pinned(rel: Release) -> None:
    other = KeySettings(KEYS / "RPM-GPG-KEY-practice-centos", FINGERPRINTS["centos"])
    with pytest.raises(SignError, match="so no medium would take what it signs"):
        sign(replace(rel, keys=(other,)))
    with pytest.raises(SignError, match="names no key that signs"):
        sign(replace(rel, signing=SigningSettings()))
