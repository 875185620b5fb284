"""The media beside the installation ISO: sources, network install, jigdo, and all of them as one release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from smedoit.decide import netinstall as netinst
from smedoit.decide.config import Release
from smedoit.do.filesets import Files
from smedoit.tasks.medium import GRUB_TEXT, NETINSTALL, branded, either, on_medium
from smedoit.tasks.medium import sources as origins
from smedoit.tell.wiring import Task, group, said, step

MEDIA = ("iso", "netinstall", "source_iso")  # the tasks that make an ISO
RELEASE = (
    *MEDIA,
    "jigdo",
    "checksums",
    "sign",
    "manifests",
    "record",
)  # all that users download, by the tasks that make it


def memory(rel: Release) -> Path:
    """Return where the digests of files are remembered."""
    return rel.cache / "digests.json"


def layouts(rel: Release) -> Path:
    """Return where it is kept what lies where on a finished medium."""
    return rel.layout(rel.iso).parent


def sources(rel: Release) -> Task:
    """sources.lock from packages.lock and the tiers."""
    return step(
        rel,
        "sources",
        "sources.choose",
        *(rel.lock, rel.tiers, rel.keys, rel.sources, rel.root, rel.cache / "sources.json", rel.sources_lock),
        file_dep=[rel.lock, *(key.file for key in rel.keys)],
        reads=[Files(tier.path, ("*src.rpm",), content=False) for tier in rel.tiers],
        told={"[[tiers]]": rel.tiers, "[[keys]]": rel.keys, "[sources] absent": rel.sources.absent},
        targets=[rel.sources_lock],
        wiki="Copy SME Server 10 SRPMS Jigdo to mirror",
    )


def stage_sources(rel: Release) -> Task:
    """SRPMS/ from sources.lock."""
    return step(
        rel,
        "stage_sources",
        "sources.link",
        *(rel.sources_lock, rel.root, rel.srpms),
        file_dep=[rel.sources_lock],
        writes=[Files(rel.srpms, ("*.rpm",), content=False)],
        wiki="Create release specific folder and link",
    )


def source_repodata(rel: Release) -> Task:
    """repodata/ of SRPMS/."""
    place = rel.srpms / "repodata"
    return step(
        rel,
        "source_repodata",
        "sources.describe",
        *(rel.sources_lock, rel.srpms, rel.release.epoch, rel.cache / "sources.sqlite"),
        file_dep=[rel.sources_lock],
        told=said(rel, "date"),
        writes=[Files(place)],
        targets=[place / "repomd.xml"],
        after=["stage_sources"],
        wiki="Create release specific folder and link",
    )


def source_iso(rel: Release) -> Task:
    """The source ISO, or the discs of it."""
    memories = rel.cache / "discs.sqlite", memory(rel)
    own = rel.state / "discs"
    keys = [key.file for key in rel.keys]
    beside = f"{rel.source_iso.stem}*.iso"
    return step(
        rel,
        "source_iso",
        "sources.write",
        *(rel.release, rel.sources, rel.sources_lock, rel.srpms, keys, own, rel.source_iso, memories, layouts(rel)),
        file_dep=[rel.sources_lock, *keys],
        reads=[Files(rel.srpms / "repodata")],
        told={**said(rel, "product", "version", "label", "date", "name", "short"), "[sources]": rel.sources},
        writes=[
            Files(rel.source_iso.parent, (beside, f"{beside}.sha256")),
            Files(layouts(rel), (f"{rel.source_iso.stem}*.json",)),
        ],
        after=["stage_sources", "source_repodata"],
        wiki="Copy SME Server 10 SRPMS Jigdo to mirror",
    )


def netinstall(rel: Release) -> Task:
    """The network install ISO, also as images/boot.iso of the tree."""
    one, own, in_tree = rel.release, rel.stage / "netinstall", rel.tree / NETINSTALL
    volume, record = rel.netinstall.volume(one), rel.layout(rel.netinstall_iso)
    return step(
        rel,
        "netinstall",
        "netinstall.write",
        *(one, rel.netinstall, rel.mirrors, rel.rules, origins(rel), rel.tree, own, rel.netinstall_iso),
        *(memory(rel), record, in_tree),
        reads=[
            Files(rel.content.path / "netinstall"),
            *either(rel, *GRUB_TEXT, "images/efiboot.img"),
            Files(rel.tree, netinst.FROM_TREE),
        ],
        told={
            **branded(rel, "product", "aliases", "version", "label", "date"),
            "[netinstall] volume_id": volume,
            "[netinstall] url": rel.netinstall.url,
            "[mirrors] urls": rel.mirrors.urls,
        },
        targets=[
            rel.netinstall_iso,
            rel.netinstall_iso.with_name(f"{rel.netinstall_iso.name}.sha256"),
            record,
            in_tree,
        ],
        writes=[Files(own)],
        after=["tree", "isolinux", "grub", "product_img", "updates_img"],
        wiki="Create cdrom content",
    )


def jigdo(rel: Release) -> Iterator[Task]:
    """.jigdo and .template of every ISO."""
    images = {"iso": rel.iso, "netinstall": rel.netinstall_iso, "source_iso": rel.source_iso}
    docs = {
        "iso": ".jigdo and .template of the installation ISO",
        "netinstall": ".jigdo and .template of the network install ISO",
        "source_iso": ".jigdo and .template of the source ISO",
    }
    yield group(rel, "jigdo", ".jigdo and .template of every ISO, for those who have most of its files")
    for name, path in images.items():
        yield {"name": name, "doc": docs[name], **jigdo_of(rel, name, path)}


def jigdo_of(rel: Release, maker: str, path: Path) -> Task:
    """.jigdo and .template of the ISOs that one task makes."""
    stem = f"{path.stem}*" if maker == "source_iso" else path.stem
    published = {rel.tree: rel.release.arch, rel.srpms: "SRPMS"}
    return step(
        rel,
        f"jigdo:{maker}",
        "jigdo.make",
        *(rel.release, rel.mirrors, path.parent, f"{stem}.iso", layouts(rel), published, memory(rel)),
        reads=[Files(layouts(rel), (f"{stem}.json",))],
        told={"[mirrors] urls": rel.mirrors.bases(rel.release)},
        writes=[Files(path.parent, (f"{stem}.jigdo", f"{stem}.template"))],
        after=[maker],
        wiki="Copy SME Server 10 64 bit Jigdo to mirror; Copy SME Server 10 SRPMS Jigdo to mirror",
    )


def release(rel: Release) -> Task:
    """Everything that users download."""
    return step(rel, "release", "media.told", rel.isos, rel.release, memory(rel), after=RELEASE, always=True)


def verify(rel: Release) -> Task:
    """All media, read back as they lie there: nothing is made first, or a damaged one would never be seen."""
    own = f"*/{rel.release.name}-{rel.release.full}-*"
    reads = [Files(rel.isos, (own,), content=False), *(Files(place, content=False) for place in (rel.tree, rel.srpms))]
    return step(rel, "verify", "media.verify", rel, on_medium, reads=reads, always=True, wiki="Where are My F... ISO")
