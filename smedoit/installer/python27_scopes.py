# SPDX-License-Identifier: GPL-3.0-or-later
"""The scopes of a Python 2.7 source: what is bound where, what is used, and where Python looks for it.

Source: The Python Language Reference 2.7, "Naming and binding"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from smedoit.installer.python27_grammar import Node

STAR = "*"
# Whether a line is executed when the module is imported: always; if a condition holds, or something is called; or in a
# place where the source itself takes care of what is not there
NOW, MAYBE, CAUGHT = range(3)
MODULE_NAMES = frozenset(("__name__", "__file__", "__doc__", "__package__", "__path__", "__builtins__", "__loader__"))
CLASS_NAMES = frozenset(("__module__",))


@dataclass(eq=False)
class NameScope:
    """A module, a class or a function: where it stands in, and what is bound in it.

    bound    name -> the earliest place in the order of execution; a name of the future is not there yet
    modules  name -> the modules that imports bind it to; "" for anything else
    """

    kind: str
    parent: NameScope | None = None
    bound: dict[str, int] = field(default_factory=dict)
    modules: dict[str, set[str]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)

    @property
    def is_deferred(self) -> bool:
        """Whether this runs only when something is called."""
        return self.kind == "function" or (self.parent is not None and self.parent.is_deferred)


@dataclass(frozen=True)
class UsedName:
    """A name that is read, with the attributes behind it.

    certainty  NOW, MAYBE or CAUGHT
    """

    name: str
    attributes: tuple[str, ...]
    line: int
    scope: NameScope
    order: int
    certainty: int
    is_looped: bool


@dataclass(frozen=True)
class ImportedName:
    """An import of a module, or of a name from it.

    level  the dots before the module
    name   what is taken from the module; "" for the module itself
    """

    module: str
    name: str
    level: int
    line: int
    certainty: int


@dataclass(eq=False)
class SourceNames:
    """All that is known of the names of a source.

    classes      the class definitions at its top, in order
    assignments  those at its top, in order, and whether each is executed in any case
    exported     __all__, None where there is none or it is no plain list
    patched      attributes that it sets, and names that it binds in a class, however it does
    bare_calls   those of the used names that are called without an argument
    is_open      whether it may have names that are not seen here
    """

    top: NameScope
    used: list[UsedName] = field(default_factory=list)
    imported: list[ImportedName] = field(default_factory=list)
    classes: list[Node] = field(default_factory=list)
    assignments: list[tuple[Node, bool]] = field(default_factory=list)
    exported: tuple[str, ...] | None = None
    has_all: bool = False
    has_absolute_imports: bool = False
    patched: set[str] = field(default_factory=set)
    bare_calls: list[UsedName] = field(default_factory=list)
    is_open: bool = False


def missing_names(source: SourceNames, known: Callable[[str], bool]) -> Iterator[UsedName]:
    """Yield every name that is used and that nothing binds; none where that cannot be told.

    known  whether Python, or an import of *, has a name
    """
    for use in source.used:
        if use.certainty < CAUGHT and not source.is_open and not known(use.name) and find_scope(use) is None:
            yield use


def find_scope(use: UsedName) -> NameScope | None:
    """Return the scope that has a name when it is used, None if none has."""
    return next((scope for scope in _visible_scopes(use.scope) if _has_name(scope, use)), None)


def _visible_scopes(scope: NameScope) -> Iterator[NameScope]:
    """Yield the scopes that a name is looked for in: a class is seen only by what stands right in it."""
    inner: NameScope | None = scope
    is_right_in = True
    while inner is not None:
        if inner.kind != "class" or is_right_in:
            yield inner
        is_right_in = is_right_in and inner.kind == "comprehension"
        inner = inner.parent


def _has_name(scope: NameScope, use: UsedName) -> bool:
    """Return whether a scope has a name when it is used."""
    if use.name in (MODULE_NAMES if scope.kind == "module" else CLASS_NAMES if scope.kind == "class" else ()):
        return True
    if use.name not in scope.bound:
        return False
    return use.scope.is_deferred or use.is_looped or scope.bound[use.name] < use.order
