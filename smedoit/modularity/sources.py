# SPDX-License-Identifier: GPL-3.0-or-later
"""Where module metadata lies: in the repodata of a mirror or a tier, or in a YAML file of our own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.bases.enterprise_linux import Base
from smedoit.config.modules import ModulesSettings
from smedoit.errors import PackageError
from smedoit.modularity.activation import ActiveModules
from smedoit.modularity.documents import ModuleMetadata, ModuleStream, StreamPlace, parse_module_metadata
from smedoit.modularity.medium import ModularRules, choose_streams, make_modular_rules
from smedoit.repodata import read
from smedoit.repodata.inputs import RepoSource
from smedoit.runtime.files import read_file_bytes

MODULES = "modules"  # the record of repomd.xml that has module metadata


def load_module_sources(places: Iterable[Path], arch: str) -> ModuleMetadata:
    """Return what all sources of [modules] say together.

    Raises PackageError for one that has no module metadata, and for two that contradict each other.
    """
    found = ModuleMetadata()
    told: dict[StreamPlace, tuple[ModuleStream, Path]] = {}
    for place in places:
        metadata = _load_module_source(place, arch)
        for stream in metadata.streams:
            known, earlier = told.setdefault(stream.place, (stream, place))
            if stream != known:
                raise PackageError(
                    f"{place}: says otherwise than {earlier} of the packages or requirements of {stream.nsvca}",
                    hint="take one of the two out of [modules] sources in release.toml, or mirror both again",
                )
        found = found.merged(metadata)
    return found


def _load_module_source(place: Path, arch: str) -> ModuleMetadata:
    """Return what one source of [modules] says. Raises PackageError."""
    if place.is_dir():
        source = RepoSource("", place, arch)
        if not source.repomd:
            hint = "correct [modules] sources in release.toml, or mirror it with its repodata"
            raise PackageError(f"{place}: has no repodata, so no module metadata either", hint=hint)
        metadata = read_repository_modules(source)
        if metadata is None:
            hint = "take it out of [modules] sources in release.toml, or mirror all of its repodata"
            raise PackageError(f"{source.repomd}: names no module metadata", hint=hint)
        return metadata
    if place.is_file():
        return for_architecture(parse_module_metadata(_unpacked_bytes(place), str(place)), arch)
    hint = "correct [modules] sources in release.toml, or mirror it"
    raise PackageError(f"{place}: this source of module metadata is not there", hint=hint)


def read_repository_modules(source: RepoSource) -> ModuleMetadata | None:
    """Return the module metadata of a repository, None if it has none. Raises PackageError."""
    if not source.repomd:
        return None
    data = read.read_metadata_record(source.repomd, MODULES)
    return None if data is None else for_architecture(parse_module_metadata(data, str(source.repomd)), source.arch)


def for_architecture(metadata: ModuleMetadata, arch: str) -> ModuleMetadata:
    """Return metadata without streams that another architecture has."""
    mine = tuple(stream for stream in metadata.streams if stream.arch in ("", "noarch", arch))
    return replace(metadata, streams=mine)


def _unpacked_bytes(file: Path) -> bytes:
    """Return what a file holds, packed or not. Raises PackageError, FileError."""
    with TemporaryDirectory() as beside:
        plain = Path(beside) / "modules.yaml"
        read.unpack_metadata(file, plain)
        return read_file_bytes(plain)


def load_modular_rules(settings: ModulesSettings, base: Base, arch: str) -> ModularRules:
    """Return which packages may be on a medium because of [modules]; where dnf knows no modules, all may.

    Raises PackageError for sources that cannot be read, and for streams that cannot be on the medium.
    """
    return make_modular_rules(load_medium_streams(settings, base, arch)) if base.platform else ModularRules()


def load_medium_streams(settings: ModulesSettings, base: Base, arch: str) -> ActiveModules:
    """Return the streams that [modules] enables, and all others of its sources. Raises PackageError."""
    return choose_streams(load_module_sources(settings.sources, arch), settings.enabled, base.platform)
