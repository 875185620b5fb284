# SPDX-License-Identifier: GPL-3.0-or-later
"""test_key_files"""

from __future__ import annotations

import pytest
from pysequoia import Cert

from smedoit.keys.key_files import KeyMaterial, find_key_material
from smedoit.sample.packages import KEYS

PUBLIC = (KEYS / "RPM-GPG-KEY-practice-koozali").read_bytes()
SECRET = (KEYS / "RPM-GPG-KEY-practice-koozali.secret").read_bytes()


@pytest.mark.parametrize(
    ("name", "data", "material"),
    [
        ("README.txt", b"no key", KeyMaterial.NONE),
        ("README.txt", b"Ours:\n" + PUBLIC, KeyMaterial.PUBLIC),
        ("RPM-GPG-KEY-theirs", PUBLIC, KeyMaterial.PUBLIC),
        ("keys/rpm-gpg-key-theirs", b"damaged", KeyMaterial.PUBLIC),
        ("RPM-GPG-KEY-theirs", bytes(Cert.from_bytes(PUBLIC)), KeyMaterial.PUBLIC),
        ("notes", PUBLIC + SECRET, KeyMaterial.SECRET),
        ("tls.pem", b"-----BEGIN RSA PRIVATE KEY-----\nMII", KeyMaterial.SECRET),
        ("tls.pem", b"-----BEGIN PRIVATE KEY-----\nMII", KeyMaterial.SECRET),
        ("id", b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3B", KeyMaterial.SECRET),
    ],
)
def test_a_file_is_known_as_a_key_by_its_name_or_by_what_it_holds(
    name: str, data: bytes, material: KeyMaterial
) -> None:
    assert find_key_material(name, data) is material
