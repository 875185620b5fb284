# SPDX-License-Identifier: GPL-3.0-or-later
"""One style, one check of the types, and arrows that point one way: what a reviewer need not look at."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
HOUSE = PROJECT / "smedoit"
LONGEST = 500  # lines of a module: about one subject
LICENSE = "# SPDX-License-Identifier: GPL-3.0-or-later"
COMMANDS = {
    "ruff format": ["-m", "ruff", "format", "--check"],
    "ruff check": ["-m", "ruff", "check"],
    "mypy": ["-m", "mypy", "--strict"],
    "mypy of the clone's dodo.py": ["-m", "mypy", "--strict", "dodo.py"],
    "mypy of the benchmarks": ["-m", "mypy", "--strict", *map(str, sorted((PROJECT / "benchmarks").glob("*.py")))],
    "import-linter": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_complaint_from(command: list[str]) -> None:
    done = subprocess.run([sys.executable, *command], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "stub", sorted((PROJECT / "tests/stubs").glob("*/__init__.pyi")), ids=lambda stub: stub.parent.name
)
def test_a_stub_says_nothing_that_its_library_has_not(stub: Path) -> None:
    library = importlib.import_module(stub.parent.name)
    for node in ast.parse(stub.read_text("utf-8")).body:
        for name in _declared_names(node):
            assert hasattr(library, name), name
            for member in node.body if isinstance(node, ast.ClassDef) else ():
                for inner in _declared_names(member):
                    assert hasattr(getattr(library, name), inner), f"{name}.{inner}"


def _declared_names(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def test_every_source_begins_with_its_license() -> None:
    places = ("smedoit", "tests", "benchmarks", "docs")
    sources = [PROJECT / "dodo.py", *(path for place in places for path in (PROJECT / place).rglob("*.py*"))]
    assert [
        path for path in sources if path.suffix in (".py", ".pyi") and not path.read_text("utf-8").startswith(LICENSE)
    ] == []


def test_no_module_is_longer_than_its_subject() -> None:
    assert [path for path in HOUSE.rglob("*.py") if len(path.read_text("utf-8").splitlines()) > LONGEST] == []


def test_no_module_is_called_by_what_it_is_not_about() -> None:
    assert {path.stem for path in HOUSE.rglob("*.py")} & {
        "base",
        "common",
        "helpers",
        "lib",
        "misc",
        "util",
        "utils",
    } == set()


def test_a_public_function_or_class_is_found_once_by_grep() -> None:
    modules: dict[str, set[str]] = defaultdict(set)
    for path in HOUSE.rglob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
                modules[node.name].add(str(path.relative_to(PROJECT)))
    assert {name: sorted(paths) for name, paths in modules.items() if len(paths) > 1} == {}


def test_every_task_of_the_contents_page_has_its_line() -> None:
    page = ast.parse((HOUSE / "contents.py").read_text("utf-8"))
    tasks = [node for node in page.body if isinstance(node, ast.FunctionDef) and node.name.startswith("task_")]
    assert tasks
    assert [node.name for node in tasks if not ast.get_docstring(node)] == []
