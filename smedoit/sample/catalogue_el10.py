# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice packages of Enterprise Linux 10, as an SME Server 13 might have them: there are no modules."""

from __future__ import annotations

from smedoit.sample import catalogue_el8
from smedoit.sample.catalogue_el9 import KERNEL, PYTHON
from smedoit.sample.package_facts import UPSTREAM, Catalogue, PackageFacts

MAJOR, BEFORE, DIST, ANACONDA = 13, "12.0", ".el10.sme", "40.22.3.57"
UPSTREAM_TIERS = {
    "baseos": """
        setup-2.14.5-4.el10.noarch               filesystem-3.18-16.el10.x86_64
        basesystem-11-22.el10.noarch             tzdata-2025b-1.el10.noarch
        glibc-2.39-37.el10.x86_64                glibc-common-2.39-37.el10.x86_64
        glibc-minimal-langpack-2.39-37.el10.x86_64
        libgcc-14.2.1-7.el10.x86_64              libstdc++-14.2.1-7.el10.x86_64
        bash-5.2.26-6.el10.x86_64                coreutils-9.5-6.el10.x86_64
        zlib-ng-compat-2.2.3-1.el10.x86_64       1:openssl-libs-3.2.2-16.el10.x86_64
        1:openssl-3.2.2-16.el10.x86_64           python3-libs-3.12.9-2.el10.x86_64
        python3-3.12.9-2.el10.x86_64             systemd-257-9.el10.x86_64
        util-linux-2.40.2-10.el10.x86_64         rpm-4.19.1.1-12.el10.x86_64
        dnf-4.20.0-12.el10.noarch                yum-4.20.0-12.el10.noarch
        authselect-1.5.0-8.el10.x86_64           dracut-105-4.el10.x86_64
        kernel-6.12.0-55.9.1.el10_0.x86_64       kernel-core-6.12.0-55.9.1.el10_0.x86_64
        kernel-modules-6.12.0-55.9.1.el10_0.x86_64
        kernel-modules-core-6.12.0-55.9.1.el10_0.x86_64
        1:grub2-pc-2.12-15.el10.x86_64           1:grub2-common-2.12-15.el10.noarch
        1:grub2-tools-2.12-15.el10.x86_64        1:grub2-tools-minimal-2.12-15.el10.x86_64
        1:grub2-tools-extra-2.12-15.el10.x86_64  1:grub2-efi-x64-2.12-15.el10.x86_64
        grubby-8.40-81.el10.x86_64               shim-x64-15.8-5.el10.x86_64
        efibootmgr-18-7.el10.x86_64              firewalld-2.3.0-7.el10.noarch
        chrony-4.6.1-1.el10.x86_64               xfsprogs-6.11.0-2.el10.x86_64
        e2fsprogs-1.47.1-3.el10.x86_64           dosfstools-4.2-16.el10.x86_64
        10:lvm2-2.03.28-3.el10.x86_64            10:device-mapper-1.02.202-3.el10.x86_64
        mdadm-4.4-2.el10.x86_64                  cryptsetup-2.7.5-1.el10.x86_64
        openssh-server-9.9p1-7.el10.x86_64       nano-8.1-3.el10.x86_64
    """,
    "appstream": """
        4:perl-libs-5.40.2-512.el10.x86_64       4:perl-interpreter-5.40.2-512.el10.x86_64
        httpd-2.4.63-1.el10.x86_64               mod_http2-2.0.29-2.el10.x86_64
        3:mariadb-10.11.11-1.el10.x86_64         spamassassin-4.0.1-8.el10.noarch
        php-8.3.19-1.el10.x86_64                 php-cli-8.3.19-1.el10.x86_64
        php-common-8.3.19-1.el10.x86_64          php-fpm-8.3.19-1.el10.x86_64
        18:qemu-guest-agent-9.1.0-15.el10.x86_64 langpacks-en-4.1-5.el10.noarch
        anaconda-40.22.3.57-1.el10.x86_64
    """,
    "crb": "lua-devel-5.4.6-7.el10.x86_64",
    "extras": "epel-release-10-6.el10.noarch",
    "smeextras": "anaconda-40.22.3.57-2.el10.sme.x86_64",
}
MORE = {
    "zlib-ng-compat": PackageFacts("libc.so.6()(64bit)", "zlib = 1.3.1, libz.so.1()(64bit)", source="zlib-ng"),
    "grub2-tools-extra": PackageFacts("grub2-tools-minimal = {evr}", source="grub2"),
    "grubby": PackageFacts("grub2-tools, util-linux", files="/usr/sbin/grubby"),
}
SME_13 = Catalogue(
    before=BEFORE,
    tiers={**catalogue_el8.own_tiers(MAJOR, BEFORE, DIST), **UPSTREAM_TIERS},
    facts={**catalogue_el8.dnf_facts(10, "3.12", "libcrypto.so.3"), **KERNEL, **PYTHON, **MORE},
    history={
        **catalogue_el8.own_history(MAJOR, DIST),
        "kernel": (("2025-04-25", UPSTREAM, "6.12.0-55.9.1.el10_0", "- release for 10.0 [RHEL-80000]"),),
    },
    groups=catalogue_el8.GROUPS,
    previous=("smeos", "baseos", "appstream"),
    compression="zstd",
    mirrors=catalogue_el8.MIRRORS,
    respelled=catalogue_el8.respelled_texts(MAJOR, BEFORE, DIST, ANACONDA),
    sources=catalogue_el8.SOURCES,
)
