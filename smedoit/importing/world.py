# SPDX-License-Identifier: GPL-3.0-or-later
"""The world that a medium becomes, written below one directory: tiers, keys, content, boot set, release.toml, lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.bases.enterprise_linux import BIOS, STAMP_NAME, Base
from smedoit.bootset import fetch, pins
from smedoit.compare import places
from smedoit.compare.places import TREE, DirectoryPlace, IsoPlace
from smedoit.config.identity import WORD
from smedoit.config.packages import PackageSelection
from smedoit.config.release import Release, load_release
from smedoit.config.tiers import KeySettings
from smedoit.engine.world import DOIT_CFG, PAGE, write_contents_page
from smedoit.errors import ConfigError, ContentError, PackageError, SmeError, format_count
from smedoit.importing import apart, excuses, layout, settings
from smedoit.importing.facts import ImportedIdentity
from smedoit.importing.keys import CandidateKey, name_signer
from smedoit.importing.layout import Layer
from smedoit.importing.settings import WorldKey, WorldPlaces, WorldSettings
from smedoit.importing.survey import LARGEST_TEXT, MediumSurvey
from smedoit.installer.cpio import EXECUTABLE, CpioMember
from smedoit.iso import netinstall
from smedoit.keys import keyring
from smedoit.keys.keyring import PinnedKey
from smedoit.medium_paths import COMPS, GRUB_CFG, INITRD, KERNEL, PRODUCT_IMG, UPDATES_IMG
from smedoit.modularity.documents import parse_module_metadata
from smedoit.modularity.medium import ModularRules
from smedoit.modularity.sources import load_modular_rules
from smedoit.package import Package
from smedoit.packages import lock, scan, select
from smedoit.packages.scan import RejectedFile, Verdicts
from smedoit.repodata.read import unpack_metadata
from smedoit.runtime import files, progress, rooted
from smedoit.runtime.checksums import ChecksummedFile
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.rooted import RootedPath
from smedoit.tree.boot_files import SECTOR, mbr_code

MARKER = ".smedoit-import"  # in a directory whose import has not ended
ROOT, FETCHED = "build", "mirrors/imported"
CONFIGURATION, LOCK, PINS, REPORT = "release.toml", "packages.lock", "boot_set.sha256", "import-report.txt"
OURS = (CONFIGURATION, LOCK, PINS, REPORT, PAGE, DOIT_CFG)
SOURCES, TIER_NAME = "SRPMS", "sme"  # beside a tree; what the names of the wiki's tiers begin with
CACHE = "stage/.smedoit/facts.sqlite"
BUILDSTAMP_TEXT = "[Main]\nProduct={product}\nVersion={version}\nBugURL={bug_url}\nIsFinal=False\nUUID=\n"


@dataclass
class ImportedWorld:
    """What was written.

    left     path -> why nothing became of it
    refused  package, as a comparison names it -> why nobody vouches for it
    counts   what -> how many files of it
    remarks  sentences about what had to be decided
    """

    home: Path
    places: WorldPlaces
    left: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """Its build root."""
        return self.home / ROOT

    def put(self, top: str, relative: str, blocks: Iterable[bytes], mode: int = files.FILE_MODE) -> None:
        """Write a file below a place of the build root. Raises FileError."""
        place = RootedPath(self.home, f"{ROOT}/{top}/{relative}")
        rooted.write_rooted_file(place, blocks, mode, durable=not relative.endswith(".rpm"))

    def put_members(self, top: str, members: Mapping[str, CpioMember]) -> None:
        """Write files of an image below a place of the build root; an executable stays one."""
        for relative, member in members.items():
            self.put(top, relative, [member.data], EXECUTABLE & 0o777 if member.executable else files.FILE_MODE)


def check_home(home: Path) -> None:
    """Raise ConfigError for a directory that holds anything but an import that was interrupted."""
    with files.wrap_os_errors(home, "used"):
        found = sorted(path.name for path in home.iterdir()) if home.exists() else []
    if found and not (MARKER in found and set(found) <= {MARKER, ROOT, *OURS}):
        shown = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
        raise ConfigError(
            f"{home}: is not empty, it has {shown}", hint="import into an empty directory: doit import PLACE DIR"
        )


def begin_world(home: Path, place: str) -> None:
    """Make home a directory in which an import of a place is under way.

    What an interrupted one left there goes, but for what was fetched of the same place, which is not fetched again.
    """
    check_home(home)
    marker = f"an import is under way, or was interrupted: the next one begins anew\n{place}\n"
    same = (home / MARKER).is_file() and files.read_file_text(home / MARKER) == marker
    files.write_file(home / MARKER, marker)
    kept = RootedPath(home, f"{ROOT}/{FETCHED.partition('/')[0]}")
    inside = [RootedPath(home, f"{ROOT}/{name}") for name in rooted.list_rooted_directory(RootedPath(home, ROOT))]
    for old in (old for old in inside if old != kept or not same):
        rooted.remove_rooted_tree(old)
    for name in OURS:
        rooted.remove_rooted_file(RootedPath(home, name))


def write_world(
    home: Path, survey: MediumSurvey, identity: ImportedIdentity, trusted: Sequence[CandidateKey]
) -> ImportedWorld:
    """Write everything that a medium was made of, but for release.toml. Raises FileError, VerifyError."""
    repositories = () if survey.is_flat else survey.base.repositories[1:]
    world = ImportedWorld(home, WorldPlaces.of_release(identity.release, repositories), left=dict(survey.unexplained))
    world.remarks += identity.remarks
    place, where = survey.place, world.places
    names = {layer: survey.layers.get(layer, []) for layer in Layer}
    packages = list(survey.packages)
    arch = str(identity.release["arch"])
    for name in progress.track_progress(packages, len(packages), "copying packages"):
        world.put(where.package_tier(name), _tier_path(arch, name), place.blocks(name))
    for name in [*names[Layer.BOOT], *names[Layer.BOTH]]:
        world.put(where.boot_set, name, place.blocks(name))
    for name in [*names[Layer.CONTENT], *names[Layer.BOTH]]:
        world.put(where.content, name, place.blocks(name))
    world.counts = {"packages": len(packages), "boot set": len(names[Layer.BOOT]) + len(names[Layer.BOTH]),
                    "content": len(names[Layer.CONTENT]) + len(names[Layer.BOTH])}  # fmt: skip
    _write_boot_code(world, survey)
    _write_keys(world, survey, trusted)
    _write_overlays(world, survey, identity)
    _write_network_menus(world, survey)
    _write_comps(world, survey)
    _write_sources(world, survey)
    return world


def _tier_path(arch: str, name: str) -> str:
    """Return where in its tier a package lies: as on the medium, below its architecture."""
    return f"{arch}/{name}"


def _write_boot_code(world: ImportedWorld, survey: MediumSurvey) -> None:
    """Write the code of an ISO's MBR into the boot set, where that has it as a file; no file of the ISO is it."""
    name, place = survey.base.mbr_image, survey.place
    if name and isinstance(place, IsoPlace) and name not in place.names():
        if code := mbr_code(place.image.at(0, SECTOR)):
            world.put(world.places.boot_set, name, [code])
        else:
            world.remarks.append(f"the code of its MBR is not GRUB's: doit iso needs {name} in {world.places.boot_set}")


def _write_keys(world: ImportedWorld, survey: MediumSurvey, trusted: Sequence[CandidateKey]) -> None:
    """Write the keys that somebody confirmed; those that nobody did are left."""
    for key in trusted:
        world.put(world.places.content, key.name, [key.data])
    taken = {key.data for key in trusted}
    for name in survey.layers.get(Layer.KEY, []):
        if name not in world.left and places.read_place_file(survey.place, name, LARGEST_TEXT) not in taken:
            world.left[name] = "nobody confirmed this key"


def _write_overlays(world: ImportedWorld, survey: MediumSurvey, identity: ImportedIdentity) -> None:
    """Write product/, updates/ and the translations out of the overlay images."""
    product = dict(survey.overlays.get(PRODUCT_IMG, {}))
    images = dict(survey.overlays.get(UPDATES_IMG, {}))
    for name in (name for name in survey.base.stamp.places if name in images):
        product[name] = images.pop(name)
        world.left[f"{UPDATES_IMG}/{name}"] = f"it is in {PRODUCT_IMG} now, where the release is written into it"
    if STAMP_NAME not in product:
        release = identity.release
        text = BUILDSTAMP_TEXT.format(
            product=release["product"], version=f"{release['version']}{release['label']}", bug_url=release["bug_url"]
        )
        product[STAMP_NAME] = CpioMember(STAMP_NAME, text.encode())
        world.remarks.append(
            f"{PRODUCT_IMG} has no {STAMP_NAME}, without which the installer has no name: one was made"
        )
    world.put_members(f"{world.places.content}/product", product)
    updates = apart.split_updates(images, survey.base)
    world.left.update({f"{UPDATES_IMG}/{name}": "no directory of updates/ leads there" for name in updates.lost})
    world.put_members(f"{world.places.content}/updates", updates.own)
    files.make_directory(world.root / world.places.translations)
    world.put_members(world.places.translations, updates.catalogs)
    world.counts |= {
        "product.img": len(product),
        "updates.img": len(updates.own),
        "translations": len(updates.catalogs),
    }


def _write_network_menus(world: ImportedWorld, survey: MediumSurvey) -> None:
    """Write netinstall/ of the content; a medium that installs from the network lends its menus to the plain ones."""
    found = dict(survey.network)
    if survey.is_network:
        for name in (survey.base.bios.menu, GRUB_CFG):
            if name not in survey.place.names():
                continue  # of a firmware that it does not start from
            text = survey.text(name)
            found[name] = text.encode("utf-8", "surrogateescape")
            plain = netinstall.drop_install_urls(text).encode("utf-8", "surrogateescape")
            world.put(world.places.content, name, [plain])
        world.remarks.append(
            f"it installs from {', '.join(survey.addresses)}, where its packages are: import that for a world that has"
            " them; doit netinstall makes this medium again"
        )
    elif not found and BIOS in survey.firmware:
        world.remarks.append(
            f"it has no network install medium: doit netinstall needs netinstall/{survey.base.bios.menu} in the content"
            " tree"
        )
    for name, data in found.items():
        world.put(f"{world.places.content}/netinstall", name, [data])
    world.counts["netinstall"] = len(found)


def _write_sources(world: ImportedWorld, survey: MediumSurvey) -> None:
    """Write the source packages that lie beside a tree into its tier."""
    beside = survey.place.path.parent / SOURCES
    sources = DirectoryPlace(beside) if survey.place.kind == TREE and beside.is_dir() else None
    names = [name for name in sources.names() if name.endswith(".rpm")] if sources else []
    for name in progress.track_progress(names, len(names), "copying source packages"):
        world.put(world.places.tier, f"{SOURCES}/{name}", sources.blocks(name) if sources else ())
    world.counts["source packages"] = len(names)
    if not names and survey.packages:
        world.remarks.append(f"no {SOURCES} lie beside it: doit source_iso needs them in {world.places.tier}/{SOURCES}")


def find_neighbour_tiers(tree: Path, arch: str) -> dict[str, str]:
    """Return name -> directory of the other tiers that were published beside a tree TIER/ARCH. Raises FileError."""
    release, own = tree.parent.parent, tree.parent.name
    if not (own.startswith(TIER_NAME) and tree.name == arch):
        return {}
    with files.wrap_os_errors(release, "read"):
        found = {path.name: path / arch for path in sorted(release.iterdir()) if path.name.startswith(TIER_NAME)}
    return {name: str(path) for name, path in found.items() if name != own and path.is_dir() and WORD.fullmatch(name)}


def _write_comps(world: ImportedWorld, survey: MediumSurvey) -> None:
    """Write comps where the content tree has it, wherever the medium did."""
    source = layout.choose_comps(survey.place.names())
    if source in ("", COMPS):
        return
    try:
        world.put(world.places.content, COMPS, [_unpacked_metadata(survey, source)])
    except PackageError as error:
        reason = str(error).splitlines()[0].partition(": ")[2]
        raise ContentError(f"{source}: cannot be unpacked, {reason}", hint="get another copy of the medium") from None


def _unpacked_metadata(survey: MediumSurvey, name: str) -> bytes:
    """Return what a file of the repodata holds, however it is packed. Raises PackageError, FileError."""
    with TemporaryDirectory() as beside:
        packed, plain = Path(beside) / "packed", Path(beside) / "plain"
        files.write_file(packed, places.read_place_file(survey.place, name, LARGEST_TEXT))
        unpack_metadata(packed, plain)
        return files.read_file_bytes(plain)


def verify_packages(
    world: ImportedWorld, survey: MediumSurvey, identity: ImportedIdentity, trusted: Sequence[CandidateKey]
) -> tuple[list[Package], list[WorldKey], datetime]:
    """Read every package as doit packages will; return the good ones, the keys, and the date of the release.

    A key whose signatures count with legacy_reason only gets one, for a person confirmed it. What nobody vouches for
    goes into a tier of its own.
    """
    cache = world.root / CACHE
    arch = str(identity.release["arch"])
    paths = {world.root / world.places.package_tier(name) / _tier_path(arch, name): name for name in survey.packages}
    keys = [_key_settings(world, key) for key in trusted]
    verdicts = scan.scan_package_files(paths, world.root, keyring.load_pinned_keys(keys), cache)
    keys, verdicts = _allow_legacy_keys(keys, trusted, verdicts, world.root, cache)
    verdicts = _refuse_other_bytes(verdicts)
    for path, verdict in verdicts.items():
        if isinstance(verdict, RejectedFile):
            _set_aside(world, survey, paths[path], arch, verdict)
    good = [verdict for verdict in verdicts.values() if isinstance(verdict, Package)]
    date = identity.release["date"]
    assert isinstance(date, datetime)
    newest = max((package.signed for package in good), default=0)
    if newest > date.timestamp():
        date = datetime.fromtimestamp(newest, timezone.utc)
        world.remarks.append(f"the last package was signed on {date:%Y-%m-%d}, so that is [release] date")
    return good, [_world_key(key, one, date) for key, one in zip(keys, trusted, strict=True)], date


def _key_settings(world: ImportedWorld, key: CandidateKey) -> KeySettings:
    """Return a key of the world as [[keys]] has it."""
    return KeySettings(world.root / world.places.content / key.name, key.fingerprint)


def _allow_legacy_keys(
    keys: list[KeySettings], trusted: Sequence[CandidateKey], verdicts: Verdicts, root: Path, cache: Path
) -> tuple[list[KeySettings], Verdicts]:
    """Return keys and verdicts after those with weak signatures were allowed them, where that lets packages count."""
    for number, key in enumerate(trusted):
        refused = [path for path, verdict in verdicts.items() if isinstance(verdict, RejectedFile)]
        if not key.weak or not refused:
            continue
        reason = f"signed {format_count(key.weak, 'package')} of the imported medium so"
        allowed = replace(keys[number], legacy_reason=reason)
        pinned: list[PinnedKey] = keyring.load_pinned_keys([allowed])
        again = scan.scan_package_files(refused, root, pinned, cache)
        if good := {path: verdict for path, verdict in again.items() if isinstance(verdict, Package)}:
            keys[number] = allowed
            verdicts = {**verdicts, **good}
    return keys, verdicts


def _refuse_other_bytes(verdicts: Verdicts) -> Verdicts:
    """Return verdicts in which a package that another one is called like, with other bytes, is no good one."""
    first: dict[str, Package] = {}
    found: Verdicts = {}
    for path, verdict in sorted(verdicts.items()):
        found[path] = verdict
        if isinstance(verdict, Package):
            kept = first.setdefault(verdict.nevra, verdict)
            if kept.sha256 != verdict.sha256:
                reason = f"is not what {Path(kept.file).parent.name}/{kept.filename} is, although both are {kept.nevra}"
                found[path] = RejectedFile(verdict.file, reason)
    return found


def _set_aside(world: ImportedWorld, survey: MediumSurvey, name: str, arch: str, verdict: RejectedFile) -> None:
    """Move a package that nobody vouches for into the tier of those."""
    package = survey.packages[name]
    reason = "; ".join(map(name_signer, verdict.keys)) or verdict.reason
    world.left[name] = f"{reason}; it lies in the tier {settings.UNVERIFIED}"
    world.refused[f"{package.name}.{package.arch} {package.evr}"] = reason
    source, target = (
        RootedPath(world.home, f"{ROOT}/{top}/{_tier_path(arch, name)}")
        for top in (world.places.package_tier(name), world.places.unverified)
    )
    rooted.move_rooted(source, target)


def _world_key(key: KeySettings, candidate: CandidateKey, date: datetime) -> WorldKey:
    """Return a key as release.toml has it."""
    expires = candidate.certificate.expires
    expired = f"expired on {expires:%Y-%m-%d}, and signed before that" if expires and expires <= date else ""
    return WorldKey(candidate.name, key.fingerprint, key.legacy_reason, expired)


def finish_world(
    world: ImportedWorld, survey: MediumSurvey, identity: ImportedIdentity, good: Sequence[Package],
    keys: Sequence[WorldKey], shown: str,
) -> Release:  # fmt: skip
    """Write pins, release.toml and packages.lock; return the release. Raises SmeError."""
    arch = str(identity.release["arch"])
    selection = settings.selection_of(good, arch)
    updates = apart.split_updates(survey.overlays.get(UPDATES_IMG, {}), survey.base)
    comps_file, firmware = world.root / world.places.content / COMPS, survey.firmware
    starts = (survey.base, firmware)
    excused, remarks = excuses.try_excuses(comps_file, good, world.root, arch, starts, world.root / CACHE)
    world.remarks += remarks
    lacking = {"unmet dependency": len(excused.waivers), "package that the installer adds": len(excused.installer)}
    if told_lack := [
        format_count(count, noun, plural)
        for (noun, count), plural in zip(
            lacking.items(), ("unmet dependencies", "packages that the installer adds"), strict=True
        )
        if count
    ]:
        world.remarks.append(f"{' and '.join(told_lack)}: as on the imported medium, so [closure] allows it")
    tree = survey.place.path if survey.place.kind == TREE else Path()
    neighbours = find_neighbour_tiers(tree, arch)
    if neighbours:
        world.remarks.append(
            f"{', '.join(neighbours)} lie beside it: tiers that stay where they are, and go on no medium until you say"
        )
    told = WorldSettings(
        neighbours=neighbours,
        keys=keys,
        selection=selection,
        has_packages=bool(good),
        unverified=(world.root / world.places.unverified).is_dir(),
        excuses=excused,
        translations=updates.place,
        place=shown,
        places=world.places,
        streams=_write_modules(world, survey),
    )
    files.write_file(world.home / PINS, _pin_boot_set(world, survey.base))
    files.write_file(world.home / CONFIGURATION, settings.format_release_toml(identity, told))
    write_contents_page(world.home)
    rel = load_release(world.home / CONFIGURATION)
    rules = load_modular_rules(rel.modules, survey.base, arch)
    _write_lock(world, good, selection, rules, rel)
    rooted.remove_rooted_file(RootedPath(world.home, MARKER))
    return rel


def _write_modules(world: ImportedWorld, survey: MediumSurvey) -> dict[str, str]:
    """Write what the medium says of its module streams; return module -> the stream of it that is there."""
    name = layout.find_module_metadata(survey.place.names())
    if not name:
        return {}
    try:
        text = _unpacked_metadata(survey, name)
        found = parse_module_metadata(text, name)
    except SmeError as error:
        world.remarks.append(f"{name}: is no module metadata that could be read, {error}")
        return {}
    path = Path(settings.MODULES)
    world.put(str(path.parent), path.name, [text])
    return {stream.name: stream.stream for stream in found.streams}


def _pin_boot_set(world: ImportedWorld, base: Base) -> str:
    """Return the pin file of the boot set. Raises FileError."""
    place = world.root / world.places.boot_set
    names = [name for name, _ in files.walk_files(place)]
    sums = DigestCache(world.root / CACHE)
    found = sums.of_all([place / name for name in names], "sha256")
    pinned = [ChecksummedFile(name, (place / name).stat().st_size, found[place / name]["sha256"]) for name in names]
    sums.save()
    try:
        kernel = fetch.describe_boot_kernel(base, {name: place / name for name in (KERNEL, INITRD, base.stage2)})
    except SmeError as error:
        kernel = "made for different kernels"
        world.remarks.append(str(error))
    return pins.format_pins(pinned, kernel)


def _write_lock(
    world: ImportedWorld, good: Sequence[Package], selection: PackageSelection, rules: ModularRules, rel: Release
) -> None:
    """Write packages.lock: what is on the medium; what the rules would not choose is told."""
    tiers: dict[str, list[Package]] = {tier.name: [] for tier in rel.tiers if tier.stage}
    for package in good:
        path = world.root / package.file
        tiers[next(tier.name for tier in rel.tiers if tier.stage and path.is_relative_to(tier.path))].append(package)
    picks = select.select_newest(tiers, selection, rel.release.arch, modules=rules)
    chosen = {pick.package.nevra for pick in picks}
    for package in good:
        if package.nevra not in chosen:
            world.left[Path(package.file).name] = "doit packages would not choose it"
    files.write_file(world.home / LOCK, lock.format_lock(picks))
