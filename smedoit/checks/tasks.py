# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that stand between the tree and the ISO."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smedoit.bases.enterprise_linux import Configuration
from smedoit.bases.known import PLACES
from smedoit.config.network import is_http_url
from smedoit.config.release import Release
from smedoit.engine.task import Task, release_config
from smedoit.installer.tasks import NOT_IN_UPDATES_IMG
from smedoit.medium_paths import COMPS, NO_TEXTS, PACKAGES, REPODATA, REPOMD, below_repositories
from smedoit.modularity.inputs import module_inputs
from smedoit.repodata.inputs import RepoReader, medium_metadata, repositories
from smedoit.runtime.filesets import FileSet, matches_patterns
from smedoit.tree.tasks import branding_config

if TYPE_CHECKING:
    from smedoit.checks.previous_release import PreviousRelease


def tier_places(rel: Release, staged: bool = True) -> list[tuple[str, Path]]:
    """Return name and directory of the tiers; staged says whether to count those that the medium is chosen from."""
    return [(tier.name, tier.path) for tier in rel.tiers if staged or not tier.stage]


def named_repositories(rel: Release, places: tuple[Path, ...]) -> list[tuple[str, Path]]:
    """Return name and directory of repositories that are no tiers; their names are their paths below the root."""
    return [(str(path.relative_to(rel.root)) if path.is_relative_to(rel.root) else str(path), path) for path in places]


def medium_repomds(rel: Release) -> list[Path]:
    """Return where the repodata of each repository of the tree begins."""
    return [rel.tree / path for path in below_repositories(rel.release.repository_places, REPOMD)]


def repo_reader(rel: Release) -> RepoReader:
    """Return how the tasks read repositories."""
    return RepoReader(rel.release.arch, rel.fact_cache)


def previous_release(rel: Release, task: str) -> PreviousRelease:
    """Return the release before this one, as a task asks for it."""
    from smedoit.checks.previous_release import PreviousRelease

    return PreviousRelease(
        rel.quality.previous_release, repo_reader(rel), rel.network, rel.cache / f"fetched/previous-{task}"
    )


def last_release(rel: Release, *more: str) -> list[FileSet]:
    """Return the last release as an input, whether it is a file or a directory; an address is none.

    more  further files of it that are read where it has them
    """
    if not rel.quality.previous_release or is_http_url(rel.quality.previous_release):
        return []
    place = Path(rel.quality.previous_release)
    wanted = (*below_repositories(PLACES, f"{REPODATA}/*.xml"), *more)
    below = [f"{top}{name}" for top in ("", f"{rel.release.arch}/") for name in wanted]
    return [FileSet(place.parent, (place.name, *(f"{place.name}/{name}" for name in below)))]


def closure(rel: Release) -> Task:
    """The medium's packages, alone."""
    mirrors = named_repositories(rel, rel.updates.mirrors)

    def run() -> object:
        from smedoit.checks.closure import check_closure

        return check_closure(
            medium=medium_metadata(rel),
            identity=rel.release,
            settings=rel.closure,
            tiers=rel.tiers,
            mirrors=mirrors,
            reader=repo_reader(rel),
        )

    return Task(
        name="closure",
        run=run,
        inputs=[rel.comps, *medium_repomds(rel)],
        config={**release_config(rel, "arch", "firmware", "base", "repositories"), "[closure]": rel.closure},
        wiki="RPM dependencies; Examples of dependencies",
    )


def updates(rel: Release) -> Task:
    """What a yum update would fetch."""
    elsewhere, mirrors, identity = (
        tier_places(rel, staged=False),
        named_repositories(rel, rel.updates.mirrors),
        rel.release,
    )

    def run() -> object:
        from smedoit.checks.updates import check_updates

        return check_updates(
            medium=medium_metadata(rel),
            tiers=elsewhere,
            mirrors=mirrors,
            settings=rel.updates,
            is_final=identity.is_final,
            reader=repo_reader(rel),
        )

    return Task(
        name="updates",
        run=run,
        inputs=[
            *medium_repomds(rel),
            *repositories(rel, *(path for _, path in elsewhere), *rel.updates.mirrors),
            *module_inputs(rel.modules.sources, rel.release.arch),
        ],
        config={
            **release_config(rel, "arch", "label", "base", "repositories"),
            "[updates]": rel.updates,
            "[modules] sources": rel.modules.sources,
        },
        wiki="How get a Fully updated ISO",
    )


def quality(rel: Release) -> Task:
    """Who verified what changed."""
    asked, identity = rel.quality, rel.release

    def run() -> object:
        from smedoit.checks.previous_release import ReleaseComparison
        from smedoit.checks.qa import verify_changed_packages

        return verify_changed_packages(
            compared=ReleaseComparison(rel.root, rel.lock, previous_release(rel, "quality")),
            settings=asked,
            bugs=rel.notes.bugs,
            tiers=tier_places(rel),
            is_final=identity.is_final,
        )

    return Task(
        name="quality",
        run=run,
        inputs=[rel.lock, *asked.verified, *last_release(rel)],
        config={**release_config(rel, "arch", "label"), "[quality]": asked},
        wiki="RPM QA verification",
    )


def anaconda_version(rel: Release) -> Task:
    """Upstream's anaconda, ours, and the one that the installer is made with."""
    asked, identity, places = rel.anaconda, rel.release, dict(tier_places(rel))
    extras = [places[asked.extras]] if asked.extras in places else []

    def run() -> object:
        from smedoit.checks.anaconda import check_anaconda_version

        return check_anaconda_version(
            settings=asked,
            mirrors=named_repositories(rel, asked.upstream),
            tiers=places,
            is_final=identity.is_final,
            reader=repo_reader(rel),
        )

    return Task(
        name="anaconda_version",
        run=run,
        inputs=[
            *(
                [FileSet(Path(asked.source), ("*.spec", "*.rpm")), *repositories(rel, *asked.upstream, *extras)]
                if asked.source
                else []
            )
        ],
        config={**release_config(rel, "arch", "label"), "[anaconda]": asked},
        wiki="Check Anaconda version",
    )


PYTHON_FILES = ("*.py", "*.so", "*.pyc", "*.pyo", "*installclasses/*.[pP][yY]")
CONFIGURATION_FILES = ("etc/anaconda/*", "*.buildstamp", "etc/os-release", "usr/lib/os-release")
STAMPED = ("product", "aliases", "major", "version", "label", "arch", "date", "bug_url")
WITH_LOADERS = (f"{PACKAGES}/shim-*.rpm", f"{PACKAGES}/grub2-efi-*.rpm")  # what brings EFI/NAME to the installed system


def install_classes(rel: Release) -> Task:
    """The installer's Python sources, held against the Python that it runs with."""
    below, layer, identity = rel.content.inherit, rel.anaconda_layer, rel.release
    product = [Path(below) / "product"] if below else []
    product += [rel.content.path / "product", *([layer] if rel.anaconda.srpm else [])]
    updates = rel.content.path / "updates"
    loaders = below_repositories(rel.release.repository_places, *WITH_LOADERS)

    has_classes = identity.built_on.configuration is Configuration.INSTALL_CLASSES
    read = PYTHON_FILES if has_classes else (*PYTHON_FILES, *CONFIGURATION_FILES)

    def run() -> object:
        from smedoit.branding.rules import Branding
        from smedoit.installer.configuration_check import check_configuration
        from smedoit.installer.install_classes import OverlayRoots, check_install_classes

        roots = OverlayRoots(product, updates, NOT_IN_UPDATES_IMG, identity.built_on)
        packages = [file for pattern in loaders for file in sorted(rel.tree.glob(pattern))]
        if not has_classes:
            return check_configuration(roots, Branding(identity, rel.rules), packages)
        return check_install_classes(roots=roots, identity=identity, settings=rel.anaconda, packages=packages)

    return Task(
        name="install_classes",
        run=run,
        inputs=[
            *[FileSet(root, read) for root in product],
            FileSet(updates, read, NOT_IN_UPDATES_IMG),
            FileSet(rel.tree, loaders, content=False),
        ],
        config={
            **release_config(rel, "product", "label", "base", "repositories"),
            **({} if has_classes else branding_config(rel, *STAMPED)),
            "[anaconda] modules": rel.anaconda.modules,
            "[anaconda] srpm": rel.anaconda.srpm,
            **({"[content] inherit": below} if below else {}),
        },
        after=["stage_packages", *(["anaconda_source"] if rel.anaconda.srpm else [])],
        wiki="Check how to tweak Anaconda",
    )


NOT_SEARCHED = ("LiveOS/*", "GPL", "EULA", "RPM-GPG-KEY-*")


def check_versions(rel: Release) -> Task:
    """No word of another release in the tree or inside its images."""

    unread = (*NOT_SEARCHED, *below_repositories(rel.release.repository_places, *NO_TEXTS))

    def searched(relative: str) -> bool:
        return not matches_patterns(relative, unread)

    def run() -> object:
        from smedoit.checks.stale_versions import check_stale_versions

        return check_stale_versions(
            identity=rel.release,
            versions=rel.versions,
            tree_root=rel.tree,
            searched=searched,
            beside={COMPS: rel.comps},
        )

    return Task(
        name="check_versions",
        run=run,
        inputs=[FileSet(rel.tree, exclude=unread), rel.comps],
        config={
            **release_config(rel, "product", "aliases", "major", "version", "label", "base", "repositories"),
            "[versions] allowed": rel.versions.allowed,
        },
        after=["tree", "isolinux", "grub", "comps", "product_img", "updates_img", "treeinfo"],
        wiki="Create cdrom content; Bump version in /etc/*release* files",
    )
