# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches of the server-manager's translations that wait on a server, held against the package on the medium."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from smedoit.config.inputs import TranslationsSettings
from smedoit.config.network import NetworkSettings
from smedoit.errors import ConfigError, format_size
from smedoit.fetch import client, crawl
from smedoit.package import Package
from smedoit.packages.lock import read_lock
from smedoit.rpm import reader
from smedoit.runtime import progress

PURPOSE = "the patches of the server-manager's translations"


@dataclass(frozen=True)
class TranslationPatch:
    """One patch: its path below the page that lists it, its bytes and date, None where the server is silent."""

    path: str
    size: int | None
    modified: datetime | None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take over."""
        return self.size == 0


def is_patch_pending(patch: TranslationPatch, built: datetime | None) -> bool:
    """Return whether a patch cannot be in a package built at that moment; None means that there is no package.

    Without a date nobody can tell, so it counts as pending: looking once more costs less
    than a release without its translations.
    """
    return not patch.is_empty and (built is None or patch.modified is None or patch.modified > built)


def _format_patch(patch: TranslationPatch, built: datetime | None) -> str:
    """Return a patch as a line for people."""
    size = "of unknown size" if patch.size is None else format_size(patch.size)
    verdict = "needs a new build of the package" if is_patch_pending(patch, built) else "older than the package"
    return f"{patch.path}: {size}, {_format_utc(patch.modified)}, {verdict}"


def _format_utc(when: datetime | None) -> str:
    """Return a moment as people read it, in UTC."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC") if when else "without a date"


def find_built_package(packages: Iterable[Package], name: str) -> Package | None:
    """Return the package of that name, else one built from the source package of that name, None without either."""
    found = list(packages)
    by_name = [package for package in found if package.name == name]
    by_source = [package for package in found if package.source_rpm.rsplit("-", 2)[0] == name]
    return next(iter([*by_name, *by_source]), None)


def report_pending_patches(
    settings: TranslationsSettings, network: NetworkSettings, memory: Path, lock_file: Path, root: Path
) -> Mapping[str, str]:
    """Say which patches are larger than 0 bytes, and whether the package on the medium is newer than they are."""
    if not settings.patches_url:
        raise ConfigError(
            f"release.toml does not say where {PURPOSE} wait",
            hint='add patches_url = "https://…/patches/" below [translations]',
        )
    package = find_built_package([pick.package for pick in read_lock(lock_file)], settings.package)
    built = datetime.fromtimestamp(reader.build_time(root / package.file), timezone.utc) if package else None
    fetcher = crawl.caching_fetcher(network, memory)
    found = list_translation_patches(fetcher, settings.patches_url)
    full = [patch for patch in found if not patch.is_empty]
    new = sum(is_patch_pending(patch, built) for patch in full)
    name = f"{package.filename}, built {_format_utc(built)}" if package else f"{settings.package} (not on the medium)"
    return {
        "did": f"{len(found)} patches, {len(full)} larger than 0 bytes, {new} newer than {name}; {fetcher.totals}",
        "result": "\n".join(_format_patch(patch, built) for patch in full) or "no patch waits",
    }


def list_translation_patches(fetcher: client.Fetcher, url: str) -> Sequence[TranslationPatch]:
    """Return every patch below an index page, sorted by path."""
    addresses = crawl.list_remote_files(fetcher, url, PURPOSE, lambda _: True, lambda _: True)
    found = []
    for path, address in progress.track_progress(addresses.items(), len(addresses), "looking at patches", slow=True):
        about = fetcher.about(address, PURPOSE)
        found.append(TranslationPatch(path, about.size, about.modified))
    return found
