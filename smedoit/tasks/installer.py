"""The installer: the decision whether to build it again, the mock chroot, and the names that old hands know."""

from __future__ import annotations

from pathlib import Path

from smedoit.decide import chroot
from smedoit.decide.config import Release
from smedoit.do.filesets import Files
from smedoit.tell.wiring import Task, said, step

UPDATE_REPOS = ("packages", "stage_packages", "comps", "repodata")
BUILD_ISO = ("tree", "isolinux", "grub", "product_img", "updates_img", "treeinfo", "iso")


def the_chroot(rel: Release) -> chroot.Chroot:
    """Return the chroot of this release."""
    one = rel.release
    name = chroot.root_name(one.name, one.major, one.arch)
    wanted = (tier for tier in rel.tiers if tier.stage or tier.name in rel.mock.tiers)
    tiers = {tier.name: tier.path / one.arch for tier in wanted}
    return chroot.Chroot(name, rel.state / "mock" / f"{name}.cfg", rel.mock, rel.root, tiers, rel.logs / "mock.log")


def mock_init(rel: Release) -> Task:
    """The chroot, made anew whenever its configuration changes."""
    one = the_chroot(rel)
    return step(
        rel,
        "mock_init",
        "installer.prepare",
        *(one, rel.release.arch),
        told={**said(rel, "name", "major", "arch"), "[mock]": rel.mock, "[[tiers]]": rel.tiers},
        targets=[one.file],
        wiki="Local Only: Mock Special Settings; Local Only: mock requirement; Local Only: Patch a Mock Plugin",
    )


def clean_mock(rel: Release) -> Task:
    """The chroot, removed."""
    return step(rel, "clean_mock", "installer.remove", the_chroot(rel), always=True)


def installer(rel: Release) -> Task:
    """The wiki's rule, from the graph: anaconda or the content other than the release notes has changed."""
    reads = [Files(rel.content.path, apart=rel.installer.notes)]
    if rel.installer.source:
        reads.append(Files(rel.root / rel.installer.source))
    told = {"[installer]": rel.installer, **said(rel, "product", "version", "label", "volume_id")}
    wiki = "Check if installer needs re-building; Build & Release SME Server"
    if rel.installer.way == "overlay":
        after = ["product_img", "updates_img"]
        return step(rel, "installer", "installer.overlay", reads=reads, told=told, after=after, wiki=wiki)
    args = (the_chroot(rel), rel.release, rel.installer, rel.state / "lorax", rel.boot_set.path)
    return step(
        rel,
        "installer",
        "installer.build",
        *args,
        reads=reads,
        told=told,
        writes=[Files(rel.boot_set.path, content=False)],
        after=["mock_init"],
        wiki=wiki,
    )


def alias(rel: Release, name: str, of: tuple[str, ...], log: str, wiki: str) -> Task:
    """The page's name for several tasks, with their logs under the page's name for it."""
    logs = [rel.logs / f"{one}.log" for one in of]
    target: Path = rel.stage / log
    return step(rel, name, "installer.gather", *(logs, target), after=of, always=True, wiki=wiki)


def update_repos(rel: Release) -> Task:
    """What the script update_repos did."""
    log = f"update_repos.{rel.release.arch}"
    return alias(rel, "update_repos", UPDATE_REPOS, log, "Local Only: update_repos; Local Only: Create stage content")


def build_installer(rel: Release) -> Task:
    """What the script build_installer did."""
    log = f"build_installer.{rel.release.arch}"
    return alias(rel, "build_installer", ("installer",), log, "Build & Release SME Server")


def build_iso(rel: Release) -> Task:
    """What the script build_ISO did."""
    log = f"build_ISO.{rel.release.arch}"
    return alias(rel, "build_ISO", (*UPDATE_REPOS, *BUILD_ISO), log, "Build SME Server 10 64 bit ISO")
