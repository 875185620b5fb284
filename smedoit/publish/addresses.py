# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what is published leads to where it is published: boot menus, .jigdo files, and texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from smedoit.checks.result import CheckResult
from smedoit.checks.stale_versions import read_tree_texts
from smedoit.config.identity import CHANNELS, ReleaseIdentity
from smedoit.config.release import Release
from smedoit.errors import Findings
from smedoit.iso import netinstall, verify_boot
from smedoit.iso.read import IsoImage
from smedoit.jigdo import format
from smedoit.medium_paths import NO_TEXTS, below_repositories
from smedoit.publish.plan import PublishedFile
from smedoit.runtime.files import read_file_text
from smedoit.runtime.filesets import matches_patterns

ADDRESS = re.compile(r"(?:https?|ftp)://[^\s\"'<>()]+")
DIRECTORIES = "|".join(name for name in CHANNELS.values() if name)
RELEASES = r"(?:https?|ftp)://[^/]+(?:/[^/]+)*/releases/"  # how mirrors of this product call the tree


def leads_to(url: str, place: str) -> bool:
    """Return whether an address is that of a place, or of something in it; testing/10.1 is not in 10.1."""
    before, found, behind = url.partition(f"/{place}")
    return bool(found) and behind[:1] in ("", "/") and not re.search(rf"/(?:{DIRECTORIES})$", before)


def wrong_addresses(text: str, identity: ReleaseIdentity, heads: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, address) for each address of this version in another channel, or as a test release.

    heads  how addresses of releases begin on our mirrors

    What leads to other versions may be history, and stays.
    """
    head = "|".join([*map(re.escape, heads), RELEASES])
    version = rf"{re.escape(identity.version)}(?:\.(?:alpha|beta|rc)[0-9]+)?"
    ours = re.compile(rf"(?:{head})(?P<place>(?:(?:{DIRECTORIES})/)?{version})(?=[.,;:!?]*(?:/|$))")
    for number, line in enumerate(text.splitlines(), 1):
        for address in ADDRESS.findall(line):
            found = ours.match(address)
            if found and found["place"] != identity.place:
                yield number, address


def check_addresses(rel: Release, files: Mapping[str, PublishedFile], tree: Path) -> CheckResult:
    """Hold every address on media, in jigdo and in texts against the place that this release is published to.

    A final release that is shown in testing first keeps its bits when it is moved: it leads to its final place at once.

    files  path in the release -> file
    tree   the directory that is smeos/ARCH of the release
    """
    place = rel.release.place
    failures = tuple(f"{where} leads to {address}, not to {place}" for where, address in _find_strays(rel, files, tree))
    return CheckResult(
        "addresses",
        "; ".join(failures) or f"media, jigdo and texts lead to {place}",
        failures,
        "write {place} in [release_urls] urls, correct texts, then run: doit release verify",
    )


def _find_strays(rel: Release, files: Mapping[str, PublishedFile], tree: Path) -> Iterator[tuple[str, str]]:
    """Yield (where it stands, address) for every address that leads elsewhere."""
    for path, file in sorted(files.items()):
        found: Sequence[str] = ()
        if path.startswith("iso/") and path.endswith(".jigdo"):
            found = format.parse_jigdo(read_file_text(file.source)).servers
        elif path.startswith("iso/") and path.endswith(f"/{rel.netinstall_iso.name}"):
            found = _menu_addresses(file.source, rel.release)
        yield from ((path, address) for address in found if not leads_to(address, rel.release.place))
    heads = [url.partition("{place}")[0] for url in rel.release_urls.urls if "{place}" in url]
    unread = (*below_repositories(rel.release.repository_places, *NO_TEXTS), "LiveOS/*", rel.release.built_on.stage2)
    for path, data in read_tree_texts(tree, lambda relative: not matches_patterns(relative, unread)):
        for number, address in wrong_addresses(data.decode("utf-8", "replace"), rel.release, heads):
            yield f"{path}, line {number}", address


def _menu_addresses(image: Path, identity: ReleaseIdentity) -> list[str]:
    """Return what the boot menus of the network install medium install from."""
    menus = verify_boot.read_medium_menus(IsoImage(image), Findings(), identity.built_on, identity.firmware)
    return sorted({url for text in menus.values() for url in netinstall.install_urls(text) if url})
