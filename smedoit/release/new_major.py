# SPDX-License-Identifier: GPL-3.0-or-later
"""The next major of the product: what its release.toml says, and what a person must still decide."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from smedoit.bases.enterprise_linux import Base, Configuration
from smedoit.bases.known import BASES
from smedoit.branding.mentions import find_stale_versions
from smedoit.branding.rules import Branding
from smedoit.config import release
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.release import Release
from smedoit.config.schema import InvalidValueError
from smedoit.errors import ConfigError, ContentError, format_count
from smedoit.keys.known import PUBLISHED
from smedoit.release.majors import MAJORS, PRACTICE_STREAMS, find_product_major
from smedoit.release.next_content import BaseChange, CrossedTree, cross_content_tree
from smedoit.release.next_packages import drop_requirements, medium_names, tier_names
from smedoit.release.next_toml import next_release_toml, replace_major
from smedoit.runtime.files import (
    FILE_MODE,
    copy_file,
    make_directory,
    read_file_bytes,
    read_file_text,
    replacing_directory,
    wrap_os_errors,
    write_file,
)
from smedoit.sample.manifest import NAME
from smedoit.sample.world import fill_next_world
from smedoit.tree import layers


@dataclass(frozen=True)
class MajorStep:
    """What was asked for: from one major to a later one.

    version  its first version; "" for N.0
    base     what it is built on; "" for what is known of that major, else what the old one is built on
    """

    old: int
    new: int
    version: str = ""
    label: str = "alpha1"
    base: str = ""


def new_major_checklist(identity: ReleaseIdentity, old: ReleaseIdentity, left: Sequence[str]) -> str:
    """Return what a person must still decide for the next major, as lines.

    left  further points
    """
    points = [
        "set [release] date, and look at every path of the new release.toml",
        f"fill the tiers of {identity.major}, which are empty, then run doit tiers for their repodata",
        "get the installer's translations of that release: doit translations, or by hand into [translations] path",
        "choose the upstream release: [boot_set], then doit pin_boot_set",
        *(_base_points(identity.built_on, old.built_on) if identity.base != old.base else _same_base_points(old.major)),
        "decide which keys sign the new packages, and pin them in [[keys]]",
        f"add the new tree to version control: cvs add, or git add; the old one ({old.major}) was not touched",
        f"bump the copy of the spec file of the release package: doit bump, with the release.toml of {identity.major}",
        *left,
    ]
    return "\n".join(f"[ ] {point}" for point in points)


def _same_base_points(old: int) -> list[str]:
    """Return what is to be decided of the installer where it is the same one."""
    return [
        "import anaconda's source package and the Koozali patches; koozali.py must come from that release",
        f"look at product/ and updates/: what was fixed for {old} may be fixed upstream",
    ]


def _base_points(base: Base, old: Base) -> list[str]:
    """Return what is to be decided of a base that is another one."""
    place = f"etc/anaconda/{base.configuration.value}"
    had = {Configuration.INSTALL_CLASSES: "install classes"}.get(old.configuration, old.configuration.value)
    points = [
        f"see what the installer of {base.words}, anaconda {base.anaconda}, decides by itself: {place} "
        + ("is read as before" if base.configuration is old.configuration else f"takes the place of {had}"),
        "look at [closure], [updates], [anaconda], [quality] and [notes]: what they name was of the old base",
    ]
    if base.platform:
        points.append("choose module streams: [modules] says which are on the medium, and are the default there")
    if key := next((known for known in PUBLISHED if known.file == MAJORS[base.name].key), None):
        points.append(f"get upstream's key: {key}")
    return points


def make_new_major(rel: Release, step: MajorStep) -> Mapping[str, str]:
    """Make the next major's content tree and release.toml; return the checklist as the result.

    Raises ConfigError or ContentError, and makes nothing, if either is there already.
    """
    identity = _next_identity(rel, step)
    source = rel.content.path
    target = Path(replace_major(os.fspath(source), step.old, step.new))
    file = rel.file.with_name(f"{rel.file.stem.removesuffix(f'-{step.old}')}-{step.new}.toml")
    _refuse_existing(source, target, file)
    streams = PRACTICE_STREAMS if rel.is_practice and identity.built_on.platform else None
    text = next_release_toml(read_file_text(rel.file), rel.release, identity, streams)
    tree, executables = _read_content_tree(source, rel.content.names)
    if identity.base != rel.release.base:
        _leave_verified(tree, rel)
        change = BaseChange(rel.release.built_on, identity.built_on, identity.product)
        crossed = cross_content_tree(tree.files, change)
        tree = CrossedTree(crossed.files, [*tree.decisions, *crossed.decisions])
    _write_content_tree(target, tree.files, executables, Branding(identity, rel.rules, fills=False))
    write_file(file, text)
    after = release.load_release(file)  # what we wrote must be readable before anybody relies on it
    made = _make_new_places(rel, after)
    left = [*tree.decisions, *_compare_packages(rel, after, target)]
    left += [f"decide whether this may stay: {place}" for place in _old_major_mentions(target, rel.release, identity)]
    notes = new_major_checklist(identity, rel.release, left)
    write_file(file.with_name(f"checklist-{step.new}.txt"), f"{notes}\n")
    did = f"{len(tree.files)} files in {target}, {file}, and {format_count(made, 'directory', 'directories')}"
    return {"did": did, "result": notes}


def _compare_packages(before: Release, after: Release, target: Path) -> list[str]:
    """Return which packages the new tiers lack, once there are any; comps.xml of the new tree goes without them.

    Tiers, boot set and translations of a practice world are filled at once, for it has its upstream within.
    """
    if after.release.base == before.release.base:
        return []
    if after.is_practice and (before.root / NAME).is_file():
        fill_next_world(after, [target / relative for relative in layers.list_tree_files(target)])
    with wrap_os_errors(after.root, "read"):
        had, has = medium_names(before), tier_names(tier for tier in after.tiers if tier.stage)
    if not has:
        return ["run doit comps once the tiers have packages: it names what comps.xml lists and none of them has"]
    absent = sorted(had - has)
    points = (
        [f"packages of the old medium that no staged tier has, {len(absent)}: {', '.join(absent)}"] if absent else []
    )
    if after.groups.comps.is_file():
        text, dropped = drop_requirements(read_file_text(after.groups.comps), absent)
        if dropped:
            write_file(after.groups.comps, text)
            points.append(f"{after.groups.comps}: taken out, for no staged tier has them: {', '.join(dropped)}")
    return points


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
    """Yield every directory that the old release.toml does not have."""
    there = {tier.path for tier in before.tiers}
    for tier in after.tiers:
        if tier.path not in there and not tier.mirror:
            yield from (tier.path / arch / "RPMS" for arch in tier.architectures or (after.release.arch,))
            yield tier.path / "SRPMS"
    pairs = [(before.translations.path, after.translations.path)]
    if after.anaconda.source:
        pairs.append((Path(before.anaconda.source), Path(after.anaconda.source)))
    if after.spec.path:
        pairs.append(((before.root / before.spec.path).parent, (after.root / after.spec.path).parent))
    yield from (new for old, new in pairs if new != old)


def _next_identity(rel: Release, step: MajorStep) -> ReleaseIdentity:
    """Return the next identity. Raises ConfigError unless the new major follows the old one, and its base as well."""
    if step.old != rel.release.major:
        raise ConfigError(
            f"--from {step.old}: {rel.file} is of major {rel.release.major}", hint="name its file in SMEDOIT_RELEASE"
        )
    if step.new <= step.old:
        raise ConfigError(f"--to {step.new}: must be greater than {step.old}", hint="give the number of the next major")
    known = find_product_major(step.new)
    base, bases = step.base or (known.base if known else rel.release.base), [*BASES]
    if base not in bases:
        raise ConfigError(f"--base {base}: there is no such base", hint=f"there are {', '.join(bases)}")
    if bases.index(base) < bases.index(rel.release.base):
        raise ConfigError(
            f"--base {base}: {rel.file} is built on {rel.release.base} already",
            hint=f"choose one of {', '.join(bases[bases.index(rel.release.base) :])}",
        )
    try:
        version = step.version or f"{step.new}.0"
        return replace(rel.release, major=step.new, version=version, label=step.label, base=base)
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


def _read_content_tree(source: Path, names: str) -> tuple[CrossedTree, set[str]]:
    """Return the content tree without what version control keeps in it, and which files are executable."""
    files = layers.read_layer("content tree", source, lambda _: True, copy_file, names).files
    executables = {relative for relative, path in files.items() if os.access(path, os.X_OK)}
    return CrossedTree({relative: read_file_bytes(path) for relative, path in files.items()}), executables


def _leave_verified(tree: CrossedTree, rel: Release) -> None:
    """Leave behind who verified which package: those of another base are other packages."""
    for path in rel.quality.verified:
        name = os.path.relpath(path, rel.content.path)
        if tree.files.pop(name, None) is not None:
            tree.decisions.append(f"{name}: left behind, it speaks of packages of {rel.release.major}; begin a new one")


def _write_content_tree(target: Path, files: Mapping[str, bytes], executables: set[str], branding: Branding) -> None:
    """Write the content tree, rendered for the next major, all or nothing."""
    with replacing_directory(target) as beside:
        for relative, data in files.items():
            if branding.find_rule(relative):
                text = branding.render(relative, data.decode("utf-8", "surrogateescape"))
                data = text.encode("utf-8", "surrogateescape")
            write_file(beside / relative, data, 0o755 if relative in executables else FILE_MODE)


def _old_major_mentions(target: Path, before: ReleaseIdentity, after: ReleaseIdentity) -> Iterator[str]:
    """Yield every place of the new tree that still speaks of another release than the new one."""
    nobody = replace(before, version=f"{before.major}.999999", label="")  # so that nothing counts as ours
    for relative in layers.list_tree_files(target):
        data = read_file_bytes(target / relative)
        if b"\0" not in data:
            for number, words in find_stale_versions(data.decode("utf-8", "replace"), nobody):
                if after.version not in words or any(find_stale_versions(words, after)):
                    yield f"{relative}, line {number}: {words}"
