"""Build what is published beside its place, read it back, and let it appear: at once, or in the order of readers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from smedoit.errors import Findings, PackageError, PublishError, SmeError, VerifyError, grouped, human
from smedoit.publish.moves import DIRECTORY_MODE, Appear, Move, Replace, Step, Switch, Vanish
from smedoit.publish.plan import REMOVE, REPLACE, Change, File, Plan, is_package, may_share
from smedoit.publish.plan import directories as plan_directories
from smedoit.publish.records import Ledger, Record
from smedoit.repodata import read
from smedoit.repodata.read import records_of, summed, words
from smedoit.runtime import digests, progress
from smedoit.runtime.digests import Digests
from smedoit.runtime.files import (
    FILE_MODE,
    copy,
    link,
    make_directory,
    real_file,
    remove,
    sync_directories,
    walk,
    worded,
)

SPARE = 16 << 20  # bytes that stay free: directories, records, and whatever the file system needs itself
NEW, OLD = "new", "old"  # in the work of a record: what will appear, what has disappeared


def listing(root: Path, known: Digests, device: int, wanted: Iterable[str] | None = None) -> dict[str, File]:
    """Return path -> file of all that lies below root, sorted. Raises TreeError for what cannot be published.

    device  of the target's file system: links are made within it only
    wanted  the paths that are meant, if not all
    """
    with worded(root, "read"):
        names = list(wanted) if wanted is not None else [name for name, _ in walk(root)]
    paths = {name: Path(os.path.realpath(real_file(root, name))) for name in names}
    sums = known.of_all(paths.values(), "sha256")
    return {name: described(path, sums[path]["sha256"], device) for name, path in paths.items()}


def described(path: Path, sha256: str, device: int) -> File:
    """Return a file as a plan has it."""
    with worded(path, "read"):
        info = path.stat()
    ours = info.st_mode & 0o7777 == FILE_MODE or info.st_uid == os.geteuid()
    return File(info.st_size, sha256, path, shared=info.st_dev == device and ours)


def check_repodata(files: Mapping[str, File]) -> None:
    """Raise VerifyError unless every repomd.xml names files and packages that are there, with their digests."""
    findings = Findings()
    for path in sorted(name for name in files if name.endswith(f"/{read.REPOMD}")):
        base = path.removesuffix(str(read.REPOMD))
        try:
            records = records_of(files[path].source)
            for record in records.values():
                fits(files, base, record.location_href, record.checksum, record.checksum_type, path, findings)
            for href, kind, checksum in packages(files, base, records):
                fits(files, base, href, checksum, kind, path, findings)
        except (PackageError, KeyError) as error:
            findings.add("cannot be read", f"{path}: {str(error).splitlines()[0]}")
    if findings.found:
        raise VerifyError(
            f"metadata does not fit what lies beside it:\n{grouped(findings.found)}",
            hint="make the repodata anew (doit tiers), or name another release in [publish] previous",
        )


def packages(files: Mapping[str, File], base: str, records: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return href, kind of checksum and checksum of every package that a repository lists."""
    import createrepo_c as cr

    listed: list[tuple[str, str, str]] = []
    primary = located(base, records["primary"].location_href)
    if primary in files:
        try:
            cr.xml_parse_primary(
                os.fspath(files[primary].source),
                pkgcb=lambda one: listed.append((one.location_href, one.checksum_type, one.pkgId)),
                do_files=False,
            )
        except (OSError, RuntimeError, cr.CreaterepoCError) as error:
            raise PackageError(f"{primary}: {words(error)}") from None
    return listed


def located(base: str, href: str) -> str:
    """Return the path in a release of what metadata names."""
    return os.path.normpath(f"{base}{href}")


def fits(
    files: Mapping[str, File], base: str, href: str, checksum: str, kind: str, path: str, findings: Findings
) -> None:
    """Add a finding unless a file is there, with its checksum."""
    name = located(base, href)
    if name not in files:
        findings.add("is named and not there", f"{name}, by {path}")
        return
    sha256 = files[name].sha256
    found = sha256 if kind == "sha256" else summed(files[name].source, kind)
    findings.check(found == checksum, "has another checksum", f"{name}, by {path}")


def refuse_full(plan: Plan) -> None:
    """Raise PublishError unless the target has room for what is copied."""
    with worded(plan.target, "read"):
        room = os.statvfs(plan.target)
    free = room.f_bavail * room.f_frsize
    if plan.copied + SPARE > free:
        raise PublishError(
            f"{plan.target}: has {human(free)} free, and {human(plan.copied + SPARE)} are needed",
            hint="make room there: doit prune shows which test releases may go",
        )
    if room.f_files and plan.inodes > room.f_favail:
        raise PublishError(
            f"{plan.target}: has {room.f_favail} inodes free, and {plan.inodes} are needed",
            hint="make room there: doit prune shows which test releases may go",
        )


def build(plan: Plan, work: Path, directories: Iterable[str]) -> None:
    """Make all that will appear, beside its place; what an interrupted publish made already is kept if it fits."""
    arriving = {one.path: one for one in plan.changes if one.kind != REMOVE}
    for directory in directories if plan.fresh else ():
        make_directory(work / directory)
    for path in stale(work, arriving):
        remove(work / path)
    for path, one in progress.track(arriving.items(), len(arriving), "building the release beside its place"):
        put(one, work / path)
    with worded(work, "written"):
        for directory, _, _ in os.walk(work):
            os.chmod(directory, DIRECTORY_MODE)
            sync_directories([Path(directory)])


def stale(work: Path, arriving: Mapping[str, Change]) -> list[str]:
    """Return the paths in work that the plan does not have; a file half written comes out by its own name."""
    found = [Path(top, name).relative_to(work).as_posix() for top, _, names in os.walk(work) for name in names]
    return sorted(path for path in found if path not in arriving)


def put(one: Change, path: Path) -> None:
    """Place one file of a plan: as a link if it may be shared, else as a copy."""
    if may_share(one.path, one.file):
        if not (path.exists() and path.samefile(one.file.source)):
            link(one.file.source, path)
    elif not is_copy(path, one.file):
        copy(one.file.source, path)
    with worded(path, "given its mode"):
        if path.stat().st_mode & 0o7777 != FILE_MODE:
            path.chmod(FILE_MODE)


def is_copy(path: Path, file: File) -> bool:
    """Return whether a file of an interrupted publish has the right content, and an inode of its own."""
    return path.exists() and not path.samefile(file.source) and digests.sha256(path) == file.sha256


def verify(plan: Plan, work: Path) -> int:
    """Read all that was built, whatever a memory says; return its bytes. Raises VerifyError."""
    from concurrent.futures import ThreadPoolExecutor

    arriving = {one.path: one.file for one in plan.changes if one.kind != REMOVE}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sums = pool.map(lambda path: digests.sha256(work / path), arriving)
        tracked = progress.track(sums, len(arriving), "reading the release back")
        read = dict(zip(arriving, tracked, strict=True))
    findings = Findings()
    for path, file in arriving.items():
        findings.check(read[path] == file.sha256, "is not what was planned", path)
        own = is_package(path) or (work / path).stat().st_nlink == 1
        findings.check(own, "is metadata and shares its inode", path)
    for path in stale(work, {one.path: one for one in plan.changes}):
        findings.add("does not belong there", path)
    if findings.found:
        raise VerifyError(f"{work}: was built wrong\n{grouped(findings.found)}", hint="look at the disk, and try again")
    return sum(file.size for file in arriving.values())


def steps(plan: Plan, work: str, standard: Iterable[str]) -> tuple[Step, ...]:
    """Return what lets a plan be seen, in the order that no reader is surprised by.

    work      where what arrives lies, and what leaves will lie; relative to the target
    standard  directories that a release has even if they are empty
    """
    switch = (Switch(plan.place.link, plan.before, plan.place.version),) if plan.switches else ()
    place = plan.place.path
    if plan.fresh:
        return (*above(plan.target, place), Move(f"{work}/{NEW}", place), *switch)
    come, go = plan_directories(plan, standard)
    files = [step(one, place, work) for one in plan.changes]
    return (*(Appear(f"{place}/{one}") for one in come), *files, *(Vanish(f"{place}/{one}") for one in go), *switch)


def above(target: Path, place: str) -> tuple[Step, ...]:
    """Return what makes the directory of a channel, if it is not there yet."""
    parent = str(PurePosixPath(place).parent)
    return () if (target / parent).is_dir() else (Appear(parent),)


def step(one: Change, place: str, work: str) -> Step:
    """Return how one file of a release that lives on changes."""
    path, new, old = f"{place}/{one.path}", f"{work}/{NEW}/{one.path}", f"{work}/{OLD}/{one.path}"
    if one.kind == REMOVE:
        return Move(path, old)
    return Replace(new, path, old) if one.kind == REPLACE else Move(new, path)


def perform(plan: Plan, ledger: Ledger, record: Record, standard: Sequence[str]) -> Record:
    """Do a plan whose gates are closed: build, read back, and let it appear. Return the record, closed.

    Raises SmeError, and everything that readers can see is as it was.
    """
    refuse_full(plan)
    work = ledger.target / ledger.work(record) / NEW
    ledger.note(record)
    try:
        build(plan, work, standard)
        size = verify(plan, work)
    except SmeError:
        ledger.forget(record)
        raise
    progress.note(f"{len(plan.changes)} files, {human(size)} read back: they are what was planned")
    files = {path: {"size": one.size, "sha256": one.sha256} for path, one in sorted(plan.files.items())}
    whole = replace(
        record, steps=steps(plan, ledger.work(record), standard), files=files, gates=tuple(map(str, plan.gates))
    )
    ledger.carry_out(whole)
    return whole


def directories(arch: str, tiers: Iterable[str]) -> list[str]:
    """Return the directories that every release has, as the wiki page makes them."""
    return [f"iso/{arch}", "iso/source", f"smeos/{arch}", "smeos/SRPMS", *tiers]


def target_of(ledger: Ledger, link: str) -> str:
    """Return the release that a version link names, "" if there is no link.

    Raises PublishError for a link that leads elsewhere, or nowhere, and for something else in its place.
    """
    place = ledger.target / link
    if not os.path.lexists(place):
        return ""
    if not place.is_symlink():
        raise PublishError(
            f"{place}: is no link but a directory", hint="move it away, or choose another [publish] target"
        )
    says = os.readlink(place)
    if PurePosixPath(says).name != says or says in (".", ".."):
        raise PublishError(f"{place}: the link points outside, to {says}", hint="let it name a release beside it")
    if not (place.parent / says).is_dir() or (place.parent / says).is_symlink():
        raise PublishError(f"{place}: the link names {says}, which is no release beside it", hint="mend the link")
    return says
