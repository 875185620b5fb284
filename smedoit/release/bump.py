# SPDX-License-Identifier: GPL-3.0-or-later
"""The release's own places outside the medium: spec file, content checkout, stage link."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from smedoit.branding.mentions import describe_prose
from smedoit.branding.rules import Branding
from smedoit.checks.stale_versions import is_text
from smedoit.config.branding import SpecSettings
from smedoit.config.identity import ReleaseIdentity
from smedoit.errors import ConfigError, ContentError, FileError, PackageError
from smedoit.medium_paths import RELEASE_NOTES
from smedoit.packages import lock
from smedoit.rpm import specfile
from smedoit.runtime import files, progress
from smedoit.tree import layers


def link_current_stage(stage: Path, place: Path) -> str:
    """Make place (stage/10) a link to the directory of this version; never follow one that leads elsewhere."""
    files.make_directory(stage)
    before = os.readlink(place) if place.is_symlink() else ""
    if "/" in before or (not before and os.path.lexists(place)):
        what = f"leads to {before}" if before else "is not a link"
        raise FileError(
            f"{place}: {what}, but must be a link to {stage.name}", hint="move it away, then run doit again"
        )
    files.switch_link(place, stage.name)
    return f"{place.name} → {stage.name}" + (f", was {before}" if before not in ("", stage.name) else "")


def check_release_package(lock_file: Path, name: str, identity: ReleaseIdentity) -> str:
    """Check that the package which carries the version has that of release.toml. Raises PackageError."""
    if not name:
        return "no package carries the version, by [spec] package"
    found = [
        pick.package
        for pick in lock.parse_lock(files.read_file_text(lock_file), lock_file)
        if pick.package.name == name
    ]
    if not found:
        raise PackageError(
            f"{name}: is not on the medium", hint="promote it into a staged tier, or change [spec] package"
        )
    trouble = specfile.release_contradiction(found[0].evr.version, found[0].evr.release, identity)
    if trouble:
        raise PackageError(
            f"{found[0].file}: {trouble}",
            hint=f"doit bump edits the spec file; build {name} and promote it, then run doit",
        )
    return f"{found[0].nevra}"


def bump_release(
    branding: Branding, settings: SpecSettings, spec_file: Path, content: Path | None, author: str, apply: bool
) -> Mapping[str, str]:
    """Show, or write, the spec file and perhaps the content tree as this release needs them.

    content  the checkout that the rendered texts are put back into; None leaves it alone
    author   "Name <mail>" of the changelog entry, "" for the one in release.toml
    apply    write; without it only the diff is shown
    """
    who = author or settings.author
    if not who:
        raise ConfigError(
            "doit bump: the changelog entry needs an author", hint="say --author 'Name <mail>' or set [spec] author"
        )
    if not settings.path:
        raise ConfigError("doit bump: release.toml names no spec file", hint="set [spec] path")
    changes, prose = dict(_spec_change(spec_file, branding.identity, who)), list[str]()
    if content is not None:
        changes |= dict(_content_changes(content, branding))
        prose = [*_content_prose(content, branding)]
    for path, (_, after) in changes.items():
        if apply:
            files.write_file(path, after)
    shown = "".join(line for path, (before, after) in changes.items() for line in _text_diff(path, before, after))
    verb = "written" if apply else "would change; add --apply to write"
    if shown:
        progress.show_line(shown.rstrip())  # whole, as patch wants it; a report is cut
    return {
        "did": f"{len(changes)} files {verb}",
        "result": "\n".join(prose if shown else ["nothing to change", *prose]),
    }


def _spec_change(file: Path, identity: ReleaseIdentity, author: str) -> Iterator[tuple[Path, tuple[str, str]]]:
    """Yield the spec file with its text before and after, if they differ."""
    before = files.read_file_text(file)
    after = specfile.bump_spec(before, identity, author, str(file))
    if before != after:
        yield file, (before, after)


def _content_changes(content: Path, branding: Branding) -> Iterator[tuple[Path, tuple[str, str]]]:
    """Yield every file of the content tree whose rule would change it, with its text before and after."""
    if not content.is_dir():
        raise ContentError(f"{content}: the content tree is not there", hint="check it out first")
    for relative in layers.list_tree_files(content):
        if branding.find_rule(relative):
            before = files.read_file_text(files.resolve_file_below(content, relative))
            after = branding.render(relative, before)
            if before != after:
                yield content / relative, (before, after)


def _content_prose(content: Path, branding: Branding) -> Iterator[str]:
    """Yield every word of another release that texts of the content tree keep, as it is prose."""
    for relative in layers.list_tree_files(content):
        data = files.read_file_bytes(files.resolve_file_below(content, relative))
        if relative != RELEASE_NOTES and is_text(data):
            text = branding.render(relative, data.decode("utf-8", "surrogateescape"))
            yield from describe_prose(relative, text, branding.identity)


def _text_diff(path: Path, before: str, after: str) -> Iterator[str]:
    """Yield a unified diff that patch could apply."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"{path}", f"{path}", lineterm="")
    return (f"{line}\n" for line in lines)
