"""The medium: from tiers, boot set, content and translations to the sealed ISO."""

from __future__ import annotations

from pathlib import Path

from smedoit.decide.config import Release
from smedoit.decide.places import OVERLAYS
from smedoit.do.filesets import Files, matches
from smedoit.tell.wiring import Task, said, step

BOOT_FILES = ("isolinux/*", "images/*", "EFI/*", "LiveOS/*")  # what the boot set gives to the tree
BOOT_TEXTS = ("isolinux/isolinux.cfg", "isolinux/boot.msg", "isolinux/help.txt")
GRUB_TEXT = ("EFI/BOOT/grub.cfg",)
IMAGES = ("images/efiboot.img", *OVERLAYS)
NETINSTALL = "images/boot.iso"  # our own: upstream's would install upstream
RENDERED = (*BOOT_TEXTS, *GRUB_TEXT, "Packages/base/comps.xml", *IMAGES, NETINSTALL)
TREE_METADATA = (".treeinfo", ".discinfo", "media.repo")
NOT_OURS = ("*TRANS.TBL", "*boot.cat")  # what mkisofs left in an upstream tree
DESCRIBED = ("images/pxeboot/*", "LiveOS/*")  # what .treeinfo has checksums of, besides IMAGES and repomd.xml
NOT_OVERLAID = ("README.txt", "po/*")  # in updates/: for people; and translations, which have a source of their own
SOURCES_ONLY = ("product/*", "updates/*", "netinstall/*", "Packages/*", "repodata/*", "repoview/*", "quality/*")
MADE_ELSEWHERE = ("Packages/*.rpm", "repodata/*", "repoview/*")  # in the tree, by tasks that own it
OFF_MEDIUM = ("product/*", "updates/*", "netinstall/*", "repoview/*", NETINSTALL)


def sources(rel: Release) -> tuple[Path, Path]:
    """Return where single files of the tree may come from: the content tree first, else the boot set."""
    return rel.content.path, rel.boot_set.path


def boot_set_from(rel: Release) -> list[str]:
    """Return the task that makes the boot set; none where a person puts it into place."""
    if rel.installer.way == "lorax":
        return ["installer"]
    return ["boot_set"] if rel.boot_set.is_managed else []


def either(rel: Release, *names: str) -> list[Files]:
    """Return names as inputs, wherever they lie: in the content tree or in the boot set."""
    return [Files(rel.content.path, names), Files(rel.boot_set.path, names)]


def branded(rel: Release, *keys: str) -> dict[str, object]:
    """Return what a task is told that puts this release's words into texts of the content tree.

    keys  what the usual rules need; a rule of release.toml's own may name any key, so then it is all of them
    """
    every = ("product", "aliases", "short", "name", "major", "version", "label", "arch", "date", "volume_id", "bug_url")
    return {**said(rel, *(every if rel.rules else keys)), "[[rules]]": rel.rules}


def sample(rel: Release) -> Task:
    """The practice world."""
    return step(rel, "sample", "sample.make", rel, always=True)


def packages(rel: Release) -> Task:
    """packages.lock from the tiers, or from an earlier lock."""
    content, memories = rel.content.path, rel.memories
    return step(
        rel,
        "packages",
        "packages.choose",
        *(rel.tiers, rel.keys, rel.packages, rel.exclusions, rel.release, rel.root, content, memories, rel.lock),
        file_dep=[*(key.file for key in rel.keys), *([Path(rel.packages.lock)] if rel.packages.lock else [])],
        reads=[Files(tier.path, ("*.rpm",), content=False) for tier in rel.tiers if tier.stage],
        told={
            "[[tiers]]": rel.tiers,
            "[[keys]]": rel.keys,
            "[packages]": rel.packages,
            "[retired]": rel.retired,
            "[excluded]": rel.excluded,
            **said(rel, "arch", "date"),
        },
        targets=[rel.lock],
        wiki="Local Only: update_repos; RPM dependencies",
    )


def stage_packages(rel: Release) -> Task:
    """Packages/ from the lock."""
    target = rel.tree / "Packages"
    return step(
        rel,
        "stage_packages",
        "packages.link",
        *(rel.lock, rel.root, target, rel.memories.digests),
        file_dep=[rel.lock],
        writes=[Files(target, ("*.rpm",), content=False)],
        wiki="Local Only: Create stage content",
    )


def tree(rel: Release) -> Task:
    """Boot files, release notes and keys from their layers."""
    apart = (*RENDERED, *NOT_OURS, *SOURCES_ONLY, *TREE_METADATA)
    theirs = (*RENDERED, *TREE_METADATA, *MADE_ELSEWHERE)
    keys = [key.file for key in rel.keys]

    def from_boot_set(relative: str) -> bool:
        return matches(relative, BOOT_FILES) and not matches(relative, apart)

    def from_content(relative: str) -> bool:
        return not matches(relative, apart)

    def owned(relative: str) -> bool:
        return not matches(relative, theirs)

    return step(
        rel,
        "tree",
        "tree.fill",
        *(sources(rel), keys, rel.release, rel.rules, from_boot_set, from_content, owned, rel.tree),
        file_dep=keys,
        reads=[Files(rel.boot_set.path, BOOT_FILES, apart), Files(rel.content.path, apart=apart)],
        told=branded(rel),
        writes=[Files(rel.tree, apart=theirs)],
        after=boot_set_from(rel),
        wiki="Get CentOS last images content; Refresh cdrom content",
    )


def medium_keys(rel: Release) -> Task:
    """The keys on the medium, tried on every package of it."""
    return step(
        rel,
        "medium_keys",
        "packages.prove_keys",
        *(rel.keys, rel.lock, rel.tree, rel.memories.census),
        file_dep=[rel.lock],
        reads=[Files(rel.tree, tuple(key.file.name for key in rel.keys))],
        told={"[[keys]]": rel.keys},
        after=["stage_packages", "tree"],
        wiki="Local Only: update_repos",
    )


def isolinux(rel: Release) -> Task:
    """The boot menu for BIOS."""
    return step(
        rel,
        "isolinux",
        "tree.render_menu",
        *(sources(rel), rel.release, rel.rules, rel.tree),
        reads=either(rel, *BOOT_TEXTS),
        told=branded(rel, "product", "aliases", "version", "label", "volume_id"),
        writes=[Files(rel.tree, BOOT_TEXTS)],
        after=boot_set_from(rel),
        wiki="Bump version in the splash screen",
    )


def grub(rel: Release) -> Task:
    """The boot menu for UEFI."""
    names = (*GRUB_TEXT, "images/efiboot.img")
    return step(
        rel,
        "grub",
        "tree.render_grub",
        *(sources(rel), rel.release, rel.rules, rel.tree),
        reads=either(rel, *names),
        told=branded(rel, "product", "aliases", "version", "label", "volume_id", "date"),
        targets=[rel.tree / name for name in names],
        after=boot_set_from(rel),
        wiki="Create cdrom content",
    )


def comps(rel: Release) -> Task:
    """comps.xml, held against the packages."""
    source, target = rel.groups.comps, rel.tree / "Packages/base/comps.xml"
    relative = source.relative_to(rel.content.path).as_posix()
    return step(
        rel,
        "comps",
        "packages.write_comps",
        *(relative, rel.rules, source, rel.lock, rel.groups, rel.release, target),
        file_dep=[source, rel.lock],
        told={**branded(rel, "product", "aliases", "version", "label"), "[groups] absent": rel.groups.absent},
        targets=[target],
        wiki="Create cdrom content",
    )


def repodata(rel: Release) -> Task:
    """repodata/ of the tree."""
    groups, memory = rel.tree / "Packages/base/comps.xml", rel.cache / "repodata.sqlite"
    return step(
        rel,
        "repodata",
        "packages.describe",
        *(rel.lock, groups, rel.tree, rel.release.epoch, memory),
        file_dep=[rel.lock, groups],
        told=said(rel, "date"),
        writes=[Files(rel.tree / "repodata")],
        targets=[rel.tree / "repodata/repomd.xml"],
        after=["stage_packages"],
        wiki="Local Only: update_repos",
    )


def product_img(rel: Release) -> Task:
    """images/product.img."""
    target, srpm, below = rel.tree / "images/product.img", rel.anaconda.package(rel.root), rel.content.previous
    above = str(rel.anaconda_layer) if rel.anaconda.srpm else ""
    return step(
        rel,
        "product_img",
        "overlays.product",
        *(rel.content.path, below, above, rel.release, rel.rules, target),
        reads=[
            Files(rel.content.path / "product"),
            *([Files(Path(below) / "product")] if below else []),
            *([Files(rel.anaconda_layer), Files(srpm.parent, (srpm.name,), content=False)] if above else []),
        ],
        told={
            **branded(rel, "product", "aliases", "major", "version", "label", "arch", "date", "bug_url"),
            **({"[content] previous": below} if below else {}),
        },
        targets=[target],
        after=["anaconda_source"] if above else [],
        wiki="Copy anaconda content to create product.img; Remove the 'Beta warning' in Anaconda;"
        " Bump version in /etc/*release* files",
    )


def updates_img(rel: Release) -> Task:
    """images/updates.img."""
    updates, place, target = rel.content.path / "updates", rel.translations.place, rel.tree / "images/updates.img"
    return step(
        rel,
        "updates_img",
        "overlays.updates",
        *(updates, NOT_OVERLAID, rel.translations.path, place, rel.release.epoch, target),
        reads=[Files(updates, apart=NOT_OVERLAID), Files(rel.translations.path, ("*.mo",))],
        told={**said(rel, "date"), "[translations] place": place},
        targets=[target],
        after=["translations"] if rel.translations.automatic else [],
        wiki="Copy anaconda translations to create updates.img",
    )


def treeinfo(rel: Release) -> Task:
    """.treeinfo, .discinfo and media.repo."""
    return step(
        rel,
        "treeinfo",
        "tree.describe",
        *(rel.release, rel.tree, rel.cache / "digests.json"),
        file_dep=[rel.tree / name for name in IMAGES] + [rel.tree / "repodata/repomd.xml"],
        reads=[Files(rel.tree, DESCRIBED)],
        told=said(rel, "product", "short", "version", "label", "arch", "date"),
        targets=[rel.tree / name for name in TREE_METADATA],
        after=["tree"],
        wiki="Build SME Server 10 64 bit ISO",
    )


def on_medium(relative: str) -> bool:
    """Return whether a file of the tree goes on the medium."""
    return not matches(relative, OFF_MEDIUM)


def iso(rel: Release) -> Task:
    """The sealed ISO."""

    return step(
        rel,
        "iso",
        "medium.write",
        *(rel.release, rel.tree, on_medium, rel.iso, rel.cache / "digests.json", rel.layout(rel.iso)),
        file_dep=[rel.lock],
        reads=[Files(rel.tree, apart=(*OFF_MEDIUM, "Packages/*.rpm"))],
        told=said(rel, "product", "version", "label", "volume_id", "date"),
        targets=[rel.iso, rel.iso.with_name(f"{rel.iso.name}.sha256"), rel.layout(rel.iso)],
        after=[
            "stage_packages",
            "tree",
            "medium_keys",
            "isolinux",
            "grub",
            "comps",
            "repodata",
            "closure",
            "updates",
            "quality",
            "anaconda_version",
            "install_classes",
            "product_img",
            "updates_img",
            "treeinfo",
            "check_versions",
            "release_package",
            "stage_link",
        ],
        wiki="Build SME Server 10 64 bit ISO",
    )
