"""The repodata of a repository to its web pages; a page is written only if it says something else than before."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from smedoit.decide import comps, pages, rules
from smedoit.decide.errors import PackageError
from smedoit.decide.identity import Identity
from smedoit.decide.package import Evr
from smedoit.decide.pages import Change, Copy
from smedoit.decide.wording import Rule
from smedoit.do import layers, metadata, progress, tree
from smedoit.do.repository import Source

PRIMARY, OTHER = "primary", "other"
UP = "../"  # from the pages to their repository


def write(
    place: Path,
    title: str,
    comps_file: Path,
    own: Sequence[Rule],
    one: Identity,
    memory: Path,
    state: Path,
) -> str:
    """Make place/repoview show the repository at place.

    memory, state  where it is remembered what was read of RPMs, and what each page was made of
    """
    if not place.is_dir():
        return f"nothing to do, there is no {place}"
    relative = "Packages/base/comps.xml"
    groups = comps.shown(rules.render(relative, tree.read_text(comps_file), one, own), comps_file)
    with metadata.unpacked(Source(title, place, one.arch), (PRIMARY, OTHER), memory) as files:
        whole = pages.site(title, one.product, copies(files[PRIMARY], place), groups)
        written, removed = publish(list(pages.pages(whole, changelogs(files[OTHER]))), place / "repoview", state)
    return f"{len(whole.packages)} packages, {written} pages written, {removed} removed"


def copies(primary: Path, place: Path) -> list[Copy]:
    """Return every package of plain primary metadata."""
    import createrepo_c as cr

    found: list[Copy] = []
    try:
        cr.xml_parse_primary(os.fspath(primary), pkgcb=lambda one: found.append(copy(one, place)), do_files=False)
    except (OSError, RuntimeError, cr.CreaterepoCError) as error:
        raise PackageError(f"{place}: its metadata is damaged, {metadata.words(error)}", hint=metadata.AGAIN) from None
    return found


def copy(one: Any, place: Path) -> Copy:
    """Return what a page shows of a package."""
    href = one.location_href or ""
    there = not href.startswith("/") and ".." not in href.split("/") and (place / href).is_file()
    evr = Evr(int(one.epoch or 0) if (one.epoch or "0").isdecimal() else 0, one.version or "", one.release or "")
    return Copy(
        one.pkgId or "",
        pages.clean(one.name),
        Evr(evr.epoch, pages.clean(evr.version), pages.clean(evr.release)),
        pages.clean(one.arch),
        pages.clean(one.summary),
        pages.clean(one.description),
        pages.clean(one.rpm_license),
        pages.clean(one.url),
        pages.clean(one.rpm_group),
        pages.clean(one.rpm_sourcerpm),
        one.size_package,
        one.time_build,
        pages.clean(os.path.basename(href)),
        pages.address(UP, href) if there else "",
    )


def changelogs(other: Path) -> Callable[[pages.Package], pages.Package]:
    """Return a function that adds the changelog to a package; the metadata is read when it is first asked."""
    known: dict[str, list[Change]] = {}

    def added(one: pages.Package) -> pages.Package:
        if not known:
            known.update(read_changelogs(other))
        return pages.newest_changelog(one, known.get(one.newest.digest, ()))

    return added


def read_changelogs(other: Path) -> dict[str, list[Change]]:
    """Return digest of a package -> its changelog."""
    import createrepo_c as cr

    found: dict[str, list[Change]] = {}

    def take(one: Any) -> None:
        found[one.pkgId] = [Change(pages.clean(who), when, pages.clean(text)) for who, when, text in one.changelogs]

    try:
        cr.xml_parse_other(os.fspath(other), pkgcb=take)
    except (OSError, RuntimeError, cr.CreaterepoCError) as error:
        raise PackageError(f"{other}: is damaged, {metadata.words(error)}", hint=metadata.AGAIN) from None
    return found


def publish(wanted: Sequence[pages.Page], target: Path, state: Path) -> tuple[int, int]:
    """Make target hold these pages and no other file; return how many were written and removed."""
    known = recalled(state)
    current: dict[str, tuple[str, list[int]]] = {}
    written = 0
    for page in progress.track(wanted, len(wanted), "writing pages"):
        path = target / page.path
        seen = known.get(page.path)
        if seen is None or seen[0] != page.key or seen[1] != stamp(path):
            written += put(path, page.text())
        current[page.path] = page.key, stamp(path)
    gone = [relative for relative in layers.listed(target) if relative not in current]
    for relative in gone:
        layers.remove_with_parents(target, relative)
    tree.write(state, json.dumps(current, separators=(",", ":")), durable=False)
    return written, len(gone)


def put(path: Path, text: str) -> int:
    """Write a page unless it says the same already; return how many were written, 0 or 1."""
    data = text.encode()
    if path.is_file() and not path.is_symlink() and tree.read_bytes(path) == data:
        return 0
    tree.write(path, data, durable=False)
    return 1


def stamp(path: Path) -> list[int]:
    """Return the stamp of a page; none if it is not there."""
    try:
        return list(tree.stamp(path))
    except OSError:
        return []


def recalled(state: Path) -> Mapping[str, Sequence[Any]]:
    """Return path -> (key, stamp) of what was written before; a damaged memory is no memory."""
    try:
        entries = json.loads(state.read_bytes())
        return {path: (key, seen) for path, (key, seen) in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
