"""What a person still does after a release was published, and the announcement: as mail, and as wiki markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smedoit.decide.channels import FINAL, Place
from smedoit.decide.errors import human
from smedoit.decide.identity import Identity


@dataclass(frozen=True)
class Medium:
    """A medium that users download; path is relative to the release."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Its file name."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class News:
    """What an announcement is made of.

    bases  URLs of the release on mirrors, without a slash at their end
    notes  what is new, as text for people; "" if nobody wrote it down
    to     mail addresses
    """

    one: Identity
    place: Place
    bases: Sequence[str]
    media: Sequence[Medium]
    notes: str = ""
    to: Sequence[str] = ()

    @property
    def title(self) -> str:
        """The subject."""
        what = "" if self.place.channel == FINAL else " for testing"
        return f"{self.one.product} {self.one.title} is released{what}"

    @property
    def opening(self) -> str:
        """The first sentences."""
        warning = "" if self.one.is_final else " It is a test release: do not install it where you need the data."
        return f"{self.one.product} {self.one.title} of {self.one.date:%Y-%m-%d} can be downloaded.{warning}"


def mail(news: News) -> str:
    """Return the announcement as a mail, with its headers."""
    head = [f"To: {', '.join(news.to)}"] if news.to else []
    lines = [*head, f"Subject: {news.title}", "", news.opening, ""]
    if news.notes.strip():
        lines += ["What is new", "-----------", "", news.notes.strip(), ""]
    lines += ["Downloads", "---------", ""]
    for medium in news.media:
        lines += [medium.name, f"  {medium.size} bytes ({human(medium.size)})", f"  SHA-256 {medium.sha256}"]
        lines += [*(f"  {base}/{medium.path}" for base in news.bases), ""]
    lines += ["SHA256SUMS beside the media is signed: check it before you install.", ""]
    if news.one.bug_url:
        lines += [f"Please report what does not work: {news.one.bug_url}", ""]
    return "\n".join(lines)


def wiki(news: News) -> str:
    """Return the announcement in the markup of MediaWiki."""
    lines = [f"== {news.title} ==", "", news.opening, ""]
    if news.notes.strip():
        lines += ["=== What is new ===", "<pre>", news.notes.strip().replace("</pre", "&lt;/pre"), "</pre>", ""]
    lines += ["=== Downloads ===", '{| class="wikitable"', "! File !! Size !! SHA-256"]
    for medium in news.media:
        link = f"[{news.bases[0]}/{medium.path} {medium.name}]" if news.bases else medium.name
        lines += ["|-", f"| {link} || {human(medium.size)} || <code>{medium.sha256}</code>"]
    return "\n".join([*lines, "|}", ""])


def checklist(news: News, before: str) -> str:
    """Return what is done and what a person still does; before is what the version link said, "" for nothing."""
    place, one = news.place, news.one
    done = [f"{place.path} is in its place, read back", f"the link {place.link} says {place.version}"]
    first = news.bases[0] if news.bases else "https://MIRROR/RELEASE"
    todo = [
        f"exports: let new packages go to {place.path} ({'was ' + before if before else 'there was none before'}),"
        " where the shell accounts and the build server export the tiers",
        f"mirrors: wait until {first}/smeos/{one.arch}/repodata/repomd.xml answers on each of them",
        f"mail: send stage/{one.full}/announcement/mail.txt to {', '.join(news.to) or 'the lists'}",
        f"wiki: put stage/{one.full}/announcement/wiki.txt on the page of the release",
        f"bugs: name {one.title} as a version in {one.bug_url}" if one.bug_url else "",
        "upgrade: say in the announcement how to get there from the release before" if one.is_final else "",
    ]
    return "\n".join([*(f"[x] {line}" for line in done), *(f"[ ] {line}" for line in todo if line), ""])
