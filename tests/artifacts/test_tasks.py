# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks make a release, and so have a say in its record."""

from __future__ import annotations

import json
import subprocess
import sys
from fnmatch import fnmatchcase

from smedoit.artifacts.tasks import NO_BUILDERS
from tests.harness.places import PROJECT

WAITS_FOR = """
import json, dodo
from doit.control import TaskControl
from doit.loader import load_tasks
control = TaskControl(load_tasks(vars(dodo)))
control.process(None)
maker = {path: name for name, task in control.tasks.items() for path in task.targets}
print(json.dumps({
    name: [*task.task_dep, *(maker[path] for path in task.file_dep if path in maker)]
    for name, task in control.tasks.items()
}))
"""
IF_CONFIGURED = {"content", "boot_set", "translations", "anaconda_source"}  # doit release runs them for some settings


def test_the_record_hears_of_all_tasks_that_a_release_runs_and_of_no_others() -> None:
    done = subprocess.run([sys.executable, "-c", WAITS_FOR], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    waits_for: dict[str, list[str]] = json.loads(done.stdout)
    runs, waiting = set(), ["release"]
    while waiting:
        name = waiting.pop()
        waiting += [other for other in waits_for[name] if other not in runs]
        runs.add(name)
    silent = {name for name in waits_for if any(fnmatchcase(name, pattern) for pattern in NO_BUILDERS)}
    assert silent & runs == {"release", "record"}
    assert set(waits_for) - runs - silent <= IF_CONFIGURED
