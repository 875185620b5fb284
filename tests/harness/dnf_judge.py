# SPDX-License-Identifier: GPL-3.0-or-later
"""What dnf says of many repositories, in one process: run by the system's Python, which has dnf.

usage: python3 dnf_judge.py CACHE < one directory a line > one JSON object a line:
       holes          [NEVRA, requirement] of all that dnf repoclosure calls unresolved
       uninstallable  NEVRA of every package that dnf's solver cannot install from that repository alone
"""

from __future__ import annotations

import importlib.machinery
import json
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ARCHES = ["x86_64", "noarch", "i686", "i586", "i486", "i386", "athlon"]
ATTRIBUTES = {"primary": "primary_fn", "filelists": "filelists_fn"}


def load_command() -> Any:
    """Return the class of the command dnf repoclosure, of dnf's own plugins."""
    place = Path(import_module("dnfpluginscore").__file__ or "").parents[1] / "dnf-plugins/repoclosure.py"
    return importlib.machinery.SourceFileLoader("repoclosure", str(place)).load_module().RepoClosureCommand


def load_sack(directory: Path, cache: str) -> Any:
    """Return a sack of dnf's library with the repository at directory, whose metadata is gzipped."""
    hawkey = import_module("hawkey")
    Path(cache).mkdir(parents=True, exist_ok=True)
    found = import_module("dnf.sack").Sack(arch="x86_64", cachedir=cache, logfile=f"{cache}/hawkey.log")
    repo = hawkey.Repo("judged")
    repo.repomd_fn = str(directory / "repodata/repomd.xml")
    for kind, attribute in ATTRIBUTES.items():
        [path] = (directory / "repodata").glob(f"*{kind}.xml.gz")
        setattr(repo, attribute, str(path))
    found.load_repo(repo, load_filelists=True)
    return found


def judge_repository(command: Any, directory: Path, cache: str) -> dict[str, list[Any]]:
    """Return what dnf says of one repository."""
    hawkey = import_module("hawkey")
    sack = load_sack(directory, cache)
    base = SimpleNamespace(sack=sack, conf=SimpleNamespace(best=False))
    asked = SimpleNamespace(base=base, opts=SimpleNamespace(newest=False, pkglist=[], check=[]))
    holes = command._get_unresolved(asked, ARCHES)
    stuck = []
    for package in sack.query().filter(arch=ARCHES):
        goal = hawkey.Goal(sack)
        goal.install(package)
        if not goal.run(ignore_weak_deps=True):
            stuck.append(str(package))
    return {
        "holes": sorted([str(package), str(need)] for package, needs in holes.items() for need in needs),
        "uninstallable": sorted(stuck),
    }


def main() -> None:
    """Judge every repository that standard input names."""
    command = load_command()
    for line in sys.stdin:
        print(json.dumps(judge_repository(command, Path(line.strip()), sys.argv[1])), flush=True)


if __name__ == "__main__":
    main()
