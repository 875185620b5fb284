# SPDX-License-Identifier: GPL-3.0-or-later
"""A foreign medium looked through before anything is written: its files by layer, its packages, images and names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.bases.enterprise_linux import ALL_FIRMWARE, Base
from smedoit.bases.known import USUAL
from smedoit.bootset import kernels
from smedoit.branding.buildstamp import READ_PLACES
from smedoit.compare import places, sides
from smedoit.compare.places import ISO, IsoPlace, ReleasePlace
from smedoit.config.identity import TOP
from smedoit.errors import ContentError, VerifyError, format_grouped
from smedoit.fetch import index_pages
from smedoit.importing import facts, layout
from smedoit.importing.facts import ImportedIdentity, MediumTexts
from smedoit.importing.layout import Layer
from smedoit.installer import cpio
from smedoit.installer.cpio import CpioMember
from smedoit.iso.boot_records import SECTOR
from smedoit.iso.read import IsoImage
from smedoit.keys.openpgp import OpenPgpSignature
from smedoit.medium_paths import (
    DISCINFO,
    GRUB_CFG,
    KERNEL,
    NETINSTALL_IMAGE,
    PRODUCT_IMG,
    TREEINFO,
    UPDATES_IMG,
)
from smedoit.package import Package
from smedoit.rpm import reader, signatures
from smedoit.runtime import files, progress

LARGEST_TEXT = 4 << 20
LARGEST_KERNEL = 64 << 20  # four times that of Enterprise Linux 10


@dataclass
class MediumSurvey:
    """What lies on a medium.

    base         what it is built on
    layers       layer -> its files
    packages     file -> what its header says
    signatures   file -> what its signatures say of themselves
    overlays     path of an image -> path in the installer -> file
    network      path -> content of the files of the network install medium that the tree does not have so
    unexplained  path -> why nothing becomes of it
    """

    place: ReleasePlace
    base: Base = USUAL
    layers: dict[Layer, list[str]] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    signatures: dict[str, list[OpenPgpSignature]] = field(default_factory=dict)
    overlays: dict[str, dict[str, CpioMember]] = field(default_factory=dict)
    network: dict[str, bytes] = field(default_factory=dict)
    unexplained: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return the text of a file, "" if it is not there. Raises FileError."""
        if name not in self.place.names():
            return ""
        return places.read_place_file(self.place, name, LARGEST_TEXT).decode("utf-8", "surrogateescape")

    @property
    def firmware(self) -> tuple[str, ...]:
        """What it starts from."""
        return layout.list_firmware(self.place.names(), self.base)

    @property
    def is_flat(self) -> bool:
        """Whether its packages lie in one repository at its top, and not in those that its base would have."""
        return not any(name.partition("/")[0] in self.base.repositories for name in self.packages)

    @property
    def is_network(self) -> bool:
        """Whether it is a medium that installs from the network: it has no packages, and its menu names an address."""
        return not self.packages and bool(self.addresses)

    @property
    def addresses(self) -> list[str]:
        """The addresses that its own menus install from."""
        return sorted(set(facts.menu_addresses(self.menus)))

    @property
    def menus(self) -> list[str]:
        """The texts of its boot menus."""
        return [text for name in (self.base.bios.menu, GRUB_CFG) if (text := self.text(name))]


def survey_place(place: ReleasePlace, shown: str) -> MediumSurvey:
    """Look through a medium.

    shown  what it is called in sentences

    Raises ContentError for one that is built on another base, or lacks what it needs to be one.
    """
    survey = MediumSurvey(place, unexplained=dict(place.odd))
    _read_packages(survey)
    survey.base = _find_base(survey, shown)
    for name in place.names():
        layer, reason = layout.find_layer(name, survey.base)
        survey.layers.setdefault(layer, []).append(name)
        if layer is Layer.LEFT:
            survey.unexplained[name] = reason
        elif layer is Layer.MADE:
            survey.made[name] = reason
    _refuse_incomplete(survey, shown)
    for name in survey.layers.get(Layer.OVERLAY, []):
        _open_overlay(survey, name)
    if NETINSTALL_IMAGE in survey.layers.get(Layer.NETINSTALL, []):
        _open_network_medium(survey)
    return survey


def _read_packages(survey: MediumSurvey) -> None:
    """Read the headers of all packages; what is none is not explained."""
    names = [name for name in survey.place.names() if layout.find_layer(name)[0] is Layer.PACKAGE]
    for name in progress.track_progress(names, len(names), "reading headers"):
        meta = sides.open_place_header(survey.place, name)
        package = reader.read_unverified_header(meta, name, survey.place.size(name)) if meta else None
        if not meta or not package:
            survey.unexplained[name] = "is no package, or a damaged one"
        elif package.is_source:
            survey.unexplained[name] = "is a source package, which goes on the source medium"
        else:
            survey.packages[name] = package
            survey.signatures[name] = signatures.list_signatures(meta)


def _find_base(survey: MediumSurvey, shown: str) -> Base:
    """Return what a medium is built on. Raises ContentError for what no world can be made of."""
    releases = [package.evr.release for package in survey.packages.values()] or _kernel_versions(survey.place)
    base = layout.detect_base(survey.place.names(), survey.text(TREEINFO), releases)
    if isinstance(base, str):
        is_unknown = base.endswith(layout.UNNAMED)
        hint = "import the tree that it installs from, or the ISO that has the packages" if is_unknown else ""
        raise ContentError(f"{shown}: is built on {base}; {layout.KNOWN} only", hint=hint)
    return base


def _kernel_versions(place: ReleasePlace) -> list[str]:
    """Return the version of a medium's kernel, 4.18.0-553.el8_10.x86_64, if it has one that tells it."""
    if KERNEL not in place.names():
        return []
    with TemporaryDirectory() as beside:
        kernel = Path(beside) / "kernel"
        files.write_file(kernel, places.read_place_file(place, KERNEL, LARGEST_KERNEL))
        try:
            return sorted(kernels.vmlinuz_version(kernel))
        except kernels.KernelVersionError:
            return []


def _refuse_incomplete(survey: MediumSurvey, shown: str) -> None:
    """Raise ContentError for a medium that lacks what no world can be made without."""
    missing = layout.list_missing_parts(survey.place.names(), len(survey.packages), survey.addresses, survey.base)
    if missing:
        raise ContentError(
            f"{shown}: is no whole installation medium\n{format_grouped(missing)}",
            hint="name the top of a tree (stage/VERSION/ARCH, smeos/ARCH), or an ISO for installations",
        )


def _open_overlay(survey: MediumSurvey, name: str) -> None:
    """Unpack product.img or updates.img; what an image of ours cannot hold is not explained."""
    data = places.read_place_file(survey.place, name, sides.LARGEST_IMAGE)
    try:
        members, special = cpio.unpack_overlay(data, name)
    except ContentError as error:
        survey.unexplained[name] = f"cannot be taken apart, {str(error).removeprefix(f'{name}: ')}"
        return
    held: dict[str, CpioMember] = {}
    for member in members:
        inner = member.name.removeprefix("./")
        if (reason := index_pages.path_danger(inner)) or not inner.isprintable():
            survey.unexplained[f"{name}/{inner}"] = f"its name {reason or 'is not UTF-8'}"
        elif layout.is_passed_over(inner):
            survey.unexplained[f"{name}/{inner}"] = layout.PASSED_OVER
        else:
            held[inner] = member
    for inner in special:
        survey.unexplained[f"{name}/{inner.removeprefix('./')}"] = (
            "is a link or a device, and an image of ours has files"
        )
    survey.overlays[name] = held


def _open_network_medium(survey: MediumSurvey) -> None:
    """Take from images/boot.iso what the tree itself does not have so."""
    with nested_image(survey.place, NETINSTALL_IMAGE) as path:
        try:
            inner = IsoPlace(path)
        except VerifyError as error:
            reason = str(error).splitlines()[0].partition(": ")[2]
            survey.unexplained[NETINSTALL_IMAGE] = f"cannot be taken apart, it {reason}"
            return
        for name in inner.names():
            if layout.find_layer(name, survey.base)[0] is Layer.BOTH:
                data = places.read_place_file(inner, name, sides.LARGEST_IMAGE)
                own = survey.place.names()
                if name not in own or data != places.read_place_file(survey.place, name, sides.LARGEST_IMAGE):
                    survey.network[name] = data


@contextmanager
def nested_image(place: ReleasePlace, name: str) -> Iterator[Path]:
    """Yield an image that lies on a medium as a file that can be opened."""
    if place.kind != ISO:
        yield place.path / name
        return
    with TemporaryDirectory() as directory:
        path = Path(directory) / "nested.iso"
        with files.wrap_os_errors(path, "written"), path.open("wb") as file:
            for block in place.blocks(name):
                file.write(block)
        yield path


def identify_medium(survey: MediumSurvey, file_name: str) -> ImportedIdentity:
    """Return what a medium is called."""
    name = survey.base.bios.menu
    menu = survey.text(name) if survey.is_network else survey.network.get(name, b"").decode("utf-8", "replace")
    label = sides.volume_label(survey.place.image) if isinstance(survey.place, IsoPlace) else _tree_label(survey.menus)
    found = facts.identify_release(
        MediumTexts(
            treeinfo=survey.text(TREEINFO),
            discinfo=survey.text(DISCINFO),
            buildstamp=_find_buildstamp(survey.overlays),
            menus=survey.menus,
            network=menu,
            label="" if survey.is_network else label,
            file=file_name,
            created=_writing_time(survey.place.image) if isinstance(survey.place, IsoPlace) else 0,
            packages=[(package.name, package.evr.version) for package in survey.packages.values()],
            base=survey.base.name,
        )
    )
    more: dict[str, object] = {}
    if survey.firmware != ALL_FIRMWARE:
        more["firmware"] = list(survey.firmware)
    if survey.is_flat and survey.base.repositories != ("",):
        more["repositories"] = [TOP]
    return replace(found, release={**found.release, **more}) if more else found


def _writing_time(image: IsoImage) -> int:
    """Return when an ISO was written, in seconds since 1970, by its volume descriptor; 0 if that does not say."""
    field = image.at(16 * SECTOR + 813, 17)  # ECMA-119, 8.4.26: digits, hundredths, quarters of an hour from UTC
    try:
        local = datetime.strptime(field[:14].decode("ascii", "replace"), "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
        return int(local.timestamp()) - 900 * int.from_bytes(field[16:17], "little", signed=True)
    except ValueError:
        return 0


def _tree_label(menus: Sequence[str]) -> str:
    """Return the one label that the menus of a tree look for, "" if they differ."""
    from smedoit.branding import render

    labels = {label for menu in menus for label in render.menu_labels(menu)}
    return labels.pop() if len(labels) == 1 else ""


def _find_buildstamp(overlays: Mapping[str, Mapping[str, CpioMember]]) -> str:
    """Return the text of the .buildstamp that the installer reads last, "" without one."""
    for image in (UPDATES_IMG, PRODUCT_IMG):
        for inner in reversed(READ_PLACES):
            if member := overlays.get(image, {}).get(inner):
                return member.data.decode("utf-8", "surrogateescape")
    return ""
