"""Local copies of releases and upstream, by rsync: looked at in a dry run before anything is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from smedoit.config.inputs import RsyncMirror
from smedoit.config.network import NetworkSettings
from smedoit.content import rsync_plan
from smedoit.content.rsync_plan import DryRunResult
from smedoit.errors import ConfigError, FileError, NetworkError, format_size
from smedoit.runtime import files, progress, rsync
from smedoit.runtime.process import ProgramError, follow_program, run_program

# As --archive, but owners stay ours, and nothing comes that leads out of the copy or is no file.
COMMON = (
    "--recursive", "--links", "--times", "--perms", "--safe-links", "--verbose", "--delete-delay",
    f"--out-format={rsync_plan.FORMAT}", "--partial-dir=.rsync-partial",
)  # fmt: skip
MARKED = "doit mirror keeps this directory as its source has it: other files in it are removed.\n"
MEANINGS = {
    **rsync.CODES,
    1: "its options are wrong: look at rsync in that [[rsync_mirror]]",
    11: "a file cannot be written: no room here, or not allowed",
    23: "some files were not transferred: the lines below name them",
    24: "files vanished on the other side meanwhile: it is being changed just now",
    25: "more files would disappear than in the dry run before: the other side is being changed just now",
}


def report_no_mirrors() -> None:
    """Say that there is nothing to copy."""
    raise ConfigError(
        "release.toml has no [[rsync_mirror]], so there is nothing to copy",
        hint="add one with its name, source and path; the README explains its keys",
    )


def sync_rsync_mirror(mirror: RsyncMirror, network: NetworkSettings, log: Path) -> str:
    """Make the copy what its source has, if not too much would disappear from it; return what that came to.

    log  gets the words of rsync: a line for each file

    Raises NetworkError, TreeError; what came before an error is kept, partial files too.
    """
    if network.offline and mirror.is_remote:
        raise NetworkError(
            f"{mirror.source}: is needed for the mirror {mirror.name}, but this run is offline",
            hint="run doit mirror without offline=1, and without offline = true in release.toml",
        )
    _claim_directory(mirror)
    files.remove_file(log)
    held = len(_mirror_files(mirror))
    plan = rsync_plan.parse_dry_run(_rsync_from_source(mirror, network, log, "--dry-run"))
    rsync_plan.refuse_excess_deletions(mirror, plan.going, held)
    with progress.progress_meter(f"{mirror.name}: {len(plan.coming)} files") as shown:
        _rsync_from_source(
            mirror,
            network,
            log,
            f"--max-delete={len(plan.going) + plan.leftovers}",
            on_line=transfer_listener(plan, shown),
        )
    return f"{len(plan.coming)} files came ({format_size(plan.size)}), {len(plan.going)} of {held} went"


def _claim_directory(mirror: RsyncMirror) -> None:
    """Make the copy's directory ours if it is empty. Raises FileError if it holds things and has no marker."""
    marker = mirror.path / mirror.marker
    files.make_directory(mirror.path)
    if marker.is_file():
        return
    if any(os.scandir(mirror.path)):
        raise FileError(
            f"{mirror.path}: holds files but no {mirror.marker}, so it may be something else than a mirror",
            hint=f"if rsync may remove whatever {mirror.source} has not: touch {marker}",
        )
    files.write_file(marker, MARKED)


def _mirror_files(mirror: RsyncMirror) -> list[Path]:
    """Return the files of the copy, without the marker."""
    found = [Path(directory, name) for directory, _, names in os.walk(mirror.path) for name in names]
    return [path for path in found if path != mirror.path / mirror.marker]


def _rsync_from_source(
    mirror: RsyncMirror, network: NetworkSettings, log: Path, *words: str, on_line: Callable[[str], None] | None = None
) -> str:
    """Run rsync and return what it prints. Raises NetworkError with what its exit code means."""
    options = [*COMMON, f"--timeout={network.timeout}", f"--exclude=/{mirror.marker}", *mirror.rsync, *words]
    source = mirror.source.rstrip("/") + "/"
    command = ["rsync", *options, "--", source, f"{mirror.path}/"]
    try:
        if on_line is None:
            return run_program(command, log=log, package="rsync")
        follow_program(command, on_line, log=log, package="rsync")
        return ""
    except ProgramError as error:
        raise _explain_rsync_error(error, mirror) from None


def transfer_listener(plan: DryRunResult, shown: Callable[[int, int], None]) -> Callable[[str], None]:
    """Return a listener to rsync's lines that moves the bar with each file that has come."""
    done = 0

    def heard(line: str) -> None:
        nonlocal done
        if change := rsync_plan.parse_rsync_change(line):
            done += plan.coming.get(change[1], 0)
            shown(done, plan.size)

    return heard


def _explain_rsync_error(error: ProgramError, mirror: RsyncMirror) -> NetworkError:
    """Return rsync's failure with the meaning of its code."""
    meaning = MEANINGS.get(error.code, "see rsync(1), EXIT VALUES")
    tail = "".join(f"\n    {line}" for line in error.said.splitlines()[-5:] if not rsync_plan.parse_rsync_change(line))
    return NetworkError(
        f"{mirror.source}: rsync gave up with code {error.code}, {meaning}{tail}",
        hint=f"what has come is kept; doit mirror:{mirror.name} goes on from there",
    )
