# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Python 2.7 compiles a source: its grammar, and what its compiler refuses beyond that.

Not seen is what takes the names of nested functions together: a bare exec, an import of *, a deleted
name where a function inside uses them. Nothing is run, and no Python 2.7 is needed.

Source: The Python Language Reference 2.7
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from smedoit.installer.python27_grammar import Node, parse_python27
from smedoit.installer.python27_tokens import NAME, STRING, Python27Error, decode_source, python27_tokens

FUTURES = (
    "nested_scopes", "generators", "division", "absolute_import", "with_statement", "print_function",
    "unicode_literals",
)  # fmt: skip
MOST_ARGUMENTS = 255
UNICODE_ESCAPE = re.compile(
    r"\\(?:x(?P<x>[0-9a-fA-F]{0,2})|u(?P<u>[0-9a-fA-F]{0,4})|U(?P<U>[0-9a-fA-F]{0,8})|N(?P<N>\{[^}]*\}|)|.)", re.DOTALL
)
RAW_UNICODE_ESCAPE = re.compile(r"\\(?:u(?P<u>[0-9a-fA-F]{0,4})|U(?P<U>[0-9a-fA-F]{0,8})|.)", re.DOTALL)
UNDECODED = re.compile("[\udc80-\udcff]")  # a byte that is no UTF-8, as surrogateescape has it
DIGITS = {"x": 2, "u": 4, "U": 8}
LITERAL = re.compile(r"(?P<prefix>[uUbBrR]*)(?P<quote>'''|\"\"\"|'|\")(?P<body>.*)(?P=quote)", re.DOTALL)
EXPRESSIONS = {
    "power": "operator",
    "lambdef": "lambda",
    "old_lambdef": "lambda",
    "test": "conditional expression",
    "yield_expr": "yield expression",
    **dict.fromkeys(("or_test", "and_test", "not_test", "expr", "xor_expr", "and_expr", "shift_expr"), "operator"),
    **dict.fromkeys(("arith_expr", "term", "factor"), "operator"),
    "comparison": "comparison",
}


@dataclass
class _FunctionBody:
    """What is known of a function while its body is looked at."""

    arguments: frozenset[str] = frozenset()
    is_generator: bool = False
    returned: int = 0


@dataclass(frozen=True)
class _Scope:
    """Where a statement stands: in which function, None outside of all, and whether in a loop, or in its finally."""

    function: _FunctionBody | None = None
    in_loop: bool = False
    in_finally: bool = False


@dataclass
class _Source:
    """A source that is looked at."""

    futures: set[str] = field(default_factory=set)
    future_nodes: set[int] = field(default_factory=set)


def check_python27(data: bytes) -> Node:
    """Return the tree of a source. Raises Python27Error unless Python 2.7 compiles it."""
    top = parse_python27(python27_tokens(decode_source(data)))
    source = _Source()
    _read_futures(top, source)
    left = [(top, _Scope())]
    functions: list[_FunctionBody] = []
    while left:
        node, scope = left.pop()
        if rule := RULES.get(node.kind):
            rule(node, scope, source)
        if node.kind in SCOPES:
            inner = [*SCOPES[node.kind](node, scope)]
            functions += [
                below.function for _, below in inner if below.function is not scope.function and below.function
            ]
        else:
            inner = [(child, scope) for child in node.children]
        left += reversed(inner)
    for function in functions:
        if function.is_generator and function.returned:
            raise Python27Error(function.returned, "'return' with argument inside generator")
    return top


def _words(node: Node) -> list[Node]:
    """Return the items of a list, without what stands between them."""
    return [child for child in node.children if child.kind != ","]


# The beginning: from __future__ import …


def _read_futures(top: Node, source: _Source) -> None:
    """Note what is imported from the future, where that may be done."""
    is_first = True
    for statement in _simple_statements(top):
        if statement.kind == "import_from" and _module_name(statement) == "__future__":
            source.future_nodes.add(id(statement))
            for name in _imported_names(statement):
                if name.text not in FUTURES:
                    raise Python27Error(name.line, f"future feature {name.text} is not defined")
                source.futures.add(name.text)
        elif not (is_first and _is_string(statement)):
            return
        is_first = False


def _simple_statements(top: Node) -> Iterator[Node]:
    """Yield the statements at the top of a source, up to one that holds others."""
    for statement in top.children:
        if statement.kind == "simple_stmt":
            yield from (child for child in statement.children if child.kind not in (";", "NEWLINE"))
        elif statement.kind != "NEWLINE":
            yield statement


def _module_name(statement: Node) -> str:
    """Return the module that names are imported from, with its dots."""
    words = statement.children[1 : next(i for i, child in enumerate(statement.children) if child.kind == "import")]
    return "".join(part.text for word in words for part in (word.children or [word]))


def _imported_names(statement: Node) -> list[Node]:
    """Return the names that an import takes from a module."""
    found = [name for child in statement.children if child.kind == "import_as_names" for name in _words(child)]
    return [name.children[0] for name in found] or statement.children[-1:]


def _is_string(statement: Node) -> bool:
    """Return whether a statement is a docstring."""
    return statement.kind == STRING or (
        statement.kind == "atom" and all(child.kind == STRING for child in statement.children)
    )


def _check_import(node: Node, _scope: _Scope, source: _Source) -> None:
    names = next((child for child in node.children if child.kind == "import_as_names"), None)
    if names and names.children[-1].kind == "," and node.children[-1].kind != ")":
        raise Python27Error(names.line, "trailing comma not allowed without surrounding parentheses")
    if _module_name(node) == "__future__" and id(node) not in source.future_nodes:
        raise Python27Error(node.line, "from __future__ imports must occur at the beginning of the file")


def _check_imported_name(node: Node, _scope: _Scope, _source: _Source) -> None:
    name = node.children[-1]
    _refuse_none(name if name.kind == NAME else name.children[0])


# Where a value goes


def _refuse_none(name: Node) -> None:
    """Refuse a name that nothing can be assigned to."""
    if name.text in ("None", "__debug__"):
        raise Python27Error(name.line, f"cannot assign to {name.text}")


def _check_target(node: Node, verb: str = "assign to") -> None:
    """Refuse an expression that no value can go to."""
    left = [node]
    while left:
        target = left.pop()
        if target.kind == NAME:
            _refuse_none(target)
        elif target.kind in ("exprlist", "testlist", "testlist_comp", "listmaker", "testlist_safe"):
            if any(child.kind in ("comp_for", "list_for") for child in target.children):
                raise Python27Error(target.line, f"can't {verb} comprehension")
            left += _words(target)
        elif target.kind == "atom" and target.children[0].kind in ("(", "["):
            if len(target.children) == 2 and target.children[0].kind == "(":
                raise Python27Error(target.line, f"can't {verb} ()")
            left += target.children[1:-1]
        elif target.kind == "power" and target.children[-1].kind == "trailer":
            _check_trailer_target(target.children[-1], verb)
        else:
            raise Python27Error(target.line, f"can't {verb} {EXPRESSIONS.get(target.kind, 'literal')}")


def _check_trailer_target(trailer: Node, verb: str) -> None:
    """Refuse a call, and an attribute that cannot be."""
    if trailer.children[0].kind == "(":
        raise Python27Error(trailer.line, f"can't {verb} function call")
    if trailer.children[0].kind == ".":
        _refuse_none(trailer.children[1])


def _check_assignment(node: Node, _scope: _Scope, _source: _Source) -> None:
    if node.children[1].kind == "=":
        for target in node.children[:-1:2]:
            _check_target(target)
        return
    target = _unwrap_parentheses(node.children[0])
    is_place = target.kind == "power" and target.children[-1].kind == "trailer"
    if target.kind != NAME and not is_place:
        raise Python27Error(target.line, "illegal expression for augmented assignment")
    _check_target(target)


def _unwrap_parentheses(node: Node) -> Node:
    """Return what stands inside of nothing but parentheses."""
    while node.kind == "atom" and len(node.children) == 3 and node.children[0].kind == "(":
        node = node.children[1]
    return node


def _check_second(node: Node, _scope: _Scope, _source: _Source) -> None:
    _check_target(node.children[1])


def _check_deleted(node: Node, _scope: _Scope, _source: _Source) -> None:
    _check_target(node.children[1], "delete")


def _check_last(node: Node, _scope: _Scope, _source: _Source) -> None:
    if len(node.children) > 2:
        _check_target(node.children[-1])


# Calls and arguments


def _check_call(node: Node, _scope: _Scope, _source: _Source) -> None:
    """Refuse a call's arguments that come in no order that Python knows; node holds them between its brackets."""
    opening = next((number for number, child in enumerate(node.children) if child.kind == "("), -1)
    if opening < 0 or len(node.children) - opening < 3 or node.kind == "classdef":
        return
    held = node.children[opening + 1]
    arguments = _words(held) if held.kind == "arglist" else [held]
    keywords: set[str] = set()
    is_starred, generators, plain = False, 0, 0
    for before, argument in zip([None, *arguments], arguments, strict=False):
        if argument.kind in ("*", "**"):
            is_starred = True
        elif before is not None and before.kind in ("*", "**"):
            pass
        elif argument.kind == "argument" and argument.children[1].kind == "=":
            keywords.add(_keyword_argument(argument, keywords))
        elif is_starred:
            raise Python27Error(argument.line, "only named arguments may follow *expression")
        elif keywords:
            raise Python27Error(argument.line, "non-keyword arg after keyword arg")
        else:
            is_generator = argument.kind == "argument"
            generators, plain = generators + is_generator, plain + (not is_generator)
    if generators > 1 or (generators and (plain or keywords)):
        raise Python27Error(held.line, "generator expression must be parenthesized if not sole argument")
    if generators + plain + len(keywords) > MOST_ARGUMENTS:
        raise Python27Error(held.line, f"more than {MOST_ARGUMENTS} arguments")


def _keyword_argument(argument: Node, known: set[str]) -> str:
    """Return the name of a keyword argument. Raises Python27Error if it is none, or came before."""
    name = _unwrap_parentheses(argument.children[0])
    if name.kind != NAME:
        raise Python27Error(argument.line, "keyword can't be an expression")
    _refuse_none(name)
    if name.text in known:
        raise Python27Error(argument.line, "keyword argument repeated")
    return name.text


def _check_parameters(node: Node, _scope: _Scope, _source: _Source) -> None:
    """Refuse arguments of a definition that have one name, or none to go by."""
    names: set[str] = set()
    for name in _parameter_names(node):
        _refuse_none(name)
        if name.text in names:
            raise Python27Error(name.line, f"duplicate argument {name.text!r} in function definition")
        names.add(name.text)
    if len(names) > MOST_ARGUMENTS:
        raise Python27Error(node.line, f"more than {MOST_ARGUMENTS} arguments")
    has_default = False
    for child, follows in zip(node.children, [*node.children[1:], None], strict=True):
        if child.kind == "fpdef":
            is_given = follows is not None and follows.kind == "="
            if has_default and not is_given:
                raise Python27Error(child.line, "non-default argument follows default argument")
            has_default = has_default or is_given


def _parameter_names(node: Node) -> Iterator[Node]:
    """Yield the names of a varargslist, in tuples as well."""
    stars = ("*", "**")
    left = [
        child
        for before, child in zip([None, *node.children], node.children, strict=False)
        if child.kind == "fpdef" or (before is not None and before.kind in stars)
    ]
    while left:
        child = left.pop(0)
        if child.kind == NAME:
            yield child
        elif child.kind in ("fpdef", "fplist"):
            left = [*child.children, *left]


def _check_defined_name(node: Node, _scope: _Scope, _source: _Source) -> None:
    _refuse_none(node.children[1])


# Statements that need a place


def _check_break(node: Node, scope: _Scope, _source: _Source) -> None:
    if not scope.in_loop:
        raise Python27Error(node.line, "'break' outside loop")


def _check_continue(node: Node, scope: _Scope, _source: _Source) -> None:
    if not scope.in_loop:
        raise Python27Error(node.line, "'continue' not properly in loop")
    if scope.in_finally:
        raise Python27Error(node.line, "'continue' not supported inside 'finally' clause")


def _check_return(node: Node, scope: _Scope, _source: _Source) -> None:
    if scope.function is None:
        raise Python27Error(node.line, "'return' outside function")
    if len(node.children) > 1 and not scope.function.returned:
        scope.function.returned = node.line


def _check_yield(node: Node, scope: _Scope, _source: _Source) -> None:
    if scope.function is None:
        raise Python27Error(node.line, "'yield' outside function")
    scope.function.is_generator = True


def _check_global(node: Node, scope: _Scope, _source: _Source) -> None:
    for name in node.children[1:]:
        if scope.function and name.text in scope.function.arguments:
            raise Python27Error(name.line, f"name {name.text!r} is local and global")


def _check_try(node: Node, _scope: _Scope, _source: _Source) -> None:
    clauses = [child for child in node.children if child.kind == "except_clause"]
    for clause in clauses[:-1]:
        if len(clause.children) == 1:
            raise Python27Error(clause.line, "default 'except:' must be last")


# Strings


def _check_string(node: Node, _scope: _Scope, source: _Source) -> None:
    """Refuse an escape that stands for nothing."""
    found = LITERAL.fullmatch(node.text)
    assert found
    prefix, body = found["prefix"].lower(), found["body"]
    is_raw = "r" in prefix
    if "u" in prefix or ("unicode_literals" in source.futures and "b" not in prefix):
        if wrong := UNDECODED.search(body):
            byte = ord(wrong.group()) - 0xDC00
            raise Python27Error(node.line, f"byte 0x{byte:02x} in a unicode string is not utf-8")
        for escape in (RAW_UNICODE_ESCAPE if is_raw else UNICODE_ESCAPE).finditer(body):
            _check_unicode_escape(escape, node.line)
    elif not is_raw:
        for escape in UNICODE_ESCAPE.finditer(body):
            if escape["x"] is not None and len(escape["x"]) < DIGITS["x"]:
                raise Python27Error(node.line, "invalid \\x escape")


def _check_unicode_escape(escape: re.Match[str], line: int) -> None:
    """Refuse an escape with too few digits, or for a character that there is not."""
    for kind, digits in escape.groupdict().items():
        if digits is None:
            continue
        if kind in DIGITS:
            if len(digits) < DIGITS[kind]:
                raise Python27Error(line, f"truncated \\{kind} escape in a unicode string")
            if int(digits, 16) > 0x10FFFF:
                raise Python27Error(line, "a unicode string with a character beyond \\U0010ffff")
        elif not _is_character_name(digits.strip("{}")):
            raise Python27Error(line, "unknown or malformed \\N escape in a unicode string")


def _is_character_name(name: str) -> bool:
    """Return whether a character is called so."""
    try:
        unicodedata.lookup(name)
    except KeyError:
        return False
    return True


# What is inside of what


def _function_scope(node: Node, scope: _Scope) -> Iterator[tuple[Node, _Scope]]:
    """Yield the parts of a definition: its arguments' defaults stand outside, its body inside."""
    held = [part for child in node.children for part in (child.children if child.kind == "parameters" else [child])]
    arguments = next((part for part in held if part.kind == "varargslist"), None)
    names = frozenset(name.text for name in _parameter_names(arguments)) if arguments else frozenset()
    inside = _Scope(_FunctionBody(names))
    yield from ((child, scope) for child in node.children[:-1])
    yield node.children[-1], inside


def _class_scope(node: Node, scope: _Scope) -> Iterator[tuple[Node, _Scope]]:
    yield from ((child, scope) for child in node.children[:-1])
    yield node.children[-1], _Scope()


def _loop_scope(node: Node, scope: _Scope) -> Iterator[tuple[Node, _Scope]]:
    inside, is_first = replace(scope, in_loop=True, in_finally=False), True
    for child in node.children:
        is_body = child.kind in ("suite",) and is_first
        yield child, inside if is_body else scope
        is_first = is_first and not is_body


def _try_scope(node: Node, scope: _Scope) -> Iterator[tuple[Node, _Scope]]:
    for before, child in zip([None, None, *node.children], node.children, strict=False):
        is_last = before is not None and before.kind == "finally"
        yield child, replace(scope, in_finally=True) if is_last else scope


def _generator_scope(node: Node, scope: _Scope) -> Iterator[tuple[Node, _Scope]]:
    """Yield the parts of a generator expression, which is a function of its own."""
    is_own = any(child.kind == "comp_for" for child in node.children)
    inside = _Scope(_FunctionBody()) if is_own else scope
    yield from ((child, inside) for child in node.children)


Rule = Callable[[Node, _Scope, _Source], None]
RULES: Mapping[str, Rule] = {
    "import_from": _check_import,
    "import_as_name": _check_imported_name,
    "dotted_as_name": _check_imported_name,
    "expr_stmt": _check_assignment,
    "for_stmt": _check_second,
    "list_for": _check_second,
    "comp_for": _check_second,
    "del_stmt": _check_deleted,
    "with_item": _check_last,
    "except_clause": lambda node, scope, source: _check_last(node, scope, source) if len(node.children) > 3 else None,
    "trailer": _check_call,
    "decorator": _check_call,
    "varargslist": _check_parameters,
    "funcdef": _check_defined_name,
    "classdef": _check_defined_name,
    "break": _check_break,
    "continue": _check_continue,
    "return_stmt": _check_return,
    "yield_expr": _check_yield,
    "global_stmt": _check_global,
    "try_stmt": _check_try,
    STRING: _check_string,
}
SCOPES: Mapping[str, Callable[[Node, _Scope], Iterator[tuple[Node, _Scope]]]] = {
    "funcdef": _function_scope,
    "lambdef": _function_scope,
    "old_lambdef": _function_scope,
    "classdef": _class_scope,
    "for_stmt": _loop_scope,
    "while_stmt": _loop_scope,
    "try_stmt": _try_scope,
    "testlist_comp": _generator_scope,
    "argument": _generator_scope,
    "dictorsetmaker": _generator_scope,
}
