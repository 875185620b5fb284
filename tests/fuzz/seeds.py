# SPDX-License-Identifier: GPL-3.0-or-later
"""Honest inputs: of the practice world, built once, and real ones of the corpus where there is one."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from smedoit.config.release import Release
from smedoit.fetch.cache import CachedResponse, DownloadCache
from smedoit.publish.records import PublishRecord
from smedoit.runtime import journal, steps
from smedoit.sample import packages, world
from smedoit.tiers.records import PromotionRecord
from tests.harness.places import PROJECT
from tests.harness.project import Project

LARGEST = 1 << 17  # bytes of a seed: larger ones are slow, and say nothing more
INDEX = """<!DOCTYPE html><html><head><title>Index of /a/</title></head><body><h1>Index of /a/</h1><hr><pre>
<a href="../">../</a><a href="de/">de/</a> 01-Nov-2026 12:00 -
<a href="/a/f%20x.rpm">f x.rpm</a> 12 <a href="./b.mo">b.mo</a><a href="?C=N;O=D">Name</a></pre></body></html>
"""
RESPONSE = (
    b"HTTP/1.1 200 OK\r\nDate: Sun, 01 Nov 2026 12:00:00 GMT\r\n"
    b'ETag: "1a"\r\nLast-Modified: Sat, 31 Oct 2026 12:00:00 GMT\r\n'
    b"Content-Type: application/octet-stream\r\nContent-Length: 26\r\nConnection: close\r\n"
    b"\r\nabcdefghijklmnopqrstuvwxyz"
)
RPMKEYS = """/x/a-1-1.noarch.rpm:
    Header V4 DSA/SHA1 Signature, key ID 00f97f56: OK
    Header SHA1 digest: OK
    V4 DSA/SHA1 Signature, key ID 00f97f56: OK
    MD5 digest: OK
"""
GPGV = """[GNUPG:] NEWSIG
[GNUPG:] GOODSIG 24C6A8A7F4A80EB5 CentOS-7 Key (CentOS 7 Official Signing Key) <security@centos.org>
[GNUPG:] VALIDSIG 6341AB2753D78A78A7C27BB124C6A8A7F4A80EB5 2026-11-01 1793534400 0 4 0 1 8 00 6341AB2753D78A78A7C27BB124C6A8A7F4A80EB5
"""  # noqa: E501
LISTING = """tru::1:1793534400:0:3:1:5
pub:u:3072:1:24C6A8A7F4A80EB5:1403532474:::u:::scESC::::::23::0:
sub:u:3072:1:24C6A8A7F4A80EB6:1403532475::::::e::::::23:
"""
RSYNC = """>f+++++++++ 123 a/b.rpm
*deleting   0 a/old.rpm
cd+++++++++ 4096 a/
.f..t...... 12 .b.rpm.Ab12Cd
"""
SPEC = """%define version 10.1
%global release 0.rc2
%define displayversion %{version}rc2
Name: anaconda
Epoch: 1
Version: %{version}
Release: %{release}%{?dist}
Patch1: 0001-one.patch
Patch2: two.patch
%prep
%setup -q
%patch1 -p1
%patch -P2 -p0
%changelog
* Sun Nov 01 2026 Somebody <a@b.example> 10.1-0.rc2.sme
- SME Server 10.1 [SME: 12345]

* Sat Oct 31 2026 Somebody Else - 1:21.48.22.147-1
- first, Bug #1234
"""
PATCH = """--- a/pyanaconda/installclasses/centos.py\t2026-11-01 12:00:00
+++ b/pyanaconda/installclasses/centos.py\t2026-11-01 12:00:00
@@ -1,2 +1,2 @@
-a
+b
 c
--- /dev/null
+++ b/pyanaconda/installclasses/koozali.py
@@ -0,0 +1 @@
+class X:
"""
SERIES = "0001-one.patch -p1\n# a remark\ntwo.patch -p0\n"
CVS = "/isolinux.cfg/1.4/Sun Nov  1 12:00:00 2026//\nD/product////\n/b/1.1/dummy//Tsme10\n"
CSV = "package,bug,who,when\nqmail-1.03-24,12345,Somebody,2026-11-01\n"
BUGS = (
    'bug_id,bug_status,qa_contact,changeddate\n12345,VERIFIED,a,2026-11-01\n"12346","CLOSED","b","2026-11-01 10:00"\n'
)
VERIFIED = '[[verified]]\npackage = "qmail-1.03-24"\nbug = 12345\nwho = "Somebody"\nwhen = 2026-11-01\n'
KERNEL = (
    bytes(0x202) + b"HdrS" + bytes(8) + b"\x00\x01" + bytes(0xF0) + b"3.10.0-1160.el7.x86_64 (a@b) #1 SMP\0" + bytes(64)
)
KICKSTART = b"""auth --enableshadow
part / --size=5 --fstype="xfs"
%include /tmp/x
%packages --nobase
@core --optional
-bash
%end
%post --log=/x
'a
%end
"""
STYLE = b""".a, .b:hover { color: rgb(1, 2, 3); background-image: url("x.png"); }
@define-color x red; /* y */ @keyframes k { 50% { color: @x; } }
"""
WINDOW = b"""<?xml version="1.0"?><interface><requires lib="gtk+" version="3.6"/>
<object class="A" id="b"><property name="c">d</property></object></interface>
"""
PPM = b"P6\n# a remark\n16 16\n255\n" + bytes(range(256)) * 3
JPEG = bytes.fromhex("ffd8ffe000046162ffc00011080009000903000000000000000000ffd9")  # the markers of one


@dataclass(frozen=True)
class Seeds:
    """A practice world that was built, and the corpus."""

    project: Project

    @classmethod
    def build(cls, home: Path) -> Seeds:
        """Make and build a practice world."""
        project = Project.new(home)
        world.make_practice_world(project.release)
        ended = project.doit("iso", "jigdo:iso", "record")
        assert ended.code == 0, ended.said
        return cls(project)

    @cached_property
    def release(self) -> Release:
        return self.project.release

    @cached_property
    def corpus(self) -> Path | None:
        """The corpus of real files, None where there is none."""
        place = Path(os.environ.get("SMEDOIT_CORPUS") or PROJECT.parent / "shared/data")
        return place if place.is_dir() else None

    def real(self, *patterns: str) -> list[bytes]:
        """Return files of the corpus."""
        found = [path for pattern in patterns for path in sorted(self.corpus.glob(pattern))] if self.corpus else []
        return [path.read_bytes() for path in found if path.stat().st_size <= LARGEST]

    def made(self, top: Path, *patterns: str) -> list[bytes]:
        """Return files of the practice world."""
        found = [path for pattern in patterns for path in sorted(top.rglob(pattern)) if path.is_file()]
        data = [path.read_bytes() for path in found if path.stat().st_size <= 16 * LARGEST]
        assert data, (top, patterns)
        return data

    def rpms(self) -> list[bytes]:
        """Return packages: a few of ours, and all real ones."""
        return [*self.made(self.release.root / "repo", "*.rpm")[:4], *self.real("rpms/**/*.rpm")]

    def keys(self) -> list[bytes]:
        """Return public keys."""
        ours = [path.read_bytes() for path in sorted(packages.KEYS.glob("*"))]
        return [*ours, *self.real("keys/*", "rpms/rpm-rs/signing_keys/*/*")]

    def promotion(self) -> bytes:
        """Return the record of a promotion."""
        link = steps.HardLink("repo/a.rpm", "repo/b.rpm", "0" * 64)
        gone = steps.RemoveUnchanged("repo/a.rpm", "0" * 64, "repo/b.rpm")
        record = PromotionRecord(
            name="0001-x",
            when="2026-11-01T12:00:00Z",
            who="uid 0",
            what="promotion",
            packages=("a-1-1.noarch",),
            prepare=(link,),
            steps=(gone,),
        )
        return journal.dump_record(record).encode()

    def publication(self) -> bytes:
        """Return the record of a publication."""
        moves = (
            steps.MovePath(".smedoit/work/x", "releases/10"),
            steps.SwitchLink("releases/10", "", "10.1"),
            steps.ReplaceFile("a", "b", "c"),
            steps.CreateDirectory("d"),
            steps.RemoveDirectory("e"),
        )
        record = PublishRecord(
            name="0001-x",
            when="2026-11-01T12:00:00Z",
            who="uid 0",
            kind="publish",
            place="10.1",
            plan="0",
            files={"a": {"size": 1, "sha256": "0"}},
            checks=("x",),
            steps=moves,
        )
        return journal.dump_record(record).encode()

    def facts(self) -> bytes:
        """Return the cache of facts, without most of its rows."""
        copy = self.release.root / "facts-for-fuzz"
        copy.write_bytes(self.release.fact_cache.read_bytes())
        with closing(sqlite3.connect(copy)) as database:
            database.execute("DELETE FROM fact WHERE rowid NOT IN (SELECT rowid FROM fact LIMIT 6)")
            database.commit()
            database.execute("VACUUM")
        return copy.read_bytes()

    def downloads(self) -> bytes:
        """Return what was fetched from where."""
        file = self.release.root / "downloads-for-fuzz"
        known = CachedResponse(
            etag='"1"', modified="Sun, 01 Nov 2026 12:00:00 GMT", sha256="0" * 64, stamp=(1, 2, 3, 4)
        )
        DownloadCache(file).learn("http://a.example/b", known)
        return file.read_bytes()

    def export(self) -> bytes:
        """Return what doit content leaves in a directory."""
        known = {"source": "cvs", "revision": {"kind": "cvs", "tag": "x"}, "files": {"a": "0" * 64}}
        return json.dumps(known).encode()
