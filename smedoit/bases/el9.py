# SPDX-License-Identifier: GPL-3.0-or-later
"""Enterprise Linux 9: anaconda 34.25, lorax 34.9, dracut 055, syslinux 6, rpm 4.16, dnf 4.14."""

from __future__ import annotations

from dataclasses import replace

from smedoit.bases.el8 import ADDED as ADDED_BY_EL8
from smedoit.bases.el8 import EL8
from smedoit.bases.el8 import RPM as RPM_4_14
from smedoit.bases.el8 import UPSTREAM as ROCKY_8
from smedoit.bases.enterprise_linux import DiskForm, PythonRuntime

# Source: rpm 4.16 with crypto-policies DEFAULT of EL 9, which refuses SHA-1 and DSA, also in a key's own signature
RPM = replace(
    RPM_4_14,
    name="rpm 4.16",
    versions=(4,),
    algorithms=("RSA", "EdDSA", "ECDSA"),
    hashes=("SHA224", "SHA256", "SHA384", "SHA512"),
    dsa_bits=0,
)
ADDED = replace(
    ADDED_BY_EL8,
    sometimes={
        **ADDED_BY_EL8.sometimes,
        "biosdevname": "biosdevname on the boot line",
        "crypto-policies-scripts": "fips=1 on the boot line",
        "kbd-legacy": "keyboards of other scripts than Latin",
    },
)
UPSTREAM = replace(
    ROCKY_8,
    version="9.6",
    label="Rocky-9-6-x86_64-dvd",
    epoch=1748908800,  # 2025-06-03
    entries={"fips": "fips=1", "text": "inst.text", "rescue": "inst.rescue"},
)
EL9 = replace(
    EL8,
    name="el9",
    words="Enterprise Linux 9",
    dist=".el9.sme",
    disk=DiskForm.BASIC_DATA,
    flat_stage2=True,
    plain_options=False,
    anaconda="34.25.7.19",
    reads_updates=False,
    python=PythonRuntime((3, 9), "usr/lib64/python3.9/site-packages"),
    platform="platform:el9",
    rpm=RPM,
    added=ADDED,
    upstream=UPSTREAM,
)
