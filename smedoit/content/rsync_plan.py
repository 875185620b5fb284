"""What rsync keeps here as a copy of elsewhere: releases and upstream, and what it may do to the copy."""

from __future__ import annotations

import re

from smedoit.config.inputs import RsyncMirror
from smedoit.config.schema import SettingsTable
from smedoit.errors import NetworkError, format_grouped

CHANGE = re.compile(r"(?P<what>[<>ch.*]\S+) +(?P<size>\d+) (?P<name>.+)")  # a line of --out-format=FORMAT
LEFTOVER = re.compile(r"(^|.*/)\.([^/]+)\.\w{6}")  # .NAME.XXXXXX: rsync was killed while it wrote NAME
FORMAT = "%i %l %n"


class DryRunResult(SettingsTable):
    """What a run would do.

    coming     path -> bytes of each file that would come
    going      the files that would go
    leftovers  how many more would go that only a killed transfer left
    """

    coming: dict[str, int]
    going: tuple[str, ...]
    leftovers: int = 0

    @property
    def size(self) -> int:
        """Bytes of all files that would come, as far as they are not here already."""
        return sum(self.coming.values())


def parse_rsync_change(line: str) -> tuple[str, str, int] | None:
    """Return (what rsync does, path, bytes) of a line in FORMAT, None for any other line."""
    found = CHANGE.fullmatch(line)
    return (found["what"], found["name"], int(found["size"])) if found else None


def parse_dry_run(said: str) -> DryRunResult:
    """Return what a dry run of rsync says in FORMAT; directories do not count."""
    changes = [entry for entry in map(parse_rsync_change, said.splitlines()) if entry and not entry[1].endswith("/")]
    coming = {name: size for what, name, size in changes if what[:2] == ">f"}
    gone = sorted(name for what, name, _ in changes if what == "*deleting")
    going = tuple(name for name in gone if LEFTOVER.sub(r"\1\2", name) not in coming)
    return DryRunResult(coming, going, len(gone) - len(going))


def _allowed_deletions(mirror: RsyncMirror, held: int) -> int:
    """Return how many files may disappear from a copy of held files."""
    return held * mirror.max_delete_percent // 100


def refuse_excess_deletions(mirror: RsyncMirror, going: tuple[str, ...], held: int) -> None:
    """Raise NetworkError if more files would disappear than may."""
    if len(going) > _allowed_deletions(mirror, held):
        raise NetworkError(
            f"{mirror.path}: {len(going)} of {held} files would disappear, [[rsync_mirror]] {mirror.name}"
            f" max_delete_percent allows {mirror.max_delete_percent} %\n{format_grouped({'would go': going})}",
            hint=f"look whether {mirror.source} is the right place; if it is, raise max_delete_percent."
            " Nothing was changed",
        )
