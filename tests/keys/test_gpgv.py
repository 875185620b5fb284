# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed texts, made by gpg with keys of its own, the old kind of EL 7 among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.errors import ContentError
from smedoit.keys import gpgv
from tests.harness.signers import Signer, signing


@pytest.fixture(scope="module")
def signer() -> Iterator[Signer]:
    with signing() as one:
        yield one


@pytest.fixture(scope="module")
def other() -> Iterator[Signer]:
    with signing() as one:
        yield one


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    path = tmp_path / "sha256sum.txt"
    path.write_text(f"{'1' * 64}  a.iso\n- a line that begins with a dash\n")
    return path


def test_a_text_with_its_signature_within_comes_out_as_it_was_signed(signer: Signer, sums: Path) -> None:
    signed = signer.clearsigned(sums)
    assert gpgv.is_clearsigned(signed.read_bytes())
    assert gpgv.verify_clearsigned(signed, [signer.key]) == (sums.read_bytes(), signer.fingerprint)


def test_what_stands_before_the_signed_text_is_not_taken(signer: Signer, sums: Path) -> None:
    signed = signer.clearsigned(sums)
    signed.write_bytes(b"\n" + signed.read_bytes() + f"\n{'2' * 64}  evil.iso\n".encode())
    assert b"evil" not in gpgv.verify_clearsigned(signed, [signer.key])[0]


def test_a_signature_beside_its_file_names_its_owner(signer: Signer, sums: Path) -> None:
    assert gpgv.verify_detached(sums, signer.detached(sums), [signer.key]) == signer.fingerprint


def test_a_changed_text_is_refused(signer: Signer, sums: Path) -> None:
    signed = signer.clearsigned(sums)
    signed.write_bytes(signed.read_bytes().replace(b"1" * 64, b"2" * 64))
    with pytest.raises(ContentError, match="does not verify"):
        gpgv.verify_clearsigned(signed, [signer.key])


def test_a_changed_file_is_refused(signer: Signer, sums: Path) -> None:
    signature = signer.detached(sums)
    sums.write_text("changed\n")
    with pytest.raises(ContentError, match="does not verify") as caught:
        gpgv.verify_detached(sums, signature, [signer.key])
    assert not isinstance(caught.value, gpgv.ForeignKeyError)


def test_a_key_that_is_not_pinned_is_named(signer: Signer, other: Signer, sums: Path) -> None:
    signed = signer.clearsigned(sums)
    with pytest.raises(gpgv.ForeignKeyError) as caught:
        gpgv.verify_clearsigned(signed, [other.key])
    assert "which release.toml does not trust" in str(caught.value)
    assert signer.fingerprint[-16:].upper() in str(caught.value).upper()


def test_what_is_no_signature_is_refused(signer: Signer, sums: Path) -> None:
    with pytest.raises(ContentError):
        gpgv.verify_clearsigned(sums, [signer.key])
    with pytest.raises(ContentError):
        gpgv.verify_detached(sums, sums, [signer.key])
