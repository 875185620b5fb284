# SPDX-License-Identifier: GPL-3.0-or-later
"""A base: the major of Enterprise Linux that a release is built on, and all that its installer, firmware and dnf want.

Nobody asks which base it is. Who needs to know something of a base asks for that, and what is asked for stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from smedoit.bases.boot_options import BootOptions
from smedoit.medium_paths import INITRD, KERNEL, OVERLAYS

BIOS, UEFI = "bios", "uefi"
ALL_FIRMWARE = (BIOS, UEFI)


class DiskForm(Enum):
    """How a medium looks as a disk, for a USB stick: who makes it so, and what stands in MBR and GPT."""

    ISOHYBRID = "isohybrid"  # MBR and GPT over all of it, as isohybrid --uefi of syslinux
    BASIC_DATA = "basic-data"  # as xorrisofs -isohybrid-mbr isohdpfx.bin -isohybrid-gpt-basdat
    APPENDED = "appended"  # protective MBR and GPT, efiboot.img behind the file system, as xorrisofs --grub2-mbr


class Configuration(Enum):
    """Where an installer has what a product decides: by which files, and by what it chooses one."""

    INSTALL_CLASSES = "installclasses"  # Python classes, by sortPriority
    PRODUCTS = "product.d"  # by Product and Variant of .buildstamp
    PROFILES = "profile.d"  # by ID and VARIANT_ID of os-release

    @property
    def chosen_by(self) -> str:
        """What the installer chooses by, as sentences say it."""
        return {
            Configuration.INSTALL_CLASSES: "sortPriority",
            Configuration.PRODUCTS: "Product and Variant of .buildstamp",
            Configuration.PROFILES: "ID and VARIANT_ID of os-release",
        }[self]

    @property
    def sections(self) -> Mapping[str, Mapping[str, str]]:
        """Sections and keys by which a file is chosen and based; {product} and {id} stand for ours."""
        return {
            Configuration.INSTALL_CLASSES: dict[str, dict[str, str]](),
            Configuration.PRODUCTS: {
                "Product": {"product_name": "{product}"},
                "Base Product": {"product_name": "Red Hat Enterprise Linux"},
            },
            Configuration.PROFILES: {
                "Profile": {"profile_id": "{id}", "base_profile": "rhel"},
                "Profile Detection": {"os_id": "{id}"},
            },
        }[self]


class Loader(Enum):
    """A boot loader, in whose language the menu is written."""

    ISOLINUX = "isolinux"
    GRUB = "grub"


@dataclass(frozen=True)
class FirmwareBoot:
    """What one firmware starts on a medium.

    loader    which boot loader it is
    image     what the El Torito catalogue leads to
    menu      what the boot loader reads
    texts     menu and what it shows, in the versions and names of a release
    needed    what a boot set must have besides the image, without which the loader comes to nothing
    patterns  of the files that only this firmware reads
    twins     kernel and initrd beside the loader -> the files that they are equal to, which PXE and UEFI read
    modules   directory of the loader's modules, "" for one that has them in itself
    """

    loader: Loader
    image: str
    menu: str
    texts: tuple[str, ...]
    needed: tuple[str, ...]
    patterns: tuple[str, ...]
    twins: Mapping[str, str]
    modules: str


@dataclass(frozen=True)
class PracticeUpstream:
    """The distribution whose boot set a practice world has in its shape.

    ident    its ID in os-release, and the directory of its shim
    product  what its .buildstamp says
    label    of its DVD, which its menus look for
    epoch    when it was made, in seconds: a boot set is older than what is built from it
    entries  further entries of its menus, below Troubleshooting -> what their boot line has
    """

    name: str
    ident: str
    product: str
    bug_url: str
    version: str
    label: str
    epoch: int
    entries: Mapping[str, str]


@dataclass(frozen=True)
class PythonRuntime:
    """The Python that the installer runs with.

    version  major and minor
    site     directory of its packages in the installer, pyanaconda among them
    """

    version: tuple[int, int]
    site: str

    @property
    def is_python2(self) -> bool:
        """Whether it is a Python 2."""
        return self.version < (3,)

    def __str__(self) -> str:
        return f"Python {self.version[0]}.{self.version[1]}"


class OwnSignatures(Enum):
    """Which signatures of a key on itself an rpm verifies, and needs to be good."""

    NONE = "none"
    BINDINGS = "bindings"  # those on subkeys, each of them, or the key is not imported
    ALL = "all"  # one on the key itself, and that on the subkey that signs


STAMP_NAME = ".buildstamp"


@dataclass(frozen=True)
class BuildStamp:
    """How an installer reads .buildstamp.

    places  in the installer; what the last one says wins
    asked   key of [Main] in small letters -> its spelling, and its value where no file has it
    """

    places: tuple[str, ...]
    asked: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class BaseRpm:
    """What one rpm verifies and unpacks.

    name        as sentences say it
    tags        of the signatures that it looks at, the one first that it installs by; it passes over all others
    later_tags  which its later builds look at, too: they count where there is none of tags
    versions    of signatures that it can check
    algorithms  of the keys that made them
    hashes      digests in them
    rsa_bits    of an RSA key at least
    dsa_bits    of a DSA key at most: longer ones have a number in their signatures that it has no room for
    subkeys     whether a subkey's signature counts
    own         which signatures of a key on itself it verifies
    payloads    compressions of a payload that it unpacks
    features    what it is able to, as packages ask for with rpmlib()
    """

    name: str
    tags: tuple[str, ...]
    later_tags: tuple[str, ...]
    versions: tuple[int, ...]
    algorithms: tuple[str, ...]
    hashes: tuple[str, ...]
    rsa_bits: int
    dsa_bits: int
    subkeys: bool
    own: OwnSignatures
    payloads: tuple[str, ...]
    features: tuple[str, ...]


@dataclass(frozen=True)
class AddedByInstaller:
    """Packages that an installer adds by itself: name -> when. Where one is absent, an installation stops.

    always      to every installation
    under_uefi  besides, on a machine with UEFI
    offered     on any machine, by a choice that its windows offer
    sometimes   on some machines only: what these have
    """

    always: Mapping[str, str]
    under_uefi: Mapping[str, str]
    offered: Mapping[str, str]
    sometimes: Mapping[str, str]


@dataclass(frozen=True)
class Base:
    """One major of Enterprise Linux, as far as a medium and its packages are concerned.

    name            in [release] base
    words           as sentences say it
    dist            what %{?dist} is for our own packages
    tiers           repositories of the product on it that mirrors carry beside smeos
    boots           firmware -> what it starts
    disk            how a medium looks as a disk
    boot_catalog    path of the El Torito catalogue, "" for one that no directory shows
    efi_in_tree     whether the medium has images/efiboot.img as a file; else as a partition only
    mbr_image       file of the boot set whose code goes into the MBR, "" where who writes the medium has it
    stage2          path of the installer's runtime
    flat_stage2     whether a stage 2 may be the root file system itself, and not hold it as LiveOS/rootfs.img
    erofs_stage2    whether a stage 2 may be an erofs image, and not only a squashfs image
    escaped_labels  whether a label may have blanks and dots; else "-" stands for them
    plain_options   whether boot options without inst. count
    options         what the installer makes of the words of a boot line
    kickstart       the syntax of its kickstart files, as pykickstart calls it
    anaconda        version of the installer, by which the tables of what it asks for are called
    configuration   where the installer has what a product decides
    unmatched       product whose configuration counts where .buildstamp's has none; "" for NAME of os-release
    stamp           how the installer reads .buildstamp
    reads_updates   whether it reads run/install/updates and run/install/product
    python          what the installer runs with
    gtk             version of the GTK that draws its windows
    repositories    directories of the repositories on a medium; "" is its top
    comps           whether the groups lie beside the packages, besides the repodata
    platform        PLATFORM_ID of the installer's os-release, by which module streams are chosen; "" without modules
    weak            whether its dnf installs what packages recommend
    rpm             what checks the signatures of packages where the release is installed
    added           what the installer adds to whatever is chosen
    lorax_options   what lorax must be told besides
    upstream        what a practice world stands on
    """

    name: str
    words: str
    dist: str
    tiers: tuple[str, ...]
    boots: Mapping[str, FirmwareBoot]
    disk: DiskForm
    boot_catalog: str
    efi_in_tree: bool
    mbr_image: str
    stage2: str
    flat_stage2: bool
    erofs_stage2: bool
    escaped_labels: bool
    plain_options: bool
    options: BootOptions
    kickstart: str
    anaconda: str
    configuration: Configuration
    unmatched: str
    stamp: BuildStamp
    reads_updates: bool
    python: PythonRuntime
    gtk: tuple[int, int]
    repositories: tuple[str, ...]
    comps: bool
    platform: str
    weak: bool
    rpm: BaseRpm
    added: AddedByInstaller
    lorax_options: tuple[str, ...]
    upstream: PracticeUpstream

    @property
    def bios(self) -> FirmwareBoot:
        """What BIOS starts."""
        return self.boots[BIOS]

    @property
    def uefi(self) -> FirmwareBoot:
        """What UEFI starts."""
        return self.boots[UEFI]

    def unused_patterns(self, firmware: Collection[str]) -> tuple[str, ...]:
        """Return the patterns of the files that no medium needs which starts from this firmware alone."""
        return tuple(pattern for name, boot in self.boots.items() if name not in firmware for pattern in boot.patterns)

    @property
    def boot_files(self) -> tuple[str, ...]:
        """Patterns of what the boot set gives to the tree."""
        boots = (pattern for boot in self.boots.values() for pattern in boot.patterns)
        return tuple(dict.fromkeys((*boots, "images/*", f"{self.stage2.rpartition('/')[0]}/*")))

    def required_files(self, firmware: Collection[str]) -> tuple[str, ...]:
        """Return the files of a boot set without which nothing boots from this firmware."""
        boots = (name for kind in firmware for name in (self.boots[kind].image, *self.boots[kind].needed))
        return (KERNEL, INITRD, self.stage2, *boots)

    @property
    def netinstall_files(self) -> tuple[str, ...]:
        """Patterns of the files of a tree on the network install ISO: packages come from the network."""
        boots = (pattern for boot in self.boots.values() for pattern in boot.patterns)
        return (*boots, self.stage2, "images/pxeboot/*", *OVERLAYS)

    @property
    def unlisted(self) -> tuple[str, ...]:
        """What a tree gives to a medium and no directory of it lists: a partition, and code in the MBR."""
        return (*(() if self.efi_in_tree else (self.uefi.image,)), *((self.mbr_image,) if self.mbr_image else ()))
