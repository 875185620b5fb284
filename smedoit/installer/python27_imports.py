# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Python sources of the overlay images import and use, held against each other and the installer's runtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import PurePosixPath

from smedoit.installer.python27_scopes import (
    MAYBE,
    NOW,
    STAR,
    ImportedName,
    SourceNames,
    UsedName,
    find_scope,
    missing_names,
)
from smedoit.installer.runtime_modules import (
    RELEASE,
    RENAMED,
    ModuleNames,
    public_names,
    runtime_imports,
    runtime_modules,
)

CLASSES_DIRECTORY = "pyanaconda/installclasses"
PRODUCT_CLASSES = f"run/install/product/{CLASSES_DIRECTORY}"
# Where anaconda looks for install classes, in its order; each stands before all else in sys.path
CLASS_DIRECTORIES = (
    "root/installclasses",  # below the directory that its service is started in
    f"run/install/updates/{CLASSES_DIRECTORY}",
    PRODUCT_CLASSES,
    f"usr/lib64/python2.7/site-packages/{CLASSES_DIRECTORY}",
)
# The other directories that modules are looked for in, in the order of sys.path
SEARCHED = (
    *CLASS_DIRECTORIES,
    "run/install/updates",
    "usr/lib64/python2.7",
    "usr/lib64/python2.7/lib-dynload",
    "usr/lib64/python2.7/site-packages",
    "usr/lib/python2.7/site-packages",
    "usr/share/anaconda/addons",
    "usr/share/yum-cli",
)
SUFFIXES = (".py", ".so", ".pyc", ".pyo")
INIT = "__init__"
SHOWN = 4  # names that a sentence lists


@dataclass(frozen=True)
class ImportFault:
    """What is wrong with a line of a source, and whether the installer meets it as soon as it imports the file."""

    path: str
    line: int
    reason: str
    is_certain: bool


@dataclass
class OverlayModules:
    """The modules of the overlay images before those of the runtime.

    sources  path in the installer -> what is known of the names of a source
    data     path in the installer -> the source
    files    path in the installer, of every file that could be a module
    more     modules that the runtime has besides the known ones
    """

    sources: Mapping[str, SourceNames]
    data: Mapping[str, bytes]
    files: frozenset[str]
    more: frozenset[str] = frozenset()
    modules: dict[str, str] = field(default_factory=dict)
    known: dict[str, ModuleNames | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for directory in reversed(SEARCHED):
            for path in self.files:
                if module := self._module_below(directory, path):
                    self.modules[module] = path

    def _module_below(self, directory: str, path: str) -> str:
        """Return the module that a file is for sys.path's directory; "" if it is none."""
        file = PurePosixPath(merged_path(path))
        if file.suffix not in SUFFIXES or not file.as_posix().startswith(f"{directory}/"):
            return ""
        parts = file.relative_to(directory).with_suffix("").parts
        packages = parts[:-1]
        for count in range(1, len(packages) + 1):
            if not self._is_package(directory, packages[:count]):
                return ""
        return ".".join(packages if parts[-1] == INIT else parts)

    def _is_package(self, directory: str, parts: tuple[str, ...]) -> bool:
        """Return whether Python takes a directory for a package; one of the runtime's is completed from there."""
        place = "/".join((directory, *parts))
        has_init = any(f"{place}/{INIT}{suffix}" in self.files for suffix in SUFFIXES)
        return has_init or self._runtime_module(".".join(parts)) is not None

    def _runtime_module(self, module: str) -> ModuleNames | None:
        """Return what the runtime has by a name; None for nothing."""
        parts = module.split(".")
        above = [".".join(parts[:count]) for count in range(1, len(parts))]
        if any(name in self.more for name in (*above, module)):
            return ModuleNames(is_open=True, has_below=True)
        table = runtime_modules()
        if module not in table and any(name in table and table[name].has_below for name in above):
            return ModuleNames(is_open=True, has_below=True)
        return table.get(module, table.get(f"pyanaconda.installclasses.{module}"))

    def find_module(self, module: str) -> ModuleNames | None:
        """Return a module by its full name; None if there is none."""
        if module not in self.known:
            self.known[module] = ModuleNames(is_open=True)  # while it is looked at: modules may import each other
            path = self.modules.get(module)
            if path is None:
                self.known[module] = self._runtime_module(module)
            elif path in self.sources:
                self.known[module] = self._overlay_names(path)
        return self.known[module]

    def _overlay_names(self, path: str) -> ModuleNames:
        """Return the names of a source of the overlay."""
        source = self.sources[path]
        names, is_open = set(source.top.bound), source.is_open
        for taken in source.imported:
            if taken.name == STAR:
                found = self.find_module(self.absolute_name(path, taken))
                is_open |= found is None or found.is_open
                names |= found.exported if found else frozenset()
        exported = public_names(frozenset(names)) if source.exported is None else frozenset(source.exported)
        is_open |= source.has_all and source.exported is None
        return ModuleNames(frozenset(names), exported, is_open)

    def package_of(self, path: str) -> str:
        """Return the package that a source is imported in; "" for an install class, and for what is no module."""
        nearest = sorted(SEARCHED, key=len, reverse=True)
        module = next(filter(None, (self._module_below(directory, path) for directory in nearest)), "")
        return module if PurePosixPath(path).stem == INIT else module.rpartition(".")[0]

    def absolute_name(self, path: str, taken: ImportedName) -> str:
        """Return the full name of the module that an import asks for; "" for a relative one that leads nowhere."""
        package = self.package_of(path)
        if not taken.level:
            beside = f"{package}.{taken.module}" if package else taken.module
            first = f"{package}.{taken.module.partition('.')[0]}"
            is_beside = package and not self.sources[path].has_absolute_imports and self.find_module(first) is not None
            return beside if is_beside else taken.module
        parts = package.split(".") if package else []
        if taken.level > len(parts):
            return ""
        above = parts[: len(parts) - taken.level + 1]
        return ".".join([*above, taken.module] if taken.module else above)

    def is_beside(self, path: str, module: str) -> bool:
        """Return whether a module lies in the directory of a program that is started, which Python looks in first."""
        place = PurePosixPath(path).parent / module.replace(".", "/")
        return any(f"{place}{end}" in self.files for end in (*SUFFIXES, *(f"/{INIT}{suffix}" for suffix in SUFFIXES)))


def merged_path(path: str) -> str:
    """Return a path with /lib and /lib64 as the links that they are."""
    return f"usr/{path}" if path.startswith(("lib/", "lib64/")) else path


def find_import_faults(overlay: OverlayModules) -> Iterator[ImportFault]:
    """Yield every import that finds nothing, every name that nothing binds, every attribute that a module lacks."""
    yield from _shadowing_faults(overlay)
    builtins = runtime_modules()["__builtin__"].names
    for path, source in sorted(overlay.sources.items()):
        for taken in source.imported:
            if taken.certainty <= MAYBE and (reason := _import_reason(overlay, path, taken)):
                yield ImportFault(path, taken.line, reason, taken.certainty == NOW)
        yield from _name_faults(overlay, path, builtins)
        for use in source.bare_calls:
            if (use.name, use.attributes) == ("super", ()) and use.certainty <= MAYBE:
                yield ImportFault(
                    path, use.line, "super() needs the class and self in Python 2.7", use.certainty == NOW
                )
        for use in source.used:
            if use.attributes and use.certainty <= MAYBE and (reason := _attribute_reason(overlay, path, use)):
                yield ImportFault(path, use.line, reason, use.certainty == NOW)


def _shadowing_faults(overlay: OverlayModules) -> Iterator[ImportFault]:
    """Yield every source that stands in for one of anaconda's, and lacks what another one takes from it."""
    for module, path in sorted(overlay.modules.items()):
        own = overlay.find_module(module)
        if own is None or own.is_open:
            continue
        for other, names in runtime_imports().get(module, {}).items():
            lacking = sorted(name for name in names - own.names if overlay.find_module(f"{module}.{name}") is None)
            if lacking and other not in overlay.modules:
                reason = f"has no {', '.join(lacking[:SHOWN])}, which {other} of anaconda {RELEASE} imports"
                yield ImportFault(path, 1, reason, is_certain=True)
                break


def shadowing_remarks(overlay: OverlayModules) -> Iterator[str]:
    """Yield every source that stands in for one of the runtime's, and lacks names that others may take from it."""
    for module, path in sorted(overlay.modules.items()):
        own, theirs = overlay.find_module(module), runtime_modules().get(module)
        is_class = CLASSES_DIRECTORY in path  # whose names nobody asks for
        if is_class or own is None or theirs is None or own.is_open or theirs.is_open:
            continue
        if lacking := sorted(public_names(theirs.names) - own.names):
            more = f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
            yield (
                f"{path}: lacks {', '.join(lacking[:SHOWN])}{more}, which {module} of anaconda {RELEASE} has;"
                " is it of another release?"
            )


def _import_reason(overlay: OverlayModules, path: str, taken: ImportedName) -> str:
    """Return why an import finds nothing, "" if it finds what it asks for."""
    module = overlay.absolute_name(path, taken)
    if not module:
        return f"a relative import, and the installer imports {PurePosixPath(path).name} outside of any package"
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        if overlay.find_module(name) is None:
            is_beside = overlay.is_beside(path, name)
            return "" if is_beside else f"there is no module {name}{_suggest_module(overlay, module, name)}"
    found = overlay.find_module(module)
    if not taken.name or taken.name == STAR or found is None or found.is_open or taken.name in found.names:
        return ""
    if taken.name.startswith("__") or overlay.find_module(f"{module}.{taken.name}") is not None:
        return ""
    return f"{module} has no {taken.name}{_suggest_name(taken.name, found.names)}"


def _suggest_module(overlay: OverlayModules, module: str, missing: str) -> str:
    """Return a hint at the module that may be meant by the first one of a dotted name that is missing."""
    if module in RENAMED:
        return f", which is Python 3's; Python 2.7 has {RENAMED[module]}"
    above, _, last = missing.rpartition(".")
    known = [name.rpartition(".") for name in (*runtime_modules(), *overlay.modules)]
    near = get_close_matches(last, [name for parent, _, name in known if parent == above], 1, 0.75)
    if near:
        return f"; did you mean {above}{'.' if above else ''}{near[0]}?"
    return f" in Python 2.7, in anaconda {RELEASE} or in the overlay images"


def _suggest_name(name: str, names: frozenset[str]) -> str:
    """Return a hint at the name that may be meant."""
    near = get_close_matches(name, sorted(names), 1, 0.75)
    return f"; did you mean {near[0]}?" if near else ""


def _name_faults(overlay: OverlayModules, path: str, builtins: frozenset[str]) -> Iterator[ImportFault]:
    """Yield the names of a source that nothing binds, each once; none where an import of * may have brought them."""
    source, given, told = overlay.sources[path], set(builtins), set()
    for taken in source.imported:
        if taken.name == STAR:
            found = overlay.find_module(overlay.absolute_name(path, taken))
            if found is None or found.is_open:
                return
            given |= found.exported
    for use in missing_names(source, given.__contains__):
        if use.name not in told:
            told.add(use.name)
            hint = _suggest_name(use.name, frozenset((*given, *source.top.bound)))
            later = ", or not yet" if use.name in source.top.bound else ""
            yield ImportFault(path, use.line, f"nothing is called {use.name}{later or hint}", use.certainty == NOW)


def _attribute_reason(overlay: OverlayModules, path: str, use: UsedName) -> str:
    """Return which attribute a module lacks that a name was imported for; "" if it has it, or nobody knows."""
    scope, source = find_scope(use), overlay.sources[path]
    modules = scope.modules.get(use.name, set()) if scope else set()
    if len(modules) != 1 or "" in modules:
        return ""
    module = overlay.absolute_name(path, ImportedName(next(iter(modules)), "", 0, use.line, NOW))
    for attribute in use.attributes:
        found = overlay.find_module(module)
        if found is None:
            return ""
        if overlay.find_module(f"{module}.{attribute}") is not None:
            module = f"{module}.{attribute}"
        elif found.is_open or attribute in found.names or attribute in source.patched or attribute.startswith("__"):
            return ""
        else:
            return f"{module} has no {attribute}{_suggest_name(attribute, found.names)}"
    return ""
