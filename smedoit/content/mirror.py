# SPDX-License-Identifier: GPL-3.0-or-later
"""Local copies of releases and upstream, by rsync: a dry run first, then the transfer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from smedoit.config.inputs import RsyncMirror
from smedoit.config.network import NetworkSettings
from smedoit.errors import ConfigError, FileError, NetworkError, format_grouped, format_size
from smedoit.runtime import files, progress, rsync
from smedoit.runtime.rsync import DryRun, RsyncError, RsyncRoute

# As --archive, but owners stay ours, and nothing comes that leads out of the copy or is no file.
OPTIONS = (
    "--recursive", "--links", "--times", "--perms", "--safe-links", "--verbose", "--delete-delay",
    rsync.FORMAT, "--partial-dir=.rsync-partial",
)  # fmt: skip
MARKED = "doit mirror keeps this directory as its source has it: other files in it are removed.\n"
CAUSES = {
    1: "its options are wrong: look at rsync in that [[rsync_mirror]]",
    11: "a file cannot be written: no room here, or not allowed",
    24: "files vanished on the other side meanwhile: it is being changed just now",
    25: "more files would be deleted than in the dry run before: the other side is being changed just now",
}


def report_no_mirrors() -> None:
    """Say that there is nothing to copy."""
    raise ConfigError(
        "release.toml has no [[rsync_mirror]], so there is nothing to copy",
        hint="add one with its name, source and path; release.toml(5) explains its keys",
    )


def sync_rsync_mirror(mirror: RsyncMirror, network: NetworkSettings, log: Path) -> str:
    """Make the copy what its source has, if not too much would disappear from it; return what that came to.

    log  gets the output of rsync: a line for each file

    Raises NetworkError, FileError; what came before an error is kept, partial files too.
    """
    if network.offline and mirror.is_remote:
        raise NetworkError(
            f"{mirror.source}: must be fetched for mirror {mirror.name}, but this run is offline",
            hint="run doit mirror without offline=1, and without offline = true in release.toml",
        )
    _claim_directory(mirror)
    files.remove_file(log)
    held = len(_mirror_files(mirror))
    route = RsyncRoute(
        mirror.source.rstrip("/") + "/",
        f"{mirror.path}/",
        mirror.source,
        log,
        (*OPTIONS, f"--timeout={network.timeout}", f"--exclude=/{mirror.marker}", *mirror.rsync),
        CAUSES,
    )
    try:
        found = route.dry_run()
        _refuse_excess_deletions(mirror, found, held)
        with progress.progress_meter(f"{mirror.name}: {len(found.arriving)} files") as shown:
            route.follow(transfer_listener(found, shown), found.max_delete)
    except RsyncError as error:
        raise NetworkError(str(error), hint=f"partial files are kept; doit mirror:{mirror.name} resumes") from None
    return f"{len(found.arriving)} files came ({format_size(found.size)}), {len(found.deleted)} of {held} went"


def _refuse_excess_deletions(mirror: RsyncMirror, found: DryRun, held: int) -> None:
    """Raise NetworkError if more files would be deleted from a copy of held files than may."""
    if len(found.deleted) > held * mirror.max_delete_percent // 100:
        raise NetworkError(
            f"{mirror.path}: {len(found.deleted)} of {held} files would be deleted, [[rsync_mirror]] {mirror.name}"
            f" max_delete_percent allows {mirror.max_delete_percent} %\n"
            f"{format_grouped({'would be deleted': found.deleted})}",
            hint=f"look whether {mirror.source} is the right place; if it is, raise max_delete_percent."
            " Nothing was changed",
        )


def _claim_directory(mirror: RsyncMirror) -> None:
    """Make the copy's directory ours if it is empty. Raises FileError if it holds things and has no marker."""
    marker = mirror.path / mirror.marker
    files.make_directory(mirror.path)
    if marker.is_file():
        return
    if any(os.scandir(mirror.path)):
        raise FileError(
            f"{mirror.path}: is not empty and has no {mirror.marker}: it may not be a mirror",
            hint=f"if rsync may remove whatever {mirror.source} has not: touch {marker}",
        )
    files.write_file(marker, MARKED)


def _mirror_files(mirror: RsyncMirror) -> list[Path]:
    """Return the files of the copy, without the marker."""
    found = [Path(directory, name) for directory, _, names in os.walk(mirror.path) for name in names]
    return [path for path in found if path != mirror.path / mirror.marker]


def transfer_listener(found: DryRun, shown: Callable[[int, int], None]) -> Callable[[str], None]:
    """Return a listener to rsync's lines that moves the bar with each file that has come."""
    done = 0

    def on_line(line: str) -> None:
        nonlocal done
        if change := rsync.parse_change(line):
            done += found.arriving.get(change[1], 0)
            shown(done, found.size)

    return on_line
