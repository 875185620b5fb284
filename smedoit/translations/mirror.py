# SPDX-License-Identifier: GPL-3.0-or-later
"""The installer's translations, mirrored from the translation server."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from smedoit.config.inputs import TranslationsSettings
from smedoit.config.network import MIB, NetworkSettings
from smedoit.errors import ConfigError, ContentError, format_grouped
from smedoit.fetch import client, crawl, response
from smedoit.installer.gettext_catalog import Catalog, is_installer_catalog, parse_catalog
from smedoit.runtime import digests, files, progress
from smedoit.translations import catalogs
from smedoit.tree import layers

PURPOSE = "the installer's translations"
LIMIT = 16 * MIB  # of one catalogue; anaconda's have some 100 KiB


def mirror_translations(settings: TranslationsSettings, network: NetworkSettings, memory: Path) -> str:
    """Make the translations exactly what the server has; until all of it is here and good, the old set stays."""
    if not settings.url:
        raise ConfigError(
            "release.toml does not say where translations come from",
            hint='add url = "https://…/anaconda/sme10/" below [translations], or install them by hand',
        )
    fetcher = crawl.caching_fetcher(network, memory)
    addresses = _list_catalogs(fetcher, settings.url)
    incoming = settings.path.with_name(f".{settings.path.name}.incoming")
    found = _fetch_catalogs(fetcher, addresses, incoming, settings.path)
    loaded = _load_catalogs(found, incoming)
    for catalog in loaded:
        for doubt in catalog.doubts:
            progress.log_line(f"{catalog.language}: {doubt}")
    complete = catalogs.catalog_completeness(loaded)
    changes = _install_catalogs(found, settings.path)
    shutil.rmtree(incoming, ignore_errors=True)
    for language, share in complete.items():
        progress.log_line(f"{language}: {share} % of the most complete catalog")
    return f"{catalogs.describe_catalog_changes(changes, complete)}; {fetcher.totals}"


def _list_catalogs(fetcher: client.Fetcher, url: str) -> dict[str, str]:
    """Return path -> address of every catalogue that the server has. Raises ContentError if it has none."""
    found = crawl.list_remote_files(fetcher, url, PURPOSE, lambda path: path.endswith(".mo"), lambda _: True)
    for relative in found:
        if not is_installer_catalog(relative):
            progress.log_line(f"{relative}: is not LANG/LC_MESSAGES/anaconda.mo, where the installer looks; skipped")
    wanted = {relative: address for relative, address in found.items() if is_installer_catalog(relative)}
    if not wanted:
        raise ContentError(
            f"{url}: lists no LANG/LC_MESSAGES/anaconda.mo; the existing set is kept",
            hint="correct [translations] url: its page must list the languages",
        )
    return wanted


def _fetch_catalogs(
    fetcher: client.Fetcher, addresses: Mapping[str, str], incoming: Path, existing: Path
) -> dict[str, Path]:
    """Return path -> the file that has what the server has: one that is here already, else one in incoming."""
    found = {}
    for relative, address in progress.track_progress(
        addresses.items(), len(addresses), "fetching translations", slow=True
    ):
        held = files.resolve_path_below(existing, relative)
        want = response.DownloadRequest(address, PURPOSE, limit=LIMIT)
        found[relative] = fetcher.file(want, files.resolve_path_below(incoming, relative), held)
    return found


def _load_catalogs(found: Mapping[str, Path], incoming: Path) -> list[Catalog]:
    """Return all catalogues. Raises ContentError for those that gettext cannot load, of which none is kept."""
    good, broken = [], dict[str, list[str]]()
    for relative, path in found.items():
        try:
            good.append(parse_catalog(relative, files.read_file_bytes(path)))
        except ContentError as error:
            broken.setdefault(str(error), []).append(relative)
            if path.is_relative_to(incoming):
                files.remove_file(path)  # the next run must not take it for what it has already
    if broken:
        raise ContentError(
            f"{sum(map(len, broken.values()))} translations are broken; the existing set is kept\n"
            f"{format_grouped(broken)}",
            hint="run doit translations again; if they are still broken, report it to the server's administrators",
        )
    return good


def _install_catalogs(found: Mapping[str, Path], target: Path) -> catalogs.CatalogChanges:
    """Make the catalogues in target those that were found; a file that is right already is not touched."""
    there = [relative for relative in layers.list_tree_files(target) if relative.endswith(".mo")]
    old = {relative: digests.sha256_file(target / relative) for relative in there}
    changes = catalogs.compare_catalogs(old, {relative: digests.sha256_file(path) for relative, path in found.items()})
    for relative in (*changes.added, *changes.changed):
        files.link_file(found[relative], target / relative)
    for relative in changes.removed:
        progress.log_line(f"{relative}: removed from the server, deleted")
        layers.remove_with_parents(target, relative)
    return changes
