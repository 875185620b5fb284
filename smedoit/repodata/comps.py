# SPDX-License-Identifier: GPL-3.0-or-later
"""comps.xml: the groups that the installer offers, read with libcomps and checked against the packages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smedoit.errors import ContentError, format_grouped
from smedoit.runtime import foreign

HINT = "xmllint shows the place"
FLAGS = ("default", "uservisible", "biarchonly", "display_order")  # empty, they crash anaconda and libcomps
PACKAGE_TYPES = ("mandatory", "default", "optional", "conditional")  # without a type, yum takes the first
HARMLESS = re.compile(r"<description> content missing|Element description is required|packagelist is empty")  # to yum
INT_MAX = (1 << 31) - 1
CORE = "core"  # anaconda always installs this group, and crashes without it


@dataclass(frozen=True)
class Comps:
    """The groups with the package names they list, and the environments with the groups they name."""

    groups: Mapping[str, tuple[str, ...]]
    environments: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class InstallSet:
    """What an installation begins with: an environment, and perhaps one optional group beside it.

    name         for messages
    members      package name -> the group that brings it, mandatory and default ones alike
    conditional  package name -> the package with which it comes
    """

    name: str
    members: Mapping[str, str]
    conditional: Mapping[str, str]


def parse_comps(text: str, file: Path) -> Comps:
    """Return what comps.xml says. Raises ContentError if it is not valid comps."""
    comps = _load_comps(text, file)
    return Comps(
        {group.id: tuple(package.name for package in group.packages) for group in comps.groups},
        {
            environment.id: tuple(named.name for named in (*environment.group_ids, *environment.option_ids))
            for environment in comps.environments
        },
    )


def check_comps(comps: Comps, names: Collection[str], allowed: Collection[str], file: Path) -> None:
    """Raise ContentError for all that the installer would crash on, or would skip without a message.

    names    of the packages on the medium
    allowed  names that may be absent, by [groups] allow_missing
    """
    complaints: dict[str, list[str]] = {}
    if CORE not in comps.groups:
        complaints["has no group core, without which the installer crashes"] = ["add <group><id>core</id>…"]
    if not comps.environments:
        complaints["has no environment, so nothing could be chosen to install"] = ["add <environment>…"]
    for environment, groups in comps.environments.items():
        for group in sorted(set(groups) - set(comps.groups)):
            complaints.setdefault("names groups that it does not have", []).append(f"{group} in {environment}")
    for kind, named in (("a group", comps.groups), ("an environment", comps.environments)):
        if empty := [id for id, names_of in named.items() if not names_of]:
            complaints[f"has {kind} that names nothing"] = empty
    for group, listed in comps.groups.items():
        for name in sorted(set(listed) - set(names) - set(allowed)):
            complaints.setdefault("names packages that are not on the medium", []).append(f"{name} in group {group}")
    if complaints:
        raise ContentError(
            f"{file}:\n{format_grouped(complaints)}",
            hint="correct comps, promote the package into a staged tier, or allow it in [groups] allow_missing",
        )


def list_comps_groups(text: str, file: Path) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return (id, name, description, names of packages) of every group. Raises ContentError."""
    return [
        (group.id, group.name or group.id, group.desc or "", tuple(package.name for package in group.packages))
        for group in _load_comps(text, file).groups
    ]


def list_install_sets(text: str, file: Path) -> list[InstallSet]:
    """Return every installation that the installer offers: each environment alone, then with each optional group.

    core comes with each of them. Optional is what the environment's optionlist names, and every
    visible group that would install something. Raises ContentError if text is not valid comps.
    """
    comps = _load_comps(text, file)
    groups = {group.id: group for group in comps.groups}
    visible = [group.id for group in comps.groups if group.uservisible]
    found = []
    for environment in comps.environments:
        always = [CORE, *(named.name for named in environment.group_ids)]
        found.append(_make_install_set(f"environment {environment.id}", always, groups))
        for extra in dict.fromkeys((*(named.name for named in environment.option_ids), *visible)):
            if extra not in always and _make_install_set("", [extra], groups).members:
                found.append(
                    _make_install_set(f"environment {environment.id} with group {extra}", [*always, extra], groups)
                )
    return found


def _make_install_set(name: str, chosen: Iterable[str], groups: Mapping[str, Any]) -> InstallSet:
    """Return the installation that consists of the chosen groups; one that is not there brings nothing."""
    import libcomps

    members: dict[str, str] = {}
    conditional: dict[str, str] = {}
    for group in (groups[id] for id in chosen if id in groups):
        for package in group.packages:
            if package.type == libcomps.PACKAGE_TYPE_CONDITIONAL:
                conditional[package.name] = package.requires or ""
            elif package.type != libcomps.PACKAGE_TYPE_OPTIONAL:
                members.setdefault(package.name, group.id)
    return InstallSet(name, members, conditional)


def _load_comps(text: str, file: Path) -> Any:
    """Return comps.xml as libcomps has it. Raises ContentError if it is not valid comps."""
    from xml.etree import ElementTree

    import libcomps

    root = _parse_comps_xml(text, file)
    _check_shape(root, file)
    comps = libcomps.Comps()
    try:
        failed = comps.fromxml_str(ElementTree.tostring(root, encoding="unicode")) < 0
    except libcomps.ParserError:
        failed = True
    complaints = [said.strip() for said in comps.get_last_errors() if not HARMLESS.search(said)]
    if failed or complaints:
        raise ContentError(f"{file}: is not valid comps: {[*complaints, 'it is no XML'][0]}", hint=HINT)
    return comps


def _parse_comps_xml(text: str, file: Path) -> Any:
    """Return the root of comps.xml, in whatever encoding its first line declares. Raises ContentError."""
    from xml.etree import ElementTree

    try:
        data = text.encode("utf-8", "surrogateescape")
        foreign.check_xml(data)
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ContentError(f"{file}: is not valid comps: it is no XML, {error}", hint=HINT) from None


def _check_shape(root: Any, file: Path) -> None:
    """Raise ContentError for what crashes yum (a traceback) or libcomps (the whole interpreter), or is passed over."""
    for element in root.iter():
        value = (element.text or "").strip()
        if element.tag in FLAGS and not value:
            raise ContentError(f"{file}: is not valid comps: <{element.tag}> is empty", hint="fill it in or remove it")
        if element.tag == "display_order" and foreign.parse_decimal(value, INT_MAX) is None:
            raise ContentError(f"{file}: is not valid comps: display_order {value[:40]} is none", hint="correct it")
        if element.tag == "match" and not {"name", "install"} <= set(element.keys()):
            raise ContentError(f"{file}: is not valid comps: <match> needs name and install", hint="correct it")
        if element.tag == "packagereq" and element.get("type", PACKAGE_TYPES[0]) not in PACKAGE_TYPES:
            raise ContentError(
                f'{file}: type="{element.get("type")}" of package {value} is no type, and yum would pass over it',
                hint=f"there are {', '.join(PACKAGE_TYPES)}",
            )
    for group in root.iterfind("group"):
        kinds = {required.get("type", PACKAGE_TYPES[0]) for required in group.iter("packagereq")}
        if group.findtext("id", "").strip() == CORE and kinds and not kinds & set(PACKAGE_TYPES[:2]):
            raise ContentError(
                f"{file}: group {CORE} would install nothing, all of its packages are {' or '.join(sorted(kinds))}",
                hint="make those mandatory without which no system starts",
            )
