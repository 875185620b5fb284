# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice content's comps.xml: which packages an installation begins with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CompsGroup:
    """One group: what an installer shows of it, and package names by kind."""

    id: str
    name: str
    description: str
    visible: bool
    mandatory: str
    default: str = ""
    optional: str = ""


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
TOP = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
"""
BOTTOM = """\
  <environment>
    <id>sme-server-environment</id>
    <name>SME Server 10.0</name>
    <description>A complete SME Server {title} for small and medium enterprises.</description>
    <display_order>1</display_order>
    <grouplist>
      <groupid>core</groupid>
      <groupid>sme-base</groupid>
    </grouplist>
    <optionlist>
      <groupid>sme-mail</groupid>
    </optionlist>
  </environment>
  <category>
    <id>servers</id>
    <name>Servers</name>
    <description>What SME Server {title} can serve.</description>
    <display_order>10</display_order>
    <grouplist>
      <groupid>sme-base</groupid>
      <groupid>sme-mail</groupid>
    </grouplist>
  </category>
</comps>
"""


def practice_comps() -> str:
    """Return comps.xml."""
    return TOP + "".join(map(_group_xml, GROUPS)) + BOTTOM


def _group_xml(group: CompsGroup) -> str:
    """Return the XML of one group; its texts hold nothing that XML would need escaped."""
    packages = "".join(
        f'      <packagereq type="{kind}">{name}</packagereq>\n'
        for kind in ("mandatory", "default", "optional")
        for name in getattr(group, kind).split()
    )
    return f"""\
  <group>
    <id>{group.id}</id>
    <name>{group.name}</name>
    <description>{group.description}.</description>
    <default>{str(not group.optional).lower()}</default>
    <uservisible>{str(group.visible).lower()}</uservisible>
    <packagelist>
{packages}    </packagelist>
  </group>
"""
