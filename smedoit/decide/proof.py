"""The [signing] and [boot_test] tables of release.toml: who vouches for the media, and what proves that they boot."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from smedoit.decide.schema import Table, demand

FINGERPRINT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
NONE = Path()


class Signing(Table):
    """The [signing] table: the key that signs the checksum files; without it nothing is signed.

    key   fingerprint of a key that gpg, or its agent, can sign with
    file  a key file with a secret half that needs no passphrase, for practice only
    """

    key: str = ""
    file: Path = NONE

    def __post_init__(self) -> None:
        demand(
            not self.key or FINGERPRINT.fullmatch(self.key),
            "key",
            "give the whole fingerprint, 40 hexadecimal digits (64 for an OpenPGP v6 key) in lower case",
        )
        demand(not (self.key and self.file != NONE), "file", "give either key, for gpg, or file, for practice")

    @property
    def configured(self) -> bool:
        """Whether anybody signs at all."""
        return bool(self.key) or self.file != NONE

    def anchored(self, root: Path) -> Signing:
        """Return this with a path that is absolute."""
        return self if self.file == NONE else replace(self, file=root / self.file)


class BootTest(Table):
    """The [boot_test] table: how far a medium must come in qemu, in how much time and memory.

    words    what the serial line must carry after the kernel has spoken, in this order
    seconds  how long one way of booting may take
    memory   of the machine, in MiB; anaconda needs 2048
    """

    words: tuple[str, ...] = ()
    seconds: int = 240
    memory: int = 2048

    def __post_init__(self) -> None:
        demand(self.seconds >= 1, "seconds", "give it a second at least")
        demand(self.memory >= 128, "memory", "no kernel starts in less than 128 MiB")
        demand(all(self.words), "words", "empty words prove nothing")
