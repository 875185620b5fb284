# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a boot set may come from: a server, a local mirror, an ISO; each lists its files and gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from smedoit.bases.enterprise_linux import Base
from smedoit.bootset import pins
from smedoit.config.inputs import BootSetSettings
from smedoit.config.network import is_http_url
from smedoit.errors import ContentError, FileError, VerifyError
from smedoit.fetch import client, crawl, index_pages, response
from smedoit.fetch.http import HttpStatusError
from smedoit.iso import read
from smedoit.runtime import files, progress
from smedoit.runtime.checksums import ChecksummedFile
from smedoit.tree import layers
from smedoit.tree.boot_files import SECTOR, mbr_code

PURPOSE = "the boot set"


class BootSetOrigin(Protocol):
    """One place that has a boot set."""

    name: str

    def files(self) -> list[str]:
        """Return the path of every file of its boot set. Raises SmeError."""

    def take(self, relative: str, pin: ChecksummedFile | None, target: Path, /) -> None:
        """Make target the file at that path, which may have been pinned. Raises SmeError."""

    def beside(self, name: str, place: Path, /) -> Path | None:
        """Return a file that lies beside the boot set, put below place where it must be fetched; None without it."""


class HttpOrigin:
    """An HTTP(S) base with index pages."""

    def __init__(self, url: str, fetcher: client.Fetcher, base: Base) -> None:
        self.name, self.fetcher, self.built_on = url, fetcher, base
        self.base = crawl.directory_url(url)

    def files(self) -> list[str]:
        """Return what its index pages list; .treeinfo, which they hide, is asked for by name when it is taken."""
        found: list[str] = []
        refused: HttpStatusError | None = None
        for top in pins.boot_set_tops(self.built_on):
            try:
                below = crawl.list_remote_files(
                    self.fetcher, f"{self.base}{top}/", PURPOSE, lambda _: True, lambda _: True
                )
                found += [f"{top}/{relative}" for relative in below]
            except HttpStatusError as error:
                refused = error
        if refused and not (found and refused.is_absent):
            raise refused
        return [relative for relative in found if pins.in_boot_set(self.built_on, relative)]

    def take(self, relative: str, pin: ChecksummedFile | None, target: Path, /) -> None:
        """Fetch one file."""
        expected = (pin.size, pin.sha256) if pin else (None, "")
        self.fetcher.file(response.DownloadRequest(self.base + quote(relative), PURPOSE, *expected), target)

    def beside(self, name: str, place: Path, /) -> Path | None:
        """Fetch a file that may be there."""
        try:
            return self.fetcher.file(response.DownloadRequest(self.base + name, PURPOSE), place / name)
        except HttpStatusError as error:
            if not error.is_absent:
                raise
            return None


class DirectoryOrigin:
    """A directory: a local mirror of an upstream tree."""

    def __init__(self, root: Path, base: Base) -> None:
        self.name, self.root, self.built_on = str(root), root, base

    def files(self) -> list[str]:
        """Return what lies there, without the packages beside it."""
        if not self.root.is_dir():
            raise FileError(f"{self.root}: is not there", hint="mirror it, or correct [boot_set] source")
        found = layers.list_tree_files(self.root)
        return [relative for relative in found if pins.in_boot_set(self.built_on, relative)]

    def take(self, relative: str, _pin: ChecksummedFile | None, target: Path, /) -> None:
        """Link one file. Raises ContentError if there is none, or a link that leads out of the mirror."""
        try:
            source = files.resolve_file_below(self.root, relative)
        except FileError as error:
            raise ContentError(str(error)) from None
        files.link_file(source, target)

    def beside(self, name: str, _place: Path, /) -> Path | None:
        """Return a file of the mirror."""
        return self.root / name if (self.root / name).is_file() else None


class IsoOrigin:
    """An ISO: upstream's DVD, or a release of our own."""

    def __init__(self, path: Path, base: Base) -> None:
        self.name, self.path, self.built_on = str(path), path, base
        self.image: read.IsoImage | None = None

    def opened(self) -> read.IsoImage:
        """Return the ISO, opened at the first call. Raises FileError, ContentError."""
        if self.image is None:
            try:
                with files.wrap_os_errors(self.path, "read"):
                    self.image = read.IsoImage(self.path)
            except VerifyError as error:
                reason = str(error).splitlines()[0].removeprefix(f"{self.path}: ")
                raise ContentError(f"{self.path}: {reason}", hint="get the ISO again, and check its digest") from None
        return self.image

    def files(self) -> list[str]:
        """Return what lies on it. Raises ContentError for names and kinds of files that must not be taken."""
        image = self.opened()
        names = [
            name for name in sorted(image.records) if pins.in_boot_set(self.built_on, name) or not _is_safe_path(name)
        ]
        for name in names:
            _refuse_special_file(image, name)
        return sorted({*names, *self.unlisted_files()})

    def unlisted_files(self) -> dict[str, bytes]:
        """Return path -> content of what a medium of this base has, and no directory of it lists."""
        image, base = self.opened(), self.built_on
        found = {}
        with files.wrap_os_errors(self.path, "read"):
            for name in base.unlisted:
                if name not in image.records:
                    found[name] = image.read_efi_image() if name == base.uefi.image else mbr_code(image.at(0, SECTOR))
        return {name: data for name, data in found.items() if data}

    def take(self, relative: str, _pin: ChecksummedFile | None, target: Path, /) -> None:
        """Extract one file."""
        image = self.opened()
        if relative not in image.records and (data := self.unlisted_files().get(relative)):
            files.write_file(target, data)
            return
        if relative not in image.records:
            raise ContentError(f"{self.path}: has no {relative}", hint="name another ISO in [boot_set]")
        _refuse_special_file(image, relative)
        with files.replacing_file(target) as beside, beside.open("wb") as file:
            try:
                for block in image.blocks(relative):
                    file.write(block)
            except read.iso_damage_errors() as error:
                raise ContentError(f"{self.path}: {relative} cannot be read, {error}", hint="get it again") from None
        progress.log_line(f"{self.path}: {relative} extracted")

    def beside(self, name: str, _place: Path, /) -> Path | None:
        """Return a file beside the ISO."""
        found = self.path.with_name(name)
        return found if found.is_file() else None


def _is_safe_path(name: str) -> bool:
    """Return whether a path on an ISO stays where it says it is."""
    return not index_pages.path_danger(name)


def _refuse_special_file(image: read.IsoImage, name: str) -> None:
    """Raise ContentError for a file of an ISO that is a link or a device, or whose name leads astray."""
    if reason := index_pages.path_danger(name):
        raise ContentError(
            f"{image.path}: the name {index_pages.shorten_link(name)!r} on it {reason}", hint="do not use this ISO"
        )
    if not image.is_regular(name):
        raise ContentError(f"{image.path}: {name} on it is a link or a device, not a file", hint="do not use this ISO")


def boot_set_origins(boot: BootSetSettings, fetcher: client.Fetcher, base: Base) -> list[BootSetOrigin]:
    """Return where a boot set comes from, in the order to ask."""
    if boot.iso:
        return [IsoOrigin(Path(boot.iso), base)]
    return [
        HttpOrigin(address, fetcher, base) if is_http_url(address) else DirectoryOrigin(Path(address), base)
        for address in boot.origins
    ]
