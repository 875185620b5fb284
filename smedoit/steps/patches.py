"""The server-manager's translations: which patches wait on their server, and whether the medium has them already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from smedoit.decide import waiting
from smedoit.decide.errors import ConfigError
from smedoit.decide.network import Network
from smedoit.decide.origins import Translations
from smedoit.do import fetch, progress, rpms
from smedoit.steps import remote
from smedoit.steps.packages import read_lock

PURPOSE = "the patches of the server-manager's translations"


def report(settings: Translations, network: Network, memory: Path, lock_file: Path, root: Path) -> Mapping[str, str]:
    """Say which patches are larger than 0 bytes, and whether the package on the medium is newer than they are."""
    if not settings.patches_url:
        raise ConfigError(
            f"release.toml does not say where {PURPOSE} wait",
            hint='add patches_url = "https://…/patches/" below [translations]',
        )
    package = waiting.package_of([pick.package for pick in read_lock(lock_file)], settings.package)
    built = datetime.fromtimestamp(rpms.build_time(root / package.file), timezone.utc) if package else None
    fetcher = remote.visitor(network, memory)
    found = listed(fetcher, settings.patches_url)
    full = [one for one in found if not one.is_empty]
    new = sum(waiting.pending(one, built) for one in full)
    name = (
        f"{package.filename}, built {waiting.moment(built)}" if package else f"{settings.package} (not on the medium)"
    )
    return {
        "did": f"{len(found)} patches, {len(full)} larger than 0 bytes, {new} newer than {name}; {fetcher.totals}",
        "result": "\n".join(waiting.line(one, built) for one in full) or "no patch waits",
    }


def listed(fetcher: fetch.Fetcher, url: str) -> Sequence[waiting.Patch]:
    """Return every patch below an index page, sorted by path."""
    addresses = remote.files_below(fetcher, url, PURPOSE, lambda _: True, lambda _: True)
    found = []
    for path, address in progress.track(addresses.items(), len(addresses), "looking at patches"):
        about = fetcher.about(address, PURPOSE)
        found.append(waiting.Patch(path, about.size, about.modified))
    return found
