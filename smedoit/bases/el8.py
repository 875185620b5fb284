# SPDX-License-Identifier: GPL-3.0-or-later
"""Enterprise Linux 8: anaconda 33.16, lorax 28.14, dracut 049, syslinux 6, rpm 4.14, dnf 4.7."""

from __future__ import annotations

from dataclasses import replace

from smedoit.bases.boot_options import OPTIONS_OF_EL8
from smedoit.bases.el7 import ADDED as ADDED_BY_EL7
from smedoit.bases.el7 import GRUB
from smedoit.bases.el7 import ISOLINUX as SYSLINUX_4
from smedoit.bases.el7 import RPM as RPM_4_11
from smedoit.bases.el7 import STAMP as STAMP_OF_EL7
from smedoit.bases.enterprise_linux import (
    BIOS,
    UEFI,
    AddedByInstaller,
    Base,
    BaseRpm,
    Configuration,
    DiskForm,
    OwnSignatures,
    PracticeUpstream,
    PythonRuntime,
)

# vesamenu.c32 of syslinux 6 loads its libraries by name, and they must be of its version
ISOLINUX = replace(
    SYSLINUX_4, needed=tuple(f"isolinux/{name}.c32" for name in ("ldlinux", "libcom32", "libutil", "vesamenu"))
)
# Source: rpm 4.14.3-28.el8_9: lib/package.c, lib/rpmvs.c, rpmio/rpmpgp.c, rpmio/digest_openssl.c (which asks no crypto
# policy, and the one of EL 8 lets OpenSSL check SHA-1), its spec file (zstd since 4.14.2-26)
RPM = BaseRpm(
    name="rpm 4.14 of Enterprise Linux 8",
    tags=("DSA", "RSA", "GPG", "PGP"),
    later_tags=(),
    versions=(3, 4),
    algorithms=("RSA", "DSA"),
    hashes=("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"),
    rsa_bits=0,
    dsa_bits=3072,
    subkeys=True,
    own=OwnSignatures.BINDINGS,
    payloads=(*RPM_4_11.payloads, "zstd"),
    features=(*RPM_4_11.features, "CaretInVersions", "LargeFiles", "PayloadIsZstd", "RichDependencies"),
)
# Sources: anaconda 33.16.10.5, bootloader/grub2.py, bootloader/efi.py, modules/security, modules/network. Where the
# kernel is absent, its log alone says so, and what it installed does not boot. A langpack may be absent.
ADDED = AddedByInstaller(
    always={"grub2": "to boot", "grub2-tools": "to boot", "kernel": "to boot", "chrony": "for the time"},
    under_uefi=ADDED_BY_EL7.under_uefi,
    offered={name: when for name, when in ADDED_BY_EL7.offered.items() if name != "btrfs-progs"},
    sometimes={
        **ADDED_BY_EL7.sometimes,
        "authselect": "an authselect line of a kickstart file",
        "authselect-compat": "an auth line of a kickstart file",
        "firewalld": "a firewall line of a kickstart file",
        "prefixdevname": "net.ifnames.prefix on the boot line",
        "rdma-core": "InfiniBand cards",
        "realmd": "a realm line of a kickstart file",
    },
)
UPSTREAM = PracticeUpstream(
    name="Rocky Linux",
    ident="rocky",
    product="Rocky Linux",
    bug_url="https://bugs.rockylinux.org",
    version="8.10",
    label="Rocky-8-10-x86_64-dvd",
    epoch=1716854400,  # 2024-05-28
    entries={"vesa": "inst.xdriver=vesa nomodeset", "rescue": "inst.rescue"},
)
# Source: anaconda 33.16.10.5, pyanaconda/product.py
STAMP = replace(STAMP_OF_EL7, asked={**STAMP_OF_EL7.asked, "variant": ("Variant", "")})
# Source: smeserver-update 11.0.0, /etc/yum.smerepos.d/sme-base.repo; it has no smeupdates since 11.0.0-16
TIERS = ("smeaddons", "smecontribs", "smecontribs-testing", "smedev", "smeextras", "smetest", "smeupdates-testing")
EL8 = Base(
    name="el8",
    words="Enterprise Linux 8",
    dist=".el8.sme",
    tiers=TIERS,
    boots={BIOS: ISOLINUX, UEFI: GRUB},
    disk=DiskForm.ISOHYBRID,
    boot_catalog="isolinux/boot.cat",
    efi_in_tree=True,
    mbr_image="",
    stage2="images/install.img",
    flat_stage2=False,
    erofs_stage2=False,
    escaped_labels=False,
    plain_options=True,
    options=OPTIONS_OF_EL8,
    kickstart="RHEL8",
    anaconda="33.16.10.5",
    configuration=Configuration.PRODUCTS,
    unmatched="Red Hat Enterprise Linux",
    stamp=STAMP,
    reads_updates=True,
    python=PythonRuntime((3, 6), "usr/lib64/python3.6/site-packages"),
    gtk=(3, 22),
    repositories=("BaseOS", "AppStream"),
    comps=False,
    platform="platform:el8",
    weak=True,
    rpm=RPM,
    added=ADDED,
    lorax_options=("--nomacboot",),  # else lorax 28 wants hfsplus-tools, which EL 8 has not
    upstream=UPSTREAM,
)
