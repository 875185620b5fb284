# SPDX-License-Identifier: GPL-3.0-or-later
"""The [notes] table: how release notes are written."""

from __future__ import annotations

from smedoit.config.schema import SettingsTable, require_value

HISTORY = {"README.txt": "release notes speak of earlier releases"}
BUGS = (r"\[SME:?\s*(\d+)\]", r"\[?bug[ #:]*(\d{3,})\]?")


class NotesSettings(SettingsTable):
    """The [notes] table: how bug numbers stand in changelogs, and where they lead.

    bugs      regular expressions with one group, the number
    tracker   address of a bug, with {bug} in it
    width     columns of README.txt on the installer's console
    since     what the last release is called in the notes
    anaconda  [EPOCH:]VERSION-RELEASE of the last release's anaconda, where its packages do not tell
    """

    bugs: tuple[str, ...] = BUGS
    tracker: str = ""
    width: int = 76
    since: str = "the last release"
    anaconda: str = ""

    def __post_init__(self) -> None:
        require_value(
            not self.anaconda or _is_evr(self.anaconda), "anaconda", "write it like 21.48.22.159-1.el7.centos"
        )
        require_value(not self.tracker or "{bug}" in self.tracker, "tracker", "put {bug} where the number goes")
        require_value(self.width >= 40, "width", "a console has at least 40 columns")
        for number, pattern in enumerate(self.bugs if self.bugs != BUGS else ()):
            require_value(
                _count_groups(pattern) == 1,
                ("bugs", number),
                f"{pattern!r} is no regular expression with exactly one group",
            )


def _is_evr(text: str) -> bool:
    """Return whether a text spells [EPOCH:]VERSION-RELEASE."""
    import re

    return re.fullmatch(r"(\d+:)?[^\s:-]+-[^\s:-]+", text) is not None


def _count_groups(pattern: str) -> int:
    """Return how many groups a regular expression has, -1 if it is none."""
    import re

    try:
        return re.compile(pattern).groups
    except re.error:
        return -1
