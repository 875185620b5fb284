# SPDX-License-Identifier: GPL-3.0-or-later
"""What release.toml says of the checks that a medium must pass before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

from smedoit.config.network import check_url, is_http_url
from smedoit.config.schema import SettingsTable, require_value
from smedoit.config.tiers import plain_fingerprint

VERDICTS = ("fail", "warn")


def matches_glob(pattern: str, text: str) -> bool:
    """Return whether a pattern means a text; one that is not given means every text."""
    return not pattern or fnmatchcase(text, pattern)


class ClosureWaiver(SettingsTable):
    """One [[closure.waivers]] entry: an unmet dependency that may stay, and why. Each value may be a glob.

    reason        why it may stay
    requirement   as the report spells it: "libbar.so.1()(64bit)", "perl(Foo) >= 2"
    package       name or NEVRA of the package that has the dependency
    installation  as the report spells it, "environment sme with group mail"; an install set that does
                  not resolve is waived by nothing else
    """

    reason: str
    requirement: str = ""
    package: str = ""
    installation: str = ""

    def __post_init__(self) -> None:
        require_value(self.reason.strip(), "reason", "say why it may stay")
        named = self.requirement or self.package or self.installation
        require_value(
            named,
            "requirement",
            "name a requirement, a package or an installation: a waiver is not for everything",
            "package",
            "installation",
        )

    def __str__(self) -> str:
        facts = ("requirement", "package", "installation")
        return ", ".join(f'{fact} = "{getattr(self, fact)}"' for fact in facts if getattr(self, fact))


class ClosureSettings(SettingsTable):
    """The [closure] table: what the medium must be able to install by itself.

    installer      names of packages that the installer adds to whatever is chosen, beside those that every installer
                   of the base adds: the medium must have them
    allow_missing  name (globs allowed) of a package that the installer adds -> why the medium may lack it
    waivers        unmet dependencies that may stay
    """

    installer: tuple[str, ...] = ()
    allow_missing: Mapping[str, str] = field(default_factory=dict)
    waivers: tuple[ClosureWaiver, ...] = ()

    def __post_init__(self) -> None:
        for name, reason in self.allow_missing.items():
            require_value(reason.strip(), ("allow_missing", name), "say why the medium may lack it")


class UpdatesSettings(SettingsTable):
    """The [updates] table: where newer packages would come from, and which of them are no trouble.

    mirrors    upstream's update repositories, beside the tiers that are not staged
    explained  "NAME" or "TIER/NAME" (globs allowed) -> why the medium stays behind
    final      what an update without an explanation means for a final release: "fail" or "warn"
    """

    mirrors: tuple[Path, ...] = ()
    explained: Mapping[str, str] = field(default_factory=dict)
    final: str = "fail"
    choices = MappingProxyType({"final": VERDICTS})

    def __post_init__(self) -> None:
        for name, reason in self.explained.items():
            require_value(reason.strip(), ("explained", name), "say why the medium stays behind")

    def anchored(self, root: Path) -> UpdatesSettings:
        """Return the settings with absolute paths."""
        return replace(self, mirrors=tuple(root / path for path in self.mirrors))


class QaWaiver(SettingsTable):
    """One [[quality.waived]] entry: packages that may change without being verified, and why.

    What it names must all be true of a package.

    reason   why nobody needs to verify them
    package  name or NEVRA, globs allowed
    tier     the tier that they come from, globs allowed
    key      fingerprint of the key that signed them, globs allowed
    """

    reason: str
    package: str = ""
    tier: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        vars(self)["key"] = plain_fingerprint(self.key)
        require_value(self.reason.strip(), "reason", "say why nobody needs to verify it")
        require_value(self.package or self.tier or self.key, "package", "name packages, a tier or a key", "tier", "key")

    def matches(self, name: str, nevra: str, tier: str, key: str) -> bool:
        """Return whether a changed package need not be verified."""
        named = matches_glob(self.package, name) or matches_glob(self.package, nevra)
        return named and matches_glob(self.tier, tier) and matches_glob(self.key, key)

    def __str__(self) -> str:
        return ", ".join(
            f'{fact} = "{getattr(self, fact)}"' for fact in ("package", "tier", "key") if getattr(self, fact)
        )


class QaSettings(SettingsTable):
    """The [quality] table: which packages must have been verified by a person.

    previous_release  the last release: its packages.lock, a directory or address with its repodata, or its ISO;
                      without it nothing is asked
    verified          lists in the content tree: TOML ([[verified]]), CSV (package,bug,who,when), or a saved result
                      of a Bugzilla query (CSV, JSON)
    waived            packages that may change without being verified
    """

    previous_release: str = ""
    verified: tuple[Path, ...] = ()
    waived: tuple[QaWaiver, ...] = ()

    def anchored(self, root: Path, content: Path) -> QaSettings:
        """Return the settings with absolute paths; the lists lie in the content tree."""
        last = self.previous_release
        return replace(
            self,
            previous_release=last if is_http_url(last) or not last else str(root / last),
            verified=tuple(content / path for path in self.verified),
        )


class AnacondaSettings(SettingsTable):
    """The [anaconda] table: the installer's own source, held against upstream's. Without source nothing is asked.

    source    a directory with anaconda.spec, or with the source package made from it
    upstream  repositories that may have upstream's anaconda, binary or source
    extras    the tier that the chroot of build_installer gets its anaconda from
    dist      what %{?dist} stands for in the spec; if it is not said, what [release] base has for our packages
    srpm      upstream's source package, a path or an address; doit anaconda_source then makes the install classes
    patches   the directory of our patches, NNN-NAME.patch or in the order of a file named series; source if not said
    modules   Python modules that the installer's runtime has besides those of CentOS's
    """

    source: str = ""
    upstream: tuple[Path, ...] = ()
    extras: str = "smeextras"
    dist: str = ""
    srpm: str = ""
    patches: str = ""
    modules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if is_http_url(self.srpm):
            check_url(self.srpm, "srpm")
        require_value(not self.srpm or self.srpm.endswith(".src.rpm"), "srpm", "a source package ends in .src.rpm")
        require_value(
            not self.srpm or self.patches or self.source,
            "srpm",
            "name the directory of our patches, too",
            "patches",
            "source",
        )

    def anchored(self, root: Path, dist: str) -> AnacondaSettings:
        """Return the settings with absolute paths, and the dist tag of the base if they name none."""
        source, patches = (str(root / location) if location else "" for location in (self.source, self.patches))
        srpm = str(root / self.srpm) if self.srpm and not is_http_url(self.srpm) else self.srpm
        upstream = tuple(root / path for path in self.upstream)
        return replace(self, source=source, srpm=srpm, patches=patches, upstream=upstream, dist=self.dist or dist)

    def package(self, root: Path) -> Path:
        """Return where upstream's source package lies; a fetched one with the sources, to be built from again."""
        return root / "src/upstream" / self.srpm.rpartition("/")[2] if is_http_url(self.srpm) else Path(self.srpm)
