# SPDX-License-Identifier: GPL-3.0-or-later
"""Which install class anaconda would take, decided as it decides: directories, __all__, hidden, sortPriority, name.

Source: pyanaconda/installclass.py and collect() of pyanaconda/ui/common.py, anaconda 21.48.22.159
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from smedoit.installer.python27_grammar import Node
from smedoit.installer.python27_imports import CLASS_DIRECTORIES, PRODUCT_CLASSES, OverlayModules, merged_path
from smedoit.installer.python27_scopes import CAUGHT, NOW, ImportedName, SourceNames, find_scope
from smedoit.installer.python27_tokens import NAME
from smedoit.installer.python27_values import UNKNOWN, plain_value
from smedoit.installer.runtime_modules import runtime_modules

PRODUCT_NAME = "pyanaconda.product.productName"
BASE = "pyanaconda.installclass.BaseInstallClass"
# What BaseInstallClass has, and efi_dir, which is asked for without being there
BASE_ATTRIBUTES: Mapping[str, Any] = {
    "name": "base",
    "sortPriority": 0,
    "hidden": False,
    "_l10n_domain": None,
    **dict.fromkeys(
        (
            *("bootloaderTimeoutDefault", "bootloaderExtraArgs", "ignoredPackages", "installUpdates", "defaultFS"),
            *("default_autopart_type", "help_folder", "help_main_page", "help_placeholder"),
            *("help_placeholder_with_links", "use_geolocation_with_kickstart", "l10n_domain"),
        ),
        UNKNOWN,
    ),
}
# Its methods, and how many arguments anaconda gives each, self among them
METHODS = {
    "__init__": 1,
    "getBackend": 1,
    "configure": 2,
    "setDefaultPartitioning": 2,
    "setNetworkOnbootDefault": 2,
    "setPackageSelection": 2,
    "setStorageChecker": 2,
    "customizeDefaultPartitioning": 3,
    "filterSupportedLangs": 3,
    "filterSupportedLocales": 4,
}
ASKED = (*BASE_ATTRIBUTES, *METHODS, "efi_dir")
DEEPEST = 100  # classes in all
UPSTREAM = ("centos", "fedora", "rhel", "rhv")  # modules of the runtime that hold install classes
EFI_DIRECTORIES = ("BOOT", "centos", "fedora", "redhat")  # that shim and GRUB of a distribution have


@dataclass(eq=False)
class InstallClass:
    """A class that anaconda may take: where it is defined, and what is known of its attributes.

    is_sure  whether all of its bases are known
    """

    path: str
    name: str
    line: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    own: dict[str, int] = field(default_factory=dict)
    is_install: bool = False
    is_sure: bool = True

    @property
    def shown(self) -> str:
        """The class as a sentence names it."""
        return f"{self.attributes['name']} ({self.path})" if isinstance(self.attributes["name"], str) else self.path

    @property
    def key(self) -> tuple[Any, ...]:
        """What anaconda sorts by; what is not known is taken for the best."""
        priority, name = self.attributes["sortPriority"], self.attributes["name"]
        rank = {UNKNOWN: 2, None: -1}.get(priority, 0 if isinstance(priority, int) else 1)  # Python 2 compares all
        return (rank, priority if rank == 0 else 0, name if isinstance(name, str) else "\uffff")


@dataclass(frozen=True)
class _Method:
    """A method: how many arguments it needs and takes at most, self among them."""

    needed: int
    most: int


@dataclass(frozen=True)
class ClassChoice:
    """What anaconda would choose: None where the overlay has no install class.

    faults   what is wrong with the choice, or with a class in any case
    remarks  what somebody should look at
    """

    winner: InstallClass | None
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def upstream_classes(product: str) -> Iterator[InstallClass]:
    """Yield the install classes of CentOS's runtime, as they are for a product.

    CentOS's own comes from its package's patch: visible for all but Red Hat's and Fedora's products.
    """
    for module, name, priority, hidden, efi_dir in (
        ("centos", "CentOS Linux", 25000, product.startswith(("Red Hat ", "Fedora ")), "centos"),
        ("fedora", "Fedora", 10000, product.startswith("Red Hat "), "fedora"),
        ("rhel", "Red Hat Enterprise Linux", 20000, not product.startswith("Red Hat "), "redhat"),
        ("rhv", "oVirt Node Next", 21000, not product.startswith("oVirt"), "centos"),
    ):
        known = {"name": name, "sortPriority": priority, "hidden": hidden, "efi_dir": efi_dir, "_l10n_domain": "comps"}
        path = f"{CLASS_DIRECTORIES[-1]}/{module}.py"
        yield InstallClass(path, module, attributes={**BASE_ATTRIBUTES, **known}, is_install=True)


def choose_install_class(overlay: OverlayModules, product: str) -> ClassChoice:
    """Return what anaconda would choose for a product, and what is wrong with that."""
    reader = _ClassReader(overlay, product)
    taken, remarks = _modules_taken(overlay)
    faults: list[str] = [*_stray_classes(overlay)]
    for path in taken.values():
        for said, is_certain in _base_faults(overlay, path):
            (faults if is_certain else remarks).append(said)
    found: list[InstallClass] = []
    empty: list[str] = []
    asked = {imported.module for source in overlay.sources.values() for imported in source.imported}
    for path in taken.values():
        source = overlay.sources[path]
        classes = [*reader.collect_classes(path)]
        lacking = sorted({*(source.exported or ())} - {*source.top.bound})
        if lacking and not source.is_open and not any(imported.name == "*" for imported in source.imported):
            faults.append(f"{path}: __all__ names {lacking[0]}, which is not in it; the installer ends there")
        elif not classes and PurePosixPath(path).stem not in asked:
            hidden = any(reader.read_class(path, node).is_install for node in source.classes)
            reason = "__all__ leaves it out" if hidden else "holds no class that is built on BaseInstallClass"
            empty.append(f"{path}: {reason}, so it is no install class")
        found += classes
    # Beside a class of ours it may be a helper; without one, another's class is taken
    (remarks if any(PurePosixPath(each.path).stem not in UPSTREAM for each in found) else faults).extend(empty)
    theirs = [each for each in upstream_classes(product) if each.name not in taken]
    ours = [each for each in found if PurePosixPath(each.path).stem not in UPSTREAM] or found
    if not found:
        return ClassChoice(None, tuple(faults), tuple(remarks))
    candidates = [*found, *theirs]
    visible = [each for each in candidates if each.attributes["hidden"] is UNKNOWN or not each.attributes["hidden"]]
    winner = max(visible or candidates, key=lambda each: each.key)
    seen = [each for each in ours if each in visible] or ours
    best = winner if winner in ours else max(seen, key=lambda each: each.key)
    if winner is not best:
        faults.append(_explain_loss(best, winner, bool(visible)))
    remarks += [remark for each in ours for remark in _attribute_remarks(each)]
    remarks += [remark for path in taken.values() for remark in _self_remarks(reader, path)]
    faults += _winner_faults(best, overlay)
    return ClassChoice(winner, tuple(faults), tuple(remarks))


def _modules_taken(overlay: OverlayModules) -> tuple[dict[str, str], list[str]]:
    """Return module -> the file of the overlay that it is imported from; and which files anaconda passes over."""
    taken: dict[str, str] = {}
    remarks = []
    for directory in CLASS_DIRECTORIES:
        for path in sorted(overlay.sources):
            file = PurePosixPath(merged_path(path))
            if file.parent.as_posix() != directory or file.suffix != ".py" or file.stem == "__init__":
                continue
            if file.stem in runtime_modules():
                remarks.append(f"{path}: has the name of a module of Python's, and is passed over if that was imported")
            if file.stem not in taken:
                taken[file.stem] = path
            elif overlay.data[taken[file.stem]] != overlay.data[path]:
                remarks.append(f"{path}: differs from {taken[file.stem]}, which the installer takes instead")
    return taken, remarks


def _stray_classes(overlay: OverlayModules) -> Iterator[str]:
    """Yield every file that is meant for an install class, and lies where anaconda does not look for one."""
    for path in sorted(overlay.files):
        file = PurePosixPath(merged_path(path))
        is_source = file.suffix.lower() == ".py" and file.stem != "__init__"
        is_read = file.parent.as_posix() in CLASS_DIRECTORIES and file.suffix == ".py"
        if "installclasses" in file.parts[:-1] and is_source and not is_read:
            yield f"{path}: no installer looks for an install class there; it looks for *.py in {PRODUCT_CLASSES}"


def _base_faults(overlay: OverlayModules, path: str) -> Iterator[tuple[str, bool]]:
    """Yield what a source asks BaseInstallClass for in vain, and whether it does so when it is imported."""
    source = overlay.sources[path]
    for use in source.used:
        scope = find_scope(use) if use.attributes and use.certainty < CAUGHT else None
        if scope and scope.modules.get(use.name) == {BASE}:
            word = use.attributes[0]
            if word not in BASE_ATTRIBUTES and word not in METHODS and word not in source.patched and word[:2] != "__":
                near = get_close_matches(word, ASKED, 1, 0.75)
                hint = f"; did you mean {near[0]}?" if near else ""
                yield f"{path}, line {use.line}: BaseInstallClass has no {word}{hint}", use.certainty == NOW
            elif word in METHODS and use in source.bare_calls:
                yield f"{path}, line {use.line}: BaseInstallClass.{word}() is called without self", use.certainty == NOW
    for node in source.classes:
        for base in _base_nodes(node):
            modules = source.top.modules.get(base.text, set()) if base.kind == NAME else set()
            asked = ImportedName(next(iter(modules), ""), "", 0, node.line, NOW)
            module = overlay.absolute_name(path, asked)
            if len(modules) == 1 and (module in overlay.modules or module in runtime_modules()):
                yield f"{path}, line {node.line}: the base {base.text} is a module, and no class", True


def _self_remarks(reader: _ClassReader, path: str) -> Iterator[str]:
    """Yield what methods ask their own class for in vain; nothing where a class of the source may have more."""
    source = reader.overlay.sources[path]
    classes = [reader.read_class(path, node) for node in source.classes]
    if not classes or not all(each.is_sure and each.is_install for each in classes):
        return
    known = {name for each in classes for name in each.attributes}.union(METHODS, source.patched)
    if any(use.name == "setattr" for use in source.used):
        return
    for use in source.used:
        if use.name == "self" and use.attributes and use.certainty < CAUGHT:
            word = use.attributes[0]
            if word not in known and not word.startswith("__"):
                near = get_close_matches(word, sorted(known), 1, 0.75)
                yield f"{path}, line {use.line}: self has no {word}{f'; did you mean {near[0]}?' if near else ''}"


def _explain_loss(best: InstallClass, winner: InstallClass, has_visible: bool) -> str:
    """Return why a class of ours is not taken."""
    if best.attributes["hidden"] is not UNKNOWN and best.attributes["hidden"] and has_visible:
        why = "is hidden for this product"
    else:
        why = f"has sortPriority {best.attributes['sortPriority']}, not above {winner.attributes['sortPriority']}"
    return f"{best.path}: {why}, so the installer would take {winner.shown}"


def _winner_faults(best: InstallClass, overlay: OverlayModules) -> Iterator[str]:
    """Yield what the installer would end at with a class."""
    if "efi_dir" not in best.attributes:
        is_set_otherwise = any("efi_dir" in source.patched for source in overlay.sources.values())
        if best.is_sure and not is_set_otherwise:
            yield f"{best.path}: sets no efi_dir, every installation under UEFI would end in a traceback"
    elif isinstance(best.attributes["efi_dir"], (int, tuple)) or best.attributes["efi_dir"] in ("", None):
        yield f'{best.path}: its efi_dir is no name of a directory; use "centos" while CentOS\'s shim is on the medium'
    for name, given in METHODS.items():
        method = best.attributes.get(name)
        if isinstance(method, _Method) and not method.needed <= given <= method.most:
            yield (
                f"{best.path}, line {best.own.get(name, best.line)}: the installer gives {name} {given} arguments, self"
                f" among them, and it takes {method.needed if given < method.needed else method.most}"
            )


def _attribute_remarks(each: InstallClass) -> Iterator[str]:
    """Yield what a class lacks that anaconda has a use for, and what it sets that anaconda never asks for."""
    priority = each.attributes["sortPriority"]
    if each.attributes["name"] == "base" and each.is_sure:
        yield f"{each.path}: sets no name; the installer's log and kickstart call it base"
    for name in ("bootloaderExtraArgs", "ignoredPackages"):
        if isinstance(each.attributes[name], str):
            yield f"{each.path}, line {each.own.get(name, each.line)}: {name} is a text, taken for a list of letters"
    if isinstance(priority, (str, tuple)):
        yield f"{each.path}: sortPriority is no number, and Python 2.7 holds it for more than any number; write one"
    elif priority == 0 and each.is_sure:
        yield f"{each.path}: sets no sortPriority, so it stands behind all others"
    if each.attributes["_l10n_domain"] is None and each.is_sure:
        yield f'{each.path}: sets no _l10n_domain; whoever asks for its translations gets an error, set it to "comps"'
    for name, line in each.own.items():
        near = get_close_matches(name, [known for known in ASKED if known[0:1] == "_" or name[0:1] != "_"], 1, 0.8)
        if name not in ASKED and near:
            yield f"{each.path}, line {line}: sets {name}, which the installer never asks for; did you mean {near[0]}?"


def unknown_efi_dir(winner: InstallClass, shipped: frozenset[str]) -> str:
    """Return why the installed system's loader would not be found where the class looks for it; "" if it would.

    shipped  the directories in EFI of the medium's shim and GRUB; none if they are not known
    """
    efi_dir = winner.attributes.get("efi_dir")
    known = {name.lower() for name in shipped or EFI_DIRECTORIES}  # a FAT knows no case
    if not isinstance(efi_dir, str) or efi_dir.lower() in known:
        return ""
    has = f"shim and GRUB of the medium have EFI/{', EFI/'.join(sorted(shipped))}" if shipped else "no shim has one"
    return f'{winner.path}: efi_dir is "{efi_dir}", but {has}: the installed system would not start under UEFI'


class _ClassReader:
    """Reads classes without running them."""

    def __init__(self, overlay: OverlayModules, product: str) -> None:
        self.overlay, self.product = overlay, product
        self.known: dict[tuple[str, str], InstallClass] = {}

    def collect_classes(self, path: str) -> Iterator[InstallClass]:
        """Yield the classes of a source that anaconda takes: of __all__ if there is one, else all."""
        source = self.overlay.sources[path]
        for node in source.classes:
            name = node.children[1].text
            if source.exported is None or name in source.exported:
                found = self.read_class(path, node)
                if found.is_install:
                    yield found

    def read_class(self, path: str, node: Node) -> InstallClass:
        """Return what is known of a class."""
        name = node.children[1].text
        if (path, name) not in self.known:
            found = self.known[path, name] = InstallClass(path, name, node.line)
            bases = [self._find_base(path, base) for base in _base_nodes(node)]
            for base in reversed(bases):
                found.attributes |= base.attributes
            found.is_install = any(base.is_install for base in bases)
            found.is_sure = all(base.is_sure for base in bases)
            values = self._module_values(self.overlay.sources[path])
            self._read_body(node.children[-1], found, values)
        return self.known[path, name]

    def _find_base(self, path: str, node: Node) -> InstallClass:
        """Return a base of a class; one that is not known may have everything."""
        source = self.overlay.sources[path]
        words = [part.text for part in (node.children or [node]) if part.kind == NAME]
        words += [part.children[1].text for part in node.children if part.kind == "trailer" and len(part.children) == 2]
        unknown = InstallClass("", "", attributes={**BASE_ATTRIBUTES, "efi_dir": UNKNOWN}, is_sure=False)
        if words == ["object"]:
            return InstallClass("", "object")
        if not words:
            return unknown
        own = next((other for other in source.classes if words == [other.children[1].text]), None)
        if own is not None:
            return self.read_class(path, own) if len(self.known) < DEEPEST else unknown
        modules = source.top.modules.get(words[0], set())
        dotted = ".".join((next(iter(modules)), *words[1:])) if len(modules) == 1 and "" not in modules else ""
        dotted = self.overlay.absolute_name(path, ImportedName(dotted, "", 0, 0, NOW)) if dotted else ""
        if dotted == BASE:
            return InstallClass("", "BaseInstallClass", attributes=dict(BASE_ATTRIBUTES), is_install=True)
        module, _, name = dotted.rpartition(".")
        other_path = self.overlay.modules.get(module, "")
        if other_path in self.overlay.sources and other_path != path:
            for other in self.overlay.sources[other_path].classes:
                if other.children[1].text == name and len(self.known) < DEEPEST:
                    return self.read_class(other_path, other)
        known = {each.name: each for each in upstream_classes(self.product)}
        if module.rpartition(".")[2] in known:
            unknown.attributes |= known[module.rpartition(".")[2]].attributes
        unknown.is_install = True  # a class of a module of pyanaconda, as far as anybody can tell
        return unknown

    def _module_values(self, source: SourceNames) -> dict[str, Any]:
        """Return what is known of the names at the top of a source."""
        values: dict[str, Any] = {}
        for name, modules in source.top.modules.items():
            values[name] = self.product if modules == {PRODUCT_NAME} else UNKNOWN
            module, _, attribute = PRODUCT_NAME.rpartition(".")
            if modules == {module}:
                values[f"{name}.{attribute}"] = self.product
        for statement, is_sure in source.assignments:
            for name in self._assign(statement, values, values):
                values[name] = values[name] if is_sure else UNKNOWN
        return values

    def _assign(self, statement: Node, into: dict[str, Any], values: Mapping[str, Any]) -> list[str]:
        """Note what an assignment of plain names gives; return them."""
        if statement.kind != "expr_stmt":
            return []
        names = [target.text for target in statement.children[:-1:2] if target.kind == NAME]
        is_plain = statement.children[1].kind == "="
        for name in names:
            into[name] = plain_value(statement.children[-1], values) if is_plain else UNKNOWN
        return names

    def _read_body(self, body: Node, found: InstallClass, outside: Mapping[str, Any]) -> None:
        """Note the attributes that a class body sets, in order."""
        left: list[tuple[Node, bool]] = [(body, True)]
        while left:
            node, is_sure = left.pop()
            if node.kind in ("suite", "simple_stmt"):
                left += [(child, is_sure) for child in reversed(node.children)]
            elif node.kind == "expr_stmt":
                for name in self._assign(node, found.attributes, {**outside, **found.attributes}):
                    found.own[name] = node.line
                    if not is_sure:
                        found.attributes[name] = UNKNOWN
            elif node.kind in ("funcdef", "decorated"):
                self._note_method(node, found)
            elif node.kind == "if_stmt":
                left += reversed([*self._branches(node, is_sure, {**outside, **found.attributes})])
            elif node.kind in ("for_stmt", "while_stmt", "try_stmt", "with_stmt"):
                left += [(child, False) for child in reversed(node.children) if child.kind == "suite"]

    def _branches(self, node: Node, is_sure: bool, values: Mapping[str, Any]) -> Iterator[tuple[Node, bool]]:
        """Yield the bodies of an if that are executed, or may be."""
        condition: Any = True
        for before, child in zip([None, *node.children], node.children, strict=False):
            if before is not None and before.kind in ("if", "elif"):
                condition = plain_value(child, values)
            elif child.kind == "else":
                condition = True
            elif child.kind in ("suite", "simple_stmt"):
                if condition is UNKNOWN:
                    is_sure = False
                    yield child, False
                elif condition:
                    yield child, is_sure
                    return

    def _note_method(self, node: Node, found: InstallClass) -> None:
        """Note a method; one with a decorator may take anything."""
        definition = node if node.kind == "funcdef" else node.children[-1]
        name = definition.children[1].text
        found.own[name] = definition.line
        found.attributes[name] = _read_method(definition) if node.kind == "funcdef" else UNKNOWN


def _base_nodes(node: Node) -> list[Node]:
    """Return the bases of a class."""
    if node.children[2].kind != "(" or node.children[3].kind == ")":
        return []
    held = node.children[3]
    return [child for child in held.children if child.kind != ","] if held.kind == "testlist" else [held]


def _read_method(node: Node) -> _Method:
    """Return how many arguments a definition takes."""
    held = node.children[2].children[1:-1]
    if not held:
        return _Method(0, 0)
    parts = held[0].children if held[0].kind == "varargslist" else held
    names = [child for child in parts if child.kind == "fpdef"]
    defaults = sum(child.kind == "=" for child in parts)
    has_star = any(child.kind == "*" for child in parts)
    return _Method(len(names) - defaults, 255 if has_star else len(names))
