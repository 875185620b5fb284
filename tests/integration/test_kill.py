# SPDX-License-Identifier: GPL-3.0-or-later
"""A run may be ended at any moment, by anybody: the next one ends where an undisturbed one would have."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from smedoit.runtime.files import digest_file, write_file
from smedoit.sample.packages import RpmRecipe
from tests.harness.processes import CEILING, wait_until
from tests.harness.project import FAULTS, Outcome, Project, Warm

FILES = {  # task -> files that it puts in their place
    "packages": (".smedoit/packages.lock",),
    "stage_packages": ("Packages/bash-4.2.46-36.el7_9.x86_64.rpm",),
    "tree": ("EFI/BOOT/grubx64.efi", "x86_64/README.txt"),
    "isolinux": ("isolinux/isolinux.cfg", "isolinux/help.txt"),
    "grub": ("images/efiboot.img", "EFI/BOOT/grub.cfg"),
    "product_img": ("images/product.img",),
    "updates_img": ("images/updates.img",),
    "comps": ("Packages/base/comps.xml",),
    "repodata": ("-primary.xml.gz", "repodata/repomd.xml"),
    "treeinfo": ("/.treeinfo", "/media.repo"),
    "iso": (".iso", ".iso.sha256"),
    "stage_link": ("stage/10",),
    "anaconda_version": (),
    "check_versions": (),
    "closure": (),
    "install_classes": (),
    "medium_keys": (),
    "quality": (),
    "release_package": (),
    "updates": (),
}
EVERY_TASK = [(task, "") for task in FILES]
EVERY_FILE = [(task, file) for task, files in FILES.items() for file in files]
FIRST_FILES = [(task, files[0]) for task, files in FILES.items() if files]
MORE_TO_COME = [(task, files[0]) for task, files in FILES.items() if len(files) > 1]
KILLS = [
    *((*place, "torn", "KILL") for place in EVERY_FILE),
    *((*place, "renamed", "KILL") for place in MORE_TO_COME),
    *((*place, "unsaved", "KILL") for place in EVERY_TASK),
    *((*place, "saved", "KILL") for place in EVERY_TASK[::3]),
    *((*place, "torn", "TERM") for place in FIRST_FILES[::2]),
    *((*place, "torn", "INT") for place in FIRST_FILES[1::2]),
]
STOPS = [
    *((*place, "torn", "INT") for place in FIRST_FILES[::2]),
    *((*place, "torn", "TERM") for place in FIRST_FILES[1::2]),
    *((*place, "torn", number, "-n", "2") for number in ("TERM", "INT") for place in FIRST_FILES[::5]),
]
USUAL_KILLS = {  # one for each function that puts files in their place; the rest of KILLS is exhaustive
    ("packages", ".smedoit/packages.lock", "torn", "KILL"),
    ("stage_packages", "Packages/bash-4.2.46-36.el7_9.x86_64.rpm", "torn", "INT"),
    ("tree", "EFI/BOOT/grubx64.efi", "torn", "TERM"),
    ("tree", "x86_64/README.txt", "torn", "KILL"),
    ("isolinux", "isolinux/isolinux.cfg", "torn", "KILL"),
    ("grub", "images/efiboot.img", "torn", "KILL"),
    ("grub", "EFI/BOOT/grub.cfg", "torn", "KILL"),
    ("product_img", "images/product.img", "torn", "KILL"),
    ("comps", "Packages/base/comps.xml", "torn", "KILL"),
    ("repodata", "-primary.xml.gz", "torn", "KILL"),
    ("repodata", "-primary.xml.gz", "renamed", "KILL"),
    ("treeinfo", "/.treeinfo", "torn", "KILL"),
    ("iso", ".iso", "torn", "KILL"),
    ("iso", ".iso", "renamed", "KILL"),
    ("iso", ".iso.sha256", "torn", "KILL"),
    ("stage_link", "stage/10", "torn", "KILL"),
    ("iso", "", "unsaved", "KILL"),  # the state is written by one function for all tasks
    ("closure", "", "unsaved", "KILL"),
    ("packages", "", "saved", "KILL"),
}
USUAL_STOPS = {
    ("packages", ".smedoit/packages.lock", "torn", "INT"),
    ("iso", ".iso", "torn", "INT"),
    ("stage_packages", "Packages/bash-4.2.46-36.el7_9.x86_64.rpm", "torn", "TERM"),
    ("packages", ".smedoit/packages.lock", "torn", "INT", "-n", "2"),
    ("packages", ".smedoit/packages.lock", "torn", "TERM", "-n", "2"),
}
assert {*KILLS} >= USUAL_KILLS and {*STOPS} >= USUAL_STOPS


def cases(faults: Sequence[tuple[str, ...]], usual: Set[tuple[str, ...]]) -> list[ParameterSet]:
    """Return faults as the parameters of a test, those that are not usual as exhaustive."""
    marked = {True: (), False: (pytest.mark.exhaustive,)}
    return [pytest.param(fault, marks=marked[fault in usual], id="-".join(fault).replace("/", "_")) for fault in faults]


def change_everything(project: Project) -> None:
    """Change something for every task, within the same version."""
    project.put(project.recipe("bash", "smeupdates", release="36.el7_9"), "smeupdates")
    project.edit(project.release.content.path / "README.txt", "release notes", "notes")
    write_file(project.release.boot_set.path / "EFI/BOOT/grubx64.efi", "another loader")
    project.configure("2026-11-01", "2026-11-02")
    project.relabel(product="Koozali SME Practice Server")
    project.edit(next(Path(project.release.anaconda.source).glob("*.spec")), "\n", "\n# a remark\n")
    (project.home / "build/stage/10").unlink()


@pytest.fixture(scope="module")
def undisturbed(warm: Warm) -> Mapping[str, str]:
    """What a run makes of the changes when nobody ends it."""
    project = warm.restored()
    change_everything(project)
    assert project.build().ran == set(FILES)
    return project.artifacts()


@dataclass(frozen=True)
class Killed:
    """A run that was ended, and the next one.

    finished  the tasks whose success was on disk between the two
    """

    first: Outcome
    finished: set[str]
    second: Outcome
    artifacts: Mapping[str, str]
    leftovers: list[str]


def finished(project: Project, since: Mapping[Path, int]) -> set[str]:
    """Return the tasks that succeeded since then."""
    return {file.stem for file, saved in states(project).items() if since.get(file) != saved}


def states(project: Project) -> dict[Path, int]:
    """Return the time at which the success of every task was saved; of one that began and did not end, none."""
    found = project.state.glob("*.json")
    return {file: file.stat().st_mtime_ns for file in found if "snapshot:" in json.loads(file.read_bytes())}


@pytest.fixture(scope="module", params=cases(KILLS, USUAL_KILLS))
def killed(request: pytest.FixtureRequest, warm: Warm) -> Killed:
    project = warm.restored()
    change_everything(project)
    before = states(project)
    first = project.doit(*request.param, module=FAULTS)
    assert first.code != 0, "the fault did not happen"
    done = finished(project, before)
    second = project.doit()
    return Killed(first, done, second, project.artifacts(), project.leftovers())


def test_after_a_kill_the_next_run_ends_where_an_undisturbed_one_does(
    killed: Killed, undisturbed: Mapping[str, str]
) -> None:
    assert killed.artifacts == undisturbed


def test_after_a_kill_what_was_finished_is_not_done_again(killed: Killed) -> None:
    """The link says the same as before it was removed: once it is there again, nothing is left to do, saved or not."""
    assert killed.second.ran - {"stage_link"} == set(FILES) - killed.finished - {"stage_link"}


def test_after_a_kill_no_half_written_file_stays(killed: Killed) -> None:
    assert not killed.leftovers


@dataclass(frozen=True)
class Stopped:
    """A run that got a signal while a task was at work; with -n 2 its worker alone got it."""

    number: signal.Signals
    outcome: Outcome


@pytest.fixture(scope="module", params=cases(STOPS, USUAL_STOPS))
def stopped(request: pytest.FixtureRequest, warm: Warm) -> Stopped:
    project = warm.restored()
    change_everything(project)
    outcome = project.doit(*request.param, module=FAULTS)
    return Stopped(signal.Signals[f"SIG{request.param[3]}"], outcome)


def test_a_signal_ends_the_run_with_a_sentence(stopped: Stopped) -> None:
    sentence = f"stopped by {stopped.number.name}: what is finished is kept, run doit again to go on"
    assert stopped.outcome.out.splitlines()[-1] == sentence


def test_a_signal_ends_the_run_without_a_traceback(stopped: Stopped) -> None:
    assert stopped.outcome.err == ""


def test_the_exit_status_names_the_signal_as_a_shell_does(stopped: Stopped) -> None:
    assert stopped.outcome.code == 128 + stopped.number


MODES = pytest.mark.parametrize("mode", [(), ("-n", "2"), ("-n", "2", "-P", "thread")], ids=["alone", "n2", "threads"])


@MODES
def test_ctrl_c_ends_all_processes_with_one_sentence(built: Project, tmp_path: Path, mode: tuple[str, ...]) -> None:
    built.iso.unlink()
    with built.hold(tmp_path / "held", *mode) as run:
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=CEILING)
    sentence = "stopped by SIGINT: what is finished is kept, run doit again to go on"
    assert (out.splitlines()[1:], err, run.returncode) == ([sentence], "", 128 + signal.SIGINT)


def test_a_worker_that_hears_no_signal_does_not_hold_the_run(built: Project, tmp_path: Path) -> None:
    built.iso.unlink()
    with built.hold(tmp_path / "held", "-n", "2", deed="deaf") as run:
        os.kill(run.pid, signal.SIGTERM)
        assert run.wait(timeout=CEILING) == 128 + signal.SIGTERM


@MODES
def test_nothing_half_written_stays_even_if_nobody_writes_that_file_again(
    project: Project, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    extra = project.put(RpmRecipe("zsh", "5.0.2", "34.el7", "x86_64"), "smeupdates")
    with project.hold(tmp_path / "held", *mode, fault=("stage_packages", extra.name)) as run:
        run.kill()
    assert project.leftovers()
    extra.unlink()
    project.build()
    assert not project.leftovers()


def test_a_killed_run_takes_its_workers_with_it(built: Project, tmp_path: Path) -> None:
    built.iso.unlink()
    with built.hold(tmp_path / "held", "-n", "2") as run:
        run.kill()
        run.wait()
        worker = int((tmp_path / "held").read_text())
        wait_until(lambda: not is_alive(worker))


def test_a_practice_world_may_be_cut_short_too(practice_world: Path, tmp_path: Path) -> None:
    home = tmp_path / "project"
    home.mkdir()
    shutil.copyfile(practice_world / "release.toml", home / "release.toml")
    project = Project(home)
    cut = project.doit(
        "sample", "smeupdates/x86_64/RPMS/bash-4.2.46-35.el7_9.x86_64.rpm", "torn", "KILL", "sample", module=FAULTS
    )
    project.doit("sample")
    assert (cut.code, below(home / "build/repo")) == (-signal.SIGKILL, below(practice_world / "build/repo"))


def below(top: Path) -> dict[str, str]:
    """Return the digest of every file below top."""
    return {str(path.relative_to(top)): digest_file(path) for path in top.rglob("*") if path.is_file()}


def is_alive(process: int) -> bool:
    """Return whether a process still runs."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
