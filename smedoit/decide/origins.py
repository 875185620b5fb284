"""Where boot set and translations come from: the settings of what is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from smedoit.decide.network import check_url, is_url
from smedoit.decide.schema import Table, demand

PLACES = {"locale": "usr/share/locale", "updates": "run/install/updates/po"}
PINS = "boot_set.sha256"


class BootSet(Table):
    """The [boot_set] table: images/, isolinux/, EFI/ and LiveOS/ of one upstream release.

    path    the directory that the tree is made from; with a source or an iso it belongs to doit boot_set
    source  where the files come from: an address, or the directory of a local mirror
    bases   further ones, asked in this order for what the source does not give
    iso     an ISO to take the files from instead
    pins    the file of their SHA-256, relative to release.toml's directory; boot_set.sha256 if it is not named
    """

    path: Path
    source: str = ""
    bases: tuple[str, ...] = ()
    iso: str = ""
    pins: str = ""

    def __post_init__(self) -> None:
        demand(not (self.source and self.iso), "iso", "the boot set comes from a source or from an iso, not from both")
        demand(self.source or not self.bases, "bases", "they are asked after the source, so name a source first")
        for key, value in self.named():
            if is_url(value):
                check_url(value, key)
        demand(not is_url(self.iso), "iso", "fetch the ISO first, and check it; then give its path")

    def named(self) -> Iterator[tuple[str, str]]:
        """Yield (key, value) of every source."""
        if self.source:
            yield "source", self.source
        for base in self.bases:
            yield "bases", base

    @property
    def origins(self) -> tuple[str, ...]:
        """The sources in the order in which they are asked."""
        return tuple(value for _, value in self.named())

    @property
    def is_fetched(self) -> bool:
        """Whether doit boot_set fills the directory; otherwise a person does."""
        return bool(self.source or self.iso)

    @property
    def is_managed(self) -> bool:
        """Whether doit boot_set fetches or at least checks it."""
        return self.is_fetched or bool(self.pins)

    def anchored(self, root: Path) -> BootSet:
        """Return it with absolute paths. pins stays: it lies beside release.toml."""

        def placed(text: str) -> str:
            return str(root / text) if text and not is_url(text) else text

        return replace(
            self,
            path=root / self.path,
            source=placed(self.source),
            bases=tuple(map(placed, self.bases)),
            iso=placed(self.iso),
        )


class Translations(Table):
    """The [translations] table: LANG/LC_MESSAGES/anaconda.mo, where from, and where they take effect.

    place        "locale" overlays the runtime's own catalogues, one language at a time;
                 "updates" replaces them all, hiding every language that is not there
    url          the index page that doit translations mirrors
    automatic    whether every doit iso looks there first
    patches_url  the index page of the server-manager's patches
    package      whose build must be newer than those patches
    """

    path: Path
    place: str = "locale"
    url: str = ""
    automatic: bool = False
    patches_url: str = ""
    package: str = "smeserver-locale"

    def __post_init__(self) -> None:
        demand(self.place in PLACES, "place", f"use one of {', '.join(sorted(PLACES))}")
        for key in ("url", "patches_url"):
            if getattr(self, key):
                check_url(getattr(self, key), key)
        demand(self.url or not self.automatic, "automatic", "it needs a url to look at")
