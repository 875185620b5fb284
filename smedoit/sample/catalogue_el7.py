# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice packages of Enterprise Linux 7, as SME Server 10 has them."""

from __future__ import annotations

from smedoit.sample.package_facts import ADA, BEN, LIBC, UPSTREAM, Catalogue, CompsGroup, PackageFacts

TIERS = {
    # what the last medium had; libstdc++.i686 has no business on one, multilib does not name it
    "smeos": """
        setup-2.8.71-11.el7.noarch            filesystem-3.2-25.el7.x86_64
        basesystem-10.0-7.el7.centos.noarch   tzdata-2020a-1.el7.noarch
        glibc-2.17-317.el7.x86_64             glibc-2.17-317.el7.i686
        glibc-common-2.17-317.el7.x86_64      libstdc++-4.8.5-44.el7.i686
        libgcc-4.8.5-44.el7.x86_64            libgcc-4.8.5-44.el7.i686
        libstdc++-4.8.5-44.el7.x86_64         bash-4.2.46-34.el7.x86_64
        coreutils-8.22-24.el7.x86_64          zlib-1.2.7-18.el7.x86_64
        1:openssl-libs-1.0.2k-19.el7.x86_64   1:openssl-1.0.2k-19.el7.x86_64
        4:perl-5.16.3-297.el7.x86_64          python-2.7.5-89.el7.x86_64
        systemd-219-78.el7.x86_64             util-linux-2.23.2-65.el7.x86_64
        rpm-4.11.3-45.el7.x86_64              yum-3.4.3-168.el7.centos.noarch
        kernel-3.10.0-1127.el7.x86_64         kernel-3.10.0-1160.el7.x86_64
        dracut-033-572.el7.x86_64             1:grub2-2.02-0.86.el7.centos.x86_64
        1:grub2-tools-2.02-0.86.el7.centos.x86_64
        1:grub2-efi-x64-2.02-0.86.el7.centos.x86_64
        shim-x64-15-8.el7.x86_64              efibootmgr-17-2.el7.x86_64
        authconfig-6.2.8-30.el7.x86_64        firewalld-0.6.3-11.el7.noarch
        xfsprogs-4.5.0-22.el7.x86_64          e2fsprogs-1.42.9-19.el7.x86_64
        7:lvm2-2.02.187-6.el7.x86_64          7:device-mapper-1.02.170-6.el7.x86_64
        openssh-server-7.4p1-21.el7.x86_64    httpd-2.4.6-93.el7.centos.x86_64
        1:mariadb-5.5.65-1.el7.x86_64         1:mariadb-libs-5.5.65-1.el7.x86_64
        dovecot-2.3.10-1.el7.sme.x86_64       spamassassin-3.4.6~rc1-1.el7.sme.noarch
        qmail-1.03-24.el7.sme.x86_64          daemontools-0.76-13.el7.sme.x86_64
        smeserver-release-10.0-0.alpha5.noarch
        e-smith-base-5.8.1-4.el7.sme.noarch   e-smith-lib-2.6.0-7.el7.sme.noarch
        smeserver-yum-2.7.0-5.el7.sme.noarch  smeserver-locale-2.7.0-20.el7.sme.noarch
        smeserver-php-3.0.0-42.el7.sme.noarch smeserver-mysql-2.7.0-11.el7.sme.noarch
        smeserver-manager-0.1.4-2.el7.sme.noarch
        smeserver-support-3.0.0-6.el7.sme.noarch
        smeserver-qpsmtpd-2.7.0-9.el7.sme.noarch
    """,
    # newer than smeos, but for smeserver-yum, which lies in both, byte for byte
    "smeupdates": """
        bash-4.2.46-35.el7_9.x86_64           tzdata-2021a-1.el7.noarch
        kernel-3.10.0-1160.31.1.el7.x86_64    smeserver-yum-2.7.0-5.el7.sme.noarch
        1:openssl-1.0.2k-21.el7_9.x86_64      1:openssl-libs-1.0.2k-21.el7_9.x86_64
        e-smith-base-5.8.1-5.el7.sme.noarch   spamassassin-3.4.6-1.el7.sme.noarch
        smeserver-php-3.0.0-45.el7.sme.noarch
    """,
    # newer still; dovecot by its epoch alone. smeserver-release follows release.toml
    "smeupdates-testing": """
        tzdata-2021e-1.el7.noarch             1:dovecot-2.2.36-8.el7.sme.x86_64
        e-smith-base-5.8.1-6.el7.sme.noarch   smeserver-locale-2.7.0-21.el7.sme.noarch
        smeserver-qpsmtpd-2.7.0-10.el7.sme.noarch
    """,
    # for developers: smeserver-nextcloud is nowhere else, the others are newer than anywhere else
    "smetest": """
        smeserver-nextcloud-1.2.0-8.el7.sme.noarch
        smeserver-manager-0.1.5~beta2-1.el7.sme.noarch
        e-smith-base-5.8.1-7.el7.sme.noarch
    """,
    # upstream; the last eight are staged nowhere, and openssl is newer than ours
    "centos": """
        bash-4.2.46-34.el7.x86_64             bash-4.2.46-35.el7_9.x86_64
        glibc-2.17-317.el7.x86_64             glibc-2.17-317.el7.i686
        kernel-3.10.0-1160.31.1.el7.x86_64    zlib-1.2.7-18.el7.x86_64
        1:openssl-1.0.2k-25.el7_9.x86_64      1:openssl-libs-1.0.2k-25.el7_9.x86_64
        nano-2.3.1-10.el7.x86_64              zlib-1.2.7-18.el7.i686
        libtevent-0.9.39-1.el7.x86_64         perl-Taint-Util-0.08-1.el7.x86_64
        samba-4.10.16-13.el7_9.x86_64         anaconda-21.48.22.159-1.el7.centos.x86_64
    """,
    # what the installer's images are made from, never on a medium
    "smeextras": """
        anaconda-21.48.22.159-2.el7.sme.x86_64
    """,
    # upstream's update mirror, no tier: newer than ours, and as new as ours
    "updates": """
        1:openssl-1.0.2k-26.el7_9.x86_64      1:openssl-libs-1.0.2k-26.el7_9.x86_64
        tzdata-2021e-1.el7.noarch             nano-2.3.1-10.el7.x86_64
    """,
}

SME = "e-smith-lib >= 2.6.0, /usr/bin/perl"
FACTS = {
    "setup": PackageFacts("", files="/etc/passwd, /etc/group"),
    "filesystem": PackageFacts("setup"),
    "basesystem": PackageFacts("setup, filesystem"),
    "tzdata": PackageFacts(""),
    "glibc": PackageFacts("glibc-common = {evr}, basesystem, libgcc", "libc.so.6(GLIBC_2.4){bits}, libc.so.6(){bits}"),
    "glibc-common": PackageFacts("tzdata >= 2003a", source="glibc"),
    "libgcc": PackageFacts("", "libgcc_s.so.1(){bits}", source="gcc"),
    "libstdc++": PackageFacts("libgcc, libc.so.6(){bits}", "libstdc++.so.6(){bits}", source="gcc"),
    "bash": PackageFacts(LIBC, files="/bin/sh, /usr/bin/bash"),
    "coreutils": PackageFacts(f"{LIBC}, /bin/sh", files="/usr/bin/env, /usr/bin/cp"),
    "zlib": PackageFacts("libc.so.6(){bits}", "libz.so.1(){bits}"),
    "openssl-libs": PackageFacts(f"{LIBC}, libz.so.1()(64bit)", "libcrypto.so.10()(64bit)", source="openssl"),
    "openssl": PackageFacts("openssl-libs = {evr}, coreutils", files="/usr/bin/openssl"),
    "perl": PackageFacts(LIBC, "perl(strict)", files="/usr/bin/perl"),
    "python": PackageFacts(LIBC, "python(abi) = 2.7", files="/usr/bin/python"),
    "systemd": PackageFacts(f"{LIBC}, util-linux, coreutils", files="/usr/bin/systemctl"),
    "util-linux": PackageFacts(f"{LIBC}, coreutils", files="/usr/bin/mount"),
    "rpm": PackageFacts(f"{LIBC}, libz.so.1()(64bit), coreutils", files="/usr/bin/rpm"),
    "yum": PackageFacts("rpm >= 4.11.3, /usr/bin/python, python(abi) = 2.7", files="/usr/bin/yum"),
    "kernel": PackageFacts("dracut >= 033, coreutils", "kernel-x86_64 = {evr}"),
    "dracut": PackageFacts("bash >= 4, util-linux, systemd >= 219", files="/usr/bin/dracut"),
    "grub2": PackageFacts("grub2-tools = {evr}"),
    "grub2-tools": PackageFacts(f"{LIBC}, /bin/sh", files="/usr/sbin/grub2-install", source="grub2"),
    "grub2-efi-x64": PackageFacts("grub2-tools = {evr}", source="grub2"),
    "shim-x64": PackageFacts("", source="shim-signed"),
    "efibootmgr": PackageFacts(LIBC, files="/usr/sbin/efibootmgr"),
    "authconfig": PackageFacts("/usr/bin/python, openssl", files="/usr/sbin/authconfig"),
    "firewalld": PackageFacts("/usr/bin/python, systemd", files="/usr/sbin/firewalld", conflicts="iptables-services"),
    "xfsprogs": PackageFacts(LIBC, files="/usr/sbin/mkfs.xfs"),
    "e2fsprogs": PackageFacts(LIBC, files="/usr/sbin/mkfs.ext4"),
    "lvm2": PackageFacts("device-mapper >= 7:1.02.170, systemd", files="/usr/sbin/lvm"),
    "device-mapper": PackageFacts(LIBC, "libdevmapper.so.1.02()(64bit)", source="lvm2"),
    "openssh-server": PackageFacts("libcrypto.so.10()(64bit), systemd", files="/usr/sbin/sshd", source="openssh"),
    "httpd": PackageFacts("libcrypto.so.10()(64bit), systemd", "webserver", files="/usr/sbin/httpd"),
    "mariadb": PackageFacts("mariadb-libs = {evr}, perl(strict)", files="/usr/bin/mysql"),
    "mariadb-libs": PackageFacts("libcrypto.so.10()(64bit)", source="mariadb", conflicts="mysql-libs < 5.5"),
    "dovecot": PackageFacts("libcrypto.so.10()(64bit), systemd", "imapserver", files="/usr/sbin/dovecot"),
    "spamassassin": PackageFacts("perl(strict), coreutils", files="/usr/bin/spamassassin"),
    "qmail": PackageFacts("daemontools, openssl-libs >= 1:1.0.2", "smtpdaemon", files="/usr/lib/sendmail"),
    "daemontools": PackageFacts(LIBC, files="/usr/bin/svc"),
    "smeserver-release": PackageFacts("", "redhat-release, system-release(releasever) = 7", "/etc/e-smith-release"),
    "e-smith-lib": PackageFacts("/usr/bin/perl, perl(strict)", "perl(esmith::util)"),
    "e-smith-base": PackageFacts(
        f"{SME}, smeserver-release, lvm2, openssh-server, smtpdaemon", files="/sbin/e-smith/config"
    ),
    "smeserver-yum": PackageFacts(f"{SME}, yum >= 3.4.3"),
    "smeserver-locale": PackageFacts("smeserver-manager >= 0.1.4"),
    "smeserver-php": PackageFacts(f"{SME}, webserver"),
    "smeserver-mysql": PackageFacts(f"{SME}, mariadb >= 1:5.5.60", obsoletes="e-smith-mysql < 2.7.0"),
    "smeserver-manager": PackageFacts(f"{SME}, perl(esmith::util), httpd >= 2.4.6"),
    "smeserver-support": PackageFacts(f"{SME}, e-smith-base >= 5.8.1-4"),
    "smeserver-qpsmtpd": PackageFacts(
        f"{SME}, qmail, spamassassin >= 3.4.6~rc1", obsoletes="e-smith-qmailanalog < 1.2"
    ),
    "smeserver-nextcloud": PackageFacts(f"{SME}, smeserver-php >= 3.0.0-43, smeserver-mysql"),
    "anaconda": PackageFacts("python(abi) = 2.7, systemd", files="/usr/sbin/anaconda"),
    "samba": PackageFacts("libtevent.so.0()(64bit), systemd", files="/usr/sbin/smbd"),
    "libtevent": PackageFacts(LIBC, "libtevent.so.0()(64bit)"),
    "perl-Taint-Util": PackageFacts("perl(strict)", "perl(Taint::Util)"),
}
# Source package -> its changelog, newest first: day, author, version-release, text.
HISTORY = {
    "e-smith-base": (
        ("2021-05-28", BEN, "5.8.1-7.el7.sme", "- try another network template [SME: 11563]"),
        ("2021-05-20", ADA, "5.8.1-6.el7.sme", "- wait for the network before the first boot [SME: 11548]"),
        (
            "2021-04-02",
            BEN,
            "5.8.1-5.el7.sme",
            "- accept longer host names [SME: 11471]\n- mend the console [SME: 11402]",
        ),
        ("2021-01-15", ADA, "5.8.1-4.el7.sme", "- first build for SME 10 [SME: 11001]"),
    ),
    "smeserver-php": (
        ("2021-03-19", ADA, "3.0.0-45.el7.sme", "- keep sessions when the pool restarts [SME: 11440]"),
        ("2021-03-01", ADA, "3.0.0-43.el7.sme", "- allow PHP 8.0 pools [SME: 11399]"),
        ("2020-12-24", BEN, "3.0.0-42.el7.sme", "- first build for SME 10 [SME: 10980]"),
    ),
    "smeserver-locale": (
        ("2021-05-30", BEN, "2.7.0-21.el7.sme", "- translations of 2021-05-29: de, fr, it, pt_BR [SME: 11570]"),
        ("2020-11-08", BEN, "2.7.0-20.el7.sme", "- translations of 2020-11-08 [SME: 10877]"),
    ),
    "smeserver-qpsmtpd": (
        ("2021-05-25", ADA, "2.7.0-10.el7.sme", "- refuse HELO with our own name [SME: 11560] [SME: 9873]"),
        ("2020-10-02", ADA, "2.7.0-9.el7.sme", "- first build for SME 10 [SME: 10610]"),
    ),
    "spamassassin": (
        ("2021-04-15", BEN, "3.4.6-1.el7.sme", "- release 3.4.6 [SME: 11502]"),
        ("2021-03-30", BEN, "3.4.6~rc1-1.el7.sme", "- try the release candidate [SME: 11466]"),
    ),
    "dovecot": (
        ("2021-05-18", ADA, "2.2.36-8.el7.sme", "- back to upstream's branch, with an epoch [SME: 11541]"),
        ("2020-09-09", ADA, "2.3.10-1.el7.sme", "- import 2.3.10 [SME: 10540]"),
    ),
    "kernel": (
        ("2021-05-13", UPSTREAM, "3.10.0-1160.31.1.el7", "- check before the last fragment is freed [1949560]"),
        ("2020-08-18", UPSTREAM, "3.10.0-1160.el7", "- release for 7.9 [1860000]"),
        ("2020-02-18", UPSTREAM, "3.10.0-1127.el7", "- release for 7.8 [1790000]"),
    ),
    "bash": (
        ("2021-04-27", UPSTREAM, "4.2.46-35.el7_9", "- a trap no longer forgets its signal [1890888]"),
        ("2019-08-07", UPSTREAM, "4.2.46-34.el7", "- clear the environment of a login shell [1693181]"),
    ),
}
GROUPS = (
    CompsGroup(
        "core",
        "Core",
        "The smallest system that SME Server {title} runs on",
        visible=False,
        mandatory="basesystem bash coreutils filesystem glibc openssh-server rpm setup systemd util-linux yum",
        default="authconfig e2fsprogs firewalld xfsprogs",
    ),
    CompsGroup(
        "sme-base",
        "SME Server 10.0 base",
        "Everything that makes a SME Server {title}: its kernel, boot loaders and services",
        visible=True,
        mandatory="dracut e-smith-base efibootmgr grub2 grub2-efi-x64 grub2-tools kernel lvm2 shim-x64"
        " smeserver-locale smeserver-manager smeserver-release smeserver-support smeserver-yum",
        default="httpd smeserver-mysql smeserver-php",
    ),
    CompsGroup(
        "sme-mail",
        "SME Server 10.0 mail",
        "Mail for SME Server {title}, for those who want it on this machine",
        visible=True,
        mandatory="",
        default="dovecot qmail smeserver-qpsmtpd",
        optional="spamassassin",
    ),
)
SME_10 = Catalogue(
    before="10.0",
    tiers=TIERS,
    facts=FACTS,
    history=HISTORY,
    groups=GROUPS,
    previous=("smeos",),
    compression="xz",
    mirrors=("centos", "updates"),
    respelled={},
)
