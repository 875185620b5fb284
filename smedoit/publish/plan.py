"""A release and what is published already, to a plan: shown before it is done, and then done exactly so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from smedoit.errors import PublishError, grouped, human
from smedoit.publish.channels import Place

LINK, COPY, REPLACE, REMOVE = "link", "copy", "replace", "remove"
KINDS = (LINK, COPY, REPLACE, REMOVE)
WORDS = {LINK: "linked", COPY: "copied", REPLACE: "replaced", REMOVE: "removed"}
PACKAGES = (".rpm", ".drpm", ".iso")
REPOMD = ("repomd.xml", "repomd.xml.asc")
FROZEN = ("iso/", "smeos/")  # what a release is: published once, never changed
SHOWN = 20


@dataclass(frozen=True)
class File:
    """A file that is or will be published.

    source  the path that it is made from
    shared  whether a hard link to source may be published: one file system, a mode and an owner that allow it
    """

    size: int
    sha256: str
    source: Path
    shared: bool = True


@dataclass(frozen=True)
class Gate:
    """Something that must be closed; reason says why it is not, waived why that does not matter."""

    name: str
    closed: bool
    words: str
    waived: str = ""

    @property
    def open(self) -> bool:
        """Whether it keeps a release from being published."""
        return not self.closed and not self.waived

    def __str__(self) -> str:
        state = "closed" if self.closed else f"waived, {self.waived}" if self.waived else "OPEN"
        return f"{self.name}: {state}: {self.words}"


@dataclass(frozen=True)
class Change:
    """One file of the plan, by its path in the release."""

    kind: str
    path: str
    file: File


@dataclass(frozen=True)
class Plan:
    """What will be done.

    before  what the version link says now, "" if there is none
    files   the whole release as it will be: path in it -> file
    fresh   whether the release is not there yet, and appears at once
    """

    place: Place
    target: Path
    origin: str
    before: str
    files: Mapping[str, File]
    changes: tuple[Change, ...]
    gates: tuple[Gate, ...]
    fresh: bool

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
        return sum(one.file.size for one in self.changes if is_copied(one))

    @property
    def inodes(self) -> int:
        """How many new inodes it takes: of copies, and of directories."""
        files = sum(map(is_copied, self.changes))
        return files + (len(parents(self.files)) if self.fresh else 0)


def is_copied(one: Change) -> bool:
    """Return whether a change writes a file of its own."""
    return one.kind == COPY or (one.kind == REPLACE and not may_share(one.path, one.file))


def is_package(path: str) -> bool:
    """Return whether a file never changes under its name, so that releases may share it: a package or an ISO."""
    return path.endswith(PACKAGES)


def may_share(path: str, file: File) -> bool:
    """Return whether a file is published as a hard link."""
    return is_package(path) and file.shared


def changes(wanted: Mapping[str, File], present: Mapping[str, File] | None) -> tuple[Change, ...]:
    """Return what turns present into wanted, in the order in which readers must see it.

    Packages come before the metadata that names them, repomd.xml after all else; removals at the end, reversed.
    Raises PublishError for what must never change: the release itself, and files that metadata of old names.
    """
    there = present or {}
    appear = [
        Change(LINK if may_share(path, one) else COPY, path, one) for path, one in wanted.items() if path not in there
    ]
    differ = [path for path, one in wanted.items() if path in there and there[path].sha256 != one.sha256]
    gone = [path for path in there if path not in wanted]
    if present is not None:
        refuse_changed(wanted, present)
    replaced = [Change(REPLACE, path, wanted[path]) for path in differ]
    removed = [Change(REMOVE, path, there[path]) for path in gone]
    return (*sorted([*appear, *replaced], key=rank), *sorted(removed, key=rank, reverse=True))


def directories(plan: Plan, standard: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the directories that a release which lives on gets, and those that it loses, in the order of doing.

    standard  those that a release has even if they are empty
    """
    came = {one.path for one in plan.changes if one.kind in (LINK, COPY)}
    went = {one.path for one in plan.changes if one.kind == REMOVE}
    before, after = parents({*plan.files} - came | went), parents(plan.files)
    always = parents(f"{one}/" + "x" for one in standard)
    return sorted(after - before - always), sorted(before - after - always, reverse=True)


def parents(paths: Iterable[str]) -> set[str]:
    """Return the directories on the way to files."""
    return {str(parent) for path in paths for parent in PurePosixPath(path).parents}


def rank(one: Change) -> tuple[int, str]:
    """Return where in the order a change stands."""
    name = PurePosixPath(one.path).name
    return (0 if is_package(one.path) else 2 if name in REPOMD else 1), one.path


def refuse_changed(wanted: Mapping[str, File], present: Mapping[str, File]) -> None:
    """Raise PublishError for changes that no reader could follow."""
    complaints: dict[str, list[str]] = {}
    for path in sorted({*wanted, *present}):
        old, new = present.get(path), wanted.get(path)
        if old and new and old.sha256 == new.sha256:
            continue
        if path.startswith(FROZEN):
            complaints.setdefault("is published with other bytes" if old and new else differs(old), []).append(path)
        elif old and new and is_package(path):
            complaints.setdefault("was published with other bytes under this name", []).append(path)
        elif old and new and is_named_by_repomd(path):
            complaints.setdefault("would be replaced while readers still have the old repomd.xml", []).append(path)
    if complaints:
        raise PublishError(
            f"the release exists already, and differs\n{grouped(complaints)}",
            hint="give the new bytes a new version or label; what was published once never changes",
        )


def differs(old: File | None) -> str:
    """Return in words how a part of the release that only one side has stands out."""
    return "is published and was not built" if old else "was built and is not published"


def is_named_by_repomd(path: str) -> bool:
    """Return whether a file is metadata whose checksum stands in repomd.xml."""
    one = PurePosixPath(path)
    return one.parent.name == "repodata" and one.name not in REPOMD


def refuse_many(plan: Plan, most: int) -> None:
    """Raise PublishError if more files disappear than release.toml lets."""
    gone = [one.path for one in plan.changes if one.kind == REMOVE]
    if len(gone) > most:
        raise PublishError(
            f"{plan.place.path}: {len(gone)} files would disappear, [publish] deletions allows {most}\n"
            f"{grouped({'would go': gone})}",
            hint="look whether a tier is empty by mistake; if not, raise [publish] deletions",
        )


def refuse_open(gates: Iterable[Gate]) -> None:
    """Raise PublishError with all gates that are open."""
    still = [str(one) for one in gates if one.open]
    if still:
        lines = "\n".join(f"  {line}" for line in still)
        raise PublishError(
            f"nothing is published, {len(still)} gates are open:\n{lines}",
            hint="run doit on each of them; or say in [publish] waived why it may stay open",
        )


def shown(plan: Plan) -> list[str]:
    """Return the plan as lines for people; two plans are equal if their lines and changes are."""
    lines = [
        f"channel {plan.place.channel}: {plan.target / plan.place.path}, {'new' if plan.fresh else 'published before'}",
        f"tiers from {plan.origin}",
    ]
    lines += summary(plan.changes, names=not plan.fresh) or ["no file changes"]
    lines += [f"no yum will see the packages of {place}: it has no repodata" for place in undescribed(plan.files)]
    lines.append(f"{human(plan.copied)} and {plan.inodes} inodes are needed")
    lines.append(
        f"link {plan.place.link}: {plan.before or 'none yet'} -> {plan.place.version}"
        if plan.switches
        else f"link {plan.place.link} says {plan.before} already"
    )
    lines += [f"gate {gate}" for gate in plan.gates]
    return lines


def undescribed(files: Mapping[str, File]) -> list[str]:
    """Return the directories of tiers that hold packages and no repodata: TIER/ARCH."""
    places = {str(PurePosixPath(*PurePosixPath(path).parts[:2])) for path in files if path.endswith(".rpm")}
    return sorted(
        one
        for one in places
        if not any(f"{above}/repodata/repomd.xml" in files for above in (one, one.partition("/")[0]))
    )


def summary(changed: Sequence[Change], names: bool) -> list[str]:
    """Return a line for each part of the release that changes; with names, also the files where they are few."""
    lines = []
    for part in dict.fromkeys(part_of(one.path) for one in sorted(changed, key=lambda one: one.path)):
        here = [one for one in changed if part_of(one.path) == part]
        counts = {kind: [one for one in here if one.kind == kind] for kind in KINDS}
        said = ", ".join(
            f"{len(ones)} {WORDS[kind]} ({human(sum(one.file.size for one in ones))})"
            for kind, ones in counts.items()
            if ones
        )
        lines.append(f"{part}: {said}")
        if names and len(here) <= SHOWN:
            lines += [f"  {WORDS[one.kind]} {one.path}" for one in here]
    return lines


def part_of(path: str) -> str:
    """Return the part of a release that a file belongs to: smeos/x86_64, or smeupdates."""
    parts = PurePosixPath(path).parts
    return "/".join(parts[:2]) if parts[0] in ("iso", "smeos") and len(parts) > 2 else parts[0]


def signature(plan: Plan) -> str:
    """Return the plan as text that is equal for equal plans only: every file with its digest, and what is shown."""
    files = [f"{one.kind} {one.file.sha256} {one.path}" for one in plan.changes]
    return "\n".join([*shown(plan), *files]) + "\n"
