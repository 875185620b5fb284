# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice content's comps.xml: which packages an installation begins with."""

from __future__ import annotations

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import USUAL
from smedoit.sample.catalogue import find_catalogue
from smedoit.sample.package_facts import CompsGroup

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


def practice_comps(base: Base = USUAL) -> str:
    """Return the comps.xml of a base."""
    catalogue = find_catalogue(base)
    return TOP + catalogue.respell("".join(map(_group_xml, catalogue.groups)) + BOTTOM)


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
