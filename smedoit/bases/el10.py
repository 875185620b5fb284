# SPDX-License-Identifier: GPL-3.0-or-later
"""Enterprise Linux 10: anaconda 40.22, lorax 40.5, dracut 105, GRUB 2 for BIOS and UEFI, rpm 4.19, dnf 4.20."""

from __future__ import annotations

from dataclasses import replace

from smedoit.bases.boot_options import OPTIONS_OF_EL10
from smedoit.bases.el9 import ADDED as ADDED_BY_EL9
from smedoit.bases.el9 import EL9
from smedoit.bases.el9 import RPM as RPM_4_16
from smedoit.bases.el9 import STAMP as STAMP_OF_EL9
from smedoit.bases.el9 import UPSTREAM as ROCKY_9
from smedoit.bases.enterprise_linux import (
    BIOS,
    UEFI,
    Configuration,
    DiskForm,
    FirmwareBoot,
    Loader,
    OwnSignatures,
    PythonRuntime,
)

BOOT_HYBRID = "images/boot_hybrid.img"  # the code that goes into the MBR; on no medium
# Source: lorax 40.5, share/templates.d/99-generic/x86.tmpl
GRUB_FOR_BIOS = FirmwareBoot(
    loader=Loader.GRUB,
    image="images/eltorito.img",
    menu="boot/grub2/grub.cfg",
    texts=("boot/grub2/grub.cfg",),
    needed=("boot/grub2/grub.cfg", "boot/grub2/i386-pc/normal.mod", BOOT_HYBRID),
    patterns=("boot/*", "images/eltorito.img", BOOT_HYBRID),
    twins={},
    modules="boot/grub2/i386-pc",
)
# Source: rpm 4.19 with rpm-sequoia (src/lib.rs accepts version 3), and the DEFAULT policy of EL 10. Version 6, what
# stands under OPENPGP, and ML-DSA came with rpm-4.19.x-multisig.patch and rpm-4.19.x-pqc-algo.patch of EL 10.1.
RPM = replace(
    RPM_4_16,
    name="rpm 4.19 of Enterprise Linux 10",
    later_tags=("OPENPGP",),
    versions=(3, 4, 6),
    algorithms=("RSA", "EdDSA", "ECDSA", "Ed25519", "Ed448", "ML-DSA-65+Ed25519", "ML-DSA-87+Ed448"),
    rsa_bits=2048,
    own=OwnSignatures.ALL,
)
# Source: anaconda 40.22.3.57, modules/storage/bootloader/efi.py, modules/security, localization.py, argument_parsing.py
GONE = ("authselect-compat", "dmraid", "kbd-legacy")  # since EL 9
ADDED = replace(
    ADDED_BY_EL9,
    under_uefi={
        **ADDED_BY_EL9.under_uefi,
        "grub2-tools-extra": "to boot under UEFI",
        "grubby": "to boot under UEFI",
    },
    sometimes={name: what for name, what in ADDED_BY_EL9.sometimes.items() if name not in GONE},
)
UPSTREAM = replace(
    ROCKY_9,
    version="10.0",
    label="Rocky-10-0-x86_64-dvd",
    epoch=1749600000,  # 2025-06-11
    entries={"fips": "fips=1", "vesa": "nomodeset", "rescue": "inst.rescue"},
)
# Source: anaconda 40.22.3.57, pyanaconda/core/product.py
STAMP = replace(STAMP_OF_EL9, asked={key: STAMP_OF_EL9.asked[key] for key in ("isfinal", "product", "version")})
EL10 = replace(
    EL9,
    name="el10",
    words="Enterprise Linux 10",
    dist=".el10.sme",
    boots={BIOS: GRUB_FOR_BIOS, UEFI: EL9.boots[UEFI]},
    disk=DiskForm.APPENDED,
    boot_catalog="",
    efi_in_tree=False,
    mbr_image=BOOT_HYBRID,
    erofs_stage2=True,
    options=OPTIONS_OF_EL10,
    kickstart="RHEL10",
    anaconda="40.22.3.57",
    configuration=Configuration.PROFILES,
    stamp=STAMP,
    python=PythonRuntime((3, 12), "usr/lib64/python3.12/site-packages"),
    platform="",
    rpm=RPM,
    added=ADDED,
    upstream=UPSTREAM,
)
