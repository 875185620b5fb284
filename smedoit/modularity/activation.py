# SPDX-License-Identifier: GPL-3.0-or-later
"""Which streams dnf takes as active, and which packages it hides for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from smedoit.modularity.documents import PLATFORM, ModuleMetadata, ModuleStream, Requires, StreamPlace


@dataclass(frozen=True)
class ActiveModules:
    """The streams whose packages dnf sees, and those whose packages it hides."""

    active: tuple[ModuleStream, ...] = ()
    others: tuple[ModuleStream, ...] = ()

    @property
    def shown(self) -> dict[str, str]:
        """NEVRA -> MODULE:STREAM of the packages of active streams; of each name dnf sees no other package."""
        return {nevra: stream.title for stream in self.active for nevra in stream.artifacts}

    @property
    def hidden(self) -> dict[str, str]:
        """NEVRA -> MODULE:STREAM of the packages that only other streams have."""
        shown = self.shown
        others = ((nevra, stream.title) for stream in self.others for nevra in stream.artifacts)
        return {nevra: title for nevra, title in others if nevra not in shown}


def default_streams(metadata: ModuleMetadata) -> dict[str, str]:
    """Return module -> its default stream; of several that contradict each other none counts, as in libmodulemd."""
    found: dict[str, set[str]] = {}
    for defaults in metadata.defaults:
        if defaults.stream:
            found.setdefault(defaults.module, set()).add(defaults.stream)
    return {module: next(iter(streams)) for module, streams in found.items() if len(streams) == 1}


def find_active(metadata: ModuleMetadata, enabled: Mapping[str, str], platform: str) -> ActiveModules:
    """Return which streams are active on a system: enabled and default ones that resolve, and what those require.

    enabled   module -> stream; it counts before any default
    platform  "platform:el8", the PLATFORM_ID of the system

    Of an active stream one family of builds is active, in all versions. A default must resolve in the newest of these.
    Source: libdnf 0.73, libdnf/module/ModulePackageContainer.cpp, addVersion2Modules and moduleSolve
    """
    there = {(stream.name, stream.stream) for stream in metadata.streams}
    wanted = {**dict(item for item in default_streams(metadata).items() if item in there), **enabled}
    allowed = [stream for stream in metadata.streams if wanted.get(stream.name, stream.stream) == stream.stream]
    possible = resolvable_streams(allowed, platform)
    active: dict[StreamPlace, ModuleStream] = {}
    queue = [(name, stream, name not in enabled) for name, stream in wanted.items()]
    for name, title, newest in queue:  # it grows while it is walked
        builds = [stream for stream in allowed if (stream.name, stream.stream) == (name, title)]
        for stream in _active_builds(builds, possible, newest):
            if stream.place not in active:
                active[stream.place] = stream
                needs = [item for each in outer_requirements(stream) for item in each.items() if item[0] != PLATFORM]
                queue += [(module, _chosen_stream(possible, module, names), False) for module, names in needs]
    return ActiveModules(
        tuple(active[place] for place in sorted(active)),
        tuple(stream for stream in metadata.streams if stream.place not in active),
    )


def _active_builds(
    builds: Iterable[ModuleStream], possible: Collection[ModuleStream], newest: bool
) -> list[ModuleStream]:
    """Return the builds of a stream that dnf takes as active: the first family of which one resolves.

    newest  the first of its newest version must, as they stand in the metadata: dnf tries no other one of a default
    """
    families: dict[str, list[ModuleStream]] = {}
    for build in builds:
        families.setdefault(build.family, []).append(build)
    for name in sorted(families):
        best = max(families[name], key=lambda build: build.version)
        if any(build in possible for build in ([best] if newest else families[name])):
            return families[name]
    return []


def resolvable_streams(streams: Iterable[ModuleStream], platform: str) -> list[ModuleStream]:
    """Return the streams whose requirements are met by the platform and each other."""
    left = list(streams)
    while True:
        good = [stream for stream in left if not unmet_requirements(stream, left, platform)]
        if len(good) == len(left):
            return good
        left = good


def unmet_requirements(stream: ModuleStream, there: Iterable[ModuleStream], platform: str) -> list[str]:
    """Return what a stream requires of modules that neither the platform nor a stream meets, as unmet_modules does."""
    known = list(there)
    return [unmet for needs in outer_requirements(stream) for unmet in unmet_modules(needs, known, platform)]


def outer_requirements(stream: ModuleStream) -> list[Requires]:
    """Return what a stream requires of others: one of its own module it meets itself, even where it refuses itself."""
    refused = f"-{stream.stream}"
    return [
        {
            module: accepted
            for module, accepted in needs.items()
            if module != stream.name
            or not accepts_stream([name for name in accepted if name != refused], stream.stream)
        }
        for needs in stream.requires
    ]


def unmet_modules(needs: Requires, there: Iterable[ModuleStream], platform: str) -> list[str]:
    """Return what is required of modules, as NAME:STREAM or NAME, that neither the platform nor a stream meets."""
    streams: dict[str, set[str]] = {PLATFORM: {platform.removeprefix(f"{PLATFORM}:")}}
    for stream in there:
        streams.setdefault(stream.name, set()).add(stream.stream)
    return [
        f"{module}:{' or '.join(accepted)}" if accepted else module
        for module, accepted in needs.items()
        if not any(accepts_stream(accepted, stream) for stream in streams.get(module, ()))
    ]


def accepts_stream(accepted: Collection[str], stream: str) -> bool:
    """Return whether a requirement takes a stream: it names it, or names none, or others that it refuses."""
    refused = {name[1:] for name in accepted if name.startswith("-")}
    named = {name for name in accepted if not name.startswith("-")}
    return stream in named if named else stream not in refused


def _chosen_stream(possible: Iterable[ModuleStream], module: str, accepted: Collection[str]) -> str:
    """Return the one stream of a module that a requirement brings."""
    streams = [stream.stream for stream in possible if stream.name == module]
    return min((stream for stream in streams if accepts_stream(accepted, stream)), default="")


def find_metadata_faults(metadata: ModuleMetadata, platform: str) -> list[str]:
    """Return what is wrong with the module metadata of a medium, as sentences: defaults that dnf cannot follow."""
    active = {stream.title for stream in find_active(metadata, {}, platform).active}
    streams: dict[str, set[str]] = {}
    for stream in metadata.streams:
        streams.setdefault(stream.name, set()).add(stream.stream)
    wanted: dict[str, set[str]] = {}
    for defaults in metadata.defaults:
        wanted.setdefault(defaults.module, set()).update({defaults.stream} - {""})
    found = []
    for module, names in sorted(wanted.items()):
        if len(names) > 1:
            found.append(f"{module} has several default streams, {', '.join(sorted(names))}: dnf takes none of them")
        elif (absent := names - streams.get(module, set())) or not names:
            found += [f"the default stream {module}:{stream} is not there" for stream in sorted(absent)]
        elif f"{module}:{min(names)}" not in active:
            found.append(
                f"the default stream {module}:{min(names)} is of another platform than {platform}, or needs modules"
                " that are not there: dnf hides its packages"
            )
    return found
