"""Where content and other source trees come from: CVS, git or a directory, and at which revision."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timezone
from pathlib import Path

from smedoit.decide.identity import WORD
from smedoit.decide.schema import Table, demand

KINDS = ("cvs", "git", "directory")
NEVER = datetime(1, 1, 1, tzinfo=timezone.utc)  # no date is asked for
CVS_ROOT = re.compile(r"(?!.*@-)(:(pserver|ext|local|fork|server):)?[\w./~][\w.@:/+~-]*")
GIT_URL = re.compile(r"(https?|ssh|git|file)://[^-\s]\S*|/\S*|[\w.-]+@[\w.-]+:\S+")
NAME = re.compile(r"[\w][\w./+@-]*")  # a tag, branch or module; nothing that a program would take for an option
LOCAL = ("/", "file://", ":local:", ":fork:")


class Source(Table):
    """A source table: what doit content exports.

    url       a CVSROOT (":pserver:anonymous@host:/cvs/smeserver"), an address of git, or a directory
    module    of CVS; of git the directory within, if not all of it
    revision  a commit of git; tag is for both, as is date: the state of the branch at that moment
    """

    kind: str = "directory"
    url: str = ""
    module: str = ""
    branch: str = ""
    revision: str = ""
    tag: str = ""
    date: datetime = NEVER

    def __post_init__(self) -> None:
        demand(self.kind in KINDS, "kind", f"use one of {', '.join(KINDS)}")
        if self.kind == "cvs":
            demand(CVS_ROOT.fullmatch(self.url), "url", "use a CVSROOT like :pserver:anonymous@host:/cvs/smeserver")
            demand(self.module, "module", "CVS needs the name of a module, like cdrom.image/sme10")
            demand(not self.revision, "revision", "CVS numbers each file on its own; name a tag or a date")
            demand(not (self.tag and self.branch), "tag", "a tag stands on its branch already")
        elif self.kind == "git":
            demand(GIT_URL.fullmatch(self.url), "url", "use an address of https, ssh, git or file, or a path")
        else:
            demand(
                not (self.named or self.module or self.branch), "kind", "a directory has no revisions; name its path"
            )
        demand(len(self.named) <= 1, self.named[-1] if self.named else "tag", "name one of revision, tag and date")
        for key in ("module", "branch", "revision", "tag"):
            value = getattr(self, key)
            safe = NAME.fullmatch(value) and ".." not in value.split("/")
            demand(not value or safe, key, "it is no name that CVS or git could have")

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

    def anchored(self, root: Path) -> Source:
        """Return it with an absolute directory."""
        return replace(self, url=str(root / self.url)) if self.kind == "directory" and self.url else self


class Content(Table):
    """The [content] table: the cdrom.image/smeN tree.

    source    what it is exported from; without one it is the directory that a person put there
    previous  a tree of the last release, whose product/ lies below ours
    """

    path: Path
    source: Source = field(default_factory=Source)
    previous: str = ""

    def anchored(self, root: Path) -> Content:
        """Return it with absolute paths."""
        previous = str(root / self.previous) if self.previous else ""
        return replace(self, path=root / self.path, source=self.source.anchored(root), previous=previous)


class Checkout(Table):
    """A [[checkouts]] entry: another tree that doit content exports, like rpms/anaconda/sme10."""

    name: str
    path: Path
    source: Source

    def __post_init__(self) -> None:
        demand(WORD.fullmatch(self.name), "name", "use letters, digits, '.', '_' and '-' only")
        demand(self.source.is_set, "source", "say where it comes from: add kind and url")

    def anchored(self, root: Path) -> Checkout:
        """Return it with absolute paths."""
        return replace(self, path=root / self.path, source=self.source.anchored(root))


# What the programs say, and what it means. The first that is found counts.
REASONS: Sequence[tuple[str, str]] = (
    ("cannot find module", "has no such module"),
    ("no such tag", "has no such tag"),
    ("no such repository", "has no repository there"),
    ("connection refused", "nobody answers there: the connection was refused"),
    ("unknown host", "no such host is known"),
    ("name or service not known", "no such host is known"),
    ("could not resolve host", "no such host is known"),
    ("temporary failure in name resolution", "no such host is known"),
    ("timed out", "does not answer in time"),
    ("no such user", "refuses this user"),
    ("authorization failed", "refuses this user or password"),
    ("authentication failed", "refuses this user or password"),
    ("could not read username", "asks for a user and a password"),
    ("permission denied", "refuses access"),
    ("does not appear to be a git repository", "has no repository there"),
    ("repository not found", "has no repository there"),
    ("not found", "has no repository there"),
    ("end of file from server", "closes the connection: has it no such repository?"),
    ("no space left", "there is no room on the disk"),
)


def meaning(said: str) -> str:
    """Return what the words of a program that failed mean, "" if nobody knows."""
    lower = said.lower()
    return next((words for sign, words in REASONS if sign in lower), "")


def altered(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the files that two sets of digests do not agree on, sorted."""
    return sorted(path for path in {*before, *now} if before.get(path) != now.get(path))
