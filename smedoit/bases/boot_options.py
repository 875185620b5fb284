# SPDX-License-Identifier: GPL-3.0-or-later
"""What an installer and its dracut make of the words of a boot line, one value for each base.

Sources: anaconda, pyanaconda/argument_parsing.py, dracut/parse-anaconda-*.sh, docs/boot-options; dracut, dmsquash-live.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class BootOptions:
    """The words of a boot line that an installer knows, and those that it has another word for.

    words     behind inst.
    live      behind rd.live.
    network   kinds of places on the network
    plain     words that an older installer takes without inst. -> what they are now, with it
    warns     whether it warns of a word without inst. that it takes
    replaced  words that it does not know, and another installer does -> what it has instead
    useless   words that it passes over, and another installer does not
    """

    words: frozenset[str]
    live: frozenset[str]
    network: tuple[str, ...]
    plain: Mapping[str, str]
    warns: bool
    replaced: Mapping[str, str]
    useless: frozenset[str]


def _prefixed(prefix: str, words: str) -> frozenset[str]:
    return frozenset(f"{prefix}{word}" for word in words.split())


# anaconda 21.48.22.159; of dracut 033 the installer's own check of the medium is one, too
OPTIONS_OF_EL7 = BootOptions(
    words=_prefixed(
        "inst.",
        """
    armplatform askmethod blacklist cmdline dd debug desktop dhcpclass dirinstall dmraid extlinux geoloc
    geoloc-use-with-ks gpt graphical headless ibft image kexec keymap kickstart ks ks.all ks.device ks.sendmac
    ks.sendsn lang leavebootorder liveinst loglevel mediacheck memcheck memtest method mpath mpathfriendlynames
    multilib nodmraid noeject noibft nokill nombr nomemcheck nomount nompath nonibftiscsiboot nosave noselinux
    noshell nosmt notmux noverifyssl proxy repo rescue resolution root selinux singlelang sshd stage2 stage2.all
    syslog text updates usefbx virtiolog vnc vncconnect vncpassword waitfornet xdriver xtimeout zram
""",
    ),
    live=_prefixed(
        "rd.live.",
        """
    autorun check debug dir image overlay overlay.nouserconfirmprompt overlay.overlayfs overlay.readonly
    overlay.reset overlay.size overlay.thin ram squashimg updates
""",
    ),
    network=("http", "https", "ftp", "nfs", "nfs4", "nfsiso"),
    plain={},
    warns=False,
    replaced={},
    useless=frozenset(),
)
# Without those that mean something to Linux, systemd or dracut: debug, gpt, loglevel, proxy, selinux
PLAIN = """
    addrepo cmdline dd dirinstall dmraid extlinux geoloc graphical keymap kickstart ks lang leavebootorder mediacheck
    method mpath multilib nodmraid noeject nokill nombr nompath noninteractive nosave noshell notmux noverifyssl repo
    rescue resolution singlelang sshd stage2 text updates usefbx virtiolog vnc vncconnect vncpassword waitfornet xdriver
    xtimeout
"""
# anaconda 33.16.10.5, dracut 049
OPTIONS_OF_EL8 = replace(
    OPTIONS_OF_EL7,
    words=OPTIONS_OF_EL7.words
    | _prefixed(
        "inst.",
        """
    addrepo cdrom iscsi.nonibftboot kdump_addon kernel.hung_task_timeout_secs ksstrict noninteractive product remotelog
    variant version wait_for_disks
""",
    ),
    plain={
        **{word: f"inst.{word}" for word in PLAIN.split()},
        "method": "inst.repo",
        "kssendmac": "inst.ks.sendmac",
        "kssendsn": "inst.ks.sendsn",
    },
    warns=True,
    replaced={
        "inst.profile": "inst.product",
        "inst.rdp": "inst.vnc",
        "inst.rdp.password": "inst.vncpassword",
        "inst.disklabel": "inst.gpt",
    },
)
GONE_IN_EL9 = _prefixed("inst.", "loglevel singlelang zram")
# anaconda 34.25.7.19, dracut 055 and what EL 9 has of later ones
OPTIONS_OF_EL9 = replace(
    OPTIONS_OF_EL8,
    words=(OPTIONS_OF_EL8.words - GONE_IN_EL9) | _prefixed("inst.", "net.noautodefault"),
    live=OPTIONS_OF_EL8.live | _prefixed("rd.live.", "overlay.cowfs overlay.img"),
    network=tuple(kind for kind in OPTIONS_OF_EL8.network if kind != "nfsiso"),
    warns=False,
    useless=GONE_IN_EL9,
)
GONE_IN_EL10 = _prefixed("inst.", "blacklist dmraid nodmraid nompath usefbx xdriver")
REPLACED_IN_EL10 = {
    "inst.product": "inst.profile",
    "inst.variant": "inst.profile",
    "inst.vnc": "inst.rdp",
    "inst.vncconnect": "inst.rdp",
    "inst.vncpassword": "inst.rdp.password",
}
# anaconda 40.22.3.57, dracut 105
OPTIONS_OF_EL10 = replace(
    OPTIONS_OF_EL9,
    words=(OPTIONS_OF_EL9.words - GONE_IN_EL10 - frozenset(REPLACED_IN_EL10))
    | _prefixed("inst.", "disklabel profile rdp rdp.password rdp.username sdboot"),
    replaced=REPLACED_IN_EL10,
    useless=GONE_IN_EL9 | GONE_IN_EL10,
)
