# SPDX-License-Identifier: GPL-3.0-or-later
"""Module metadata as values: streams with their packages, and which of them are defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from smedoit.errors import PackageError
from smedoit.modularity.plain_yaml import Value, read_documents
from smedoit.runtime import foreign

STREAM, DEFAULTS = ("modulemd", "2"), ("modulemd-defaults", "1")  # document and version of what is read
PLATFORM = "platform"  # the module that the base itself is
AGAIN = "mirror it again, or correct the file"
NEVRA = re.compile(r"(?P<name>[^\s/]+)-(?:(?P<epoch>[0-9]+):)?(?P<evr>[^\s/:-]+-[^\s/:-]+\.[^\s/:.-]+)")
LONGEST_NUMBER = 19  # digits of a version, which is a number of 64 bits
Requires = Mapping[str, tuple[str, ...]]
StreamPlace = tuple[str, str, int, str, str]


@dataclass(frozen=True)
class ModuleStream:
    """One build of a stream, as a document modulemd version 2 describes it.

    version    newest is largest
    context    tells builds of one version apart, which need other modules
    requires   all must be met: module -> streams of it that will do, "-NAME" for those that will not; none means any
    artifacts  NEVRAs of its packages, as Package.nevra has them, sorted
    document   all that the document says

    Source: libmodulemd, yaml_specs/modulemd_stream_v2.yaml
    """

    name: str
    stream: str
    version: int
    context: str
    arch: str
    requires: tuple[Requires, ...] = field(hash=False)
    artifacts: tuple[str, ...]
    document: Mapping[str, Value] = field(compare=False, repr=False)

    @property
    def title(self) -> str:
        """NAME:STREAM, as people and dnf say it."""
        return f"{self.name}:{self.stream}"

    @property
    def family(self) -> str:
        """What builds of a stream share that dnf takes together: a static context, else what modules they require."""
        if self.document["data"].get("static_context") == "true":
            return self.context
        needs = {module: names for each in self.requires for module, names in each.items() if module != PLATFORM}
        spelled = [f"{module}:{','.join(sorted(names))}" if names else module for module, names in needs.items()]
        return ",".join(sorted(spelled)) or "NoRequires"

    @property
    def place(self) -> StreamPlace:
        """What documents are sorted by, and told apart."""
        return self.name, self.stream, self.version, self.context, self.arch

    @property
    def nsvca(self) -> str:
        """Name, stream, version, context and architecture, as dnf says them."""
        return ":".join(map(str, self.place))


@dataclass(frozen=True)
class ModuleDefaults:
    """Which stream of a module is the default, and which profiles of each stream.

    stream    "" for none
    profiles  stream -> names of profiles that dnf module install takes

    Source: libmodulemd, yaml_specs/modulemd_defaults_v1.yaml
    """

    module: str
    stream: str
    profiles: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ModuleMetadata:
    """What module metadata says. Obsoletes, translations and documents for builders say nothing of packages."""

    streams: tuple[ModuleStream, ...] = ()
    defaults: tuple[ModuleDefaults, ...] = ()

    def merged(self, other: ModuleMetadata) -> ModuleMetadata:
        """Return both together in their order, as dnf takes several repositories; what is told twice counts once."""
        known = {stream.place: stream for stream in self.streams}
        for stream in other.streams:
            known.setdefault(stream.place, stream)
        return ModuleMetadata(
            tuple(known.values()),
            (*self.defaults, *(each for each in other.defaults if each not in self.defaults)),
        )


def parse_module_metadata(data: bytes, file: str) -> ModuleMetadata:
    """Return what module metadata says; documents of kinds or versions that tell of no packages are passed over.

    Raises PackageError that names file, document and key for what is no module metadata, and for a build that two
    documents tell differently: libmodulemd would take the later of them.
    """
    streams: dict[StreamPlace, ModuleStream] = {}
    defaults, number = list[ModuleDefaults](), 0
    try:
        for document in read_documents(data):
            number += 1
            if document == "":
                continue
            found = _Table(document, "")
            kind = found.text("document"), found.text("version")
            if kind == STREAM:
                stream = _read_stream(found, document)
                if streams.setdefault(stream.place, stream) != stream:
                    raise _KeyProblem(f"says otherwise of {stream.nsvca} than an earlier one")
            elif kind == DEFAULTS:
                defaults.append(_read_defaults(found.table("data")))
    except (_KeyProblem, ValueError) as problem:
        where = f"document {number}: " if isinstance(problem, _KeyProblem) else ""
        said = str(problem)[: foreign.SHOWN]
        raise PackageError(f"{file}: is no module metadata, {where}{said}", hint=AGAIN) from None
    return ModuleMetadata(tuple(streams.values()), tuple(defaults))


class _KeyProblem(Exception):
    """A value of another type than the format has, or one that contradicts another."""


class _Table:
    """A mapping, asked for the types that the format has."""

    def __init__(self, value: Value, path: str) -> None:
        if not isinstance(value, Mapping):
            raise _KeyProblem(f"{path or 'it'} is no mapping")
        self.value, self.path = value, path

    def named(self, key: str) -> str:
        """Return a key with all that it stands under."""
        return f"{self.path}.{key}" if self.path else key

    def text(self, key: str, usual: str | None = None) -> str:
        """Return a text; one without a usual value must be there."""
        found = self.value.get(key, usual)
        if not isinstance(found, str) or (usual is None and not found):
            raise _KeyProblem(f"{self.named(key)} is no text" if key in self.value else f"it has no {self.named(key)}")
        return str(found)

    def table(self, key: str) -> _Table:
        """Return a mapping; an absent or empty one is one of nothing."""
        return _Table(self.value.get(key) or {}, self.named(key))

    def inner(self, key: str) -> _Table:
        """Return a mapping that is there, be it empty."""
        return _Table(self.value[key], self.named(key))

    def texts(self, key: str) -> list[str]:
        """Return a list of texts; an absent or empty one is one of nothing."""
        found = self.value.get(key) or []
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            raise _KeyProblem(f"{self.named(key)} is no list of texts")
        return [str(text) for text in found]

    def tables(self, key: str) -> list[_Table]:
        """Return a list of mappings, likewise."""
        found = self.value.get(key) or []
        if not isinstance(found, list):
            raise _KeyProblem(f"{self.named(key)} is no list")
        return [_Table(table, f"{self.named(key)}[{number}]") for number, table in enumerate(found)]


def _read_stream(found: _Table, document: Mapping[str, Value]) -> ModuleStream:
    """Return a stream."""
    data = found.table("data")
    version = foreign.parse_decimal(data.text("version"))
    if version is None:
        raise _KeyProblem("data.version is no number")
    requires = [needs.table("requires") for needs in data.tables("dependencies")]
    profiles = data.table("profiles")
    for name in profiles.value:
        profiles.inner(name).texts("rpms")  # which is read again where the medium's own are made of them
    return ModuleStream(
        name=data.text("name"),
        stream=data.text("stream"),
        version=version,
        context=data.text("context", ""),
        arch=data.text("arch", ""),
        requires=tuple({name: tuple(needs.texts(name)) for name in needs.value} for needs in requires),
        artifacts=tuple(sorted({plain_nevra(text) for text in data.table("artifacts").texts("rpms")})),
        document=document,
    )


def _read_defaults(data: _Table) -> ModuleDefaults:
    """Return defaults."""
    profiles = data.table("profiles")
    return ModuleDefaults(
        data.text("module"),
        data.text("stream", ""),
        {stream: tuple(profiles.texts(stream)) for stream in profiles.value},
    )


def plain_nevra(text: str) -> str:
    """Return an artifact as Package.nevra has it: without an epoch of 0. Raises _KeyProblem for what is no NEVRA."""
    found = NEVRA.fullmatch(text)
    if not found or len(found["epoch"] or "") > LONGEST_NUMBER:
        raise _KeyProblem(f"{text[:80]!r} of data.artifacts.rpms is no NAME-EPOCH:VERSION-RELEASE.ARCH")
    epoch = int(found["epoch"] or 0)
    return f"{found['name']}-{epoch}:{found['evr']}" if epoch else f"{found['name']}-{found['evr']}"


def package_name(nevra: str) -> str:
    """Return the name of a package in a NEVRA."""
    return nevra.rsplit("-", 2)[0]
