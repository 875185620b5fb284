# SPDX-License-Identifier: GPL-3.0-or-later
"""Upstream's anaconda against ours: the versions of a spec file, of repositories, and whether they agree."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from smedoit.checks.closure import Places
from smedoit.checks.previous_release import list_repo_packages
from smedoit.checks.result import CheckResult, report_check
from smedoit.config.checks import AnacondaSettings
from smedoit.errors import ContentError
from smedoit.package import Evr
from smedoit.repodata.inputs import RepoReader, RepoSource
from smedoit.runtime import files, foreign

NAME = "anaconda"
MACRO = re.compile(r"^%(?:define|global)\s+(\w+)\s+(\S.*?)\s*$", re.MULTILINE)
TAG = re.compile(r"^(Epoch|Version|Release)\s*:\s*(\S.*?)\s*$", re.MULTILINE | re.IGNORECASE)
USE = re.compile(r"%\{(\?)?(\w+)\}|%(\w+)\b")
DEPTH = 10  # macros in macros before it must be a circle


@dataclass(frozen=True)
class FoundVersion:
    """A version of anaconda, and where it was found."""

    evr: Evr
    place: str

    def __str__(self) -> str:
        return f"{NAME}-{self.evr} ({self.place})"


def spec_evr(text: str, name: str, dist: str) -> Evr:
    """Return the EVR that a spec file calls for.

    dist  what %{?dist} stands for

    Raises ContentError for a spec whose version needs more than its own %define and %global.
    """
    macros = {"dist": dist, **dict(MACRO.findall(text))}
    tags = {tag.lower(): _expand_macros(value, macros, name) for tag, value in reversed(TAG.findall(text))}
    lacking = [tag for tag in ("version", "release") if not tags.get(tag)]
    if lacking:
        raise ContentError(f"{name}: has no {' and no '.join(lacking)}", hint="is it the spec file of anaconda?")
    if foreign.parse_decimal(tags.get("epoch", "0")) is None:
        raise ContentError(f"{name}: epoch {tags['epoch']} is not a number", hint="correct the spec file")
    return Evr(int(tags.get("epoch", "0")), tags["version"], tags["release"])


def _expand_macros(value: str, macros: Mapping[str, str], name: str) -> str:
    """Return a tag's value with its macros filled in; %{?name} may be unknown, then it is nothing."""

    def filled(match: re.Match[str]) -> str:
        optional, braced, bare = match.groups()
        macro = braced or bare
        if macro not in macros and not optional:
            raise ContentError(
                f"{name}: uses %{macro}, which it does not define", hint="define it in the spec file, as a plain word"
            )
        return macros.get(macro, "")

    for _ in range(DEPTH):
        if "%" not in value:
            return value
        value = USE.sub(filled, value)
    raise ContentError(f"{name}: cannot expand {value}", hint="give version and release as plain words")


def newest_version(found: Sequence[FoundVersion]) -> FoundVersion | None:
    """Return the newest of several, the first found if they are equal; None of none."""
    best: FoundVersion | None = None
    for version in found:
        if best is None or version.evr > best.evr:
            best = version
    return best


def anaconda_disagreements(
    ours: FoundVersion, upstream: FoundVersion | None, extras: FoundVersion | None, extras_name: str
) -> list[str]:
    """Return what must be done until all three agree, as sentences; an empty list when they do.

    extras  the newest anaconda of the tier extras_name, from which the installer is made
    """
    found = []
    if upstream is None:
        found.append("no upstream repository has anaconda: name one that does in [anaconda] upstream")
    elif upstream.evr.version != ours.evr.version or upstream.evr.epoch != ours.evr.epoch:
        newer = upstream.evr > ours.evr
        found.append(
            f"upstream's {upstream} is newer than our {ours}: import its source package, apply our patches, build it"
            if newer
            else f"our {ours} is newer than upstream's {upstream}: mirror the upstream release that it comes from,"
            " or the images of the boot set belong to another anaconda"
        )
    elif upstream.evr > ours.evr:
        found.append(f"upstream's {upstream} is a newer build than our {ours}: import it, or raise our release")
    if extras is None:
        found.append(f"{extras_name} has no anaconda: build {ours} and put it there")
    elif extras.evr != ours.evr:
        what = "older" if extras.evr < ours.evr else "newer"
        do = "build ours and put it there" if what == "older" else "update the source, or remove that one"
        found.append(f"{extras_name} has {extras}, which is {what} than our {ours}: {do}")
    return found


def check_anaconda_version(
    settings: AnacondaSettings, mirrors: Places, tiers: Mapping[str, Path], is_final: bool, reader: RepoReader
) -> Mapping[str, str]:
    """Say whether our anaconda is upstream's and is the one of the extras tier; a final release refuses to differ.

    mirrors  name and directory of upstream's repositories
    """
    if not settings.source:
        return {"did": "not checked: release.toml names no [anaconda] source"}
    ours = own_anaconda(Path(settings.source), settings.dist, reader)
    theirs = newest_version(
        [candidate for name, place in mirrors for candidate in _anaconda_packages(name, place, reader)]
    )
    place = tiers.get(settings.extras)
    if place is None:
        raise ContentError(
            f"[anaconda] extras = {settings.extras!r}: there is no such tier",
            hint="add it to [[tiers]] with stage = false, or name another one",
        )
    extras = newest_version(_anaconda_packages(settings.extras, place, reader))
    disagreements = anaconda_disagreements(ours, theirs, extras, settings.extras)
    return report_check(
        CheckResult(
            name="anaconda_version",
            summary="versions of anaconda differ"
            if disagreements
            else f"{ours}, {extras} and upstream's {theirs} agree",
            failures=tuple(disagreements),
            fix="run `doit anaconda_version` again when that is done",
        ),
        blocks=is_final,
    )


def own_anaconda(place: Path, dist: str, reader: RepoReader) -> FoundVersion:
    """Return our own anaconda, by its spec file, else by the newest source package beside it."""
    spec = place / "anaconda.spec"
    if spec.is_file():
        return FoundVersion(spec_evr(files.read_file_text(spec), str(spec), dist), "anaconda.spec")
    found = newest_version(_anaconda_packages("our source package", place, reader)) if place.is_dir() else None
    if found is None:
        raise ContentError(
            f"{place}: has no anaconda.spec and no source package of anaconda",
            hint="check it out again, or correct [anaconda] source in release.toml",
        )
    return found


def _anaconda_packages(name: str, place: Path, reader: RepoReader) -> list[FoundVersion]:
    """Return every anaconda of a repository, binary or source. Raises PackageError if it cannot be read."""
    return [
        FoundVersion(package.evr, name)
        for package in list_repo_packages([RepoSource(name, place, reader.arch)], reader)
        if package.name == NAME
    ]
