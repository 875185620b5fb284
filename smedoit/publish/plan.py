# SPDX-License-Identifier: GPL-3.0-or-later
"""A release and what is published already, to a plan: shown before it is done, and then done exactly so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from smedoit import medium_paths
from smedoit.checks.result import CheckResult, format_check_table, format_failed_checks
from smedoit.errors import PublishError, format_count, format_grouped, format_size
from smedoit.publish.channels import PublishLocation

LINK, COPY, REPLACE, REMOVE = "link", "copy", "replace", "remove"
KINDS = (LINK, COPY, REPLACE, REMOVE)
WORDS = {LINK: "linked", COPY: "copied", REPLACE: "replaced", REMOVE: "removed"}
PACKAGES = (".rpm", ".drpm", ".iso")
REPOMD = ("repomd.xml", "repomd.xml.asc")
FROZEN = ("iso/", "smeos/")  # what a release is: published once, never changed
SHOWN = 20
SHA256_DIGITS = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True)
class PublishedFile:
    """A file that is or will be published.

    source  the path that it is made from
    shared  whether a hard link to source may be published: one file system, a mode and an owner that allow it
    """

    size: int
    sha256: str
    source: Path
    shared: bool = True


@dataclass(frozen=True)
class PublishChange:
    """One file of the plan, by its path in the release."""

    kind: str
    path: str
    file: PublishedFile


@dataclass(frozen=True)
class PublishPlan:
    """What will be done.

    before  what the version link says now, "" if there is none
    files   the whole release as it will be: path in it -> file
    fresh   whether the release is not there yet, and appears at once
    unpublished  what the stage has otherwise than this release, which is published already and stays as it is
    """

    place: PublishLocation
    target: Path
    origin: str
    before: str
    files: Mapping[str, PublishedFile]
    changes: tuple[PublishChange, ...]
    checks: tuple[CheckResult, ...]
    fresh: bool
    unpublished: tuple[str, ...] = ()

    @property
    def switches(self) -> bool:
        """Whether the version link changes."""
        return self.before != self.place.version

    @property
    def idle(self) -> bool:
        """Whether all is as it should be already."""
        return not self.changes and not self.switches

    @property
    def copied(self) -> int:
        """How many bytes are copied."""
        return sum(change.file.size for change in self.changes if _is_copied(change))

    @property
    def inodes(self) -> int:
        """How many new inodes it takes: of copies, and of directories."""
        files = sum(map(_is_copied, self.changes))
        return files + (len(_parent_paths(self.files)) if self.fresh else 0)


def _is_copied(change: PublishChange) -> bool:
    """Return whether a change writes a file of its own."""
    return change.kind == COPY or (change.kind == REPLACE and not may_hardlink(change.path, change.file))


def is_immutable_file(path: str) -> bool:
    """Return whether a file never changes under its name, so that releases may share it: a package or an ISO."""
    return path.endswith(PACKAGES)


def may_hardlink(path: str, file: PublishedFile) -> bool:
    """Return whether a file is published as a hard link."""
    return is_immutable_file(path) and file.shared


def publish_changes(
    wanted: Mapping[str, PublishedFile], present: Mapping[str, PublishedFile] | None
) -> tuple[PublishChange, ...]:
    """Return what turns present into wanted, in the order in which readers must see it.

    Packages come before the metadata that names them, repomd.xml after all else; removals at the end, reversed.
    Raises PublishError for what must never change: the release itself, and files that metadata of old names.
    """
    there = present or {}
    appear = [
        PublishChange(LINK if may_hardlink(path, file) else COPY, path, file)
        for path, file in wanted.items()
        if path not in there
    ]
    differ = [path for path, file in wanted.items() if path in there and there[path].sha256 != file.sha256]
    gone = [path for path in there if path not in wanted]
    if present is not None:
        _refuse_frozen_changes(wanted, present)
    replaced = [PublishChange(REPLACE, path, wanted[path]) for path in differ]
    removed = [PublishChange(REMOVE, path, there[path]) for path in gone]
    return (*sorted([*appear, *replaced], key=_change_rank), *sorted(removed, key=_change_rank, reverse=True))


def directory_changes(plan: PublishPlan, standard: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the directories that a release which lives on gets, and those that it loses, in the order of doing.

    standard  those that a release has even if they are empty
    """
    came = {change.path for change in plan.changes if change.kind in (LINK, COPY)}
    went = {change.path for change in plan.changes if change.kind == REMOVE}
    before, after = _parent_paths({*plan.files} - came | went), _parent_paths(plan.files)
    always = _parent_paths(f"{directory}/" + "x" for directory in standard)
    return sorted(after - before - always), sorted(before - after - always, reverse=True)


def _parent_paths(paths: Iterable[str]) -> set[str]:
    """Return the directories on the way to files."""
    return {str(parent) for path in paths for parent in PurePosixPath(path).parents}


def _change_rank(change: PublishChange) -> tuple[int, str]:
    """Return where in the order a change stands."""
    name = PurePosixPath(change.path).name
    return (0 if is_immutable_file(change.path) else 2 if name in REPOMD else 1), change.path


def _refuse_frozen_changes(wanted: Mapping[str, PublishedFile], present: Mapping[str, PublishedFile]) -> None:
    """Raise PublishError for changes that no reader could follow."""
    complaints: dict[str, list[str]] = {}
    for path in sorted({*wanted, *present}):
        old, new = present.get(path), wanted.get(path)
        if old and new and old.sha256 == new.sha256:
            continue
        if path.startswith(FROZEN):
            complaints.setdefault(
                "is published with other bytes" if old and new else _describe_difference(old), []
            ).append(path)
        elif old and new and is_immutable_file(path):
            complaints.setdefault("was published with other bytes under this name", []).append(path)
        elif old and new and _is_named_by_repomd(path):
            complaints.setdefault("would be replaced while readers still have the old repomd.xml", []).append(path)
    if complaints:
        raise PublishError(
            f"the release exists already, and differs\n{format_grouped(complaints)}",
            hint="give the new bytes a new version or label; what was published once never changes",
        )


def _describe_difference(old: PublishedFile | None) -> str:
    """Return in words how a part of the release that only one side has stands out."""
    return "is published and was not built" if old else "was built and is not published"


def _is_named_by_repomd(path: str) -> bool:
    """Return whether a file is metadata whose checksum stands in repomd.xml."""
    file = PurePosixPath(path)
    return file.parent.name == "repodata" and file.name not in REPOMD


def refuse_mass_deletion(plan: PublishPlan, most: int) -> None:
    """Raise PublishError if more files disappear than release.toml lets."""
    gone = [change.path for change in plan.changes if change.kind == REMOVE]
    if len(gone) > most:
        raise PublishError(
            f"{plan.place.path}: {len(gone)} files would be deleted, [publish] max_delete allows {most}\n"
            f"{format_grouped({'would be deleted': gone})}",
            hint="look whether a tier is empty by mistake; if not, raise [publish] max_delete",
        )


def refuse_failed_checks(checks: Sequence[CheckResult]) -> None:
    """Raise PublishError with all checks that failed."""
    if lines := format_failed_checks(checks):
        table = "\n".join(f"  {line}" for line in lines)
        raise PublishError(
            f"publish blocked: {format_count(len(lines), 'check')} failed\n{table}",
            hint="run these, or waive a check with a reason in [publish.waived] of release.toml",
        )


def format_publish_plan(plan: PublishPlan) -> list[str]:
    """Return the plan as lines for people; two plans are equal if their lines and changes are."""
    lines = [
        f"channel {plan.place.channel}: {plan.target / plan.place.path}, {'new' if plan.fresh else 'published before'}",
        f"tiers from {plan.origin}",
    ]
    lines += _summarize_parts(plan.changes, names=not plan.fresh) or ["no file changes"]
    lines += [f"no yum will see the packages of {place}: it has no repodata" for place in missing_repodata(plan.files)]
    lines.append(f"{format_size(plan.copied)} and {plan.inodes} inodes are needed")
    lines.append(
        f"link {plan.place.link}: {plan.before or 'none yet'} -> {plan.place.version}"
        if plan.switches
        else f"link {plan.place.link} says {plan.before} already"
    )
    lines += ["checks:", *(f"  {line}" for line in format_check_table(plan.checks))] if plan.checks else []
    return lines


def format_unpublished(plan: PublishPlan) -> list[str]:
    """Return lines about what was built since and is not published; they are no part of the plan."""
    if not plan.unpublished:
        return []
    many = format_count(len(plan.unpublished), "file")
    return [
        f"the stage differs from what was published as {plan.place.version}, in {many}: {plan.unpublished[0]}"
        f"{', …' if plan.unpublished[1:] else ''}",
        "that stays unpublished, for what was published once never changes: give it a new version or label",
    ]


def missing_repodata(files: Mapping[str, PublishedFile]) -> list[str]:
    """Return the directories that hold packages and no repodata, as deep as tiers have theirs: TIER/ARCH."""
    described = {path.removesuffix(medium_paths.REPOMD) for path in files if path.endswith(f"/{medium_paths.REPOMD}")}
    packages = (PurePosixPath(path) for path in files if path.endswith(".rpm"))
    silent = (path for path in packages if described.isdisjoint(f"{above}/" for above in path.parents))
    return sorted({str(PurePosixPath(*path.parts[:2])) for path in silent})


def _summarize_parts(changed: Sequence[PublishChange], names: bool) -> list[str]:
    """Return a line for each part of the release that changes; with names, also the files where they are few."""
    lines = []
    for part in dict.fromkeys(_release_part(change.path) for change in sorted(changed, key=lambda change: change.path)):
        here = [change for change in changed if _release_part(change.path) == part]
        counts = {kind: [change for change in here if change.kind == kind] for kind in KINDS}
        said = ", ".join(
            f"{len(ones)} {WORDS[kind]} ({format_size(sum(change.file.size for change in ones))})"
            for kind, ones in counts.items()
            if ones
        )
        lines.append(f"{part}: {said}")
        if names and len(here) <= SHOWN:
            lines += [f"  {WORDS[change.kind]} {shorten_digests(change.path)}" for change in here]
    return lines


def shorten_digests(path: str) -> str:
    """Return a path with the SHA-256 sums in it as their first eight digits, as people tell them apart."""
    return SHA256_DIGITS.sub(lambda digits: f"{digits.group()[:8]}…", path)


def _release_part(path: str) -> str:
    """Return the part of a release that a file belongs to: smeos/x86_64, or smeupdates."""
    parts = PurePosixPath(path).parts
    return "/".join(parts[:2]) if parts[0] in ("iso", "smeos") and len(parts) > 2 else parts[0]


def plan_fingerprint(plan: PublishPlan) -> str:
    """Return the plan as text that is equal for equal plans only: every file with its digest, and what is shown."""
    files = [f"{change.kind} {change.file.sha256} {change.path}" for change in plan.changes]
    return "\n".join([*format_publish_plan(plan), *files]) + "\n"
