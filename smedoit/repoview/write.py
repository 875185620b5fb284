"""The repodata of a repository to its web pages; a page is written only if it says something else than before."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from smedoit.branding import rules
from smedoit.config.branding import Rule
from smedoit.config.identity import Identity
from smedoit.errors import PackageError
from smedoit.package import Evr
from smedoit.repodata import comps, read
from smedoit.repodata.read import Source
from smedoit.repoview import render
from smedoit.repoview.render import Change, Copy
from smedoit.runtime import progress
from smedoit.runtime.files import read_bytes, read_text
from smedoit.runtime.files import stamp as files_stamp
from smedoit.runtime.files import write as files_write
from smedoit.tree import layers

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
    groups = comps.shown(rules.render(relative, read_text(comps_file), one, own), comps_file)
    with read.unpacked(Source(title, place, one.arch), (PRIMARY, OTHER), memory) as files:
        whole = render.site(title, one.product, copies(files[PRIMARY], place), groups)
        written, removed = publish(list(render.pages(whole, changelogs(files[OTHER]))), place / "repoview", state)
    return f"{len(whole.packages)} packages, {written} pages written, {removed} removed"


def copies(primary: Path, place: Path) -> list[Copy]:
    """Return every package of plain primary metadata."""
    import createrepo_c as cr

    found: list[Copy] = []
    try:
        cr.xml_parse_primary(os.fspath(primary), pkgcb=lambda one: found.append(copy(one, place)), do_files=False)
    except (OSError, RuntimeError, cr.CreaterepoCError) as error:
        raise PackageError(f"{place}: its metadata is damaged, {read.words(error)}", hint=read.AGAIN) from None
    return found


def copy(one: Any, place: Path) -> Copy:
    """Return what a page shows of a package."""
    href = one.location_href or ""
    there = not href.startswith("/") and ".." not in href.split("/") and (place / href).is_file()
    evr = Evr(int(one.epoch or 0) if (one.epoch or "0").isdecimal() else 0, one.version or "", one.release or "")
    return Copy(
        one.pkgId or "",
        render.clean(one.name),
        Evr(evr.epoch, render.clean(evr.version), render.clean(evr.release)),
        render.clean(one.arch),
        render.clean(one.summary),
        render.clean(one.description),
        render.clean(one.rpm_license),
        render.clean(one.url),
        render.clean(one.rpm_group),
        render.clean(one.rpm_sourcerpm),
        one.size_package,
        one.time_build,
        render.clean(os.path.basename(href)),
        render.address(UP, href) if there else "",
    )


def changelogs(other: Path) -> Callable[[render.Package], render.Package]:
    """Return a function that adds the changelog to a package; the metadata is read when it is first asked."""
    known: dict[str, list[Change]] = {}

    def added(one: render.Package) -> render.Package:
        if not known:
            known.update(read_changelogs(other))
        return render.newest_changelog(one, known.get(one.newest.digest, ()))

    return added


def read_changelogs(other: Path) -> dict[str, list[Change]]:
    """Return digest of a package -> its changelog."""
    import createrepo_c as cr

    found: dict[str, list[Change]] = {}

    def take(one: Any) -> None:
        found[one.pkgId] = [Change(render.clean(who), when, render.clean(text)) for who, when, text in one.changelogs]

    try:
        cr.xml_parse_other(os.fspath(other), pkgcb=take)
    except (OSError, RuntimeError, cr.CreaterepoCError) as error:
        raise PackageError(f"{other}: is damaged, {read.words(error)}", hint=read.AGAIN) from None
    return found


def publish(wanted: Sequence[render.Page], target: Path, state: Path) -> tuple[int, int]:
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
    files_write(state, json.dumps(current, separators=(",", ":")), durable=False)
    return written, len(gone)


def put(path: Path, text: str) -> int:
    """Write a page unless it says the same already; return how many were written, 0 or 1."""
    data = text.encode()
    if path.is_file() and not path.is_symlink() and read_bytes(path) == data:
        return 0
    files_write(path, data, durable=False)
    return 1


def stamp(path: Path) -> list[int]:
    """Return the stamp of a page; none if it is not there."""
    try:
        return list(files_stamp(path))
    except OSError:
        return []


def recalled(state: Path) -> Mapping[str, Sequence[Any]]:
    """Return path -> (key, stamp) of what was written before; a damaged memory is no memory."""
    try:
        entries = json.loads(state.read_bytes())
        return {path: (key, seen) for path, (key, seen) in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
