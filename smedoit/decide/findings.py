"""What is wrong with an artifact that is read back: every fault, grouped by kind, so that one report says it all."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Findings:
    """What is wrong, grouped by kind; nothing stops at the first fault."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, what: str) -> None:
        """Note one fault."""
        self.found.setdefault(kind, []).append(what)

    def check(self, good: object, kind: str, what: str) -> None:
        """Note a fault unless good holds."""
        if not good:
            self.add(kind, what)
