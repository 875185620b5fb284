# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Python 2.7 source imports, binds and uses, and whether that happens when it is imported or later.

Source: The Python Language Reference 2.7, "Naming and binding"
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from smedoit.installer.python27_grammar import Node
from smedoit.installer.python27_scopes import CAUGHT, MAYBE, NOW, STAR, ImportedName, NameScope, SourceNames, UsedName
from smedoit.installer.python27_tokens import NAME, STRING

CATCHING = frozenset(("ImportError", "NameError", "AttributeError", "Exception", "StandardError", "BaseException"))
# A module that uses one of these may have names that nobody sees
REVEALING = frozenset(("globals", "locals", "vars", "execfile"))
COMPREHENSIONS = ("comp_for", "list_for")
LITERAL = re.compile(r"[uUbBrR]*(?P<quote>'''|\"\"\"|'|\")(?P<body>.*)(?P=quote)", re.DOTALL)


@dataclass(frozen=True)
class _Place:
    """Where a node stands."""

    scope: NameScope
    certainty: int = 0
    is_looped: bool = False

    def less_certain(self, certainty: int) -> _Place:
        """Return the place, if it is reached no more certainly than this."""
        return replace(self, certainty=max(self.certainty, certainty))


class _NameReader:
    """Walks through a tree in the order of execution."""

    def __init__(self) -> None:
        self.found = SourceNames(NameScope("module"))
        self.order = 0
        self.left: list[tuple[Node, _Place]] = []

    def read(self, top: Node) -> SourceNames:
        """Return the names of a tree."""
        self.left = [(top, _Place(self.found.top))]
        while self.left:
            node, place = self.left.pop()
            self.order += 1
            VISITS.get(node.kind, _visit_children)(self, node, place)
        return self.found

    def push(self, parts: Iterable[tuple[Node, _Place]]) -> None:
        """Have these read next, the first one first."""
        self.left += reversed([*parts])

    def bind(self, name: str, scope: NameScope, module: str = "") -> None:
        """Note that a name gets a value here."""
        if name in scope.shared:
            scope = self.found.top
            scope.bound[name] = 0
        scope.bound.setdefault(name, self.order)
        if scope.kind == "class":
            self.found.patched.add(name)
        scope.modules.setdefault(name, set()).add(module)

    def bind_targets(self, target: Node, place: _Place) -> None:
        """Note the names that an assignment, a for or a with gives values to, and read what stands in the others."""
        left = [target]
        while left:
            node = left.pop()
            if node.kind == NAME:
                self.left.append((Node("bind", node.line, node.text), place))
            elif node.kind == "power":
                if dotted := _dotted_words(node):
                    self.found.patched.add(dotted[-1])
                self.push([(node, place)])
            elif node.kind in ("testlist", "exprlist", "atom", "testlist_comp", "listmaker", "testlist_safe"):
                left += node.children


def _visit_children(reader: _NameReader, node: Node, place: _Place) -> None:
    reader.push((child, place) for child in node.children)


def _visit_name(reader: _NameReader, node: Node, place: _Place) -> None:
    _note_use(reader, node, (), place)


def _note_use(reader: _NameReader, node: Node, attributes: tuple[str, ...], place: _Place) -> None:
    if node.text in REVEALING:
        reader.found.is_open = True
    if node.text == "__all__":
        reader.found.exported = None
    reader.found.used.append(
        UsedName(node.text, attributes, node.line, place.scope, reader.order, place.certainty, place.is_looped)
    )


def _visit_bind(reader: _NameReader, node: Node, place: _Place) -> None:
    reader.bind(node.text, place.scope)


def _visit_power(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read a name with what stands behind it."""
    words = _dotted_words(node)
    if not words:
        return _visit_children(reader, node, place)
    _note_use(reader, node.children[0], tuple(words[1:]), place)
    behind = node.children[len(words)] if len(node.children) > len(words) else node
    if [part.kind for part in behind.children] == ["(", ")"]:
        reader.found.bare_calls.append(reader.found.used[-1])
    reader.push((child, place) for child in node.children[1:])
    return None


def _dotted_words(node: Node) -> list[str]:
    """Return a name and the attributes right behind it; nothing where an expression begins otherwise."""
    if node.kind != "power" or node.children[0].kind != NAME:
        return []
    words = [node.children[0].text]
    for trailer in node.children[1:]:
        if trailer.kind != "trailer" or trailer.children[0].kind != ".":
            break
        words.append(trailer.children[1].text)
    return words


def _visit_trailer(reader: _NameReader, node: Node, place: _Place) -> None:
    if node.children[0].kind != ".":
        _visit_children(reader, node, place)


def _visit_argument(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read an argument: a keyword is no name."""
    if node.children[1].kind == "=":
        reader.push([(node.children[2], place)])
    else:
        _visit_comprehension(reader, node, place)


def _visit_assignment(reader: _NameReader, node: Node, place: _Place) -> None:
    if place.scope is reader.found.top:
        reader.found.assignments.append((node, place.certainty == NOW and not place.is_looped))
    if node.children[1].kind != "=":
        if node.children[0].kind == NAME:
            reader.left.append((Node("bind", node.line, node.children[0].text), place))
        _visit_children(reader, node, place)
        return
    targets, value = node.children[:-1:2], node.children[-1]
    if place.scope is reader.found.top and any(target.text == "__all__" for target in targets):
        is_again = reader.found.has_all
        reader.found.has_all = True
        reader.found.exported = None if is_again or place.certainty else _exported_words(value)
    for target in reversed(targets):
        reader.bind_targets(target, place)
    reader.push([(value, place)])


def _exported_words(value: Node) -> tuple[str, ...] | None:
    """Return the names of a plain __all__; a text is one of letters."""
    text = literal_text(value)
    return literal_words(value) if text is None else tuple(text)


def literal_words(node: Node) -> tuple[str, ...] | None:
    """Return the strings of a plain list or tuple; None for anything else."""
    if node.kind == "atom" and node.children[0].kind in ("[", "("):
        held = node.children[1]
        items = held.children if held.kind in ("listmaker", "testlist_comp") else [held]
        items = [] if len(node.children) == 2 else items
    elif node.kind == "testlist":
        items = node.children
    else:
        return None
    words = [literal_text(item) for item in items if item.kind != ","]
    return None if None in words else tuple(word for word in words if word is not None)


def literal_text(node: Node) -> str | None:
    """Return the text of a plain string, with its escapes as they stand; None for anything else."""
    parts = node.children if node.kind == "atom" else [node]
    if not parts or any(part.kind != STRING for part in parts):
        return None
    found = [LITERAL.fullmatch(part.text) for part in parts]
    return "".join(part["body"] for part in found if part)


def _visit_for(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read a loop: what it goes through, what it binds, its body."""
    inside = replace(place, is_looped=True)
    reader.push((child, inside) for child in node.children[4:])
    reader.bind_targets(node.children[1], place)
    reader.push([(node.children[3], place)])


def _visit_while(reader: _NameReader, node: Node, place: _Place) -> None:
    reader.push((child, replace(place, is_looped=True)) for child in node.children)


def _visit_with_item(reader: _NameReader, node: Node, place: _Place) -> None:
    if len(node.children) > 2:
        reader.bind_targets(node.children[-1], place)
    reader.push([(node.children[0], place)])


def _visit_except(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read what an except asks for: only when something was raised."""
    if len(node.children) > 3:
        reader.bind_targets(node.children[3], place)
    reader.push((child, place.less_certain(CAUGHT)) for child in node.children[1:2])


def _visit_try(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read a try: what an except would catch is, and what comes only then."""
    is_caught = any(_catches_missing(child) for child in node.children if child.kind == "except_clause")
    inside = place.less_certain(CAUGHT) if is_caught else place
    parts, is_handler = [], False
    for child in node.children:
        is_handler = child.kind == "except_clause" or (is_handler and child.kind not in ("else", "finally"))
        is_last = child.kind == "finally"
        inside = place if is_last else inside
        parts.append((child, inside.less_certain(CAUGHT) if is_handler else inside))
    reader.push(parts)


def _catches_missing(clause: Node) -> bool:
    """Return whether an except may catch what a missing module, name or attribute raises."""
    names = {part.text for child in clause.children[1:2] for part in (child.children or [child]) if part.kind == NAME}
    return not names or any(name in CATCHING or not hasattr(builtins, name) for name in names)


def _visit_condition(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read an if: what stands first is always read, the rest perhaps, or in the version that it asks for."""
    asks = any("hasattr" in word or "version" in word.lower() for word in _all_words(node.children[1]))
    later = place.less_certain(CAUGHT if asks else MAYBE)
    reader.push([(node.children[1], place), *((child, later) for child in node.children[2:])])


def _all_words(node: Node) -> Iterator[str]:
    """Yield the text of every token of a tree."""
    left = [node]
    while left:
        part = left.pop()
        if part.text:
            yield part.text
        left += part.children


def _visit_either(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read "and" and "or": what stands first is always read."""
    later = place.less_certain(CAUGHT)
    reader.push([(node.children[0], place), *((child, later) for child in node.children[1:])])


def _visit_choice(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read A if B else C: B is always read, and first."""
    later = place.less_certain(CAUGHT)
    reader.push([(node.children[2], place), (node.children[0], later), (node.children[4], later)])


def _visit_decorator(reader: _NameReader, node: Node, place: _Place) -> None:
    words = [part for part in node.children[1].children if part.kind == NAME]
    _note_use(reader, words[0], tuple(word.text for word in words[1:]), place)
    reader.push((child, place) for child in node.children[2:])


def _visit_function(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read a definition: its defaults now, its body when it is called."""
    name = node.children[1] if node.kind == "funcdef" else None
    inside = NameScope("function", place.scope)
    held = [part for child in node.children for part in (child.children if child.kind == "parameters" else [child])]
    defaults: list[Node] = []
    for part in held[:-1]:
        if part.kind == "varargslist":
            for before, child in zip([None, *part.children], part.children, strict=False):
                if before is not None and before.kind == "=":
                    defaults.append(child)
                elif child.kind in ("fpdef", NAME):
                    _bind_parameters(reader, child, inside)
    if name:
        reader.left.append((Node("bind", name.line, name.text), place))
    body = Node("deferred", node.line, "", [held[-1]])
    reader.left.insert(0, (body, _Place(inside, max(place.certainty, MAYBE))))
    reader.push((default, place) for default in defaults)


def _bind_parameters(reader: _NameReader, node: Node, scope: NameScope) -> None:
    left = [node]
    while left:
        part = left.pop()
        if part.kind == NAME:
            reader.bind(part.text, scope)
        left += part.children


def _visit_class(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read a class: its bases, its body, and then its name is bound."""
    if place.scope is reader.found.top:
        reader.found.classes.append(node)
    reader.left.append((Node("bind", node.line, node.children[1].text), place))
    reader.left.append((node.children[-1], replace(place, scope=NameScope("class", place.scope))))
    reader.push((child, place) for child in node.children[2:-2])


def _visit_comprehension(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read a comprehension: its loops, and then what they make."""
    loops = [child for child in node.children if child.kind in COMPREHENSIONS]
    if not loops:
        return _visit_children(reader, node, place)
    is_list = loops[0].kind == "list_for"  # whose names are those of the scope around it
    inside = place if is_list else replace(place, scope=NameScope("comprehension", place.scope))
    # What a generator yields is read when somebody asks: as in a function
    is_lazy = node.kind in ("testlist_comp", "argument")
    later = inside.less_certain(MAYBE) if is_lazy else inside
    reader.push((child, later) for child in node.children if child not in loops)
    reader.left.append((loops[0], inside))
    return None


def _visit_loop_part(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read the for of a comprehension; its first sequence is read outside of it, as the others nearly are."""
    reader.push((child, place) for child in node.children[4:])
    reader.bind_targets(node.children[1], place)
    reader.push([(node.children[3], place)])


def _visit_global(reader: _NameReader, node: Node, place: _Place) -> None:
    for name in node.children[1:]:
        if name.kind == NAME and place.scope is not reader.found.top:
            place.scope.shared.add(name.text)


def _visit_exec(reader: _NameReader, node: Node, place: _Place) -> None:
    reader.found.is_open = True
    _visit_children(reader, node, place)


def _visit_delete(reader: _NameReader, node: Node, place: _Place) -> None:
    """Read what is deleted; a name may be gone afterwards, which is not followed."""
    reader.push((child, place.less_certain(CAUGHT)) for child in node.children)


# Imports


def _visit_import(reader: _NameReader, node: Node, place: _Place) -> None:
    for child in node.children[1:]:
        parts = child.children if child.kind == "dotted_as_names" else [child]
        for part in parts:
            if part.kind == ",":
                continue
            dotted = part.children[0] if part.kind == "dotted_as_name" else part
            module = _dotted_text(dotted)
            _note_import(reader, ImportedName(module, "", 0, part.line, place.certainty))
            if part.kind == "dotted_as_name" and len(part.children) > 1:
                reader.bind(part.children[2].text, place.scope, module)
            else:
                reader.bind(module.partition(".")[0], place.scope, module.partition(".")[0])


def _visit_import_from(reader: _NameReader, node: Node, place: _Place) -> None:
    at = next(number for number, child in enumerate(node.children) if child.kind == "import")
    level = sum(child.kind == "." for child in node.children[1:at])
    module = "".join(_dotted_text(child) for child in node.children[1:at] if child.kind != ".")
    for name, alias, line in _names_taken(node.children[at + 1 :]):
        if module == "__future__":
            reader.found.has_absolute_imports |= name == "absolute_import"
        _note_import(reader, ImportedName(module, name, level, line, place.certainty))
        if name != STAR:
            reader.bind(alias, place.scope, f"{module}.{name}" if module and not level else "")


def _note_import(reader: _NameReader, imported: ImportedName) -> None:
    reader.found.imported.append(imported)


def _names_taken(nodes: Sequence[Node]) -> Iterator[tuple[str, str, int]]:
    """Yield every name that an import takes, what it is called here, and its line."""
    for node in nodes:
        for part in node.children if node.kind == "import_as_names" else [node]:
            if part.kind == "import_as_name":
                yield part.children[0].text, part.children[-1].text, part.line
            elif part.kind in (NAME, STAR):
                yield part.text, part.text, part.line


def _dotted_text(node: Node) -> str:
    """Return a dotted name as it is written."""
    return "".join(part.text for part in (node.children or [node]))


VISITS: Mapping[str, Callable[[_NameReader, Node, _Place], None]] = {
    NAME: _visit_name,
    "bind": _visit_bind,
    "power": _visit_power,
    "trailer": _visit_trailer,
    "argument": _visit_argument,
    "expr_stmt": _visit_assignment,
    "for_stmt": _visit_for,
    "while_stmt": _visit_while,
    "with_item": _visit_with_item,
    "except_clause": _visit_except,
    "try_stmt": _visit_try,
    "if_stmt": _visit_condition,
    "and_test": _visit_either,
    "or_test": _visit_either,
    "test": _visit_choice,
    "decorator": _visit_decorator,
    "funcdef": _visit_function,
    "lambdef": _visit_function,
    "old_lambdef": _visit_function,
    "classdef": _visit_class,
    "listmaker": _visit_comprehension,
    "testlist_comp": _visit_comprehension,
    "dictorsetmaker": _visit_comprehension,
    "comp_for": _visit_loop_part,
    "list_for": _visit_loop_part,
    "global_stmt": _visit_global,
    "exec_stmt": _visit_exec,
    "del_stmt": _visit_delete,
    "import_name": _visit_import,
    "import_from": _visit_import_from,
}


def read_source_names(tree: Node) -> SourceNames:
    """Return the names of a source, by its tree."""
    return _NameReader().read(tree)
