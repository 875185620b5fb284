# SPDX-License-Identifier: GPL-3.0-or-later
"""Release notes: what changed since the previous release."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from smedoit.branding.rules import Branding
from smedoit.checks import previous_release
from smedoit.checks.anaconda import NAME, own_anaconda
from smedoit.checks.previous_release import ReleaseComparison
from smedoit.config.checks import AnacondaSettings
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.notes import NotesSettings
from smedoit.errors import ConfigError, ContentError
from smedoit.installer import cpio
from smedoit.medium_paths import OVERLAYS
from smedoit.package import Evr, Package
from smedoit.packages import changes
from smedoit.packages.changes import ChangeReport, InstallerChanges, PackageChange, PackageSet
from smedoit.packages.lock import read_lock
from smedoit.release import notes_pages
from smedoit.repodata import comps
from smedoit.repodata.inputs import MediumMetadata, RepoReader
from smedoit.rpm import changelog, specfile
from smedoit.rpm.changelog import ChangelogEntry
from smedoit.runtime import progress
from smedoit.runtime.files import copy_file, read_file_bytes, read_file_text, write_file

PAGES: Mapping[str, Callable[[ChangeReport, ReleaseIdentity, str, NotesSettings], str]] = {
    "README.txt": notes_pages.format_notes_text,
    "ReleaseNotes.md": notes_pages.format_notes_markdown,
    "ReleaseNotes.html": notes_pages.format_notes_html,
}
ANACONDA = ("anaconda", "anaconda-core")  # what its packages are called, the source's name first


@dataclass(frozen=True)
class NotesTarget:
    """Where the release notes go: three forms into directory, the plain text over readme as well, if that is given."""

    directory: Path
    readme: Path | None = None


def write_release_notes(
    compared: ReleaseComparison,
    branding: Branding,
    settings: NotesSettings,
    own: AnacondaSettings,
    medium: MediumMetadata,
    target: NotesTarget,
) -> Mapping[str, str]:
    """Write the release notes in three forms.

    own     where our anaconda is
    medium  what it will hold: its groups, and what is laid over the installer's own files

    Raises ConfigError without a previous release, PackageError or FileError if it cannot be read.
    """
    identity, previous = branding.identity, compared.previous
    if not previous.place:
        raise ConfigError("doit notes: no release to compare with", hint="name it in [quality] previous_release")
    with previous_release.open_previous_release(previous, OVERLAYS) as last:
        before = previous_release.previous_release_packages(last, previous.reader)
        files, languages = _compare_overlays(last, medium.tree, branding)
    anaconda, remark = _anaconda_change(own, settings, _newest_versions(before), previous.reader)
    report = _packages_report(compared, before, settings, InstallerChanges(anaconda, files, languages), medium.comps)
    for name, made in PAGES.items():
        write_file(target.directory / name, made(report, identity, settings.since, settings))
    if target.readme:
        copy_file(target.directory / "README.txt", target.readme)
    said = f"since {settings.since}: {notes_pages.summarize_changes(report)}{remark}"
    return {"did": said, "result": os.fspath(target.directory / "README.txt")}


def _packages_report(
    compared: ReleaseComparison,
    last: Sequence[Package],
    settings: NotesSettings,
    installer: InstallerChanges,
    comps_file: Path,
) -> ChangeReport:
    """Return what happened to the packages, by the groups of comps, and the installer beside them."""
    packages = {pick.package.name: pick.package for pick in reversed(read_lock(compared.lock))}
    before, after = _newest_versions(last), {name: package.evr for name, package in packages.items()}
    groups = _packages_by_group(comps.list_comps_groups(read_file_text(comps_file), comps_file))
    updated = [name for name, kind in changes.changed_packages(before, after).items() if kind == "updated"]
    changelogs = {name: tuple(changelog.rpm_changelog(compared.root / packages[name].file)) for name in updated}
    kept = {
        previous.name: compared.root / previous.file
        for previous in last
        if previous.file and previous.evr == before.get(previous.name)
    }
    former = {
        name: tuple(changelog.rpm_changelog(kept[name])) for name in updated if name in kept and kept[name].is_file()
    }
    return changes.report_changes(
        PackageSet(before, former), PackageSet(after, changelogs), groups, settings.bugs, installer
    )


def _packages_by_group(groups: Iterable[tuple[str, str, str, tuple[str, ...]]]) -> dict[str, list[str]]:
    """Return name of a group -> its packages, in the order of comps; groups of one name count as one."""
    found: dict[str, list[str]] = {}
    for _, name, _, packages in groups:
        found.setdefault(name, []).extend(packages)
    return found


def _anaconda_change(
    own: AnacondaSettings, settings: NotesSettings, before: Mapping[str, Evr], reader: RepoReader
) -> tuple[PackageChange | None, str]:
    """Return what happened to our anaconda, and a remark where that cannot be said."""
    if not own.source:
        return None, ""
    ours = own_anaconda(Path(own.source), own.dist, reader).evr
    last = previous_anaconda(before, settings)
    if last is None:
        return None, "; which anaconda it had is not known, [notes] anaconda can say it"
    name = NAME
    kinds = changes.changed_packages({name: changes.bare_evr(last)}, {name: changes.bare_evr(ours)})
    if name not in kinds:
        return None, ""
    changelogs = {name: _anaconda_changelog(Path(own.source), ours)}
    return changes.compare_package(
        name, kinds[name], PackageSet({name: last}), PackageSet({name: ours}, changelogs)
    ), ""


def previous_anaconda(before: Mapping[str, Evr], settings: NotesSettings) -> Evr | None:
    """Return the anaconda of the last release, by its packages, else by release.toml; None if neither says."""
    found = next((before[name] for name in ANACONDA if name in before), None)
    return found or (Evr.parse(settings.anaconda) if settings.anaconda else None)


def _anaconda_changelog(source: Path, ours: Evr) -> Sequence[ChangelogEntry]:
    """Return the changelog of our anaconda, by its spec file, else by its source package."""
    file = source / "anaconda.spec"
    if file.is_file():
        return specfile.spec_changelog(read_file_text(file), str(file))
    name = f"{NAME}-{ours.version}-{ours.release}.src.rpm"
    return [entry for found in sorted(source.rglob(name)) for entry in changelog.rpm_changelog(found)]


def _compare_overlays(last: Path, ours: Path, branding: Branding) -> tuple[dict[str, list[str]], ...]:
    """Return what happened to the files that the overlay images bring, where the last release's are at hand."""
    if not any((last / image).is_file() for image in OVERLAYS):
        return {}, {}
    try:
        before = _overlay_contents(last, branding)
    except ContentError as error:
        progress.log_line(f"files of the overlay images not compared: {str(error).splitlines()[0]}")
        return {}, {}
    return changes.overlay_changes(before, _overlay_contents(ours, branding))


def _overlay_contents(place: Path, branding: Branding) -> dict[str, bytes]:
    """Return path in the installer -> content; texts that show the release are left out."""
    found = [image for name in OVERLAYS if (image := place / name).is_file()]
    files = (member for image in found for member in cpio.parse_overlay_image(read_file_bytes(image), str(image)))
    named = ((member.name.removeprefix("./"), member.data) for member in files)
    return {name: data for name, data in named if branding.find_rule(f"product/{name}") is None}


def _newest_versions(packages: Iterable[Package]) -> dict[str, Evr]:
    """Return name -> newest version, sources left out."""
    found: dict[str, Evr] = {}
    for package in packages:
        if not package.is_source:
            found[package.name] = max(found.get(package.name, package.evr), package.evr)
    return found
