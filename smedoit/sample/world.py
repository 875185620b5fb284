# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice world of `doit sample`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from smedoit.config.publish import PRACTICE_MARK
from smedoit.config.release import Release
from smedoit.errors import ConfigError, format_count, format_grouped
from smedoit.runtime import progress
from smedoit.runtime.files import remove_file
from smedoit.sample import manifest, packages
from smedoit.sample.specfile import SPEC


def make_sample(rel: Release, dry_run: bool = False, remove: bool = False) -> str:
    """Create the practice world where it has its place; existing files are kept. Or take it away again."""
    if remove:
        return _remove_sample(rel, dry_run)
    missing = make_practice_world(rel, dry_run)
    if dry_run:
        for path in missing:
            progress.show_line(f"  {_shown_path(rel, path)}")
        return f"dry run: {format_count(len(missing), 'file')} would be added to {rel.root}"
    return f"practice world in {rel.root}, {format_count(len(missing), 'file')} added"


def _shown_path(rel: Release, path: Path) -> str:
    """Return a path as a list shows it."""
    return str(path.relative_to(rel.root)) if path.is_relative_to(rel.root) else str(path)


def make_practice_world(rel: Release, dry_run: bool = False, boot_set: bool = True) -> list[Path]:
    """Create the files of the practice world that are missing; return them.

    They are written down before they are made, so that they are known as practice whatever comes.
    Raises ConfigError for a release that trusts no practice key, and where other files are.
    """
    _refuse_real_keys(rel)
    _refuse_real_places(rel, manifest.read_manifest(rel.root))
    return _fill_listed(rel.root, partial(_fill_world, rel, boot_set), dry_run)


def fill_next_world(rel: Release, made: Iterable[Path]) -> None:
    """Create what a practice world brings to a major that it goes on to: all but its content tree.

    made  its files that somebody made of practice ones, to be known as such
    """
    listed = manifest.read_manifest(rel.root)
    manifest.write_manifest(rel.root, {**listed, **manifest.digest_files(made)})

    def fill() -> None:
        from smedoit.sample import previous_release, translations

        _fill_tiers(rel)
        translations.fill_translations(rel.translations.path)
        previous_release.fill_previous_release(rel)
        _fill_boot_set(rel)

    _fill_listed(rel.root, fill, dry_run=False)


def _fill_listed(root: Path, fill: Callable[[], object], dry_run: bool) -> list[Path]:
    """Call fill, and write down what it creates; return that."""
    listed = manifest.read_manifest(root)
    with packages.log_filling(dry_run=True) as plan:
        fill()
    interrupted = [path for path, digest in listed.items() if not digest and path.is_file()]
    if dry_run or not (plan.missing or interrupted):
        return plan.missing
    manifest.write_manifest(root, {**listed, **dict.fromkeys(plan.missing, "")})
    fill()
    manifest.write_manifest(root, {**listed, **manifest.digest_files([*interrupted, *plan.missing])})
    return plan.missing


def fill_practice_world(rel: Release) -> None:
    """Create the practice world without a boot set."""
    make_practice_world(rel, boot_set=False)


def _fill_world(rel: Release, boot_set: bool) -> None:
    """Create what is missing."""
    from smedoit.sample import catalogue, content, previous_release, translations

    _fill_tiers(rel)
    _fill_keys(rel)
    content.fill_content_tree(rel)
    translations.fill_translations(rel.translations.path)
    previous_release.fill_previous_release(rel)
    if not any(tier.path.is_relative_to(rel.publish.target) for tier in rel.tiers):
        packages.write_if_missing(rel.publish.target / rel.publish.marker, f"{PRACTICE_MARK}\n".encode)
    if rel.spec.path:
        respell = catalogue.find_catalogue(rel.release.built_on).respell
        packages.write_if_missing(rel.root / rel.spec.path, partial(respell, SPEC))
    if boot_set:
        _fill_boot_set(rel)


def _fill_boot_set(rel: Release) -> None:
    """Put the practice boot set where rel expects one, if nothing else brings it there."""
    from smedoit.sample import boot

    if not rel.boot_set.is_fetched:
        boot.make_boot_set(rel)


def _refuse_real_places(rel: Release, listed: Mapping[Path, str]) -> None:
    """Raise ConfigError if packages or texts lie where the practice world would go, and nothing of it does yet."""
    places = {f"tier {tier.name}": (tier.path, "*.rpm") for tier in rel.tiers}
    places |= {f"[updates] mirror {place.name}": (place, "*.rpm") for place in rel.updates.mirrors}
    places |= {"[content]": (rel.content.path, "*"), "[translations]": (rel.translations.path, "*")}
    places["[publish] target"] = (rel.publish.target, "*")
    foreign = []
    for name, (place, pattern) in places.items():
        if not any(path.is_relative_to(place) for path in listed):
            found = sum(1 for path in place.rglob(pattern) if path.is_file() and path.name != rel.publish.marker)
            if found:
                foreign.append(f"{name} has {format_count(found, 'file')} in {place}")
    if foreign:
        raise ConfigError(
            f"{rel.root}: is no practice world\n{format_grouped({'not made by doit sample': foreign})}",
            hint="practice needs a root of its own: name an empty one in [paths] root of a release.toml,"
            " and that file in SMEDOIT_RELEASE",
        )


def _remove_sample(rel: Release, dry_run: bool) -> str:
    """Remove the practice world, but for what somebody edited."""
    listed = manifest.read_manifest(rel.root)
    if not listed:
        raise ConfigError(f"{rel.root}: has no practice world that doit sample made", hint="nothing was removed")
    if dry_run:
        for path in filter(Path.is_file, sorted(listed)):
            progress.show_line(f"  {_shown_path(rel, path)}")
        return "dry run: nothing was removed"
    places = [rel.root, *(tier.path for tier in rel.tiers), *rel.updates.mirrors, rel.content.path]
    places += [rel.translations.path, rel.publish.target, rel.boot_set.path]
    gone, kept = manifest.remove_listed(listed, places)
    for path in kept:
        progress.show_line(f"  {_shown_path(rel, path)} stays, it was edited or lies elsewhere")
    remove_file(rel.root / manifest.NAME)
    left = sorted(path.name for path in rel.root.iterdir()) if rel.root.is_dir() else []
    rest = f"; {rel.root} still has {', '.join(left)}: delete it if all of that was made of practice" if left else ""
    return f"{format_count(len(gone), 'file')} of the practice world removed, {len(kept)} kept{rest}"


def _refuse_real_keys(rel: Release) -> None:
    """Raise ConfigError unless rel trusts at least one practice key."""
    practice = set(packages.FINGERPRINTS.values())
    if not practice & {key.fingerprint for key in rel.keys}:
        raise ConfigError(
            f"{rel.file}: trusts no practice key, so no practice world is created in {rel.root}",
            hint="its packages would lie between real ones; give [paths] root and [[keys]] as the project's own"
            " release.toml does, and name that file in SMEDOIT_RELEASE",
        )


def _fill_tiers(rel: Release) -> None:
    """Build the packages that the tiers of rel lack, and what says of which module streams those are."""
    from smedoit.sample import catalogue, module_metadata

    for tier in rel.tiers:
        for recipe in catalogue.practice_recipes(tier.name, rel.release):
            place = packages.package_directory(tier, rel.release.arch, recipe.is_source)
            if place:
                packages.write_rpm(recipe, place)
    for source in rel.modules.sources:
        if source.suffix == ".yaml":
            packages.write_if_missing(source, lambda: module_metadata.practice_modules(rel.release).encode())


def _fill_keys(rel: Release) -> None:
    """Put the practice keys where rel expects them: public halves, and a secret one if it signs with a file."""
    for name, fingerprint in packages.FINGERPRINTS.items():
        source = packages.KEYS / f"RPM-GPG-KEY-practice-{name}"
        for key in rel.keys:
            if key.fingerprint == fingerprint:
                packages.write_if_missing(key.file, source.read_bytes)
    if rel.signing.configured and not rel.signing.key:
        packages.write_if_missing(rel.signing.file, (packages.KEYS / "RPM-GPG-KEY-practice-koozali.secret").read_bytes)
