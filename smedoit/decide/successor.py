"""The next major of the product: what its release.toml says, and what a person must still decide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from smedoit.decide.errors import ConfigError
from smedoit.decide.identity import Identity

PATH_LINE = re.compile(r"""^(\s*(?:path|file|lock|previous|pins|records)\s*=\s*)(["'])(.*?)\2""", re.MULTILINE)
KEY_LINE = r"^(\s*{key}\s*=\s*)([^#\n]*?)(\s*(?:#.*)?)$"


def identity(one: Identity, major: int, version: str, label: str) -> Identity:
    """Return the identity of the next major."""
    return replace(one, major=major, version=version, label=label)


def renamed(path: str, old: int, new: int) -> str:
    """Return a path with the major replaced where it is a directory of its own, or ends a name like sme10."""
    return "/".join(re.sub(rf"^(sme|smeserver-)?{old}$", rf"\g<1>{new}", part) for part in path.split("/"))


def release_toml(text: str, one: Identity, old: int) -> str:
    """Return the text of a release.toml for the next major: version, paths, nothing else.

    one  the identity of the next major

    Raises ConfigError if the text does not set major, version and label in lines of their own.
    """
    values = {"major": str(one.major), "version": f'"{one.version}"', "label": f'"{one.label}"'}
    for key, value in values.items():
        pattern = re.compile(KEY_LINE.format(key=key), re.MULTILINE)
        if not pattern.search(text):
            raise ConfigError(f"release.toml: {key} does not stand in a line of its own", hint=f"add {key} = {value}")
        text = with_value(text, pattern, value)
    return PATH_LINE.sub(lambda found: found.group(1) + quoted(renamed(found.group(3), old, one.major)), text)


def with_value(text: str, pattern: re.Pattern[str], value: str) -> str:
    """Return text with another value in the first line that pattern finds, between its first group and its third."""
    return pattern.sub(lambda found: found.group(1) + value + found.group(3), text, count=1)


def quoted(path: str) -> str:
    """Return a path as TOML writes it."""
    return f'"{path}"'


def checklist(one: Identity, old: int, left: Sequence[str]) -> str:
    """Return what a person must still decide for the next major, as lines.

    left  places that still speak of the old major, as "file, line N: words"
    """
    points = [
        "set [release] date, and look at every path of the new release.toml",
        f"make the tiers of {one.major}: the directories that [[tiers]] names, with repodata (doit tiers)",
        "choose the upstream release: [boot_set], then doit pin_boot_set",
        "import anaconda's source package and the Koozali patches; koozali.py must come from that release",
        f"look at product/ and updates/: what was mended for {old} may be mended upstream",
        "decide which keys sign the new packages, and pin them in [[keys]]",
        f"add the new tree to version control: cvs add, or git add; the old one ({old}) was not touched",
        f"bump the spec file of the release package: doit bump, with the spec of {one.major} in [spec] path",
    ]
    points += [f"decide whether this may stay: {place}" for place in left]
    return "\n".join(f"[ ] {point}" for point in points)
