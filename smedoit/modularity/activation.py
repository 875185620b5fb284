# SPDX-License-Identifier: GPL-3.0-or-later
"""Which streams dnf takes as active, and which packages it hides for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from smedoit.modularity.documents import PLATFORM, ModuleMetadata, ModuleStream, Requires


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

    All versions of an active stream are active, of each the first context whose requirements are met. Source: libdnf,
    libdnf/module/ModulePackageContainer.cpp, resolveActiveModulePackages and moduleSolve
    """
    wanted = {**default_streams(metadata), **enabled}
    allowed = [stream for stream in metadata.streams if wanted.get(stream.name, stream.stream) == stream.stream]
    possible = resolvable_streams(allowed, platform)
    active: dict[tuple[str, str, int, str, str], ModuleStream] = {}
    queue: list[tuple[str, tuple[str, ...]]] = [(name, (stream,)) for name, stream in wanted.items()]
    for name, streams in queue:  # it grows while it is walked
        for stream in _first_contexts(possible, name, streams):
            if stream.place not in active:
                active[stream.place] = stream
                needs = met_alternative(stream, possible, platform) or {}
                queue += [(module, _chosen_stream(possible, module, needs[module])) for module in sorted(needs)]
    return ActiveModules(
        tuple(active[place] for place in sorted(active)),
        tuple(stream for stream in metadata.streams if stream.place not in active),
    )


def resolvable_streams(streams: Iterable[ModuleStream], platform: str) -> list[ModuleStream]:
    """Return the streams whose requirements are met by the platform and each other."""
    left = list(streams)
    while True:
        good = [stream for stream in left if met_alternative(stream, left, platform) is not None]
        if len(good) == len(left):
            return good
        left = good


def met_alternative(stream: ModuleStream, there: Sequence[ModuleStream], platform: str) -> Requires | None:
    """Return the first alternative of what a stream requires that is met, None if none is."""
    alternatives = stream.requires or ({},)
    return next((needs for needs in alternatives if not unmet_modules(needs, there, platform)), None)


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


def _chosen_stream(possible: Sequence[ModuleStream], module: str, accepted: Collection[str]) -> tuple[str, ...]:
    """Return the one stream of a module that a requirement brings, none for the platform."""
    found = [stream.stream for stream in possible if stream.name == module and accepts_stream(accepted, stream.stream)]
    return (max(found),) if found else ()


def _first_contexts(possible: Iterable[ModuleStream], name: str, streams: Collection[str]) -> list[ModuleStream]:
    """Return one build of each version of a stream."""
    found: dict[tuple[str, int], ModuleStream] = {}
    for stream in sorted(possible, key=_by_place):
        if stream.name == name and stream.stream in streams:
            found.setdefault((stream.stream, stream.version), stream)
    return list(found.values())


def _by_place(stream: ModuleStream) -> tuple[str, str, int, str, str]:
    """Sort by what tells streams apart."""
    return stream.place


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
