"""What comes from outside: the boot set, and what people translate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from smedoit.decide.config import Release
from smedoit.do.filesets import Files
from smedoit.do.tree import EXPORTED
from smedoit.tell.wiring import Task, group, step

BOOT_SET = ("isolinux/*", "images/*", "EFI/*", "LiveOS/*", ".treeinfo")


def content(rel: Release) -> Task:
    """Content and other source trees, from CVS, git or a directory."""
    exported = rel.exported
    task = step(
        rel,
        "content",
        "checkouts.export",
        *(exported, rel.content.path, rel.cache / "checkouts", rel.network),
        told={f"[{one.name}] source": f"{one.source} in {one.path}" for one in exported},
        writes=[Files(one.path, only) for one in exported for only in (("*",), (EXPORTED,))],
        always=not (rel.content.source.is_set and all(one.source.is_pinned for one in exported)),
        wiki="CVS Folder structure; Refresh cdrom content",
    )
    return {**task, "clean": [(remove_exports, [[one.path for one in exported]])]}


def remove_exports(places: Iterable[Path]) -> None:
    """Remove what was exported, for doit clean; a working copy is not ours."""
    from smedoit.do import tree
    from smedoit.steps import checkouts

    for place in places:
        if checkouts.is_ours(place):
            tree.remove_directory(place)


def mirror(rel: Release) -> Iterator[Task]:
    """Local copies of releases and upstream, a task each."""
    yield group(rel, "mirror", "local copies of releases and upstream, by rsync: what would disappear is counted first")
    for one in rel.mirror:
        name = f"mirror:{one.name}"
        task = step(
            rel,
            name,
            "mirrors.bring",
            *(one, rel.network, rel.logs / f"{name}.rsync.log"),
            always=True,
            wiki="Local Only: Update local mirror as seen by the chroot",
        )
        yield {"name": one.name, "doc": f"{one.path}, as {one.source} has it", **task}
    if not rel.mirror:
        task = step(rel, "mirror:none", "mirrors.refuse", always=True)
        yield {"name": "none", "doc": "what there is to say where release.toml has no [[mirror]]", **task}


def anaconda_source(rel: Release) -> Task:
    """The install classes, from upstream's source package and our patches."""
    settings, srpm, layer = rel.anaconda, rel.anaconda.package(rel.root), rel.anaconda_layer
    patches = Files(Path(settings.patches or settings.source), ("*.patch", "series"))
    fetched = Files(srpm.parent, (srpm.name,), content=False)
    memory, scratch = rel.cache / "fetched/anaconda.json", layer.with_name("scratch")
    is_fetched = "://" in settings.srpm
    return step(
        rel,
        "anaconda_source",
        "anaconda.make",
        *(settings, rel.keys, rel.network, memory, srpm, scratch, layer),
        file_dep=[key.file for key in rel.keys] if settings.srpm else [],
        reads=[patches, *([] if is_fetched else [fetched])] if settings.srpm else [],
        told={"[anaconda] srpm": settings.srpm, "[[keys]]": rel.keys},
        targets=[layer.with_suffix(".json")] if settings.srpm else [],
        writes=[Files(layer), *([fetched] if is_fetched else [])] if settings.srpm else [],
        wiki="Check how to tweak Anaconda; Prepare to build the product.img",
    )


def boot_set(rel: Release) -> Task:
    """The boot set, as it is pinned."""
    boot, memory, known = rel.boot_set, rel.cache / "fetched/boot_set.json", rel.cache / "digests.json"
    return step(
        rel,
        "boot_set",
        "bootset.fetch",
        *(boot, rel.pins, rel.network, memory, known),
        file_dep=[rel.pins] if boot.is_managed else [],
        reads=[] if boot.is_fetched else [Files(boot.path, BOOT_SET, content=False)],
        told={"[boot_set] path": str(boot.path), "[boot_set] source": boot.source, "[boot_set] iso": boot.iso},
        writes=[Files(boot.path, content=False)] if boot.is_fetched else [],
        wiki="Get last LiveOS from centos; Get CentOS last images content",
    )


def pin_boot_set(rel: Release) -> Task:
    """The pins of the boot set."""
    memory, known = rel.cache / "fetched/boot_set.json", rel.cache / "digests.json"
    return step(
        rel,
        "pin_boot_set",
        "pinning.pin",
        *(rel.boot_set, rel.pins, rel.keys, rel.network, memory, known),
        always=True,
        wiki="Get last LiveOS from centos; Get CentOS last images content",
    )


def translations(rel: Release) -> Task:
    """The installer's translations."""
    return step(
        rel,
        "translations",
        "translations.mirror",
        *(rel.translations, rel.network, rel.cache / "fetched/translations.json"),
        always=True,
        wiki="Anaconda translations",
    )


def patches(rel: Release) -> Task:
    """Patches of the server-manager's translations."""
    return step(
        rel,
        "patches",
        "patches.report",
        *(rel.translations, rel.network, rel.cache / "fetched/patches.json", rel.lock, rel.root),
        file_dep=[rel.lock],
        always=True,
        wiki="Server-Manager translations",
    )
