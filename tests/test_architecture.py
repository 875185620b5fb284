"""The three floors of the house, read from the imports: arrows only point up."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
HOUSE = PROJECT / "smedoit"
DECIDES, DOES, TELLS = {"decide"}, {"do", "steps", "practice"}, {"tell", "tasks"}
OUTSIDE = {  # what a module that only decides has no business with, whole or in part
    "asyncio", "doit", "http.client", "http.server", "multiprocessing", "random", "requests", "shutil", "signal",
    "socket", "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib.request",
}  # fmt: skip
HEAVY = {  # imported where they are used: `doit list` must not pay for them
    "FATtools", "createrepo_c", "jinja2", "libcomps", "productmd", "pycdlib", "pysequoia", "requests", "rich", "rpm_rs",
    "solv", "sqlite3", "xxhash",
}  # fmt: skip
LONGEST = 350


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules() -> list[Path]:
    return sorted(HOUSE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Return a module's name below smedoit, like practice.world."""
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


def floor(name: str) -> str:
    """Return the directory that a module stands in, "" for the package itself: for decide.config it is decide."""
    return name.partition(".")[0]


def executed(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a module is imported; what is for the type checker only does not."""
    for one in body:
        yield one
        if isinstance(one, ast.If) and not (isinstance(one.test, ast.Name) and one.test.id == "TYPE_CHECKING"):
            yield from executed([*one.body, *one.orelse])
        elif isinstance(one, ast.Try):
            yield from executed([*one.body, *one.orelse, *one.finalbody, *(s for h in one.handlers for s in h.body)])


def imported(node: ast.AST) -> Iterator[str]:
    """Yield what an import statement imports, with its whole name; nothing for any other node."""
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for one in node.names:
            inner = HOUSE.parent / node.module.replace(".", "/") / one.name
            is_module = inner.with_suffix(".py").exists() or inner.is_dir()
            yield f"{node.module}.{one.name}" if is_module else node.module


def imports(path: Path, *, at_once: bool = False) -> set[str]:
    """Return what a module imports anywhere, or only what it imports when it is imported itself."""
    nodes = executed(parsed(path).body) if at_once else ast.walk(parsed(path))
    return {name for node in nodes for name in imported(node)}


def own(names: set[str]) -> set[str]:
    """Return the modules of ours among names, without the package's name."""
    return {name.removeprefix("smedoit.") for name in names if name.startswith("smedoit.")}


def foreign(names: set[str]) -> set[str]:
    """Return the libraries among names."""
    return {name.partition(".")[0] for name in names} - {"smedoit"}


@pytest.fixture(params=modules(), ids=name_of)
def module(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_every_module_stands_on_a_floor() -> None:
    assert {floor(name_of(path)) for path in modules()} == DECIDES | DOES | TELLS | {""}


def test_what_decides_imports_only_what_decides(module: Path) -> None:
    if floor(name_of(module)) in DECIDES:
        assert {floor(name) for name in own(imports(module))} <= DECIDES


def test_what_decides_knows_no_outside_world(module: Path) -> None:
    if floor(name_of(module)) in DECIDES:
        names = imports(module)
        assert not (names | foreign(names)) & OUTSIDE


def test_what_does_imports_nothing_that_tells(module: Path) -> None:
    if floor(name_of(module)) not in TELLS:
        assert not {floor(name) for name in own(imports(module))} & TELLS


def test_only_what_tells_imports_doit(module: Path) -> None:
    if floor(name_of(module)) not in TELLS:
        assert "doit" not in foreign(imports(module))


def test_only_run_starts_programs(module: Path) -> None:
    starts = {"subprocess", "pty", "asyncio"} & foreign(imports(module))
    assert starts <= ({"subprocess"} if name_of(module) == "do.run" else set())


def test_nobody_speaks_to_a_shell(module: Path) -> None:
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.keyword):
            assert node.arg != "shell", f"line {node.value.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            assert not node.attr.startswith(("system", "popen", "exec", "spawn", "posix_spawn")), f"line {node.lineno}"


def test_heavy_libraries_are_imported_where_they_are_used(module: Path) -> None:
    assert not foreign(imports(module, at_once=True)) & HEAVY


def test_no_circle_of_imports() -> None:
    arrows = {name_of(path): own(imports(path, at_once=True)) for path in modules()}
    while arrows:
        free = {name for name, targets in arrows.items() if not targets & arrows.keys()}
        assert free, f"in a circle, or before one: {', '.join(sorted(arrows))}"
        arrows = {name: targets for name, targets in arrows.items() if name not in free}


def test_a_module_is_a_room_and_no_hall(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= LONGEST, "split it by noun"


def test_a_module_is_named_after_a_noun_of_the_work(module: Path) -> None:
    assert module.stem not in {"base", "common", "helpers", "lib", "misc", "tools", "util", "utils"}


def test_the_contents_page_only_names_tasks() -> None:
    page = PROJECT / "dodo.py"
    assert {floor(name) for name in own(imports(page))} <= TELLS
    assert foreign(imports(page)) <= {"__future__", *sys.stdlib_module_names}


def test_every_task_of_the_contents_page_has_its_line() -> None:
    tasks = [node for node in parsed(PROJECT / "dodo.py").body if isinstance(node, ast.FunctionDef)]
    assert [node.name for node in tasks if node.name.startswith("task_") and not ast.get_docstring(node)] == []
