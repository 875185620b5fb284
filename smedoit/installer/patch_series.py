# SPDX-License-Identifier: GPL-3.0-or-later
"""A series of patches: which apply, in which order, and what they change."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from smedoit.errors import ContentError
from smedoit.runtime import progress

NAMED = 10  # patches that a sentence names before it only counts them
NUMBERED = re.compile(r"([0-9]{1,18})[-_.].*\.patch")
TAG = re.compile(r"^Patch([0-9]{0,18})\s*:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
USE = re.compile(r"^%patch([0-9]{0,18})\b(.*)$", re.MULTILINE)
OWN_NUMBER = re.compile(r"-P\s*([0-9]{1,18})")
STRIP = re.compile(r"-p\s*([0-9]{1,9})")
AUTO = re.compile(r"^%auto(?:setup|patch)\b(.*)$", re.MULTILINE)
TOUCHED = re.compile(rb"^(?:---|\+\+\+) ([^\t\n\r]+)", re.MULTILINE)


@dataclass(frozen=True)
class SeriesPatch:
    """One patch of a series: its file name, and how many directories of its paths are taken off."""

    name: str
    strip: int = 1


def spec_patches(text: str, file: str) -> list[SeriesPatch]:
    """Return what the %prep of a spec file applies, in its order. Raises ContentError for what cannot be followed."""
    names = {int(number or 0): PurePosixPath(name).name for number, name in TAG.findall(text)}
    if automatic := AUTO.search(text):
        strip = STRIP.search(automatic[1])
        return [SeriesPatch(names[number], int(strip[1]) if strip else 1) for number in sorted(names)]
    found = []
    for number, options in USE.findall(text):
        chosen = OWN_NUMBER.search(options)
        which = int(chosen[1]) if chosen else int(number or 0)
        if which not in names:
            raise ContentError(f"{file}: %patch{which} without Patch{which}", hint="correct the spec file")
        strip = STRIP.search(options)
        found.append(SeriesPatch(names[which], int(strip[1]) if strip else 0))
    unclear = [patch.name for patch in found if "%" in patch.name]
    if unclear:
        raise ContentError(f"{file}: the name {unclear[0]} has a macro", hint="write it out")
    return found


def directory_patches(names: Iterable[str], listed: str | None, directory: str) -> list[SeriesPatch]:
    """Return the patches of a directory: as its series file says, else by number.

    listed  the text of the series file, None if there is none

    Raises ContentError for names that the series lacks or has twice, and for numbers that stand twice.
    """
    there = set(names)
    if listed is not None:
        lines = [line.split("#")[0].split() for line in listed.splitlines()]
        found = [SeriesPatch(fields[0], _strip_level(fields[1:])) for fields in lines if fields]
        absent = [patch.name for patch in found if patch.name not in there]
        if absent:
            raise ContentError(
                f"{directory}/series: names {_shorten_names(absent)}, not in the directory",
                hint="correct the series file",
            )
        return found
    numbered = {name: int(match[1]) for name in there if (match := NUMBERED.fullmatch(name))}
    twice = sorted(name for name, number in numbered.items() if list(numbered.values()).count(number) > 1)
    if twice:
        raise ContentError(
            f"{directory}: {_shorten_names(twice, ' and ')} have the same number, their order is not defined",
            hint="renumber them, or write their order into a file named series",
        )
    return [SeriesPatch(name) for name in sorted(numbered, key=numbered.__getitem__)]


def _shorten_names(names: Sequence[str], between: str = ", ") -> str:
    """Return names as a sentence has them: the first few, and none of them whole that is endless."""
    return progress.join_names([name[:80] for name in names], NAMED, between)


def _strip_level(options: Sequence[str]) -> int:
    """Return what a line of a series file says behind the name: -p0, -p1."""
    found = STRIP.search(" ".join(options))
    return int(found[1]) if found else 1


def patched_paths(data: bytes, strip: int) -> set[str]:
    """Return the paths that a patch changes or makes."""
    paths = (name.decode("utf-8", "replace").strip() for name in TOUCHED.findall(data))
    return {"/".join(path.split("/")[strip:]) for path in paths if path != "/dev/null"}


def creates_file(data: bytes, path: str, strip: int) -> bool:
    """Return whether a patch makes a file that was not there."""
    lines = data.splitlines()
    pairs = itertools.pairwise(lines)
    return any(
        before.startswith(b"--- /dev/null")
        and after.startswith(b"+++ ")
        and path in patched_paths(after + b"\n", strip)
        for before, after in pairs
    )


def product_image_paths(tops: Mapping[str, Sequence[str]], classes: str) -> dict[str, str]:
    """Return path in product.img -> path in anaconda's source.

    tops     file -> the directories of the image that it goes to
    classes  the directory of the source that has it
    """
    return {f"{top}/{name}": f"{classes}/{name}" for name, several in tops.items() for top in several}
