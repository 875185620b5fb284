"""Read a finished ISO back with fresh eyes: nothing is taken from memory, all from its bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit import bootrecords, brand, fat, progress, seal, tree
from smedoit.bootrecords import BLOCK, SECTOR, Broken
from smedoit.errors import ContentError, TreeError, VerifyError, grouped
from smedoit.findings import Findings
from smedoit.isoimage import Image, damage
from smedoit.stage import Pick

LOADER, EFI_IMAGE, CATALOG = "isolinux/isolinux.bin", "images/efiboot.img", "isolinux/boot.cat"
MENUS = ("isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg")
BOOT_INFO = slice(8, 64)  # what mkisofs and its kin write into isolinux.bin on the medium


@dataclass(frozen=True)
class Expected:
    """What the ISO must say."""

    volume: str
    files: Mapping[str, Path]
    picks: Iterable[Pick]


def verify(path: Path, expected: Expected) -> str:
    """Hold the ISO at path against what it must say; return what was checked.

    Raises VerifyError with everything that is wrong with it, by kind.
    """
    if not path.is_file():
        raise VerifyError(f"{path}: there is no ISO yet", hint="run doit iso first")
    findings = Findings()
    with tree.worded(path, "read"):
        image = Image(path)
        checks: tuple[Callable[[Image, Expected, Findings], None], ...] = (
            check_seal,
            check_volume,
            check_boot_records,
            check_partitions,
            check_files,
            check_packages,
            check_repodata,
            check_labels,
            check_treeinfo,
        )
        for check in progress.track(checks, len(checks), "verifying"):
            try:
                check(image, expected, findings)
            except damage() as error:
                findings.add("damage", f"{check.__name__.replace('_', ' ')}: {error}")
    if findings.found:
        raise VerifyError(
            f"{path}:\n{grouped(findings.found)}", hint="delete it and run doit; if that does not help, send the log"
        )
    return f"{len(image.records)} files, seal, boot records, labels, repodata and .treeinfo are right"


def check_seal(image: Image, _: Expected, findings: Findings) -> None:
    """The implanted MD5 and the checksum file beside the ISO."""
    try:
        findings.check(seal.implanted(image.path) == seal.media_sums(image.path), "seal", "the implanted MD5 is wrong")
    except VerifyError as error:
        findings.add("seal", str(error).splitlines()[0])
    beside = image.path.with_name(f"{image.path.name}.sha256")
    line = seal.checksum_line(seal.sha256(image.path), image.path.name)
    findings.check(beside.is_file() and beside.read_text() == line, "seal", f"{beside.name} does not hold its SHA-256")


def check_volume(image: Image, expected: Expected, findings: Findings) -> None:
    """The volume id, and the Joliet label, which must be its beginning."""
    label = image.at(16 * SECTOR + 40, 32).decode("ascii", "replace").rstrip(" ")
    findings.check(label == expected.volume, "label", f"the volume id is {label!r}, not {expected.volume!r}")
    joliet = image.iso.joliet_vd.volume_identifier.decode("utf-16_be").rstrip(" ")
    findings.check(joliet == expected.volume[:16].rstrip(" "), "label", f"the Joliet label is {joliet!r}")


def check_boot_records(image: Image, _: Expected, findings: Findings) -> None:
    """The El Torito catalogue leads to isolinux.bin and efiboot.img, and isolinux.bin knows where it is."""
    try:
        entries = bootrecords.catalogue(image.at(catalogue_at(image), SECTOR))
    except Broken as error:
        findings.add("boot records", str(error))
        return
    wanted = [(bootrecords.BIOS, place(image, LOADER)), (bootrecords.EFI, place(image, EFI_IMAGE))]
    found = [(entry.platform, entry.sector) for entry in entries]
    findings.check(found == wanted, "boot records", f"the catalogue leads to {found}, not to {wanted}")
    loader = image.read(LOADER)
    table = (16, place(image, LOADER), len(loader), bootrecords.boot_info_sum(loader))
    findings.check(bootrecords.boot_info(loader) == table, "boot records", f"the boot info table of {LOADER} is wrong")


def catalogue_at(image: Image) -> int:
    """Return the offset of the boot catalogue. Raises Broken."""
    return bootrecords.catalogue_sector(image.at(16 * SECTOR, 16 * SECTOR)) * SECTOR


def place(image: Image, name: str) -> int:
    """Return the sector at which a file starts, -1 if it is not there."""
    return int(image.records[name].extent_location()) if name in image.records else -1


def check_partitions(image: Image, _: Expected, findings: Findings) -> None:
    """MBR and both GPTs lead to the same two places, and their checksums are right."""
    efi = place(image, EFI_IMAGE) * SECTOR // BLOCK
    head = image.at(0, BLOCK)
    try:
        first, second = bootrecords.mbr(head)[:2]
        findings.check(
            first.active and first.first == 0, "partitions", "the MBR's first partition is not the whole ISO"
        )
        findings.check(
            (second.kind, second.first) == (bootrecords.EFI_SYSTEM, efi),
            "partitions",
            "the MBR does not lead to efiboot.img",
        )
        loader = bootrecords.hybrid_loader(head) * BLOCK // SECTOR
        findings.check(loader == place(image, LOADER), "partitions", "the MBR does not lead to isolinux.bin")
        check_tables(image, efi, findings)
    except (Broken, ValueError) as error:
        findings.add("partitions", str(error))


def check_tables(image: Image, efi: int, findings: Findings) -> None:
    """Both GPTs: each where the other says it is, each with efiboot.img. Raises Broken."""
    last = image.size() // BLOCK - 1
    tables = [read_gpt(image, 1), read_gpt(image, last)]
    places = [(table.own, table.other) for table in tables]
    findings.check(places == [(1, last), (last, 1)], "partitions", f"the two GPTs are at {places} by their own words")
    for table in tables:
        starts = {partition.first for partition in table.partitions}
        findings.check(efi in starts, "partitions", f"the GPT at block {table.own} does not lead to efiboot.img")


def read_gpt(image: Image, block: int) -> bootrecords.Gpt:
    """Return the table whose header is at a block. Raises Broken."""
    header = image.at(block * BLOCK, BLOCK)
    return bootrecords.gpt(header, image.at(bootrecords.gpt_entries_block(header) * BLOCK, 128 * 128))


def check_files(image: Image, expected: Expected, findings: Findings) -> None:
    """Every file of the tree is on the ISO, byte by byte, and nothing else is."""
    for name in sorted(set(expected.files) - set(image.records)):
        findings.add("files", f"{name} is not on it")
    for name in sorted(set(image.records) - set(expected.files) - {CATALOG}):
        findings.add("files", f"{name} is on it, but not in the tree")
    for name in sorted(set(expected.files) & set(image.records)):
        if not name.endswith(".rpm") and not same(image, name, expected.files[name]):
            findings.add("files", f"{name} differs from the tree")


def same(image: Image, name: str, source: Path) -> bool:
    """Return whether a file on the ISO is what it should be; isolinux.bin has its boot info table filled in."""
    if name == LOADER:
        found, wanted = image.read(name), tree.read_bytes(source)
        return without_boot_info(found) == without_boot_info(wanted)
    with source.open("rb") as file:
        equal = all(file.read(len(data)) == data for data in image.blocks(name))
        return equal and not file.read(1)


def without_boot_info(loader: bytes) -> bytes:
    """Return isolinux.bin without the table that the medium's writer fills in."""
    return loader[: BOOT_INFO.start] + loader[BOOT_INFO.stop :]


def check_packages(image: Image, expected: Expected, findings: Findings) -> None:
    """The packages are those of the lock, by their SHA-256."""
    wanted = {f"Packages/{pick.package.filename}": pick.package.sha256 for pick in expected.picks}
    there = {name for name in image.records if name.endswith(".rpm")}
    for name in sorted(there ^ set(wanted)):
        findings.add("packages", f"{name} is {'not in the lock' if name in there else 'missing'}")
    for name in sorted(there & set(wanted)):
        findings.check(image.sha256(name) == wanted[name], "packages", f"{name} is not the file that the lock names")


def check_repodata(image: Image, expected: Expected, findings: Findings) -> None:
    """repomd.xml fits its files, and primary lists exactly the packages, with their digests."""
    import createrepo_c as cr

    with TemporaryDirectory() as directory:
        for name in (name for name in image.records if name.startswith("repodata/")):
            (Path(directory) / Path(name).name).write_bytes(image.read(name))
        try:
            repomd = cr.Repomd(f"{directory}/repomd.xml")
            records = {record.type: record for record in repomd.records}
            listed: dict[str, str] = {}
            primary = Path(directory) / Path(records["primary"].location_href).name
            cr.xml_parse_primary(
                str(primary), pkgcb=lambda one: listed.update({one.location_href: one.pkgId}), do_files=False
            )
        except (KeyError, cr.CreaterepoCError, OSError) as error:
            findings.add("repodata", f"cannot be read: {error}")
            return
    for record in records.values():
        good = record.location_href in image.records and image.sha256(record.location_href) == record.checksum
        findings.check(good, "repodata", f"repomd.xml does not fit {record.location_href}")
    wanted = {f"Packages/{pick.package.filename}": pick.package.sha256 for pick in expected.picks}
    for href in sorted({href for href, _ in set(listed.items()) ^ set(wanted.items())}):
        findings.add("repodata", f"primary and the lock differ about {href}")


def check_labels(image: Image, expected: Expected, findings: Findings) -> None:
    """Both boot menus, and the grub.cfg inside efiboot.img, look for this volume and no other."""
    texts = {name: image.read(name) for name in MENUS}
    with TemporaryDirectory() as directory:
        efiboot = Path(directory) / "efiboot.img"
        efiboot.write_bytes(image.read(EFI_IMAGE))
        try:
            texts[f"grub.cfg in {EFI_IMAGE}"] = fat.read_file(efiboot, "EFI/BOOT/grub.cfg")
        except (ContentError, TreeError) as error:
            findings.add("label", re.sub(r"^.*/efiboot\.img", EFI_IMAGE, str(error).splitlines()[0]))
    for name, data in texts.items():
        found = brand.labels(data.decode("utf-8", "replace"))
        findings.check(
            found == {expected.volume}, "label", f"{name} looks for {', '.join(sorted(found)) or 'no label'}"
        )


def check_treeinfo(image: Image, _: Expected, findings: Findings) -> None:
    """.treeinfo loads, and its checksums are those of the files on the ISO."""
    from productmd.treeinfo import TreeInfo

    info = TreeInfo()
    try:
        info.loads(image.read(".treeinfo").decode("utf-8"))
    except Exception as error:
        findings.add(".treeinfo", f"cannot be read: {error}")
        return
    for name, (_kind, digest) in sorted(info.checksums.checksums.items()):
        good = name in image.records and image.sha256(name) == digest
        findings.check(good, ".treeinfo", f"its checksum of {name} is wrong")
