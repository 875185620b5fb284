# SPDX-License-Identifier: GPL-3.0-or-later
"""The module streams of a medium: chosen by [modules], and described for the packages that are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from smedoit.errors import Findings, PackageError, format_grouped
from smedoit.modularity.activation import ActiveModules, find_active, unmet_requirements
from smedoit.modularity.documents import PLATFORM, ModuleMetadata, ModuleStream, package_name, plain_nevra
from smedoit.modularity.plain_yaml import Value, format_documents
from smedoit.package import Package
from smedoit.repodata.hiding import SOURCE_ARCHITECTURES

MODULAR = (
    ".module"  # in the release of every package that was built for a module: .module+el8, .module_el8, .module_f31
)
FOR_BUILDERS = ("xmd", "buildopts")  # of a stream's data; nobody who installs packages reads it
COMMON = "common"  # the profile that a module has by the packaging guidelines, to install what most people want
BELONG = "[modules] names streams that cannot be on the medium"


@dataclass(frozen=True)
class ModularRules:
    """Which packages of the tiers may be on a medium, as far as modules are concerned.

    ours    NEVRA of a package of an enabled stream -> MODULE:STREAM
    others  NEVRA of a package of any other stream -> MODULE:STREAM
    names   name of a package of an enabled stream -> MODULE:STREAM
    """

    ours: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    known: bool = False

    def rule(self, package: Package) -> str:
        """Return why a package must stay away, in words, "" if it need not."""
        if not self.known or package.nevra in self.ours or package.is_source:
            return ""
        if self.is_foreign(package):
            return f"module: of {self.stream_of(package)}, which [modules] enabled does not name"
        if hiding := self.names.get(package.name):
            return f"module: {hiding} has its own {package.name}, so dnf hides every other one"
        return ""

    def is_foreign(self, package: Package) -> bool:
        """Return whether a package is of a stream that is not on the medium."""
        modular = package.nevra in self.others or package.module or MODULAR in package.evr.release
        return self.known and bool(modular) and package.nevra not in self.ours and not package.is_source

    def stream_of(self, package: Package) -> str:
        """Return MODULE:STREAM of a package of any stream, or words where neither metadata nor header says it."""
        known = self.ours.get(package.nevra) or self.others.get(package.nevra) or package.module
        return known or f"an unknown module, by the release {package.evr.release}"

    def module_of(self, package: Package) -> str:
        """Return MODULE:STREAM of a package of the medium, "" if it is of none."""
        return self.ours.get(package.nevra, "")


def make_modular_rules(chosen: ActiveModules) -> ModularRules:
    """Return the rules that follow from the streams of a medium and all others that are known."""
    ours = chosen.shown
    names = {package_name(nevra): title for nevra, title in ours.items() if not nevra.endswith(SOURCE_ARCHITECTURES)}
    return ModularRules(ours, chosen.hidden, names, known=True)


def choose_streams(metadata: ModuleMetadata, enabled: Mapping[str, str], platform: str) -> ActiveModules:
    """Return the builds of the streams that [modules] enables, and all others.

    Raises PackageError for streams that are absent, of another platform, or need modules that are not enabled.
    """
    mine = [stream for stream in metadata.streams if enabled.get(stream.name) == stream.stream]
    here = [
        stream for stream in mine if not any(_is_platform(unmet) for unmet in unmet_requirements(stream, (), platform))
    ]
    chosen = find_active(ModuleMetadata(tuple(here)), enabled, platform)
    findings, resolved = Findings(), {stream.title for stream in chosen.active}
    for module, stream in enabled.items():
        if f"{module}:{stream}" not in resolved:
            _explain_unresolved(metadata, mine, (module, stream), platform, findings)
    if findings.found:
        hint = "correct [modules] in release.toml; dnf module list shows what a mirror has"
        raise PackageError(f"{BELONG}\n{format_grouped(findings.found)}", hint=hint)
    active = {stream.place for stream in chosen.active}
    return replace(chosen, others=tuple(stream for stream in metadata.streams if stream.place not in active))


def _explain_unresolved(
    metadata: ModuleMetadata, mine: Collection[ModuleStream], wanted: tuple[str, str], platform: str, findings: Findings
) -> None:
    """Find why a stream cannot be on a medium."""
    title = ":".join(wanted)
    builds = [stream for stream in mine if stream.title == title]
    if not builds:
        there = sorted({stream.stream for stream in metadata.streams if stream.name == wanted[0]})
        has = f"they have {wanted[0]} {', '.join(there)}" if there else f"they have no module {wanted[0]}"
        findings.add("no source has it", f"{title}; {has}")
        return
    for build in builds:
        for unmet in unmet_requirements(build, mine, platform):
            module, _, streams = unmet.partition(":")
            if _is_platform(unmet):
                findings.add("it is of another platform", f"{title} is for {unmet}, this release is {platform}")
            else:
                named = [name for name in streams.split(" or ") if name and not name.startswith("-")]
                mend = f'add {module} = "{named[0]}"' if named else f"add a stream of {module} that it takes"
                findings.add("it needs another module on the medium", f"{title} needs {unmet}: {mend} to enabled")


def _is_platform(unmet: str) -> bool:
    """Return whether a requirement is one of the platform."""
    return unmet.partition(":")[0] == PLATFORM


def filter_streams(streams: Iterable[ModuleStream], there: Collection[str]) -> list[ModuleStream]:
    """Return streams with the packages that are there; a build without any is left out.

    there  NEVRAs of the packages of the medium

    Raises PackageError for streams of which no build has a package there.
    """
    everything = list(streams)
    kept = [stream for stream in everything if set(stream.artifacts) & set(there)]
    lost = sorted({stream.title for stream in everything} - {stream.title for stream in kept})
    if lost:
        raise PackageError(
            f"streams of [modules] have none of their packages on the medium: {', '.join(lost)}",
            hint="put their packages into a staged tier, or take the streams out of [modules] enabled in release.toml;"
            " doit why_package NAME says why a package was passed over",
        )
    names = {package_name(nevra) for nevra in there}
    return [_filter_stream(stream, set(there), names) for stream in kept]


def _filter_stream(stream: ModuleStream, there: Collection[str], names: Collection[str]) -> ModuleStream:
    """Return a stream whose document names only packages that are there."""
    data: dict[str, Any] = {key: value for key, value in stream.document["data"].items() if key not in FOR_BUILDERS}
    data["artifacts"] = {"rpms": sorted(text for text in data["artifacts"]["rpms"] if plain_nevra(text) in there)}
    if data.get("profiles"):
        data["profiles"] = {name: _filter_profile(profile, names) for name, profile in data["profiles"].items()}
    for key in ("name", "stream", "context"):
        if key in data:
            data[key] = str(data[key])  # in quotes: a stream 5.30 or a context 12e4 is no number
    artifacts = tuple(nevra for nevra in stream.artifacts if nevra in there)
    return replace(stream, artifacts=artifacts, document={**stream.document, "data": data})


def _filter_profile(profile: Mapping[str, Value], names: Collection[str]) -> Mapping[str, Value]:
    """Return a profile with the packages that are there: dnf module install fails for any other."""
    return {**profile, "rpms": [name for name in profile.get("rpms") or () if name in names]}


def format_medium_modules(
    streams: Iterable[ModuleStream], profiles: Mapping[str, tuple[str, ...]], date: datetime
) -> str:
    """Return the module metadata of a medium: one YAML text with its streams, each of them a default.

    profiles  MODULE:STREAM -> profiles that dnf module install takes, as upstream has them
    date      of the release: of two defaults dnf follows the ones that were modified later
    """
    ordered = sorted(streams, key=lambda stream: stream.place)
    defaults = {
        stream.name: {
            "document": "modulemd-defaults",
            "version": 1,
            "data": {
                "module": stream.name,
                "modified": int(date.strftime("%Y%m%d%H%M")),
                "stream": stream.stream,
                "profiles": {stream.stream: _usual_profiles(stream, profiles.get(stream.title, ()))},
            },
        }
        for stream in ordered
    }
    return format_documents([*(stream.document for stream in ordered), *defaults.values()])


def _usual_profiles(stream: ModuleStream, said: Collection[str]) -> list[str]:
    """Return the default profiles of a stream: upstream's, else common or the only one; without, dnf installs none."""
    there = list(stream.document["data"].get("profiles") or {})
    usual = [name for name in there if name == COMMON or len(there) == 1]
    return [name for name in said if name in there] or usual


def default_profiles(metadata: ModuleMetadata) -> dict[str, tuple[str, ...]]:
    """Return MODULE:STREAM -> the profiles that upstream has as defaults."""
    return {
        f"{defaults.module}:{stream}": names
        for defaults in metadata.defaults
        for stream, names in defaults.profiles.items()
    }
