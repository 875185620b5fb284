# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of the installer: its overlay images, lorax in a mock chroot, and the wiki's names for several tasks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smedoit.config.release import Release
from smedoit.engine.task import Task, release_config
from smedoit.installer import mock
from smedoit.medium_paths import PRODUCT_IMG, UPDATES_IMG
from smedoit.runtime.files import recover_directory
from smedoit.runtime.filesets import FileSet
from smedoit.tree.tasks import branding_config, content_names

NOT_IN_UPDATES_IMG = ("README.txt", "po/*")  # of updates/: for readers; and translations, which have their own source
# What the scripts of the wiki did, as tasks.
UPDATE_REPOS = ("packages", "stage_packages", "comps", "repodata")
BUILD_ISO = ("tree", "isolinux", "grub", "product_img", "updates_img", "treeinfo", "iso")


def recover_anaconda_layer(rel: Release) -> str:
    """Recover the layer of install classes after an interrupted replacement; return what was done."""
    return recover_directory(rel.anaconda_layer)


def anaconda_source(rel: Release) -> Task:
    """The install classes, from upstream's source package and our patches."""
    settings, srpm, layer = rel.anaconda, rel.anaconda.package(rel.root), rel.anaconda_layer
    patches = FileSet(Path(settings.patches or settings.source), ("*.patch", "series"))
    fetched = FileSet(srpm.parent, (srpm.name,), content=False)
    memory, scratch = rel.cache / "fetched/anaconda.json", layer.with_name("scratch")
    is_fetched = "://" in settings.srpm

    def run() -> object:
        from smedoit.fetch.crawl import caching_fetcher
        from smedoit.installer.anaconda_source import make_anaconda_layer

        return make_anaconda_layer(
            settings=settings,
            pinned=rel.keys,
            fetcher=caching_fetcher(rel.network, memory),
            srpm=srpm,
            scratch=scratch,
            target=layer,
        )

    return Task(
        name="anaconda_source",
        run=run,
        inputs=[
            *([key.file for key in rel.keys] if settings.srpm else []),
            *([patches, *([] if is_fetched else [fetched])] if settings.srpm else []),
        ],
        config={"[anaconda] srpm": settings.srpm, "[[keys]]": rel.keys},
        outputs=[
            *([layer.with_suffix(".json")] if settings.srpm else []),
            *([FileSet(layer), *([fetched] if is_fetched else [])] if settings.srpm else []),
        ],
        wiki="Check how to tweak Anaconda; Prepare to build the product.img",
    )


def product_img(rel: Release) -> Task:
    """images/product.img: install classes, logos, .buildstamp and release files."""
    target, srpm, below = rel.tree / PRODUCT_IMG, rel.anaconda.package(rel.root), rel.content.inherit
    above = str(rel.anaconda_layer) if rel.anaconda.srpm else ""

    def run() -> object:
        from smedoit.branding.rules import Branding
        from smedoit.installer.overlays import write_product_img

        return write_product_img(
            content=rel.content,
            below=below,
            above=above,
            branding=Branding(rel.release, rel.rules),
            target=target,
        )

    return Task(
        name="product_img",
        run=run,
        inputs=[
            FileSet(rel.content.path / "product"),
            *([FileSet(Path(below) / "product")] if below else []),
            *([FileSet(rel.anaconda_layer), FileSet(srpm.parent, (srpm.name,), content=False)] if above else []),
        ],
        config={
            **branding_config(rel, "product", "aliases", "major", "version", "label", "arch", "date", "bug_url"),
            **release_config(rel, "base"),
            **({"[content] inherit": below} if below else {}),
            **content_names(rel),
        },
        outputs=[target],
        after=["anaconda_source"] if above else [],
        wiki="Copy anaconda content to create product.img; Remove the 'Beta warning' in Anaconda;"
        " Bump version in /etc/*release* files",
    )


def updates_img(rel: Release) -> Task:
    """images/updates.img: the installer's updates and translations."""
    updates, place, target = rel.content.path / "updates", rel.translations.place, rel.tree / UPDATES_IMG

    def run() -> object:
        from smedoit.installer.overlays import write_updates_img

        return write_updates_img(
            content=rel.content,
            skipped=NOT_IN_UPDATES_IMG,
            translations=rel.translations.path,
            place=place,
            identity=rel.release,
            target=target,
        )

    return Task(
        name="updates_img",
        run=run,
        inputs=[FileSet(updates, exclude=("README.txt",)), FileSet(rel.translations.path, ("*.mo",))],
        config={**release_config(rel, "date", "base"), "[translations] place": place, **content_names(rel)},
        outputs=[target],
        after=["translations"] if rel.translations.automatic else [],
        wiki="Copy anaconda translations to create updates.img",
    )


def installer(rel: Release) -> Task:
    """The installer's images, made again when anaconda or the content other than the release notes changed."""
    inputs = [FileSet(rel.content.path, exclude=rel.installer.notes)]
    if rel.installer.source:
        inputs.append(FileSet(rel.root / rel.installer.source))
    config = {"[installer]": rel.installer, **release_config(rel, "product", "version", "label", "volume_id")}
    wiki = "Check if installer needs re-building; Build & Release SME Server"
    if rel.installer.mode == "overlay":
        after = ["product_img", "updates_img"]

        def run() -> object:
            from smedoit.installer.lorax import explain_overlay_installer

            return explain_overlay_installer()

        return Task(
            name="installer",
            run=run,
            inputs=inputs,
            config=config,
            after=after,
            wiki=wiki,
        )

    def run_lorax() -> object:
        from smedoit.installer.lorax import build_installer_images

        return build_installer_images(
            mock_chroot=release_chroot(rel),
            identity=rel.release,
            settings=rel.installer,
            work=rel.state / "lorax",
            boot_set=rel.boot_set.path,
        )

    return Task(
        name="installer",
        run=run_lorax,
        inputs=inputs,
        config=config,
        outputs=[FileSet(rel.boot_set.path, content=False)],
        after=["mock_init"],
        wiki=wiki,
    )


def mock_init(rel: Release) -> Task:
    """The mock chroot, created again when its configuration changes."""
    mock_chroot = release_chroot(rel)

    def run() -> object:
        from smedoit.installer.lorax import init_mock_chroot

        return init_mock_chroot(mock_chroot=mock_chroot, arch=rel.release.arch)

    return Task(
        name="mock_init",
        run=run,
        config={**release_config(rel, "name", "major", "arch"), "[mock]": rel.mock, "[[tiers]]": rel.tiers},
        outputs=[mock_chroot.file],
        wiki="Local Only: Mock Special Settings; Local Only: mock requirement; Local Only: Patch a Mock Plugin",
    )


def clean_mock(rel: Release) -> Task:
    """Remove the mock chroot."""

    def run() -> object:
        from smedoit.installer.lorax import remove_mock_chroot

        return remove_mock_chroot(mock_chroot=release_chroot(rel))

    return Task(
        name="clean_mock",
        run=run,
        always=True,
    )


def release_chroot(rel: Release) -> mock.MockChroot:
    """Return the chroot of this release."""
    identity = rel.release
    name = mock.mock_root_name(identity.name, identity.major, identity.arch)
    wanted = (tier for tier in rel.tiers if tier.stage or tier.name in rel.mock.tiers)
    tiers = {tier.name: tier.path / identity.arch for tier in wanted}
    return mock.MockChroot(name, rel.state / "mock" / f"{name}.cfg", rel.mock, rel.root, tiers, rel.logs / "mock.log")


def update_repos(rel: Release) -> Task:
    """What the script update_repos did."""
    log = f"update_repos.{rel.release.arch}"
    return wiki_alias(
        rel, "update_repos", UPDATE_REPOS, log, "Local Only: update_repos; Local Only: Create stage content"
    )


def build_installer(rel: Release) -> Task:
    """What the script build_installer did."""
    log = f"build_installer.{rel.release.arch}"
    return wiki_alias(rel, "build_installer", ("installer",), log, "Build & Release SME Server")


def build_iso(rel: Release) -> Task:
    """What the script build_ISO did."""
    log = f"build_ISO.{rel.release.arch}"
    return wiki_alias(rel, "build_ISO", (*UPDATE_REPOS, *BUILD_ISO), log, "Build SME Server 10 64 bit ISO")


def wiki_alias(rel: Release, name: str, of: tuple[str, ...], log: str, wiki: str) -> Task:
    """The wiki's name for several tasks, with their logs in one file."""
    logs = [rel.logs / f"{task_name}.log" for task_name in of]
    target: Path = rel.stage / log

    def run() -> object:
        from smedoit.installer.lorax import gather_logs

        return {"did": gather_logs(logs=logs, target=target), "idle": True}

    def unrun(failed: Sequence[Path]) -> object:
        from smedoit.installer.lorax import gather_logs

        return gather_logs(logs=[*logs, *(log for log in failed if log not in logs)], target=target)

    return Task(
        name=name,
        run=run,
        after=of,
        always=True,
        unrun=unrun,
        wiki=wiki,
    )
