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

PACKAGE = Path(__file__).parents[1]
IMPORT = re.compile(rb"^([ \t]*)from (smedoit[\w.]*) import (\([^)]*\)|[^\n#]+)", re.MULTILINE)
LIBRARY = re.compile(rb"^[ \t]*(?:import|from) (createrepo_c|jinja2|libcomps|productmd|pycdlib|rpm_rs|solv)\b", re.M)
NOT_FOLLOWED = ("smedoit.engine", "smedoit.config.release")  # in a tasks.py: what declares, and is told of in config


def reachable_code(run: Callable[..., object]) -> Mapping[str, str]:
    """Return what a task is told of the code behind run, a function of some feature's tasks.py.

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
    names = (path.relative_to(PACKAGE.parent).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return _digest_of({".".join(name.parts) for name in names})


class _Module:
    """One module: its digest, with that of the data files beside it, and what it imports.

    at_once  what it imports when it is imported itself; imports  whatever it imports, wherever
    """

    def __init__(self, name: str) -> None:
        import xxhash

        file = _file_of(name)
        text = file.read_bytes() if file else b""
        self.digest = xxhash.xxh3_128_hexdigest(text)
        found = [(indent, list(_named(module.decode(), names))) for indent, module, names in IMPORT.findall(text)]
        self.imports = [name for _, names in found for name in names]
        self.at_once = [name for indent, names in found if not indent for name in names]
        self.libraries = {library.decode() for library in LIBRARY.findall(text)}


_module = functools.cache(_Module)


@functools.cache
def _file_of(name: str) -> Path | None:
    """Return the file of a module, None for what is none of ours; a package is its __init__."""
    if name.partition(".")[0] != PACKAGE.name:
        return None
    place = PACKAGE.parent.joinpath(*name.split("."))
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def _named(module: str, names: bytes) -> Iterator[str]:
    """Yield what `from module import names` imports: modules of the package, else the module itself."""
    for name in re.findall(r"(\w+)(?: as \w+)?", names.decode()):
        inner = f"{module}.{name}"
        yield inner if _file_of(inner) else module


def _imported_by(code: CodeType) -> Iterator[str]:
    """Yield the modules that a function imports while it runs, those of its inner functions too."""
    modules = [name for name in code.co_names if name.startswith("smedoit")]
    for module in modules:
        yield module
        yield from (inner for name in code.co_names if _file_of(inner := f"{module}.{name}"))
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
    for package in sorted({file.parent for name in names if (file := _file_of(name))}):
        state.update(_data_digest(package).encode())
    return state.hexdigest()


@functools.cache
def _data_digest(package: Path) -> str:
    """Return the digest of the files of a package that are no code: templates, keys, scripts."""
    import xxhash

    state = xxhash.xxh3_128()
    for directory, inner, files in os.walk(package):
        inner[:] = sorted(
            name for name in inner if name != "__pycache__" and not os.path.exists(f"{directory}/{name}/__init__.py")
        )
        for name in sorted(name for name in files if not name.endswith((".py", ".pyc"))):
            state.update(f"{os.path.relpath(directory, package)}/{name}\n".encode())
            state.update(Path(directory, name).read_bytes())
    return state.hexdigest()


@functools.cache
def _library_version(name: str) -> str:
    """Return name and version of an installed library, by the directory that says so beside it."""
    import xxhash

    for entry in sorted(os.listdir(Path(xxhash.__file__).parents[1])):
        if entry.lower().startswith(f"{name}-") and entry.endswith(".dist-info"):
            return entry.removesuffix(".dist-info")
    return name
