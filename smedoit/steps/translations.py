"""The installer's translations, mirrored from the server where people translate them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from smedoit.decide import catalogues
from smedoit.decide.errors import ConfigError, ContentError, grouped
from smedoit.decide.network import MIB, Network
from smedoit.decide.origins import Translations
from smedoit.do import answers, fetch, layers, progress, seal, tree
from smedoit.steps import remote

PURPOSE = "the installer's translations"
LIMIT = 16 * MIB  # of one catalogue; anaconda's have some 100 KiB


def mirror(settings: Translations, network: Network, memory: Path) -> str:
    """Make the translations exactly what the server has; until all of it is here and good, the old set stays."""
    if not settings.url:
        raise ConfigError(
            "release.toml does not say where translations come from",
            hint='add url = "https://…/anaconda/sme10/" below [translations], or put them into place by hand',
        )
    fetcher = remote.visitor(network, memory)
    addresses = listed(fetcher, settings.url)
    incoming = settings.path.with_name(f".{settings.path.name}.incoming")
    found = gathered(fetcher, addresses, incoming, settings.path)
    complete = catalogues.completeness(checked(found, incoming))
    changes = placed(found, settings.path)
    shutil.rmtree(incoming, ignore_errors=True)
    for language, share in complete.items():
        progress.note(f"{language}: {share} % of the most complete catalogue")
    return f"{catalogues.told(changes, complete)}; {fetcher.totals}"


def listed(fetcher: fetch.Fetcher, url: str) -> dict[str, str]:
    """Return path -> address of every catalogue that the server has. Raises ContentError if it has none."""
    found = remote.files_below(fetcher, url, PURPOSE, lambda path: path.endswith(".mo"), lambda _: True)
    for relative in found:
        if not catalogues.is_installers(relative):
            progress.note(f"{relative}: is not LANG/LC_MESSAGES/anaconda.mo, where the installer looks; passed over")
    wanted = {relative: address for relative, address in found.items() if catalogues.is_installers(relative)}
    if not wanted:
        raise ContentError(
            f"{url}: lists no LANG/LC_MESSAGES/anaconda.mo, so the old set is kept",
            hint="correct [translations] url: its page must list the languages",
        )
    return wanted


def gathered(fetcher: fetch.Fetcher, addresses: Mapping[str, str], incoming: Path, kept: Path) -> dict[str, Path]:
    """Return path -> the file that has what the server has: one that is here already, else one in incoming."""
    found = {}
    for relative, address in progress.track(addresses.items(), len(addresses), "fetching translations"):
        held = tree.place_below(kept, relative)
        want = answers.Want(address, PURPOSE, limit=LIMIT)
        found[relative] = fetcher.file(want, tree.place_below(incoming, relative), held)
    return found


def checked(found: Mapping[str, Path], incoming: Path) -> list[catalogues.Catalogue]:
    """Return all catalogues. Raises ContentError for those that gettext cannot load, of which none is kept."""
    good, broken = [], dict[str, list[str]]()
    for relative, path in found.items():
        try:
            good.append(catalogues.read(relative, tree.read_bytes(path)))
        except ContentError as error:
            broken.setdefault(str(error), []).append(relative)
            if path.is_relative_to(incoming):
                tree.remove(path)  # the next run must not take it for what it has already
    if broken:
        raise ContentError(
            f"{sum(map(len, broken.values()))} translations are broken, so the old set is kept\n{grouped(broken)}",
            hint="run doit translations again; if they stay broken, tell those who run the server",
        )
    return good


def placed(found: Mapping[str, Path], target: Path) -> catalogues.Changes:
    """Make the catalogues in target those that were found; a file that is right already is not touched."""
    there = [relative for relative in layers.listed(target) if relative.endswith(".mo")]
    old = {relative: seal.sha256(target / relative) for relative in there}
    changes = catalogues.compared(old, {relative: seal.sha256(path) for relative, path in found.items()})
    for relative in (*changes.added, *changes.changed):
        tree.link(found[relative], target / relative)
    for relative in changes.removed:
        progress.note(f"{relative}: the server has it no more, removed")
        layers.remove_with_parents(target, relative)
    return changes
