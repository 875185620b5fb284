# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a finished ISO, compared with what must be there: files, packages, repodata, .treeinfo."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.bases.enterprise_linux import ALL_FIRMWARE, Base
from smedoit.bases.known import USUAL
from smedoit.errors import Findings, PackageError
from smedoit.iso.boot_images import BIOS_LOADERS, blank_loader_info, has_mbr_code
from smedoit.iso.read import IsoImage
from smedoit.keys.keyring import PinnedKey
from smedoit.medium_paths import REPODATA, REPOMD, TREEINFO, repository_path
from smedoit.modularity.activation import find_metadata_faults
from smedoit.modularity.documents import ModuleMetadata, parse_module_metadata
from smedoit.modularity.sources import MODULES
from smedoit.package import Package
from smedoit.packages.places import FLAT, MediumLayout
from smedoit.packages.select import SelectedPackage, modular_nevras
from smedoit.repodata.parse import list_packages
from smedoit.repodata.read import read_metadata_record, read_repomd_records
from smedoit.runtime import files

SECTOR = 2048


@dataclass(frozen=True)
class ExpectedIso:
    """What must be on the ISO.

    layout  where its packages lie, and its repositories
    url     what a network install medium installs from
    task    what makes it
    keys    the pinned keys, one of which must have signed each package
    date    of the release, after which no package may be signed
    base    whose firmware and disk form it has
    """

    volume: str
    files: Mapping[str, Path]
    picks: Iterable[SelectedPackage]
    layout: MediumLayout = FLAT
    url: str = ""
    task: str = "iso"
    keys: Sequence[PinnedKey] = ()
    date: datetime | None = None
    firmware: tuple[str, ...] = ALL_FIRMWARE
    base: Base = USUAL


def check_iso_files(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """Every file of the tree is on the ISO, byte by byte, and nothing else is."""
    base = expected.base
    listed = set(expected.files) - set(base.unlisted)
    for name in sorted(listed - set(image.records)):
        findings.add("files", f"{name} is not on it")
    for name in sorted(set(image.records) - listed - {base.boot_catalog}):
        findings.add("files", f"{name} is on it, but not in the tree")
    for name in sorted(set(expected.files) & set(base.unlisted)):
        data = files.read_file_bytes(expected.files[name])
        good = _holds_efi_image(image, data) if name == base.uefi.image else has_mbr_code(image.at(0, 512), data)
        findings.check(good, "files", f"{name} differs from the tree")
    for name in sorted(listed & set(image.records)):
        if not name.endswith(".rpm") and not _matches_source(image, name, expected.files[name]):
            findings.add("files", f"{name} differs from the tree")


def _matches_source(image: IsoImage, name: str, source: Path) -> bool:
    """Return whether a file on the ISO is what it should be; what BIOS starts has its own place filled in."""
    if name in BIOS_LOADERS:
        return blank_loader_info(name, image.read(name)) == blank_loader_info(name, files.read_file_bytes(source))
    with source.open("rb") as file:
        equal = all(file.read(len(data)) == data for data in image.blocks(name))
        return equal and not file.read(1)


def _holds_efi_image(image: IsoImage, wanted: bytes) -> bool:
    """Return whether the partition that UEFI starts is a file, and zeros to the end of its last sector."""
    found = image.read_efi_image()
    return (
        found[: len(wanted)] == wanted and len(found) - len(wanted) < SECTOR and not found[len(wanted) :].strip(b"\0")
    )


def check_iso_repodata(image: IsoImage, expected: ExpectedIso, findings: Findings) -> None:
    """In each repository repomd.xml fits its files, and primary lists exactly its packages, with their digests.

    Module metadata names exactly the modular packages, and defaults that dnf can follow.
    """
    modules = ModuleMetadata()
    for repository, picks in expected.layout.by_repository(expected.picks).items():
        place, packages = repository_path(repository, ""), expected.layout.locate_packages(picks)
        modules = modules.merged(_check_one_repository(image, place, packages, findings))
    described = {nevra for stream in modules.streams for nevra in stream.artifacts}
    for nevra in sorted(described ^ modular_nevras(expected.picks)):
        findings.add("modules", f"module metadata and the lock differ about {nevra}")
    for fault in find_metadata_faults(modules, expected.base.platform):
        findings.add("modules", fault)


def _check_one_repository(
    image: IsoImage, base: str, packages: Mapping[str, Package], findings: Findings
) -> ModuleMetadata:
    """Hold the repodata of one repository against its packages, and return its module metadata.

    base  its directory, with a slash at its end
    """
    if f"{base}{REPOMD}" not in image.records:
        findings.add("repodata", f"{base}{REPODATA} cannot be read: it has no repomd.xml")
        return ModuleMetadata()
    with TemporaryDirectory() as directory:
        repomd = Path(directory) / REPOMD
        repomd.parent.mkdir()
        for name in (name for name in image.records if name.startswith(f"{base}{REPODATA}/")):
            (repomd.parent / Path(name).name).write_bytes(image.read(name))
        try:
            records = read_repomd_records(repomd)
            primary = repomd.parent / Path(records["primary"].location_href).name
            listed = {base + package.href: package.checksum for package in list_packages(primary)}
            modules = parse_module_metadata(read_metadata_record(repomd, MODULES) or b"", MODULES)
        except (KeyError, PackageError) as error:
            findings.add("repodata", f"{base}{REPODATA} cannot be read: {str(error).splitlines()[0]}")
            return ModuleMetadata()
    for record in records.values():
        name = base + record.location_href
        good = name in image.records and image.sha256(name) == record.checksum
        findings.check(good, "repodata", f"repomd.xml does not fit {name}")
    wanted = {path: package.sha256 for path, package in packages.items()}
    for href in sorted({href for href, _ in set(listed.items()) ^ set(wanted.items())}):
        findings.add("repodata", f"primary and the lock differ about {href}")
    return modules


def check_treeinfo(image: IsoImage, _: ExpectedIso, findings: Findings) -> None:
    """.treeinfo loads, and its checksums are those of the files on the ISO."""
    from productmd.treeinfo import TreeInfo

    info = TreeInfo()
    try:
        info.loads(image.read(TREEINFO).decode("utf-8"))
    except Exception as error:
        findings.add(TREEINFO, f"cannot be read: {error}")
        return
    for variant in info.variants.get_variants():
        place = variant.paths.repository
        has_metadata = place is None or posixpath.normpath(f"{place}/{REPOMD}") in image.records
        findings.check(has_metadata, TREEINFO, f"the installer ends at {variant.uid}, whose repository has no metadata")
    for name, (_kind, digest) in sorted(info.checksums.checksums.items()):
        good = name in image.records and image.sha256(name) == digest
        findings.check(good, TREEINFO, f"its checksum of {name} is wrong")
