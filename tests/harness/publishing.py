# SPDX-License-Identifier: GPL-3.0-or-later
"""Small releases, the tree that mirrors replicate, and a reader that never stops looking at it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import signal
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from smedoit.checks.result import CheckResult
from smedoit.config.identity import TESTING
from smedoit.config.publish import PublishSettings
from smedoit.publish import apply, channels, publish, records
from smedoit.publish.channels import PublishLocation
from smedoit.publish.plan import PublishedFile, PublishPlan, publish_changes
from smedoit.publish.records import PublishHistory, PublishRecord
from smedoit.repodata import inputs, write
from smedoit.runtime.digests import DigestCache
from tests.harness.nouns import EPOCH
from tests.harness.repositories import recipe, repository

PASSED = (CheckResult("verify", "it passed"),)


@cache
def packages() -> Path:
    """Return a directory with a few packages, made once: a-1-1 to a-4-1."""
    place = Path(mkdtemp(prefix="smedoit-packages-"))
    return repository(place, [recipe(f"a-{number}-1", key="koozali") for number in range(1, 5)]).place


def tier(root: Path, *numbers: int) -> None:
    """Make root a repository of the packages a-NUMBER, with the metadata that doit tiers makes."""
    place = root / "x86_64"
    (place / "RPMS").mkdir(parents=True, exist_ok=True)
    wanted = [one for number in numbers for one in packages().glob(f"a-{number}-1.*.rpm")]
    for path in (place / "RPMS").glob("*.rpm"):
        path.unlink()
    for path in wanted:
        (place / "RPMS" / path.name).write_bytes(path.read_bytes())
    located = [write.RepoPackage(None, path, f"RPMS/{path.name}") for path in sorted((place / "RPMS").glob("*.rpm"))]
    write.write_repodata(located, write.NO_EXTRAS, place / "repodata", EPOCH, packages() / "facts.sqlite")


def release(root: Path, version: str, *numbers: int) -> Path:
    """Make a release as the stage has it: a medium and smeos; return its directory."""
    place = root / version
    tier(place / "smeos", *numbers)
    (place / "iso/x86_64").mkdir(parents=True, exist_ok=True)
    (place / f"iso/x86_64/smeserver-{version}-x86_64.iso").write_bytes(version.encode() * 100)
    (place / "iso/x86_64/SHA256SUMS").write_text(version)
    return place


def target(place: Path, **changes: Any) -> PublishSettings:
    """Return the settings of a target at place, which is made, with its marker."""
    settings = PublishSettings(target=place, **{"tiers": ("smeupdates", "smecontribs"), **changes})
    place.mkdir(parents=True)
    (place / settings.marker).write_text("practice\n")
    return settings


def plan(
    settings: PublishSettings, version: str, parts: Mapping[str, Path], channel: str = TESTING, **changes: Any
) -> PublishPlan:
    """Return the plan that publishes version; parts says what its directories are made from."""
    ledger, place = PublishHistory(settings.target), PublishLocation(channel, version)
    known, device = DigestCache(settings.target.parent / "facts.sqlite"), settings.target.stat().st_dev
    files: dict[str, PublishedFile] = {}
    for name, root in parts.items():
        head = f"{name}/" if name else ""
        files |= {f"{head}{path}": one for path, one in apply.list_published_files(root, known, device).items()}
    present = publish.present_files(ledger, place, known)
    apply.check_release_repodata(files)
    facts: dict[str, Any] = {"checks": PASSED, "origin": "a test", "before": apply.linked_release(ledger, place.link)}
    made = publish_changes(files, present)
    return PublishPlan(place, settings.target, files=files, changes=made, fresh=present is None, **{**facts, **changes})


def do(settings: PublishSettings, planned: Callable[[], PublishPlan]) -> PublishRecord | None:
    """Do a plan, as doit publish does; finish first what was interrupted."""
    with records.open_publish_history(settings) as ledger:
        ledger.resume()
        made = planned()
        return None if made.idle else publish.carry_out_publish(settings, ledger, made, "", "x86_64")


def take_back(settings: PublishSettings) -> None:
    """Do what doit rollback does."""
    with records.open_publish_history(settings) as ledger:
        if not ledger.undo():
            ledger.take_back(ledger.undoable())


def state(root: Path) -> dict[str, str]:
    """Return all that readers can see of a target: path -> kind, mode and content."""
    found = {}
    for top, directories, names in os.walk(root):
        directories[:] = [name for name in directories if name != channels.OURS]
        for name in (*directories, *names):
            path = Path(top, name)
            info = path.lstat()
            content = os.readlink(path) if path.is_symlink() else sha256(path) if path.is_file() else ""
            found[str(path.relative_to(root))] = f"{stat.filemode(info.st_mode)} {content}"
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# The reader


class Torn(Exception):
    """The published tree is not whole."""


def read_whole(link: Path) -> int:
    """Read the release that link names: every repomd.xml, what it names, and every package of that; return how many.

    Whoever reads while something changes may have to begin again, as yum does; the tree is torn if nothing
    has changed and it still is not whole.
    """
    os.stat(link)  # follows it: a dangling link fails at once
    while True:
        place = link.parent / os.readlink(link)
        seen: dict[Path, bytes] = {}
        try:
            return sum(read_repository(repomd, seen) for repomd in sorted(place.glob(f"*/x86_64/{inputs.REPOMD}")))
        except (OSError, AssertionError) as error:
            if os.readlink(link) == place.name and all(same(path, data) for path, data in seen.items()):
                raise Torn(f"{place}: {error!r}") from error


def same(path: Path, data: bytes) -> bool:
    """Return whether a file still is what it was."""
    with contextlib.suppress(OSError):
        return path.read_bytes() == data
    return False


def read_repository(repomd: Path, seen: dict[Path, bytes]) -> int:
    """Read one repository by its own metadata alone."""
    import gzip
    import xml.etree.ElementTree as ET

    repo_ns, common = "{http://linux.duke.edu/metadata/repo}", "{http://linux.duke.edu/metadata/common}"
    seen[repomd] = repomd.read_bytes()
    root, count = repomd.parent.parent, 0
    for data in ET.fromstring(seen[repomd]).iter(f"{repo_ns}data"):
        location, checksum = data.find(f"{repo_ns}location"), data.find(f"{repo_ns}checksum")
        assert location is not None and checksum is not None
        path = root / location.attrib["href"]
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == checksum.text, path
        if data.attrib["type"] != "primary":
            continue
        for one in ET.fromstring(gzip.decompress(content)).iter(f"{common}package"):
            where, digest = one.find(f"{common}location"), one.find(f"{common}checksum")
            assert where is not None and digest is not None
            assert sha256(root / where.attrib["href"]) == digest.text, where.attrib["href"]
            count += 1
    return count


class Reading:
    """What a reader has seen until now."""

    def __init__(self) -> None:
        self.shared = mmap.mmap(-1, 16)

    @property
    def rounds(self) -> int:
        """How often it has read the whole tree."""
        return int.from_bytes(self.shared[:8], "big")

    @property
    def faults(self) -> int:
        """How often it could not."""
        return int.from_bytes(self.shared[8:], "big")

    def tell(self, rounds: int, faults: int) -> None:
        self.shared[:] = rounds.to_bytes(8, "big") + faults.to_bytes(8, "big")


@contextmanager
def reader(link: Path, said: Path) -> Iterator[Reading]:
    """Let a process of its own read the tree, over and over; said tells afterwards how often, and what was torn."""
    seen = Reading()
    child = os.fork()
    if child == 0:
        stop: list[int] = []
        signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
        rounds, faults = 0, []
        while not stop:
            try:
                read_whole(link)
                rounds += 1
            except (Torn, OSError) as error:
                faults.append(repr(error))
            seen.tell(rounds, len(faults))
        said.write_text(json.dumps({"rounds": rounds, "faults": faults[:10]}))
        os._exit(0)
    try:
        yield seen
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


def told(said: Path) -> dict[str, Any]:
    """Return what a reader has to say."""
    found: dict[str, Any] = json.loads(said.read_text())
    return found
