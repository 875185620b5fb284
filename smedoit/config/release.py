# SPDX-License-Identifier: GPL-3.0-or-later
"""release.toml, read once into frozen values: everything that a release manager decides.

The shape of the file is the shape of the dataclasses below: a table is a class, a
key is a field, a field without a default is a key that must be there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property, partial
from pathlib import Path

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
from smedoit.config.modules import ModulesSettings
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
from smedoit.config.schema import SettingsTable, require_value, run_checks, suggest_name
from smedoit.config.tables import read_settings
from smedoit.config.tiers import KeySettings, Tier
from smedoit.errors import ConfigError, format_size, os_error_text
from smedoit.medium_paths import COMPS
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
    modules: ModulesSettings = field(default_factory=ModulesSettings)
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
        run_checks(
            self._check_tiers,
            self._check_keys,
            self._check_places,
            partial(media.check_base_urls, self.release, self.release_urls, self.netinstall),
            partial(media.check_volume_ids, self.release, self.netinstall, self.sources),
            self._check_lists,
            self._check_modules,
            self._check_base,
        )

    def _check_base(self) -> None:
        """Refuse what the installer of the base that the release is built on never reads."""
        base = self.release.built_on
        require_value(
            base.reads_updates or self.translations.place != "updates",
            ("translations", "place"),
            f'the installer of {base.words} reads no run/install/updates/po; use "locale"',
            ("release", "base"),
        )

    def _check_tiers(self) -> None:
        """Refuse tiers of one name, a medium without any, and names of tiers that there are not."""
        names = [tier.name for tier in self.tiers]
        _refuse_twice("tiers", "name", names, "stands there twice")
        staged = any(tier.stage for tier in self.tiers)
        require_value(staged, "tiers", "none of them is staged, the medium would be empty")
        for number, tier in enumerate(self.tiers):
            require_value(
                not tier.promote_to or tier.promote_to in names,
                ("tiers", number, "promote_to"),
                f"{tier.name} is promoted to {tier.promote_to}, which is no tier{suggest_name(tier.promote_to, names)}",
                ("tiers", "name"),
            )
        places, usual = self.release.repository_places, self.release.built_on.repositories
        there = f"there are {' and '.join(places)}"
        if not all(places):
            more = "" if places == usual else f", or repositories out of [release] for {' and '.join(usual)}"
            there = f"there is only one, at its top: leave repository out{more}"
        for number, tier in enumerate(self.tiers):
            require_value(
                tier.repository in ("", *places),
                ("tiers", number, "repository"),
                f"the medium has no repository {tier.repository}{suggest_name(tier.repository, places)}; {there}",
                ("release", "base"),
                ("release", "repositories"),
            )
        for number, name in enumerate(self.mock.tiers if self.mock.tiers != MockSettings.tiers else ()):
            said = f"{name} is no tier{suggest_name(name, names)}"
            require_value(name in names, ("mock", "tiers", number), said, ("tiers", "name"))

    def _check_keys(self) -> None:
        """Refuse a release that trusts nobody, key files of one name, and a practice key among real ones."""
        require_value(self.keys, "keys", "without a pinned key no package can be trusted")
        files = [key.file.name for key in self.keys]
        _refuse_twice("keys", "file", files, "is what another one is called, and they lie side by side on the medium")
        for number, key in enumerate(self.keys):
            require_value(
                self.is_practice or not key.is_practice,
                ("keys", number, "fingerprint"),
                "is a practice key, whose secret half everybody has; remove it from a real release",
                ("keys", "fingerprint"),
            )

    def _check_places(self) -> None:
        """Refuse two copies of one name, records that mirrors would carry, and a comps file outside the content."""
        _refuse_twice("rsync_mirror", "name", [mirror.name for mirror in self.rsync_mirror], "stands there twice")
        records, target = self.promotion.records, self.publish.target
        require_value(
            not records.is_relative_to(target),
            ("promotion", "records"),
            f"{records} lies in [publish] target, so mirrors would carry it: put it beside",
            ("publish", "target"),
        )
        content, comps = (os.path.normpath(path) for path in (self.content.path, self.content.path / self.groups.comps))
        inside = Path(comps).is_relative_to(content)
        require_value(inside, ("groups", "comps"), "leads out of the content tree; name it from there", "content")

    def _check_lists(self) -> None:
        """Refuse lists of packages that cannot all be meant."""
        wanted = {
            **dict.fromkeys(self.packages.multilib, "[packages] multilib"),
            **dict.fromkeys(self.packages.several, "[packages] several"),
        }
        refuse_contradictory_lists(self.exclusions, wanted)

    def _check_modules(self) -> None:
        """Refuse module streams where dnf knows of none."""
        base = self.release.built_on
        require_value(
            base.platform or not (self.modules.enabled or self.modules.sources),
            ("modules", "enabled" if self.modules.enabled else "sources"),
            f"{base.words} has no modules: take [modules] away, or correct [release] base",
            "release",
        )

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
        """The SHA-256 of every file of the boot set; it is kept with release.toml, and has its name."""
        usual, own = Path(DEFAULT_FILE).stem, self.file.stem
        more = "" if own == usual else f"-{own.removeprefix(f'{usual}-')}"  # "-11" for release-11.toml
        return self.file.parent / (self.boot_set.pins or f"{PINS.stem}{more}{PINS.suffix}")

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
    def comps(self) -> Path:
        """The groups as the release offers them: in the tree where the medium has them besides its repodata."""
        return self.tree / COMPS if self.release.built_on.comps else self.state / "comps.xml"

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


def _refuse_twice(table: str, key: str, values: Sequence[str], reason: str) -> None:
    """Refuse each value of a key that stood in an earlier table of an array."""
    for number, value in enumerate(values):
        require_value(value not in values[:number], (table, number, key), f"{value} {reason}")


def release_file() -> Path:
    """Return the file that describes the release of this run: $SMEDOIT_RELEASE, else release.toml."""
    return Path(os.path.abspath(os.environ.get("SMEDOIT_RELEASE") or DEFAULT_FILE))


def load_release(file: Path | None = None) -> Release:
    """Return the release that file describes, that of this run if it is not named.

    Raises ConfigError with all that cannot be meant: file, line, key and reason of each.
    """
    file = Path(os.path.abspath(file)) if file else release_file()
    text = read_toml_text(file)
    return _make_absolute(read_settings(Release, text, file, given={"file": file}))


def _anchor_tier(tier: Tier, root: Path) -> Tier:
    """Return a tier with absolute paths."""
    return replace(tier, path=root / tier.path, pool=Path() if tier.pool == Path() else root / tier.pool)


def _make_absolute(rel: Release) -> Release:
    """Return rel with absolute paths: root from the file's directory, all others from root."""
    root = Path(os.path.abspath(rel.file.parent / rel.paths.root))
    content = root / rel.content.path
    return replace(
        rel,
        paths=replace(rel.paths, root=root),
        tiers=tuple(_anchor_tier(tier, root) for tier in rel.tiers),
        keys=tuple(replace(key, file=root / key.file) for key in rel.keys),
        content=rel.content.anchored(root),
        rsync_mirror=tuple(mirror.anchored(root) for mirror in rel.rsync_mirror),
        checkouts=tuple(checkout.anchored(root) for checkout in rel.checkouts),
        groups=replace(rel.groups, comps=content / rel.groups.comps),
        modules=rel.modules.anchored(root),
        packages=replace(rel.packages, lock=str(root / rel.packages.lock) if rel.packages.lock else ""),
        promotion=replace(rel.promotion, records=root / rel.promotion.records),
        boot_set=rel.boot_set.anchored(root),
        translations=replace(rel.translations, path=root / rel.translations.path),
        signing=rel.signing.anchored(root),
        updates=rel.updates.anchored(root),
        quality=rel.quality.anchored(root, content),
        anaconda=rel.anaconda.anchored(root, rel.release.built_on.dist),
        publish=rel.publish.anchored(root, rel.release.built_on.tiers),
    )


def read_toml_text(file: Path) -> str:
    """Return the text of a TOML file. Raises ConfigError if it cannot be read."""
    try:
        with open_regular_file(file) as opened:
            text = opened.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ConfigError(f"{file}: is larger than {format_size(LARGEST)}", hint="is it a release.toml?")
        return text.decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{file}: there is no such file",
            hint="run doit beside release.toml, or name yours: doit release=FILE, or SMEDOIT_RELEASE",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be read, {os_error_text(error)}", hint="put the file there, and let your user read it"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8 text", hint="save it as UTF-8, TOML allows nothing else") from None
