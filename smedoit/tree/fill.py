"""Boot set, content and keys to the tree: plain files from their layers, boot menus rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from smedoit.branding import rules
from smedoit.config.branding import Rule
from smedoit.config.identity import Identity
from smedoit.errors import ContentError
from smedoit.fat import volume
from smedoit.iso import write
from smedoit.runtime import digests, files
from smedoit.tree import layers, treeinfo

GRUB_CFG = "EFI/BOOT/grub.cfg"
BOOT_TEXTS = ("isolinux/isolinux.cfg", "isolinux/boot.msg", "isolinux/help.txt")


def fill(
    sources: tuple[Path, Path],
    pinned: Sequence[Path],
    one: Identity,
    own: Sequence[Rule],
    from_boot_set: Callable[[str], bool],
    from_content: Callable[[str], bool],
    owned: Callable[[str], bool],
    target: Path,
) -> str:
    """Make target show boot set, content and keys, in this order; the later one wins."""
    content, boot_set = sources

    def place(source: Path, place_in_tree: Path) -> None:
        copy_rendered(source, place_in_tree, source.relative_to(content).as_posix(), one, own)

    key_layer = layers.Layer("keys", {path.name: path for path in pinned}, files.copy)
    counts = layers.apply(
        [
            layers.layer("boot set", boot_set, from_boot_set, files.link),
            layers.layer("content tree", content, from_content, place),
            key_layer,
        ],
        target,
        owned,
    )
    check_boot_files(target)
    return ", ".join(f"{count} files {what}" for what, count in counts.items() if count or what == "in all")


def copy_rendered(source: Path, target: Path, relative: str, one: Identity, own: Sequence[Rule]) -> None:
    """Copy a file of the content tree, with this version in it where there is a rule for it."""
    if rules.rule_for(relative, own):
        files.write(target, rules.render(relative, files.read_text(source), one, own))
    else:
        files.copy(source, target)


def check_boot_files(target: Path) -> None:
    """Raise ContentError for all files that the installer starts from and that are not there."""
    missing = [
        name
        for name in ("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", write.BIOS_IMAGE, treeinfo.STAGE2)
        if not (target / name).is_file()
    ]
    if missing:
        raise ContentError(f"the boot set lacks {', '.join(missing)}", hint="complete [boot_set] path of release.toml")
    for name in ("vmlinuz", "initrd.img"):
        one, other = target / "isolinux" / name, target / "images/pxeboot" / name
        if one.is_file() and files.digest(one) != files.digest(other):
            raise ContentError(
                f"{one}: is not the same file as {other}",
                hint="take both from one upstream release: CD and USB boot"
                " from the first, PXE and UEFI from the second",
            )


def render_menu(sources: tuple[Path, Path], one: Identity, own: Sequence[Rule], target: Path) -> str:
    """Write isolinux.cfg, boot.msg and help.txt with this version and label."""
    written = 0
    for relative in BOOT_TEXTS:
        source = need(sources, relative) if relative == BOOT_TEXTS[0] else find(sources, relative)
        if source:
            files.write(target / relative, rules.render(relative, files.read_text(source), one, own))
            written += 1
    return f"{written} files, titled {one.title}, label {one.volume}"


def render_grub(sources: tuple[Path, Path], one: Identity, own: Sequence[Rule], target: Path) -> str:
    """Write grub.cfg twice: beside the loaders, and inside efiboot.img, where UEFI reads it."""
    text = rules.render(GRUB_CFG, files.read_text(need(sources, GRUB_CFG)), one, own)
    data = text.encode("utf-8", "surrogateescape")
    volume.replace_file(need(sources, write.EFI_IMAGE), target / write.EFI_IMAGE, GRUB_CFG, data, one.epoch)
    files.write(target / GRUB_CFG, data)
    return f"2 copies of grub.cfg, label {one.volume}"


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


def describe(one: Identity, target: Path, memory: Path) -> str:
    """Write .treeinfo, .discinfo and media.repo."""
    known = digests.Digests(memory)
    sums = {name: known.sha256(target / name) for name in treeinfo.CHECKED if (target / name).is_file()}
    known.save()
    files.write(target / ".treeinfo", treeinfo.treeinfo(one, sums))
    files.write(target / ".discinfo", treeinfo.discinfo(one))
    files.write(target / "media.repo", treeinfo.media_repo(one))
    return f"{len(sums)} checksums"
