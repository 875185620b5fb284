# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task can reach of smedoit's own code is its input, and nothing else of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
TOLD = """
import json, dodo
from doit.loader import load_tasks
tasks = load_tasks(vars(dodo))
print(json.dumps({task.name: task.meta["config"] for task in tasks if task.meta["config"]}))
"""


class Copy:
    """A copy of the product that a test may edit."""

    def __init__(self, place: Path) -> None:
        self.place = place
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / "smedoit", place / "smedoit", ignore=ignored)
        for name in ("dodo.py", "release.toml"):
            shutil.copy(PROJECT / name, place / name)
        self.before = self.told()

    def told(self) -> Mapping[str, Mapping[str, str]]:
        """Return task -> what it is told, of its code too."""
        environment = {**os.environ, "SMEDOIT_RELEASE": str(self.place / "release.toml"), "PYTHONPATH": str(self.place)}
        done = subprocess.run(
            [sys.executable, "-c", TOLD], cwd=self.place, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, dict[str, str]] = json.loads(done.stdout)
        return found

    def changed(self) -> set[str]:
        """Return the tasks that are told something else than before."""
        now = self.told()
        return {name for name in now if now[name] != self.before[name]}


@pytest.fixture
def product(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_a_template_is_an_input_of_the_pages_alone(product: Copy) -> None:
    template = product.place / "smedoit/repoview/templates/package.html"
    template.write_text(template.read_text() + "<!-- edited -->\n")
    assert product.changed() == {name for name in product.before if name.startswith("repoview:")}


@pytest.mark.parametrize(
    ("module", "reached", "not_reached"),
    [
        ("publish/announcement.py", {"publish"}, {"packages", "iso", "closure", "jigdo:iso", "notes"}),
        ("jigdo/format.py", {"jigdo:iso", "verify"}, {"packages", "iso", "closure", "product_img"}),
        ("installer/cpio.py", {"product_img", "updates_img"}, {"packages", "repodata", "jigdo:iso"}),
        ("checks/solver.py", {"closure"}, {"packages", "iso", "product_img"}),
        ("runtime/files.py", {"packages", "iso", "product_img", "publish", "jigdo:iso"}, set()),
        ("iso/write.py", {"iso", "netinstall", "source_iso"}, {"packages", "repodata", "comps"}),
    ],
)
def test_a_task_runs_again_for_the_code_that_it_can_reach(
    product: Copy, module: str, reached: set[str], not_reached: set[str]
) -> None:
    file = product.place / "smedoit" / module
    file.write_text(file.read_text() + "\n# edited\n")
    changed = product.changed()
    assert reached <= changed
    assert not changed & not_reached


def test_what_is_no_code_of_the_product_is_no_input(product: Copy) -> None:
    (product.place / "smedoit/publish/__pycache__").mkdir(exist_ok=True)
    (product.place / "smedoit/publish/__pycache__/notes.cpython-311.pyc").write_bytes(b"compiled")
    assert product.changed() == set()
