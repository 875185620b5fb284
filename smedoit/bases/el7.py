# SPDX-License-Identifier: GPL-3.0-or-later
"""Enterprise Linux 7: anaconda 21.48.22.159, lorax 19.6, dracut 033, syslinux 4, rpm 4.11, yum 3.4.3."""

from __future__ import annotations

from smedoit.bases.boot_options import OPTIONS_OF_EL7
from smedoit.bases.enterprise_linux import (
    BIOS,
    STAMP_NAME,
    UEFI,
    AddedByInstaller,
    Base,
    BaseRpm,
    BuildStamp,
    Configuration,
    DiskForm,
    FirmwareBoot,
    Loader,
    OwnSignatures,
    PracticeUpstream,
    PythonRuntime,
)
from smedoit.medium_paths import EFI_IMAGE, GRUB_CFG, INITRD, ISOLINUX_CFG, KERNEL

ISOLINUX = FirmwareBoot(
    loader=Loader.ISOLINUX,
    image="isolinux/isolinux.bin",
    menu=ISOLINUX_CFG,
    texts=(ISOLINUX_CFG, "isolinux/boot.msg", "isolinux/help.txt"),
    needed=(),
    patterns=("isolinux/*",),
    twins={"isolinux/vmlinuz": KERNEL, "isolinux/initrd.img": INITRD},
    modules="",
)
GRUB = FirmwareBoot(
    loader=Loader.GRUB,
    image=EFI_IMAGE,
    menu=GRUB_CFG,
    texts=(GRUB_CFG,),
    needed=(GRUB_CFG,),
    patterns=("EFI/*", EFI_IMAGE),
    twins={},
    modules="",
)
# Source: rpm 4.11 (CentOS 7): lib/package.c, lib/rpmchecksig.c, lib/rpmds.c, rpmio/rpmpgp.c, rpmio/digest_nss.c,
# rpmio/rpmio.c
RPM = BaseRpm(
    name="rpm 4.11",
    tags=("DSA", "RSA", "GPG", "PGP"),
    later_tags=(),
    versions=(3, 4),
    algorithms=("RSA", "DSA"),
    hashes=("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"),
    rsa_bits=0,
    dsa_bits=1024,
    subkeys=False,
    own=OwnSignatures.NONE,
    payloads=("gzip", "bzip2", "lzma", "xz"),
    features=(
        *("BuiltinLuaScripts", "CompressedFileNames", "ConcurrentAccess", "ExplicitPackageProvide", "FileCaps"),
        *("FileDigests", "HeaderLoadSortsTags", "PartialHardlinkSets", "PayloadFilesHavePrefix", "PayloadIsBzip2"),
        *("PayloadIsLzma", "PayloadIsXz", "ScriptletExpansion", "ScriptletInterpreterArgs", "TildeInVersions"),
        "VersionedDependencies",
    ),
)
# Sources: anaconda 21.48.22.159, install.py, bootloader.py, kickstart.py; blivet 0.61.15, _packages of its devices and
# formats. Languages add groups of comps only, and firewalld comes with a firewall line.
ADDED = AddedByInstaller(
    always={
        "authconfig": "for the auth line of its own defaults",
        "grub2": "to boot",
        "grub2-tools": "to boot",
        "kernel": "to boot",
    },
    under_uefi={  # besides, for EFIGRUB of bootloader.py asks for what GRUB2 does
        "efibootmgr": "to boot under UEFI",
        "grub2-efi-x64": "to boot under UEFI",
        "shim-x64": "to boot under UEFI",
    },
    offered={  # on any disk, by its window for manual partitioning
        "btrfs-progs": "for a btrfs file system",
        "cryptsetup": "for an encrypted disk",
        "dosfstools": "for a FAT file system, as UEFI has it",
        "e2fsprogs": "for an ext4 file system",
        "lvm2": "for logical volumes, its own choice",
        "mdadm": "for software RAID",
        "xfsprogs": "for an xfs file system, its own choice",
    },
    sometimes={
        "device-mapper-multipath": "multipath disks",
        "dmraid": "RAID of the firmware",
        "dracut-network": "disks on the network",
        "fcoe-utils": "FCoE disks",
        "iscsi-initiator-utils": "iSCSI disks",
        "ndctl": "NVDIMM disks",
        "teamd": "teamed network cards",
    },
)
UPSTREAM = PracticeUpstream(
    name="CentOS Linux",
    ident="centos",
    product="CentOS",
    bug_url="https://bugs.centos.org",
    version="7",
    label="CentOS 7 x86_64",
    epoch=1480944027,  # 2016-12-05, CentOS 7.3
    entries={"vesa": "xdriver=vesa nomodeset", "rescue": "rescue"},
)
# Source: anaconda 21.48.22.159, pyanaconda/product.py
STAMP = BuildStamp(
    places=(STAMP_NAME, f"run/install/product/{STAMP_NAME}"),
    asked={
        "bugurl": ("BugURL", "your distribution provided bug reporting tool"),
        "isfinal": ("IsFinal", "false"),
        "arch": ("Arch", "x86_64"),
        "product": ("Product", "anaconda"),
        "uuid": ("UUID", ""),
        "version": ("Version", "bluesky"),
    },
)
EL7 = Base(
    name="el7",
    words="Enterprise Linux 7",
    dist=".el7.sme",
    tiers=("smeaddons", "smecontribs", "smedev", "smeextras", "smetest", "smeupdates", "smeupdates-testing"),
    boots={BIOS: ISOLINUX, UEFI: GRUB},
    disk=DiskForm.ISOHYBRID,
    boot_catalog="isolinux/boot.cat",
    efi_in_tree=True,
    mbr_image="",
    stage2="LiveOS/squashfs.img",
    flat_stage2=False,
    erofs_stage2=False,
    escaped_labels=True,
    plain_options=True,
    options=OPTIONS_OF_EL7,
    kickstart="RHEL7",
    anaconda="21.48.22.159",
    configuration=Configuration.INSTALL_CLASSES,
    unmatched="",
    stamp=STAMP,
    reads_updates=True,
    python=PythonRuntime((2, 7), "usr/lib64/python2.7/site-packages"),
    gtk=(3, 22),
    repositories=("",),
    comps=True,
    platform="",
    weak=False,
    rpm=RPM,
    added=ADDED,
    lorax_options=(),
    upstream=UPSTREAM,
)
