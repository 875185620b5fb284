# SPDX-License-Identifier: GPL-3.0-or-later
"""release.toml, read once into frozen values: everything that a release manager decides.

The shape of the file is the shape of the dataclasses below: a table is a class, a
key is a field, a field without a default is a key that must be there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from smedoit.config import media
from smedoit.config.branding import BrandingRule, SpecSettings, StaleVersionSettings
from smedoit.config.checks import AnacondaSettings, ClosureSettings, QaSettings, UpdatesSettings
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.inputs import (
    PINS,
    BootSetSettings,
    CheckoutSettings,
    ContentSettings,
    RsyncMirror,
    TranslationsSettings,
)
from smedoit.config.installer import InstallerSettings, MockSettings
from smedoit.config.media import BootTestSettings, NetinstallSettings, ReleaseUrls, SigningSettings, SourceIsoSettings
from smedoit.config.network import NetworkSettings
from smedoit.config.notes import NotesSettings
from smedoit.config.packages import (
    GroupsSettings,
    PackageExclusions,
    PackageSelection,
    RetiredPackage,
    refuse_contradictory_lists,
)
from smedoit.config.places import PromotionSettings
from smedoit.config.publish import PublishSettings
from smedoit.config.schema import SettingsTable, build_table, require_value
from smedoit.config.tiers import KeySettings, Tier
from smedoit.errors import ConfigError, format_size, os_error_text
from smedoit.runtime.files import open_regular_file

DEFAULT_FILE = "release.toml"
LARGEST = 4 << 20  # bytes of a release.toml; ours has 20,000


class PathSettings(SettingsTable):
    """The [paths] table: where the world lies.

    root  the directory that all other paths are relative to; itself relative to release.toml
    """

    root: Path = Path("build")


class Release(SettingsTable):
    """Everything that release.toml says; paths are absolute, derived places are properties, the usual ones kept.

    excluded  name, NEVRA or glob -> why it stays off this medium; an older copy that is not excluded may take its place
    """

    file: Path
    release: ReleaseIdentity
    tiers: tuple[Tier, ...]
    keys: tuple[KeySettings, ...]
    content: ContentSettings
    boot_set: BootSetSettings
    translations: TranslationsSettings
    paths: PathSettings = PathSettings()
    packages: PackageSelection = PackageSelection()
    groups: GroupsSettings = GroupsSettings()
    release_urls: ReleaseUrls = field(default_factory=ReleaseUrls)
    netinstall: NetinstallSettings = field(default_factory=NetinstallSettings)
    sources: SourceIsoSettings = field(default_factory=SourceIsoSettings)
    retired: Mapping[str, RetiredPackage] = field(default_factory=dict)
    excluded: Mapping[str, str] = field(default_factory=dict)
    promotion: PromotionSettings = field(default_factory=PromotionSettings)
    rules: tuple[BrandingRule, ...] = ()
    mock: MockSettings = field(default_factory=MockSettings)
    installer: InstallerSettings = field(default_factory=InstallerSettings)
    notes: NotesSettings = field(default_factory=NotesSettings)
    spec: SpecSettings = field(default_factory=SpecSettings)
    versions: StaleVersionSettings = field(default_factory=StaleVersionSettings)
    signing: SigningSettings = field(default_factory=SigningSettings)
    closure: ClosureSettings = field(default_factory=ClosureSettings)
    updates: UpdatesSettings = field(default_factory=UpdatesSettings)
    quality: QaSettings = field(default_factory=QaSettings)
    anaconda: AnacondaSettings = field(default_factory=AnacondaSettings)
    boot_test: BootTestSettings = field(default_factory=BootTestSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    publish: PublishSettings = field(default_factory=PublishSettings)
    checkouts: tuple[CheckoutSettings, ...] = ()
    rsync_mirror: tuple[RsyncMirror, ...] = ()

    def __post_init__(self) -> None:
        names = [tier.name for tier in self.tiers]
        copies = [mirror.name for mirror in self.rsync_mirror]
        require_value(len({*copies}) == len(copies), "rsync_mirror", "two of them have the same name")
        twice = sorted({name for name in names if names.count(name) > 1})
        require_value(not twice, "tiers", f"{', '.join(twice)} stands there twice")
        require_value(
            any(tier.stage for tier in self.tiers), "tiers", "none of them is staged, the medium would be empty"
        )
        require_value(self.keys, "keys", "without a pinned key no package can be trusted")
        files = [key.file.name for key in self.keys]
        shared = sorted({name for name in files if files.count(name) > 1})
        require_value(
            not shared, "keys", f"two of them are called {', '.join(shared)}, and lie side by side on the medium"
        )
        records = self.promotion.records
        require_value(
            not records.is_relative_to(self.publish.target),
            "promotion.records",
            f"{records} lies in [publish] target, so mirrors would carry it: put it beside",
        )
        practice = [key.fingerprint for key in self.keys if key.is_practice]
        require_value(
            self.is_practice or not practice,
            "keys",
            f"{', '.join(practice)} is a practice key, whose secret half everybody has; remove it from a real release",
        )
        media.check_distribution(self.release, self.release_urls, self.netinstall, self.sources)
        for tier in self.tiers:
            known = not tier.promote_to or tier.promote_to in names
            require_value(known, "tiers", f"{tier.name} is promoted to {tier.promote_to}, which is no tier")
        wanted = {
            **dict.fromkeys(self.packages.multilib, "[packages] multilib"),
            **dict.fromkeys(self.packages.several, "[packages] several"),
        }
        refuse_contradictory_lists(self.exclusions, wanted)

    @property
    def is_practice(self) -> bool:
        """Whether nothing but practice keys counts: no package that anybody else signed can be on its media."""
        return all(key.is_practice for key in self.keys)

    @property
    def exclusions(self) -> PackageExclusions:
        """What stays off the medium although a tier has it."""
        return PackageExclusions(self.retired, self.excluded)

    @property
    def exported(self) -> tuple[CheckoutSettings, ...]:
        """The trees that doit content makes, the content first."""
        content = self.content
        own = (CheckoutSettings("content", content.path, content.source),) if content.source.is_set else ()
        return (*own, *self.checkouts)

    @cached_property
    def root(self) -> Path:
        """Where the world lies."""
        return self.paths.root

    @cached_property
    def stage(self) -> Path:
        """The directory of this release under stage/."""
        return self.root / "stage" / self.release.full

    @cached_property
    def tree(self) -> Path:
        """What the medium will hold."""
        return self.stage / self.release.arch

    @cached_property
    def state(self) -> Path:
        """What the tasks of this version remember: never shipped, always safe to delete."""
        return self.stage / ".smedoit"

    @cached_property
    def cache(self) -> Path:
        """What was learned of files by their content, for every version of the release; safe to delete."""
        return self.root / "stage/.smedoit"

    @cached_property
    def lock(self) -> Path:
        """packages.lock: the picks, from which everything after it is built."""
        return self.state / "packages.lock"

    @property
    def pins(self) -> Path:
        """The SHA-256 of every file of the boot set; it is kept with release.toml."""
        return self.file.parent / (self.boot_set.pins or PINS)

    @cached_property
    def logs(self) -> Path:
        """One log per task."""
        return self.stage / "logs"

    @cached_property
    def isos(self) -> Path:
        """Where the finished media lie, in a directory for each architecture and one for the sources."""
        return self.root / "stage/iso" / str(self.release.major)

    @cached_property
    def iso(self) -> Path:
        """The finished medium."""
        identity = self.release
        return self.isos / identity.arch / f"{identity.name}-{identity.full}-{identity.arch}.iso"

    @property
    def netinstall_iso(self) -> Path:
        """The medium that installs from the network."""
        return self.iso.with_name(f"{self.iso.stem}-netinstall.iso")

    @property
    def source_iso(self) -> Path:
        """The medium of source packages; discs of several are called …-disc1.iso."""
        return self.isos / "source" / f"{self.release.name}-{self.release.full}-SRPMS.iso"

    @property
    def anaconda_layer(self) -> Path:
        """What product.img has of anaconda's patched source; beside it, as .json, which patches those were."""
        return self.state / "anaconda/product"

    def layout(self, iso: Path) -> Path:
        """Where it is kept what lies where on a finished medium."""
        return self.state / "layout" / f"{iso.stem}.json"

    @property
    def srpms(self) -> Path:
        """The source packages of the medium, beside its tree."""
        return self.stage / "SRPMS"

    @property
    def fact_cache(self) -> Path:
        """What was learned of files, for all tasks; it may be lost, and then is learned again."""
        return self.cache / "facts.sqlite"

    @property
    def earlier_locks(self) -> Path:
        """The locks that were replaced, each under the beginning of its own digest; [packages] lock can name them."""
        return self.stage / "locks"

    @property
    def sources_lock(self) -> Path:
        """sources.lock: the source packages of what packages.lock names."""
        return self.lock.with_name("sources.lock")


def load_release(file: Path | None = None) -> Release:
    """Return the release that file describes ($SMEDOIT_RELEASE, else release.toml).

    Raises ConfigError, with file, key and reason, for anything that cannot be meant.
    """
    file = Path(os.path.abspath(file or os.environ.get("SMEDOIT_RELEASE") or DEFAULT_FILE))
    return _make_absolute(build_table(Release, read_toml(file), file, given={"file": file}))


def _make_absolute(rel: Release) -> Release:
    """Return rel with absolute paths: root from the file's directory, all others from root."""
    root = Path(os.path.abspath(rel.file.parent / rel.paths.root))
    content = root / rel.content.path
    return replace(
        rel,
        paths=replace(rel.paths, root=root),
        tiers=tuple(replace(tier, path=root / tier.path) for tier in rel.tiers),
        keys=tuple(replace(key, file=root / key.file) for key in rel.keys),
        content=rel.content.anchored(root),
        rsync_mirror=tuple(mirror.anchored(root) for mirror in rel.rsync_mirror),
        checkouts=tuple(checkout.anchored(root) for checkout in rel.checkouts),
        groups=replace(rel.groups, comps=content / _comps_in_content(rel)),
        packages=replace(rel.packages, lock=str(root / rel.packages.lock) if rel.packages.lock else ""),
        promotion=replace(rel.promotion, records=root / rel.promotion.records),
        boot_set=rel.boot_set.anchored(root),
        translations=replace(rel.translations, path=root / rel.translations.path),
        signing=rel.signing.anchored(root),
        updates=rel.updates.anchored(root),
        quality=rel.quality.anchored(root, content),
        anaconda=rel.anaconda.anchored(root),
        publish=rel.publish.anchored(root),
    )


def _comps_in_content(rel: Release) -> Path:
    """Return [groups] comps as it is said. Raises ConfigError if it leads out of the content tree."""
    comps = rel.groups.comps
    if comps.is_absolute() or ".." in comps.parts:
        raise ConfigError(
            f"{rel.file}: [groups] comps = {str(comps)!r}: leads out of the content tree", hint="name it from there"
        )
    return comps


def read_toml(file: Path) -> dict[str, Any]:
    """Return the tables of a TOML file. Raises ConfigError if it cannot be read as one."""
    try:
        with open_regular_file(file) as opened:
            text = opened.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ConfigError(f"{file}: is larger than {format_size(LARGEST)}", hint="is it a release.toml?")
        return parse_toml(text.decode("utf-8"), file)
    except FileNotFoundError:
        raise ConfigError(
            f"{file}: there is no such file", hint="run doit beside release.toml, or name yours in SMEDOIT_RELEASE"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be read, {os_error_text(error)}", hint="put the file there, and let your user read it"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8 text", hint="save it as UTF-8, TOML allows nothing else") from None


def parse_toml(text: str, file: Path) -> dict[str, Any]:
    """Return the tables of TOML text that stands in file. Raises ConfigError if it is none."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{file}: is not TOML that can be read, it nests too deeply", hint="mend it") from None
    except ValueError as error:  # TOMLDecodeError is one, and a number of 5,000 digits is another
        raise ConfigError(f"{file}: is not TOML, {error}", hint="mend that line") from None
