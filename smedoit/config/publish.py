# SPDX-License-Identifier: GPL-3.0-or-later
"""The [publish] table: the tree that mirrors replicate, and what may change in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from smedoit.bases.known import USUAL
from smedoit.config.identity import WORD
from smedoit.config.inputs import REMOTE
from smedoit.config.schema import SettingsTable, require_value, suggest_name

PRACTICE_MARK = "practice"  # what the marker of a target says that practice releases may go to
TIERS = USUAL.tiers


class PublishSettings(SettingsTable):
    """The [publish] table: the tree that mirrors replicate, and what may happen to it.

    target      its top; releases lie in it, in testing/ and in obsolete/
    marker      the file in target that says so; without it nothing is ever changed there, and a practice release goes
                only where it holds the word practice
    carry_from  the release that tiers are carried over from, relative to target; "" for what the link names
    tiers       which tiers a release has beside smeos; if it is not said, those that mirrors have on [release] base
    candidate   whether a final release may be shown in testing first, and moved from there
    waived      check -> why a release is published although it fails
    keep        how many test releases stay however old they are
    days        how old a test release must be before it may go
    remote      where rsync brings the target to: HOST:PATH, HOST::MODULE/PATH or rsync://HOST/MODULE/PATH
    rsync       further options of rsync, as ["-e", "ssh -p 2222"]
    max_delete  the most files that may disappear at once, here and there
    announce    who gets the announcement
    """

    target: Path = Path("repo")
    marker: str = ".smedoit-target"
    carry_from: str = ""
    tiers: tuple[str, ...] = TIERS
    candidate: bool = False
    waived: Mapping[str, str] = field(default_factory=dict)
    keep: int = 3
    days: int = 90
    remote: str = ""
    rsync: tuple[str, ...] = ()
    max_delete: int = 100
    announce: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_value(WORD.fullmatch(self.marker.lstrip(".")), "marker", "use the plain name of a file")
        for number, tier in enumerate(self.tiers):
            require_value(WORD.fullmatch(tier), ("tiers", number), f"{tier!r} is no name of a tier")
            require_value(
                tier not in ("smeos", "iso"),
                ("tiers", number),
                f"{tier} comes from the stage, not from the last release",
            )
        for check, reason in self.waived.items():
            require_value(
                check in PUBLISH_CHECKS,
                ("waived", check),
                f"there is no such check; there are {', '.join(PUBLISH_CHECKS)}{suggest_name(check, PUBLISH_CHECKS)}",
            )
            require_value(reason.strip(), ("waived", check), "say why it is waived")
        require_value(self.keep >= 1, "keep", "keep at least one test release")
        require_value(self.days >= 0, "days", "use a number of days")
        require_value(self.max_delete >= 0, "max_delete", "use a number of files")
        require_value(
            not self.remote or REMOTE.fullmatch(self.remote),
            "remote",
            "write HOST:PATH, HOST::MODULE/PATH or rsync://HOST/MODULE/PATH",
        )

    def anchored(self, root: Path, tiers: tuple[str, ...]) -> PublishSettings:
        """Return the settings with absolute paths, and the tiers of the base where none are said."""
        return replace(self, target=root / self.target, tiers=tiers if self.tiers == TIERS else self.tiers)


# What must have passed before anything is published, in the order of the plan.
PUBLISH_CHECKS = (
    "verify",
    "quality",
    "closure",
    "updates",
    "check_versions",
    "signed",
    "boot_test",
    "addresses",
    "channel",
)
