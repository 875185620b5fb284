# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of Python 2.7, and a parser for it: tables that one token decides in, no recursion.

Source: The Python Language Reference 2.7, "Full Grammar specification"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from smedoit.installer.python27_tokens import END, INDENT, NAME, Python27Error, Token

GRAMMAR = """
file_input: (NEWLINE | stmt)* ENDMARKER
decorator: '@' dotted_name [ '(' [arglist] ')' ] NEWLINE
decorated: decorator+ (classdef | funcdef)
funcdef: 'def' NAME parameters ':' suite
parameters: '(' [varargslist] ')'
varargslist: ((fpdef ['=' test] ',')* ('*' NAME [',' '**' NAME] | '**' NAME) | fpdef ['=' test] (',' fpdef ['='
    test])* [','])
fpdef: NAME | '(' fplist ')'
fplist: fpdef (',' fpdef)* [',']

stmt: simple_stmt | compound_stmt
simple_stmt: small_stmt (';' small_stmt)* [';'] NEWLINE
small_stmt: expr_stmt | print_stmt | del_stmt | 'pass' | flow_stmt | import_name | import_from | global_stmt |
    exec_stmt | assert_stmt
expr_stmt: testlist (augassign (yield_expr | testlist) | ('=' (yield_expr | testlist))*) | yield_expr
augassign: '+=' | '-=' | '*=' | '/=' | '%=' | '&=' | '|=' | '^=' | '<<=' | '>>=' | '**=' | '//='
print_stmt: 'print' ( [ test (',' test)* [','] ] | '>>' test [ (',' test)+ [','] ] )
del_stmt: 'del' exprlist
flow_stmt: 'break' | 'continue' | return_stmt | raise_stmt
return_stmt: 'return' [testlist]
raise_stmt: 'raise' [test [',' test [',' test]]]
import_name: 'import' dotted_as_name (',' dotted_as_name)*
import_from: 'from' ('.'* dotted_name | '.'+) 'import' ('*' | '(' import_as_names ')' | import_as_names)
import_as_name: NAME ['as' NAME]
dotted_as_name: dotted_name ['as' NAME]
import_as_names: import_as_name (',' import_as_name)* [',']
dotted_name: NAME ('.' NAME)*
global_stmt: 'global' NAME (',' NAME)*
exec_stmt: 'exec' expr ['in' test [',' test]]
assert_stmt: 'assert' test [',' test]

compound_stmt: if_stmt | while_stmt | for_stmt | try_stmt | with_stmt | funcdef | classdef | decorated
if_stmt: 'if' test ':' suite ('elif' test ':' suite)* ['else' ':' suite]
while_stmt: 'while' test ':' suite ['else' ':' suite]
for_stmt: 'for' exprlist 'in' testlist ':' suite ['else' ':' suite]
try_stmt: 'try' ':' suite ((except_clause ':' suite)+ ['else' ':' suite] ['finally' ':' suite] | 'finally' ':'
    suite)
with_stmt: 'with' with_item (',' with_item)* ':' suite
with_item: test ['as' expr]
except_clause: 'except' [test [('as' | ',') test]]
suite: simple_stmt | NEWLINE INDENT stmt+ DEDENT

testlist_safe: old_test [(',' old_test)+ [',']]
old_test: or_test | old_lambdef
old_lambdef: 'lambda' [varargslist] ':' old_test
test: or_test ['if' or_test 'else' test] | lambdef
or_test: and_test ('or' and_test)*
and_test: not_test ('and' not_test)*
not_test: 'not' not_test | comparison
comparison: expr (comp_op expr)*
comp_op: '<' | '>' | '==' | '>=' | '<=' | '<>' | '!=' | 'in' | 'not' 'in' | 'is' | 'is' 'not'
expr: xor_expr ('|' xor_expr)*
xor_expr: and_expr ('^' and_expr)*
and_expr: shift_expr ('&' shift_expr)*
shift_expr: arith_expr (('<<' | '>>') arith_expr)*
arith_expr: term (('+' | '-') term)*
term: factor (('*' | '/' | '%' | '//') factor)*
factor: ('+' | '-' | '~') factor | power
power: atom trailer* ['**' factor]
atom: '(' [yield_expr | testlist_comp] ')' | '[' [listmaker] ']' | '{' [dictorsetmaker] '}' | '`' testlist1 '`' |
    NAME | NUMBER | STRING+
listmaker: test ( list_for | (',' test)* [','] )
testlist_comp: test ( comp_for | (',' test)* [','] )
lambdef: 'lambda' [varargslist] ':' test
trailer: '(' [arglist] ')' | '[' subscriptlist ']' | '.' NAME
subscriptlist: subscript (',' subscript)* [',']
subscript: '.' '.' '.' | test | [test] ':' [test] [sliceop]
sliceop: ':' [test]
exprlist: expr (',' expr)* [',']
testlist: test (',' test)* [',']
dictorsetmaker: test ':' test (comp_for | (',' test ':' test)* [',']) | test (comp_for | (',' test)* [','])
classdef: 'class' NAME ['(' [testlist] ')'] ':' suite
arglist: (argument ',')* (argument [','] | '*' test (',' argument)* [',' '**' test] | '**' test)
argument: test [comp_for] | test '=' test
list_iter: list_for | list_if
list_for: 'for' exprlist 'in' testlist_safe [list_iter]
list_if: 'if' old_test [list_iter]
comp_iter: comp_for | comp_if
comp_for: 'for' exprlist 'in' or_test [comp_iter]
comp_if: 'if' old_test [comp_iter]
testlist1: test (',' test)*
yield_expr: 'yield' [testlist]
"""
START = "file_input"
DEEPEST = 1500  # rules within each other. Source: MAXSTACK of Python 2.7's parser.h
KEPT = frozenset(  # nodes that mean something although they have one child only
    {"file_input", "suite", "simple_stmt", "return_stmt", "yield_expr", "varargslist", "fpdef", "fplist",
     "except_clause", "print_stmt", "raise_stmt", "import_as_names", "import_as_name", "dotted_name", "dotted_as_name"}
)  # fmt: skip
WORD = re.compile(r"'[^']+'|\w+|[()\[\]|*+:]")


@dataclass(eq=False)
class Node:
    """A token, or a rule of the grammar and what it was made of; a rule of one child stands for itself only if KEPT."""

    kind: str
    line: int
    text: str = ""
    children: list[Node] = field(default_factory=list)


@dataclass(eq=False)
class _Fork:
    """A state of a rule while it is read: where a word leads, and where nothing has to be read to come."""

    words: list[tuple[str, _Fork]] = field(default_factory=list)
    free: list[_Fork] = field(default_factory=list)


@dataclass
class _State:
    """A state of the parser: word -> the state that it leads to; whether the rule may end here.

    chosen  token -> (rule that it begins, "" for the token itself, and the state behind that)
    """

    arcs: dict[str, int]
    ends: bool
    chosen: dict[str, tuple[str, int]] = field(default_factory=dict)


class _RuleReader:
    """Reads the right side of a rule."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words, self.at = [*words, ""], 0

    def take(self, word: str) -> bool:
        """Return whether word stands here, and pass it."""
        self.at += (found := self.words[self.at] == word)
        return found

    def read_choice(self) -> tuple[_Fork, _Fork]:
        """Return where alternatives begin and end."""
        first, last = _Fork(), _Fork()
        while True:
            begin, end = self.read_sequence()
            first.free.append(begin)
            end.free.append(last)
            if not self.take("|"):
                return first, last

    def read_sequence(self) -> tuple[_Fork, _Fork]:
        """Return where items in a row begin and end."""
        first, last = self.read_item()
        while self.words[self.at] not in ("", "|", ")", "]"):
            begin, end = self.read_item()
            last.free.append(begin)
            last = end
        return first, last

    def read_item(self) -> tuple[_Fork, _Fork]:
        """Return where a word, a group or an option begins and ends, with what says how often it may stand."""
        if self.take("["):
            first, last = self.read_choice()
            first.free.append(last)
            self.take("]")
            return first, last
        if self.take("("):
            first, last = self.read_choice()
            self.take(")")
        else:
            first, last = _Fork(), _Fork()
            first.words.append((self.words[self.at].strip("'"), last))
            self.at += 1
        if self.take("+"):
            last.free.append(first)
        elif self.take("*"):
            last.free.append(first)
            return first, first
        return first, last


def _rule_states(words: Sequence[str]) -> list[_State]:
    """Return the states of a rule, the first one first."""
    first, last = _RuleReader(words).read_choice()
    sets: list[frozenset[_Fork]] = [_reach_free([first])]
    states: list[_State] = []
    while len(states) < len(sets):
        here = sets[len(states)]
        leads: dict[str, list[_Fork]] = {}
        for fork in here:
            for word, target in fork.words:
                leads.setdefault(word, []).append(target)
        arcs = {}
        for word, targets in leads.items():
            reached = _reach_free(targets)
            if reached not in sets:
                sets.append(reached)
            arcs[word] = sets.index(reached)
        states.append(_State(arcs, last in here))
    return states


def _reach_free(forks: Iterable[_Fork]) -> frozenset[_Fork]:
    """Return all that can be reached without reading a word."""
    found, left = set(), [*forks]
    while left:
        fork = left.pop()
        if fork not in found:
            found.add(fork)
            left += fork.free
    return frozenset(found)


@cache
def _grammar_tables() -> dict[str, list[_State]]:
    """Return rule -> its states, with what every token chooses in them."""
    rules = re.findall(r"^(\w+):((?:.+\n)(?: .+\n)*)", GRAMMAR, re.MULTILINE)
    tables = {name: _rule_states(WORD.findall(right)) for name, right in rules}

    @cache
    def begins(rule: str) -> frozenset[str]:
        words = tables[rule][0].arcs
        return frozenset(token for word in words for token in (begins(word) if word in tables else (word,)))

    for states in tables.values():
        for state in states:
            for word, target in state.arcs.items():
                for token in begins(word) if word in tables else (word,):
                    assert token not in state.chosen, f"{token} chooses twice"
                    state.chosen[token] = (word if word in tables else "", target)
    return tables


@cache
def _keywords() -> frozenset[str]:
    """Return the words that are no names."""
    return frozenset(re.findall(r"'([a-z]+)'", GRAMMAR))


def _classify_names(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield tokens, keywords among them; print is a name once the future's print_function is imported."""
    keywords, latest, is_future = _keywords(), ["", "", ""], False
    for token in tokens:
        is_keyword = token.kind == NAME and token.text in keywords
        yield Token(token.text, token.text, token.line) if is_keyword else token
        latest = [*latest[1:], token.text]
        is_future = latest == ["from", "__future__", "import"] or (is_future and token.text not in (";", "\n"))
        if is_future and token.text == "print_function":
            keywords -= {"print"}


def parse_python27(tokens: Iterable[Token]) -> Node:
    """Return the tree of a source. Raises Python27Error for what the grammar does not have."""
    tables = _grammar_tables()
    top = Node(START, 1)
    stack: list[tuple[str, int, Node]] = [(START, 0, top)]
    for token in _classify_names(tokens):
        while True:
            rule, number, node = stack[-1]
            state = tables[rule][number]
            choice = state.chosen.get(token.kind)
            if choice is None:
                if not state.ends or len(stack) == 1:
                    raise Python27Error(token.line, _syntax_complaint(token, state))
                stack.pop()
                parent = stack[-1][2]
                parent.children.append(node if len(node.children) > 1 or rule in KEPT else node.children[0])
                continue
            begun, target = choice
            stack[-1] = (rule, target, node)
            if not begun:
                node.children.append(Node(token.kind, token.line, token.text))
                break
            if len(stack) == DEEPEST:
                raise Python27Error(token.line, "brackets or signs within each other, more than Python 2.7 reads")
            stack.append((begun, 0, Node(begun, token.line)))
    return top


def _syntax_complaint(token: Token, state: _State) -> str:
    """Return why a token cannot stand where it does."""
    if token.kind == INDENT:
        return "unexpected indent"
    if set(state.chosen) == {INDENT}:
        return "expected an indented block"
    where = (
        repr(token.text) if token.text.strip() else "the end of the file" if token.kind == END else "the end of a line"
    )
    return f"invalid syntax at {where}"
