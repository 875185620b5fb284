# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice packages of Enterprise Linux 8, as SME Server 11 has them: upstream's lie in BaseOS and AppStream."""

from __future__ import annotations

from smedoit.sample.package_facts import ADA, BEN, LIBC, UPSTREAM, Catalogue, CompsGroup, History, PackageFacts

DIST = ".el8.sme"
# Koozali's own; smeserver-release of this release lies in smeupdates-testing besides
OWN = {
    "smeos": """
        qmail-1.03-24{dist}.x86_64                  daemontools-0.76-13{dist}.x86_64
        dovecot-2.3.21-7{dist}.x86_64               smeserver-release-{before}-1.noarch
        smeserver-base-{major}.0.0-4{dist}.noarch   smeserver-lib-{major}.0.0-7{dist}.noarch
        smeserver-update-{major}.0.0-41{dist}.noarch
        smeserver-locale-{major}.0.0-20{dist}.noarch
        smeserver-php-{major}.0.0-42{dist}.noarch   smeserver-mysql-{major}.0.0-11{dist}.noarch
        smeserver-manager-{major}.0.0-2{dist}.noarch
        smeserver-support-{major}.0.0-6{dist}.noarch
        smeserver-qpsmtpd-{major}.0.0-9{dist}.noarch
    """,
    "smeupdates-testing": """
        1:dovecot-2.3.20-8{dist}.x86_64             smeserver-base-{major}.0.0-6{dist}.noarch
        smeserver-locale-{major}.0.0-21{dist}.noarch
        smeserver-php-{major}.0.0-45{dist}.noarch   smeserver-qpsmtpd-{major}.0.0-10{dist}.noarch
    """,
    "smetest": """
        smeserver-manager-{major}.0.1~beta2-1{dist}.noarch
        smeserver-base-{major}.0.0-7{dist}.noarch
    """,
    "smedev": "smeserver-devtools-{major}.0.0-3{dist}.noarch",
    "smecontribs": "smeserver-nextcloud-{major}.0.0-8{dist}.noarch",
    "smecontribs-testing": "smeserver-nextcloud-{major}.0.0-9{dist}.noarch",
    "smeaddons": "smeserver-dhcpmanager-{major}.0.0-5{dist}.noarch",
}
UPSTREAM_TIERS = {
    "baseos": """
        setup-2.12.2-9.el8.noarch               filesystem-3.8-6.el8.x86_64
        basesystem-11-5.el8.noarch              tzdata-2024a-1.el8.noarch
        glibc-2.28-251.el8_10.x86_64            glibc-2.28-251.el8_10.i686
        glibc-common-2.28-251.el8_10.x86_64     glibc-minimal-langpack-2.28-251.el8_10.x86_64
        libgcc-8.5.0-22.el8_10.x86_64           libgcc-8.5.0-22.el8_10.i686
        libstdc++-8.5.0-22.el8_10.x86_64        bash-4.4.20-5.el8.x86_64
        coreutils-8.30-15.el8.x86_64            zlib-1.2.11-25.el8.x86_64
        1:openssl-libs-1.1.1k-12.el8_9.x86_64   1:openssl-1.1.1k-12.el8_9.x86_64
        4:perl-libs-5.26.3-422.el8.x86_64       4:perl-interpreter-5.26.3-422.el8.x86_64
        python3-libs-3.6.8-62.el8_10.x86_64     platform-python-3.6.8-62.el8_10.x86_64
        systemd-239-82.el8_10.x86_64            util-linux-2.32.1-46.el8.x86_64
        rpm-4.14.3-31.el8.x86_64                dnf-4.7.0-20.el8.noarch
        yum-4.7.0-20.el8.noarch                 authselect-1.2.6-2.el8.x86_64
        kernel-4.18.0-553.el8_10.x86_64         kernel-core-4.18.0-553.el8_10.x86_64
        kernel-modules-4.18.0-553.el8_10.x86_64 dracut-049-233.git20240115.el8.x86_64
        1:grub2-pc-2.02-156.el8.x86_64          1:grub2-common-2.02-156.el8.noarch
        1:grub2-tools-2.02-156.el8.x86_64       1:grub2-tools-minimal-2.02-156.el8.x86_64
        1:grub2-efi-x64-2.02-156.el8.x86_64     shim-x64-15.8-4.el8_9.x86_64
        efibootmgr-16-1.el8.x86_64              firewalld-0.9.11-9.el8_10.noarch
        chrony-4.5-1.el8.x86_64                 xfsprogs-5.0.0-12.el8.x86_64
        e2fsprogs-1.45.6-5.el8.x86_64           dosfstools-4.1-6.el8.x86_64
        8:lvm2-2.03.14-14.el8_10.x86_64         8:device-mapper-1.02.181-14.el8_10.x86_64
        mdadm-4.2-14.el8.x86_64                 cryptsetup-2.3.7-7.el8.x86_64
        openssh-server-8.0p1-25.el8_10.x86_64   nano-2.9.8-3.el8_10.x86_64
    """,
    # php in two streams of one module
    "appstream": """
        httpd-2.4.37-65.el8.x86_64              mod_http2-1.15.7-10.el8.x86_64
        3:mariadb-10.3.39-1.el8.x86_64          spamassassin-3.4.6-1.el8.noarch
        php-7.4.33-1.module_el8.x86_64          php-8.2.25-1.module_el8.x86_64
        php-cli-7.4.33-1.module_el8.x86_64      php-cli-8.2.25-1.module_el8.x86_64
        php-common-7.4.33-1.module_el8.x86_64   php-common-8.2.25-1.module_el8.x86_64
        php-fpm-7.4.33-1.module_el8.x86_64      php-fpm-8.2.25-1.module_el8.x86_64
        15:qemu-guest-agent-6.2.0-53.el8.x86_64 langpacks-en-1.0-12.el8.noarch
        anaconda-33.16.10.5-1.el8.x86_64
    """,
    "powertools": "lua-devel-5.3.4-12.el8.x86_64",
    "extras": "epel-release-8-18.el8.noarch",
    "smeextras": "anaconda-33.16.10.5-2.el8.sme.x86_64",
}
MIRRORS = ("baseos", "appstream", "powertools", "crb", "extras")
SOURCES = {"baseos-source": "baseos", "appstream-source": "appstream"}
BOOT = "dracut >= 049, coreutils"


def dnf_facts(major: int, python: str, crypto: str, efi: str = "rocky") -> dict[str, PackageFacts]:
    """Return what holds for the packages of a base that has dnf.

    major   of the base
    python  version of its Python
    crypto  name of openssl's library
    efi     the directory of its boot loaders below EFI/
    """
    library, loaders = f"{crypto}()(64bit)", f"/boot/efi/EFI/{efi}"
    sme = "smeserver-lib, /usr/bin/perl"
    return {
        "setup": PackageFacts("", files="/etc/passwd, /etc/group"),
        "filesystem": PackageFacts("setup"),
        "basesystem": PackageFacts("setup, filesystem"),
        "tzdata": PackageFacts(""),
        "glibc": PackageFacts(
            "glibc-common = {evr}, basesystem, libgcc, glibc-langpack = {evr}",
            "libc.so.6(GLIBC_2.4){bits}, libc.so.6(){bits}",
        ),
        "glibc-common": PackageFacts("tzdata >= 2003a", source="glibc"),
        "glibc-minimal-langpack": PackageFacts("", "glibc-langpack = {evr}", source="glibc"),
        "libgcc": PackageFacts("", "libgcc_s.so.1(){bits}", source="gcc"),
        "libstdc++": PackageFacts("libgcc, libc.so.6(){bits}", "libstdc++.so.6(){bits}", source="gcc"),
        "bash": PackageFacts(LIBC, files="/bin/sh, /usr/bin/bash"),
        "coreutils": PackageFacts(f"{LIBC}, {library}", files="/usr/bin/env, /usr/bin/cp"),
        "zlib": PackageFacts("libc.so.6(){bits}", "libz.so.1(){bits}"),
        "openssl-libs": PackageFacts(f"{LIBC}, libz.so.1()(64bit)", library, source="openssl"),
        "openssl": PackageFacts("openssl-libs = {evr}, coreutils", files="/usr/bin/openssl"),
        "perl-libs": PackageFacts(LIBC, "perl(strict), perl(warnings)", source="perl"),
        "perl-interpreter": PackageFacts("perl-libs = {evr}", files="/usr/bin/perl", source="perl"),
        "python3-libs": PackageFacts(f"{LIBC}, {library}", f"python(abi) = {python}", source="python3"),
        "platform-python": PackageFacts("python3-libs = {evr}", files="/usr/libexec/platform-python", source="python3"),
        "systemd": PackageFacts(f"{LIBC}, util-linux, coreutils", files="/usr/bin/systemctl"),
        "util-linux": PackageFacts(f"{LIBC}, coreutils", files="/usr/bin/mount"),
        "rpm": PackageFacts(f"{LIBC}, libz.so.1()(64bit), coreutils", files="/usr/bin/rpm"),
        "dnf": PackageFacts(f"rpm, python(abi) = {python}", files="/usr/bin/dnf"),
        "yum": PackageFacts("dnf = {evr}", files="/usr/bin/yum", source="dnf"),
        "authselect": PackageFacts(LIBC, files="/usr/bin/authselect"),
        "kernel": PackageFacts("kernel-core = {evr}, kernel-modules = {evr}", "kernel-x86_64 = {evr}"),
        "kernel-core": PackageFacts(BOOT, "kernel-core-uname-r = {evr}", source="kernel"),
        "kernel-modules": PackageFacts("kernel-core = {evr}", source="kernel"),
        "dracut": PackageFacts("bash >= 4, util-linux, systemd >= 219", files="/usr/bin/dracut"),
        "grub2-common": PackageFacts("", source="grub2"),
        "grub2-tools": PackageFacts(
            f"{LIBC}, /bin/sh, grub2-common = {{evr}}, grub2-tools-minimal = {{evr}}",
            files="/usr/sbin/grub2-install",
            source="grub2",
        ),
        "grub2-tools-minimal": PackageFacts(f"{LIBC}, grub2-common = {{evr}}", source="grub2"),
        "grub2-pc": PackageFacts("grub2-tools = {evr}", "grub2 = {evr}", obsoletes="grub2 < {evr}", source="grub2"),
        "grub2-efi-x64": PackageFacts("grub2-common = {evr}", files=f"{loaders}/grubx64.efi", source="grub2"),
        "shim-x64": PackageFacts("", files=f"{loaders}/shimx64.efi, /boot/efi/EFI/BOOT/BOOTX64.EFI", source="shim"),
        "efibootmgr": PackageFacts(LIBC, files="/usr/sbin/efibootmgr"),
        "firewalld": PackageFacts(
            f"python(abi) = {python}, systemd", files="/usr/sbin/firewalld", conflicts="iptables-services"
        ),
        "chrony": PackageFacts(f"{LIBC}, systemd", files="/usr/sbin/chronyd"),
        "xfsprogs": PackageFacts(LIBC, files="/usr/sbin/mkfs.xfs"),
        "e2fsprogs": PackageFacts(LIBC, files="/usr/sbin/mkfs.ext4"),
        "dosfstools": PackageFacts(LIBC, files="/usr/sbin/mkfs.fat"),
        "mdadm": PackageFacts(f"{LIBC}, systemd", files="/usr/sbin/mdadm"),
        "cryptsetup": PackageFacts(library, files="/usr/sbin/cryptsetup"),
        "lvm2": PackageFacts("device-mapper >= 1.02, systemd", files="/usr/sbin/lvm"),
        "device-mapper": PackageFacts(LIBC, "libdevmapper.so.1.02()(64bit)", source="lvm2"),
        "openssh-server": PackageFacts(f"{library}, systemd", files="/usr/sbin/sshd", source="openssh"),
        "httpd": PackageFacts(f"{library}, systemd", "webserver", files="/usr/sbin/httpd", recommends="mod_http2"),
        "mod_http2": PackageFacts("httpd"),
        "mariadb": PackageFacts(f"{library}, perl(strict)", files="/usr/bin/mysql"),
        "php": PackageFacts("php-common = {evr}, webserver", recommends="php-fpm = {evr}"),
        "php-cli": PackageFacts("php-common = {evr}", files="/usr/bin/php", source="php"),
        "php-common": PackageFacts(LIBC, source="php"),
        "php-fpm": PackageFacts("php-common = {evr}, systemd", files="/usr/sbin/php-fpm", source="php"),
        "qemu-guest-agent": PackageFacts(f"{LIBC}, systemd", files="/usr/bin/qemu-ga", source="qemu-kvm"),
        "langpacks-en": PackageFacts("", source="langpacks"),
        "lua-devel": PackageFacts(LIBC, source="lua"),
        "dovecot": PackageFacts(f"{library}, systemd", "imapserver", files="/usr/sbin/dovecot"),
        "spamassassin": PackageFacts("perl(strict), coreutils", files="/usr/bin/spamassassin"),
        "qmail": PackageFacts("daemontools, openssl-libs >= 1:1.1", "smtpdaemon", files="/usr/lib/sendmail"),
        "daemontools": PackageFacts(LIBC, files="/usr/bin/svc"),
        "smeserver-release": PackageFacts(
            "", f"redhat-release, system-release, system-release(releasever) = {major}", "/etc/e-smith-release"
        ),
        "smeserver-lib": PackageFacts("/usr/bin/perl, perl(strict)", "perl(esmith::util)"),
        "smeserver-base": PackageFacts(
            f"{sme}, smeserver-release, lvm2, openssh-server, smtpdaemon",
            files="/sbin/e-smith/config",
            obsoletes="e-smith-base < 11",
        ),
        "smeserver-update": PackageFacts(f"{sme}, dnf", obsoletes="smeserver-yum < 11"),
        "smeserver-locale": PackageFacts("smeserver-manager"),
        "smeserver-php": PackageFacts(f"{sme}, webserver, php-cli >= 7.4"),
        "smeserver-mysql": PackageFacts(f"{sme}, mariadb >= 3:10.3"),
        "smeserver-manager": PackageFacts(f"{sme}, perl(esmith::util), httpd >= 2.4"),
        "smeserver-support": PackageFacts(f"{sme}, smeserver-base"),
        "smeserver-qpsmtpd": PackageFacts(f"{sme}, qmail, spamassassin >= 3.4.6"),
        "smeserver-nextcloud": PackageFacts(f"{sme}, smeserver-php, smeserver-mysql"),
        "smeserver-devtools": PackageFacts(sme),
        "smeserver-dhcpmanager": PackageFacts(sme),
        "anaconda": PackageFacts(f"python(abi) = {python}, systemd", files="/usr/sbin/anaconda"),
    }


def own_tiers(major: int, before: str, dist: str) -> dict[str, str]:
    """Return what Koozali's own tiers hold in a major."""
    return {tier: names.format(major=major, before=before, dist=dist) for tier, names in OWN.items()}


def own_history(major: int, dist: str) -> dict[str, History]:
    """Return the changelogs of a major that tell of bugs."""
    release = f"{major}.0.0-"
    return {
        "smeserver-base": (
            ("2021-05-28", BEN, f"{release}7{dist}", "- try another network template [SME: 11563]"),
            ("2021-05-20", ADA, f"{release}6{dist}", "- wait for the network before the first boot [SME: 11548]"),
            ("2021-04-02", BEN, f"{release}5{dist}", "- accept longer host names [SME: 11471]"),
            ("2021-01-15", ADA, f"{release}4{dist}", f"- first build for SME {major} [SME: 11001]"),
        ),
        "smeserver-php": (
            ("2021-03-19", ADA, f"{release}45{dist}", "- keep sessions when the pool restarts [SME: 11440]"),
            ("2021-03-01", ADA, f"{release}43{dist}", "- allow PHP 8.2 pools [SME: 11399]"),
            ("2020-12-24", BEN, f"{release}42{dist}", f"- first build for SME {major} [SME: 10980]"),
        ),
        "smeserver-locale": (
            ("2021-05-30", BEN, f"{release}21{dist}", "- translations of 2021-05-29: de, fr, it, pt_BR [SME: 11570]"),
            ("2020-11-08", BEN, f"{release}20{dist}", "- translations of 2020-11-08 [SME: 10877]"),
        ),
        "smeserver-qpsmtpd": (
            ("2021-05-25", ADA, f"{release}10{dist}", "- refuse HELO with our own name [SME: 11560] [SME: 9873]"),
            ("2020-10-02", ADA, f"{release}9{dist}", f"- first build for SME {major} [SME: 10610]"),
        ),
        "dovecot": (
            ("2021-05-18", ADA, f"2.3.20-8{dist}", "- back to upstream's branch, with an epoch [SME: 11541]"),
            ("2020-09-09", ADA, f"2.3.21-7{dist}", "- import 2.3.21 [SME: 10540]"),
        ),
    }


def respelled_texts(major: int, before: str, dist: str, anaconda: str) -> dict[str, str]:
    """Return words in the texts of SME Server 10 -> how they read in a major."""
    return {
        "10.0": before,
        "e-smith-base-5.8.1": f"smeserver-base-{major}.0.0",
        "smeserver-locale-2.7.0": f"smeserver-locale-{major}.0.0",
        "dovecot-1:2.2.36": "dovecot-1:2.3.20",
        "21.48.22.159": anaconda,
        ".el7.centos": dist.removesuffix(".sme"),
        ".el7.sme": dist,
    }


def module_labels(major: int) -> dict[str, str]:
    """Return NAME-VERSION -> build of its module, for a major of Enterprise Linux."""
    return {
        f"{name}-{version}": f"php:{stream}:{major}100020241101000000:c1d2e3f4"
        for name in ("php", "php-cli", "php-common", "php-fpm")
        for stream, version in (("7.4", "7.4.33"), ("8.2", "8.2.25"))
    }


GROUPS = (
    CompsGroup(
        "core",
        "Core",
        "The smallest system that SME Server {title} runs on",
        visible=False,
        mandatory="basesystem bash coreutils dnf filesystem glibc openssh-server rpm setup systemd util-linux yum",
        default="authselect chrony e2fsprogs firewalld xfsprogs",
    ),
    CompsGroup(
        "sme-base",
        "SME Server 10.0 base",
        "Everything that makes a SME Server {title}: its kernel, boot loaders and services",
        visible=True,
        mandatory="dracut efibootmgr grub2-efi-x64 grub2-pc grub2-tools kernel lvm2 shim-x64 smeserver-base"
        " smeserver-locale smeserver-manager smeserver-release smeserver-support smeserver-update",
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
    CompsGroup(
        "platform-kvm",
        "Virtual machine",
        "What the installer adds where it runs in a virtual machine",
        visible=False,
        mandatory="qemu-guest-agent",
        optional="langpacks-en",
    ),
)
SME_11 = Catalogue(
    before="10.1",
    tiers={**own_tiers(11, "10.1", DIST), **UPSTREAM_TIERS},
    facts=dnf_facts(8, "3.6", "libcrypto.so.1.1"),
    history={
        **own_history(11, DIST),
        "kernel": (("2024-05-14", UPSTREAM, "4.18.0-553.el8_10", "- release for 8.10 [2270000]"),),
    },
    groups=GROUPS,
    previous=("smeos", "baseos", "appstream"),
    compression="xz",
    mirrors=MIRRORS,
    respelled=respelled_texts(11, "10.1", DIST, "33.16.10.5"),
    modules=module_labels(8),
    sources=SOURCES,
)
