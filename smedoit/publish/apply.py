# SPDX-License-Identifier: GPL-3.0-or-later
"""Build what is published beside its place, read it back, and let it appear: at once, or in the order of readers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from smedoit.errors import Findings, PackageError, PublishError, SmeError, VerifyError, format_grouped, format_size
from smedoit.medium_paths import REPOMD
from smedoit.publish.plan import (
    REMOVE,
    REPLACE,
    PublishChange,
    PublishedFile,
    PublishPlan,
    directory_changes,
    is_immutable_file,
    may_hardlink,
)
from smedoit.publish.records import PublishHistory, PublishRecord
from smedoit.repodata.parse import ListedFile, list_packages
from smedoit.repodata.read import metadata_checksum, read_repomd_records
from smedoit.runtime import digests, progress
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.files import (
    FILE_MODE,
    copy_file,
    link_file,
    make_directory,
    remove_file,
    resolve_file_below,
    sync_directories,
    walk_files,
    wrap_os_errors,
)
from smedoit.runtime.steps import (
    DIRECTORY_MODE,
    CreateDirectory,
    MovePath,
    RemoveDirectory,
    ReplaceFile,
    Step,
    SwitchLink,
)

SPARE = 16 << 20  # bytes that stay free: directories, records, and whatever the file system needs itself
NEW, OLD = "new", "old"  # in the work of a record: what will appear, what has disappeared


def list_published_files(
    root: Path, known: DigestCache, device: int, wanted: Iterable[str] | None = None
) -> dict[str, PublishedFile]:
    """Return path -> file of all that lies below root, sorted. Raises FileError for what cannot be published.

    device  of the target's file system: links are made within it only
    wanted  the paths that are meant, if not all
    """
    with wrap_os_errors(root, "read"):
        names = list(wanted) if wanted is not None else [name for name, _ in walk_files(root)]
    paths = {name: Path(os.path.realpath(resolve_file_below(root, name))) for name in names}
    sums = known.of_all(paths.values(), "sha256")
    return {name: _planned_file(path, sums[path]["sha256"], device) for name, path in paths.items()}


def _planned_file(path: Path, sha256: str, device: int) -> PublishedFile:
    """Return a file as a plan has it."""
    with wrap_os_errors(path, "read"):
        info = path.stat()
    ours = info.st_mode & 0o7777 == FILE_MODE or info.st_uid == os.geteuid()
    return PublishedFile(info.st_size, sha256, path, shared=info.st_dev == device and ours)


def check_release_repodata(files: Mapping[str, PublishedFile]) -> None:
    """Raise VerifyError unless every repomd.xml names files and packages that are there, with their digests."""
    findings = Findings()
    for path in sorted(name for name in files if name.endswith(f"/{REPOMD}")):
        base = path.removesuffix(REPOMD)
        try:
            records = read_repomd_records(files[path].source)
            for record in records.values():
                named = ListedFile(record.location_href, record.checksum_type, record.checksum)
                _check_listed_file(files, base, named, path, findings)
            primary = _join_href(base, records["primary"].location_href)
            for package in list_packages(files[primary].source) if primary in files else ():
                _check_listed_file(files, base, package, path, findings)
        except (PackageError, KeyError) as error:
            findings.add("cannot be read", f"{path}: {str(error).splitlines()[0]}")
    if findings.found:
        raise VerifyError(
            f"metadata does not fit what lies beside it:\n{format_grouped(findings.found)}",
            hint="make the repodata anew (doit tiers), or name another release in [publish] carry_from",
        )


def _join_href(base: str, href: str) -> str:
    """Return the path in a release of what metadata names."""
    return os.path.normpath(f"{base}{href}")


def _check_listed_file(
    files: Mapping[str, PublishedFile], base: str, listed: ListedFile, path: str, findings: Findings
) -> None:
    """Add a finding unless a file is there, with its checksum."""
    name = _join_href(base, listed.href)
    if name not in files:
        findings.add("is named and not there", f"{name}, by {path}")
        return
    sha256 = files[name].sha256
    found = sha256 if listed.kind == "sha256" else metadata_checksum(files[name].source, listed.kind)
    findings.check(found == listed.checksum, "has another checksum", f"{name}, by {path}")


def _refuse_full(plan: PublishPlan) -> None:
    """Raise PublishError unless the target has room for what is copied."""
    with wrap_os_errors(plan.target, "read"):
        room = os.statvfs(plan.target)
    free = room.f_bavail * room.f_frsize
    if plan.copied + SPARE > free:
        raise PublishError(
            f"{plan.target}: has {format_size(free)} free, and {format_size(plan.copied + SPARE)} are needed",
            hint="make room there: doit prune shows which test releases may go",
        )
    if room.f_files and plan.inodes > room.f_favail:
        raise PublishError(
            f"{plan.target}: has {room.f_favail} inodes free, and {plan.inodes} are needed",
            hint="make room there: doit prune shows which test releases may go",
        )


def _build_release(plan: PublishPlan, work: Path, directories: Iterable[str]) -> None:
    """Make all that will appear, beside its place; what an interrupted publish made already is kept if it fits."""
    arriving = {change.path: change for change in plan.changes if change.kind != REMOVE}
    for path in _stale_paths(work, arriving):  # first of all: what goes into a directory must not go through a link
        remove_file(work / path)
    for directory in directories if plan.fresh else ():
        make_directory(work / directory)
    for path, change in progress.track_progress(
        arriving.items(), len(arriving), "building the release beside its place", slow=True
    ):
        _place_file(change, work / path)
    with wrap_os_errors(work, "written"):
        for directory, _, _ in os.walk(work):
            os.chmod(directory, DIRECTORY_MODE)
            sync_directories([Path(directory)])


def _stale_paths(work: Path, arriving: Mapping[str, PublishChange]) -> list[str]:
    """Return the paths in work that the plan does not have, and all links, which no plan has.

    A file half written comes out by its own name, a link to a directory by that of the link.
    """
    found = (Path(top, name) for top, inner, names in os.walk(work) for name in (*names, *inner))
    kept = [(path.relative_to(work).as_posix(), path.is_symlink(), path.is_dir()) for path in found]
    return sorted(path for path, is_link, is_dir in kept if is_link or (not is_dir and path not in arriving))


def _place_file(change: PublishChange, path: Path) -> None:
    """Place one file of a plan: as a link if it may be shared, else as a copy."""
    if may_hardlink(change.path, change.file):
        if not (path.exists() and path.samefile(change.file.source)):
            link_file(change.file.source, path)
    elif not _is_copy(path, change.file):
        copy_file(change.file.source, path)
    with wrap_os_errors(path, "given its mode"):
        if path.stat().st_mode & 0o7777 != FILE_MODE:
            path.chmod(FILE_MODE)


def _is_copy(path: Path, file: PublishedFile) -> bool:
    """Return whether a file of an interrupted publish has the right content, and an inode of its own."""
    return path.exists() and not path.samefile(file.source) and digests.sha256_file(path) == file.sha256


def _verify_build(plan: PublishPlan, work: Path) -> int:
    """Read all that was built, whatever a memory says; return its bytes. Raises VerifyError."""
    from concurrent.futures import ThreadPoolExecutor

    arriving = {change.path: change.file for change in plan.changes if change.kind != REMOVE}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sums = pool.map(lambda path: digests.sha256_file(work / path), arriving)
        tracked = progress.track_progress(sums, len(arriving), "reading the release back", slow=True)
        read = dict(zip(arriving, tracked, strict=True))
    findings = Findings()
    for path, file in arriving.items():
        findings.check(read[path] == file.sha256, "is not what was planned", path)
        own = is_immutable_file(path) or (work / path).stat().st_nlink == 1
        findings.check(own, "is metadata and shares its inode", path)
    for path in _stale_paths(work, {change.path: change for change in plan.changes}):
        findings.add("does not belong there", path)
    if findings.found:
        raise VerifyError(
            f"{work}: was built wrong\n{format_grouped(findings.found)}", hint="look at the disk, and try again"
        )
    return sum(file.size for file in arriving.values())


def _publish_steps(plan: PublishPlan, work: str, standard: Iterable[str]) -> tuple[Step, ...]:
    """Return what lets a plan be seen, in the order that no reader is surprised by.

    work      where what arrives lies, and what leaves will lie; relative to the target
    standard  directories that a release has even if they are empty
    """
    switch = (SwitchLink(plan.place.link, plan.before, plan.place.version),) if plan.switches else ()
    place = plan.place.path
    if plan.fresh:
        return (*parent_steps(plan.target, place), MovePath(f"{work}/{NEW}", place), *switch)
    come, go = directory_changes(plan, standard)
    files = [_change_step(change, place, work) for change in plan.changes]
    return (
        *(CreateDirectory(f"{place}/{relative}") for relative in come),
        *files,
        *(RemoveDirectory(f"{place}/{relative}") for relative in go),
        *switch,
    )


def parent_steps(target: Path, place: str) -> tuple[Step, ...]:
    """Return what makes the directory of a channel, if it is not there yet."""
    parent = str(PurePosixPath(place).parent)
    return () if (target / parent).is_dir() else (CreateDirectory(parent),)


def _change_step(change: PublishChange, place: str, work: str) -> Step:
    """Return how one file of a release that lives on changes."""
    path, new, old = f"{place}/{change.path}", f"{work}/{NEW}/{change.path}", f"{work}/{OLD}/{change.path}"
    if change.kind == REMOVE:
        return MovePath(path, old)
    return ReplaceFile(new, path, old) if change.kind == REPLACE else MovePath(new, path)


def apply_publish_plan(
    plan: PublishPlan, history: PublishHistory, record: PublishRecord, standard: Sequence[str]
) -> PublishRecord:
    """Do a plan whose checks passed: build, read back, and let it appear. Return the record, closed.

    Raises SmeError, and everything that readers can see is as it was.
    """
    _refuse_full(plan)
    work = history.target / history.work(record) / NEW
    history.write_down(record)
    try:
        _build_release(plan, work, standard)
        size = _verify_build(plan, work)
    except SmeError:
        history.forget(record)
        raise
    progress.log_line(f"{len(plan.changes)} files, {format_size(size)} read back: they are what was planned")
    files = {path: {"size": file.size, "sha256": file.sha256} for path, file in sorted(plan.files.items())}
    whole = replace(
        record,
        steps=_publish_steps(plan, history.work(record), standard),
        files=files,
        checks=tuple(map(str, plan.checks)),
    )
    history.carry_out(whole)
    return whole


def release_directories(arch: str, tiers: Iterable[str]) -> list[str]:
    """Return the directories that every release has, as the wiki page makes them."""
    return [f"iso/{arch}", "iso/source", f"smeos/{arch}", "smeos/SRPMS", *tiers]


def linked_release(history: PublishHistory, link: str) -> str:
    """Return the release that a version link names, "" if there is no link.

    Raises PublishError for a link that leads elsewhere, or nowhere, and for something else in its place.
    """
    place = history.target / link
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
