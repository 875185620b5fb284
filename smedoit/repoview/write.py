# SPDX-License-Identifier: GPL-3.0-or-later
"""The repodata of a repository to its web pages; a page is written only if it says something else than before."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smedoit.branding.rules import Branding
from smedoit.medium_paths import COMPS
from smedoit.package import Evr
from smedoit.repodata import comps, read
from smedoit.repodata.inputs import RepoSource
from smedoit.repodata.parse import parse_changelogs, parse_primary
from smedoit.repoview import render
from smedoit.repoview.render import ChangelogItem, RepositoryPackage
from smedoit.runtime import foreign, progress
from smedoit.runtime.cache import FactCache
from smedoit.runtime.files import read_file_bytes, read_file_text, stamp_file, write_file
from smedoit.tree import layers

if TYPE_CHECKING:
    from createrepo_c import Package

PRIMARY, OTHER = "primary", "other"
PAGES = "page"  # the kind of fact: what a page was made of, by its path
UP = "../"  # from the pages to their repository


def write_repoview(place: Path, title: str, comps_file: Path, branding: Branding, fact_cache: Path) -> str:
    """Make place/repoview show the repository at place.

    fact_cache  knows what was read of RPMs, and what each page was made of
    """
    if not place.is_dir():
        return f"nothing to do, there is no {place}"
    groups = comps.list_comps_groups(branding.render(COMPS, read_file_text(comps_file)), comps_file)
    with read.plain_metadata(RepoSource(title, place, branding.identity.arch), (PRIMARY, OTHER), fact_cache) as files:
        whole = render.build_site(title, branding.identity.product, _read_primary(files[PRIMARY], place), groups)
        written, removed = _write_pages(
            list(render.site_pages(whole, _changelog_reader(files[OTHER]))), place / "repoview", fact_cache
        )
    return f"{len(whole.packages)} packages, {written} pages written, {removed} removed"


def _read_primary(primary: Path, place: Path) -> list[RepositoryPackage]:
    """Return every package of plain primary metadata."""
    found: list[RepositoryPackage] = []
    parse_primary(primary, lambda package: found.append(_page_package(package, place)))
    return found


def _page_package(package: Package, place: Path) -> RepositoryPackage:
    """Return what a page shows of a package."""
    href = package.location_href or ""
    there = not href.startswith("/") and ".." not in href.split("/") and (place / href).is_file()
    evr = Evr(
        foreign.parse_decimal(package.epoch or "0") or 0,
        package.version or "",
        package.release or "",
    )
    return RepositoryPackage(
        package.pkgId or "",
        render.clean_text(package.name),
        Evr(evr.epoch, render.clean_text(evr.version), render.clean_text(evr.release)),
        render.clean_text(package.arch),
        render.clean_text(package.summary),
        render.clean_text(package.description),
        render.clean_text(package.rpm_license),
        render.clean_text(package.url),
        render.clean_text(package.rpm_group),
        render.clean_text(package.rpm_sourcerpm),
        package.size_package,
        package.time_build,
        render.clean_text(os.path.basename(href)),
        render.page_link(UP, href) if there else "",
    )


def _changelog_reader(other: Path) -> Callable[[render.PackagePage], render.PackagePage]:
    """Return a function that adds the changelog to a package; the metadata is read when it is first asked."""
    known: dict[str, list[ChangelogItem]] = {}

    def added(package: render.PackagePage) -> render.PackagePage:
        if not known:
            known.update(_read_changelogs(other))
        return render.attach_changelog(package, known.get(package.newest.digest, ()))

    return added


def _read_changelogs(other: Path) -> dict[str, list[ChangelogItem]]:
    """Return digest of a package -> its changelog."""
    found: dict[str, list[ChangelogItem]] = {}

    def take(package: Package) -> None:
        found[package.pkgId] = [
            ChangelogItem(render.clean_text(who), when, render.clean_text(text))
            for who, when, text in package.changelogs
        ]

    parse_changelogs(other, take)
    return found


def _write_pages(wanted: Sequence[render.SitePage], target: Path, fact_cache: Path) -> tuple[int, int]:
    """Make target hold these pages and no other file; return how many were written and removed."""
    written = 0
    with FactCache(fact_cache) as facts:
        known = facts.get_many(PAGES, (os.fspath(target / page.path) for page in wanted))
        for page in progress.track_progress(wanted, len(wanted), "writing pages"):
            path = target / page.path
            if known.get(os.fspath(path)) != _page_fact(page.key, path):
                written += _write_if_changed(path, page.text())
                facts.put(PAGES, os.fspath(path), path, _page_fact(page.key, path))
    kept = {page.path for page in wanted}
    gone = [relative for relative in layers.list_tree_files(target) if relative not in kept]
    for relative in gone:
        layers.remove_with_parents(target, relative)
    return written, len(gone)


def _write_if_changed(path: Path, text: str) -> int:
    """Write a page unless it says the same already; return how many were written, 0 or 1."""
    data = text.encode()
    if path.is_file() and not path.is_symlink() and read_file_bytes(path) == data:
        return 0
    write_file(path, data, durable=False)
    return 1


def _page_fact(key: str, path: Path) -> bytes:
    """Return what a page was made of, and its stamp; without a stamp if it is not there.

    The ctime stays out: once published, a page has another link, and all of them would have to be made again.
    """
    try:
        return f"{key} {stamp_file(path).without_ctime}".encode()
    except OSError:
        return key.encode()
