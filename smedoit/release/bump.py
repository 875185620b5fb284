"""The release's own places outside the medium: spec file, content checkout, stage link."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from smedoit.branding import rules
from smedoit.config.branding import Rule, Spec
from smedoit.config.identity import Identity
from smedoit.errors import ConfigError, ContentError, PackageError, TreeError
from smedoit.packages import lock
from smedoit.rpm import specfile
from smedoit.runtime import files
from smedoit.tree import layers


def link(stage: Path, place: Path) -> str:
    """Make place (stage/10) a link to the directory of this version; never follow one that leads elsewhere."""
    files.make_directory(stage)
    before = os.readlink(place) if place.is_symlink() else ""
    if "/" in before or (not before and os.path.lexists(place)):
        what = f"leads to {before}" if before else "is no link"
        raise TreeError(
            f"{place}: {what}, but must be a link to {stage.name}", hint="move it away, then run doit again"
        )
    files.switch_link(place, stage.name)
    return f"{place.name} → {stage.name}" + (f", was {before}" if before not in ("", stage.name) else "")


def check_package(lock_file: Path, name: str, one: Identity) -> str:
    """Hold the version of the package that carries it against release.toml. Raises PackageError."""
    if not name:
        return "no package carries the version, by [spec] package"
    found = [pick.package for pick in lock.loads(files.read_text(lock_file), lock_file) if pick.package.name == name]
    if not found:
        raise PackageError(
            f"{name}: is not on the medium", hint="promote it into a staged tier, or change [spec] package"
        )
    trouble = specfile.contradiction(found[0].evr.version, found[0].evr.release, one)
    if trouble:
        raise PackageError(
            f"{found[0].file}: {trouble}",
            hint=f"doit bump edits the spec file; build {name} and promote it, then run doit",
        )
    return f"{found[0].nevra}"


def bump(
    root: Path,
    place: Spec,
    content: Path,
    one: Identity,
    own: Sequence[Rule],
    author: str,
    write_content: bool,
    apply: bool,
) -> Mapping[str, str]:
    """Show, or write, the spec file and perhaps the content tree as this release needs them.

    author         "Name <mail>" of the changelog entry, "" for the one in release.toml
    write_content  also put the rendered texts back into the content checkout
    apply          write; without it only the diff is shown
    """
    who = author or place.author
    if not who:
        raise ConfigError(
            "doit bump: nobody to sign the changelog", hint="say --author 'Name <mail>' or set [spec] author"
        )
    if not place.path:
        raise ConfigError("doit bump: release.toml names no spec file", hint="set [spec] path")
    changes = dict(spec_change(root / place.path, one, who))
    if write_content:
        changes |= dict(content_changes(content, one, own))
    for path, (_, after) in changes.items():
        if apply:
            files.write(path, after)
    shown = "".join(line for path, (before, after) in changes.items() for line in diff(path, before, after))
    verb = "written" if apply else "would change; add --apply to write"
    return {"did": f"{len(changes)} files {verb}", "result": shown.rstrip() or "nothing to change"}


def spec_change(file: Path, one: Identity, author: str) -> Iterator[tuple[Path, tuple[str, str]]]:
    """Yield the spec file with its text before and after, if they differ."""
    before = files.read_text(file)
    after = specfile.bumped(before, one, author, str(file))
    if before != after:
        yield file, (before, after)


def content_changes(content: Path, one: Identity, own: Sequence[Rule]) -> Iterator[tuple[Path, tuple[str, str]]]:
    """Yield every file of the content tree whose rule would change it, with its text before and after."""
    if not content.is_dir():
        raise ContentError(f"{content}: the content tree is not there", hint="check it out first")
    for relative in layers.listed(content):
        if rules.rule_for(relative, own):
            before = files.read_text(files.real_file(content, relative))
            after = rules.render(relative, before, one, own)
            if before != after:
                yield content / relative, (before, after)


def diff(path: Path, before: str, after: str) -> Iterator[str]:
    """Yield a unified diff that patch could apply."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"{path}", f"{path}", lineterm="")
    return (f"{line}\n" for line in lines)
