# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person still does after a release was published, and the announcement: as mail, and as wiki markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from smedoit.artifacts.media import is_signed
from smedoit.checks.stale_versions import find_foreign_title
from smedoit.config.identity import FINAL, ReleaseIdentity
from smedoit.config.release import Release
from smedoit.errors import SmeError, format_size
from smedoit.keys import gpg
from smedoit.medium_paths import REPOMD, TREEINFO, repository_path
from smedoit.publish.channels import PublishLocation
from smedoit.publish.plan import PublishPlan
from smedoit.runtime import checksums, files

# What virt-install must be told: by .treeinfo it finds kernel and initial RAM disk in any tree, but a system only by
# the names that osinfo knows. This is the base's; virtinst asks for one since version 4.
OSINFO = "centos7.0"
VIRTUAL_MEMORY, VIRTUAL_DISK = 2048, 20  # MiB, GiB
SIGNED, UNSIGNED = "signed", "unsigned"
CHECK_SUMS = {
    SIGNED: "SHA256SUMS beside the media is signed: check it before you install.",
    UNSIGNED: "SHA256SUMS lies beside the media, and is not signed.",
}


@dataclass(frozen=True)
class DownloadMedium:
    """A medium that users download; path is relative to the release."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Its file name."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Announcement:
    """What an announcement is made of.

    bases  URLs of the release on mirrors, without a slash at their end
    notes  what is new, as text for people; "" if nobody wrote it down
    to     mail addresses
    sums   what is true of SHA256SUMS beside every medium: SIGNED, UNSIGNED, or "" where it is not there
    tree   where in the release an installation from the network finds its .treeinfo, "" if nowhere
    """

    identity: ReleaseIdentity
    place: PublishLocation
    bases: Sequence[str]
    media: Sequence[DownloadMedium]
    notes: str = ""
    to: Sequence[str] = ()
    sums: str = ""
    tree: str = ""

    @property
    def virt_install(self) -> str:
        """The command that installs a virtual machine from the first mirror, "" where there is nothing to install."""
        if not (self.bases and self.tree):
            return ""
        machine = f"--name {self.identity.name} --memory {VIRTUAL_MEMORY} --vcpus 2 --disk size={VIRTUAL_DISK}"
        return f"virt-install {machine} --osinfo {OSINFO} --location {self.bases[0]}/{self.tree}/"

    @property
    def title(self) -> str:
        """The subject."""
        what = "" if self.place.channel == FINAL else " for testing"
        return f"{self.identity.product} {self.identity.title} is released{what}"

    @property
    def opening(self) -> str:
        """The first sentences."""
        warning = "" if self.identity.is_final else " It is a test release: do not install it where you need the data."
        release = self.identity
        return f"{release.product} {release.title} of {release.date:%Y-%m-%d} can be downloaded.{warning}"


def announcement_mail(news: Announcement) -> str:
    """Return the announcement as a mail, with its headers."""
    head = [f"To: {', '.join(news.to)}"] if news.to else []
    lines = [*head, f"Subject: {news.title}", "", news.opening, ""]
    if news.notes.strip():
        lines += ["What is new", "-----------", "", news.notes.strip(), ""]
    lines += ["Downloads", "---------", ""]
    for medium in news.media:
        lines += [medium.name, f"  {medium.size} bytes ({format_size(medium.size)})", f"  SHA-256 {medium.sha256}"]
        lines += [*(f"  {base}/{medium.path}" for base in news.bases), ""]
    if news.sums:
        lines += [CHECK_SUMS[news.sums], ""]
    if news.virt_install:
        lines += ["In a virtual machine", "--------------------", "", f"  {news.virt_install}", ""]
    if news.identity.bug_url:
        lines += [f"Please report what does not work: {news.identity.bug_url}", ""]
    return "\n".join(lines)


def announcement_wiki(news: Announcement) -> str:
    """Return the announcement in the markup of MediaWiki."""
    lines = [f"== {news.title} ==", "", news.opening, ""]
    if news.notes.strip():
        lines += ["=== What is new ===", "<pre>", news.notes.strip().replace("</pre", "&lt;/pre"), "</pre>", ""]
    lines += ["=== Downloads ===", '{| class="wikitable"', "! File !! Size !! SHA-256"]
    for medium in news.media:
        link = f"[{news.bases[0]}/{medium.path} {medium.name}]" if news.bases else medium.name
        lines += ["|-", f"| {link} || {format_size(medium.size)} || <code>{medium.sha256}</code>"]
    lines.append("|}")
    if news.virt_install:
        lines += ["", "=== In a virtual machine ===", f"<pre>{news.virt_install}</pre>"]
    return "\n".join([*lines, ""])


def release_checklist(news: Announcement, before: str) -> str:
    """Return what is done and what a person still does; before is what the version link said, "" for nothing."""
    place, identity = news.place, news.identity
    done = [f"{place.path} is in its place, read back", f"the link {place.link} says {place.version}"]
    first = news.bases[0] if news.bases else "https://MIRROR/RELEASE"
    repomd = repository_path(identity.repository_places[0], REPOMD)
    todo = [
        f"exports: let new packages go to {place.path} ({'was ' + before if before else 'there was none before'}),"
        " where the shell accounts and the build server export the tiers",
        f"mirrors: wait until {first}/smeos/{identity.arch}/{repomd} answers on each of them",
        f"mail: send stage/{identity.full}/announcement/mail.txt to {', '.join(news.to) or 'the lists'}",
        f"wiki: put stage/{identity.full}/announcement/wiki.txt on the page of the release",
        f"bugs: name {identity.title} as a version in {identity.bug_url}" if identity.bug_url else "",
        "upgrade: say in the announcement how to get there from the release before" if identity.is_final else "",
    ]
    return "\n".join([*(f"[x] {line}" for line in done), *(f"[ ] {line}" for line in todo if line), ""])


CHECKSUM_FILES = (*checksums.NAMES, *(f"{name}.asc" for name in checksums.NAMES))


def belongs_to_release(identity: ReleaseIdentity, name: str) -> bool:
    """Return whether a file below the media belongs to this release; those of other versions may lie beside it."""
    own = Path(name).name
    return (
        own.startswith(f"{identity.name}-{identity.full}-") or own in CHECKSUM_FILES or "metadata" in Path(name).parts
    )


def write_announcement(rel: Release, made: PublishPlan) -> list[str]:
    """Write mail, wiki text and checklist; return what a person still does, as lines."""
    target = rel.stage / "announcement"
    news = Announcement(
        rel.release,
        made.place,
        rel.release_urls.bases(rel.release, made.place.path),
        _announced_media(made),
        _read_release_notes(rel),
        rel.publish.announce,
        _checksum_state(rel, made),
        _install_tree(rel.release, made),
    )
    before = made.before if made.switches else ""
    checklist = release_checklist(news, before)
    for name, text in (
        ("mail.txt", announcement_mail(news)), ("wiki.txt", announcement_wiki(news)), ("checklist.txt", checklist)
    ):  # fmt: skip
        files.write_file(target / name, text)
    return [f"announcement: {target}", *checklist.splitlines()]


def _install_tree(identity: ReleaseIdentity, made: PublishPlan) -> str:
    """Return where in the release the installation tree lies, "" if none is published."""
    tree = f"smeos/{identity.arch}"
    return tree if f"{tree}/{TREEINFO}" in made.files else ""


def _announced_media(made: PublishPlan) -> list[DownloadMedium]:
    """Return the media of a release."""
    images = {path: file for path, file in made.files.items() if path.startswith("iso/") and path.endswith(".iso")}
    return [DownloadMedium(path, file.size, file.sha256) for path, file in sorted(images.items())]


def _read_release_notes(rel: Release) -> str:
    """Return the release notes, "" if nobody made them."""
    path = rel.stage / "notes/README.txt"
    text = files.read_file_text(path) if path.is_file() else ""
    return text if find_foreign_title(text, rel.release) is None else ""


def _checksum_state(rel: Release, made: PublishPlan) -> str:
    """Return what is true of SHA256SUMS beside every medium, "" if it is not beside all of them."""
    places = {PurePosixPath(medium.path).parent / checksums.SHA256 for medium in _announced_media(made)}
    found = [made.files[str(path)].source for path in places if str(path) in made.files]
    if len(found) < len(places) or not found:
        return ""
    if not rel.signing.configured:
        return UNSIGNED
    try:
        owner = gpg.load_signing_certificate(rel.signing, rel.is_practice)
        return SIGNED if all(is_signed(path, owner) for path in found) else UNSIGNED
    except SmeError:  # the release is published, only whether it is signed cannot be said
        return ""
