# SPDX-License-Identifier: GPL-3.0-or-later
"""Which code a task can reach: modules of smedoit, their templates and data, and the libraries behind them.

All of that is an input of the task: whatever of it changes may change what the task makes. What it
cannot reach is none, so that a mended sentence in one feature does not make another one's work again.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import CodeType

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGE_NAME = os.path.basename(PACKAGE)
NAME = re.compile(r"(\w+)(?: as \w+)?")
IMPORT = re.compile(rb"^([ \t]*)from (smedoit[\w.]*) import (\([^)]*\)|[^\n#]+)", re.MULTILINE)
LIBRARY = re.compile(
    rb"^[ \t]*(?:import|from) (createrepo_c|jinja2|libcomps|packaging|productmd|pycdlib|rpm_rs|solv)\b", re.M
)
NOT_FOLLOWED = (
    "smedoit.engine",
    "smedoit.config.release",
)  # in a tasks.py: what declares a task, and what its config says anyway


def reachable_code(run: Callable[..., object]) -> Mapping[str, str]:
    """Return what the config of a task says of the code behind run, a function of some feature's tasks.py.

    Followed are the imports inside run, since work is imported when it is done, and from there all imports.
    """
    own = run.__module__
    reached = {own}
    waiting = [*_imported_by(run.__code__), *(name for name in _module(own).at_once if _is_followed(name))]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        waiting += _module(name).at_once if name.endswith(".tasks") else _module(name).imports
    libraries = sorted({library for name in reached for library in _module(name).libraries})
    return {"smedoit itself": _digest_of(reached), "the libraries": " ".join(map(_library_version, libraries))}


@functools.cache
def package_digest() -> str:
    """Return the digest of every module and data file of smedoit, for the build record."""
    return _digest_of(_modules())


@functools.cache
def _modules() -> Mapping[str, str]:
    """Return name -> file of every module of the package; a package is its __init__."""
    found = {}
    for directory, inner, files in os.walk(PACKAGE):
        inner[:] = [name for name in inner if name != "__pycache__"]
        package = os.path.relpath(directory, os.path.dirname(PACKAGE)).replace(os.sep, ".")
        for name in files:
            if name.endswith(".py"):
                module = f"{package}.{name[:-3]}".removesuffix(".__init__")
                found[module] = os.path.join(directory, name)
    return found


@functools.cache
def _packages() -> frozenset[str]:
    """Return the directories that hold modules."""
    return frozenset(map(os.path.dirname, _modules().values()))


class _Module:
    """One module: its digest, and what it imports.

    at_once  what it imports when it is imported itself; imports  whatever it imports, wherever
    """

    def __init__(self, name: str) -> None:
        import xxhash

        text = Path(_modules()[name]).read_bytes() if name in _modules() else b""
        self.digest = xxhash.xxh3_128_hexdigest(text)
        found = [(indent, _named(module.decode(), names.decode())) for indent, module, names in IMPORT.findall(text)]
        self.imports = {name for _, names in found for name in names}
        self.at_once = {name for indent, names in found if not indent for name in names}
        self.libraries = {library.decode() for library in LIBRARY.findall(text)}


_module = functools.cache(_Module)


def _named(module: str, names: str) -> set[str]:
    """Return what `from module import names` imports: modules of the package, else the module itself."""
    inner = {f"{module}.{name}" for name in NAME.findall(names)} & _modules().keys()
    return inner or {module}


def _imported_by(code: CodeType) -> Iterator[str]:
    """Yield the modules that a function imports while it runs, those of its inner functions too."""
    for module in code.co_names:
        if module.startswith(PACKAGE_NAME):
            yield module
            yield from {f"{module}.{name}" for name in code.co_names} & _modules().keys()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _imported_by(constant)


def _is_followed(name: str) -> bool:
    return not name.startswith(NOT_FOLLOWED)


def _digest_of(names: Iterable[str]) -> str:
    """Return one digest of modules and of the data files in their packages."""
    import xxhash

    state = xxhash.xxh3_128()
    names = sorted(names)
    for name in names:
        state.update(f"{name} {_module(name).digest}\n".encode())
    for package in sorted({os.path.dirname(_modules()[name]) for name in names if name in _modules()}):
        state.update(_data_digest(package).encode())
    return state.hexdigest()


@functools.cache
def _data_digest(package: str) -> str:
    """Return the digest of the files of a package that are no code: templates, keys, scripts."""
    import xxhash

    state = xxhash.xxh3_128()
    packages = _packages()
    for directory, inner, files in os.walk(package):
        inner[:] = sorted(name for name in inner if name != "__pycache__" and f"{directory}/{name}" not in packages)
        for name in sorted(name for name in files if not name.endswith((".py", ".pyc"))):
            state.update(f"{os.path.relpath(directory, package)}/{name}\n".encode())
            state.update(Path(directory, name).read_bytes())
    return state.hexdigest()


@functools.cache
def _library_version(name: str) -> str:
    """Return name and version of an installed library, by the directory that says so beside it."""
    return next((entry for entry in _installed() if entry.lower().startswith(f"{name}-")), name)


@functools.cache
def _installed() -> list[str]:
    """Return name and version of all that is installed beside our libraries, sorted."""
    import xxhash

    entries = os.listdir(Path(xxhash.__file__).parents[1])
    return sorted(entry.removesuffix(".dist-info") for entry in entries if entry.endswith(".dist-info"))
