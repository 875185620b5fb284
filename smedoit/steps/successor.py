"""A content tree and a release.toml for the next major, made beside the old ones and never into them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smedoit.decide import config, rules, stray, successor
from smedoit.decide.config import Release
from smedoit.decide.errors import ConfigError, ContentError
from smedoit.decide.identity import Identity
from smedoit.decide.schema import Refused
from smedoit.decide.wording import Rule
from smedoit.do import layers, tree


def make(rel: Release, old: int, new: int, version: str, label: str) -> Mapping[str, str]:
    """Make the next major's content tree and release.toml; return the checklist as the result.

    Raises ConfigError or ContentError, and makes nothing, if either is there already.
    """
    one = checked(rel, old, new, version or f"{new}.0", label)
    source = rel.content.path
    target = Path(successor.renamed(os.fspath(source), old, new))
    file = rel.file.with_name(f"{rel.file.stem}-{new}.toml")
    refuse_present(source, target, file)
    text = successor.release_toml(tree.read_text(rel.file), one, old)
    copied = copy_tree(source, target, one, rel.rules)
    tree.write(file, text)
    config.load(file)  # what we wrote must be readable before anybody relies on it
    left = list(left_over(target, rel.release))
    notes = successor.checklist(one, old, left)
    tree.write(file.with_name(f"checklist-{new}.txt"), f"{notes}\n")
    return {"did": f"{copied} files in {target}, and {file}", "result": notes}


def checked(rel: Release, old: int, new: int, version: str, label: str) -> Identity:
    """Return the next identity. Raises ConfigError for numbers that cannot be meant."""
    if old != rel.release.major:
        raise ConfigError(
            f"--from {old}: {rel.file} is of major {rel.release.major}", hint="name its file in SMEDOIT_RELEASE"
        )
    if new <= old:
        raise ConfigError(f"--to {new}: is not after {old}", hint="say the number of the next major")
    try:
        return successor.identity(rel.release, new, version, label)
    except Refused as refused:
        raise ConfigError(f"--{refused.key}: {refused.reason}") from None


def refuse_present(source: Path, target: Path, file: Path) -> None:
    """Raise unless there is a source, and neither target nor file."""
    if not source.is_dir():
        raise ContentError(f"{source}: the content tree is not there", hint="check it out first")
    if target == source:
        raise ConfigError(f"{source}: its name does not carry the major", hint="call it like src/cdrom.image/sme10")
    for path in (target, file):
        if os.path.lexists(path):
            raise ContentError(f"{path}: is there already", hint="nothing was changed; move it away to start again")


def copy_tree(source: Path, target: Path, one: Identity, own: Sequence[Rule]) -> int:
    """Copy the content tree without what version control keeps in it, rendered for the next major, all or nothing."""
    beside = target.with_name(target.name + tree.BESIDE)
    shutil.rmtree(beside, ignore_errors=True)
    files = layers.layer("content tree", source, lambda _: True, tree.copy).files
    for relative, path in files.items():
        data = tree.read_bytes(path)
        if rules.rule_for(relative, own):
            text = rules.render(relative, data.decode("utf-8", "surrogateescape"), one, own)
            data = text.encode("utf-8", "surrogateescape")
        tree.write(beside / relative, data, 0o755 if os.access(path, os.X_OK) else tree.FILE_MODE)
    with tree.worded(target, "made"):
        os.replace(beside, target)
    return len(files)


def left_over(target: Path, before: Identity) -> Iterator[str]:
    """Yield every place of the new tree that still speaks of the old major."""
    nobody = replace(before, version=f"{before.major}.999999", label="")  # so that nothing counts as ours
    for relative in layers.listed(target):
        data = tree.read_bytes(target / relative)
        if b"\0" not in data:
            for number, words in stray.find(data.decode("utf-8", "replace"), nobody):
                yield f"{relative}, line {number}: {words}"
