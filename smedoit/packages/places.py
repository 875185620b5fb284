# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a package lies on a medium: in which of its repositories, and under which path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from smedoit.config.release import Release
from smedoit.errors import PackageError
from smedoit.medium_paths import PACKAGES, repository_path
from smedoit.package import Package
from smedoit.packages.select import SelectedPackage


@dataclass(frozen=True)
class MediumLayout:
    """The repositories of a medium, and what decides in which of them a package lies.

    repositories  their directories, the one that the installer begins with first; "" is the top
    tiers         tier -> the repository that it names
    below         the directory of the packages in each repository, "" for the repository itself
    """

    repositories: tuple[str, ...] = ("",)
    tiers: Mapping[str, str] = field(default_factory=dict)
    below: str = PACKAGES

    def package_repository(self, pick: SelectedPackage) -> str:
        """Return the directory of the repository that has a package: of a module, the last, as their metadata."""
        if pick.module:
            return self.repositories[-1]
        return self.tiers.get(pick.tier, self.repositories[0])

    def package_href(self, pick: SelectedPackage) -> str:
        """Return where a package lies in its repository."""
        return repository_path(self.below, pick.package.filename)

    def package_path(self, pick: SelectedPackage) -> str:
        """Return where a package lies on the medium."""
        return repository_path(self.package_repository(pick), self.package_href(pick))

    def package_directory(self, repository: str) -> str:
        """Return the directory on the medium of the packages of a repository."""
        return repository_path(repository, self.below) if self.below else repository

    def locate_packages(self, picks: Iterable[SelectedPackage]) -> dict[str, Package]:
        """Return path on the medium -> package, in their order."""
        return {self.package_path(pick): pick.package for pick in picks}

    def by_repository(self, picks: Iterable[SelectedPackage]) -> dict[str, list[SelectedPackage]]:
        """Return repository -> its packages, in their order, of every repository."""
        found: dict[str, list[SelectedPackage]] = {place: [] for place in self.repositories}
        for pick in picks:
            found[self.package_repository(pick)].append(pick)
        return found


FLAT = MediumLayout()  # one repository at the top
SOURCES = MediumLayout(("SRPMS",), below="")  # of media of source packages, and of what is staged for them


def medium_layout(rel: Release) -> MediumLayout:
    """Return the layout of the installation medium."""
    return MediumLayout(
        rel.release.repository_places, {tier.name: tier.repository for tier in rel.tiers if tier.repository}
    )


def refuse_empty_repositories(layout: MediumLayout, picks: Iterable[SelectedPackage]) -> None:
    """Raise PackageError for repositories without packages: the installer ends at one, as a .treeinfo names it."""
    empty = [place for place, there in layout.by_repository(picks).items() if place and not there]
    if empty and len(layout.repositories) > 1:
        raise PackageError(
            f"no package of the medium lies in its repository {' or '.join(empty)}",
            hint=f'say repository = "{empty[0]}" for a tier of [[tiers]] in release.toml,'
            ' or repositories = ["."] in [release] for a medium with one repository',
        )
