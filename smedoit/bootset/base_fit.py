# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a boot set is of the base that a release is built on, by its kernel and by what its .treeinfo says.

Only what is surely of another Enterprise Linux is refused: a kernel with another .elN in its version, a .treeinfo by
which a distribution of that family names another major. Kernels of other makes, and trees of our own releases, pass.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import dist_words, find_dist_tag
from smedoit.errors import ContentError, format_grouped
from smedoit.medium_paths import TREEINFO
from smedoit.runtime import files

LARGEST_TREEINFO = 1 << 20
MAJOR = re.compile(r"\d{1,3}(?!\d)")
FAMILIES = (  # that number their releases by those of Enterprise Linux, as .treeinfo names them
    *("AlmaLinux", "CentOS", "CloudLinux", "EuroLinux", "MIRACLE LINUX", "Oracle Linux", "Red Hat Enterprise Linux"),
    *("Rocky", "Scientific", "Springdale", "Virtuozzo"),
)


def find_base_faults(base: Base, kernels: Iterable[str], treeinfo: str) -> list[str]:
    """Return what shows that a boot set is of another base: its kernel's versions, or the text of its .treeinfo."""
    tags = {version: find_dist_tag(version) for version in sorted(set(kernels))}
    faults = [
        f"the kernel {version} is of {dist_words(tag)}" for version, tag in tags.items() if tag not in ("", base.name)
    ]
    release, tag = read_upstream_release(treeinfo)
    if tag not in ("", base.name):
        faults.append(f"{TREEINFO} says that it is {release}, of {dist_words(tag)}")
    return faults


def refuse_other_base(base: Base, kernels: Collection[str], treeinfo: Path | None) -> None:
    """Raise ContentError for a boot set of another base."""
    faults = find_base_faults(base, kernels, read_treeinfo_text(treeinfo) if treeinfo else "")
    if faults:
        raise ContentError(
            f"the boot set is not of {base.words}\n{format_grouped({'it is another one': faults})}",
            hint=other_base_hint(base),
        )


def other_base_hint(base: Base) -> str:
    """Return what to do about a boot set of another base."""
    return f"take the boot set of {base.words} ([boot_set] in release.toml), or correct [release] base"


def read_treeinfo_text(file: Path) -> str:
    """Return the text of a .treeinfo, "" without one, or for what is none. Raises FileError."""
    if not file.is_file():
        return ""
    with files.wrap_os_errors(file, "read"), files.open_regular_file(file) as opened:
        return opened.read(LARGEST_TREEINFO).decode("utf-8", "replace")


def read_upstream_release(text: str) -> tuple[str, str]:
    """Return the release that a .treeinfo is of, and its tag: "Rocky Linux 9.6" and el9.

    Both are "" for one that says nothing, and for products of others, whose versions are no base.
    """
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return "", ""
    for section, key in (("release", "name"), ("general", "family")):
        if parser.has_option(section, key):
            family = parser.get(section, key).strip()
            version = parser.get(section, "version", fallback="").strip()
            major = MAJOR.match(version)
            is_ours = family.lower().startswith(tuple(map(str.lower, FAMILIES)))
            return (f"{family} {version}", f"el{major.group()}") if is_ours and major else ("", "")
    return "", ""
