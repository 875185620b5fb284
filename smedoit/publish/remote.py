# SPDX-License-Identifier: GPL-3.0-or-later
"""The remote target, by rsync: packages first, then metadata, then the link; deletions last, counted before."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from smedoit.config.publish import PublishSettings
from smedoit.errors import PublishError, format_grouped
from smedoit.publish import plan
from smedoit.publish.channels import PublishLocation
from smedoit.runtime import rsync
from smedoit.runtime.rsync import RsyncError, RsyncRoute

OPTIONS = ("--recursive", "--links", "--times", "--perms", "--chmod=D755,F644", "--delay-updates", "--timeout=600")
LINK_OPTIONS = ("--links", "--timeout=600")
PARENT_OPTIONS = ("--recursive", "--chmod=D755", "--timeout=600")
EXACT = ("--checksum",)  # equal times and sizes prove nothing of a file that may change under its name
CAUSES = {
    1: "an option of [publish] rsync is wrong, or the module may only be read",
    11: "a file cannot be written on the other side: no room, or not allowed",
    24: "files vanished here meanwhile: another publish?",
}


def push_release(settings: PublishSettings, place: PublishLocation, log: Path) -> str:
    """Bring one release and its link to the remote target; return what that came to, in words.

    Raises PublishError; whatever was brought stays, no link names it, and doit publish goes on from there.
    """
    release = _remote_route(settings, f"{settings.target / place.path}/", f"{place.path}/", log)
    with _publish_errors():
        _make_parents(settings, place, log)
        found = release.dry_run("--delete")
        if len(found.deleted) > settings.max_delete:
            raise PublishError(
                f"{release.target}: {len(found.deleted)} files would be deleted, [publish] max_delete allows"
                f" {settings.max_delete}\n{format_grouped({'would be deleted': found.deleted})}",
                hint="look whether this is the right place; if it is, raise [publish] max_delete",
            )
        brought = _transfer_files(release, *_include_options(f"*{ending}" for ending in plan.PACKAGES))
        brought += _transfer_files(release, *EXACT, *(f"--exclude={name}" for name in plan.REPOMD))
        brought += _transfer_files(release, *EXACT, *_include_options(plan.REPOMD))
        _push_link(settings, place, log)
        if found.deletions:
            release.run("--delete-after", found.max_delete)
    return f"; {settings.remote} has it: {brought} files were brought, {len(found.deleted)} deleted there"


def _transfer_files(release: RsyncRoute, *options: str) -> int:
    """Bring files of a release; return how many came."""
    return len(rsync.parse_dry_run(release.run(rsync.FORMAT, *options)).arriving)


def _remote_route(
    settings: PublishSettings, source: str, place: str, log: Path, options: tuple[str, ...] = OPTIONS
) -> RsyncRoute:
    """Return the way from a source here to a place below the remote target."""
    target = f"{settings.remote.rstrip('/')}/{place}"
    return RsyncRoute(source, target, settings.remote, log, (*options, *settings.rsync), CAUSES)


@contextmanager
def _publish_errors() -> Iterator[None]:
    """Turn a failure of rsync within into a PublishError that says how to go on."""
    try:
        yield
    except RsyncError as error:
        raise PublishError(
            str(error), hint="what was brought is there and no link names it; doit publish goes on from there"
        ) from None


def push_rollback(settings: PublishSettings, place: PublishLocation, log: Path) -> str:
    """Let the remote target follow a rollback, the link first; return what that came to, in words.

    What is here no more stays there: nobody counted how much would disappear.
    """
    named = (settings.target / place.link).is_symlink()
    if named:
        with _publish_errors():
            _push_link(settings, place, log)
    if (settings.target / place.path).is_dir():
        return push_release(settings, place, log)
    left = (
        f"{place.path}, which no link names" if named else f"{place.path} and the link {place.link}: remove them there"
    )
    return f"; {settings.remote} {'has its link back, and ' if named else ''}still has {left}"


def _make_parents(settings: PublishSettings, place: PublishLocation, log: Path) -> None:
    """Make the directories above a release on the other side, which rsync does not do itself."""
    with tempfile.TemporaryDirectory() as empty:
        (Path(empty) / place.path).mkdir(parents=True)
        _remote_route(settings, f"{empty}/", "", log, PARENT_OPTIONS).run()


def _include_options(names: Iterable[str]) -> list[str]:
    """Return the options that bring these files, from wherever below the source they lie, and no others."""
    return ["--prune-empty-dirs", "--include=*/", *(f"--include={name}" for name in names), "--exclude=*"]


def _push_link(settings: PublishSettings, place: PublishLocation, log: Path) -> None:
    """Bring the version link, which rsync puts in the place of the old one by a rename, and look where it leads."""
    local = settings.target / place.link
    link = _remote_route(settings, str(local), place.link, log, LINK_OPTIONS)
    replace(link, target=link.target.removesuffix(local.name)).run()
    try:
        replace(link, source=f"{link.target}/", target="").run("--list-only")
    except RsyncError as error:
        raise PublishError(
            f"{link.target}: does not lead to {local.readlink()}\n  {error}",
            hint="a daemon needs munge symlinks = no for that module",
        ) from None
