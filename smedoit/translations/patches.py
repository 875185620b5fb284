"""Patches of the server-manager's translations that wait on a server, held against the package on the medium."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from smedoit.config.inputs import Translations
from smedoit.config.network import Network
from smedoit.errors import ConfigError, human
from smedoit.fetch import client, crawl
from smedoit.package import Package
from smedoit.packages.choose import read_lock
from smedoit.rpm import reader
from smedoit.runtime import progress


@dataclass(frozen=True)
class Patch:
    """One patch: its path below the page that lists it, its bytes and date, None where the server is silent."""

    path: str
    size: int | None
    modified: datetime | None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take over."""
        return self.size == 0


def pending(patch: Patch, built: datetime | None) -> bool:
    """Return whether a patch cannot be in a package built at that moment; None means that there is no package.

    Without a date nobody can tell, so it counts as pending: looking once more costs less
    than a release without its translations.
    """
    return not patch.is_empty and (built is None or patch.modified is None or patch.modified > built)


def line(patch: Patch, built: datetime | None) -> str:
    """Return a patch as a line for people."""
    size = "of unknown size" if patch.size is None else human(patch.size)
    verdict = "needs a new build of the package" if pending(patch, built) else "older than the package"
    return f"{patch.path}: {size}, {moment(patch.modified)}, {verdict}"


def moment(when: datetime | None) -> str:
    """Return a moment as people read it, in UTC."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC") if when else "without a date"


def package_of(packages: Iterable[Package], name: str) -> Package | None:
    """Return the package of that name, else one built from the source package of that name, None without either."""
    found = list(packages)
    by_name = [one for one in found if one.name == name]
    by_source = [one for one in found if one.source_rpm.rsplit("-", 2)[0] == name]
    return next(iter([*by_name, *by_source]), None)


PURPOSE = "the patches of the server-manager's translations"


def report(settings: Translations, network: Network, memory: Path, lock_file: Path, root: Path) -> Mapping[str, str]:
    """Say which patches are larger than 0 bytes, and whether the package on the medium is newer than they are."""
    if not settings.patches_url:
        raise ConfigError(
            f"release.toml does not say where {PURPOSE} wait",
            hint='add patches_url = "https://…/patches/" below [translations]',
        )
    package = package_of([pick.package for pick in read_lock(lock_file)], settings.package)
    built = datetime.fromtimestamp(reader.build_time(root / package.file), timezone.utc) if package else None
    fetcher = crawl.visitor(network, memory)
    found = listed(fetcher, settings.patches_url)
    full = [one for one in found if not one.is_empty]
    new = sum(pending(one, built) for one in full)
    name = f"{package.filename}, built {moment(built)}" if package else f"{settings.package} (not on the medium)"
    return {
        "did": f"{len(found)} patches, {len(full)} larger than 0 bytes, {new} newer than {name}; {fetcher.totals}",
        "result": "\n".join(line(one, built) for one in full) or "no patch waits",
    }


def listed(fetcher: client.Fetcher, url: str) -> Sequence[Patch]:
    """Return every patch below an index page, sorted by path."""
    addresses = crawl.files_below(fetcher, url, PURPOSE, lambda _: True, lambda _: True)
    found = []
    for path, address in progress.track(addresses.items(), len(addresses), "looking at patches"):
        about = fetcher.about(address, PURPOSE)
        found.append(Patch(path, about.size, about.modified))
    return found
