# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release is called, and every spelling that follows from it."""

from __future__ import annotations

import re
from datetime import datetime

from smedoit.bases.enterprise_linux import ALL_FIRMWARE, Base
from smedoit.bases.known import BASES, USUAL
from smedoit.config.schema import InvalidValueError, SettingsTable, require_value, suggest_name
from smedoit.config.toml import KeyPath

LABEL = re.compile(r"(alpha|beta|rc)[1-9][0-9]*")
VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
PRODUCT_LIMIT = 64  # the application field of ISO 9660 has 128, and holds the version as well
VOLUME_ID = re.compile(r"[A-Za-z0-9 ._-]+")
NO_LABEL_LETTER = re.compile(r"[^A-Za-z0-9_-]")  # what lorax puts "-" for, from EL 8 on
# No str.format: it would take widths of gigabytes, and attributes of what it is given
PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
TOP = "."  # what [release] repositories calls the top of the medium
SHOWN = 40  # characters of a wrong placeholder that its sentence has
IN_VOLUME_IDS = ("short", "name", "major", "version", "label", "arch")  # what placeholders stand for
VOLUME_ID_LIMIT = 32  # the volume id field of ISO 9660
INLINE_COMMENT = re.compile(r"(^|\s);")  # where Python 2.7's ConfigParser, which reads .buildstamp, ends a value
FINAL, TESTING, OBSOLETE = "final", "testing", "obsolete"
CHANNELS = {FINAL: "", TESTING: "testing", OBSOLETE: "obsolete"}  # below [publish] target, as on the wiki page
DATES = range(315532800, 4102444800)  # 1980 (FAT knows nothing earlier) up to 2100


class ReleaseIdentity(SettingsTable):
    """The [release] table: what this release is called, and when it was made.

    product     its name in menus, titles and .buildstamp; one line of at most 64 ASCII characters, without '%' and ' ;'
    short       its name in the volume label and .treeinfo, and as variant
    name        the first word of every file that we publish
    major       the number in the wiki's paths: stage/10, cdrom.image/sme10
    version     digits and dots that begin with major, like 10.1
    arch        architecture of the media, like x86_64
    date        the time in every artifact; the clock is never asked
    label       "" for a final release, else alpha, beta or rc and a number, like rc2
    aliases     other names that stand before a version in texts
    volume_id   label of the installation ISO; placeholders are {short}, {name}, {major}, {version}, {full} and {arch}.
                From EL 8 on, it is letters, digits, '_' and '-', and what they stand for is so spelled: 11-0
    bug_url     where the installer says that bugs are reported
    firmware    what the media start from: "bios", "uefi", or both
    base          the Enterprise Linux that it is built on: "el7", "el8", "el9" or "el10"
    repositories  ["."] for one repository at the top of the medium, where the base would have several
    """

    product: str
    short: str
    name: str
    major: int
    version: str
    arch: str
    date: datetime
    label: str = ""
    aliases: tuple[str, ...] = ()
    volume_id: str = "{short}-{full}-{arch}"
    bug_url: str = ""
    firmware: tuple[str, ...] = ALL_FIRMWARE
    base: str = USUAL.name
    repositories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_value(self.product.strip(), "product", "the product needs a name")
        require_value(len(self.product) <= PRODUCT_LIMIT, "product", f"use at most {PRODUCT_LIMIT} characters")
        require_value(
            self.product.isascii() and "%" not in self.product,
            "product",
            "use ASCII without '%': the installer makes names of volume groups of its letters, .treeinfo expands a '%'",
        )
        for key in ("product", "bug_url"):
            text = getattr(self, key)
            require_value(
                text.isprintable() and "%(" not in text and not INLINE_COMMENT.search(text),
                key,
                "use one line, without '%(', and no ';' behind a blank: .buildstamp carries it",
            )
        for key in ("short", "name", "arch"):
            require_value(WORD.fullmatch(getattr(self, key)), key, "use letters, digits, '.', '_' and '-' only")
        require_value(VERSION.fullmatch(self.version), "version", "a version is digits and dots, like 10.1")
        first = self.version.split(".")[0].lstrip("0") or "0"
        require_value(first == str(self.major), "version", f"it does not belong to major {self.major}", "major")
        require_value(
            not self.label or LABEL.fullmatch(self.label),
            "label",
            'use "" for a final release, else alpha, beta or rc and a number, like rc2',
        )
        require_value(int(self.date.timestamp()) in DATES, "date", "it must lie between 1980 and 2100")
        require_value(
            self.firmware and set(self.firmware) <= set(ALL_FIRMWARE) and len(set(self.firmware)) == len(self.firmware),
            "firmware",
            'use ["bios"], ["uefi"] or ["bios", "uefi"]: media start from one of them or from both',
        )
        require_value(
            self.base in BASES,
            "base",
            f"there is no base {self.base!r}{suggest_name(self.base, BASES)}; there are {', '.join(BASES)}",
        )
        if self.base in BASES and self.repositories:
            usual = self.built_on.repositories
            require_value(
                self.repositories in ((TOP,), usual),
                "repositories",
                f'use ["{TOP}"] for one repository at the top of the medium{describe_repositories(usual)}',
                "base",
            )
        check_volume_id(self.volume, "volume_id", *IN_VOLUME_IDS, base=self.built_on)

    @property
    def repository_places(self) -> tuple[str, ...]:
        """Directories of the repositories on the medium, that of the installer's base first; "" is the top."""
        return ("",) if self.repositories == (TOP,) else self.built_on.repositories

    @property
    def built_on(self) -> Base:
        """The Enterprise Linux that it is built on, with all that follows from that; the usual one for a wrong name."""
        return BASES.get(self.base, USUAL)

    @property
    def full(self) -> str:
        """The version as directories and files spell it: 10.1, or 10.1.rc2."""
        return f"{self.version}.{self.label}" if self.label else self.version

    @property
    def display(self) -> str:
        """The version as /etc/*release* and .buildstamp spell it: 10.1, or 10.1rc2."""
        return self.version + self.label

    @property
    def title(self) -> str:
        """The version as a boot menu spells it: 10.1, or 10.1 RC2."""
        return f"{self.version} {self.label.upper()}" if self.label else self.version

    @property
    def is_final(self) -> bool:
        """Whether this is a release for everybody, without the installer's beta warning."""
        return not self.label

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that may stand before a version in a text, longest first."""
        return tuple(sorted({self.product, *self.aliases}, key=lambda name: (-len(name), name)))

    @property
    def volume(self) -> str:
        """The volume id with its placeholders filled in."""
        return self.filled_label(self.volume_id, "volume_id")

    def filled_label(self, text: str, key: str | KeyPath) -> str:
        """Return a volume id with its placeholders filled in, as the base spells what they stand for in a label."""
        return self.filled(text, key, **{name: plain_label(own, self.built_on) for name, own in self._values.items()})

    @property
    def _values(self) -> dict[str, str]:
        """What placeholders stand for."""
        return {"short": self.short, "name": self.name, "major": str(self.major), "version": self.version,
                "full": self.full, "arch": self.arch}  # fmt: skip

    def filled(self, text: str, key: str | KeyPath, **more: str) -> str:
        """Return the value of a key with its placeholders filled in.

        more  placeholders that this key has besides those of volume_id

        Raises InvalidValueError for a placeholder that does not exist.
        """
        own = {**self._values, **more}

        def value(found: re.Match[str]) -> str:
            if found.group() in ("{{", "}}"):
                return found.group()[0]
            if found.group(1) not in own:
                known = ", ".join(f"{{{name}}}" for name in own)
                raise InvalidValueError(
                    key, f"{(found.group(1) or found.group())[:SHOWN]!r} is no placeholder; there are {known}"
                )
            return own[found.group(1)]

        return PLACEHOLDER.sub(value, text)

    @property
    def place(self) -> str:
        """Where it is published, below the tree that mirrors replicate: testing/10.1.rc2, or 10.1 for a final one."""
        return release_place(FINAL if self.is_final else TESTING, self.full)

    @property
    def epoch(self) -> int:
        """The release date in seconds since 1970 UTC: the time in every artifact."""
        return int(self.date.timestamp())


def describe_repositories(places: tuple[str, ...]) -> str:
    """Return what else [release] repositories may be, in words, "" if it may be nothing else."""
    return f", or leave it out for {' and '.join(places)}" if all(places) else ""


def release_place(channel: str, version: str) -> str:
    """Return where a release of a channel lies below the tree that mirrors replicate."""
    return f"{CHANNELS[channel]}/{version}".lstrip("/")


def plain_label(label: str, base: Base) -> str:
    """Return a label as the installation media of a base have it: where none is escaped, "-" for other letters."""
    return label if base.escaped_labels else NO_LABEL_LETTER.sub("-", label)


def check_volume_id(volume: str, key: str | KeyPath, *needs: str | KeyPath, base: Base = USUAL) -> None:
    """Refuse a volume id that ISO 9660, a boot loader or dracut could not carry.

    needs  keys whose values are in it
    base   by whose installation media it is spelled
    """
    require_value(volume.strip(), key, "the medium needs a label to be found by", *needs)
    require_value(volume == volume.strip(), key, f"{volume!r} has a blank at an end, which no reader keeps", *needs)
    require_value(
        len(volume) <= VOLUME_ID_LIMIT,
        key,
        f"{volume[:VOLUME_ID_LIMIT]!r}… has {len(volume)} characters, a volume id at most {VOLUME_ID_LIMIT}",
        *needs,
    )
    letters = require_value(
        VOLUME_ID.fullmatch(volume),
        key,
        f"{volume!r} has a character other than letters, digits, blank, '.', '_' and '-'",
        *needs,
    )
    if letters and volume == volume.strip():
        plain = plain_label(volume, base)
        require_value(
            volume == plain,
            key,
            f"labels of {base.words} are letters, digits, '_' and '-', and {volume!r} has others: write {plain!r}",
            *needs,
            "base" if key == "volume_id" else ("release", "base"),
        )
