# SPDX-License-Identifier: GPL-3.0-or-later
"""An option of a task or a command, as it is declared, typed and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """An option of `doit TASK --LONG`: run gets its value as the keyword name.

    long     as a person types it, if that is not name
    choices  the values that there are; any value where it is empty
    value    what its value is called in its help, if that is not name
    """

    name: str
    help: str
    default: str | bool | int = ""
    long: str = ""
    short: str = ""
    choices: tuple[str, ...] = ()
    value: str = ""

    @property
    def long_name(self) -> str:
        """What stands behind the two dashes."""
        return self.long or self.name

    @property
    def spelling(self) -> str:
        """The option as it is typed, with what it wants: -f, --firmware bios|uefi."""
        wants = "" if isinstance(self.default, bool) else "|".join(self.choices) or self.value or self.name.upper()
        short = f"-{self.short}, " if self.short else ""
        return f"{short}--{self.long_name} {wants}".rstrip()

    def for_doit(self) -> dict[str, object]:
        """Return the option as doit declares it."""
        declared: dict[str, object] = {
            "name": self.name,
            "long": self.long_name,
            "type": type(self.default),
            "default": self.default,
            "help": self.help,
        }
        if self.short:
            declared["short"] = self.short
        if self.choices:
            declared["choices"] = tuple((choice, "") for choice in self.choices)
        return declared


def declared_option(given: Mapping[str, Any]) -> Option:
    """Return an option of somebody's own task as doit declares it; what is neither a flag nor a number is a text."""
    kind, default = given.get("type", str), given["default"]
    plain = bool(default) if kind is bool else default if kind is int and isinstance(default, int) else ""
    return Option(
        given["name"], given.get("help", ""), plain, given.get("long", ""), given.get("short", ""),
        tuple(choice for choice, _ in given.get("choices", ())),
    )  # fmt: skip
