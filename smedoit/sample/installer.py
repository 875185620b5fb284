# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice content's part in the installer: what product.img and updates.img are made of."""

from __future__ import annotations

from collections.abc import Mapping

from smedoit.bases.enterprise_linux import Base, Configuration
from smedoit.branding.render import set_shell_variables
from smedoit.installer.class_migration import configuration_text, os_release_id

# The wiki's own sample; every word of it is outdated, as it was on the page.
BUILDSTAMP = """\
[Main]
Product=Koozali SME Server
Version=10alpha5
BugURL=https://bugs.koozali.org
IsFinal=False
UUID=alpha5.x86_64
[Compose]
Lorax=19.6.66-1
"""

RELEASE = "SME Server release 10.0\n"
OS_RELEASE = """\
NAME="SME Server"
VERSION="10.0"
ID="centos"
ID_LIKE="rhel fedora"
VERSION_ID="10.0"
PRETTY_NAME="SME Server 10.0"
ANSI_COLOR="0;31"
CPE_NAME="cpe:/o:koozali:sme_server:10.0"
HOME_URL="https://koozali.org/"
BUG_REPORT_URL="https://bugs.koozali.org/"
"""
CPE = "cpe:/o:koozali:sme_server:10.0\n"

INSTALL_CLASS = """\
#
# {file}: {name} install class (practice copy)
#
# Written for the Python 2.7 of anaconda 21; the highest visible sortPriority wins.
#

from pyanaconda.installclass import BaseInstallClass
from pyanaconda.product import productName
from pyanaconda import network
from pyanaconda import nm


class {cls}(BaseInstallClass):
    name = "{name}"
    sortPriority = {priority}
    hidden = {hidden}
    efi_dir = "centos"
    defaultFS = "xfs"
    installUpdates = False
    bootloaderTimeoutDefault = 5
    bootloaderExtraArgs = []
    ignoredPackages = ["ntfsprogs", "reiserfs-utils"]
    _l10n_domain = "comps"
    help_folder = "/usr/share/anaconda/help/rhel"
    help_main_page = "Installation_Guide.xml"

    def configure(self, anaconda):
        BaseInstallClass.configure(self, anaconda)
        self.setDefaultPartitioning(anaconda.storage)

    def setNetworkOnbootDefault(self, ksdata):
        if any(dev.onboot for dev in ksdata.network.network if dev.device):
            return
        for device in nm.nm_devices():
            if nm.nm_device_type_is_ethernet(device) and nm.nm_device_carrier(device):
                network.update_onboot_value(device, True, ksdata=ksdata)
                break

    def __init__(self):
        BaseInstallClass.__init__(self)
"""
CLASSES = {
    "koozali.py": ("InstallClass", "Koozali SME Server", 30000, "False"),
    "centos.py": ("InstallClass", "CentOS Linux", 25000, 'productName.startswith(("Red Hat ", "Fedora "))'),
    "fedora.py": ("FedoraBaseInstallClass", "Fedora", 10000, 'productName.startswith("Red Hat ")'),
}

UPDATES_README = """\
What belongs into updates.img, for SME Server 10.0 (anaconda 21.48.22.159)

This directory is /tmp/updates of the running installer, and run/ in it is /run: anaconda looks
below run/install/updates first. Translations come from a source of their own, not from po. textw,
iw and storage/devicelibs held SME Server 8's patched files; anaconda 21 has no such modules.
This file stays out of updates.img.
"""
GTK_CSS = """\
/* Koozali's colours, read by anaconda after its own style */
@define-color koozali_sky #3a6496;

.logo-sidebar, .logo {
    background-color: @koozali_sky;
}
"""
NEWER_README = """\
What belongs into updates.img, for SME Server 10.0 ({words}, anaconda {anaconda})

What stands below run, usr or etc goes there in the installer; anything else goes where it belongs,
or is refused where the installer would never read it. Translations come from a source of their
own, not from po. This file stays out of updates.img.
"""
NEWER_STAMP = """\
[Main]
Product={product}
Version=10alpha5
BugURL=https://bugs.koozali.org
IsFinal=False
UUID=alpha5.x86_64
"""
EVERYWHERE = """\
# Read last, whatever product it is: what holds for every installation of ours.

[Network]
default_on_boot = FIRST_WIRED_WITH_LINK

[Storage]
file_system_type = xfs
"""
OLD_PLACES = ("updates/po", "updates/textw", "updates/iw", "updates/storage/devicelibs")


def install_class_source(file: str) -> str:
    """Return the Python 2.7 source of one of CLASSES."""
    cls, name, priority, hidden = CLASSES[file]
    return INSTALL_CLASS.format(file=file, cls=cls, name=name, priority=priority, hidden=hidden)


RUN = "product/run/install/product/pyanaconda/installclasses"
SITE = "product/usr/lib64/python2.7/site-packages/pyanaconda/installclasses"
# Path in the content tree -> text.
FILES = {
    "product/.buildstamp": BUILDSTAMP,
    "product/etc/centos-release": RELEASE,
    "product/etc/e-smith-release": RELEASE,
    "product/etc/redhat-release": RELEASE,
    "product/etc/os-release": OS_RELEASE,
    "product/etc/system-release-cpe": CPE,
    f"{RUN}/koozali.py": install_class_source("koozali.py"),
    f"{SITE}/koozali.py": install_class_source("koozali.py"),
    f"{SITE}/centos.py": install_class_source("centos.py"),
    f"{SITE}/fedora.py": install_class_source("fedora.py"),
    "updates/README.txt": UPDATES_README,
    "updates/run/install/updates/anaconda-gtk.css": GTK_CSS,
}


def installer_texts(base: Base, product: str) -> Mapping[str, str]:
    """Return path in the content tree -> text of what the images are made of, for a product that is built on a base."""
    if base.configuration is Configuration.INSTALL_CLASSES:
        return FILES
    place, configuration = configuration_text(base, product, base.upstream.ident)
    ident = os_release_id(product) if base.configuration is Configuration.PROFILES else base.upstream.ident
    platform = {"PLATFORM_ID": base.platform} if base.platform else {}
    kept = ("product/etc/e-smith-release", "product/etc/redhat-release", "product/etc/system-release-cpe")
    return {
        **{name: FILES[name] for name in kept},
        "product/.buildstamp": NEWER_STAMP.format(product=product),
        f"product/etc/{base.upstream.ident}-release": RELEASE,
        "product/etc/os-release": set_shell_variables(OS_RELEASE, {"ID": ident, **platform}),
        f"product/{place}": configuration,
        "product/etc/anaconda/conf.d/90-koozali.conf": EVERYWHERE,
        "updates/README.txt": NEWER_README.format(words=base.words, anaconda=base.anaconda),
        "updates/run/install/updates/anaconda-gtk.css": GTK_CSS,
    }


def old_places(base: Base) -> tuple[str, ...]:
    """Return the empty directories of a content tree that has come a long way."""
    return OLD_PLACES if base.configuration is Configuration.INSTALL_CLASSES else ()
