# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice packages of Enterprise Linux 9, as SME Server 12 has them."""

from __future__ import annotations

from smedoit.sample import catalogue_el8
from smedoit.sample.package_facts import UPSTREAM, Catalogue, PackageFacts

MAJOR, BEFORE, DIST, ANACONDA = 12, "11.0", ".el9.sme", "34.25.7.19"
# perl lies in AppStream, and what lies in BaseOS does well without it
UPSTREAM_TIERS = {
    "baseos": """
        setup-2.13.7-10.el9.noarch              filesystem-3.16-5.el9.x86_64
        basesystem-11-13.el9.noarch             tzdata-2024b-2.el9.noarch
        glibc-2.34-125.el9_5.x86_64             glibc-2.34-125.el9_5.i686
        glibc-common-2.34-125.el9_5.x86_64      glibc-minimal-langpack-2.34-125.el9_5.x86_64
        libgcc-11.5.0-2.el9.x86_64              libgcc-11.5.0-2.el9.i686
        libstdc++-11.5.0-2.el9.x86_64           bash-5.1.8-9.el9.x86_64
        coreutils-8.32-36.el9.x86_64            zlib-1.2.11-40.el9.x86_64
        1:openssl-libs-3.0.7-28.el9_4.x86_64    1:openssl-3.0.7-28.el9_4.x86_64
        python3-libs-3.9.19-8.el9_5.x86_64      python3-3.9.19-8.el9_5.x86_64
        systemd-252-46.el9_5.x86_64             util-linux-2.37.4-20.el9.x86_64
        rpm-4.16.1.3-34.el9.x86_64              dnf-4.14.0-17.el9.noarch
        yum-4.14.0-17.el9.noarch                authselect-1.2.6-2.el9.x86_64
        kernel-5.14.0-503.el9_5.x86_64          kernel-core-5.14.0-503.el9_5.x86_64
        kernel-modules-5.14.0-503.el9_5.x86_64  kernel-modules-core-5.14.0-503.el9_5.x86_64
        dracut-057-70.git20240819.el9.x86_64    nano-5.6.1-6.el9.x86_64
        1:grub2-pc-2.06-92.el9.x86_64           1:grub2-common-2.06-92.el9.noarch
        1:grub2-tools-2.06-92.el9.x86_64        1:grub2-tools-minimal-2.06-92.el9.x86_64
        1:grub2-efi-x64-2.06-92.el9.x86_64      shim-x64-15.8-4.el9_3.x86_64
        efibootmgr-16-12.el9.x86_64             firewalld-1.3.4-7.el9.noarch
        chrony-4.5-3.el9.x86_64                 xfsprogs-6.4.0-4.el9.x86_64
        e2fsprogs-1.46.5-5.el9.x86_64           dosfstools-4.2-3.el9.x86_64
        9:lvm2-2.03.24-2.el9.x86_64             9:device-mapper-1.02.198-2.el9.x86_64
        mdadm-4.3-4.el9.x86_64                  cryptsetup-2.7.2-3.el9_5.x86_64
        openssh-server-8.7p1-43.el9.x86_64
    """,
    "appstream": """
        4:perl-libs-5.32.1-481.el9.x86_64       4:perl-interpreter-5.32.1-481.el9.x86_64
        httpd-2.4.62-1.el9.x86_64               mod_http2-2.0.26-2.el9.x86_64
        3:mariadb-10.5.27-1.el9_5.x86_64        spamassassin-3.4.6-5.el9.noarch
        php-7.4.33-1.module_el9.x86_64          php-8.2.25-1.module_el9.x86_64
        php-cli-7.4.33-1.module_el9.x86_64      php-cli-8.2.25-1.module_el9.x86_64
        php-common-7.4.33-1.module_el9.x86_64   php-common-8.2.25-1.module_el9.x86_64
        php-fpm-7.4.33-1.module_el9.x86_64      php-fpm-8.2.25-1.module_el9.x86_64
        17:qemu-guest-agent-9.0.0-10.el9.x86_64 langpacks-en-3.0-16.el9.noarch
        anaconda-34.25.7.19-1.el9.x86_64
    """,
    "crb": "lua-devel-5.4.4-4.el9.x86_64",
    "extras": "epel-release-9-7.el9.noarch",
    "smeextras": "anaconda-34.25.7.19-2.el9.sme.x86_64",
}
KERNEL = {
    "kernel-core": PackageFacts(
        f"{catalogue_el8.BOOT}, kernel-modules-core = {{evr}}", "kernel-core-uname-r = {evr}", source="kernel"
    ),
    "kernel-modules-core": PackageFacts("", source="kernel"),
}
PYTHON = {"python3": PackageFacts("python3-libs = {evr}", files="/usr/bin/python3")}
SME_12 = Catalogue(
    before=BEFORE,
    tiers={**catalogue_el8.own_tiers(MAJOR, BEFORE, DIST), **UPSTREAM_TIERS},
    facts={**catalogue_el8.dnf_facts(9, "3.9", "libcrypto.so.3"), **KERNEL, **PYTHON},
    history={
        **catalogue_el8.own_history(MAJOR, DIST),
        "kernel": (("2024-10-24", UPSTREAM, "5.14.0-503.el9_5", "- release for 9.5 [RHEL-60000]"),),
    },
    groups=catalogue_el8.GROUPS,
    previous=("smeos", "baseos", "appstream"),
    compression="zstd",
    mirrors=catalogue_el8.MIRRORS,
    respelled=catalogue_el8.respelled_texts(MAJOR, BEFORE, DIST, ANACONDA),
    modules=catalogue_el8.module_labels(9),
    sources=catalogue_el8.SOURCES,
)
