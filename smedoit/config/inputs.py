# SPDX-License-Identifier: GPL-3.0-or-later
"""Where content and other source trees come from: CVS, git or a directory, and at which revision."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import field, replace
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType

from smedoit.config.identity import WORD
from smedoit.config.network import check_url, is_http_url
from smedoit.config.schema import SettingsTable, require_value
from smedoit.config.toml import KeyPath

KINDS = ("cvs", "git", "directory")
NEVER = datetime(1, 1, 1, tzinfo=timezone.utc)  # no date is asked for
CVS_ROOT = re.compile(r"(?!.*@-)(:(pserver|ext|local|fork|server):)?[\w./~][\w.@:/+~-]*")
GIT_URL = re.compile(r"(?!-|.*@-)((https?|ssh|git|file)://[^-\s]\S*|/\S*|[\w.-]+@[\w.-]+:[^-\s]\S*)")
NAME = re.compile(r"[\w][\w./+@-]*")  # a tag, branch or module; nothing that a program would take for an option
LOCAL = ("/", "file://", ":local:", ":fork:")


class ExportSource(SettingsTable):
    """A source table: what doit content exports.

    With none of revision, tag and date it follows the branch, each time that somebody says doit content.

    kind      "cvs", "git" or "directory"
    url       a CVSROOT (":pserver:anonymous@host:/cvs/smeserver"), an address of git, or a directory
    module    of CVS; of git the directory within, if not all of it
    branch    the branch of CVS or git, if it is not the main one
    revision  a commit of git
    tag       a tag of CVS or git
    date      the state of the branch at that moment, of CVS or git
    """

    kind: str = "directory"
    url: str = ""
    module: str = ""
    branch: str = ""
    revision: str = ""
    tag: str = ""
    date: datetime = NEVER
    choices = MappingProxyType({"kind": KINDS})

    def __post_init__(self) -> None:
        if self.kind == "cvs":
            require_value(
                CVS_ROOT.fullmatch(self.url), "url", "use a CVSROOT like :pserver:anonymous@host:/cvs/smeserver"
            )
            require_value(self.module, "module", "CVS needs the name of a module, like cdrom.image/sme10")
            require_value(not self.revision, "revision", "CVS numbers each file on its own; name a tag or a date")
            require_value(not (self.tag and self.branch), "tag", "a tag stands on its branch already", "branch")
        elif self.kind == "git":
            require_value(GIT_URL.fullmatch(self.url), "url", "use an address of https, ssh, git or file, or a path")
        else:
            require_value(
                not (self.named or self.module or self.branch), "kind", "a directory has no revisions; name its path"
            )
        require_value(
            len(self.named) <= 1,
            self.named[-1] if self.named else "tag",
            "name one of revision, tag and date",
            *self.named,
        )
        for key in ("module", "branch", "revision", "tag"):
            value = getattr(self, key)
            safe = NAME.fullmatch(value) and ".." not in value.split("/")
            require_value(not value or safe, key, "it is no name that CVS or git could have")

    @property
    def is_set(self) -> bool:
        """Whether there is anything to export; otherwise a person puts the directory into place."""
        return bool(self.url)

    @property
    def named(self) -> tuple[str, ...]:
        """Which of revision, tag and date are said."""
        return tuple(key for key in ("revision", "tag", "date") if getattr(self, key) not in ("", NEVER))

    @property
    def is_pinned(self) -> bool:
        """Whether it means the same files next year; what is not changes when somebody asks for it."""
        return bool(self.named)

    @property
    def is_local(self) -> bool:
        """Whether no network is needed."""
        return self.kind == "directory" or self.url.startswith(LOCAL)

    @property
    def moment(self) -> str:
        """The date as CVS and git read it, "" for none."""
        return "" if self.date == NEVER else f"{self.date:%Y-%m-%d %H:%M:%S} +0000"

    def __str__(self) -> str:
        at = self.revision or self.tag or self.moment or self.branch
        return f"{self.kind} {self.url}{f' {self.module}' if self.module else ''}{f' at {at}' if at else ''}"

    def anchored(self, root: Path) -> ExportSource:
        """Return it with an absolute directory."""
        return replace(self, url=str(root / self.url)) if self.kind == "directory" and self.url else self


class ContentSettings(SettingsTable):
    """The [content] table: the cdrom.image/smeN tree.

    path     its directory; one that is a working copy is used as it is, and never written to
    source   what it is exported from; without one it is the directory that a person put there
    inherit  a tree of the last release, whose product/ lies below ours
    names    the encoding of file names that are not UTF-8, like "latin-1" or "euc-kr": they are UTF-8 on the medium and
             in its images; without it such a name is refused
    """

    path: Path
    source: ExportSource = field(default_factory=ExportSource)
    inherit: str = ""
    names: str = ""

    def __post_init__(self) -> None:
        require_value(
            not self.names or _is_encoding(self.names), "names", 'name an encoding, like "latin-1" or "euc-kr"'
        )

    def anchored(self, root: Path) -> ContentSettings:
        """Return it with absolute paths."""
        inherit = str(root / self.inherit) if self.inherit else ""
        return replace(self, path=root / self.path, source=self.source.anchored(root), inherit=inherit)


def _is_encoding(name: str) -> bool:
    """Return whether Python knows an encoding of file names by that name: one that leaves ASCII as it is."""
    try:
        return "A/.".encode(name) == b"A/."
    except (LookupError, ValueError):  # also for what is no encoding of text, and for a name that no file could have
        return False


class CheckoutSettings(SettingsTable):
    """A [[checkouts]] entry: another tree that doit content exports, like rpms/anaconda/sme10.

    name    what reports call it
    path    the directory that it is exported to
    source  what it is exported from
    """

    name: str
    path: Path
    source: ExportSource

    def __post_init__(self) -> None:
        require_value(WORD.fullmatch(self.name), "name", "use letters, digits, '.', '_' and '-' only")
        require_value(self.source.is_set, "source", "say where it comes from: add kind and url")

    def anchored(self, root: Path) -> CheckoutSettings:
        """Return it with absolute paths."""
        return replace(self, path=root / self.path, source=self.source.anchored(root))


MARKER = ".smedoit-mirror"
REMOTE = re.compile(r"(?!-|.*@-)(rsync://[^-/\s][^/\s]*/\S+|[^\s:/]+::?(?!//)[^\s:-]\S*)")


class RsyncMirror(SettingsTable):
    """A [[rsync_mirror]] entry: a copy that doit mirror keeps by rsync.

    name                doit mirror:NAME brings it up to date
    source              rsync://HOST/MODULE/PATH, HOST::MODULE/PATH, HOST:PATH, or a directory here
    path                the copy; it belongs to rsync, which takes away what the source has no more
    max_delete_percent  percent of the copy's files that may disappear at once
    marker              the file in path that says so; without it a directory that holds anything is never changed
    rsync               further options, as ["--exclude=isos/"]
    """

    name: str
    source: str
    path: Path
    max_delete_percent: int = 10
    marker: str = MARKER
    rsync: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_value(WORD.fullmatch(self.name), "name", "use letters, digits, '.', '_' and '-' only")
        require_value(WORD.fullmatch(self.marker.lstrip(".")), "marker", "use the plain name of a file")
        require_value(0 <= self.max_delete_percent <= 100, "max_delete_percent", "it is a percentage, from 0 to 100")
        good = self.is_remote or ("://" not in self.source and not self.source.startswith("-"))
        require_value(
            self.source and good, "source", "use rsync://HOST/MODULE/PATH, HOST::MODULE, HOST:PATH or a directory"
        )
        for number, option in enumerate(self.rsync):
            require_value(
                not option.startswith("--del"), ("rsync", number), "what is deleted, and how much, is for us to say"
            )

    @property
    def is_remote(self) -> bool:
        """Whether it comes over a network."""
        return bool(REMOTE.fullmatch(self.source))

    def anchored(self, root: Path) -> RsyncMirror:
        """Return it with absolute paths."""
        source = self.source if self.is_remote else str(root / os.path.expanduser(self.source))
        return replace(self, source=source, path=root / self.path)


PLACES = {"locale": "usr/share/locale", "updates": "run/install/updates/po"}
PINS = Path("boot_set.sha256")


class BootSetSettings(SettingsTable):
    """The [boot_set] table: images/, isolinux/, EFI/ and LiveOS/ of one upstream release.

    path    the directory that the tree is made from; with a source or an iso it belongs to doit boot_set
    source  where the files come from: an address, or the directory of a local mirror
    bases   further ones, asked in this order for what the source does not give
    iso     an ISO to take the files from instead
    pins    the file of their SHA-256, relative to release.toml's directory; if it is not named, boot_set.sha256, and
            boot_set-11.sha256 for release-11.toml
    """

    path: Path
    source: str = ""
    bases: tuple[str, ...] = ()
    iso: str = ""
    pins: str = ""

    def __post_init__(self) -> None:
        require_value(
            not (self.source and self.iso),
            "iso",
            "the boot set comes from a source or from an iso, not from both",
            "source",
        )
        require_value(
            self.source or not self.bases, "bases", "they are asked after the source, so name a source first", "source"
        )
        for key, value in self.named():
            if is_http_url(value):
                check_url(value, key)
        require_value(not is_http_url(self.iso), "iso", "fetch the ISO first, and check it; then give its path")

    def named(self) -> Iterator[tuple[KeyPath, str]]:
        """Yield (path of the key, value) of every source."""
        if self.source:
            yield ("source",), self.source
        for number, base in enumerate(self.bases):
            yield ("bases", number), base

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

    def anchored(self, root: Path) -> BootSetSettings:
        """Return it with absolute paths. pins stays: it lies beside release.toml."""

        def placed(text: str) -> str:
            return str(root / text) if text and not is_http_url(text) else text

        return replace(
            self,
            path=root / self.path,
            source=placed(self.source),
            bases=tuple(map(placed, self.bases)),
            iso=placed(self.iso),
        )


class TranslationsSettings(SettingsTable):
    """The [translations] table: LANG/LC_MESSAGES/anaconda.mo, where from, and where they take effect.

    path         their directory
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
    choices = MappingProxyType({"place": tuple(sorted(PLACES))})

    def __post_init__(self) -> None:
        for key in ("url", "patches_url"):
            if getattr(self, key):
                check_url(getattr(self, key), key)
        require_value(self.url or not self.automatic, "automatic", "it needs a url to look at", "url")
