# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories with modules: made of practice packages, and asked through dnf."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from smedoit.repodata import write
from smedoit.repodata.inputs import MEDIUM, MediumMetadata, RepoSource
from smedoit.sample.packages import RpmRecipe, write_rpm

EL8 = "platform:el8"
EPOCH = 1600000000


def modular_repository(place: Path, recipes: Iterable[RpmRecipe], *texts: str, name: str = MEDIUM) -> RepoSource:
    """Return a repository of these packages, described by us, with this module metadata."""
    place.mkdir(parents=True)
    found = [write.RepoPackage(None, path, path.name) for path in (write_rpm(one, place) for one in recipes)]
    write.write_repodata(
        found, write.RepoExtras(None, "".join(texts)), place / "repodata", EPOCH, place.parent / "facts"
    )
    return RepoSource(name, place, "x86_64")


def medium_of(*sources: RepoSource, platform: str = EL8) -> MediumMetadata:
    """Return a medium that has these repositories."""
    return MediumMetadata(Path(), sources, Path("comps.xml"), platform)


@dataclass(frozen=True)
class Dnf:
    """dnf for an EL 8 system that knows only some repositories; what it keeps lies in place."""

    place: Path

    def run(self, sources: Iterable[RepoSource], *words: str, platform: str = EL8) -> str:
        """Return what dnf says."""
        options = [
            f"--installroot={self.place}/root",
            f"--setopt=cachedir={self.place}/cache",
            "--setopt=gpgcheck=0",
            f"--setopt=module_platform_id={platform}",
            "--forcearch=x86_64",
            "--releasever=8",
        ]
        for number, source in enumerate(sources):
            options += [f"--repofrompath=r{number},file://{source.place}", f"--repo=r{number}"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["dnf", *options, *words], capture_output=True, text=True, check=False, env=environment)
        return done.stdout + done.stderr

    def visible(self, *sources: RepoSource) -> set[str]:
        """Return the NEVRAs that dnf does not hide."""
        said = self.run(sources, "--quiet", "repoquery", "--queryformat=nevra %{name}-%{evr}.%{arch}")
        return {line.split()[1] for line in said.splitlines() if line.startswith("nevra ")}
