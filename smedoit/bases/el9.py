# SPDX-License-Identifier: GPL-3.0-or-later
"""Enterprise Linux 9: anaconda 34.25, lorax 34.9, dracut 055, syslinux 6, rpm 4.16, dnf 4.14."""

from __future__ import annotations

from dataclasses import replace

from smedoit.bases.boot_options import OPTIONS_OF_EL9
from smedoit.bases.el8 import ADDED as ADDED_BY_EL8
from smedoit.bases.el8 import EL8
from smedoit.bases.el8 import RPM as RPM_4_14
from smedoit.bases.el8 import STAMP as STAMP_OF_EL8
from smedoit.bases.el8 import UPSTREAM as ROCKY_8
from smedoit.bases.enterprise_linux import STAMP_NAME, DiskForm, PythonRuntime

# Source: rpm 4.16.1.3-27.el9_3: rpmio/rpmpgp.c, rpmio/digest_openssl.c (RSA, DSA, EdDSA, no ECDSA). OpenSSL refuses
# SHA-1 by the DEFAULT policy of EL 9. DSA is not in that policy either; rpm does not ask it there, but nobody signs so.
# pgpVerifySelf checks the bindings of subkeys alone: SHA-1 over a name is not seen before EL 10.
RPM = replace(
    RPM_4_14,
    name="rpm 4.16 of Enterprise Linux 9",
    algorithms=("RSA", "EdDSA"),
    hashes=("SHA224", "SHA256", "SHA384", "SHA512"),
    dsa_bits=0,
    features=(*RPM_4_14.features, "DynamicBuildRequires"),
)
ADDED = replace(
    ADDED_BY_EL8,
    sometimes={
        **ADDED_BY_EL8.sometimes,
        "biosdevname": "biosdevname on the boot line",
        "crypto-policies-scripts": "fips=1 on the boot line",
        "dnsconfd": "DNS over TLS on the boot line",
        "dnsconfd-dracut": "DNS over TLS on the boot line",
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
# Source: anaconda 34.25.7.19, pyanaconda/product.py
STAMP = replace(STAMP_OF_EL8, places=(STAMP_NAME,))
EL9 = replace(
    EL8,
    name="el9",
    words="Enterprise Linux 9",
    dist=".el9.sme",
    disk=DiskForm.BASIC_DATA,
    flat_stage2=True,
    plain_options=False,
    options=OPTIONS_OF_EL9,
    kickstart="RHEL9",
    anaconda="34.25.7.19",
    unmatched="",
    stamp=STAMP,
    reads_updates=False,
    python=PythonRuntime((3, 9), "usr/lib64/python3.9/site-packages"),
    gtk=(3, 24),
    platform="platform:el9",
    rpm=RPM,
    added=ADDED,
    upstream=UPSTREAM,
)
