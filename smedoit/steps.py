"""What each step of the build does, told in terms of the rooms; whatever it needs comes as an argument.

Every function returns a sentence for the person who waits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from smedoit import (
    brand,
    census,
    comps,
    digests,
    fat,
    images,
    iso,
    keys,
    layers,
    lock,
    media,
    progress,
    repo,
    seal,
    stage,
    tree,
    verify,
)
from smedoit.config import PLACES, Groups, Identity, Key, Release, Selection, Tier
from smedoit.errors import ContentError
from smedoit.stage import Pick

Sentence = str
GRUB_CFG = "EFI/BOOT/grub.cfg"
BOOT_TEXTS = ("isolinux/isolinux.cfg", "isolinux/boot.msg", "isolinux/help.txt")


def make_practice_world(rel: Release) -> Sentence:
    """Fill the build root with a world to practise on; what is there already is kept."""
    from smedoit.practice import world

    world.make(rel)
    return f"a practice world lies below {rel.root}"


def lock_packages(
    tiers: Sequence[Tier],
    pinned: Sequence[Key],
    selection: Selection,
    arch: str,
    root: Path,
    memory: Path,
    target: Path,
) -> Sentence:
    """Read the staged tiers, choose, and write packages.lock."""
    found = census.take(census.staged(tiers), root, keys.load(pinned), memory)
    picks = stage.pick(found, selection, arch)
    tree.write(target, lock.dumps(picks))
    seen = sum(len(packages) for packages in found.values())
    return f"{len(picks)} packages chosen of {seen} in {len(found)} tiers"


def read_lock(path: Path) -> list[Pick]:
    """Return the picks of a lock. Raises TreeError, PackageError."""
    return lock.loads(tree.read_text(path), path)


def link_packages(lock_file: Path, root: Path, target: Path) -> Sentence:
    """Make target hold the packages of the lock, as hard links where that is possible, and no other RPM."""
    wanted = {pick.package.filename: root / pick.package.file for pick in read_lock(lock_file)}
    placed = [name for name, source in sorted(wanted.items()) if not is_linked(source, target / name)]
    for name in progress.track(placed, len(placed), "linking packages"):
        tree.link(wanted[name], target / name)
    gone = [name for name in layers.listed(target) if name.endswith(".rpm") and name not in wanted]
    for name in gone:
        tree.remove(target / name)
    return f"{len(wanted)} packages, {len(placed)} new, {len(gone)} removed"


def is_linked(source: Path, target: Path) -> bool:
    """Return whether target already is source."""
    try:
        return os.path.samefile(source, target)
    except OSError:
        return False


def find(roots: Iterable[Path], relative: str) -> Path | None:
    """Return the file under the first root that has it, None if none has."""
    return next((root / relative for root in roots if (root / relative).is_file()), None)


def need(roots: Sequence[Path], relative: str) -> Path:
    """Return the file under the first root that has it. Raises ContentError if none has."""
    path = find(roots, relative)
    if path is None:
        raise ContentError(
            f"{roots[0] / relative}: is not there, and the boot set has none either",
            hint="check out the content tree again, or complete the boot set",
        )
    return path


def fill_tree(
    sources: tuple[Path, Path],
    pinned: Sequence[Path],
    from_boot_set: Callable[[str], bool],
    from_content: Callable[[str], bool],
    owned: Callable[[str], bool],
    target: Path,
) -> Sentence:
    """Make target show boot set, content and keys, in this order; the later one wins."""
    content, boot_set = sources
    key_layer = layers.Layer("keys", {path.name: path for path in pinned}, tree.copy)
    counts = layers.apply(
        [
            layers.layer("boot set", boot_set, from_boot_set, tree.link),
            layers.layer("content tree", content, from_content, tree.copy),
            key_layer,
        ],
        target,
        owned,
    )
    check_boot_files(target)
    return ", ".join(f"{count} files {what}" for what, count in counts.items() if count or what == "placed")


def check_boot_files(target: Path) -> None:
    """Raise ContentError for all files that the installer starts from and that are not there."""
    missing = [
        name
        for name in ("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", iso.BIOS_IMAGE, media.STAGE2)
        if not (target / name).is_file()
    ]
    if missing:
        raise ContentError(f"the boot set lacks {', '.join(missing)}", hint="complete [boot_set] path of release.toml")
    for name in ("vmlinuz", "initrd.img"):
        one, other = target / "isolinux" / name, target / "images/pxeboot" / name
        if one.is_file() and tree.digest(one) != tree.digest(other):
            raise ContentError(
                f"{one}: is not the same file as {other}",
                hint="take both from one upstream release: CD and USB boot"
                " from the first, PXE and UEFI from the second",
            )


def render_menu(sources: tuple[Path, Path], one: Identity, target: Path) -> Sentence:
    """Write isolinux.cfg, boot.msg and help.txt with this version and label."""
    written = 0
    for relative in BOOT_TEXTS:
        source = need(sources, relative) if relative == BOOT_TEXTS[0] else find(sources, relative)
        if source:
            tree.write(target / relative, brand.RULES[relative](tree.read_text(source), one))
            written += 1
    return f"{written} files, titled {one.title}, label {one.volume}"


def render_grub(sources: tuple[Path, Path], one: Identity, target: Path) -> Sentence:
    """Write grub.cfg twice: beside the loaders, and inside efiboot.img, where UEFI reads it."""
    text = brand.grub(tree.read_text(need(sources, GRUB_CFG)), one)
    data = text.encode("utf-8", "surrogateescape")
    fat.replace_file(need(sources, iso.EFI_IMAGE), target / iso.EFI_IMAGE, GRUB_CFG, data, one.epoch)
    tree.write(target / GRUB_CFG, data)
    return f"2 copies of grub.cfg, label {one.volume}"


def write_comps(source: Path, lock_file: Path, groups: Groups, one: Identity, target: Path) -> Sentence:
    """Write comps.xml with this version, after holding it against the packages of the lock."""
    text = brand.titled(tree.read_text(source), one)
    parsed = comps.parse(text, source)
    comps.check(parsed, {pick.package.name for pick in read_lock(lock_file)}, set(groups.absent), source)
    tree.write(target, text)
    return f"{len(parsed.groups)} groups, {len(parsed.environments)} environments"


def make_repodata(lock_file: Path, comps_file: Path, tree_root: Path, epoch: int, memory: Path) -> Sentence:
    """Write repodata/ for the packages of the lock."""
    packages = [
        repo.Located(pick.package, tree_root / "Packages" / pick.package.filename, f"Packages/{pick.package.filename}")
        for pick in read_lock(lock_file)
    ]
    parsed = repo.make(packages, comps_file, tree_root / "repodata", epoch, memory)
    return f"{len(packages)} packages, {parsed} of them parsed now"


def make_product_image(content: Path, one: Identity, target: Path) -> Sentence:
    """Write product.img from product/, its release files rendered."""
    members = [rendered(member, one) for member in members_below(content / "product", str)]
    if not any(member.name == ".buildstamp" for member in members):
        raise ContentError(
            f"{content}/product/.buildstamp: is not there, the installer would call itself anaconda bluesky",
            hint="add it to the content tree, with [Main] and its keys",
        )
    return write_image(members, one.epoch, target)


def rendered(member: images.Member, one: Identity) -> images.Member:
    """Return a member of product.img with this version in it, where there is a rule for its file."""
    rule = brand.RULES.get(f"product/{member.name}")
    if rule is None:
        return member
    text = rule(member.data.decode("utf-8", "surrogateescape"), one)
    return images.Member(member.name, text.encode("utf-8", "surrogateescape"), member.executable)


def make_updates_image(
    updates: Path, skipped: Sequence[str], translations: Path, place: str, epoch: int, target: Path
) -> Sentence:
    """Write updates.img from updates/ and the translations."""
    own = members_below(updates, images.updates_name, skipped) if updates.is_dir() else []
    catalogues = members_below(translations, lambda relative: relative, only=".mo")
    images.check_catalogues({member.name: member.data for member in catalogues}, str(translations))
    placed = [images.Member(images.translation_name(one.name, PLACES[place]), one.data) for one in catalogues]
    return f"{write_image([*own, *placed], epoch, target)}, {len(placed)} languages"


def members_below(
    root: Path, name: Callable[[str], str], skipped: Iterable[str] = (), only: str = ""
) -> list[images.Member]:
    """Return the files below root as members of an image; executables stay executable."""
    everything = layers.layer(root.name, root, lambda relative: wanted(relative, skipped, only), tree.copy)
    return [
        images.Member(name(relative), tree.read_bytes(path), os.access(path, os.X_OK))
        for relative, path in everything.files.items()
    ]


def wanted(relative: str, skipped: Iterable[str], only: str) -> bool:
    """Return whether a file goes into an image."""
    from fnmatch import fnmatchcase

    return relative.endswith(only) and not any(fnmatchcase(relative, pattern) for pattern in skipped)


def write_image(members: Sequence[images.Member], epoch: int, target: Path) -> Sentence:
    """Write an overlay image."""
    data = images.image(members, epoch)
    tree.write(target, data)
    return f"{len(members)} files, {human(len(data))}"


def describe_tree(one: Identity, target: Path, memory: Path) -> Sentence:
    """Write .treeinfo, .discinfo and media.repo."""
    known = digests.Digests(memory)
    sums = {name: known.sha256(target / name) for name in media.CHECKED if (target / name).is_file()}
    known.save()
    tree.write(target / ".treeinfo", media.treeinfo(one, sums))
    tree.write(target / ".discinfo", media.discinfo(one))
    tree.write(target / "media.repo", media.media_repo(one))
    return f"{len(sums)} checksums"


def make_iso(one: Identity, tree_root: Path, on_medium: Callable[[str], bool], target: Path) -> Mapping[str, str]:
    """Write the ISO, seal it, and put its SHA-256 beside it."""
    files = medium_files(tree_root, on_medium)
    title = f"{one.product} {one.title}"
    medium = iso.Medium(one.volume, one.product, title, one.epoch, files)
    with tree.writing(target) as beside:
        iso.write(medium, beside)
        seal.implant(beside)
        digest = seal.sha256(beside)
    tree.write(target.with_name(f"{target.name}.sha256"), seal.checksum_line(digest, target.name))
    size = target.stat().st_size
    return {
        "did": f"{len(files)} files, {human(size)}",
        "result": f"{target}  {size} bytes ({human(size)})  sha256 {digest}",
    }


def verify_iso(
    one: Identity, lock_file: Path, tree_root: Path, on_medium: Callable[[str], bool], path: Path
) -> Sentence:
    """Read the finished ISO back and hold it against lock, tree and release."""
    expected = verify.Expected(one.volume, medium_files(tree_root, on_medium), read_lock(lock_file))
    return verify.verify(path, expected)


def medium_files(tree_root: Path, on_medium: Callable[[str], bool]) -> dict[str, Path]:
    """Return what goes on the medium: path on it -> file of the tree. Raises TreeError for links that lead astray."""
    return {name: tree.real_file(tree_root, name) for name in layers.listed(tree_root) if on_medium(name)}


def human(size: int) -> str:
    """Return a size as people read it."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024  # type: ignore[assignment]
    return f"{size:.1f} GiB"
