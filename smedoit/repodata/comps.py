# SPDX-License-Identifier: GPL-3.0-or-later
"""comps.xml: the groups that the installer offers, read with libcomps and checked against the packages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from smedoit.errors import ContentError, Findings, format_grouped
from smedoit.runtime import foreign

HINT = "correct these lines of comps"
CORE = "core"  # anaconda always installs this group, and crashes without it
KINDS = ("group", "environment", "category")
FLAGS = ("default", "uservisible", "biarchonly", "display_order")  # empty, they crash anaconda and libcomps
NO = ("false", "no", "off", "0")
BOOLEANS = ("true", "false", "yes", "no", "on", "off", "1", "0")  # any other word means false to yum
PACKAGE_TYPES = ("mandatory", "default", "optional", "conditional")  # without a type, yum takes the first
NAMES = ("id", "groupid", "packagereq")  # taken literally, with the blanks around them
TEXTS = ("id", "name", "description")
# Element -> what yum and libcomps look for in it.
CHILDREN = {
    "comps": (*KINDS, "langpacks", "blacklist", "whiteout"),
    "group": (*TEXTS, *FLAGS, "langonly", "lang_only", "packagelist"),
    "environment": (*TEXTS, "display_order", "grouplist", "optionlist"),
    "category": (*TEXTS, "display_order", "grouplist"),
    "packagelist": ("packagereq",),
    "grouplist": ("groupid",),
    "optionlist": ("groupid",),
    "langpacks": ("match",),
}
HARMLESS = re.compile(r"<description> content missing|Element description is required|packagelist is empty")  # to yum
INT_MAX = (1 << 31) - 1


@dataclass(frozen=True)
class Comps:
    """The groups with the package names they list, and the environments with the groups they name."""

    groups: Mapping[str, tuple[str, ...]]
    environments: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Document:
    """comps.xml as XML: its root, and the line of each element."""

    root: Any
    lines: Mapping[Any, int]

    def place(self, element: Any) -> str:
        """Return where an element stands, in words."""
        return f"line {self.lines[element]}"


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
    """Return what comps.xml says. Raises ContentError, with everything that is wrong, if it is not valid comps."""
    comps = _load_comps(text, file)
    return Comps(
        {group.id: tuple(package.name for package in group.packages) for group in comps.groups},
        {
            environment.id: tuple(named.name for named in (*environment.group_ids, *environment.option_ids))
            for environment in comps.environments
        },
    )


def check_comps(text: str, file: Path, names: Collection[str], allowed: Collection[str]) -> Comps:
    """Return what comps.xml says, if neither its form nor its words would crash the installer, or be skipped by it.

    names    of the packages on the medium
    allowed  names that may be absent, globs too, by [groups] allow_missing

    Raises ContentError with all faults at once, each with its line.
    """
    document = _parse_comps_xml(text, file)
    findings = _find_form_faults(document)
    _find_absent_names(document, names, allowed, findings)
    if findings.found:
        raise ContentError(
            f"{file}:\n{format_grouped(findings.found)}",
            hint="correct comps, promote the package into a staged tier, or allow it in [groups] allow_missing",
        )
    return parse_comps(text, file)


def idle_allowances(comps: Comps, names: Collection[str], allowed: Iterable[str]) -> list[str]:
    """Return the entries of [groups] allow_missing that excuse nothing."""
    absent = {name for listed in comps.groups.values() for name in listed} - set(names)
    return [pattern for pattern in allowed if not any(fnmatchcase(name, pattern) for name in absent)]


def list_comps_groups(text: str, file: Path) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return (id, name, description, names of packages) of every group. Raises ContentError."""
    return [
        (group.id, group.name or group.id, group.desc or "", tuple(package.name for package in group.packages))
        for group in _load_comps(text, file).groups
    ]


@dataclass(frozen=True)
class GroupNames:
    """By which names yum finds groups: their ids, and what they are called in any language; and ids of environments."""

    groups: frozenset[str]
    environments: frozenset[str]

    def has_group(self, pattern: str) -> bool:
        """Return whether yum finds a group by an id, a name or a glob, whatever its case."""
        patterns = [part.strip().lower() for part in pattern.split(",")]
        return any(fnmatchcase(name, part) for part in patterns for name in self.groups)


def list_group_names(text: str, file: Path) -> GroupNames:
    """Return the names of groups and environments. Raises ContentError if text is not valid comps."""
    root = _parse_comps_xml(text, file).root
    names = (
        _stripped_text(element).lower()
        for group in root.iterfind("group")
        for element in (*group.iterfind("id"), *group.iterfind("name"))
    )
    environments = (_stripped_text(environment.find("id")) for environment in root.iterfind("environment"))
    return GroupNames(frozenset(names), frozenset(environments))


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

    document = _parse_comps_xml(text, file)
    if (findings := _find_form_faults(document)).found:
        raise ContentError(f"{file}: is not valid comps:\n{format_grouped(findings.found)}", hint=HINT)
    comps = libcomps.Comps()
    try:
        failed = comps.fromxml_str(ElementTree.tostring(document.root, encoding="unicode")) < 0
    except libcomps.ParserError:
        failed = True
    complaints = [said.strip() for said in comps.get_last_errors() if not HARMLESS.search(said)]
    if failed or complaints:
        raise ContentError(f"{file}: is not valid comps: {[*complaints, 'it is no XML'][0]}", hint=HINT)
    return comps


def _parse_comps_xml(text: str, file: Path) -> _Document:
    """Return comps.xml as XML, in whatever encoding its first line declares. Raises ContentError."""
    from xml.etree import ElementTree

    try:
        data = text.encode("utf-8", "surrogateescape")
        lines = foreign.check_xml(data)
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ContentError(f"{file}: is not valid comps: it is no XML, {error}", hint=HINT) from None
    return _Document(root, dict(zip(root.iter(), lines, strict=True)))


def _find_form_faults(document: _Document) -> Findings:
    """Return what crashes yum (a traceback) or libcomps (the whole interpreter), and what they pass over in silence."""
    findings = Findings()
    findings.check(document.root.tag == "comps", "is no comps", f"its root is <{document.root.tag}>")
    for parent in document.root.iter():
        for element in parent:
            known = element.tag in CHILDREN.get(parent.tag, (element.tag,))
            where = f"{document.place(element)}: <{element.tag}> in <{parent.tag}>"
            findings.check(known, "has elements that nothing reads there", where)
    for element in document.root.iter():
        if fault := _element_fault(element):
            findings.add(fault[0], f"{document.place(element)}: {fault[1]}")
    for kind in KINDS:
        _find_id_faults(kind, document, findings)
    for group in document.root.iterfind("group"):
        kinds = {required.get("type") or PACKAGE_TYPES[0] for required in group.iter("packagereq")}
        if _stripped_text(group.find("id")) == CORE and kinds and not kinds & set(PACKAGE_TYPES[:2]):
            what = (
                f"all of its packages are {' or '.join(sorted(kinds))}; make those mandatory that a system starts with"
            )
            findings.add(f"has a group {CORE} that would install nothing", f"{document.place(group)}: {what}")
    return findings


def _element_fault(element: Any) -> tuple[str, str] | None:
    """Return kind and sentence of what is wrong with one element, None if nothing is."""
    tag, value = element.tag, _stripped_text(element)
    shown = value[:40]
    if tag in (*FLAGS, *NAMES) and not value:
        return "has empty elements, which crash the installer or name nothing", f"<{tag}> is empty"
    if tag in NAMES and value != element.text:
        return "has blanks around names, which belong to the name for yum", f"<{tag}>{element.text[:40]!r}</{tag}>"
    if tag == "display_order" and foreign.parse_decimal(value, INT_MAX) is None:
        return "has numbers that are none, at which the installer ends", f"display_order {shown}"
    if tag in FLAGS and tag != "display_order" and value.lower() not in BOOLEANS:
        return "has flags that are neither true nor false, so yum takes them for false", f"<{tag}>{shown}</{tag}>"
    flag = element.get("default") if tag == "groupid" else None
    if flag is not None and flag.lower() not in BOOLEANS:
        return (
            "has flags that are neither true nor false, so yum takes them for false",
            f'groupid default="{flag[:40]}"',
        )
    if tag == "match" and not {"name", "install"} <= set(element.keys()):
        return "has language packs without a name", "<match> needs name and install"
    kind = element.get("type") or PACKAGE_TYPES[0] if tag == "packagereq" else PACKAGE_TYPES[0]
    if kind not in PACKAGE_TYPES:
        what = f'type="{kind[:40]}" of package {shown} is no type; there are {", ".join(PACKAGE_TYPES)}'
        return "has packages that yum would pass over", what
    if kind == "conditional" and not element.get("requires"):
        return "has packages that yum would pass over", f'conditional package {shown} has no requires="…"'
    return None


def _find_id_faults(kind: str, document: _Document, findings: Findings) -> None:
    """Each group, environment and category has one id and a name; no two have the same id, yum would merge them."""
    first: dict[str, str] = {}
    for element in document.root.iterfind(kind):
        where, ids = document.place(element), element.findall("id")
        for tag in ("id", "name"):
            findings.check(
                element.find(tag) is not None, "lacks what yum needs", f"{where}: this {kind} has no <{tag}>"
            )
        findings.check(len(ids) < 2, "says twice what it is, at which the installer ends", f"{where}: two <id>")
        if any(not (name.text or "").strip() for name in element.findall("name") if not name.keys()):
            findings.add("has empty elements, which crash the installer or name nothing", f"{where}: <name> is empty")
        name = _stripped_text(element.find("id"))
        if name and first.setdefault(name, where) != where:
            findings.add("has an id twice, of which yum makes one", f"{where}: {kind} {name}, as in {first[name]}")


def _find_absent_names(
    document: _Document, names: Collection[str], allowed: Collection[str], findings: Findings
) -> None:
    """Find what the installer needs and comps has not, and packages that comps names and the medium has not."""
    groups, environments = (
        [(_stripped_text(element.find("id")), element) for element in document.root.iterfind(kind)]
        for kind in ("group", "environment")
    )
    ids = {name for name, _ in groups}
    if CORE not in ids:
        findings.add("has no group core, without which the installer crashes", "add <group><id>core</id>…")
    if not environments:
        findings.add("has no environment, so nothing could be chosen to install", "add <environment>…")
    for environment, element in environments:
        named = list(element.iter("groupid"))
        findings.check(named, "has an environment that names nothing", f"{document.place(element)}: {environment}")
        for group in named:
            where = f"{document.place(group)}: {_stripped_text(group)} in environment {environment}"
            findings.check(_stripped_text(group) in ids, "names groups that it does not have", where)
    for name, element in groups:
        listed = list(element.iter("packagereq"))
        hidden = _stripped_text(element.find("uservisible")).lower() in NO  # CentOS 7's own has two of them, empty
        if not listed and not hidden:
            findings.add("has a group that names nothing", f"{document.place(element)}: {name}")
        for required in listed:
            package = _stripped_text(required)
            if package not in names and not any(fnmatchcase(package, pattern) for pattern in allowed):
                where = f"{document.place(required)}: {package} in group {name}"
                findings.add("names packages that are not on the medium", where)


def _stripped_text(element: Any) -> str:
    """Return what an element says, "" for one that is not there."""
    return ((element.text if element is not None else "") or "").strip()
