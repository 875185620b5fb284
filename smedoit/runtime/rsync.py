# SPDX-License-Identifier: GPL-3.0-or-later
"""rsync: its command line, what a dry run says it would do, and what its failures mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from smedoit.errors import SmeError
from smedoit.runtime.process import ProgramError, follow_program, run_program

FORMAT = "--out-format=%i %l %n"  # what parse_change reads
CHANGE = re.compile(r"(?P<what>[<>ch.*]\S+) +(?P<size>[0-9]{1,18}) (?P<name>.+)")
LEFTOVER = re.compile(r"(^|.*/)\.([^/]+)\.\w{6}")  # .NAME.XXXXXX: rsync was killed while it wrote NAME
TAIL = 5  # lines of rsync's own that a failure carries
# Source: rsync(1), EXIT VALUES; 127 and 255 come from ssh and the remote shell.
CAUSES = {
    1: "an option is wrong, or the module may only be read",
    2: "both sides speak different protocols: bring them to a common version",
    3: "it cannot select its files or directories: look whether the directory is there on the other side",
    5: "the daemon refuses: look at its module, its user and its password",
    10: "the other side cannot be reached, or the connection broke",
    11: "a file cannot be written: no room, or not allowed",
    12: "the connection broke in the middle of the protocol, or ssh was refused",
    20: "it was stopped by a signal",
    23: "some files were not transferred: the lines below name them",
    24: "files vanished at the source meanwhile",
    25: "more would be deleted than the dry run found; the deletions stopped there",
    30: "the other side was silent for too long",
    35: "the daemon did not answer in time",
    127: "rsync is not installed on the other side",
    255: "ssh could not connect: look at the host, the key and known_hosts",
}


class RsyncError(SmeError):
    """rsync failed: with which code, what that means, and its own last words."""


@dataclass(frozen=True)
class DryRun:
    """What a run would do.

    arriving     path -> bytes of each file that would come
    deleted      the files that would be deleted
    leftovers    how many more files would be deleted that only a killed transfer left
    directories  how many directories would be deleted
    """

    arriving: Mapping[str, int]
    deleted: tuple[str, ...] = ()
    leftovers: int = 0
    directories: int = 0

    @property
    def size(self) -> int:
        """Bytes of all files that would come, as far as they are not there already."""
        return sum(self.arriving.values())

    @property
    def deletions(self) -> int:
        """How many deletions rsync counts: those of directories, too."""
        return len(self.deleted) + self.leftovers + self.directories

    @property
    def max_delete(self) -> str:
        """The option that allows just these deletions."""
        return f"--max-delete={self.deletions}"


def parse_change(line: str) -> tuple[str, str, int] | None:
    """Return (what rsync does, path, bytes) of a line in FORMAT, None for any other line."""
    found = CHANGE.fullmatch(line)
    return (found["what"], found["name"], int(found["size"])) if found else None


def parse_dry_run(said: str) -> DryRun:
    """Return what a dry run says in FORMAT."""
    changes = [change for change in map(parse_change, said.splitlines()) if change]
    arriving = {name: size for what, name, size in changes if what[1:2] == "f" and what[0] in "<>"}
    gone = sorted(name for what, name, _ in changes if what == "*deleting")
    files = [name for name in gone if not name.endswith("/")]
    deleted = tuple(name for name in files if LEFTOVER.sub(r"\1\2", name) not in arriving)
    return DryRun(arriving, deleted, len(files) - len(deleted), len(gone) - len(files))


@dataclass(frozen=True)
class RsyncRoute:
    """The two sides of a transfer.

    source, target  as rsync takes them; target "" where something is only listed
    side            the side that failures name
    options         of every run
    causes          what exit codes mean here, where that is not what they mean everywhere
    """

    source: str
    target: str
    side: str
    log: Path
    options: tuple[str, ...] = ()
    causes: Mapping[int, str] = field(default_factory=dict)

    def run(self, *options: str) -> str:
        """Run rsync, and return what it prints. Raises RsyncError."""
        with self._explained_failures():
            return run_program(self._command(options), log=self.log, package="rsync")

    def follow(self, on_line: Callable[[str], None], *options: str) -> None:
        """Run rsync, and call on_line with each line that it prints. Raises RsyncError."""
        with self._explained_failures():
            follow_program(self._command(options), on_line, log=self.log, package="rsync")

    def dry_run(self, *options: str) -> DryRun:
        """Return what a run would do; nothing is changed for that. Raises RsyncError."""
        return parse_dry_run(self.run("--dry-run", FORMAT, *options))

    def _command(self, options: tuple[str, ...]) -> list[str]:
        return ["rsync", *self.options, *options, "--", self.source, *([self.target] if self.target else [])]

    @contextmanager
    def _explained_failures(self) -> Iterator[None]:
        try:
            yield
        except ProgramError as error:
            cause = {**CAUSES, **self.causes}.get(error.code, "see rsync(1), EXIT VALUES")
            words = [line for line in error.said.splitlines() if not parse_change(line)]
            tail = "".join(f"\n    {line}" for line in words[-TAIL:])
            raise RsyncError(f"{self.side}: rsync failed with code {error.code}, {cause}{tail}") from None
