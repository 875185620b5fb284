"""The remote target, by rsync: packages first, then metadata, then the link; deletions last, counted before."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from smedoit.config.publish import PublishSettings
from smedoit.errors import PublishError, format_grouped
from smedoit.publish import plan
from smedoit.publish.channels import PublishLocation
from smedoit.runtime import progress
from smedoit.runtime.process import ProgramError, run_program
from smedoit.runtime.rsync import CODES

COMMON = ("--recursive", "--links", "--times", "--perms", "--chmod=D755,F644", "--delay-updates", "--timeout=600")
EXACT = ("--checksum",)  # equal times and sizes prove nothing of a file that may change under its name


def push_release(settings: PublishSettings, place: PublishLocation, log: Path) -> str:
    """Bring one release and its link to the remote target; return what that came to, in words.

    Raises PublishError; whatever was brought stays, no link names it, and doit publish goes on from there.
    """
    source, there = f"{settings.target / place.path}/", f"{settings.remote.rstrip('/')}/{place.path}/"
    _make_parents(settings, place, log)
    gone = _files_to_delete(settings, source, there, log)
    if len(gone) > settings.max_delete:
        raise PublishError(
            f"{there}: {len(gone)} files would disappear, [publish] max_delete allows {settings.max_delete}\n"
            f"{format_grouped({'would go': gone})}",
            hint="look whether this is the right place; if it is, raise [publish] max_delete",
        )
    _run_rsync(settings, log, *_include_options(f"*{ending}" for ending in plan.PACKAGES), source, there)
    _run_rsync(settings, log, *EXACT, *(f"--exclude={name}" for name in plan.REPOMD), source, there)
    _run_rsync(settings, log, *EXACT, *_include_options(plan.REPOMD), source, there)
    _push_link(settings, place, log)
    if gone:
        _run_rsync(settings, log, "--delete-after", f"--max-delete={settings.max_delete}", source, there)
    return f"; {settings.remote} has it, {len(gone)} files went there"


def push_rollback(settings: PublishSettings, place: PublishLocation, log: Path) -> str:
    """Let the remote target follow a rollback, the link first; return what that came to, in words.

    What is here no more stays there: nobody counted how much would disappear.
    """
    named = (settings.target / place.link).is_symlink()
    if named:
        _push_link(settings, place, log)
    if (settings.target / place.path).is_dir():
        return push_release(settings, place, log)
    left = (
        f"{place.path}, which no link names" if named else f"{place.path} and the link {place.link}: remove them there"
    )
    return f"; {settings.remote} {'has its link back, and ' if named else ''}still has {left}"


def _files_to_delete(settings: PublishSettings, source: str, there: str, log: Path) -> list[str]:
    """Return what would disappear on the other side; nothing is changed for that."""
    said = _run_rsync(settings, log, "--dry-run", "--delete", "--itemize-changes", source, there)
    return [line.removeprefix("*deleting").strip() for line in said.splitlines() if line.startswith("*deleting")]


def _make_parents(settings: PublishSettings, place: PublishLocation, log: Path) -> None:
    """Make the directories above a release on the other side, which rsync does not do itself."""
    with tempfile.TemporaryDirectory() as empty:
        (Path(empty) / place.path).mkdir(parents=True)
        _run_rsync(settings, log, f"{empty}/", f"{settings.remote.rstrip('/')}/", plain=("--recursive", "--chmod=D755"))


def _include_options(names: Iterable[str]) -> list[str]:
    """Return the options that bring these files, from wherever below the source they lie, and no others."""
    return ["--prune-empty-dirs", "--include=*/", *(f"--include={name}" for name in names), "--exclude=*"]


def _push_link(settings: PublishSettings, place: PublishLocation, log: Path) -> None:
    """Bring the version link, which rsync puts in the place of the old one by a rename, and look where it leads."""
    local, top = settings.target / place.link, settings.remote.rstrip("/")
    there = f"{top}/{place.link}"
    plain = ("--links", "--timeout=600")
    _run_rsync(settings, log, str(local), there.removesuffix(local.name), plain=plain)
    try:
        _run_rsync(settings, log, "--list-only", f"{there}/", plain=plain)
    except PublishError as error:
        raise PublishError(
            f"{there}: does not lead to {local.readlink()}\n  {error}",
            hint="a daemon needs munge symlinks = no for that module",
        ) from None


def _run_rsync(settings: PublishSettings, log: Path, *words: str, plain: Sequence[str] = COMMON) -> str:
    """Run rsync and return what it prints. Raises PublishError with what its exit code means."""
    command = ["rsync", *plain, *settings.rsync, *words]
    progress.log_line(" ".join(command))
    try:
        return run_program(command, log=log, package="rsync")
    except ProgramError as error:
        raise _explain_failure(error, settings.remote) from None


def _explain_failure(error: ProgramError, remote: str) -> PublishError:
    """Return rsync's failure with the meaning of its code."""
    meaning = CODES.get(error.code, "see rsync(1), EXIT VALUES")
    tail = "".join(f"\n    {line}" for line in error.said.splitlines()[-5:])
    return PublishError(
        f"{remote}: rsync gave up with code {error.code}, {meaning}{tail}",
        hint="what was brought is there and no link names it; doit publish goes on from there",
    )
