"""Release notes: this lock against the last release, whatever of it is at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from smedoit.branding import rules
from smedoit.checks import previous_release
from smedoit.checks.anaconda import NAME
from smedoit.checks.anaconda import own as anaconda_own
from smedoit.config.branding import Rule
from smedoit.config.checks import Anaconda
from smedoit.config.identity import Identity
from smedoit.config.network import Network
from smedoit.config.notes import Notes
from smedoit.config.places import Compared
from smedoit.errors import ConfigError, ContentError
from smedoit.installer import cpio
from smedoit.medium_paths import OVERLAYS
from smedoit.package import Evr, Package
from smedoit.packages.choose import read_lock
from smedoit.release import changes, notes_pages
from smedoit.release.changes import Change, Installer, Report
from smedoit.repodata import comps
from smedoit.rpm import changelog, specfile
from smedoit.rpm.changelog import Entry
from smedoit.runtime import progress
from smedoit.runtime.files import copy, read_bytes, read_text
from smedoit.runtime.files import write as files_write

PAGES: Mapping[str, Callable[[Report, Identity, str, Notes], str]] = {
    "README.txt": notes_pages.text,
    "ReleaseNotes.md": notes_pages.markdown,
    "ReleaseNotes.html": notes_pages.page,
}
ANACONDA = ("anaconda", "anaconda-core")  # what its packages are called, the source's name first


def write(
    compared: Compared,
    one: Identity,
    settings: Notes,
    own: Anaconda,
    own_rules: Sequence[Rule],
    network: Network,
    memory: Path,
    target: Path,
    content: Path,
    into_content: bool,
) -> Mapping[str, str]:
    """Write the release notes in three forms; into_content also makes them the content tree's README.txt.

    memory  where it is remembered what was read of metadata; beside it lies what was fetched

    Raises ConfigError without a previous release, PackageError or TreeError if it cannot be read.
    """
    if not compared.previous:
        raise ConfigError("doit notes: there is no release to compare with", hint="name it in [quality] previous")
    with previous_release.at_hand(compared.previous, one.arch, network, memory, OVERLAYS) as last:
        before = previous_release.packages(last, one.arch, memory)
        files, languages = overlaid(last, compared.tree, own_rules)
    anaconda, remark = anaconda_change(own, settings, newest(before), memory, one.arch)
    report = packages_report(compared, before, settings, Installer(anaconda, files, languages))
    for name, made in PAGES.items():
        files_write(target / name, made(report, one, settings.since, settings))
    if into_content:
        copy(target / "README.txt", content / "README.txt")
    said = f"since {settings.since}: {notes_pages.summary(report)}{remark}"
    return {"did": said, "result": os.fspath(target / "README.txt")}


def packages_report(compared: Compared, last: Sequence[Package], settings: Notes, installer: Installer) -> Report:
    """Return what happened to the packages, by the groups of comps, and the installer beside them."""
    packages = {pick.package.name: pick.package for pick in reversed(read_lock(compared.lock))}
    before, after = newest(last), {name: package.evr for name, package in packages.items()}
    groups = named(comps.shown(read_text(compared.comps), compared.comps))
    updated = [name for name, kind in changes.changed(before, after).items() if kind == "updated"]
    changelogs = {name: tuple(changelog.changelog(compared.root / packages[name].file)) for name in updated}
    kept = {one.name: compared.root / one.file for one in last if one.file and one.evr == before.get(one.name)}
    former = {name: tuple(changelog.changelog(kept[name])) for name in updated if name in kept and kept[name].is_file()}
    return changes.report(before, after, changelogs, groups, settings.bugs, installer, former)


def named(groups: Iterable[tuple[str, str, str, tuple[str, ...]]]) -> dict[str, list[str]]:
    """Return name of a group -> its packages, in the order of comps; groups of one name count as one."""
    found: dict[str, list[str]] = {}
    for _, name, _, packages in groups:
        found.setdefault(name, []).extend(packages)
    return found


def anaconda_change(
    own: Anaconda, settings: Notes, before: Mapping[str, Evr], memory: Path, arch: str
) -> tuple[Change | None, str]:
    """Return what happened to our anaconda, and a remark where that cannot be said."""
    if not own.source:
        return None, ""
    ours = anaconda_own(Path(own.source), own.dist, memory, arch).evr
    last = last_anaconda(before, settings)
    if last is None:
        return None, "; which anaconda it had is not known, [notes] anaconda can say it"
    name = NAME
    kinds = changes.changed({name: changes.bare(last)}, {name: changes.bare(ours)})
    if name not in kinds:
        return None, ""
    changelogs = {name: own_changelog(Path(own.source), ours)}
    return changes.change(name, kinds[name], {name: last}, {name: ours}, changelogs), ""


def last_anaconda(before: Mapping[str, Evr], settings: Notes) -> Evr | None:
    """Return the anaconda of the last release, by its packages, else by release.toml; None if neither tells."""
    found = next((before[name] for name in ANACONDA if name in before), None)
    return found or (Evr.parse(settings.anaconda) if settings.anaconda else None)


def own_changelog(source: Path, ours: Evr) -> Sequence[Entry]:
    """Return the changelog of our anaconda, by its spec file, else by its source package."""
    file = source / "anaconda.spec"
    if file.is_file():
        return specfile.changelog(read_text(file), str(file))
    name = f"{NAME}-{ours.version}-{ours.release}.src.rpm"
    return [entry for found in sorted(source.rglob(name)) for entry in changelog.changelog(found)]


def overlaid(last: Path, ours: Path, own: Sequence[Rule]) -> tuple[dict[str, list[str]], ...]:
    """Return what happened to the files that the overlay images bring, where the last release's are at hand."""
    if not any((last / image).is_file() for image in OVERLAYS):
        return {}, {}
    try:
        before = members(last, own)
    except ContentError as error:
        progress.note(f"what the images brought is not compared: {str(error).splitlines()[0]}")
        return {}, {}
    return changes.overlaid(before, members(ours, own))


def members(place: Path, own: Sequence[Rule]) -> dict[str, bytes]:
    """Return path in the installer -> content; texts that show the release follow it, and are no news."""
    found = [image for name in OVERLAYS if (image := place / name).is_file()]
    files = (one for image in found for one in cpio.members(read_bytes(image), str(image)))
    named = ((one.name.removeprefix("./"), one.data) for one in files)
    return {name: data for name, data in named if rules.rule_for(f"product/{name}", own) is None}


def newest(packages: Iterable[Package]) -> dict[str, Evr]:
    """Return name -> newest version, sources left out."""
    found: dict[str, Evr] = {}
    for package in packages:
        if not package.is_source:
            found[package.name] = max(found.get(package.name, package.evr), package.evr)
    return found
