# SPDX-License-Identifier: GPL-3.0-or-later
"""A published tree read back, here and over HTTP: every fault is told, and nothing that is right."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smedoit.config.identity import FINAL
from smedoit.config.media import SigningSettings
from smedoit.config.network import NetworkSettings
from smedoit.config.release import Release, load_release
from smedoit.config.tiers import Tier
from smedoit.errors import SmeError, VerifyError
from smedoit.jigdo.format import FileRegion, format_jigdo
from smedoit.keys import gpg
from smedoit.publish import claims, readback
from smedoit.publish.retire import retire_releases
from smedoit.sample.packages import KEYS
from smedoit.tree import treeinfo
from tests.harness import servers
from tests.harness.nouns import identity
from tests.harness.project import PROJECT, flip
from tests.harness.publishing import do, plan, release, state, target, tier
from tests.harness.servers import ScriptedServer, scripted, served
from tests.harness.staged import StagedTree


class Published:
    """A release that was published, with smeos, a medium, a tier, and what they say of themselves."""

    def __init__(self, home: Path) -> None:
        self.home, self.settings = home, target(home / "public")
        stage = release(home / "stage", "10.1.rc2", 1, 2)
        tier(home / "live", 2, 3)
        self.tree = stage / "smeos/x86_64"
        [medium] = stage.glob("iso/x86_64/*.iso")
        medium.write_bytes(bytes(range(256)) * 400)
        self.sum_media(stage / "iso/x86_64")
        sums = hashlib.sha256((self.tree / "repodata/repomd.xml").read_bytes()).hexdigest()
        (self.tree / ".treeinfo").write_text(
            f"[general]\nversion = 10\n[checksums]\nrepodata/repomd.xml = sha256:{sums}\n"
        )
        do(self.settings, lambda: plan(self.settings, "10.1.rc2", {"": stage, "smeupdates": home / "live"}))
        self.place = self.settings.target / "testing/10.1.rc2"

    def sum_media(self, directory: Path) -> None:
        lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in directory.glob("*.iso")]
        (directory / "SHA256SUMS").write_text("".join(lines))

    @property
    def rel(self) -> Release:
        rel = load_release(PROJECT / "release.toml")
        network = NetworkSettings(timeout=1, delay=0, tries=2)
        return replace(rel, publish=self.settings, network=network, keys=rel.keys)

    def rpm(self, name: str, part: str = "smeos") -> Path:
        [path] = (self.place / part).rglob(f"{name}*.rpm")
        return path

    def read(self, url: str = "", place: Path | None = None) -> str:
        """Return what a reading says that finds nothing."""
        said = readback.verify_published_tree(self.rel, url, str(place or ""))
        return f"{said['did']}\n{said['result']}"

    def faults(self, url: str = "", place: Path | None = None) -> str:
        with pytest.raises(VerifyError) as raised:
            self.read(url, place)
        return str(raised.value)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return Published(tmp_path_factory.mktemp("published"))


@pytest.fixture
def published(once: Published) -> Iterator[Published]:
    """The published release, which every test finds as it was published."""
    saved = once.home / "saved"
    if not saved.exists():
        shutil.copytree(once.settings.target, saved, symlinks=True)
    yield once
    shutil.rmtree(once.settings.target)
    shutil.copytree(saved, once.settings.target, symlinks=True)


def unlinked(path: Path, data: bytes) -> None:
    """Give a file other bytes, as a bad disk would: its other names keep theirs."""
    path.unlink()
    path.write_bytes(data)


def test_a_tree_as_it_was_published_passes_and_nothing_in_it_changes(published: Published) -> None:
    before = state(published.settings.target)
    said = published.read()
    assert "held against the record publish of testing/10.1.rc2" in said
    assert "nothing is wrong" in said
    assert state(published.settings.target) == before


def swapped_link(published: Published) -> None:
    path = published.rpm("a-1")
    path.unlink()
    path.symlink_to("../../../../../../outside.rpm")


def inner_link(published: Published) -> None:
    path = published.rpm("a-1")
    path.unlink()
    path.symlink_to(os.path.relpath(published.rpm("a-2"), path.parent))


Plant = Callable[[Published], object]
PLANTED: Mapping[str, tuple[Plant, str]] = {
    "a bit of a package": (
        lambda it: unlinked(it.rpm("a-1"), flip(4000, it.rpm("a-1").read_bytes())),
        "has other bytes than were published:\n    smeos/x86_64/RPMS/a-1",
    ),
    "a package that is cut": (
        lambda it: unlinked(it.rpm("a-1"), it.rpm("a-1").read_bytes()[:-1]),
        "has another size:\n    smeos/x86_64/RPMS/a-1",
    ),
    "a package that went": (lambda it: it.rpm("a-1").unlink(), "is not there:\n    smeos/x86_64/RPMS/a-1"),
    "a package that came": (
        lambda it: (it.place / "smeos/x86_64/RPMS/z-1-1.noarch.rpm").write_bytes(b"z"),
        "came since it was published:\n    smeos/x86_64/RPMS/z-1-1.noarch.rpm",
    ),
    "a file that came to the media": (
        lambda it: (it.place / "iso/x86_64/backdoor.sh").write_bytes(b"z"),
        "came since it was published:\n    iso/x86_64/backdoor.sh",
    ),
    "repodata that is cut": (
        lambda it: [unlinked(path, path.read_bytes()[:50]) for path in it.place.rglob("*primary.xml.gz")],
        "has another size:\n    smeos/x86_64/repodata/",
    ),
    "a stale repomd.xml": (
        lambda it: shutil.copy(it.place / "smeupdates/x86_64/repodata/repomd.xml", it.place / "smeos/x86_64/repodata"),
        "smeos/x86_64/repodata/repomd.xml",
    ),
    "a medium": (
        lambda it: unlinked(next(it.place.rglob("*.iso")), b"x"),
        "has another size:\n    iso/x86_64/smeserver-10.1.rc2-x86_64.iso: 1 bytes, ",
    ),
    "a link that leads out": (swapped_link, "is a link that leads out:\n    smeos/x86_64/RPMS/a-1"),
    "a link in place of a file": (inner_link, "is a link, and was published as a file:\n    smeos/x86_64/RPMS/a-1"),
    "a file for its owner alone": (lambda it: it.rpm("a-1").chmod(0o600), "not everybody may read it:\n    smeos"),
    "a directory for its owner alone": (
        lambda it: (it.place / "iso").chmod(0o700),
        "not everybody may enter it:\n    iso/",
    ),
    "a pipe": (lambda it: os.mkfifo(it.place / "iso/pipe"), "is no regular file:\n    iso/pipe"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_in_what_was_published_is_told(published: Published, fault: str) -> None:
    plant, words = PLANTED[fault]
    plant(published)
    assert words in published.faults()


def test_all_faults_are_told_at_once(published: Published) -> None:
    for name in ("a bit of a package", "a file that came to the media", "a pipe"):
        PLANTED[name][0](published)
    said = published.faults()
    assert "3 faults in " in said
    assert all(PLANTED[name][1] in said for name in ("a bit of a package", "a file that came to the media", "a pipe"))


# Nobody's record


def copied(published: Published) -> Path:
    """Return a copy of the release that no record speaks of."""
    place = published.home / "elsewhere"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(published.place, place, symlinks=True)
    return place


def test_a_tree_without_a_record_is_held_against_its_own_metadata_and_that_is_said(published: Published) -> None:
    said = published.read(place=copied(published))
    assert "held against its own metadata: nothing is wrong" in said
    assert "no record says what was published there" in said


OWN: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "a package": (
        lambda it: [unlinked(path, flip(3000, path.read_bytes())) for path in it.rglob("smeos/**/a-1*.rpm")],
        "has another checksum than metadata says:\n    smeos/x86_64/RPMS/a-1-1.",
    ),
    "a package that went": (
        lambda it: [path.unlink() for path in it.rglob("smeos/**/a-1*.rpm")],
        "-primary.xml.gz names",
    ),
    "a package that came": (
        lambda it: (it / "smeupdates/x86_64/RPMS/z-1-1.noarch.rpm").write_bytes(b"z"),
        "is a package that no repodata names:\n    smeupdates/x86_64/RPMS/z-1-1.noarch.rpm",
    ),
    "metadata that is cut": (
        lambda it: [unlinked(path, path.read_bytes()[:50]) for path in it.rglob("smeos/**/*primary.xml.gz")],
        "has another checksum than metadata says:\n    smeos/x86_64/repodata/",
    ),
    "a repomd.xml that is none": (
        lambda it: (it / "smeos/x86_64/repodata/repomd.xml").write_bytes(b"<html>"),
        "smeos/x86_64/repodata/repomd.xml, by smeos/x86_64/.treeinfo",
    ),
    "the repomd.xml of a tier that is none": (
        lambda it: (it / "smeupdates/x86_64/repodata/repomd.xml").write_bytes(b"<html>"),
        "cannot be used as metadata:\n",
    ),
    "a medium": (
        lambda it: [unlinked(path, b"x") for path in it.rglob("*.iso")],
        "smeserver-10.1.rc2-x86_64.iso, by iso/x86_64/SHA256SUMS",
    ),
    "a link that leads out": (
        lambda it: (it / "smeos/x86_64/key").symlink_to("/etc/passwd"),
        "is a link that leads out:\n    smeos/x86_64/key -> /etc/passwd",
    ),
    "a link that leads nowhere": (
        lambda it: (it / "smeos/x86_64/key").symlink_to("gone"),
        "is a link that leads nowhere:\n    smeos/x86_64/key -> gone",
    ),
}


@pytest.mark.parametrize("fault", OWN)
def test_a_fault_that_a_tree_without_a_record_shows_itself_is_told(published: Published, fault: str) -> None:
    place = copied(published)
    plant, words = OWN[fault]
    plant(place)
    assert words in published.faults(place=place)


def test_links_within_a_tree_without_a_record_are_its_own_affair(published: Published) -> None:
    place = copied(published)
    (place / "pool").mkdir()
    for path in sorted((place / "smeos/x86_64/RPMS").iterdir()):
        path.rename(place / "pool" / path.name)
        path.symlink_to(os.path.relpath(place / "pool" / path.name, path.parent))
    assert "nothing is wrong" in published.read(place=place)


def test_a_directory_without_metadata_is_refused(published: Published, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    assert "nothing there says what it should hold" in published.faults(place=tmp_path)


def test_the_whole_target_is_no_release(published: Published) -> None:
    with pytest.raises(SmeError, match="holds all releases"):
        published.read(place=published.settings.target)


def test_a_tier_that_lies_in_the_published_tree_may_change_and_must_fit_its_repodata(published: Published) -> None:
    live = Tier("smeupdates", published.place / "smeupdates")

    class Living(Published):
        def __init__(self) -> None:
            self.home, self.settings, self.place = published.home, published.settings, published.place

        @property
        def rel(self) -> Release:
            rel = super().rel
            return replace(rel, tiers=(*(one for one in rel.tiers if one.name != "smeupdates"), live))

    living = Living()
    tier(published.place / "smeupdates", 2, 4)
    assert "came since it was published" in published.faults()
    assert "nothing is wrong" in living.read()
    (published.place / "smeupdates/x86_64/RPMS/z-1-1.noarch.rpm").write_bytes(b"z")
    assert "is a package that no repodata names" in living.faults()


# Signatures and jigdo


def sums_of(published: Published) -> Path:
    """Return the checksum file of a copy without a record, signed by the practice key."""
    sums = copied(published) / "iso/x86_64/SHA256SUMS"
    secret = KEYS / "RPM-GPG-KEY-practice-koozali.secret"
    sums.with_name("SHA256SUMS.asc").write_text(gpg.sign_file(sums, SigningSettings(file=secret), 0))
    return sums


def pinned(published: Published, **changes: Any) -> Release:
    """Return the release with its keys where they really lie."""
    keys = tuple(replace(key, file=KEYS / key.file.name) for key in published.rel.keys)
    return replace(published.rel, **{"keys": keys, **changes})


SECRET = KEYS / "RPM-GPG-KEY-practice-centos.secret"


def test_a_signature_by_a_pinned_key_is_good_and_one_by_anybody_else_cannot_be_judged(published: Published) -> None:
    sums = sums_of(published)
    asc = sums.with_name("SHA256SUMS.asc")
    assert readback.judge_published_signature(pinned(published), sums, asc)[0] == readback.GOOD
    asc.write_text(gpg.sign_file(sums, SigningSettings(file=SECRET), 0))
    one = pinned(published, keys=pinned(published).keys[:1])
    assert readback.judge_published_signature(one, sums, asc)[0] == readback.UNKNOWN
    ours = replace(one, signing=SigningSettings(file=KEYS / "RPM-GPG-KEY-practice-koozali.secret"))
    assert readback.judge_published_signature(ours, sums, asc)[0] == readback.BAD


def test_a_signature_over_another_text_is_a_fault_of_the_tree(published: Published) -> None:
    sums = sums_of(published)
    place = sums.parents[2]
    back = readback.verify_published_tree(pinned(published), "", str(place))
    assert "could not be judged" not in back["result"]
    sums.write_text(sums.read_text() + "# more\n")
    with pytest.raises(VerifyError, match=r"(?s)has no good signature.*iso/x86_64/SHA256SUMS: its signature does not"):
        readback.verify_published_tree(pinned(published), "", str(place))


def test_what_a_jigdo_file_names_is_looked_at(published: Published) -> None:
    place = copied(published)
    package, template = next(place.glob("smeos/x86_64/RPMS/a-1*")), place / "iso/x86_64/m.template"
    template.write_bytes(b"template")
    md5 = [hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() for path in (package, template)]
    part = FileRegion(0, 1, f"x86_64/RPMS/{package.name}", md5[0], 0)
    text = format_jigdo("m.iso", {}, 1, md5[1], [part, replace(part, path="x86_64/gone", md5="0" * 32)], [])
    (place / "iso/x86_64/m.jigdo").write_text(text)
    said = published.faults(place=place)
    assert "1 fault in " in said
    assert "smeos/x86_64/gone, which iso/x86_64/m.jigdo names" in said
    template.write_bytes(b"another one")
    assert "iso/x86_64/m.template, by iso/x86_64/m.jigdo" in published.faults(place=place)
    (place / "iso/x86_64/m.jigdo").write_text("[Image]\n")  # of others, whose labels we do not know
    assert "is no .jigdo file of ours" in published.read(place=place)


def test_a_release_that_was_retired_is_held_against_what_was_published(tmp_path: Path) -> None:
    settings = target(tmp_path / "public")
    for version in ("10.0", "10.1"):
        parts = {"": release(tmp_path / "stage", version, 1)}
        do(settings, lambda version=version, parts=parts: plan(settings, version, parts, FINAL))  # type: ignore[misc]
    rel = replace(load_release(PROJECT / "release.toml"), publish=settings)
    retire_releases(rel, ["10.0"], dry_run=False)
    place = settings.target / "obsolete/10.0"
    said = readback.verify_published_tree(rel, "", str(place))
    assert "held against the record publish of 10.0 (" in said["did"]
    (place / "smeos/x86_64/more").write_text("")
    with pytest.raises(VerifyError, match="came since it was published"):
        readback.verify_published_tree(rel, "", str(place))


# Over HTTP


def shown(server: ScriptedServer, place: Path, base: str = "/pub/testing/10.1.rc2/") -> str:
    """Let a server show a directory; return its address."""
    files = {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    return servers.publish(server, base, files)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted() as running:
        yield running


def test_what_a_mirror_shows_is_held_against_the_record(published: Published, server: ScriptedServer) -> None:
    said = published.read(shown(server, published.place))
    assert "held against the record publish of testing/10.1.rc2" in said
    assert "nothing is wrong" in said


def test_a_server_that_nobody_has_a_record_of_is_held_against_its_own_metadata(
    published: Published, server: ScriptedServer
) -> None:
    assert "held against its own metadata" in published.read(shown(server, published.place, "/other/"))


def test_a_server_without_index_pages_is_asked_for_what_the_record_names(
    published: Published, server: ScriptedServer
) -> None:
    url = shown(server, published.place)
    server.on("/pub/testing/10.1.rc2/", servers.status(403))
    assert "the server lists no files" in published.read(url)


@pytest.mark.parametrize(("below", "files"), [("", "12 files"), ("smeos/x86_64/", "6 files")])
def test_a_server_that_lists_nothing_and_is_in_no_record_is_asked_for_what_a_release_has(
    published: Published, server: ScriptedServer, below: str, files: str
) -> None:
    url = shown(server, published.place, "/other/")
    for path in [path for path in server.script if path.endswith("/")]:
        server.on(path, servers.status(403))
    said = published.read(url + below)
    assert "the server lists no files" in said
    assert f"{files}, " in said
    assert sum(one.path.startswith("/other/") for one in server.asked) < 60


def two_repositories(home: Path) -> Path:
    """Return an installation tree with two repositories, and a .treeinfo with a wrong sum of AppStream's repomd.xml."""
    staged = StagedTree(home)
    staged.fill()
    one = identity(base="el8", major=11, version="11.0")
    good = hashlib.sha256((staged.tree / "BaseOS/repodata/repomd.xml").read_bytes()).hexdigest()
    sums = {"BaseOS/repodata/repomd.xml": good, "AppStream/repodata/repomd.xml": "0" * 64}
    (staged.tree / ".treeinfo").write_text(treeinfo.format_treeinfo(one, sums))
    return staged.tree


@pytest.mark.parametrize("lists", [True, False], ids=["with index pages", "without"])
def test_the_packages_of_both_repositories_of_a_tree_are_read_back_whatever_the_server_hides(
    published: Published, server: ScriptedServer, tmp_path: Path, lists: bool
) -> None:
    rel = replace(published.rel, release=replace(published.rel.release, base="el8"))
    tree = two_repositories(tmp_path)
    (tree / "AppStream/Packages/php-1-1.noarch.rpm").write_bytes(b"another")
    url = shown(server, tree, "/other/")
    server.script |= {path: [servers.status(403)] for path in server.script if path.endswith("/") and not lists}
    if lists:  # Apache hides what begins with a dot
        names = [path.name + "/" for path in tree.iterdir() if path.is_dir()]
        server.on("/other/", servers.listing(names))
    with pytest.raises(VerifyError) as raised:
        readback.verify_published_tree(rel, url, "")
    assert "AppStream/Packages/php-1-1.noarch.rpm, by AppStream/repodata/" in str(raised.value)
    assert "AppStream/repodata/repomd.xml, by .treeinfo" in str(raised.value)


AT = "/pub/testing/10.1.rc2/smeos/x86_64/RPMS/"


def trickle(handler: servers.Handler) -> None:
    """Send a byte now and then."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(60):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


HTTP: Mapping[str, tuple[servers.Answer, str]] = {
    "another file": (served(b"x" * 7000), "cannot be read:\n    smeos/x86_64/RPMS/a-1"),
    "nothing": (servers.status(404), "is not there:\n    smeos/x86_64/RPMS/a-1"),
    "a refusal": (servers.status(403), "the server answers 403 Forbidden"),
    "an error of its own": (servers.status(500, Retry_After="0"), "the server answers 500 Internal Server Error"),
    "a way out": (servers.redirect("/login.html"), "is a web page and not the file that was promised"),
    "a loop": (servers.redirect(AT), "redirect"),
    "a page": (served(b"<html>welcome", "text/html"), "cannot be read:\n    smeos/x86_64/RPMS/a-1"),
}


@pytest.mark.parametrize("answer", HTTP)
def test_a_server_that_gives_something_else_is_told(published: Published, server: ScriptedServer, answer: str) -> None:
    url = shown(server, published.place)
    what, words = HTTP[answer]
    server.on("/login.html", served(b"<html>log in".ljust(published.rpm("a-1").stat().st_size), "text/html"))
    server.on(AT + published.rpm("a-1").name, what)
    if answer == "a loop":
        server.on(AT, what)
    assert words in published.faults(url)


def test_equal_sizes_prove_nothing(published: Published, server: ScriptedServer) -> None:
    url, path = shown(server, published.place), published.rpm("a-1")
    server.on(AT + path.name, served(flip(4000, path.read_bytes())))
    assert "has other bytes than were published:\n    smeos/x86_64/RPMS/a-1" in published.faults(url)


MEDIUM = "/pub/testing/10.1.rc2/iso/x86_64/smeserver-10.1.rc2-x86_64.iso"


@pytest.mark.parametrize(("tagged", "ranges"), [(True, [None, "bytes=49152-"]), (False, [None, None])])
def test_a_transfer_that_breaks_off_goes_on_where_it_stopped_if_the_server_can_prove_it(
    published: Published, server: ScriptedServer, tagged: bool, ranges: list[str | None]
) -> None:
    url, data = shown(server, published.place), bytes(range(256)) * 400
    server.on(MEDIUM, servers.broken_off(data, 50_000, tagged=tagged), served(data, tagged=tagged))
    assert "nothing is wrong" in published.read(url)
    assert [one.headers.get("range") for one in server.asked if one.path == MEDIUM] == ranges


def test_a_server_that_is_too_slow_is_given_up(published: Published, server: ScriptedServer) -> None:
    url = shown(server, published.place)
    server.on(AT + published.rpm("a-1").name, trickle)
    said = published.faults(url)
    assert "fell silent" in said or "cannot be read" in said


def test_a_server_that_dies_is_not_asked_for_every_file(published: Published, server: ScriptedServer) -> None:
    url, release_it = shown(server, published.place), threading.Event()
    try:
        for path in published.place.rglob("smeos/**/*.rpm"):
            server.on(AT + path.name, servers.silent(release_it))
        said = published.faults(url)
    finally:
        release_it.set()
    assert "the server is not asked any more" in said
    assert sum(one.path.endswith(".rpm") for one in server.asked) == 2  # one file, tried twice


def test_an_address_that_is_none_is_refused(published: Published) -> None:
    with pytest.raises(SmeError, match="use an address that starts with http"):
        published.read("ftp://mirror.example/pub")


# Which record is meant


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://m.example/pub/testing/10.1.rc2/", ("testing/10.1.rc2", "")),
        ("https://m.example/pub/testing/10.1.rc2/smeos/x86_64", ("testing/10.1.rc2", "smeos/x86_64")),
        ("https://m.example/pub/10.1", ("10.1", "")),
        ("https://m.example/pub/testing/10.1", ("", "")),
        ("https://m.example/pub/10.12", ("", "")),
        ("testing/10.1.rc2", ("testing/10.1.rc2", "")),
    ],
)
def test_an_address_names_the_longest_place_that_fits(address: str, found: tuple[str, str]) -> None:
    assert claims.split_place(address, ["10.1", "testing/10.1.rc2"]) == found


def test_a_part_of_a_release_is_held_against_its_part_of_the_record(published: Published) -> None:
    PLANTED["a bit of a package"][0](published)
    assert "nothing is wrong" in published.read(place=published.place / "iso")
    assert "has other bytes than were published:\n    x86_64/RPMS/a-1" in published.faults(
        place=published.place / "smeos"
    )


def test_metadata_that_lies_about_its_package_is_seen_over_http_as_well(
    published: Published, server: ScriptedServer
) -> None:
    place = copied(published)
    [primary] = place.glob("smeupdates/x86_64/repodata/*primary.xml.gz")
    unlinked(primary, gzip.compress(gzip.decompress(primary.read_bytes()).replace(b"a-3", b"b-3")))
    said = published.faults(shown(server, place, "/other/"))
    assert "has another checksum than metadata says:\n    smeupdates/x86_64/repodata/" in said
    assert "RPMS/b-3" in said
