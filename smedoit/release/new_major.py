# SPDX-License-Identifier: GPL-3.0-or-later
"""The next major of the product: what its release.toml says, and what a person must still decide."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smedoit.branding.mentions import find_stale_versions
from smedoit.branding.rules import Branding
from smedoit.config import release
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.release import Release
from smedoit.config.schema import InvalidValueError
from smedoit.errors import ConfigError, ContentError, format_count
from smedoit.release.next_toml import next_release_toml, replace_major
from smedoit.runtime.files import (
    FILE_MODE,
    copy_file,
    make_directory,
    read_file_bytes,
    read_file_text,
    replacing_directory,
    write_file,
)
from smedoit.tree import layers


def _new_major_identity(identity: ReleaseIdentity, major: int, version: str, label: str) -> ReleaseIdentity:
    """Return the identity of the next major."""
    return replace(identity, major=major, version=version, label=label)


def new_major_checklist(identity: ReleaseIdentity, old: int, left: Sequence[str]) -> str:
    """Return what a person must still decide for the next major, as lines.

    left  places that still speak of the old major, as "file, line N: words"
    """
    points = [
        "set [release] date, and look at every path of the new release.toml",
        f"fill the tiers of {identity.major}, which are empty, then run doit tiers for their repodata",
        "get the installer's translations of that release: doit translations, or by hand into [translations] path",
        "choose the upstream release: [boot_set], then doit pin_boot_set",
        "import anaconda's source package and the Koozali patches; koozali.py must come from that release",
        f"look at product/ and updates/: what was fixed for {old} may be fixed upstream",
        "decide which keys sign the new packages, and pin them in [[keys]]",
        f"add the new tree to version control: cvs add, or git add; the old one ({old}) was not touched",
        f"bump the copy of the spec file of the release package: doit bump, with the release.toml of {identity.major}",
    ]
    points += [f"decide whether this may stay: {place}" for place in left]
    return "\n".join(f"[ ] {point}" for point in points)


def make_new_major(rel: Release, old: int, new: int, version: str, label: str) -> Mapping[str, str]:
    """Make the next major's content tree and release.toml; return the checklist as the result.

    Raises ConfigError or ContentError, and makes nothing, if either is there already.
    """
    identity = _next_identity(rel, old, new, version or f"{new}.0", label)
    source = rel.content.path
    target = Path(replace_major(os.fspath(source), old, new))
    file = rel.file.with_name(f"{rel.file.stem}-{new}.toml")
    _refuse_existing(source, target, file)
    text = next_release_toml(read_file_text(rel.file), rel.release, identity)
    copied = _copy_content_tree(source, target, Branding(identity, rel.rules, fills=False), rel.content.names)
    write_file(file, text)
    after = release.load_release(file)  # what we wrote must be readable before anybody relies on it
    made = _make_new_places(rel, after)
    left = list(_old_major_mentions(target, rel.release, identity))
    notes = new_major_checklist(identity, old, left)
    write_file(file.with_name(f"checklist-{new}.txt"), f"{notes}\n")
    did = f"{copied} files in {target}, {file}, and {format_count(made, 'directory', 'directories')}"
    return {"did": did, "result": notes}


def _make_new_places(before: Release, after: Release) -> int:
    """Make the directories that the new release.toml names and the old one has under another name; return how many.

    They are empty, but for the spec file that the release package is bumped from. What is there already stays.
    """
    made = 0
    for path in _new_places(before, after):
        if not path.is_dir():
            make_directory(path)
            made += 1
    old, new = before.root / before.spec.path, after.root / after.spec.path
    if before.spec.path and old.is_file() and not os.path.lexists(new):
        copy_file(old, new)
    return made


def _new_places(before: Release, after: Release) -> Iterator[Path]:
    """Yield every directory that the old release.toml has under another name."""
    for old, new in zip(before.tiers, after.tiers, strict=True):
        if new.path != old.path and not new.mirror:
            yield from (new.path / arch / "RPMS" for arch in new.architectures or (after.release.arch,))
            yield new.path / "SRPMS"
    pairs = [(before.translations.path, after.translations.path)]
    if after.anaconda.source:
        pairs.append((Path(before.anaconda.source), Path(after.anaconda.source)))
    if after.spec.path:
        pairs.append(((before.root / before.spec.path).parent, (after.root / after.spec.path).parent))
    yield from (new for old, new in pairs if new != old)


def _next_identity(rel: Release, old: int, new: int, version: str, label: str) -> ReleaseIdentity:
    """Return the next identity. Raises ConfigError unless new follows old."""
    if old != rel.release.major:
        raise ConfigError(
            f"--from {old}: {rel.file} is of major {rel.release.major}", hint="name its file in SMEDOIT_RELEASE"
        )
    if new <= old:
        raise ConfigError(f"--to {new}: must be greater than {old}", hint="give the number of the next major")
    try:
        return _new_major_identity(rel.release, new, version, label)
    except InvalidValueError as refused:
        raise ConfigError(f"--{refused.key}: {refused.reason}") from None


def _refuse_existing(source: Path, target: Path, file: Path) -> None:
    """Raise unless there is a source, and neither target nor file."""
    if not source.is_dir():
        raise ContentError(f"{source}: the content tree is not there", hint="check it out first")
    if target == source:
        raise ConfigError(f"{source}: its name does not carry the major", hint="call it like src/cdrom.image/sme10")
    for path in (target, file):
        if os.path.lexists(path):
            raise ContentError(f"{path}: already exists", hint="nothing was changed; move it away and run again")


def _copy_content_tree(source: Path, target: Path, branding: Branding, names: str) -> int:
    """Copy the content tree without what version control keeps in it, rendered for the next major, all or nothing."""
    files = layers.read_layer("content tree", source, lambda _: True, copy_file, names).files
    with replacing_directory(target) as beside:
        for relative, path in files.items():
            data = read_file_bytes(path)
            if branding.find_rule(relative):
                text = branding.render(relative, data.decode("utf-8", "surrogateescape"))
                data = text.encode("utf-8", "surrogateescape")
            write_file(beside / relative, data, 0o755 if os.access(path, os.X_OK) else FILE_MODE)
    return len(files)


def _old_major_mentions(target: Path, before: ReleaseIdentity, after: ReleaseIdentity) -> Iterator[str]:
    """Yield every place of the new tree that still speaks of another release than the new one."""
    nobody = replace(before, version=f"{before.major}.999999", label="")  # so that nothing counts as ours
    for relative in layers.list_tree_files(target):
        data = read_file_bytes(target / relative)
        if b"\0" not in data:
            for number, words in find_stale_versions(data.decode("utf-8", "replace"), nobody):
                if after.version not in words or any(find_stale_versions(words, after)):
                    yield f"{relative}, line {number}: {words}"
